//! One process with several invocations in hand.

use super::*;

/// How many invocations the process takes.
const WORKERS: usize = 4;

fn concurrent() -> FunctionConfig {
    let mut config = config("concurrent.py");
    config.per_process = WORKERS;
    config
}

/// As many invocations at once as the process takes.
async fn at_once(function: &Function, event: &Value) -> Vec<Result<Answer, InvokeError>> {
    let invocations: Vec<_> = (0..WORKERS)
        .map(|_| tokio::spawn(invoke(function, event)))
        .collect();
    let mut answers = Vec::new();
    for invocation in invocations {
        answers.push(invocation.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn invocations_meet_in_one_process() {
    let function = function(concurrent());
    // None of them ends before all of them are there.
    for answered in at_once(&function, &json!({ "do": "meet" })).await {
        let answered: Value = serde_json::from_slice(&answered.unwrap().payload).unwrap();
        assert_eq!(answered["event"]["do"], "meet");
    }
    function.shutdown().await;
}

#[tokio::test]
async fn each_invocation_gets_the_answer_to_its_own_event() {
    let function = function(concurrent());
    let invocations: Vec<_> = (0..40)
        .map(|number| tokio::spawn(invoke(&function, &json!({ "number": number }))))
        .collect();
    for (number, invocation) in invocations.into_iter().enumerate() {
        let payload = invocation.await.unwrap().unwrap().payload;
        let answered: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(answered["event"]["number"], number);
    }
    function.shutdown().await;
}

#[tokio::test]
async fn a_crash_ends_all_that_the_process_had_in_hand() {
    let function = function(concurrent());
    for crashed in at_once(&function, &json!({ "do": "crash" })).await {
        let reason = "exit status: 7".to_owned();
        assert_eq!(crashed.unwrap_err(), InvokeError::Crashed { reason });
    }
    // The next one has a process again.
    answer(&function, &json!({})).await;
    function.shutdown().await;
}

#[tokio::test]
async fn a_time_out_leaves_the_process_to_the_others() {
    let mut config = concurrent();
    config.timeout = Duration::from_secs(2);
    let function = function(config);
    let pid = answer(&function, &json!({})).await["pid"].clone();
    let slow = invoke(&function, &json!({ "do": "wait", "file": "/none" })).await;
    let timeout = Duration::from_secs(2);
    assert_eq!(slow.unwrap_err(), InvokeError::TimedOut { timeout });
    assert_eq!(answer(&function, &json!({})).await["pid"], pid);
    function.shutdown().await;
}

#[tokio::test]
async fn streamed_answers_do_not_mix() {
    let function = function(concurrent());
    let streams: Vec<_> = (0..WORKERS)
        .map(|number| {
            let event = json!({ "do": "stream", "text": number.to_string() });
            tokio::spawn(invoke(&function, &event))
        })
        .collect();
    for (number, stream) in streams.into_iter().enumerate() {
        let payload = stream.await.unwrap().unwrap().payload;
        let answered: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(answered["body"], number.to_string());
    }
    function.shutdown().await;
}
