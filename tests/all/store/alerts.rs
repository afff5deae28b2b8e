//! Alerts: each is kept once, and owed until everybody has been told.

use tollgate::alert::{Alert, Channel};
use tollgate::meter::{MeterId, WindowUse};
use tollgate::quota::Day;
use tollgate::store::{AlertOutbox, AlertState, KeptAlert, Ledger};
use tollgate::time::ManualClock;

use super::{NOW, after, decide, key_on_plan, new_plan, pepper, stores};
use crate::patient::patient_limiter;

fn meter(key_id: &str) -> MeterId {
    MeterId {
        key_id: key_id.into(),
        plan_id: "bronze".into(),
    }
}

#[tokio::test]
async fn an_alert_is_kept_once_and_owed_until_all_are_told() {
    for (database, store) in stores().await {
        let name = database.name();
        let first = Alert::throttled(meter("first"), NOW);
        let second = Alert::throttled(meter("second"), after(1));
        assert!(store.record_alert(&second).await.unwrap(), "{name}");
        assert!(store.record_alert(&first).await.unwrap(), "{name}");
        let again = Alert::throttled(meter("first"), after(2));
        assert!(!store.record_alert(&again).await.unwrap(), "{name}");
        let kept = store.alert(&first.meter, &first.name()).await.unwrap();
        let expected = KeptAlert {
            alert: first.clone(),
            state: AlertState::Owed,
            told: Vec::new(),
        };
        assert_eq!(kept, Some(expected.clone()), "{name}");
        let owed = store.alerts(AlertState::Owed, 10).await.unwrap();
        let owed: Vec<Alert> = owed.into_iter().map(|kept| kept.alert).collect();
        assert_eq!(owed, [first, second.clone()], "{name}: the oldest first");
        let partly = KeptAlert {
            told: vec![Channel::Event],
            ..expected.clone()
        };
        store.settle_alert(&partly).await.unwrap();
        assert_eq!(store.alerts(AlertState::Owed, 1).await.unwrap(), [partly]);
        let told = KeptAlert {
            state: AlertState::Told,
            told: vec![Channel::Event, Channel::Webhook],
            ..expected.clone()
        };
        store.settle_alert(&told).await.unwrap();
        // A slower process that could not tell all of them comes too late.
        store.settle_alert(&expected).await.unwrap();
        assert_eq!(store.alerts(AlertState::Told, 10).await.unwrap(), [told]);
        let owed = store.alerts(AlertState::Owed, 10).await.unwrap();
        assert_eq!(owed.len(), 1, "{name}");
        assert_eq!(owed[0].alert, second, "{name}");
    }
}

#[tokio::test]
async fn what_meters_have_used_is_read_in_one_go() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, new_plan("Bronze", &["users:dev"])).await;
        let limiter = patient_limiter(store.clone(), ManualClock::new(NOW), pepper());
        for _ in 0..3 {
            decide(&limiter, &value).await;
        }
        let used = MeterId {
            key_id: key.id,
            plan_id: plan.id,
        };
        let uses = store.uses(&[meter("nobody"), used]).await.unwrap();
        let window = Day::of(NOW);
        assert_eq!(uses, [None, Some(WindowUse { window, used: 3 })], "{name}");
    }
}
