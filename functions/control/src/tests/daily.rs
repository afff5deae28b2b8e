//! The daily housekeeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tollgate::control::keep_house;
use tollgate::key::KeyValue;
use tollgate::store::{KeyChange, KeyRegistry as _, NewKey, PlanRegistry as _};
use tollgate::time::{Clock, Timestamp};

use super::test_app::{NOW, TestApp, event};

const DAY: Duration = Duration::from_hours(24);

impl TestApp {
    async fn keep_house(&self) -> Value {
        self.handle(event("control-daily")).await.unwrap()
    }

    /// A meter as a charge leaves it.
    async fn meter(&self, key: &str, plan: &str) {
        let text = |text: String| AttributeValue::S(text);
        self.client
            .put_item()
            .table_name("tollgate")
            .item("pk", text(format!("M#{key}#{plan}")))
            .item("sk", text("METER".to_owned()))
            .item("tat", AttributeValue::N(NOW.as_nanos().to_string()))
            .send()
            .await
            .unwrap();
    }

    /// Whether a meter is there, and whether it is off and has an end.
    async fn meter_state(&self, key: &str, plan: &str) -> Option<(bool, Option<u64>)> {
        let text = |text: String| AttributeValue::S(text);
        let answer = self
            .client
            .get_item()
            .table_name("tollgate")
            .key("pk", text(format!("M#{key}#{plan}")))
            .key("sk", text("METER".to_owned()))
            .send()
            .await
            .unwrap();
        let item = answer.item?;
        let ttl = item
            .get("ttl")
            .map(|ttl| ttl.as_n().unwrap().parse().unwrap());
        Some((item.contains_key("off"), ttl))
    }

    async fn key_that_expires(&self, id: &str, expires_at: Option<Timestamp>) {
        let key = NewKey {
            id: Some(id.into()),
            expires_at,
            ..NewKey::new(
                id,
                KeyValue::parse(&format!("the-value-of-the-key-{id}")).unwrap(),
            )
        };
        self.store.create_key(&key, NOW).await.unwrap();
    }

    async fn is_enabled(&self, id: &str) -> bool {
        self.key(id).await.unwrap().enabled
    }
}

/// A clock that is a second later each time it is read.
#[derive(Clone, Debug)]
struct Hurried(Arc<AtomicU64>);

impl Clock for Hurried {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test]
async fn expired_keys_are_disabled_once_and_others_are_left() {
    let app = TestApp::start().await;
    let (plan, _) = app.plan_and_key().await;
    app.key_that_expires("old", Some(NOW)).await;
    app.key_that_expires("young", Some(NOW.saturating_add(DAY)))
        .await;
    app.key_that_expires("ageless", None).await;
    let (old, plan_id) = ("old".into(), plan.as_str().into());
    app.store
        .add_key_to_plan(&old, &plan_id, NOW)
        .await
        .unwrap();
    let summary = app.keep_house().await;
    assert_eq!(summary["expired_disabled"], 1);
    assert_eq!(summary["complete"], true);
    assert!(!app.is_enabled("old").await);
    assert!(app.is_enabled("young").await && app.is_enabled("ageless").await);
    assert_eq!(app.meter_state("old", &plan).await, Some((true, None)));
    assert_eq!(app.keep_house().await["expired_disabled"], 0);
    app.clock.advance(DAY);
    assert_eq!(app.keep_house().await["expired_disabled"], 1);
    assert!(!app.is_enabled("young").await);
}

#[tokio::test]
async fn an_orphan_is_marked_kept_for_a_day_and_removed() {
    let app = TestApp::start().await;
    let (plan, key) = app.plan_and_key().await;
    app.meter(&key, "no-plan").await;
    app.meter("no-key", &plan).await;
    app.meter("no-key", "no-plan").await;
    app.meter(&key, &plan).await;
    let orphans = [
        (key.as_str(), "no-plan"),
        ("no-key", plan.as_str()),
        ("no-key", "no-plan"),
    ];
    let end = NOW.as_secs() + DAY.as_secs();
    let summary = app.keep_house().await;
    assert_eq!(
        summary,
        json!({ "expired_disabled": 0, "orphans_marked": 3, "orphans_removed": 0, "examined": 5, "complete": true })
    );
    app.clock.advance(Duration::from_secs(86_399));
    let summary = app.keep_house().await;
    assert_eq!(
        (&summary["orphans_marked"], &summary["orphans_removed"]),
        (&json!(0), &json!(0))
    );
    for (key, plan) in orphans {
        assert_eq!(app.meter_state(key, plan).await, Some((true, Some(end))));
    }
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.keep_house().await["orphans_removed"], 3);
    for (key, plan) in orphans {
        assert_eq!(app.meter_state(key, plan).await, None);
    }
    assert_eq!(app.meter_state(&key, &plan).await, Some((false, None)));
    assert_eq!(app.keep_house().await["orphans_removed"], 0);
}

