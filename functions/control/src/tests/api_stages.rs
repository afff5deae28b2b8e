//! `Custom::ApiStage`.

use serde_json::{Value, json};

use super::test_app::{TestApp, delete, event, update, with};

const ORDERS: &str = "f6g7h8i9j0:dev";

async fn start() -> (TestApp, String, Value) {
    let app = TestApp::start().await;
    let plan = app.deploy(&event("control-usage-plan-create")).await;
    let plan = plan.succeeded().id().to_owned();
    let attach = with(
        &event("control-api-stage-create"),
        &json!({ "UsagePlanId": plan }),
    );
    (app, plan, attach)
}

impl TestApp {
    /// The burst of `POST /orders` in the plan's stage; `None` when the plan does not cover it.
    async fn orders(&self, plan: &str) -> Option<Option<u64>> {
        let plan = self.plan(plan).await.unwrap();
        let covered = plan
            .stages
            .iter()
            .find(|covered| covered.api_stage.to_string() == ORDERS)?;
        let method = covered.method_throttles.get("/orders/POST");
        Some(method.map(|method| method.throttle.burst))
    }
}

#[tokio::test]
async fn a_stage_joins_the_plan_of_another_stack_and_leaves_it_with_its_resource() {
    let (app, plan, attach) = start().await;
    let id = format!("{plan}:{ORDERS}");
    for _once_more in 0..2 {
        assert_eq!(app.deploy(&attach).await.succeeded().id(), id);
        assert_eq!(app.orders(&plan).await, Some(Some(1)));
    }
    for _once_more in 0..2 {
        app.deploy(&delete(&attach, &id)).await.succeeded();
        assert_eq!(app.orders(&plan).await, None);
    }
    let left = app.plan(&plan).await.unwrap();
    assert_eq!((left.stages.len(), left.tags.len()), (1, 1));
}

#[tokio::test]
async fn throttles_change_in_place_and_another_stage_is_another_resource() {
    let (app, plan, attach) = start().await;
    let id = app.deploy(&attach).await.succeeded().id().to_owned();
    let faster = with(
        &attach,
        &json!({ "Throttle": { "/orders/POST": { "RateLimit": "9", "BurstLimit": "9" } } }),
    );
    let told = app
        .deploy(&update(&attach, &faster, &id, "u1"))
        .await
        .succeeded();
    assert_eq!(told.id(), id);
    assert_eq!(app.orders(&plan).await, Some(Some(9)));
    let free = with(&attach, &json!({ "Throttle": null }));
    app.deploy(&update(&faster, &free, &id, "u2"))
        .await
        .succeeded();
    assert_eq!(app.orders(&plan).await, Some(None));
    let moved = with(&attach, &json!({ "Stage": "prod" }));
    let told = app
        .deploy(&update(&free, &moved, &id, "u3"))
        .await
        .succeeded();
    assert_eq!(told.id(), format!("{plan}:f6g7h8i9j0:prod"));
    app.deploy(&delete(&free, &id)).await.succeeded();
    assert_eq!(app.orders(&plan).await, None);
    assert_eq!(app.plan(&plan).await.unwrap().stages.len(), 2);
}

#[tokio::test]
async fn an_update_of_the_plan_leaves_the_stages_of_other_stacks() {
    let (app, plan, attach) = start().await;
    app.deploy(&attach).await.succeeded();
    let create = event("control-usage-plan-create");
    let changed = with(&create, &json!({ "ApiStages": [], "Tags": [] }));
    app.deploy(&update(&create, &changed, &plan, "u1"))
        .await
        .succeeded();
    assert_eq!(app.orders(&plan).await, Some(Some(1)));
    app.deploy(&delete(&attach, &format!("{plan}:{ORDERS}")))
        .await
        .succeeded();
    assert_eq!(app.orders(&plan).await, None);
}

#[tokio::test]
async fn a_stage_that_the_plan_takes_over_survives_its_former_resource() {
    let (app, plan, attach) = start().await;
    let id = app.deploy(&attach).await.succeeded().id().to_owned();
    let create = event("control-usage-plan-create");
    let stages = json!({ "ApiStages": [{ "ApiId": "f6g7h8i9j0", "Stage": "dev" }] });
    let taken = with(&create, &stages);
    app.deploy(&update(&create, &taken, &plan, "u1"))
        .await
        .succeeded();
    app.deploy(&delete(&attach, &id)).await.succeeded();
    assert_eq!(app.orders(&plan).await, Some(None));
}

#[tokio::test]
async fn a_stage_that_is_covered_already_is_refused_and_stays() {
    let (app, plan, attach) = start().await;
    let own = with(&attach, &json!({ "ApiId": "a1b2c3d4e5" }));
    let refused = app.deploy(&own).await.failed();
    assert!(
        refused
            .reason()
            .contains("covers the stage a1b2c3d4e5:dev already")
    );
    app.deploy(&delete(&own, refused.id())).await.succeeded();
    assert_eq!(app.plan(&plan).await.unwrap().stages.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_attached_is_refused_and_can_be_deleted() {
    let (app, _, attach) = start().await;
    for (properties, reason) in [
        (
            json!({ "UsagePlanId": "unknown" }),
            "Invalid Usage Plan ID specified",
        ),
        (json!({ "Stage": null }), "Stage is missing"),
        (
            json!({ "Method": "GET" }),
            "Method is no property of this resource",
        ),
        (json!({ "Stage": "a:b" }), "Invalid API Stage"),
    ] {
        let bad = with(&attach, &properties);
        let told = app.deploy(&bad).await.failed();
        assert!(told.reason().contains(reason), "{}", told.reason());
        app.deploy(&delete(&bad, told.id())).await.succeeded();
    }
}

#[tokio::test]
async fn stages_of_two_stacks_join_at_the_same_time() {
    let (app, plan, attach) = start().await;
    let mut other = with(&attach, &json!({ "Stage": "prod" }));
    other["StackId"] = json!("arn:aws:cloudformation:us-east-1:000000000000:stack/other/1");
    let (a, b) = tokio::join!(app.handle(attach), app.handle(other));
    a.unwrap();
    b.unwrap();
    for told in app.told() {
        told.succeeded();
    }
    assert_eq!(app.plan(&plan).await.unwrap().stages.len(), 3);
}
