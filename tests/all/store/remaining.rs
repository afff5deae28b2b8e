//! What an operator leaves of a quota, and what the limiter then admits.

use std::time::Duration;

use tollgate::decision::{Decision, Reason};
use tollgate::id::{KeyId, PlanId};
use tollgate::key::KeyValue;
use tollgate::limiter::Limiter;
use tollgate::quota::{Day, Period, Quota};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{KeyChange, KeyRegistry, NewPlan, PlanChange, PlanRegistry, RegistryError};
use tollgate::time::{Clock, ManualClock};

use super::{NOW, after, decide, key_on_plan, new_key, new_plan, no_plan, pepper, stores};
use crate::patient::patient_limiter;

/// Ten requests a month, and no throttle.
fn ten_a_month() -> NewPlan {
    NewPlan {
        throttle: None,
        quota: Some(Quota::new(10, Period::Month, 0).unwrap()),
        ..new_plan("Bronze", &["users:dev"])
    }
}

fn limiter(store: &DynamoStore, clock: &ManualClock) -> Limiter<DynamoStore, ManualClock> {
    patient_limiter(store.clone(), clock.clone(), pepper())
}

/// Asks until the quota is used up, and so often once more.
async fn admitted(limiter: &Limiter<DynamoStore, ManualClock>, value: &KeyValue) -> u32 {
    let mut admitted = 0;
    loop {
        match decide(limiter, value).await {
            Decision::Allow(_) => admitted += 1,
            Decision::Deny(denial) => {
                assert!(
                    matches!(denial.reason, Reason::QuotaExceeded { .. }),
                    "{denial:?}"
                );
                return admitted;
            }
        }
    }
}

#[tokio::test]
async fn exactly_what_an_operator_leaves_is_admitted() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, ten_a_month()).await;
        let clock = ManualClock::new(NOW);
        let (one, other) = (limiter(&store, &clock), limiter(&store, &clock));
        assert_eq!(admitted(&one, &value).await, 10, "{name}");
        for remaining in [3, 25, 0, 1] {
            let set = store.set_remaining(&key.id, &plan.id, remaining, clock.now());
            let set = set.await.unwrap();
            assert_eq!(set.remaining(10), remaining, "{name}");
            let usage = store
                .usage(&key.id, &plan.id, Day::of(NOW), Day::of(NOW))
                .await;
            assert_eq!(usage.unwrap().quota, Some(set), "{name}");
            // A process that remembers a refusal asks again after five seconds.
            clock.advance(Duration::from_secs(6));
            let both = [admitted(&one, &value).await, admitted(&other, &value).await];
            assert_eq!(u64::from(both[0] + both[1]), remaining, "{name}");
        }
        // Days count what was admitted, whatever was given.
        let usage = store
            .usage(&key.id, &plan.id, Day::of(NOW), Day::of(NOW))
            .await;
        assert_eq!(usage.unwrap().days[0].count, 10 + 3 + 25 + 1, "{name}");
        // The next month has the limit again.
        clock.advance(Duration::from_hours(24 * 31));
        assert_eq!(admitted(&one, &value).await, 10, "{name}");
    }
}

#[tokio::test]
async fn a_meter_that_was_never_charged_can_be_set_and_a_limit_of_zero_be_raised() {
    for (database, store) in stores().await {
        let name = database.name();
        let mut plan = ten_a_month();
        plan.quota = Some(Quota::new(0, Period::Month, 0).unwrap());
        let (key, value, plan) = key_on_plan(&store, plan).await;
        let clock = ManualClock::new(NOW);
        let one = limiter(&store, &clock);
        assert_eq!(admitted(&one, &value).await, 0, "{name}");
        let set = store
            .set_remaining(&key.id, &plan.id, 4, NOW)
            .await
            .unwrap();
        assert_eq!(set.used, -4, "{name}");
        assert_eq!(set.window.to_string(), "2026-11-01", "{name}");
        clock.advance(Duration::from_secs(6));
        assert_eq!(admitted(&one, &value).await, 4, "{name}");
        clock.advance(Duration::from_hours(24 * 31));
        assert_eq!(admitted(&one, &value).await, 0, "{name}");
    }
}