#[tokio::test]
async fn the_meter_of_a_key_that_left_its_plan_stays() {
    let app = TestApp::start().await;
    let (plan, key) = app.plan_and_key().await;
    let (key_id, plan_id) = (key.as_str().into(), plan.as_str().into());
    app.store
        .add_key_to_plan(&key_id, &plan_id, NOW)
        .await
        .unwrap();
    app.meter(&key, &plan).await;
    app.store
        .remove_key_from_plan(&key_id, &plan_id, NOW)
        .await
        .unwrap();
    for _day in 0..3 {
        let summary = app.keep_house().await;
        assert_eq!(summary["orphans_marked"], 0);
        app.clock.advance(DAY);
    }
    assert_eq!(app.meter_state(&key, &plan).await, Some((true, None)));
}

#[tokio::test]
async fn the_meter_of_a_deleted_key_goes_and_not_before_processes_forget_the_key() {
    let app = TestApp::start().await;
    let (plan, key) = app.plan_and_key().await;
    let (key_id, plan_id) = (key.as_str().into(), plan.as_str().into());
    app.store
        .add_key_to_plan(&key_id, &plan_id, NOW)
        .await
        .unwrap();
    app.meter(&key, &plan).await;
    app.store.delete_key(&key_id, NOW).await.unwrap();
    app.clock.advance(Duration::from_mins(5));
    app.keep_house().await;
    assert!(app.meter_state(&key, &plan).await.unwrap().0);
    app.clock.advance(2 * DAY);
    assert_eq!(app.keep_house().await["orphans_removed"], 1);
}

#[tokio::test]
async fn two_may_keep_house_at_once() {
    let app = TestApp::start().await;
    for number in 0..40 {
        app.meter(&format!("gone{number}"), "no-plan").await;
        let expired = format!("old{number}");
        app.key_that_expires(&expired, Some(NOW)).await;
    }
    for (name, days) in [("orphans_marked", 0), ("orphans_removed", 1)] {
        app.clock.advance(DAY * days);
        let (a, b) = tokio::join!(app.keep_house(), app.keep_house());
        let sum = |name: &str| a[name].as_u64().unwrap() + b[name].as_u64().unwrap();
        assert_eq!(sum(name), 40);
        assert_eq!(sum("expired_disabled"), if days == 0 { 40 } else { 0 });
    }
}

#[tokio::test]
async fn what_there_is_no_time_for_is_left_to_the_next_run() {
    let app = TestApp::start().await;
    for number in 0..40 {
        app.meter(&format!("gone{number}"), "no-plan").await;
    }
    let clock = Hurried(Arc::new(AtomicU64::new(NOW.as_secs())));
    let mut marked_by_run = Vec::new();
    while marked_by_run.iter().sum::<u64>() < 40 {
        // Time for a few of the store's parts; each day another part has its turn first.
        let until = clock.now().saturating_add(Duration::from_secs(16));
        let summary = keep_house(&app.store, &clock, until).await.unwrap();
        assert!(!summary.complete);
        marked_by_run.push(summary.orphans_marked);
        assert!(marked_by_run.len() < 100);
        clock.0.fetch_add(DAY.as_secs(), Ordering::Relaxed);
    }
    assert!(marked_by_run.len() > 1, "it was done at once");
}

#[tokio::test]
async fn without_time_nothing_is_done() {
    let app = TestApp::start().await;
    app.meter("gone", "no-plan").await;
    app.key_that_expires("old", Some(NOW)).await;
    let summary = app
        .handle_within(event("control-daily"), Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(summary["complete"], false);
    assert!(app.is_enabled("old").await);
    assert_eq!(
        app.meter_state("gone", "no-plan").await,
        Some((false, None))
    );
}

#[tokio::test]
async fn a_key_whose_expiry_is_moved_meanwhile_stays_enabled() {
    use tollgate::store::{Expiry, Housekeeping as _};
    let app = TestApp::start().await;
    app.key_that_expires("old", Some(NOW)).await;
    let later = KeyChange {
        expiry: Some(Expiry::At(NOW.saturating_add(DAY))),
        ..KeyChange::default()
    };
    app.store
        .update_key(&"old".into(), &later, NOW)
        .await
        .unwrap();
    assert!(!app.store.disable_expired(&"old".into(), NOW).await.unwrap());
    assert!(
        !app.store
            .disable_expired(&"gone".into(), NOW)
            .await
            .unwrap()
    );
    assert!(app.is_enabled("old").await);
}

#[tokio::test]
async fn an_orphan_whose_key_comes_back_is_left() {
    use tollgate::id::{KeyId, PlanId};
    use tollgate::meter::MeterId;
    use tollgate::store::{Housekeeping as _, Lack, Orphan};
    let app = TestApp::start().await;
    let (plan, _) = app.plan_and_key().await;
    app.meter("back", &plan).await;
    app.key_that_expires("back", None).await;
    let orphan = Orphan {
        meter: MeterId {
            key_id: KeyId::from("back"),
            plan_id: PlanId::from(plan.as_str()),
        },
        lacks: Lack::Key,
        forgotten_at: None,
    };
    assert!(!app.store.mark_orphan(&orphan, NOW).await.unwrap());
    assert!(!app.store.remove_orphan(&orphan, NOW).await.unwrap());
    assert_eq!(app.meter_state("back", &plan).await, Some((false, None)));
}
