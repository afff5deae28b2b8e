//! Limits of a key's own, as the limiter enforces them on a real store.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinSet;
use tollgate::decision::{Decision, Reason};
use tollgate::id::KeyId;
use tollgate::key::KeyValue;
use tollgate::limiter::Limiter;
use tollgate::quota::{Day, Period, Quota};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{KeyChange, KeyRegistry, NewPlan, PlanRegistry};
use tollgate::time::{Clock, ManualClock, Timestamp};

use super::{NOW, decide, key_on_plan, new_key, new_plan, pepper, stores};
use crate::patient::patient_limiter;

/// For how long a process uses what it has read of a key.
const MEMORY: Duration = Duration::from_secs(31);

/// Ten requests a day, and no throttle.
fn ten_a_day() -> NewPlan {
    NewPlan {
        throttle: None,
        quota: Some(Quota::new(10, Period::Day, 0).unwrap()),
        ..new_plan("Bronze", &["users:dev"])
    }
}

fn tags(changes: &[(&str, Option<&str>)]) -> KeyChange {
    let changes = changes
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.map(str::to_owned)));
    KeyChange {
        tag_changes: changes.collect(),
        ..KeyChange::default()
    }
}

async fn set(store: &DynamoStore, key: &KeyId, changes: &[(&str, Option<&str>)]) {
    store.update_key(key, &tags(changes), NOW).await.unwrap();
}

/// Whether a request passed; `None` when it lost a race and may come back at once.
fn passed(decision: Decision) -> Option<bool> {
    match decision {
        Decision::Allow(_) => Some(true),
        Decision::Deny(denial) => match denial.reason {
            Reason::Throttled {
                retry_after: Some(Duration::ZERO),
            } => None,
            Reason::Throttled { .. } | Reason::QuotaExceeded { .. } => Some(false),
            other => panic!("{other:?}"),
        },
    }
}

/// How many requests pass when all processes are asked for many at once, and then for one after the other until each refuses.
async fn admitted(limiters: &[Limiter<DynamoStore, ManualClock>], value: &KeyValue) -> usize {
    let mut asked = JoinSet::new();
    for limiter in limiters.iter().cycle().take(40) {
        let (limiter, value) = (limiter.clone(), value.clone());
        asked.spawn(async move { decide(&limiter, &value).await });
    }
    let at_once = asked.join_all().await;
    let mut count = at_once
        .into_iter()
        .filter(|decision| passed(decision.clone()) == Some(true))
        .count();
    for limiter in limiters {
        loop {
            match passed(decide(limiter, value).await) {
                Some(true) => count += 1,
                Some(false) => break,
                None => {}
            }
        }
    }
    count
}

/// How many of these requests pass, one after the other.
async fn admitted_of(
    limiter: &Limiter<DynamoStore, ManualClock>,
    value: &KeyValue,
    count: usize,
) -> usize {
    let mut admitted = 0;
    for _ in 0..count {
        admitted += usize::from(passed(decide(limiter, value).await) == Some(true));
    }
    admitted
}

fn processes(store: &DynamoStore, clock: &ManualClock) -> Vec<Limiter<DynamoStore, ManualClock>> {
    (0..4)
        .map(|_| patient_limiter(store.clone(), clock.clone(), pepper()))
        .collect()
}

#[tokio::test]
async fn exactly_what_the_key_has_of_its_own_is_admitted_and_other_keys_have_the_plans() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, ten_a_day()).await;
        let other = new_key("other");
        let other_key = store.create_key(&other, NOW).await.unwrap();
        store
            .add_key_to_plan(&other_key.id, &plan.id, NOW)
            .await
            .unwrap();
        set(&store, &key.id, &[("tollgate:quota", Some("17"))]).await;
        let clock = ManualClock::new(NOW);
        let limiters = processes(&store, &clock);
        assert_eq!(admitted(&limiters, &value).await, 17, "{name}");
        assert_eq!(admitted(&limiters, &other.value).await, 10, "{name}");

        // Of one plan, and lower: nothing more, until the number is gone.
        let of_plan = format!("tollgate:quota:{}", plan.id);
        set(&store, &key.id, &[(&of_plan, Some("12/DAY"))]).await;
        clock.advance(MEMORY);
        assert_eq!(admitted(&limiters, &value).await, 0, "{name}");
        set(&store, &key.id, &[(&of_plan, Some("20"))]).await;
        clock.advance(MEMORY);
        assert_eq!(admitted(&limiters, &value).await, 3, "{name}");
        let none = [(of_plan.as_str(), None), ("tollgate:quota", None)];
        set(&store, &key.id, &none).await;
        clock.advance(Duration::from_hours(24));
        assert_eq!(admitted(&limiters, &value).await, 10, "{name}");
    }
}

