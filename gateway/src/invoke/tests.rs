//! Real processes behind the Runtime API: small scripts in the place of compiled functions.

mod concurrent;
mod extensions;

use std::collections::BTreeSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Pid, test_kill_process};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tollgate::time::SystemClock;

use super::*;
use crate::runtime_api::MAX_ANSWER_BYTES;

/// A time-out that a slow machine does not reach.
const GENEROUS: Duration = Duration::from_mins(1);

#[expect(
    clippy::disallowed_methods,
    reason = "the interpreters of the scripts are found through the path of the test"
)]
fn config(script: &str) -> FunctionConfig {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/invoke/tests");
    let mut config = FunctionConfig::new("users", directory.join(script));
    let path = std::env::var("PATH").unwrap();
    config.environment.insert("PATH".to_owned(), path);
    config.timeout = GENEROUS;
    config.init_timeout = GENEROUS;
    config.concurrency = 1;
    config
}

fn function(config: FunctionConfig) -> Function {
    Function::new(config, Arc::new(SystemClock)).unwrap()
}

fn context() -> InvocationContext {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    InvocationContext::new(&format!("8476a536-e9f4-11e8-9739-{number:012}")).unwrap()
}

fn invoke(
    function: &Function,
    event: &Value,
) -> impl Future<Output = Result<Answer, InvokeError>> + Send + 'static {
    let payload = Bytes::from(event.to_string());
    let function = function.clone();
    async move { function.invoke(payload, context()).await }
}

async fn answer(function: &Function, event: &Value) -> Value {
    let answer = invoke(function, event).await.unwrap();
    serde_json::from_slice(&answer.payload).unwrap()
}

/// Sends every line that the function writes to the returned channel.
fn tap(config: &mut FunctionConfig) -> mpsc::UnboundedReceiver<(String, LogStream, String)> {
    let (sender, lines) = mpsc::unbounded_channel();
    config.log_sink = Arc::new(move |line| {
        let line = (line.function.to_owned(), line.stream, line.text.to_owned());
        drop(sender.send(line));
    });
    lines
}

async fn line_starting(
    lines: &mut mpsc::UnboundedReceiver<(String, LogStream, String)>,
    start: &str,
) -> String {
    loop {
        let (_, _, text) = lines.recv().await.unwrap();
        if text.starts_with(start) {
            return text;
        }
    }
}

fn is_alive(pid: &Value) -> bool {
    let pid = i32::try_from(pid.as_i64().unwrap()).unwrap();
    test_kill_process(Pid::from_raw(pid).unwrap()).is_ok()
}

#[tokio::test]
async fn answers_and_keeps_the_process_for_the_next_invocation() {
    let function = function(config("function.py"));
    let first = answer(&function, &json!({ "name": "Joe" })).await;
    assert_eq!(first["event"], json!({ "name": "Joe" }));
    let second = answer(&function, &json!({})).await;
    assert_eq!(second["pid"], first["pid"]);
    assert_eq!(second["count"], 2);
    function.shutdown().await;
}

