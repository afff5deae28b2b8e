//! Which plans cover a stage, after every change, and stages of APIs that Tollgate manages.

use std::slice::from_ref;

use aws_sdk_dynamodb::types::AttributeValue;
use tests::DynamoDb;
use tollgate::id::PlanId;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{PageRequest, PlanChange, PlanRegistry, RegistryError};

use super::{NOW, covered, new_plan, stores};

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

async fn plans_of(store: &DynamoStore, stage: &str) -> Vec<PlanId> {
    let mut plans = Vec::new();
    let mut after = None;
    loop {
        let request = PageRequest { limit: 1, after };
        let api_stage = covered(stage).api_stage;
        let page = store.plans_of_stage(&api_stage, &request).await.unwrap();
        plans.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return plans;
        }
    }
}

/// An API that Tollgate manages, or one of its stages.
async fn put(database: &DynamoDb, store: &DynamoStore, sk: &str) {
    let put = database.client().put_item().table_name(store.table());
    put.item("pk", text("A#managed"))
        .item("sk", text(sk))
        .item("rev", AttributeValue::N("7".to_owned()))
        .send()
        .await
        .unwrap();
}

async fn rev(database: &DynamoDb, store: &DynamoStore) -> String {
    let get = database.client().get_item().table_name(store.table());
    let get = get.key("pk", text("A#managed")).key("sk", text("API"));
    let item = get.consistent_read(true).send().await.unwrap().item;
    item.unwrap()["rev"].as_n().unwrap().clone()
}

#[tokio::test]
async fn associations_follow_every_change() {
    for (database, store) in stores().await {
        let name = database.name();
        let bronze = new_plan("Bronze", &["users:dev", "users:prod"]);
        let bronze = store.create_plan(&bronze, NOW).await.unwrap().id;
        let gold = new_plan("Gold", &["users:dev"]);
        let gold = store.create_plan(&gold, NOW).await.unwrap().id;
        let mut both = vec![bronze.clone(), gold.clone()];
        both.sort();
        assert_eq!(plans_of(&store, "users:dev").await, both, "{name}");
        assert_eq!(
            plans_of(&store, "users:prod").await,
            from_ref(&bronze),
            "{name}"
        );
        assert_eq!(plans_of(&store, "users:test").await, [], "{name}");

        let add = PlanChange::AddStage(covered("users:test"));
        store.update_plan(&gold, &add).await.unwrap();
        store.update_plan(&gold, &add).await.unwrap();
        assert_eq!(
            plans_of(&store, "users:test").await,
            from_ref(&gold),
            "{name}"
        );
        let remove = PlanChange::RemoveStage(covered("users:dev").api_stage);
        store.update_plan(&gold, &remove).await.unwrap();
        store.update_plan(&gold, &remove).await.unwrap();
        assert_eq!(
            plans_of(&store, "users:dev").await,
            from_ref(&bronze),
            "{name}"
        );
        // Named twice, a stage is still one association.
        let replacement = new_plan("Bronze", &["users:next", "users:prod", "users:next"]);
        let replace = PlanChange::Replace(replacement);
        store.update_plan(&bronze, &replace).await.unwrap();
        assert_eq!(plans_of(&store, "users:dev").await, [], "{name}");
        assert_eq!(
            plans_of(&store, "users:next").await,
            from_ref(&bronze),
            "{name}"
        );

        for (plan, stages) in [
            (&bronze, ["users:next", "users:prod"]),
            (&gold, ["users:test"; 2]),
        ] {
            store.delete_plan(plan, NOW).await.unwrap_err();
            for stage in stages {
                let remove = PlanChange::RemoveStage(covered(stage).api_stage);
                store.update_plan(plan, &remove).await.unwrap();
            }
            store.delete_plan(plan, NOW).await.unwrap();
        }
        let scan = database.client().scan().table_name(store.table());
        let left = scan.consistent_read(true).send().await.unwrap();
        let left: Vec<_> = left
            .items()
            .iter()
            .map(|item| item["pk"].as_s().unwrap())
            .collect();
        assert!(
            left.iter().all(|pk| pk.starts_with("N#PLAN")),
            "{name}: {left:?}"
        );
    }
}

#[tokio::test]
async fn a_plan_that_is_not_written_leaves_no_association() {
    for (database, store) in stores().await {
        let name = database.name();
        let mut first = new_plan("first", &[]);
        first.id = Some("taken".into());
        store.create_plan(&first, NOW).await.unwrap();
        let mut second = new_plan("second", &["users:dev"]);
        second.id.clone_from(&first.id);
        let error = store.create_plan(&second, NOW).await;
        assert!(matches!(error, Err(RegistryError::IdTaken(_))), "{name}");
        assert_eq!(plans_of(&store, "users:dev").await, [], "{name}");
    }
}

#[tokio::test]
async fn a_stage_of_a_managed_api_must_exist_to_join_a_plan() {
    for (database, store) in stores().await {
        let name = database.name();
        put(&database, &store, "API").await;
        let plan = new_plan("p", &["managed:dev"]);
        let error = store.create_plan(&plan, NOW).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "API Stage not found: managed:dev",
            "{name}"
        );
        assert!(matches!(error, RegistryError::NoSuchStage(_)), "{name}");
        assert_eq!(rev(&database, &store).await, "7", "{name}");
        put(&database, &store, "STG#dev").await;
        put(&database, &store, "STG#prod").await;
        // Two stages of one API raise its revision once.
        let plan = new_plan("p", &["managed:dev", "managed:prod", "other:dev"]);
        let plan = store.create_plan(&plan, NOW).await.unwrap();
        assert_eq!(rev(&database, &store).await, "8", "{name}");
        let add = PlanChange::AddStage(covered("managed:none"));
        let error = store.update_plan(&plan.id, &add).await;
        assert!(
            matches!(error, Err(RegistryError::NoSuchStage(_))),
            "{name}"
        );
        // What stays or goes needs no stage, and leaves the API alone.
        let replace = PlanChange::Replace(new_plan("p", &["managed:dev"]));
        store.update_plan(&plan.id, &replace).await.unwrap();
        assert_eq!(rev(&database, &store).await, "8", "{name}");
        let add = PlanChange::AddStage(covered("managed:prod"));
        store.update_plan(&plan.id, &add).await.unwrap();
        assert_eq!(rev(&database, &store).await, "9", "{name}");
        assert_eq!(plans_of(&store, "managed:prod").await, [plan.id], "{name}");
    }
}
