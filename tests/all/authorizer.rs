//! The authorizer: each sample event, and what API Gateway is told.

use std::time::Duration;

use serde_json::{Value, json};
use tests::Fault;
use tollgate::authorizer::{AnswerForm, Authorizer, AuthorizerSettings};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::ManualClock;

use crate::deployment::tables::{KEY, Tables, event};

type TestAuthorizer = Authorizer<DynamoStore, ManualClock>;

async fn start(settings: AuthorizerSettings) -> (Tables, TestAuthorizer) {
    let tables = Tables::start().await;
    tables.sell_a_plan().await;
    let authorizer = Authorizer::new(tables.limiter(), settings);
    (tables, authorizer)
}

async fn ask(authorizer: &TestAuthorizer, event: &Value) -> Value {
    authorizer.answer(event).await.unwrap()
}

fn sample(name: &str) -> Value {
    serde_json::from_str(&event(name)).unwrap()
}

fn effect(answer: &Value) -> &str {
    answer["policyDocument"]["Statement"][0]["Effect"]
        .as_str()
        .unwrap()
}

#[tokio::test]
async fn every_kind_of_event_with_a_policy_as_its_answer_lets_a_good_key_pass() {
    let (_tables, authorizer) = start(AuthorizerSettings::default()).await;
    let events = [
        "authorizer-rest-token.json",
        "authorizer-rest-request.json",
        "authorizer-http-v1.json",
        "authorizer-websocket-connect.json",
    ];
    for (used, name) in (1..).zip(events) {
        let event = sample(name);
        let answer = ask(&authorizer, &event).await;
        let expected = json!({
            "principalId": "client",
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": event["methodArn"],
                }],
            },
            "context": {
                "keyId": "client",
                "planId": "bronze",
                "customerId": "customer-7",
                "remaining": 1_000 - used,
            },
        });
        assert_eq!(answer, expected, "{name}");
    }
}

#[tokio::test]
async fn the_format_2_0_is_answered_as_the_api_has_been_told() {
    let (_tables, authorizer) = start(AuthorizerSettings::default()).await;
    let event = sample("authorizer-http-v2.json");
    let context = |remaining: u64| {
        json!({
            "keyId": "client",
            "planId": "bronze",
            "customerId": "customer-7",
            "remaining": remaining,
        })
    };
    assert_eq!(
        ask(&authorizer, &event).await,
        json!({"isAuthorized": true, "context": context(999)})
    );
    let (_tables, authorizer) = start(AuthorizerSettings {
        answer: AnswerForm::Policy,
        ..AuthorizerSettings::default()
    })
    .await;
    let answer = ask(&authorizer, &event).await;
    assert_eq!(effect(&answer), "Allow");
    assert_eq!(
        answer["policyDocument"]["Statement"][0]["Resource"],
        event["routeArn"]
    );
    assert_eq!(answer["context"], context(999));
}

#[tokio::test]
async fn a_denial_is_an_answer_that_says_why() {
    let (_tables, authorizer) = start(AuthorizerSettings::default()).await;
    let answer = ask(&authorizer, &sample("authorizer-http-v2-without-key.json")).await;
    let expected = json!({"isAuthorized": false, "context": {"reason": "missing_key"}});
    assert_eq!(answer, expected);
    let answer = ask(&authorizer, &sample("authorizer-rest-token-unknown.json")).await;
    assert_eq!(effect(&answer), "Deny");
    assert_eq!(answer["principalId"], "anonymous");
    assert_eq!(answer["context"], json!({"reason": "unknown_key"}));
    assert_eq!(answer.get("usageIdentifierKey"), None);
}

#[tokio::test]
async fn the_limits_of_the_plan_hold_and_the_denial_says_when_to_come_back() {
    let (tables, authorizer) = start(AuthorizerSettings::default()).await;
    let event = sample("authorizer-rest-request.json");
    for _ in 0..100 {
        assert_eq!(effect(&ask(&authorizer, &event).await), "Allow");
    }
    let throttled = ask(&authorizer, &event).await;
    assert_eq!(effect(&throttled), "Deny");
    assert_eq!(
        throttled["context"],
        json!({"reason": "throttled", "keyId": "client", "planId": "bronze", "retryAfter": 1})
    );
    for _ in 0..9 {
        tables.clock.advance(Duration::from_secs(1));
        for _ in 0..100 {
            assert_eq!(effect(&ask(&authorizer, &event).await), "Allow");
        }
    }
    tables.clock.advance(Duration::from_secs(1));
    let used_up = ask(&authorizer, &event).await;
    assert_eq!(used_up["context"]["reason"], "quota_exceeded");
    assert!(used_up["context"]["retryAfter"].as_u64().unwrap() > 86_400);
}

#[tokio::test]
async fn a_store_that_does_not_answer_denies() {
    let (tables, authorizer) = start(AuthorizerSettings::default()).await;
    tables.proxy.inject("GetItem", Fault::ServerError, 8);
    let answer = ask(&authorizer, &sample("authorizer-http-v2.json")).await;
    let expected = json!({
        "isAuthorized": false,
        "context": {"reason": "store_failed", "retryAfter": 1},
    });
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn the_value_of_the_key_is_handed_on_only_where_that_is_asked_for() {
    let (_tables, authorizer) = start(AuthorizerSettings {
        hands_on_key: true,
        ..AuthorizerSettings::default()
    })
    .await;
    let answer = ask(&authorizer, &sample("authorizer-rest-token.json")).await;
    assert_eq!(answer["usageIdentifierKey"], KEY);
    let denied = ask(&authorizer, &sample("authorizer-rest-token-unknown.json")).await;
    assert_eq!(denied.get("usageIdentifierKey"), None);
}

#[tokio::test]
async fn two_keys_in_one_request_are_none() {
    let (_tables, authorizer) = start(AuthorizerSettings::default()).await;
    let mut event = sample("authorizer-rest-request.json");
    event["multiValueHeaders"]["x-api-key"] = json!([KEY, "another-key-of-the-same-client"]);
    let answer = ask(&authorizer, &event).await;
    assert_eq!(answer["context"], json!({"reason": "unknown_key"}));
}

#[tokio::test]
async fn what_says_no_stage_is_denied_and_what_is_no_question_is_no_answer() {
    let (_tables, authorizer) = start(AuthorizerSettings::default()).await;
    let arn =
        json!({"type": "TOKEN", "methodArn": "arn:aws:execute-api", "authorizationToken": KEY});
    let answer = ask(&authorizer, &arn).await;
    assert_eq!(answer["context"], json!({"reason": "not_in_plan"}));
    let mistyped = json!({"type": "TOKEN", "methodArn": arn, "authorizationToken": [KEY]});
    for event in [
        sample("users-create.json"),
        sample("rest-create.json"),
        mistyped,
        json!(KEY),
        json!({}),
    ] {
        let error = authorizer.answer(&event).await.unwrap_err().to_string();
        assert!(error.contains("as the authorizer of an API"), "{error}");
        assert!(!error.contains(KEY), "{error}");
    }
}
