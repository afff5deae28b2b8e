//! What the gateway answers by itself, as the API shapes it.

use serde_json::{Value, json};
use tollgate::http::fields::Fields;

use super::{App, Deployed, mock, shown, with};

fn with_responses(mut deployed: Deployed, responses: &Value) -> Deployed {
    deployed.definition["gatewayResponses"] = responses.clone();
    deployed
}

fn closed() -> Deployed {
    let mut method = with(&mock("x"));
    method["apiKeyRequired"] = json!(true);
    Deployed::methods(&[("/", "GET", method)])
}

#[tokio::test]
async fn a_kind_has_its_own_status_header_fields_and_body() {
    let app = App::start().await;
    let mut deployed = with_responses(
        closed(),
        &json!({"INVALID_API_KEY": {
            "statusCode": "402",
            "responseParameters": {
                "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
                "gatewayresponse.header.x-id": "context.apiId",
                "gatewayresponse.header.x-agent": "method.request.header.user-agent",
            },
            "responseTemplates": {
                "application/json": "{\"m\":$context.error.messageString,\"t\":\"$context.error.responseType\",\"v\":\"$stageVariables.v\"}",
                "text/plain": "$context.error.message",
            },
        }}),
    );
    deployed.stage = json!({"variables": {"v": "1"}});
    app.deploy(&deployed).await;
    let answer = app.send("GET", "/", &[("user-agent", "tests")], "").await;
    assert_eq!(
        shown(&answer),
        (
            402,
            Some("ForbiddenException"),
            r#"{"m":"Forbidden","t":"INVALID_API_KEY","v":"1"}"#
        )
    );
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("x-id"), Some("a1b2c3"));
    assert_eq!(answer.header("x-agent"), Some("tests"));
    let text = app.send("GET", "/", &[("accept", "text/plain")], "").await;
    assert_eq!(
        (text.body.as_str(), text.header("content-type")),
        ("Forbidden", Some("text/plain"))
    );
}

#[tokio::test]
async fn a_family_shapes_the_kinds_that_have_nothing_of_their_own() {
    let app = App::start().await;
    let responses = json!({
        "DEFAULT_4XX": {
            "responseParameters": {"gatewayresponse.header.x-family": "'4'"},
            "responseTemplates": {"application/json": "4: $context.error.responseType"},
        },
        "DEFAULT_5XX": {
            "statusCode": "599", "responseParameters": {},
            "responseTemplates": {"application/json": "5: $context.error.message"},
        },
        "MISSING_AUTHENTICATION_TOKEN": {
            "statusCode": "404", "responseParameters": {},
            "responseTemplates": {"application/json": "own"},
        },
    });
    app.deploy(&with_responses(closed(), &responses)).await;
    let answer = app.get("/").await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (403, "4: INVALID_API_KEY")
    );
    assert_eq!(answer.header("x-family"), Some("4"));
    let answer = app.get("/nowhere").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (404, "own"));
    let broken = Deployed::integration(&json!({"type": "HTTP", "httpMethod": "GET"}));
    app.deploy(&with_responses(broken, &responses)).await;
    let answer = app.get("/").await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (599, "5: Internal server error")
    );
}

#[tokio::test]
async fn who_accepts_problem_details_gets_them_unless_the_api_has_an_answer_of_its_own() {
    let app = App::start().await;
    app.deploy(&closed()).await;
    let asking = async || {
        let accept = [("accept", "application/problem+json")];
        app.send("GET", "/", &accept, "").await
    };
    let answer = asking().await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(
        answer.body,
        r#"{"type":"about:blank","title":"Forbidden","status":403}"#
    );
    let others = app.get("/").await;
    assert_eq!(others.header("content-type"), Some("application/json"));
    assert_eq!(others.body, r#"{"message":"Forbidden"}"#);
    let own = json!({"INVALID_API_KEY": {
        "responseParameters": {"gatewayresponse.header.x-own": "'yes'"}, "responseTemplates": {},
    }});
    app.deploy(&with_responses(closed(), &own)).await;
    let answer = asking().await;
    assert_eq!(answer.header("x-own"), Some("yes"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.body, r#"{"message":"Forbidden"}"#);
}

/// A stage that lets one request through, and then none for an hour.
fn throttled() -> Deployed {
    let mut deployed = Deployed::integration(&mock("x"));
    deployed.stage = json!({"methodSettings": {"*/*": {
        "metricsEnabled": false, "dataTraceEnabled": false, "throttlingBurstLimit": 1,
        "throttlingRateLimit": 0.001, "cachingEnabled": false, "cacheTtlInSeconds": 300,
        "cacheDataEncrypted": false, "requireAuthorizationForCacheControl": true,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    }}});
    with_responses(
        deployed,
        &json!({"THROTTLED": {
            "statusCode": "420", "responseParameters": {},
            "responseTemplates": {"application/json": "slow down"},
        }}),
    )
}

#[tokio::test]
async fn a_throttled_request_keeps_its_retry_after() {
    let app = App::start().await;
    app.deploy(&throttled()).await;
    assert_eq!(app.get("/").await.status, 200);
    let answer = app.get("/").await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (420, "slow down")
    );
    assert_eq!(answer.header("retry-after"), Some("1000"));
    // A second deployment brings no second burst.
    app.deploy(&throttled()).await;
    assert_eq!(app.get("/").await.status, 420);
}

#[tokio::test]
async fn strict_answers_have_no_fields_of_our_own() {
    let app = App::with_fields(Fields::AwsOnly).await;
    app.deploy(&throttled()).await;
    assert_eq!(app.get("/").await.status, 200);
    let answer = app.get("/").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (420, None)
    );
}
