//! What is told to CloudFormation when something goes wrong.

use std::time::Duration;

use serde_json::{Value, json};

use super::test_app::{TestApp, Trouble, event};
use crate::HandleError;

#[tokio::test]
async fn a_request_that_cannot_be_understood_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    let create = event("control-usage-plan-create");
    let cases = [
        ("RequestType", Value::Null, "the request has no RequestType"),
        (
            "RequestType",
            json!("Import"),
            "the RequestType Import is none of Create, Update, Delete",
        ),
        ("StackId", json!(7), "the request has no StackId"),
        ("RequestId", Value::Null, "the request has no RequestId"),
        (
            "LogicalResourceId",
            json!(["a"]),
            "the request has no LogicalResourceId",
        ),
        (
            "ResourceType",
            json!("Custom::Queue"),
            "the ResourceType Custom::Queue is not known",
        ),
        (
            "ResourceProperties",
            json!("none"),
            "the request has no ResourceProperties",
        ),
    ];
    for (name, value, reason) in cases {
        let mut bad = create.clone();
        bad[name] = value;
        let told = app.deploy(&bad).await.failed();
        assert!(told.reason().starts_with(reason), "{}", told.reason());
        assert_ne!(told.id(), "");
    }
    assert_eq!(app.counts().await, (0, 0));
}

#[tokio::test]
async fn without_a_url_that_may_be_answered_the_function_fails() {
    let app = TestApp::start().await;
    for url in [
        json!(null),
        json!(7),
        json!(""),
        json!("http://example.com/"),
    ] {
        let mut create = event("control-usage-plan-create");
        create["ResponseURL"] = url;
        let outcome = app.handle(create).await;
        assert!(
            matches!(outcome, Err(HandleError::Unanswered(_))),
            "{outcome:?}"
        );
    }
    assert_eq!(app.counts().await, (0, 0));
}

#[tokio::test]
async fn an_event_of_another_kind_is_an_error() {
    let app = TestApp::start().await;
    for other in [
        json!({}),
        json!([]),
        json!("x"),
        json!({ "source": "aws.s3" }),
    ] {
        let outcome = app.handle(other).await;
        assert!(
            matches!(outcome, Err(HandleError::UnknownEvent)),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_sent_again() {
    let app = TestApp::start().await;
    app.trouble(&[
        Trouble::Status(500),
        Trouble::Status(429),
        Trouble::Status(503),
    ]);
    app.deploy(&event("control-usage-plan-create"))
        .await
        .succeeded();
}

#[tokio::test]
async fn an_answer_that_is_refused_fails_at_once_and_the_next_try_answers_the_same() {
    let app = TestApp::start().await;
    app.trouble(&[Trouble::Status(403)]);
    let create = event("control-api-key-create");
    let outcome = app.handle(create.clone()).await;
    let error = outcome.unwrap_err().to_string();
    assert_eq!(error, "the ResponseURL refuses the answer with status 403");
    let told = app.deploy(&create).await.succeeded();
    assert_eq!(app.counts().await, (1, 0));
    assert_eq!(app.deploy(&create).await.body, told.body);
}

#[tokio::test]
async fn a_url_that_always_fails_or_hangs_fails_the_function_before_its_deadline() {
    let app = TestApp::start().await;
    let left = Duration::from_secs(2);
    for trouble in [Trouble::Status(500), Trouble::Hang] {
        app.lasting_trouble(Some(trouble));
        let event = event("control-usage-plan-create");
        let outcome = tokio::time::timeout(Duration::from_mins(1), app.handle_within(event, left));
        let error = outcome.await.unwrap().unwrap_err().to_string();
        assert!(error.contains("did not take the answer in time"), "{error}");
    }
    app.lasting_trouble(None);
    app.deploy(&event("control-usage-plan-create"))
        .await
        .succeeded();
    assert_eq!(app.counts().await, (0, 1));
}

#[tokio::test]
async fn a_store_that_hangs_is_reported_before_the_deadline() {
    let app = TestApp::start_hanging().await;
    let create = event("control-usage-plan-create");
    app.handle_within(create, Duration::from_secs(3))
        .await
        .unwrap();
    let told = app.told().remove(0).failed();
    assert!(
        told.reason().contains("was not done within the 2 s"),
        "{}",
        told.reason()
    );
}

#[tokio::test]
async fn answers_are_small_enough_for_cloudformation() {
    let app = TestApp::start().await;
    let mut create = event("control-usage-plan-create");
    create["ResourceProperties"]["x".repeat(100_000)] = json!("y");
    let told = app.deploy(&create).await.failed();
    assert!(told.len < 4_096);
}
