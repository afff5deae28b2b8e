//! Authorizers, signatures and keys.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tollgate::bucket::{Rate, Throttle};
use tollgate::id::ApiStage;
use tollgate::key::KeyValue;
use tollgate::plan::CoveredStage;
use tollgate::store::{KeyRegistry as _, NewKey, NewPlan, PlanRegistry as _};

use super::{App, Deployed, NOW, function_uri, lambda_proxy, mock, shown, with};

const KEY: &str = "a-key-of-the-tests-1234567890";

/// A key on a plan that covers the stage `test` of `a1b2c3`, with a burst of 2.
async fn key_on_plan(app: &App) {
    let key = NewKey {
        keep_value: true,
        ..NewKey::new("joe", KeyValue::parse(KEY).unwrap())
    };
    let plan = NewPlan {
        id: None,
        name: "Bronze".to_owned(),
        description: None,
        product_code: None,
        throttle: Some(Throttle {
            rate: Rate::per_second(0.001).unwrap(),
            burst: 2,
        }),
        quota: None,
        stages: vec![CoveredStage::new(ApiStage::new("a1b2c3", "test"))],
        tags: BTreeMap::new(),
    };
    let plan = app.store.create_plan(&plan, NOW).await.unwrap();
    let key = app.store.create_key(&key, NOW).await.unwrap();
    app.store
        .add_key_to_plan(&key.id, &plan.id, NOW)
        .await
        .unwrap();
}

fn deployed(integration: &Value, members: &Value) -> Deployed {
    let mut method = with(integration);
    super::merge(&mut method, members);
    let mut deployed = Deployed::methods(&[("/", "GET", method)]);
    deployed.definition["authorizers"] = json!({
        "auth": {"id": "auth", "name": "a", "type": "TOKEN", "authorizerUri": function_uri("authorizer"),
                 "identitySource": "method.request.header.Authorization"},
        "pool": {"id": "pool", "name": "p", "type": "COGNITO_USER_POOLS"},
    });
    deployed
}

#[tokio::test]
async fn a_key_opens_a_method_until_its_plan_is_used_up() {
    let app = App::start().await;
    key_on_plan(&app).await;
    app.deploy(&deployed(
        &lambda_proxy("echo"),
        &json!({"apiKeyRequired": true}),
    ))
    .await;
    let forbidden = (
        403,
        Some("ForbiddenException"),
        r#"{"message":"Forbidden"}"#,
    );
    assert_eq!(shown(&app.get("/").await), forbidden);
    let key = [("x-api-key", KEY)];
    let answer = app.send("GET", "/", &key, "").await;
    assert_eq!(answer.status, 201);
    assert!(answer.header("ratelimit").is_some());
    let identity = &answer.json().unwrap()["event"]["requestContext"]["identity"];
    assert_eq!(identity["apiKey"], KEY);
    assert!(identity["apiKeyId"].is_string());
    assert_eq!(app.send("GET", "/", &key, "").await.status, 201);
    let refused = app.send("GET", "/", &key, "").await;
    assert_eq!(
        shown(&refused),
        (
            429,
            Some("TooManyRequestsException"),
            r#"{"message":"Too Many Requests"}"#
        )
    );
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn an_authorizer_lets_pass_or_refuses() {
    let app = App::start().await;
    let custom = json!({"authorizationType": "CUSTOM", "authorizerId": "auth"});
    app.deploy(&deployed(
        &mock("$context.authorizer.principalId $context.authorizer.tier"),
        &custom,
    ))
    .await;
    let unauthorized = (
        401,
        Some("UnauthorizedException"),
        r#"{"message":"Unauthorized"}"#,
    );
    assert_eq!(shown(&app.get("/").await), unauthorized);
    assert_eq!(app.backend.calls(), 0);
    let answer = app
        .send("GET", "/", &[("authorization", "allow")], "")
        .await;
    assert_eq!(answer.body, "joe gold");
    let answer = app.send("GET", "/", &[("authorization", "deny")], "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-amzn-errortype")),
        (403, Some("AccessDeniedException"))
    );
    assert!(
        answer.body.contains("with an explicit deny"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_method_whose_authorizer_cannot_be_asked_is_not_open() {
    let app = App::start().await;
    for authorizer in ["pool", "nobody"] {
        let custom = json!({"authorizationType": "CUSTOM", "authorizerId": authorizer});
        app.deploy(&deployed(&mock("x"), &custom)).await;
        let answer = app
            .send("GET", "/", &[("authorization", "allow")], "")
            .await;
        assert_eq!(
            shown(&answer),
            (
                500,
                Some("AuthorizerConfigurationException"),
                r#"{"message":null}"#
            ),
            "{authorizer}"
        );
    }
}

#[tokio::test]
async fn the_key_may_come_from_the_authorizer() {
    let app = App::start().await;
    key_on_plan(&app).await;
    let both =
        json!({"authorizationType": "CUSTOM", "authorizerId": "auth", "apiKeyRequired": true});
    let mut deployed = deployed(&mock("fine"), &both);
    deployed.api = json!({"apiKeySource": "AUTHORIZER"});
    app.deploy(&deployed).await;
    let token = format!("key-{KEY}");
    let answer = app.send("GET", "/", &[("authorization", &token)], "").await;
    assert_eq!(answer.body, "fine");
    let in_header = [("authorization", "allow"), ("x-api-key", KEY)];
    assert_eq!(app.send("GET", "/", &in_header, "").await.status, 403);
}

#[tokio::test]
async fn a_method_for_iam_identities_wants_a_signature() {
    let app = App::start().await;
    app.deploy(&deployed(
        &mock("fine"),
        &json!({"authorizationType": "AWS_IAM"}),
    ))
    .await;
    let missing = app.get("/").await;
    assert_eq!(
        missing.header("x-amzn-errortype"),
        Some("MissingAuthenticationTokenException")
    );
    let signed = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0";
    assert_eq!(
        app.send("GET", "/", &[("authorization", signed)], "")
            .await
            .body,
        "fine"
    );
}