#[tokio::test]
async fn a_burst_of_the_keys_own_is_exact() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, _) = key_on_plan(&store, ten_a_day()).await;
        // One request in a hundred seconds.
        let throttle = [
            ("tollgate:rate", Some("0.01")),
            ("tollgate:burst", Some("6")),
        ];
        set(&store, &key.id, &throttle).await;
        let clock = ManualClock::new(NOW);
        let limiters = processes(&store, &clock);
        assert_eq!(admitted(&limiters, &value).await, 6, "{name}");
        clock.advance(Duration::from_secs(100));
        assert_eq!(admitted(&limiters, &value).await, 1, "{name}");
    }
}

fn top_up(requests: u64, from: Timestamp, until: Timestamp) -> String {
    format!("{requests} {}/{}", from.rfc3339(), until.rfc3339())
}

#[tokio::test]
async fn a_top_up_adds_its_requests_once_until_it_ends_and_never_in_the_next_window() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, ten_a_day()).await;
        let clock = ManualClock::new(NOW);
        let limiters = processes(&store, &clock);
        assert_eq!(admitted(&limiters, &value).await, 10, "{name}");

        let ends_at = NOW.saturating_add(Duration::from_hours(2));
        let next_week = NOW.saturating_add(Duration::from_hours(24 * 7));
        let short = top_up(5, NOW, ends_at);
        set(&store, &key.id, &[("tollgate:top-up:a", Some(&short))]).await;
        // The same command again, after its answer was lost.
        set(&store, &key.id, &[("tollgate:top-up:a", Some(&short))]).await;
        clock.advance(MEMORY);
        assert_eq!(admitted_of(&limiters[0], &value, 3).await, 3, "{name}");
        // What is left of it ends with it, also where a process has it in advance.
        clock.advance(Duration::from_hours(2));
        assert_eq!(admitted(&limiters, &value).await, 0, "{name}");

        // 13 are used: of 17 are 4 left. The next day has its ten.
        let long = top_up(7, NOW, next_week);
        set(&store, &key.id, &[("tollgate:top-up:b", Some(&long))]).await;
        clock.advance(MEMORY);
        assert_eq!(admitted(&limiters, &value).await, 4, "{name}");
        clock.advance(Duration::from_hours(24));
        assert_eq!(admitted(&limiters, &value).await, 10, "{name}");
        let (from, to) = (Day::of(NOW), Day::of(clock.now()));
        let usage = store.usage(&key.id, &plan.id, from, to).await.unwrap();
        let counts: BTreeMap<_, _> = usage.days.iter().map(|day| (day.day, day.count)).collect();
        assert_eq!(counts, BTreeMap::from([(from, 17), (to, 10)]), "{name}");
    }
}

#[tokio::test]
async fn a_process_whose_clock_lags_does_not_carry_a_top_up_into_the_next_window() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, _) = key_on_plan(&store, ten_a_day()).await;
        let midnight = Day::of(NOW).plus(1).start();
        let text = top_up(50, NOW, midnight);
        set(&store, &key.id, &[("tollgate:top-up", Some(&text))]).await;
        let second = Duration::from_secs(1);
        let ahead = ManualClock::new(midnight.saturating_add(second));
        let behind = ManualClock::new(midnight.saturating_sub(second));
        assert_eq!(
            admitted_of(&processes(&store, &ahead)[0], &value, 4).await,
            4,
            "{name}"
        );
        assert_eq!(
            admitted(&processes(&store, &behind), &value).await,
            6,
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_an_operator_leaves_is_counted_from_the_keys_own_limit() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, value, plan) = key_on_plan(&store, ten_a_day()).await;
        let text = top_up(5, NOW, NOW.saturating_add(Duration::from_hours(2)));
        let own = [
            ("tollgate:quota", Some("20/DAY")),
            ("tollgate:top-up", Some(text.as_str())),
        ];
        set(&store, &key.id, &own).await;
        let left = store.set_remaining(&key.id, &plan.id, 4, NOW).await;
        assert_eq!(left.unwrap().used, 21, "{name}");
        let limiters = processes(&store, &ManualClock::new(NOW));
        assert_eq!(admitted(&limiters, &value).await, 4, "{name}");
    }
}
