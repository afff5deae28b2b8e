//! Deployments, stages, and the plans that cover them.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate::id::{ApiStage, PlanId};
use tollgate::plan::CoveredStage;
use tollgate::store::{Ledger, NewPlan, PageRequest, PlanRegistry};

use super::{Api, bad, text};
use crate::control::{App, NOW, patch};

#[tokio::test]
async fn an_api_that_could_not_answer_is_not_deployed() {
    let app = App::start().await;
    let api = Api::create(&app).await;
    api.refused(
        "POST",
        "/deployments",
        json!({}),
        bad("The REST API doesn't contain any methods"),
    )
    .await;
    api.mock_method("GET").await;
    app.ok(
        201,
        "PUT",
        &api.method("/POST"),
        json!({"authorizationType": "NONE"}),
    )
    .await;
    api.refused(
        "POST",
        "/deployments",
        json!({}),
        bad("No integration defined for method"),
    )
    .await;
}

#[tokio::test]
async fn a_deployment_keeps_what_was_deployed() {
    let app = App::start().await;
    let api = Api::with_method(&app).await;
    let first = api
        .deploy(json!({"stageName": "dev", "description": "first"}))
        .await;
    app.ok(
        200,
        "PATCH",
        &api.method("/GET"),
        patch("replace", "/apiKeyRequired", "true"),
    )
    .await;
    let second = api
        .deploy(json!({"stageName": "dev", "stageDescription": "mine", "variables": {"a": "b"}}))
        .await;
    assert_ne!(first, second);

    let summary = async |id: &str| {
        let path = api.path(&format!("/deployments/{id}?embed=apisummary"));
        app.ok(200, "GET", &path, Value::Null).await
    };
    assert_eq!(
        summary(&first).await,
        json!({
            "id": first,
            "description": "first",
            "createdDate": 1_795_435_200,
            "apiSummary": {"/": {"GET": {"authorizationType": "NONE", "apiKeyRequired": false}}},
        })
    );
    assert_eq!(
        summary(&second).await["apiSummary"]["/"]["GET"]["apiKeyRequired"],
        true
    );

    let stage = app
        .ok(200, "GET", &api.path("/stages/dev"), Value::Null)
        .await;
    assert_eq!(
        stage,
        json!({
            "stageName": "dev",
            "deploymentId": second,
            "description": "mine",
            "cacheClusterEnabled": false,
            "cacheClusterStatus": "NOT_AVAILABLE",
            "methodSettings": {},
            "variables": {"a": "b"},
            "tracingEnabled": false,
            "createdDate": 1_795_435_200,
            "lastUpdatedDate": 1_795_435_200,
        })
    );
    let deployment = format!("/deployments/{second}");
    api.refused(
        "DELETE",
        &deployment,
        Value::Null,
        bad("Active stages pointing to this deployment must be moved or deleted"),
    )
    .await;
    app.ok(
        202,
        "DELETE",
        &api.path(&format!("/deployments/{first}")),
        Value::Null,
    )
    .await;
    let list = app
        .ok(200, "GET", &api.path("/deployments"), Value::Null)
        .await;
    assert_eq!(list["item"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn stages_are_filtered_by_their_deployment() {
    let app = App::start().await;
    let api = Api::with_method(&app).await;
    let first = api.deploy(json!({"stageName": "dev"})).await;
    let second = api.deploy(json!({"stageName": "prod"})).await;
    for (id, name) in [(first, "dev"), (second, "prod")] {
        let path = api.path(&format!("/stages?deploymentId={id}"));
        let list = app.ok(200, "GET", &path, Value::Null).await;
        let names: Vec<&Value> = list["item"]
            .as_array()
            .unwrap()
            .iter()
            .map(|stage| &stage["stageName"])
            .collect();
        assert_eq!(names, [name]);
    }
}

#[tokio::test]
async fn a_stage_is_created_changed_and_flushed() {
    let app = App::start().await;
    let api = Api::with_method(&app).await;
    let id = api.deploy(json!({})).await;
    let body = json!({"stageName": "s1", "deploymentId": id, "description": "my stage", "tags": {"a": "b"}});
    let stage = app
        .ok(201, "POST", &api.path("/stages"), body.clone())
        .await;
    assert_eq!(stage["tags"], json!({"a": "b"}));
    api.refused(
        "POST",
        "/stages",
        body,
        (409, "ConflictException", "Stage already exists"),
    )
    .await;
    let nowhere = json!({"stageName": "s2", "deploymentId": "nothing"});
    api.refused(
        "POST",
        "/stages",
        nowhere,
        bad("Deployment id does not exist"),
    )
    .await;

    let changed = app
        .ok(
            200,
            "PATCH",
            &api.path("/stages/s1"),
            json!({"patchOperations": [
                {"op": "replace", "path": "/description", "value": "stage new"},
                {"op": "replace", "path": "/variables/var1", "value": "test"},
                {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "123"},
                {"op": "replace", "path": "/tracingEnabled", "value": "true"},
                {"op": "replace", "path": "/accessLogSettings/format", "value": "$context.requestId"},
            ]}),
        )
        .await;
    assert_eq!(changed["description"], "stage new");
    assert_eq!(changed["variables"], json!({"var1": "test"}));
    assert_eq!(changed["tracingEnabled"], true);
    assert_eq!(
        changed["accessLogSettings"],
        json!({"format": "$context.requestId"})
    );
    assert_eq!(
        changed["methodSettings"],
        json!({"*/*": {
            "cacheDataEncrypted": false,
            "cacheTtlInSeconds": 300,
            "cachingEnabled": false,
            "dataTraceEnabled": false,
            "metricsEnabled": false,
            "requireAuthorizationForCacheControl": true,
            "throttlingBurstLimit": 123,
            "throttlingRateLimit": 10_000.0,
            "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
        }})
    );
    // One patch that is refused leaves the others undone.
    let half = json!({"patchOperations": [
        {"op": "replace", "path": "/description", "value": "half"},
        {"op": "replace", "path": "/nothing", "value": "a"},
    ]});
    let (status, _, message) = app.refused("PATCH", &api.path("/stages/s1"), half).await;
    assert_eq!(status, 400);
    assert!(
        message
            .starts_with("Invalid method setting path: /nothing. Must be one of: [/deploymentId,")
    );
    let stage = app
        .ok(200, "GET", &api.path("/stages/s1"), Value::Null)
        .await;
    assert_eq!(stage["description"], "stage new");

    for cache in ["data", "authorizers"] {
        let path = format!("/stages/s1/cache/{cache}");
        app.ok(202, "DELETE", &api.path(&path), Value::Null).await;
    }
    let unknown = (
        404,
        "NotFoundException",
        "Invalid Stage identifier specified",
    );
    api.refused("DELETE", "/stages/s2/cache/data", Value::Null, unknown)
        .await;
    api.refused("GET", "/stages/s2", Value::Null, unknown).await;
}

#[tokio::test]
async fn a_canary_needs_a_stage_and_leaves_its_deployment_alone() {
    let app = App::start().await;
    let api = Api::with_method(&app).await;
    let canary = json!({"percentTraffic": 50, "stageVariableOverrides": {"v": "canary"}});
    for (body, message) in [
        (
            json!({"canarySettings": canary}),
            "Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is null",
        ),
        (
            json!({"canarySettings": canary, "stageName": ""}),
            "Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is ",
        ),
        (
            json!({"canarySettings": canary, "stageName": "dev"}),
            "Invalid deployment content specified.Stage dev must already be created before making a canary release deployment",
        ),
    ] {
        api.refused("POST", "/deployments", body, bad(message))
            .await;
    }
    let first = api.deploy(json!({"stageName": "dev"})).await;
    let second = api
        .deploy(json!({"stageName": "dev", "canarySettings": canary}))
        .await;
    let stage = app
        .ok(200, "GET", &api.path("/stages/dev"), Value::Null)
        .await;
    assert_eq!(stage["deploymentId"], json!(first));
    assert_eq!(
        stage["canarySettings"],
        json!({
            "deploymentId": second,
            "percentTraffic": 50.0,
            "stageVariableOverrides": {"v": "canary"},
            "useStageCache": false,
        })
    );
}

/// A plan that covers these stages.
async fn plan(app: &App, id: &str, stages: &[ApiStage]) -> PlanId {
    let plan = NewPlan {
        id: Some(PlanId::from(id)),
        name: id.to_owned(),
        description: None,
        product_code: None,
        throttle: None,
        quota: None,
        stages: stages
            .iter()
            .map(|api_stage| CoveredStage {
                api_stage: api_stage.clone(),
                method_throttles: BTreeMap::new(),
            })
            .collect(),
        tags: BTreeMap::new(),
    };
    app.store.create_plan(&plan, NOW).await.unwrap().id
}

async fn stages_of(app: &App, plan: &PlanId) -> Vec<ApiStage> {
    let plan = app.store.plan(plan).await.unwrap().unwrap();
    let stages = plan.stages.into_iter();
    stages.map(|covered| covered.api_stage).collect()
}

#[tokio::test]
async fn plans_lose_a_stage_that_is_deleted_and_keep_the_others() {
    let app = App::start().await;
    let api = Api::with_method(&app).await;
    api.deploy(json!({"stageName": "dev"})).await;
    api.deploy(json!({"stageName": "prod"})).await;
    let [dev, prod] = ["dev", "prod"].map(|name| ApiStage::new(api.id.as_str(), name));
    let both = plan(&app, "both00", &[dev.clone(), prod.clone()]).await;
    let one = plan(&app, "one000", std::slice::from_ref(&dev)).await;

    app.ok(202, "DELETE", &api.path("/stages/dev"), Value::Null)
        .await;
    assert_eq!(stages_of(&app, &both).await, std::slice::from_ref(&prod));
    assert_eq!(stages_of(&app, &one).await, []);
    // A new stage of the same name is not in the plans.
    api.deploy(json!({"stageName": "dev"})).await;
    assert_eq!(stages_of(&app, &one).await, []);

    app.ok(202, "DELETE", &api.path(""), Value::Null).await;
    assert_eq!(stages_of(&app, &both).await, []);
    let (status, _, _) = app.refused("GET", &api.path(""), Value::Null).await;
    assert_eq!(status, 404);
    let request = PageRequest {
        limit: 10,
        after: None,
    };
    let left = app.store.plans_of_stage(&prod, &request).await.unwrap();
    assert!(left.entries.is_empty());
}

#[tokio::test]
async fn changes_of_one_api_at_the_same_time_all_take_place() {
    let app = App::start().await;
    let api = Api::create(&app).await;
    let path = api.path(&format!("/resources/{}", api.root_id));
    let parts: Vec<String> = (0..12).map(|index| format!("part{index}")).collect();
    let mut changes = JoinSet::new();
    for part in &parts {
        let control = app.control.clone();
        let request = Request::post(&path)
            .body(Bytes::from(json!({"pathPart": part}).to_string()))
            .unwrap();
        changes.spawn(async move { control.answer(request).await.status() });
    }
    for status in changes.join_all().await {
        assert_eq!(status, 201);
    }
    let list = app
        .ok(200, "GET", &api.path("/resources?limit=500"), Value::Null)
        .await;
    let paths: Vec<String> = list["item"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| text(entry, "path"))
        .collect();
    assert_eq!(paths.len(), 13);
    for part in parts {
        assert!(paths.contains(&format!("/{part}")));
    }
}
