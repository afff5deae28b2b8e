//! Usage plans and their keys.

use std::time::Duration;

use serde_json::{Value, json};
use tollgate::control::UnmanagedStages;
use tollgate::id::ApiStage;

use super::{App, members, next_page, patch};

/// The id of a new plan.
pub(super) async fn plan(app: &App, body: Value) -> String {
    let plan = app.ok(201, "POST", "/usageplans", body).await;
    plan["id"].as_str().unwrap().to_owned()
}

/// The id of a new key.
pub(super) async fn key(app: &App, name: &str) -> String {
    let body = json!({"name": name, "enabled": true});
    let key = app.ok(201, "POST", "/apikeys", body).await;
    key["id"].as_str().unwrap().to_owned()
}

/// Puts a key into a plan.
pub(super) async fn join(app: &App, plan: &str, key: &str) -> Value {
    let body = json!({"keyId": key, "keyType": "API_KEY"});
    let path = format!("/usageplans/{plan}/keys");
    app.ok(201, "POST", &path, body).await
}

fn stages(list: &[&str]) -> Value {
    let stage = |text: &&str| {
        let (api_id, stage) = text.split_once(':').unwrap();
        json!({"apiId": api_id, "stage": stage})
    };
    list.iter().map(stage).collect()
}

#[tokio::test]
async fn a_plan_of_a_name_alone_has_no_limits() {
    let app = App::start().await;
    let created = app
        .ok(201, "POST", "/usageplans", json!({"name": "Free"}))
        .await;
    assert_eq!(members(&created), ["apiStages", "id", "name"].into());
    assert_eq!(created["apiStages"], json!([]));
    let id = created["id"].as_str().unwrap();
    assert_eq!(id.len(), 6);
    let path = format!("/usageplans/{id}");
    let shown = app.ok(200, "GET", &path, Value::Null).await;
    assert_eq!(members(&shown), ["apiStages", "id", "name", "tags"].into());
}

#[tokio::test]
async fn a_plan_is_shown_as_it_was_created() {
    let app = App::start().await;
    let body = json!({
        "name": "Gold",
        "description": "for many",
        "throttle": {"rateLimit": 2, "burstLimit": 10},
        "quota": {"limit": 1000, "period": "WEEK"},
        "apiStages": [{"apiId": "x", "stage": "dev", "throttle": {"/users/GET": {"rateLimit": 0.5, "burstLimit": 1}}}],
        "tags": {"team": "blue"},
    });
    let mut created = app.ok(201, "POST", "/usageplans", body).await;
    assert_eq!(created["throttle"]["rateLimit"].to_string(), "2.0");
    assert_eq!(
        created["quota"],
        json!({"limit": 1000, "offset": 0, "period": "WEEK"})
    );
    let path = format!("/usageplans/{}", created["id"].as_str().unwrap());
    let shown = app.ok(200, "GET", &path, Value::Null).await;
    assert_eq!(shown, created);
    let listed = app.ok(200, "GET", "/usageplans", Value::Null).await;
    created.as_object_mut().unwrap().remove("tags");
    assert_eq!(listed, json!({"item": [created]}));
}

#[tokio::test]
async fn a_change_of_several_operations_is_made_whole_or_not_at_all() {
    let app = App::start().await;
    let id = plan(
        &app,
        json!({"name": "Bronze", "apiStages": stages(&["x:dev"])}),
    )
    .await;
    let path = format!("/usageplans/{id}");
    let operations = |last: Value| {
        json!({"patchOperations": [
            {"op": "replace", "path": "/name", "value": "Silver"},
            {"op": "add", "path": "/productCode", "value": "c1"},
            {"op": "replace", "path": "/throttle/rateLimit", "value": "200"},
            {"op": "replace", "path": "/throttle/burstLimit", "value": "100"},
            {"op": "replace", "path": "/apiStages/x:dev/throttle//test/GET/rateLimit", "value": "10"},
            {"op": "replace", "path": "/apiStages/x:dev/throttle/~1test/GET/burstLimit", "value": "5"},
            last,
        ]})
    };
    let refused = json!({"op": "remove", "path": "/apiStages", "value": "x:prod"});
    let error = app.refused("PATCH", &path, operations(refused)).await;
    let text = format!("Invalid API Stage {{api: x, stage: prod}} specified for usageplan {id}");
    assert_eq!(error, (404, "NotFoundException".to_owned(), text));
    let unchanged = app.ok(200, "GET", &path, Value::Null).await;
    assert_eq!(unchanged["name"], "Bronze");

    let last = json!({"op": "add", "path": "/apiStages", "value": "x:prod"});
    let changed = app.ok(200, "PATCH", &path, operations(last)).await;
    let expected = json!({
        "id": id,
        "name": "Silver",
        "productCode": "c1",
        "throttle": {"rateLimit": 200.0, "burstLimit": 100},
        "apiStages": [
            {"apiId": "x", "stage": "dev", "throttle": {"/test/GET": {"rateLimit": 10.0, "burstLimit": 5}}},
            {"apiId": "x", "stage": "prod"},
        ],
        "tags": {},
    });
    assert_eq!(changed, expected);
    assert_eq!(app.ok(200, "GET", &path, Value::Null).await, expected);

    let remove = json!({"patchOperations": [{"op": "remove", "path": "/throttle"}]});
    let error = app.refused("PATCH", &path, remove).await;
    assert_eq!(
        error.2,
        "Can not define fine grain throttling if usage plan throttle is not defined."
    );
}

