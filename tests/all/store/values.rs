//! Keys with several values: rotated, ended, found, deleted.

use std::time::Duration;

use tollgate::decision::{Decision, Reason};
use tollgate::id::KeyId;
use tollgate::key::KeyValue;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{
    ApiKey, Expiry, FormerValue, KeyChange, KeyRegistry, Ledger, MAX_VALUES, PlanRegistry,
    RegistryError, Rotation,
};
use tollgate::time::{ManualClock, Timestamp};

use super::{NOW, after, decide, key_on_plan, new_key, new_plan, pepper, stores};
use crate::patient::patient_limiter;

async fn rotate(
    store: &DynamoStore,
    id: &KeyId,
    until: Timestamp,
) -> Result<(ApiKey, KeyValue), RegistryError> {
    let value = new_key("").value;
    let change = KeyChange {
        rotation: Some(Rotation {
            value: value.clone(),
            keep_value: true,
        }),
        former_until: Some(until),
        ..KeyChange::default()
    };
    let key = store.update_key(id, &change, NOW).await?;
    Ok((key, value))
}

#[tokio::test]
async fn a_key_may_have_several_values_and_all_are_deleted_with_it() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, first, _) = key_on_plan(&store, new_plan("Bronze", &["users:dev"])).await;
        let (rotated, second) = rotate(&store, &key.id, after(60)).await.unwrap();
        assert_eq!(rotated.value_number, 2, "{name}");
        let former = FormerValue {
            number: 1,
            expires_at: after(60),
        };
        assert_eq!(rotated.former_values, [former], "{name}");
        let known = store.key_by_id(&key.id).await.unwrap().unwrap();
        assert_eq!(known, rotated, "{name}");
        let kept = store.key_value(&key.id).await.unwrap();
        assert_eq!(kept.as_ref(), Some(&second), "{name}");
        for (value, end) in [(&first, Some(after(60))), (&second, None)] {
            let record = store.key(&value.hash(&pepper())).await.unwrap().unwrap();
            assert_eq!((&record.id, record.expires_at), (&key.id, end), "{name}");
            assert_eq!(record.plan_ids.len(), 1, "{name}");
            let owner = store.value_owner(value).await.unwrap().unwrap();
            assert_eq!((owner.key_id, owner.expires_at), (key.id.clone(), end));
        }
        // A change reaches every value's item, and no value outlives the key.
        let change = KeyChange {
            expiry: Some(Expiry::At(after(30))),
            ..KeyChange::default()
        };
        store.update_key(&key.id, &change, NOW).await.unwrap();
        for value in [&first, &second] {
            let record = store.key(&value.hash(&pepper())).await.unwrap().unwrap();
            assert_eq!(record.expires_at, Some(after(30)), "{name}");
        }
        store.delete_key(&key.id, NOW).await.unwrap();
        for value in [&first, &second] {
            assert_eq!(store.key(&value.hash(&pepper())).await.unwrap(), None);
        }
        assert_eq!(store.key_value(&key.id).await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn a_new_value_must_be_no_keys_and_too_many_are_refused() {
    for (database, store) in stores().await {
        let name = database.name();
        let first = new_key("first");
        let key = store.create_key(&first, NOW).await.unwrap();
        let other = new_key("other");
        store.create_key(&other, NOW).await.unwrap();
        for taken in [&other.value, &first.value] {
            let change = KeyChange {
                rotation: Some(Rotation {
                    value: taken.clone(),
                    keep_value: false,
                }),
                ..KeyChange::default()
            };
            let refused = store.update_key(&key.id, &change, NOW).await.unwrap_err();
            assert!(matches!(refused, RegistryError::ValueTaken), "{name}");
        }
        for _ in 1..MAX_VALUES {
            rotate(&store, &key.id, after(60)).await.unwrap();
        }
        let refused = rotate(&store, &key.id, after(60)).await.unwrap_err();
        assert!(matches!(refused, RegistryError::TooLarge(_)), "{name}");
        let ended = KeyChange {
            former_until: Some(NOW),
            ..KeyChange::default()
        };
        store.update_key(&key.id, &ended, NOW).await.unwrap();
        rotate(&store, &key.id, after(60)).await.unwrap();
        // The first was forgotten for the last.
        let gone = store.value_owner(&first.value).await.unwrap();
        assert_eq!(gone, None, "{name}");
    }
}

#[tokio::test]
async fn the_values_of_a_key_share_its_meter_and_one_that_ended_stops_at_its_next_charge() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, first, plan) = key_on_plan(&store, new_plan("Bronze", &["users:dev"])).await;
        let clock = ManualClock::new(NOW);
        let limiter = patient_limiter(store.clone(), clock.clone(), pepper());
        let refused = |decision: &Decision| match decision {
            Decision::Deny(denial) => Some(denial.reason),
            Decision::Allow(_) => None,
        };
        assert_eq!(refused(&decide(&limiter, &first).await), None, "{name}");
        let (_, second) = rotate(&store, &key.id, after(60)).await.unwrap();
        for value in [&first, &second] {
            assert_eq!(refused(&decide(&limiter, value).await), None, "{name}");
        }
        let usage = || async {
            let usage = store.usage(&key.id, &plan.id, day(), day()).await.unwrap();
            usage.quota.unwrap().used
        };
        assert_eq!(usage().await, 3, "{name}: one meter");

        let ended = KeyChange {
            former_until: Some(NOW),
            ..KeyChange::default()
        };
        store.update_key(&key.id, &ended, NOW).await.unwrap();
        // What was charged in advance is for a second.
        clock.advance(Duration::from_secs(1));
        assert_eq!(
            refused(&decide(&limiter, &first).await),
            Some(Reason::ExpiredKey),
            "{name}"
        );
        assert_eq!(refused(&decide(&limiter, &second).await), None, "{name}");
        // Neither switching the key nor leaving and joining the plan opens the meter to who remembers the value before.
        for enabled in [false, true] {
            let change = KeyChange {
                enabled: Some(enabled),
                ..KeyChange::default()
            };
            store.update_key(&key.id, &change, NOW).await.unwrap();
        }
        let (key_id, plan_id) = (&key.id, &plan.id);
        store
            .remove_key_from_plan(key_id, plan_id, NOW)
            .await
            .unwrap();
        store.add_key_to_plan(key_id, plan_id, NOW).await.unwrap();
        let record = store.key(&second.hash(&pepper())).await.unwrap().unwrap();
        assert_eq!(record.generation, 2, "{name}");
        let item = store.meter(key_id, plan_id).await.unwrap();
        assert!(!item.off, "{name}");
        clock.advance(Duration::from_secs(1));
        assert_eq!(refused(&decide(&limiter, &second).await), None, "{name}");
    }
}

fn day() -> tollgate::quota::Day {
    tollgate::quota::Day::of(NOW)
}
