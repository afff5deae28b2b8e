//! Plans: created, changed and deleted, and which keys are in them.

use tollgate::bucket::{Rate, Throttle};
use tollgate::quota::{Period, Quota};
use tollgate::store::{KeyRegistry, Ledger, PageRequest, PlanChange, PlanRegistry, RegistryError};

use super::{NOW, after, covered, key_on_plan, new_key, new_plan, no_plan, pepper, stores};

const EVERYTHING: PageRequest = PageRequest {
    limit: 100,
    after: None,
};

#[tokio::test]
async fn a_plan_is_read_back_as_it_was_written() {
    for (database, store) in stores().await {
        let name = database.name();
        let mut new = new_plan("Bronze", &["users:dev", "orders:prod"]);
        new.description = Some("for a start".to_owned());
        new.throttle = Some(Throttle {
            rate: Rate::per_second(0.1).unwrap(),
            burst: u64::from(u32::MAX),
        });
        new.quota = Some(Quota::new(1_000_000_000_000, Period::Month, 27).unwrap());
        new.stages[0].set_method_throttle(
            "/users/{id}/GET",
            Throttle {
                rate: Rate::per_second(333.3).unwrap(),
                burst: 0,
            },
        );
        new.tags.insert("team".to_owned(), "sales".to_owned());
        let created = store.create_plan(&new, NOW).await.unwrap();
        assert_eq!(created.id.as_str().len(), 6, "{name}");
        assert_eq!(created.stages, new.stages, "{name}");
        let known = store.plan_by_id(&created.id).await.unwrap().unwrap();
        assert_eq!(known, created, "{name}");
        let read = store.plan(&created.id).await.unwrap().unwrap();
        assert_eq!(read, created, "{name}");
        assert_eq!(store.plan(&no_plan()).await.unwrap(), None, "{name}");
        let listed = store.plans(&EVERYTHING).await.unwrap();
        assert_eq!(listed.entries, [created], "{name}");
    }
}

#[tokio::test]
async fn a_key_joins_and_leaves_a_plan() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, new_plan("Bronze", &["users:dev"])).await;
        let record = store.key(&value.hash(&pepper())).await.unwrap().unwrap();
        assert_eq!(record.plan_ids, std::slice::from_ref(&plan.id), "{name}");
        let members = store.plan_keys(&plan.id, &EVERYTHING).await.unwrap();
        assert_eq!(members.entries, std::slice::from_ref(&key.id), "{name}");

        // Joining again changes nothing.
        store.add_key_to_plan(&key.id, &plan.id, NOW).await.unwrap();
        store
            .remove_key_from_plan(&key.id, &plan.id, NOW)
            .await
            .unwrap();
        let record = store.key(&value.hash(&pepper())).await.unwrap().unwrap();
        assert!(record.plan_ids.is_empty(), "{name}");
        let error = store.remove_key_from_plan(&key.id, &plan.id, NOW).await;
        assert!(
            matches!(error, Err(RegistryError::NotInPlan { .. })),
            "{name}"
        );
    }
}

#[tokio::test]
async fn joining_needs_a_key_and_a_plan_that_exist() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, _, plan) = key_on_plan(&store, new_plan("Bronze", &[])).await;
        let error = store.add_key_to_plan(&"none".into(), &plan.id, NOW).await;
        assert!(matches!(error, Err(RegistryError::NoSuchKey(_))), "{name}");
        let error = store.add_key_to_plan(&key.id, &no_plan(), NOW).await;
        assert!(matches!(error, Err(RegistryError::NoSuchPlan(_))), "{name}");
    }
}

