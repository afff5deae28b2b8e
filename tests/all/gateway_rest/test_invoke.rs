//! `TestInvokeMethod`, without a deployment.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tollgate::control::{Gateway as _, TestInvocation};
use tollgate::rest_api::Snapshot;

use super::{App, Deployed, lambda_proxy, merge, mock, with};

pub(super) fn invocation(method: Value, path: Option<&str>) -> TestInvocation {
    let deployed = Deployed::methods(&[("/users/{id}", "GET", method)]);
    let snapshot: Snapshot = serde_json::from_value(json!({
        "api": {
            "id": "a1b2c3", "name": "example", "createdDate": 0, "apiKeySource": "HEADER",
            "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"},
            "disableExecuteApiEndpoint": false, "rootResourceId": "root", "apiStatus": "AVAILABLE",
        },
        "definition": deployed.definition,
    }))
    .unwrap();
    TestInvocation {
        snapshot,
        resource_id: "_users__id_".to_owned(),
        http_method: "GET".to_owned(),
        path_with_query_string: path.map(str::to_owned),
        body: String::new(),
        headers: vec![("X-A".to_owned(), "1".to_owned())],
        stage_variables: BTreeMap::from([("color".to_owned(), "red".to_owned())]),
    }
}

#[tokio::test]
async fn a_method_is_run_without_key_and_authorizer() {
    let app = App::start().await;
    let text = "$input.params('id') $input.params('q') $input.params('X-A') $stageVariables.color $context.stage";
    let mut method = with(&mock(text));
    merge(
        &mut method,
        &json!({"apiKeyRequired": true, "authorizationType": "CUSTOM"}),
    );
    let invocation = invocation(method, Some("/users/7?q=2"));
    let result = app.rest_apis.test_invoke(invocation).await.unwrap();
    assert_eq!(
        (result.status, result.body.as_str()),
        (200, "7 2 1 red test-invoke-stage")
    );
    assert_eq!(result.headers["Content-Type"], "application/json");
    assert_eq!(
        result.multi_value_headers["Content-Type"],
        ["application/json"]
    );
    let lines: Vec<_> = result.log.lines().collect();
    assert!(lines[0].starts_with("Execution log for request "));
    for expected in [
        "HTTP Method: GET, Resource Path: /users/{id}",
        "Method request path: {id=7}",
        "Method request query string: {q=2}",
        "Successfully completed execution",
        "Method completed with status: 200",
    ] {
        assert!(
            lines.iter().any(|line| line.ends_with(expected)),
            "{expected}: {}",
            result.log
        );
    }
}

#[tokio::test]
async fn a_function_is_called_and_logged() {
    let app = App::start().await;
    let invocation = invocation(with(&lambda_proxy("echo")), None);
    let result = app.rest_apis.test_invoke(invocation).await.unwrap();
    assert_eq!(result.status, 201);
    assert!(result.log.contains("Sending request to"), "{}", result.log);
    assert_eq!(app.backend.calls(), 1);
}

#[tokio::test]
async fn a_method_that_cannot_be_carried_out_says_why_in_the_log() {
    let app = App::start().await;
    let result = app.rest_apis.test_invoke(invocation(json!({}), None)).await;
    let result = result.unwrap();
    assert_eq!(result.status, 500);
    assert!(
        result.log.contains("it has no integration"),
        "{}",
        result.log
    );
}
