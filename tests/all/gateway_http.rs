//! HTTP APIs and function URLs, with authorizers, in the real gateway and with real functions.

mod elsewhere;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Answer, Gateway, HttpClient, workspace_root};

const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIDLOCAL/20261128/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=00";

/// How long a line may take until it is written. A bound for what never comes, not an expectation.
const PATIENCE: Duration = Duration::from_secs(30);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

fn template() -> PathBuf {
    workspace_root().join("tests/templates/http-api/template.yaml")
}

async fn start() -> (Gateway, HttpClient) {
    let gateway = Gateway::builder()
        .template(template())
        .start()
        .await
        .unwrap();
    let client = gateway.client();
    (gateway, client)
}

async fn get(client: &HttpClient, path: &str, headers: &[(&str, &str)]) -> Answer {
    client.send("GET", path, headers, "").await.unwrap()
}

/// Waits until the gateway has written all of `texts`: its log is written by another thread.
pub(crate) async fn until_says(gateway: &Gateway, texts: &[&str]) {
    let all_said = async {
        while !texts.iter().all(|text| gateway.output().contains(text)) {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    let said = tokio::time::timeout(PATIENCE, all_said).await;
    assert!(
        said.is_ok(),
        "not all of {texts:?} is in\n{}",
        gateway.output()
    );
}

/// Asserts that the gateway itself has answered.
#[track_caller]
fn is_refused(answer: &Answer, status: u16, body: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (status, body)
    );
}

/// The event that the function was called with.
#[track_caller]
fn event(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json().unwrap()["event"].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authorizer_decides_who_may_call_a_route() {
    let (gateway, client) = start().await;
    let answer = client
        .send("POST", "/simple?q=1", &[("x-token", "allow")], "a body")
        .await
        .unwrap();
    let event = event(&answer);
    let context = json!({"keyId": "k1", "count": 1, "list": ["a"]});
    assert_eq!(
        event["requestContext"]["authorizer"],
        json!({"lambda": context})
    );
    assert_eq!(event["routeKey"], "ANY /simple");

    let forbidden = r#"{"message":"Forbidden"}"#;
    let denied = get(&client, "/simple", &[("x-token", "deny")]).await;
    is_refused(&denied, 403, forbidden);
    let missing = get(&client, "/simple", &[]).await;
    is_refused(&missing, 401, r#"{"message":"Unauthorized"}"#);
    for token in ["fail", "malformed"] {
        let failed = get(&client, "/simple", &[("x-token", token)]).await;
        is_refused(&failed, 500, r#"{"message":"Internal Server Error"}"#);
    }
    // Four calls: the request without a token made none.
    let again = get(&client, "/simple", &[("x-token", "allow")]).await;
    let count = &self::event(&again)["requestContext"]["authorizer"]["lambda"]["count"];
    assert_eq!(*count, 5);

    let allowed = get(&client, "/policy", &[("x-token", "allow")]).await;
    let authorizer = &self::event(&allowed)["requestContext"]["authorizer"];
    assert_eq!(
        (&authorizer["keyId"], &authorizer["principalId"]),
        (&json!("k1"), &json!("ada"))
    );
    is_refused(&get(&client, "/policy", &[]).await, 403, forbidden);
    assert_eq!(get(&client, "/open", &[]).await.status, 200);
    until_says(&gateway, &["the authorizer is out of order"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_remembered_by_its_identity_where_the_template_says_so() {
    let (_gateway, client) = start().await;
    for _ in 0..3 {
        let answer = get(&client, "/remembered", &[("x-token", "allow")]).await;
        let authorizer = &event(&answer)["requestContext"]["authorizer"]["lambda"];
        assert_eq!(authorizer["count"], 1);
    }
    let other = get(&client, "/remembered", &[("x-token", "other")]).await;
    assert_eq!(other.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_whose_authorizer_cannot_be_asked_is_not_open() {
    let (gateway, client) = start().await;
    for path in ["/tokens", "/gone"] {
        let answer = get(&client, path, &[("authorization", "Bearer a")]).await;
        is_refused(&answer, 500, r#"{"message":"Internal Server Error"}"#);
    }
    let said = [
        "not simulated: Api (Auth.Authorizers.Tokens)",
        "the authorizer `Tokens` is not simulated",
        "the function `gone` is not in the template",
    ];
    until_says(&gateway, &said).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_asks_for_a_signature_is_closed_without_one() {
    let (_gateway, client) = start().await;
    let url = "/_aws/lambda-url/Echo/a";
    for headers in [&[][..], &[("authorization", "Bearer a")]] {
        let answer = get(&client, url, headers).await;
        is_refused(&answer, 403, r#"{"Message":"Forbidden"}"#);
        let answer = get(&client, "/signed", headers).await;
        is_refused(&answer, 403, r#"{"message":"Forbidden"}"#);
    }
    for path in [url, "/signed"] {
        let answer = get(&client, path, &[("authorization", SIGNED)]).await;
        let event = event(&answer);
        let iam = &event["requestContext"]["authorizer"]["iam"];
        assert_eq!(iam["accessKey"], "AKIDLOCAL");
        assert_eq!(iam["accountId"], "000000000000");
        assert_eq!(iam["userArn"], "arn:aws:iam::000000000000:user/local");
        assert_eq!(event["requestContext"]["accountId"], "000000000000");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streamed_answer_arrives_byte_for_byte() {
    let (_gateway, client) = start().await;
    let bytes: Vec<u8> = (0..300).flat_map(|_| 0..=255).collect();
    let expected = String::from_utf8_lossy(&bytes);
    let with_prelude = get(&client, "/_aws/lambda-url/Stream/with-prelude", &[]).await;
    assert_eq!(with_prelude.status, 201);
    assert_eq!(with_prelude.header("content-type"), Some("image/png"));
    let cookies: Vec<_> = with_prelude.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    let bare = get(&client, "/_aws/lambda-url/Stream/bare", &[]).await;
    assert_eq!(bare.status, 200);
    assert_eq!(
        bare.header("content-type"),
        Some("application/octet-stream")
    );
    let length = bytes.len().to_string();
    for answer in [with_prelude, bare] {
        assert_eq!(answer.header("content-length"), Some(length.as_str()));
        assert!(answer.body == expected, "the bytes differ");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_is_told_how_to_log_and_its_lines_keep_their_levels() {
    let (gateway, client) = start().await;
    let answer = get(&client, "/open", &[]).await;
    let environment = answer.json().unwrap()["environment"].take();
    for (name, value) in [
        ("AWS_LAMBDA_LOG_FORMAT", json!("JSON")),
        ("AWS_LAMBDA_LOG_LEVEL", json!("WARN")),
        ("AWS_LAMBDA_LOG_GROUP_NAME", json!("Logs")),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", json!("on-demand")),
        ("AWS_LAMBDA_MAX_CONCURRENCY", Value::Null),
        ("TOLLGATE_METRICS", json!("on")),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
    until_says(&gateway, &[r#"WARN called route="/open""#]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_is_attached_to_its_plan_and_the_cloud_s_own_resources_are_counted() {
    let (gateway, _client) = start().await;
    let said = ["not needed here: 1 AWS::Logs::LogGroup", "by Simple"];
    until_says(&gateway, &said).await;
    let shown = gateway
        .run(&["plans", "show", "Bronze", "--json"])
        .await
        .unwrap();
    let plan: Value = serde_json::from_str(&shown.stdout).unwrap();
    let stages = plan["apiStages"].as_array().map(Vec::len);
    assert_eq!(stages, Some(1), "{plan}");
}