#[tokio::test]
async fn a_limit_that_changes_afterwards_counts_from_what_is_used() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, ten_a_month()).await;
        store
            .set_remaining(&key.id, &plan.id, 12, NOW)
            .await
            .unwrap();
        let mut replacement = ten_a_month();
        replacement.quota = Some(Quota::new(5, Period::Month, 0).unwrap());
        let change = PlanChange::Replace(replacement);
        store.update_plan(&plan.id, &change).await.unwrap();
        let one = limiter(&store, &ManualClock::new(NOW));
        assert_eq!(admitted(&one, &value).await, 7, "{name}");
    }
}

#[tokio::test]
async fn a_window_that_the_meter_has_reached_is_the_one_that_is_set() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, ten_a_month()).await;
        let clock = ManualClock::new(NOW);
        clock.advance(Duration::from_hours(24 * 31));
        let one = limiter(&store, &clock);
        assert_eq!(admitted(&one, &value).await, 10, "{name}");
        // The operator's clock is a month behind.
        let set = store
            .set_remaining(&key.id, &plan.id, 2, NOW)
            .await
            .unwrap();
        assert_eq!(set.window.to_string(), "2026-12-01", "{name}");
        clock.advance(Duration::from_secs(6));
        assert_eq!(admitted(&one, &value).await, 2, "{name}");
    }
}

#[tokio::test]
async fn a_disabled_key_stays_disabled() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, ten_a_month()).await;
        let disable = KeyChange {
            enabled: Some(false),
            ..KeyChange::default()
        };
        store.update_key(&key.id, &disable, NOW).await.unwrap();
        store
            .set_remaining(&key.id, &plan.id, 5, NOW)
            .await
            .unwrap();
        let decision = decide(&limiter(&store, &ManualClock::new(NOW)), &value).await;
        assert!(!matches!(decision, Decision::Allow(_)), "{name}");
    }
}

#[tokio::test]
async fn only_what_a_key_has_of_a_plans_quota_can_be_set() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, _, plan) = key_on_plan(&store, ten_a_month()).await;
        let mut unlimited = new_plan("Unlimited", &[]);
        unlimited.quota = None;
        let unlimited = store.create_plan(&unlimited, NOW).await.unwrap();
        store
            .add_key_to_plan(&key.id, &unlimited.id, NOW)
            .await
            .unwrap();
        let stranger = store.create_key(&new_key("stranger"), NOW).await.unwrap();
        let set = async |key: &KeyId, plan: &PlanId, remaining| {
            store
                .set_remaining(key, plan, remaining, after(1))
                .await
                .unwrap_err()
        };
        let error = set(&"none".into(), &plan.id, 1).await;
        assert!(
            matches!(error, RegistryError::NoSuchKey(_)),
            "{name}: {error}"
        );
        let error = set(&key.id, &no_plan(), 1).await;
        assert!(
            matches!(error, RegistryError::NoSuchPlan(_)),
            "{name}: {error}"
        );
        let error = set(&stranger.id, &plan.id, 1).await;
        assert!(
            matches!(error, RegistryError::NotInPlan { .. }),
            "{name}: {error}"
        );
        let error = set(&key.id, &unlimited.id, 1).await;
        assert!(
            matches!(error, RegistryError::NoQuota(_)),
            "{name}: {error}"
        );
        let error = set(&key.id, &plan.id, u64::MAX).await;
        assert!(
            matches!(error, RegistryError::TooLarge(_)),
            "{name}: {error}"
        );
    }
}

/// Requests from many tasks while an operator sets what remains: after the change no more pass than it left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_under_load_loses_no_charge_that_comes_after_it() {
    for (database, store) in stores().await {
        let name = database.name();
        let mut plan = ten_a_month();
        plan.quota = Some(Quota::new(1_000_000, Period::Month, 0).unwrap());
        let (key, value, plan) = key_on_plan(&store, plan).await;
        let clock = ManualClock::new(NOW);
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (one, value) = (limiter(&store, &clock), value.clone());
                tokio::spawn(async move { admitted(&one, &value).await })
            })
            .collect();
        store
            .set_remaining(&key.id, &plan.id, 40, NOW)
            .await
            .unwrap();
        let mut all = 0;
        for task in tasks {
            all += u64::from(task.await.unwrap());
        }
        let usage = store
            .usage(&key.id, &plan.id, Day::of(NOW), Day::of(NOW))
            .await
            .unwrap();
        assert_eq!(
            usage.days[0].count, all,
            "{name}: an admitted request is not counted"
        );
        assert_eq!(usage.quota.unwrap().remaining(1_000_000), 0, "{name}");
        assert!(all >= 40, "{name}: {all}");
    }
}
