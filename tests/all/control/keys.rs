//! API keys.

use std::time::Duration;

use serde_json::{Value, json};

use super::{App, members, next_page, patch};

const VALUE: &str = "a-value-of-twenty-characters";

#[tokio::test]
async fn a_new_key_is_disabled_and_has_an_id_and_a_value_of_its_own() {
    let app = App::start().await;
    let key = app
        .ok(201, "POST", "/apikeys", json!({"name": "joe-black"}))
        .await;
    let known = [
        "createdDate",
        "enabled",
        "id",
        "lastUpdatedDate",
        "name",
        "stageKeys",
        "value",
    ];
    assert_eq!(members(&key), known.into());
    assert_eq!(key["enabled"], false);
    assert_eq!(key["createdDate"], 1_795_435_200);
    assert_eq!(key["lastUpdatedDate"], 1_795_435_200);
    assert_eq!(key["stageKeys"], json!([]));
    assert_eq!(key["id"].as_str().unwrap().len(), 10);
    assert!(key["value"].as_str().unwrap().starts_with("tg_t_"));
    assert_ne!(key["id"], key["value"]);
}

#[tokio::test]
async fn tags_and_values_show_where_api_gateway_shows_them() {
    let app = App::start().await;
    let body = json!({"value": VALUE, "tags": {"team": "blue"}, "stageKeys": [{"restApiId": "a", "stageName": "dev"}]});
    let key = app.ok(201, "POST", "/apikeys", body).await;
    assert_eq!(key["tags"], json!({"team": "blue"}));
    assert_eq!(key["stageKeys"], json!(["a/dev"]));
    assert!(key.get("name").is_none());
    let path = format!("/apikeys/{}", key["id"].as_str().unwrap());

    let shown = app.ok(200, "GET", &path, Value::Null).await;
    assert!(shown.get("value").is_none());
    assert_eq!(shown["tags"], json!({"team": "blue"}));
    let with_value = format!("{path}?includeValue=true");
    let shown = app.ok(200, "GET", &with_value, Value::Null).await;
    assert_eq!(shown["value"], VALUE);

    let listed = app.ok(200, "GET", "/apikeys", Value::Null).await;
    assert!(listed["item"][0].get("value").is_none());
    assert!(listed["item"][0].get("tags").is_none());
    let with_values = "/apikeys?includeValues=true";
    let listed = app.ok(200, "GET", with_values, Value::Null).await;
    assert_eq!(listed["item"][0]["value"], VALUE);

    let change = patch("replace", "/enabled", "true");
    let changed = app.ok(200, "PATCH", &path, change).await;
    assert!(changed.get("value").is_none());
    assert_eq!(changed["enabled"], true);
    assert_eq!(changed["tags"], json!({"team": "blue"}));
}

#[tokio::test]
async fn a_changed_key_keeps_what_was_not_changed() {
    let app = App::start().await;
    let body = json!({"name": "joe", "description": "d", "customerId": "c", "enabled": true});
    let key = app.ok(201, "POST", "/apikeys", body).await;
    let path = format!("/apikeys/{}", key["id"].as_str().unwrap());
    app.clock.advance(Duration::from_secs(5));
    let change = patch("replace", "/description", "");
    let changed = app.ok(200, "PATCH", &path, change).await;
    assert!(changed.get("description").is_none());
    assert_eq!(changed["name"], "joe");
    assert_eq!(changed["customerId"], "c");
    assert_eq!(changed["enabled"], true);
    assert_eq!(changed["tags"], json!({}));
    assert_eq!(changed["createdDate"], 1_795_435_200);
    assert_eq!(changed["lastUpdatedDate"], 1_795_435_205);
}

