//! `Custom::UsagePlan`.

use serde_json::json;
use tollgate::id::ApiStage;
use tollgate::plan::CoveredStage;
use tollgate::store::{PlanChange, PlanRegistry as _};

use super::test_app::{TestApp, delete, event, update, with};

fn stages(plan: &tollgate::plan::Plan) -> Vec<String> {
    let mut stages: Vec<String> = plan
        .stages
        .iter()
        .map(|covered| covered.api_stage.to_string())
        .collect();
    stages.sort();
    stages
}

#[tokio::test]
async fn a_plan_is_made_as_the_template_says() {
    let app = TestApp::start().await;
    let told = app
        .deploy(&event("control-usage-plan-create"))
        .await
        .succeeded();
    assert_eq!(told.content_type.as_deref(), Some(""));
    assert_eq!(told.id().len(), 10);
    assert_eq!(told.body["Data"], json!({ "Id": told.id() }));
    assert_eq!(told.body["NoEcho"], false);
    assert_eq!(told.body["LogicalResourceId"], "Bronze");
    let plan = app.plan(told.id()).await.unwrap();
    assert_eq!(plan.name, "Bronze");
    assert_eq!(plan.description.as_deref(), Some("For those who try it"));
    let throttle = plan.throttle.unwrap();
    assert_eq!((throttle.rate.as_per_second(), throttle.burst), (5.0, 10));
    assert_eq!(plan.quota.unwrap().limit(), 1_000);
    assert_eq!(stages(&plan), ["a1b2c3d4e5:dev"]);
    assert!(plan.stages[0].method_throttles.contains_key("/users/POST"));
    assert_eq!(plan.tags["team"], "blue");
}

#[tokio::test]
async fn a_plan_without_a_name_is_named_after_its_stack_and_resource() {
    let app = TestApp::start().await;
    let create = with(
        &event("control-usage-plan-create"),
        &json!({ "UsagePlanName": null }),
    );
    let told = app.deploy(&create).await.succeeded();
    let plan = app.plan(told.id()).await.unwrap();
    assert_eq!(plan.name, format!("tollgate-dev-Bronze-{}", told.id()));
}

#[tokio::test]
async fn a_retried_create_makes_no_second_plan() {
    let app = TestApp::start().await;
    let create = event("control-usage-plan-create");
    let first = app.deploy(&create).await.succeeded();
    let second = app.deploy(&create).await.succeeded();
    assert_eq!(first.body, second.body);
    assert_eq!(app.counts().await, (0, 1));
}

#[tokio::test]
async fn the_same_request_may_come_many_times_at_once() {
    let app = TestApp::start().await;
    let create = event("control-usage-plan-create");
    let calls = (app.handle(create.clone()), app.handle(create.clone()));
    let more = (app.handle(create.clone()), app.handle(create));
    let (a, b, c, d) = tokio::join!(calls.0, calls.1, more.0, more.1);
    for call in [a, b, c, d] {
        call.unwrap();
    }
    let told = app.told();
    assert_eq!(told.len(), 4);
    for answer in &told {
        assert_eq!(answer.body, told[0].body);
        assert_eq!(answer.text("/Status"), "SUCCESS");
    }
    assert_eq!(app.counts().await, (0, 1));
}