#[tokio::test]
async fn a_key_has_one_plan_for_each_stage() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, _, bronze) = key_on_plan(&store, new_plan("Bronze", &["users:dev"])).await;
        let gold = new_plan("Gold", &["users:prod", "users:dev"]);
        let gold = store.create_plan(&gold, NOW).await.unwrap();
        let error = store
            .add_key_to_plan(&key.id, &gold.id, NOW)
            .await
            .unwrap_err();
        assert!(
            matches!(error, RegistryError::StageTaken { .. }),
            "{name}: {error}"
        );

        let other = store
            .create_plan(&new_plan("Other", &["users:test"]), NOW)
            .await;
        let other = other.unwrap();
        store
            .add_key_to_plan(&key.id, &other.id, NOW)
            .await
            .unwrap();
        let change = PlanChange::AddStage(covered("users:test"));
        let error = store.update_plan(&bronze.id, &change).await.unwrap_err();
        assert!(
            matches!(error, RegistryError::StageTaken { .. }),
            "{name}: {error}"
        );
        let change = PlanChange::AddStage(covered("users:beta"));
        let plan = store.update_plan(&bronze.id, &change).await.unwrap();
        assert_eq!(plan.stages.len(), 2, "{name}");
    }
}

#[tokio::test]
async fn two_plans_that_grow_at_once_never_both_give_a_key_the_same_stage() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, _, one) = key_on_plan(&store, new_plan("One", &["users:dev"])).await;
        let two = store
            .create_plan(&new_plan("Two", &["users:test"]), NOW)
            .await;
        let two = two.unwrap();
        store.add_key_to_plan(&key.id, &two.id, NOW).await.unwrap();
        for round in 0..5 {
            let change = PlanChange::AddStage(covered(&format!("users:s{round}")));
            let (first, second) = tokio::join!(
                store.update_plan(&one.id, &change),
                store.update_plan(&two.id, &change)
            );
            let one = store.plan_by_id(&one.id).await.unwrap().unwrap();
            let two = store.plan_by_id(&two.id).await.unwrap().unwrap();
            assert_eq!(one.shared_stage(&two), None, "{name}: {first:?} {second:?}");
            assert!(
                first.is_ok() || second.is_ok(),
                "{name}: {first:?} {second:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_change_of_limits_replaces_them_and_keeps_the_keys() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, _, plan) = key_on_plan(&store, new_plan("Bronze", &["users:dev"])).await;
        let mut replacement = new_plan("Iron", &["users:dev"]);
        replacement.quota = None;
        let change = PlanChange::Replace(replacement);
        let changed = store.update_plan(&plan.id, &change).await.unwrap();
        assert_eq!(changed.name, "Iron", "{name}");
        assert_eq!(changed.quota, None, "{name}");
        assert_eq!(changed.created_at, NOW, "{name}");
        let members = store.plan_keys(&plan.id, &EVERYTHING).await.unwrap();
        assert_eq!(members.entries, [key.id], "{name}");
    }
}

#[tokio::test]
async fn a_plan_is_deleted_only_without_stages_and_lets_its_keys_go() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, new_plan("Bronze", &["users:dev"])).await;
        let second = store.create_key(&new_key("second"), NOW).await.unwrap();
        store
            .add_key_to_plan(&second.id, &plan.id, NOW)
            .await
            .unwrap();
        let error = store.delete_plan(&plan.id, NOW).await.unwrap_err();
        assert!(
            error.to_string().contains("including users:dev"),
            "{name}: {error}"
        );

        let change = PlanChange::RemoveStage(covered("users:dev").api_stage);
        store.update_plan(&plan.id, &change).await.unwrap();
        store.delete_plan(&plan.id, after(1)).await.unwrap();
        assert_eq!(store.plan_by_id(&plan.id).await.unwrap(), None, "{name}");
        let record = store.key(&value.hash(&pepper())).await.unwrap().unwrap();
        assert!(record.plan_ids.is_empty(), "{name}");
        assert!(store.key_by_id(&key.id).await.unwrap().is_some(), "{name}");
        let error = store.delete_plan(&plan.id, NOW).await;
        assert!(matches!(error, Err(RegistryError::NoSuchPlan(_))), "{name}");
    }
}
