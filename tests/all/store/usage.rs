//! What was used, day by day.

use std::time::Duration;

use tollgate::decision::Decision;
use tollgate::id::KeyId;
use tollgate::meter::{DayCount, MeterId};
use tollgate::quota::Day;
use tollgate::store::KeyRegistry;
use tollgate::time::{Clock, ManualClock};

use super::{NOW, decide, key_on_plan, new_plan, pepper, stores};
use crate::patient::patient_limiter;

#[tokio::test]
async fn days_add_up_to_what_was_admitted() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, new_plan("Bronze", &["users:dev"])).await;
        let clock = ManualClock::new(NOW);
        let limiter = patient_limiter(store.clone(), clock.clone(), pepper());
        // Requests on five days, with a day without any between them.
        let requests = [3, 1, 0, 2, 4];
        for count in requests {
            for _ in 0..count {
                let decision = decide(&limiter, &value).await;
                assert!(
                    matches!(decision, Decision::Allow(_)),
                    "{name}: {decision:?}"
                );
            }
            clock.advance(Duration::from_hours(24));
        }
        let first = Day::of(NOW);
        let expected: Vec<DayCount> = (0..)
            .zip(requests)
            .filter(|(_, count)| *count > 0)
            .map(|(offset, count)| DayCount {
                day: first.plus(offset),
                count,
            })
            .collect();
        let last = Day::of(clock.now());
        let usage = store.usage(&key.id, &plan.id, first, last).await.unwrap();
        assert_eq!(usage.days, expected, "{name}");
        assert_eq!(usage.quota.unwrap().used, 4, "{name}");
        let meter = |key_id: &KeyId| MeterId {
            key_id: key_id.clone(),
            plan_id: plan.id.clone(),
        };
        let meters = [meter(&"nobody".into()), meter(&key.id)];
        let last_used = store.last_used(&meters).await.unwrap();
        let [None, Some(used)] = last_used[..] else {
            panic!("{name}: {last_used:?}");
        };
        assert_eq!(Some(&used.day), expected.last(), "{name}");
        let fifth_noon = NOW.saturating_add(Duration::from_hours(4 * 24));
        assert_eq!(
            used.at,
            Some(fifth_noon),
            "{name}: the minute of the last request"
        );
        assert!(store.last_used(&[]).await.unwrap().is_empty(), "{name}");
        // A part of the range, and a range without any.
        let part = store
            .usage(&key.id, &plan.id, first.plus(1), first.plus(3))
            .await;
        assert_eq!(part.unwrap().days, expected[1..3], "{name}");
        let none = store
            .usage(&key.id, &plan.id, first.minus(9), first.minus(1))
            .await;
        assert!(none.unwrap().days.is_empty(), "{name}");
        let backwards = store.usage(&key.id, &plan.id, last, first).await;
        assert!(backwards.unwrap().days.is_empty(), "{name}");
    }
}
