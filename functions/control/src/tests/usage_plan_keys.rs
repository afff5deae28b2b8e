//! `Custom::UsagePlanKey`.

use serde_json::{Value, json};
use tollgate::store::PlanRegistry as _;

use super::test_app::{NOW, TestApp, delete, event, update, with};

/// A plan, a key, and the event that puts one into the other.
async fn start() -> (TestApp, String, String, Value) {
    let app = TestApp::start().await;
    let (plan, key) = app.plan_and_key().await;
    let join = with(
        &event("control-usage-plan-key-create"),
        &json!({ "UsagePlanId": plan, "KeyId": key }),
    );
    (app, plan, key, join)
}

impl TestApp {
    async fn is_in(&self, key: &str, plan: &str) -> bool {
        let plan_ids = self.key(key).await.unwrap().plan_ids;
        plan_ids.iter().any(|id| id.as_str() == plan)
    }

    /// Another plan, for another stage.
    async fn other_plan(&self) -> String {
        let mut create = with(
            &event("control-usage-plan-create"),
            &json!({ "ApiStages": [{ "ApiId": "other", "Stage": "dev" }] }),
        );
        create["LogicalResourceId"] = json!("Other");
        self.deploy(&create).await.succeeded().id().to_owned()
    }
}

#[tokio::test]
async fn a_key_joins_a_plan_and_leaves_it_with_its_resource() {
    let (app, plan, key, join) = start().await;
    let id = format!("{key}:{plan}");
    for _once_more in 0..2 {
        let told = app.deploy(&join).await.succeeded();
        assert_eq!(
            (told.id(), told.text("/Data/Id")),
            (id.as_str(), id.as_str())
        );
        assert!(app.is_in(&key, &plan).await);
    }
    for _once_more in 0..2 {
        app.deploy(&delete(&join, &id)).await.succeeded();
        assert!(!app.is_in(&key, &plan).await);
    }
    assert_eq!(app.key(&key).await.unwrap().tags.len(), 0);
}

#[tokio::test]
async fn the_same_request_may_come_twice_at_once() {
    let (app, plan, key, join) = start().await;
    let (a, b) = tokio::join!(app.handle(join.clone()), app.handle(join.clone()));
    a.unwrap();
    b.unwrap();
    for told in app.told() {
        told.succeeded();
    }
    assert!(app.is_in(&key, &plan).await);
}

#[tokio::test]
async fn another_plan_is_another_resource() {
    let (app, plan, key, join) = start().await;
    app.deploy(&join).await.succeeded();
    let other = app.other_plan().await;
    let moved = with(&join, &json!({ "UsagePlanId": other }));
    let former = format!("{key}:{plan}");
    let told = app
        .deploy(&update(&join, &moved, &former, "u1"))
        .await
        .succeeded();
    assert_eq!(told.id(), format!("{key}:{other}"));
    app.deploy(&delete(&join, &former)).await.succeeded();
    assert!(!app.is_in(&key, &plan).await);
    assert!(app.is_in(&key, &other).await);
}

#[tokio::test]
async fn a_resource_takes_only_its_own_key_out_of_the_plan() {
    let (app, plan, key, join) = start().await;
    app.deploy(&join).await.succeeded();
    let mut renamed = join.clone();
    renamed["LogicalResourceId"] = json!("JoeOnBronze");
    let refused = app.deploy(&renamed).await.failed();
    assert!(refused.reason().contains("already"), "{}", refused.reason());
    app.deploy(&delete(&renamed, refused.id()))
        .await
        .succeeded();
    assert!(app.is_in(&key, &plan).await);
}

#[tokio::test]
async fn a_key_that_an_operator_put_into_the_plan_stays_there() {
    let (app, plan, key, join) = start().await;
    let (key_id, plan_id) = (key.as_str().into(), plan.as_str().into());
    app.store
        .add_key_to_plan(&key_id, &plan_id, NOW)
        .await
        .unwrap();
    let refused = app.deploy(&join).await.failed();
    app.deploy(&delete(&join, refused.id())).await.succeeded();
    assert!(app.is_in(&key, &plan).await);
}

#[tokio::test]
async fn what_does_not_exist_is_refused_and_can_be_deleted() {
    let (app, plan, key, join) = start().await;
    for (properties, reason) in [
        (
            json!({ "KeyId": "unknown" }),
            "Invalid API Key identifier specified",
        ),
        (
            json!({ "UsagePlanId": "unknown" }),
            "Invalid Usage Plan ID specified",
        ),
        (
            json!({ "KeyType": "JWT" }),
            "Invalid key type specified: JWT. Must be API_KEY",
        ),
        (json!({ "KeyId": null }), "KeyId is missing"),
        (
            json!({ "KeyId": "k".repeat(2_000) }),
            "the ids of the properties have more than 1024 bytes together",
        ),
    ] {
        let bad = with(&join, &properties);
        let told = app.deploy(&bad).await.failed();
        assert_eq!(told.reason(), reason);
        app.deploy(&delete(&bad, told.id())).await.succeeded();
    }
    assert!(!app.is_in(&key, &plan).await);
    assert_eq!(app.key(&key).await.unwrap().tags.len(), 0);
}

#[tokio::test]
async fn a_second_plan_for_the_same_stage_is_refused_with_the_first() {
    let (app, plan, key, join) = start().await;
    app.deploy(&join).await.succeeded();
    let mut silver = event("control-usage-plan-create");
    silver["LogicalResourceId"] = json!("Silver");
    let silver = app.deploy(&silver).await.succeeded().id().to_owned();
    let mut second = with(&join, &json!({ "UsagePlanId": silver }));
    second["LogicalResourceId"] = json!("JoeBlackOnSilver");
    let told = app.deploy(&second).await.failed();
    assert!(told.reason().contains(&plan), "{}", told.reason());
    app.deploy(&delete(&second, told.id())).await.succeeded();
    assert!(app.is_in(&key, &plan).await);
}

#[tokio::test]
async fn places_of_keys_and_plans_that_are_gone_can_be_deleted() {
    let (app, plan, key, join) = start().await;
    let id = app.deploy(&join).await.succeeded().id().to_owned();
    let mut gone = event("control-usage-plan-delete");
    gone["PhysicalResourceId"] = json!(plan);
    app.deploy(&gone).await.succeeded();
    app.deploy(&delete(&join, &id)).await.succeeded();
    app.deploy(&delete(&event("control-api-key-create"), &key))
        .await
        .succeeded();
    app.deploy(&delete(&join, &id)).await.succeeded();
}