#[tokio::test]
async fn two_stacks_and_two_requests_make_two_plans() {
    let app = TestApp::start().await;
    let create = event("control-usage-plan-create");
    let mut other_stack = create.clone();
    other_stack["StackId"] = json!("arn:aws:cloudformation:us-east-1:000000000000:stack/other/1");
    let mut other_request = create.clone();
    other_request["RequestId"] = json!("00000000-0000-4000-8000-0000000000ff");
    let mut other_resource = create.clone();
    other_resource["LogicalResourceId"] = json!("Silver");
    let mut ids = Vec::new();
    for event in [&create, &other_stack, &other_request, &other_resource] {
        ids.push(app.deploy(event).await.succeeded().id().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert_eq!(app.counts().await, (0, 4));
}

#[tokio::test]
async fn an_update_changes_the_plan_in_place_and_leaves_what_others_have_added() {
    let app = TestApp::start().await;
    let create = event("control-usage-plan-create");
    let id = app.deploy(&create).await.succeeded().id().to_owned();
    let by_operator = CoveredStage::new(ApiStage::new("operators", "prod"));
    app.store
        .update_plan(&id.as_str().into(), &PlanChange::AddStage(by_operator))
        .await
        .unwrap();
    let changed = with(
        &create,
        &json!({
            "UsagePlanName": "Bronze II", "Description": null, "Quota": null,
            "Throttle": { "RateLimit": "2.5", "BurstLimit": "4" },
            "ApiStages": [{ "ApiId": "f6g7h8i9j0", "Stage": "$default" }],
            "Tags": [{ "Key": "tier", "Value": "1" }],
        }),
    );
    let event = update(&create, &changed, &id, "u1");
    for _once_more in 0..2 {
        let told = app.deploy(&event).await.succeeded();
        assert_eq!(told.id(), id);
        let plan = app.plan(&id).await.unwrap();
        assert_eq!(plan.name, "Bronze II");
        assert_eq!((plan.description.as_ref(), plan.quota), (None, None));
        assert_eq!(plan.throttle.unwrap().burst, 4);
        assert_eq!(stages(&plan), ["f6g7h8i9j0:$default", "operators:prod"]);
        assert_eq!(plan.tags, [("tier".to_owned(), "1".to_owned())].into());
    }
}

#[tokio::test]
async fn what_an_operator_took_away_stays_away_until_the_template_changes_it() {
    let app = TestApp::start().await;
    let create = event("control-usage-plan-create");
    let id = app.deploy(&create).await.succeeded().id().to_owned();
    let stage = ApiStage::new("a1b2c3d4e5", "dev");
    app.store
        .update_plan(&id.as_str().into(), &PlanChange::RemoveStage(stage))
        .await
        .unwrap();
    let renamed = with(&create, &json!({ "UsagePlanName": "Bronze II" }));
    app.deploy(&update(&create, &renamed, &id, "u1"))
        .await
        .succeeded();
    assert_eq!(app.plan(&id).await.unwrap().stages, []);
}

#[tokio::test]
async fn a_refused_update_can_be_taken_back() {
    let app = TestApp::start().await;
    let create = event("control-usage-plan-create");
    let id = app.deploy(&create).await.succeeded().id().to_owned();
    let before = app.plan(&id).await;
    let bad = with(
        &create,
        &json!({ "ApiStages": "none", "Throttle": { "RateLimit": "fast", "BurstLimit": "1" } }),
    );
    let told = app.deploy(&update(&create, &bad, &id, "u1")).await.failed();
    assert_eq!(told.id(), id);
    app.deploy(&update(&bad, &create, &id, "u2"))
        .await
        .succeeded();
    assert_eq!(app.plan(&id).await, before);
}

#[tokio::test]
async fn a_plan_is_deleted_with_its_stages_once_or_twice() {
    let app = TestApp::start().await;
    let create = event("control-usage-plan-create");
    let id = app.deploy(&create).await.succeeded().id().to_owned();
    let mut delete = event("control-usage-plan-delete");
    delete["PhysicalResourceId"] = json!(id);
    for _once_more in 0..2 {
        let told = app.deploy(&delete).await.succeeded();
        assert_eq!(told.id(), id);
        assert_eq!(app.plan(&id).await, None);
    }
    assert_eq!(app.counts().await, (0, 0));
}

#[tokio::test]
async fn what_a_refused_creation_named_deletes_nothing() {
    let app = TestApp::start().await;
    let create = event("control-usage-plan-create");
    let good = app.deploy(&create).await.succeeded();
    let mut bad = with(
        &create,
        &json!({ "Quota": { "Limit": "1", "Period": "YEAR" } }),
    );
    bad["RequestId"] = json!("another");
    let told = app.deploy(&bad).await.failed();
    assert!(told.reason().contains("YEAR"), "{}", told.reason());
    assert_ne!(told.id(), good.id());
    app.deploy(&delete(&bad, told.id())).await.succeeded();
    assert_eq!(app.counts().await, (0, 1));
}

#[tokio::test]
async fn properties_that_cannot_be_used_are_named() {
    let app = TestApp::start().await;
    let create = event("control-usage-plan-create");
    let cases = [
        (
            json!({ "Name": "x" }),
            "Name is no property of this resource. Known are: ApiStages, ",
        ),
        (
            json!({ "Throttle": { "RateLimit": "5" } }),
            "Throttle.BurstLimit is missing",
        ),
        (
            json!({ "Throttle": { "RateLimit": "5", "BurstLimit": "1.5" } }),
            "Throttle.BurstLimit must be a whole number",
        ),
        (
            json!({ "Throttle": { "RateLimit": "NaN", "BurstLimit": "1" } }),
            "Throttle.RateLimit must be a number",
        ),
        (
            json!({ "Throttle": { "RateLimit": "-1", "BurstLimit": "1" } }),
            "rate limit must be a number, 0 or more",
        ),
        (json!({ "Throttle": "fast" }), "Throttle must be an object"),
        (
            json!({ "ApiStages": [{ "ApiId": "a" }] }),
            "ApiStages[0].Stage is missing",
        ),
        (
            json!({ "ApiStages": [{ "ApiId": "a", "Stage": "dev", "Throttle": { "/x/GET": { "BurstLimit": "1", "RateLimit": [] } } }] }),
            "ApiStages[0].Throttle./x/GET.RateLimit must be a number",
        ),
        (
            json!({ "ApiStages": { "ApiId": "a" } }),
            "ApiStages must be a list",
        ),
        (
            json!({ "Quota": { "Limit": "1", "Period": "DAY", "Offset": "3" } }),
            "offset must be zero",
        ),
        (
            json!({ "UsagePlanName": ["x"] }),
            "UsagePlanName must be a text",
        ),
        (
            json!({ "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "a", "Value": "2" }] }),
            "Tags has the key a more than once",
        ),
        (
            json!({ "Tags": [{ "Key": "a", "Text": "1" }] }),
            "Tags[0].Text is no property",
        ),
    ];
    for (properties, reason) in cases {
        let told = app.deploy(&with(&create, &properties)).await.failed();
        assert!(told.reason().contains(reason), "{}", told.reason());
    }
    assert_eq!(app.counts().await, (0, 0));
}
