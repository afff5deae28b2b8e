//! Keys, plans and tags of APIs that Tollgate manages.

use serde_json::{Value, json};
use tollgate::bucket::{Rate, Throttle};
use tollgate::id::ApiId;
use tollgate::rest_api::{ApiRecord, Snapshot};
use tollgate::store::{ApiRegistry, StoredApi};

use super::plans::plan;
use super::{App, patch};

/// Puts an API with `GET /users` and its stage `dev` into the store.
async fn deploy(app: &App, id: &str) {
    let record = ApiRecord {
        api: serde_json::from_value(json!({
            "id": id,
            "name": "users",
            "createdDate": 0,
            "apiKeySource": "HEADER",
            "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"},
            "disableExecuteApiEndpoint": false,
            "rootResourceId": "root",
            "apiStatus": "AVAILABLE",
        }))
        .unwrap(),
        definition: serde_json::from_value(json!({"resources": {
            "root": {"id": "root", "path": "/"},
            "users": {"id": "users", "parentId": "root", "pathPart": "users", "path": "/users", "resourceMethods": {
                "GET": {"httpMethod": "GET", "authorizationType": "NONE", "apiKeyRequired": true},
            }},
            "any": {"id": "any", "parentId": "root", "pathPart": "any", "path": "/any", "resourceMethods": {
                "ANY": {"httpMethod": "ANY", "authorizationType": "NONE", "apiKeyRequired": true},
            }},
        }}))
        .unwrap(),
        deployments: [].into(),
        stages: [].into(),
    };
    app.store.create_rest_api(&record).await.unwrap();
    let before: StoredApi = app.store.rest_api(&ApiId::from(id)).await.unwrap().unwrap();
    let mut after = before.record.clone();
    let deployment = json!({"id": "d1", "createdDate": 0});
    let stage = json!({
        "deploymentId": "d1",
        "stageName": "dev",
        "cacheClusterEnabled": false,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": false,
        "createdDate": 0,
        "lastUpdatedDate": 0,
    });
    after.deployments = [("d1".to_owned(), serde_json::from_value(deployment).unwrap())].into();
    after.stages = [("dev".to_owned(), serde_json::from_value(stage).unwrap())].into();
    let snapshot = Snapshot {
        api: after.api.clone(),
        definition: after.definition.clone(),
    };
    app.store
        .save_rest_api(&before, &after, Some(("d1", &snapshot)))
        .await
        .unwrap();
}

fn body(stage: &str, methods: &[&str]) -> Value {
    let throttle: serde_json::Map<String, Value> = methods
        .iter()
        .map(|name| ((*name).to_owned(), json!({"rateLimit": 1, "burstLimit": 1})))
        .collect();
    json!({
        "name": "p",
        "throttle": {"rateLimit": 5, "burstLimit": 5},
        "apiStages": [{"apiId": "a1b2c3d4e5", "stage": stage, "throttle": throttle}],
    })
}

#[tokio::test]
async fn a_plan_covers_only_stages_that_a_managed_api_has() {
    let app = App::start().await;
    deploy(&app, "a1b2c3d4e5").await;
    let id = plan(&app, body("dev", &[])).await;
    let expected = (
        404,
        "NotFoundException".to_owned(),
        "API Stage not found: a1b2c3d4e5:prod".to_owned(),
    );
    let create = app.refused("POST", "/usageplans", body("prod", &[])).await;
    assert_eq!(create, expected);
    let add = patch("add", "/apiStages", "a1b2c3d4e5:prod");
    let update = app
        .refused("PATCH", &format!("/usageplans/{id}"), add)
        .await;
    assert_eq!(update, expected);
}

#[tokio::test]
async fn a_throttle_is_only_for_methods_that_the_stage_serves() {
    let app = App::start().await;
    deploy(&app, "a1b2c3d4e5").await;
    let id = plan(&app, body("dev", &["/users/GET", "/any/POST"])).await;
    let path = format!("/usageplans/{id}");
    for method in ["/users/POST", "/nothing/GET", "//GET"] {
        let (status, error_type, text) = app
            .refused("POST", "/usageplans", body("dev", &[method]))
            .await;
        assert_eq!((status, error_type.as_str()), (404, "NotFoundException"));
        let start = format!("Invalid method {method} ");
        assert!(text.starts_with(&start), "{text}");
        let place = format!("/apiStages/a1b2c3d4e5:dev/throttle/{method}/rateLimit");
        let (status, _, text) = app
            .refused("PATCH", &path, patch("replace", &place, "1"))
            .await;
        assert_eq!(status, 404);
        assert!(text.starts_with(&start), "{text}");
    }
    for method in ["any/GET", "*/*"] {
        let place = format!("/apiStages/a1b2c3d4e5:dev/throttle/{method}/rateLimit");
        app.ok(200, "PATCH", &path, patch("replace", &place, "1"))
            .await;
    }
}

