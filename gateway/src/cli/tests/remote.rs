//! What goes wrong between a command and a management API that is elsewhere.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tollgate::store::PageRequest;
use tollgate::time::Clock;

use super::super::environment::Environment;
use super::super::failure::{Exit, Failure};
use super::signed_api::{Fault, SignedApi};
use super::{Person, Shell, Way, type_line};
use crate::local;
use crate::management::{Management, Remote};
use crate::remote::{Client, Endpoint, Signer, Timing};

async fn shell() -> Shell {
    Shell::start(Way::Url).await
}

fn api(shell: &Shell) -> &SignedApi {
    shell.api.as_ref().unwrap()
}

/// What a function URL says to a caller that IAM does not let through.
const DENIED: Fault = Fault::Answer(
    403,
    "AccessDeniedException",
    r#"{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see the documentation."}"#,
);

/// What it says when the function failed.
const FAILED: Fault = Fault::Answer(502, "", r#"{"message":"Internal Server Error"}"#);

const BUSY: Fault = Fault::Answer(
    429,
    "TooManyRequestsException",
    r#"{"message":"the store asks for fewer requests; try again"}"#,
);

/// A client that does not wait between tries, and not long for an answer.
fn impatient(shell: &Shell) -> Remote {
    let clock: Arc<dyn Clock> = Arc::new(shell.clock.clone());
    let timing = Timing {
        answer: Duration::from_millis(50),
        pause: Duration::ZERO,
        tries: 3,
    };
    let endpoint = Endpoint::parse(&api(shell).url).unwrap();
    let signer = Signer::new(local::credentials(), local::REGION, clock);
    Remote::new(Client::new(endpoint, signer, timing))
}

const ALL: PageRequest = PageRequest {
    limit: 10,
    after: None,
};

#[tokio::test]
async fn every_request_is_signed_for_lambda_and_names_the_body() {
    let shell = shell().await;
    shell.run("keys create joe").await.expect(Exit::Done);
    let seen = api(&shell).seen();
    assert!(!seen.is_empty());
    for request in seen {
        let authorization = request.headers["authorization"].to_str().unwrap();
        assert!(
            authorization.contains("/20261125/us-east-1/lambda/aws4_request"),
            "{authorization}"
        );
        assert!(
            authorization.contains("x-amz-content-sha256"),
            "{authorization}"
        );
        assert!(request.headers.contains_key("x-amz-content-sha256"));
    }
}

#[tokio::test]
async fn credentials_that_are_not_the_callers_are_refused() {
    let shell = shell().await;
    api(&shell).change_secret();
    let done = shell.run("keys create joe").await;
    let url = &api(&shell).url;
    done.fails(
        Exit::Failed,
        &format!(
            "error: {url} does not accept the credentials\n\
             cause: The request signature we calculated does not match the signature you provided.\n\
             hint: check --profile and --region and this machine's clock; a session may have ended: `aws sso login`\n"
        ),
    );
}

#[tokio::test]
async fn a_caller_without_the_right_is_told_which_it_needs() {
    let shell = shell().await;
    for command in ["keys list", "plans create Bronze", "usage joe"] {
        api(&shell).break_with([DENIED]);
        let url = &api(&shell).url;
        shell.run(command).await.fails(
            Exit::Failed,
            &format!(
                "error: the caller may not call {url}, or there is no such URL\n\
                 cause: Forbidden. For troubleshooting Function URL authorization issues, see the documentation.\n\
                 hint: the caller needs lambda:InvokeFunctionUrl and lambda:InvokeFunction on the function; `aws sts get-caller-identity` says who it is\n"
            ),
        );
    }
}

#[tokio::test]
async fn a_read_is_tried_again_and_a_change_is_not() {
    let shell = shell().await;
    let remote = impatient(&shell);
    for fault in [FAILED, BUSY] {
        api(&shell).seen();
        api(&shell).break_with([fault.clone(), fault.clone()]);
        assert!(remote.plans(&ALL).await.unwrap().entries.is_empty());
        assert_eq!(api(&shell).seen().len(), 3);

        api(&shell).break_with([fault]);
        let error = remote.delete_plan(&"p1".into()).await.unwrap_err();
        assert_eq!(api(&shell).seen().len(), 1);
        assert_eq!(Failure::from(error).exit(), Exit::Failed);
    }
}

#[tokio::test]
async fn an_api_that_keeps_failing_is_given_up() {
    let shell = shell().await;
    api(&shell).break_with([FAILED, FAILED, FAILED]);
    let error = impatient(&shell).plans(&ALL).await.unwrap_err();
    let failure = Failure::from(error);
    let url = &api(&shell).url;
    assert_eq!(failure.message(), format!("{url} failed with status 502"));
    assert_eq!(failure.causes(), ["Internal Server Error"]);
}

#[tokio::test]
async fn an_api_that_does_not_answer_is_given_up_and_asked_once() {
    let shell = shell().await;
    api(&shell).break_with([Fault::Hang]);
    let error = impatient(&shell).plans(&ALL).await.unwrap_err();
    let failure = Failure::from(error);
    let url = &api(&shell).url;
    assert_eq!(
        failure.message(),
        format!("no answer from {url} within 0.05 s")
    );
    assert_eq!(api(&shell).seen().len(), 1);
}

#[tokio::test]
async fn what_does_not_answer_like_a_management_api_is_no_place_without_keys() {
    let shell = shell().await;
    for (status, error_type, body) in [
        (200, "", "<html>"),
        (404, "", "not here"),
        (301, "", ""),
        (200, "", r#"{"item":[{"name":"no id"}]}"#),
        (
            403,
            "MissingAuthenticationTokenException",
            r#"{"message":"no operation of the management API is GET /apikeys"}"#,
        ),
    ] {
        api(&shell).break_with([Fault::Answer(status, error_type, body)]);
        let done = shell.run("keys list").await.expect(Exit::Failed);
        let url = &api(&shell).url;
        let first = format!("error: {url} does not answer like a management API of this version\n");
        assert!(done.err.starts_with(&first), "{done:?}");
        assert!(done.err.contains("hint: check --url"), "{done:?}");
        assert_eq!(done.out, "");
    }
}

#[tokio::test]
async fn a_url_where_nobody_listens_is_told() {
    let shell = shell().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let done = typed(&["--url", &url, "plans", "list"], &shell).await;
    let done = done.expect(Exit::Failed);
    let first = format!("error: no connection to {url}\ncause: ");
    assert!(done.err.starts_with(&first), "{done:?}");
}

async fn typed(arguments: &[&str], shell: &Shell) -> super::Done {
    type_line(
        arguments,
        Person::Nobody,
        &shell.clock,
        Environment::default(),
    )
    .await
}

#[tokio::test]
async fn the_url_may_come_from_the_environment() {
    let shell = shell().await;
    let environment = Environment {
        url: Some(api(&shell).url.clone()),
        ..Environment::default()
    };
    let line = ["plans", "list", "--json"];
    let done = type_line(&line, Person::Nobody, &shell.clock, environment).await;
    assert_eq!(done.json(), json!([]));
    assert_eq!(api(&shell).seen().len(), 1);
}

#[tokio::test]
async fn options_that_contradict_the_url_are_wrong_usage() {
    let shell = shell().await;
    let url = api(&shell).url.clone();
    for (arguments, message) in [
        (
            &["keys", "list", "--table", "t"] as &[&str],
            "error: --url and --table name two places\n",
        ),
        (
            &["keys", "list", "--endpoint-url", "http://localhost:1"],
            "error: --url and --endpoint-url name two places\n",
        ),
        (
            &["keys", "create", "joe", "--id", "k1"],
            "error: --id cannot be given with --url: ",
        ),
        (
            &["keys", "create", "joe", "--no-keep-value"],
            "error: --no-keep-value cannot be given with --url: ",
        ),
    ] {
        let arguments = [&["--url", url.as_str()], arguments].concat();
        let done = typed(&arguments, &shell).await.expect(Exit::Failed);
        assert!(done.err.starts_with(message), "{done:?}");
        assert!(api(&shell).seen().is_empty());
    }
    for (url, message) in [
        ("http://example.com", "is not encrypted"),
        ("abc123", "is not the URL of a management API"),
        ("https://example.com/apikeys", "has more than a host"),
    ] {
        let done = typed(&["--url", url, "keys", "list"], &shell).await;
        let done = done.expect(Exit::Failed);
        assert!(done.err.contains(message), "{done:?}");
    }
}

#[tokio::test]
async fn what_a_table_has_shows_the_same_through_the_api() {
    let shell = shell().await;
    for command in [
        "plans create Bronze --rate 0.5 --burst 10 --quota 1000/WEEK --offset 1 --stage users:dev --description cheap",
        "keys create joe --plan Bronze --description d --customer-id c --expires-at 2027-01-31T00:00:00Z",
    ] {
        shell.run(command).await.expect(Exit::Done);
    }
    for command in [
        "keys list --json",
        "keys show joe --json",
        "keys show joe --reveal",
        "usage joe",
    ] {
        let line: Vec<&str> = command.split(' ').collect();
        let [near, far] = [
            ["--endpoint-url", shell.endpoint_url.as_str()],
            ["--url", api(&shell).url.as_str()],
        ]
        .map(|place| [&place[..], &line].concat());
        let near = typed(&near, &shell).await.expect(Exit::Done);
        let far = typed(&far, &shell).await.expect(Exit::Done);
        assert_eq!((far.out, far.err), (near.out, near.err), "{command}");
    }
}

#[tokio::test]
async fn ids_that_no_path_can_have_are_no_keys_id() {
    let shell = shell().await;
    shell.run("keys create joe").await.expect(Exit::Done);
    for reference in ["", ".", "..", "a/b", "a?b", "%2e%2e", "ü"] {
        let done = shell.run_with(&["keys", "show", reference]).await;
        let done = done.expect(Exit::Refused);
        let first = format!("error: no key has the id or the name `{reference}`\n");
        assert!(done.err.starts_with(&first), "{done:?}");
    }
}

#[tokio::test]
async fn a_value_is_in_no_path_and_no_message() {
    let shell = shell().await;
    let value = "my-own-value-0123456789";
    let create = format!("keys create joe --value {value}");
    shell.run(&create).await.expect(Exit::Done);
    let again = shell.run(&create).await.expect(Exit::Refused);
    assert!(!again.err.contains(value), "{again:?}");
    for request in api(&shell).seen() {
        assert!(
            !request.path.contains(value),
            "{} {}",
            request.method,
            request.path
        );
    }
}
