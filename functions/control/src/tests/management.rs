//! The management API on the function URL.

use serde_json::{Value, json};

use super::test_app::{TestApp, event};

fn call(method: &str, path: &str, body: Option<&Value>) -> Value {
    let mut call = event("control-management-list-keys");
    call["rawPath"] = json!(path);
    call["rawQueryString"] = json!("");
    call["requestContext"]["http"]["method"] = json!(method);
    call["body"] = json!(body.map(Value::to_string));
    call
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn the_sample_event_lists_the_keys() {
    let app = TestApp::start().await;
    let (_, key) = app.plan_and_key().await;
    let answer = app
        .handle(event("control-management-list-keys"))
        .await
        .unwrap();
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["headers"]["content-type"], "application/json");
    assert_eq!(answer["isBase64Encoded"], false);
    let keys = body(&answer);
    assert_eq!(keys["item"][0]["id"], json!(key));
    assert!(keys["item"][0].get("value").is_none());
}

#[tokio::test]
async fn a_call_without_an_identity_is_forbidden_and_does_nothing() {
    let app = TestApp::start().await;
    let answer = app
        .handle(event("control-management-unsigned"))
        .await
        .unwrap();
    assert_eq!(answer["statusCode"], 403);
    assert_eq!(
        answer["headers"]["x-amzn-errortype"],
        "AccessDeniedException"
    );
    let mut create = call("POST", "/apikeys", Some(&json!({ "name": "k" })));
    create["requestContext"]["authorizer"] = json!({});
    assert_eq!(app.handle(create).await.unwrap()["statusCode"], 403);
    assert_eq!(app.counts().await, (0, 0));
}

#[tokio::test]
async fn on_a_laptop_calls_may_be_allowed_without_an_identity() {
    let app = TestApp::start_with(|config| config.allow_unsigned = true).await;
    let answer = app
        .handle(event("control-management-unsigned"))
        .await
        .unwrap();
    assert_eq!(answer["statusCode"], 200);
}

#[tokio::test]
async fn a_key_is_made_changed_and_deleted() {
    let app = TestApp::start().await;
    let new = json!({ "name": "jane", "enabled": true });
    let made = app
        .handle(call("POST", "/apikeys", Some(&new)))
        .await
        .unwrap();
    assert_eq!(made["statusCode"], 201);
    let made = body(&made);
    assert!(made["value"].as_str().unwrap().starts_with("tg_d_"));
    let path = format!("/apikeys/{}", made["id"].as_str().unwrap());
    let patch =
        json!({ "patchOperations": [{ "op": "replace", "path": "/enabled", "value": "false" }] });
    let changed = app
        .handle(call("PATCH", &path, Some(&patch)))
        .await
        .unwrap();
    assert_eq!(body(&changed)["enabled"], false);
    let deleted = app.handle(call("DELETE", &path, None)).await.unwrap();
    assert_eq!(
        (&deleted["statusCode"], &deleted["body"]),
        (&json!(202), &json!(""))
    );
    let gone = app.handle(call("GET", &path, None)).await.unwrap();
    assert_eq!(gone["statusCode"], 404);
    assert_eq!(gone["headers"]["x-amzn-errortype"], "NotFoundException");
}

#[tokio::test]
async fn where_values_are_not_kept_one_is_shown_once() {
    let app = TestApp::start_with(|config| config.keep_values = false).await;
    let new = json!({ "name": "jane" });
    let made = body(
        &app.handle(call("POST", "/apikeys", Some(&new)))
            .await
            .unwrap(),
    );
    assert!(made["value"].is_string());
    let mut get = call(
        "GET",
        &format!("/apikeys/{}", made["id"].as_str().unwrap()),
        None,
    );
    get["rawQueryString"] = json!("includeValue=true");
    let read = body(&app.handle(get).await.unwrap());
    assert_eq!(read["name"], "jane");
    assert!(read.get("value").is_none());
}

#[tokio::test]
async fn a_body_in_base64_and_an_escaped_path_are_read() {
    let app = TestApp::start().await;
    let (_, key) = app.plan_and_key().await;
    let path = format!("/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapikeys%2F{key}");
    let mut tag = call("PUT", &path, None);
    tag["body"] = json!("eyJ0YWdzIjp7ImEiOiIxIn19");
    tag["isBase64Encoded"] = json!(true);
    assert_eq!(app.handle(tag).await.unwrap()["statusCode"], 204);
    assert_eq!(app.key(&key).await.unwrap().tags["a"], "1");
    let mut broken = call("PUT", &path, None);
    broken["body"] = json!("no base64!");
    broken["isBase64Encoded"] = json!(true);
    assert_eq!(app.handle(broken).await.unwrap()["statusCode"], 400);
}
