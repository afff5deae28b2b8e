//! Answers that come in one piece.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::desk::{Desk, event};

#[tokio::test]
async fn a_large_answer_gets_its_fields_and_keeps_its_body() {
    let desk = Desk::start().await;
    let body: String =
        r#"a \"line\" \u00e9\n\ud83d\ude00 <&>"#.chars().cycle().take(5_900_000).collect();
    let body = body.trim_end_matches(|letter| letter != '>');
    let answer = format!(
        "{{ \"statusCode\": 200,\n \"body\": \"{body}\",\t\"headers\" : {{\"a\": \"b\", \"ratelimit\": \"mine\"}}}}"
    );
    desk.platform.send("a", event("users-create"));
    let runtime = desk.runtime();
    runtime.next().await;
    runtime.answer("a", answer.clone()).await;
    let told = desk.platform.answer("a").await;
    let told = told.text();
    let (before, headers) = told.split_at(answer.find("{\"a\"").unwrap());
    assert!(answer.starts_with(before), "the text before is the same");
    let headers: Value = serde_json::from_str(headers.strip_suffix('}').unwrap()).unwrap();
    let names: Vec<&String> = headers.as_object().unwrap().keys().collect();
    assert_eq!(names, ["a", "ratelimit", "ratelimit-policy"]);
    let left = headers["ratelimit"].as_str().unwrap();
    assert!(left.starts_with(r#""quota";r=9999;"#), "{left}");
}

#[tokio::test]
async fn what_is_no_proxy_result_passes_byte_for_byte() {
    let desk = Desk::start().await;
    let answers = [
        r#""hello""#,
        r#"{ "message" : "an object" , "headers": {"x-tollgate-cost": "9"} }"#,
        "[1, 2]",
        "null",
        "",
        "no JSON",
        r#"{"statusCode":200"#,
    ];
    for (number, answer) in answers.iter().enumerate() {
        let id = number.to_string();
        let (_, told) = desk.round(&id, &event("users-create"), *answer).await;
        assert_eq!(told.text(), *answer);
        assert_eq!(told.headers["content-length"], answer.len().to_string());
    }
    let long = Bytes::from(vec![b' '; 9 * 1024 * 1024]);
    let (_, told) = desk
        .round("long", &event("users-create"), long.clone())
        .await;
    assert!(told.body == long, "a long answer is the same");
}

#[tokio::test]
async fn what_a_function_says_of_the_cost_is_charged_and_not_told_to_the_client() {
    let desk = Desk::start().await;
    let costly = r#"{"statusCode":200,"headers":{"X-Tollgate-Cost":"40"},"body":"x"}"#;
    let (_, told) = desk.round("a", &event("users-create"), costly).await;
    assert!(!told.text().to_lowercase().contains("tollgate-cost"));
    let (got, _) = desk.round("b", &event("users-create"), "{}").await;
    let told = &got["requestContext"]["authorizer"]["lambda"];
    assert_eq!(told["remaining"], 9_959);
    let public = event("users-list");
    let (_, told) = desk.round("c", &public, costly).await;
    assert_eq!(
        told.json(),
        json!({"statusCode": 200, "headers": {}, "body": "x"})
    );
}

#[tokio::test]
async fn a_request_stays_charged_when_the_function_fails() {
    let desk = Desk::start().await;
    desk.platform.send("a", event("users-create"));
    let runtime = desk.runtime();
    runtime.next().await;
    let failure = r#"{"errorMessage":"m","errorType":"T"}"#;
    let path = "/2018-06-01/runtime/invocation/a/error";
    let headers = [("lambda-runtime-function-error-type", "T")];
    let told = runtime.client.send("POST", path, &headers, failure).await;
    assert_eq!(told.unwrap().status, 202);
    let told = desk.platform.told_at(path).await;
    assert_eq!(told.text(), failure);
    assert_eq!(told.headers["lambda-runtime-function-error-type"], "T");
    let (got, _) = desk.round("b", &event("users-create"), "{}").await;
    let told = &got["requestContext"]["authorizer"]["lambda"];
    assert_eq!(told["remaining"], 9_998);
}
