//! `tollgate invoke`, with the sample events, as a user types it.

use serde_json::Value;
use tests::{Gateway, Output};

const TEMPLATE: &str = "tests/templates/invoke.yaml";

async fn invoke(arguments: &[&str]) -> Output {
    let all = [&["invoke", "--template", TEMPLATE, "--no-build"], arguments].concat();
    Gateway::builder().run(&all).await.unwrap()
}

/// The one JSON value on stdout.
#[track_caller]
fn answer(output: &Output, code: i32) -> Value {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[tokio::test]
async fn each_sample_event_is_answered_as_on_aws() {
    for (event, status) in [
        ("users-create", 201),
        ("users-list", 200),
        ("users-get", 404),
        ("users-replace", 404),
        ("users-delete", 404),
        ("users-create-without-key", 403),
    ] {
        let path = format!("events/{event}.json");
        let output = invoke(&["UsersFunction", "-e", &path, "--with-sample-plan"]).await;
        assert_eq!(answer(&output, 0)["statusCode"], status, "{event}");
        assert!(!output.stderr.contains("sample-api-key"), "{output:?}");
    }
}

#[tokio::test]
async fn a_key_that_no_plan_knows_is_refused_by_the_function() {
    let output = invoke(&["--event", "events/users-create.json", "--json"]).await;
    let answer = answer(&output, 0);
    assert_eq!(answer["statusCode"], 403, "{answer}");
}

#[tokio::test]
async fn tables_in_a_folder_survive() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let options = ["--with-sample-plan", "--data", data];
    let create = [&["-e", "events/users-create.json"], &options[..]].concat();
    assert_eq!(answer(&invoke(&create).await, 0)["statusCode"], 201);
    let list = [&["-e", "events/users-list.json"], &options[..]].concat();
    let listed = answer(&invoke(&list).await, 0);
    let body: Value = serde_json::from_str(listed["body"].as_str().unwrap()).unwrap();
    assert!(body.to_string().contains("joe.black@example.com"), "{body}");
}

#[tokio::test]
async fn a_function_that_fails_exits_with_1_and_its_error_object() {
    let folder = tempfile::tempdir().unwrap();
    let event = folder.path().join("event.json");
    std::fs::write(&event, r#"{"no": "request"}"#).unwrap();
    let output = invoke(&["-e", event.to_str().unwrap()]).await;
    let object = answer(&output, 1);
    assert!(object["errorType"].is_string(), "{object}");
    assert!(object["errorMessage"].is_string(), "{object}");
    assert!(
        output.stderr.contains("error: the function failed"),
        "{output:?}"
    );
}

#[tokio::test]
async fn wrong_usage_exits_with_2_and_says_what_there_is() {
    let event = ["-e", "events/users-list.json"];
    for (arguments, said) in [
        (vec![], "--event"),
        (vec!["-e", "events/none.json"], "events/none.json"),
        (vec!["-e", "Cargo.toml"], "the event is not JSON"),
        (vec!["-e", "-"], "the event is not JSON"),
        (
            [&["NoFunction"], &event[..]].concat(),
            "it has: UsersFunction",
        ),
        (
            [&["--url", "https://example.com"], &event[..]].concat(),
            "invoke takes no --url",
        ),
    ] {
        let output = invoke(&arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {output:?}");
        assert!(output.stderr.contains(said), "{arguments:?} {output:?}");
        assert_eq!(output.stdout, "");
    }
}
