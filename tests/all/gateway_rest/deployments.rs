//! What a stage serves, when a change of it is seen, and what that costs.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tollgate::control::Gateway as _;
use tollgate::id::ApiId;
use tollgate::store::ApiRegistry as _;
use tollgate_gateway::rest_api::{CHECKED_EVERY, MISSING_CHECKED_EVERY};

use super::{App, Deployed, NOW, mock};

#[tokio::test]
async fn a_stage_serves_its_deployment_and_not_what_is_being_edited() {
    let app = App::start().await;
    app.deploy(&Deployed::integration(&mock("old"))).await;
    assert_eq!(app.get("/").await.body, "old");
    let id = ApiId::from("a1b2c3");
    let before = app.store.rest_api(&id).await.unwrap().unwrap();
    let mut after = before.record.clone();
    let root = after.definition.resources.get_mut("root").unwrap();
    root.resource_methods
        .get_mut("ANY")
        .unwrap()
        .api_key_required = true;
    app.store
        .save_rest_api(&before, &after, None)
        .await
        .unwrap();
    app.rest_apis.api_changed(&id);
    assert_eq!(app.get("/").await.body, "old");
}

#[tokio::test]
async fn a_change_by_this_process_is_seen_by_the_next_request() {
    let app = App::start().await;
    assert_eq!(app.get("/").await.status, 403);
    for text in ["one", "two", "three"] {
        app.deploy(&Deployed::integration(&mock(text))).await;
        assert_eq!(app.get("/").await.body, text);
    }
}

#[tokio::test]
async fn a_change_by_another_process_is_seen_after_a_while() {
    let app = App::start().await;
    let deploy = |text: &'static str| {
        let app = &app;
        async move {
            let deployed = Deployed::integration(&mock(text));
            app.deploy_silently("a1b2c3", "test", &deployed).await;
        }
    };
    assert_eq!(app.get("/").await.status, 403);
    deploy("one").await;
    assert_eq!(app.get("/").await.status, 403);
    app.clock.set(NOW.saturating_add(MISSING_CHECKED_EVERY));
    assert_eq!(app.get("/").await.body, "one");
    deploy("two").await;
    assert_eq!(app.get("/").await.body, "one");
    let later = NOW.saturating_add(MISSING_CHECKED_EVERY + CHECKED_EVERY);
    app.clock.set(later);
    assert_eq!(app.get("/").await.body, "two");
}

#[tokio::test]
async fn a_deleted_api_is_gone_at_once() {
    let app = App::start().await;
    app.deploy(&Deployed::integration(&mock("x"))).await;
    assert_eq!(app.get("/").await.status, 200);
    let id = ApiId::from("a1b2c3");
    let before = app.store.rest_api(&id).await.unwrap().unwrap();
    app.store.delete_rest_api(&before).await.unwrap();
    app.rest_apis.api_changed(&id);
    assert_eq!(app.get("/").await.status, 403);
}

#[tokio::test]
async fn requests_cost_nothing_once_their_stage_is_known() {
    let app = App::start().await;
    app.deploy(&Deployed::integration(&mock("x"))).await;
    app.proxy.reset();
    let mut first = JoinSet::new();
    for _ in 0..20 {
        let client = app.client.clone();
        first.spawn(async move { client.get("/_aws/execute-api/a1b2c3/test/").await.unwrap() });
    }
    let answers = first.join_all().await;
    assert!(answers.iter().all(|answer| answer.body == "x"));
    let counts = app.proxy.counts();
    assert_eq!(counts["GetItem"], 1, "the stage, once for all: {counts:?}");
    assert_eq!(counts["Query"], 1, "its deployment: {counts:?}");
    app.proxy.reset();
    for _ in 0..50 {
        assert_eq!(app.get("/").await.body, "x");
    }
    assert_eq!(app.proxy.total(), 0, "{:?}", app.proxy.counts());
    app.clock.set(NOW.saturating_add(CHECKED_EVERY));
    for _ in 0..50 {
        assert_eq!(app.get("/").await.body, "x");
    }
    let counts = app.proxy.counts();
    assert_eq!(app.proxy.total(), 1, "one look at the stage: {counts:?}");
}

#[tokio::test]
async fn what_does_not_exist_is_asked_for_once_a_second() {
    let app = App::start().await;
    for _ in 0..20 {
        assert_eq!(app.get("/").await.status, 403);
    }
    assert_eq!(app.proxy.total(), 1);
    app.clock.set(NOW.saturating_add(Duration::from_secs(1)));
    for _ in 0..20 {
        assert_eq!(app.get("/").await.status, 403);
    }
    assert_eq!(app.proxy.total(), 2);
}

#[tokio::test]
async fn a_change_of_the_stage_alone_reads_no_deployment_again() {
    let app = App::start().await;
    let mut deployed = Deployed::integration(&mock("$stageVariables.color"));
    deployed.stage = json!({"variables": {"color": "red"}});
    app.deploy(&deployed).await;
    assert_eq!(app.get("/").await.body, "red");
    let id = ApiId::from("a1b2c3");
    let before = app.store.rest_api(&id).await.unwrap().unwrap();
    let mut after = before.record.clone();
    let stage = after.stages.get_mut("test").unwrap();
    stage
        .variables
        .insert("color".to_owned(), "blue".to_owned());
    app.store
        .save_rest_api(&before, &after, None)
        .await
        .unwrap();
    app.proxy.reset();
    app.rest_apis.api_changed(&id);
    assert_eq!(app.get("/").await.body, "blue");
    assert_eq!(app.proxy.total(), 1, "{:?}", app.proxy.counts());
}

#[tokio::test]
async fn a_store_that_does_not_answer_leaves_known_stages_as_they_are() {
    let app = App::start().await;
    app.deploy(&Deployed::integration(&mock("x"))).await;
    assert_eq!(app.get("/").await.body, "x");
    app.proxy
        .inject("GetItem", tests::Fault::ServerError, 1_000);
    app.clock.set(NOW.saturating_add(CHECKED_EVERY));
    assert_eq!(app.get("/").await.body, "x");
    let unknown = app
        .client
        .get("/_aws/execute-api/other/test/")
        .await
        .unwrap();
    assert_eq!(unknown.status, 503);
    assert_eq!(unknown.header("retry-after"), Some("1"));
}