#[tokio::test]
async fn tags_are_set_and_taken_away_whatever_carries_them() {
    let app = App::start().await;
    deploy(&app, "a1b2c3d4e5").await;
    let plan = plan(&app, json!({"name": "p", "tags": {"team": "red"}})).await;
    let key = app
        .ok(201, "POST", "/apikeys", json!({"tags": {"team": "red"}}))
        .await;
    let key = key["id"].as_str().unwrap();
    let paths = [
        (format!("/apikeys/{key}"), json!({"team": "red"})),
        (format!("/usageplans/{plan}"), json!({"team": "red"})),
        ("/restapis/a1b2c3d4e5".to_owned(), json!({})),
        ("/restapis/a1b2c3d4e5/stages/dev".to_owned(), json!({})),
    ];
    for (path, before) in paths {
        let arn = format!("arn:aws:apigateway:us-east-1::{path}");
        // As boto3 writes it, and as other clients do.
        let escaped = format!("/tags/{}", arn.replace(':', "%3A").replace('/', "%2F"));
        let plain = format!("/tags/{arn}");
        let tags = app.ok(200, "GET", &escaped, Value::Null).await;
        assert_eq!(tags, json!({"tags": before}), "{path}");
        let body = json!({"tags": {"team": "blue", "stage": "dev", "size": "l"}});
        assert_eq!(app.ok(204, "PUT", &escaped, body).await, Value::Null);
        let untag = format!("{plain}?tagKeys=stage&tagKeys=size&tagKeys=none");
        assert_eq!(
            app.ok(204, "DELETE", &untag, Value::Null).await,
            Value::Null
        );
        let tags = app.ok(200, "GET", &plain, Value::Null).await;
        assert_eq!(tags, json!({"tags": {"team": "blue"}}), "{path}");
        let shown = app.send("GET", &path, Value::Null).await;
        if shown.status == 200 {
            assert_eq!(shown.body["tags"], json!({"team": "blue"}), "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_has_no_tags() {
    let app = App::start().await;
    deploy(&app, "a1b2c3d4e5").await;
    let cases = [
        ("apikeys/none", "Invalid API Key identifier specified"),
        ("usageplans/none", "Invalid Usage Plan ID specified"),
        (
            "restapis/none",
            "Invalid API identifier specified 123456789012:none",
        ),
        (
            "restapis/a1b2c3d4e5/stages/none",
            "Invalid stage identifier specified",
        ),
    ];
    for (path, text) in cases {
        let arn = format!("/tags/arn:aws:apigateway:us-east-1::/{path}");
        let expected = (404, "NotFoundException".to_owned(), text.to_owned());
        assert_eq!(app.refused("GET", &arn, Value::Null).await, expected);
        let body = json!({"tags": {"team": "blue"}});
        assert_eq!(app.refused("PUT", &arn, body).await, expected);
        let untag = format!("{arn}?tagKeys=team");
        assert_eq!(app.refused("DELETE", &untag, Value::Null).await, expected);
    }
    let lambda = "/tags/arn:aws:lambda:us-east-1::function";
    assert_eq!(app.refused("GET", lambda, Value::Null).await.0, 400);
}

#[tokio::test]
async fn a_role_for_logs_is_kept_and_forgotten() {
    let app = App::start().await;
    let role = "arn:aws:iam::123456789012:role/logs";
    let set = patch("replace", "/cloudwatchRoleArn", role);
    let account = app.ok(200, "PATCH", "/account", set).await;
    assert_eq!(account["cloudwatchRoleArn"], role);
    assert_eq!(app.ok(200, "GET", "/account", Value::Null).await, account);
    assert_eq!(
        account["throttleSettings"],
        json!({"burstLimit": 5000, "rateLimit": 10000.0})
    );
    let raised = App::with(|settings| {
        settings.account_limit = Throttle {
            rate: Rate::from(20_000),
            burst: 7,
        };
    });
    let account_raised = raised.await.ok(200, "GET", "/account", Value::Null).await;
    assert_eq!(
        account_raised["throttleSettings"],
        json!({"burstLimit": 7, "rateLimit": 20000.0})
    );
    let features = patch("add", "/features", "UsagePlans");
    assert_eq!(app.ok(200, "PATCH", "/account", features).await, account);
    let forget = patch("replace", "/cloudwatchRoleArn", "");
    let account = app.ok(200, "PATCH", "/account", forget).await;
    assert!(account.get("cloudwatchRoleArn").is_none());
    assert_eq!(app.ok(200, "GET", "/account", Value::Null).await, account);
    let other = patch("replace", "/throttleSettings/rateLimit", "1");
    assert_eq!(app.refused("PATCH", "/account", other).await.0, 400);
    let no_arn = patch("replace", "/cloudwatchRoleArn", "logs");
    assert_eq!(app.refused("PATCH", "/account", no_arn).await.0, 400);
}