#[tokio::test]
async fn keys_are_listed_newest_first_page_by_page() {
    let app = App::start().await;
    for name in ["a1", "b1", "a2", "a3"] {
        let body = json!({"name": name, "customerId": format!("c-{name}")});
        app.ok(201, "POST", "/apikeys", body).await;
        app.clock.advance(Duration::from_secs(1));
    }
    let names = |list: &Value| -> Vec<String> {
        let item = list["item"].as_array().unwrap();
        item.iter()
            .map(|key| key["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = app.ok(200, "GET", "/apikeys", Value::Null).await;
    assert_eq!(names(&all), ["a3", "a2", "b1", "a1"]);
    assert!(all.get("position").is_none());

    let first = app.ok(200, "GET", "/apikeys?limit=2", Value::Null).await;
    assert_eq!(names(&first), ["a3", "a2"]);
    let path = next_page("/apikeys?limit=2", &first);
    let last = app.ok(200, "GET", &path, Value::Null).await;
    assert_eq!(names(&last), ["b1", "a1"]);
    assert!(last.get("position").is_none());

    for (query, found) in [
        ("name=a", vec!["a3", "a2", "a1"]),
        ("name=A", vec![]),
        ("name=1", vec![]),
        ("customerId=c-b1", vec!["b1"]),
        ("customerId=c", vec![]),
        ("limit=-1", vec![]),
        ("limit=0", vec![]),
        ("limit=1000", vec!["a3", "a2", "b1", "a1"]),
    ] {
        let path = format!("/apikeys?{query}");
        let list = app.ok(200, "GET", &path, Value::Null).await;
        assert_eq!(names(&list), found, "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_done_with_keys_is_refused_with_the_text_of_api_gateway() {
    let app = App::start().await;
    let key = app
        .ok(201, "POST", "/apikeys", json!({"value": VALUE}))
        .await;
    let path = format!("/apikeys/{}", key["id"].as_str().unwrap());
    let unknown = "Invalid API Key identifier specified";
    let replace = |path: &str| patch("replace", path, "x");
    let cases = [
        (
            "GET",
            "/apikeys/none",
            Value::Null,
            404,
            "NotFoundException",
            unknown,
        ),
        (
            "DELETE",
            "/apikeys/none",
            Value::Null,
            404,
            "NotFoundException",
            unknown,
        ),
        (
            "PATCH",
            "/apikeys/none",
            replace("/name"),
            404,
            "NotFoundException",
            unknown,
        ),
        (
            "POST",
            "/apikeys",
            json!({"value": VALUE}),
            409,
            "ConflictException",
            "API Key already exists",
        ),
        (
            "POST",
            "/apikeys",
            json!({"value": "short"}),
            400,
            "BadRequestException",
            "API Key value should be at least 20 characters",
        ),
        (
            "PATCH",
            &path,
            replace("/id"),
            400,
            "BadRequestException",
            "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]",
        ),
        (
            "PATCH",
            &path,
            patch("set", "/name", "x"),
            400,
            "ValidationException",
            "1 validation error detected: Value 'set' at 'updateApiKeyInput.patchOperations.1.member.op' failed to satisfy constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]",
        ),
        (
            "POST",
            "/apikeys",
            json!({"name": true}),
            400,
            "SerializationException",
            "class java.lang.Boolean can not be converted to an String",
        ),
        (
            "GET",
            "/apikeys?position=nowhere",
            Value::Null,
            400,
            "BadRequestException",
            "the position is not one that a page of this list ended with",
        ),
    ];
    for (method, path, body, status, error_type, text) in cases {
        let error = app.refused(method, path, body).await;
        let expected = (status, error_type.to_owned(), text.to_owned());
        assert_eq!(error, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn a_deleted_key_is_gone_and_its_value_free() {
    let app = App::start().await;
    let body = json!({"value": VALUE});
    let key = app.ok(201, "POST", "/apikeys", body.clone()).await;
    let path = format!("/apikeys/{}", key["id"].as_str().unwrap());
    assert_eq!(app.ok(202, "DELETE", &path, Value::Null).await, Value::Null);
    assert_eq!(app.refused("GET", &path, Value::Null).await.0, 404);
    app.ok(201, "POST", "/apikeys", body).await;
}