#[tokio::test]
async fn what_cannot_be_done_with_plans_is_refused_with_the_text_of_api_gateway() {
    let app = App::start().await;
    let id = plan(&app, json!({"name": "p", "apiStages": stages(&["x:dev"])})).await;
    let path = format!("/usageplans/{id}");
    let keys = format!("{path}/keys");
    let key = key(&app, "joe").await;
    let of_key = format!("{keys}/{key}");
    let no_plan = "Invalid Usage Plan ID specified";
    let no_key = "Invalid API Key identifier specified";
    let has_stages = format!(
        "Cannot delete Usage Plan {id} because there are API Stages associated with it, including x:dev"
    );
    let join = json!({"keyId": key, "keyType": "API_KEY"});
    let join_none = json!({"keyId": "none", "keyType": "API_KEY"});
    let rename = || patch("replace", "/name", "q");
    let not_found = (404, "NotFoundException");
    let bad_request = (400, "BadRequestException");
    let cases = [
        ("GET", "/usageplans/none", Value::Null, not_found, no_plan),
        ("PATCH", "/usageplans/none", rename(), not_found, no_plan),
        (
            "DELETE",
            "/usageplans/none",
            Value::Null,
            not_found,
            no_plan,
        ),
        ("DELETE", &path, Value::Null, bad_request, &has_stages),
        ("POST", "/usageplans/none/keys", join, not_found, no_plan),
        ("POST", &keys, join_none, not_found, no_key),
        ("GET", &of_key, Value::Null, not_found, no_plan),
        (
            "POST",
            "/usageplans",
            json!({"name": "p", "apiStages": [{"apiId": "x"}]}),
            bad_request,
            "Invalid API Stage {api: %s, stage: %s} specified for usageplan %s",
        ),
        (
            "PATCH",
            &path,
            json!({"patchOperations": [{"op": "remove", "path": "/apiStages"}]}),
            bad_request,
            "Invalid API Stage specified",
        ),
    ];
    for (method, path, body, (status, error_type), text) in cases {
        let error = app.refused(method, path, body).await;
        let expected = (status, error_type.to_owned(), text.to_owned());
        assert_eq!(error, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn a_plan_is_deleted_once_it_covers_no_stage_and_its_keys_stay() {
    let app = App::start().await;
    let id = plan(&app, json!({"name": "p", "apiStages": stages(&["x:dev"])})).await;
    let key = key(&app, "joe").await;
    join(&app, &id, &key).await;
    let path = format!("/usageplans/{id}");
    app.ok(200, "PATCH", &path, patch("remove", "/apiStages", "x:dev"))
        .await;
    assert_eq!(app.ok(202, "DELETE", &path, Value::Null).await, Value::Null);
    app.ok(200, "GET", &format!("/apikeys/{key}"), Value::Null)
        .await;
    let of_key = format!("/usageplans?keyId={key}");
    let plans = app.ok(200, "GET", &of_key, Value::Null).await;
    assert_eq!(plans, json!({"item": []}));
}

#[tokio::test]
async fn the_keys_of_a_plan_show_their_values_newest_first() {
    let app = App::start().await;
    let id = plan(&app, json!({"name": "p"})).await;
    let keys = format!("/usageplans/{id}/keys");
    let mut joined = Vec::new();
    for name in ["joe", "jim", "ann"] {
        let key = key(&app, name).await;
        let body = join(&app, &id, &key).await;
        assert_eq!(members(&body), ["id", "name", "type", "value"].into());
        assert_eq!(body["type"], "API_KEY");
        let shown = app
            .ok(200, "GET", &format!("{keys}/{key}"), Value::Null)
            .await;
        assert_eq!(shown, body);
        joined.insert(0, body);
        app.clock.advance(Duration::from_secs(1));
    }
    let all = app.ok(200, "GET", &keys, Value::Null).await;
    assert_eq!(all, json!({"item": joined}));
    let found = app
        .ok(200, "GET", &format!("{keys}?name=j"), Value::Null)
        .await;
    assert_eq!(found, json!({"item": joined[1..]}));
    let first = app
        .ok(200, "GET", &format!("{keys}?limit=1"), Value::Null)
        .await;
    assert_eq!(first["item"], json!(joined[..1]));
    assert!(first["position"].is_string());
    // Recorded from AWS: no error.
    let none = app
        .ok(200, "GET", "/usageplans/none/keys", Value::Null)
        .await;
    assert_eq!(none, json!({"item": []}));

    let of_ann = format!("{keys}/{}", joined[0]["id"].as_str().unwrap());
    app.ok(202, "DELETE", &of_ann, Value::Null).await;
    let all = app.ok(200, "GET", &keys, Value::Null).await;
    assert_eq!(all, json!({"item": joined[1..]}));
}

#[tokio::test]
async fn a_key_has_one_plan_for_each_stage() {
    let app = App::start().await;
    let dev = json!({"name": "p", "apiStages": stages(&["x:dev"])});
    let first = plan(&app, dev.clone()).await;
    let second = plan(&app, dev).await;
    let third = plan(&app, json!({"name": "q"})).await;
    let key = key(&app, "joe").await;
    join(&app, &first, &key).await;
    join(&app, &third, &key).await;
    let body = json!({"keyId": key, "keyType": "API_KEY"});
    let path = format!("/usageplans/{second}/keys");
    let (status, error_type, _) = app.refused("POST", &path, body).await;
    assert_eq!((status, error_type.as_str()), (409, "ConflictException"));
    let path = format!("/usageplans/{third}");
    let add = patch("add", "/apiStages", "x:dev");
    let (status, error_type, _) = app.refused("PATCH", &path, add).await;
    assert_eq!((status, error_type.as_str()), (409, "ConflictException"));

    let of_key = format!("/usageplans?keyId={key}&limit=1");
    let page = app.ok(200, "GET", &of_key, Value::Null).await;
    assert_eq!(page["item"][0]["id"], first.as_str());
    let rest = next_page(&of_key, &page);
    let page = app.ok(200, "GET", &rest, Value::Null).await;
    assert_eq!(page["item"][0]["id"], third.as_str());
    assert!(page.get("position").is_none());
    let nowhere = format!("{of_key}&position=nowhere");
    assert_eq!(app.refused("GET", &nowhere, Value::Null).await.0, 400);
}

#[tokio::test]
async fn a_stage_that_nobody_knows_is_not_found() {
    let known = ApiStage::new("http", "$default");
    let app = App::with(|settings| {
        settings.unmanaged_stages = UnmanagedStages::Known([known].into());
    })
    .await;
    let id = plan(
        &app,
        json!({"name": "p", "apiStages": stages(&["http:$default"])}),
    )
    .await;
    let expected = (
        404,
        "NotFoundException".to_owned(),
        "API Stage not found: http:dev".to_owned(),
    );
    let body = json!({"name": "p", "apiStages": stages(&["http:dev"])});
    assert_eq!(app.refused("POST", "/usageplans", body).await, expected);
    let path = format!("/usageplans/{id}");
    let add = patch("add", "/apiStages", "http:dev");
    assert_eq!(app.refused("PATCH", &path, add).await, expected);
}

#[tokio::test]
async fn aws_limits_hold_where_they_are_asked_for() {
    let app = App::with(|settings| settings.aws_limits = true).await;
    let key = key(&app, "joe").await;
    let mut last = String::new();
    for number in 0..11 {
        last = plan(&app, json!({"name": format!("p{number}")})).await;
        if number < 10 {
            join(&app, &last, &key).await;
        }
    }
    let path = format!("/usageplans/{last}/keys");
    let body = json!({"keyId": key, "keyType": "API_KEY"});
    let (status, error_type, _) = app.refused("POST", &path, body).await;
    assert_eq!(
        (status, error_type.as_str()),
        (429, "LimitExceededException")
    );
    for number in 11..300 {
        plan(&app, json!({"name": format!("p{number}")})).await;
    }
    let answer = app
        .send("POST", "/usageplans", json!({"name": "p300"}))
        .await;
    assert_eq!(answer.error().1, "LimitExceededException");
    assert!(answer.headers.contains_key("retry-after"));
}