#[tokio::test]
async fn tells_the_function_what_lambda_tells_it() {
    let mut config = config("function.py");
    let set = ("USERS_TABLE".to_owned(), "people".to_owned());
    config.environment.extend([set]);
    let directory = config.working_directory.clone();
    let function = function(config);
    let context = context().with_trace_id("Root=1-5bef4de7-ad49b0e8").unwrap();
    let payload = Bytes::from_static(br#"{"do":"describe"}"#);
    let before_ms = SystemClock.now().as_millis();
    let answered = function.invoke(payload, context).await.unwrap();
    let described: Value = serde_json::from_slice(&answered.payload).unwrap();

    let headers = &described["headers"];
    assert_eq!(
        headers["lambda-runtime-trace-id"],
        "Root=1-5bef4de7-ad49b0e8"
    );
    assert_eq!(
        headers["lambda-runtime-invoked-function-arn"],
        "arn:aws:lambda:us-east-1:000000000000:function:users"
    );
    let deadline_ms: u64 = headers["lambda-runtime-deadline-ms"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(deadline_ms >= before_ms + 60_000);

    let environment = &described["environment"];
    assert_eq!(environment["USERS_TABLE"], "people");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
    assert_eq!(environment["HOME"], Value::Null);
    assert_eq!(
        described["directory"],
        directory.canonicalize().unwrap().to_str().unwrap()
    );
    function.shutdown().await;
}

#[tokio::test]
async fn reports_the_error_of_a_handler_and_keeps_the_process() {
    let function = function(config("function.py"));
    let pid = answer(&function, &json!({})).await["pid"].clone();
    let failing = json!({ "do": "fail", "reason": "no such user" });
    assert_eq!(
        invoke(&function, &failing).await.unwrap_err(),
        InvokeError::Function {
            error_type: "ValueError".to_owned(),
            message: "no such user".to_owned(),
        }
    );
    assert_eq!(answer(&function, &json!({})).await["pid"], pid);
    function.shutdown().await;
}

#[tokio::test]
async fn reports_an_initialisation_error_to_every_waiting_invocation() {
    let mut config = config("function.py");
    config
        .environment
        .insert("INIT".to_owned(), "error".to_owned());
    let function = function(config);
    let event = json!({});
    let (first, second) = tokio::join!(invoke(&function, &event), invoke(&function, &event));
    let expected = InvokeError::InitFailed {
        error_type: "Config.Missing".to_owned(),
        message: "USERS_TABLE is not set".to_owned(),
    };
    assert_eq!(first.unwrap_err(), expected);
    assert_eq!(second.unwrap_err(), expected);
    function.shutdown().await;
}

#[tokio::test]
async fn reports_a_process_that_ends_or_cannot_start_during_initialisation() {
    let ends = function(config("exit_in_init.sh"));
    let error = ends.warm_up().await.unwrap_err().to_string();
    assert!(error.contains("Runtime.ExitError"), "{error}");
    assert!(error.contains("exit status: 3"), "{error}");

    let missing = function(config("no_such_file"));
    let error = missing.warm_up().await.unwrap_err().to_string();
    assert!(error.contains("Runtime.InvalidEntrypoint"), "{error}");
    assert!(error.contains("no_such_file"), "{error}");
}

#[tokio::test]
async fn kills_a_process_that_does_not_initialise_in_time() {
    let mut config = config("stubborn.sh");
    config.init_timeout = Duration::from_millis(200);
    let function = function(config);
    let error = function.warm_up().await.unwrap_err().to_string();
    assert!(error.contains("Sandbox.Timedout"), "{error}");
    function.shutdown().await;
}

#[tokio::test]
async fn replaces_a_process_that_crashed_with_an_invocation_in_hand() {
    let function = function(config("function.py"));
    let pid = answer(&function, &json!({})).await["pid"].clone();
    let crash = invoke(&function, &json!({ "do": "crash" })).await;
    assert_eq!(
        crash.unwrap_err(),
        InvokeError::Crashed {
            reason: "exit status: 7".to_owned()
        }
    );
    assert!(!is_alive(&pid));
    assert_ne!(answer(&function, &json!({})).await["pid"], pid);
    function.shutdown().await;
}

#[tokio::test]
async fn kills_a_process_that_exceeds_the_time_out() {
    let mut config = config("function.py");
    config.timeout = Duration::from_millis(300);
    let function = function(config);
    let timed_out = invoke(&function, &json!({ "do": "hang" })).await;
    assert_eq!(
        timed_out.unwrap_err(),
        InvokeError::TimedOut {
            timeout: Duration::from_millis(300)
        }
    );
    function.shutdown().await;
}

#[tokio::test]
async fn takes_an_answer_of_the_greatest_length_and_refuses_one_byte_more() {
    let function = function(config("function.py"));
    let largest = json!({ "do": "bytes", "length": MAX_ANSWER_BYTES });
    let taken = invoke(&function, &largest).await.unwrap();
    assert_eq!(taken.payload.len(), MAX_ANSWER_BYTES);
    assert!(taken.payload.iter().all(|byte| *byte == b'x'));

    let larger = json!({ "do": "bytes", "length": MAX_ANSWER_BYTES + 1 });
    let refused = invoke(&function, &larger).await.unwrap_err().to_string();
    assert!(
        refused.contains("Function.ResponseSizeTooLarge"),
        "{refused}"
    );
    assert_eq!(answer(&function, &json!({})).await["count"], 3);
    function.shutdown().await;
}

#[tokio::test]
async fn passes_on_an_answer_that_is_not_json() {
    let function = function(config("function.py"));
    let garbage = invoke(&function, &json!({ "do": "bytes", "length": 3 })).await;
    assert_eq!(garbage.unwrap().payload, "xxx");
    function.shutdown().await;
}

#[tokio::test]
async fn turns_a_streamed_answer_into_a_proxy_answer() {
    let function = function(config("function.py"));
    let streamed = answer(&function, &json!({ "do": "stream" })).await;
    assert_eq!(streamed["statusCode"], 418);
    assert_eq!(streamed["headers"], json!({ "a": "b" }));
    assert_eq!(streamed["body"], "short and stout");
    function.shutdown().await;
}

#[tokio::test]
async fn runs_as_many_invocations_at_once_as_its_concurrency_allows() {
    let mut config = config("function.py");
    config.concurrency = 3;
    let function = function(config);
    let directory = tempfile::tempdir().unwrap();
    let meet = |number: usize| {
        let event = json!({
            "do": "meet",
            "directory": directory.path(),
            "number": number,
            "people": 3,
        });
        let function = function.clone();
        async move { answer(&function, &event).await["pid"].to_string() }
    };
    let (a, b, c) = tokio::join!(meet(0), meet(1), meet(2));
    assert_eq!(BTreeSet::from([a, b, c]).len(), 3);
    function.shutdown().await;
}

#[tokio::test]
async fn queued_invocations_run_in_their_order() {
    let function = function(config("function.py"));
    let event = json!({});
    let (a, b, c) = tokio::join!(
        answer(&function, &event),
        answer(&function, &event),
        answer(&function, &event)
    );
    assert_eq!(
        [&a["count"], &b["count"], &c["count"]],
        [&json!(1), &json!(2), &json!(3)]
    );
    function.shutdown().await;
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_disturb_the_process() {
    let mut config = config("function.py");
    let mut lines = tap(&mut config);
    let function = function(config);
    let directory = tempfile::tempdir().unwrap();
    let go: PathBuf = directory.path().join("go");
    let caller = tokio::spawn(invoke(&function, &json!({ "do": "wait", "file": go })));
    let waiting = line_starting(&mut lines, "waiting in ").await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    std::fs::write(&go, "").unwrap();
    let next = answer(&function, &json!({ "name": "next" })).await;
    assert_eq!(next["event"]["name"], "next");
    assert_eq!(format!("waiting in {}", next["pid"]), waiting);
    function.shutdown().await;
}

#[tokio::test]
async fn forwards_both_streams_with_the_functions_name() {
    let mut config = config("function.py");
    let mut lines = tap(&mut config);
    let function = function(config);
    function.warm_up().await.unwrap();
    let mut seen = [lines.recv().await.unwrap(), lines.recv().await.unwrap()];
    seen.sort_by_key(|(_, _, text)| text.clone());
    let line = |stream, text: &str| ("users".to_owned(), stream, text.to_owned());
    assert_eq!(seen[0], line(LogStream::Stderr, "to stderr"));
    assert_eq!(seen[1], line(LogStream::Stdout, "to stdout"));
    function.shutdown().await;
}

#[tokio::test]
async fn shutdown_ends_invocations_and_processes() {
    let mut config = config("function.py");
    let mut lines = tap(&mut config);
    let function = function(config);
    let pid = answer(&function, &json!({})).await["pid"].clone();
    let hanging = tokio::spawn(invoke(&function, &json!({ "do": "wait", "file": "/none" })));
    line_starting(&mut lines, "waiting in ").await;
    let waiting = tokio::spawn(invoke(&function, &json!({})));
    tokio::task::yield_now().await;
    function.shutdown().await;
    assert!(!is_alive(&pid));
    assert_eq!(
        hanging.await.unwrap().unwrap_err(),
        InvokeError::ShuttingDown
    );
    assert_eq!(
        waiting.await.unwrap().unwrap_err(),
        InvokeError::ShuttingDown
    );
    let late = invoke(&function, &json!({})).await;
    assert_eq!(late.unwrap_err(), InvokeError::ShuttingDown);
    assert_eq!(function.warm_up().await, Err(InvokeError::ShuttingDown));
}

#[tokio::test]
async fn shutdown_kills_a_process_that_ignores_term() {
    let mut config = config("stubborn.sh");
    let mut lines = tap(&mut config);
    let function = function(config);
    let warming = {
        let function = function.clone();
        tokio::spawn(async move { function.warm_up().await })
    };
    let (_, _, pid) = lines.recv().await.unwrap();
    function.shutdown().await;
    assert!(!is_alive(&serde_json::from_str(&pid).unwrap()));
    assert_eq!(warming.await.unwrap(), Err(InvokeError::ShuttingDown));
}

#[tokio::test]
async fn dropping_the_last_handle_ends_the_processes() {
    let mut config = config("function.py");
    let mut lines = tap(&mut config);
    let function = function(config);
    let pid = answer(&function, &json!({})).await["pid"].clone();
    drop(function);
    // The channel closes when the supervisor and the forwarding of both streams have ended.
    while lines.recv().await.is_some() {}
    assert!(!is_alive(&pid));
}

#[tokio::test]
async fn refuses_an_event_over_six_megabytes() {
    let function = function(config("function.py"));
    let payload = Bytes::from(vec![b' '; MAX_PAYLOAD_BYTES + 1]);
    let refused = function.invoke(payload, context()).await;
    assert_eq!(
        refused.unwrap_err(),
        InvokeError::RequestTooLarge {
            payload_bytes: MAX_PAYLOAD_BYTES + 1
        }
    );
}
