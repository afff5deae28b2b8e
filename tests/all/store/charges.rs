//! Every clause of a charge, in each of its forms.

use tollgate::bucket::{Bucket, Rate, Throttle};
use tollgate::meter::{
    Answer, BucketForm, Charge, ChargeId, DayClause, Knowledge, Limits, MeterId, Proposal,
    QuotaClause, Refusal, Write,
};
use tollgate::plan::BucketId;
use tollgate::quota::{Day, Period, Quota};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{KeyChange, KeyRegistry, Ledger, PlanRegistry};
use tollgate::time::Timestamp;

use super::{NOW, after, key_on_plan, new_plan, stores};

fn meter() -> MeterId {
    MeterId {
        key_id: "key".into(),
        plan_id: "plan".into(),
    }
}

fn limits(bucket: BucketId, burst: u64, quota: u64) -> Limits {
    let throttle = Throttle {
        rate: Rate::per_second(1.0).unwrap(),
        burst,
    };
    Limits {
        bucket: Some((bucket, Bucket::new(throttle))),
        quota: Some(Quota::new(quota, Period::Day, 0).unwrap()),
        ..Limits::default()
    }
}

/// What a process without any knowledge would write.
fn blind(id: u64, cost: u64, limits: &Limits, now: Timestamp) -> Write {
    write(&Knowledge::default(), id, cost, limits, now)
}

fn write(known: &Knowledge, id: u64, cost: u64, limits: &Limits, now: Timestamp) -> Write {
    match known.propose(&Charge::new(ChargeId::new(id), cost), limits, now) {
        Proposal::Write(write) => write,
        other => panic!("expected a write, not {other:?}"),
    }
}

/// Makes a write and learns from the answer.
async fn make(store: &DynamoStore, known: &mut Knowledge, write: &Write, now: Timestamp) -> Answer {
    let answer = store.charge(&meter(), write).await.unwrap();
    known.learn(&answer, now);
    answer
}

#[tokio::test]
async fn the_first_charge_of_a_new_meter_costs_one_write() {
    for (database, store) in stores().await {
        let name = database.name();
        let limits = limits(BucketId::Plan, 3, 10);
        let first = blind(1, 1, &limits, NOW);
        let Answer::Applied(item) = store.charge(&meter(), &first).await.unwrap() else {
            panic!("{name}: the blind form does not fit a new meter");
        };
        assert_eq!(item.tat(BucketId::Plan), Some(after(1)), "{name}");
        assert_eq!(item.quota.unwrap().used, 1, "{name}");
        assert_eq!(item.day.unwrap().count, 1, "{name}");
        assert!(item.holds(ChargeId::new(1)), "{name}");
    }
}

#[tokio::test]
async fn a_bucket_admits_its_burst_and_then_one_a_second() {
    for (database, store) in stores().await {
        let name = database.name();
        let limits = limits(BucketId::Plan, 3, 100);
        let mut known = Knowledge::default();
        for id in 1..=3 {
            let next = write(&known, id, 1, &limits, NOW);
            let answer = make(&store, &mut known, &next, NOW).await;
            assert!(matches!(answer, Answer::Applied(_)), "{name}: {id}");
        }
        // A process which does not know is refused by the store, and learns why.
        let ignorant = blind(4, 1, &limits, NOW);
        let mut other = Knowledge::default();
        let answer = make(&store, &mut other, &ignorant, NOW).await;
        assert!(matches!(answer, Answer::Failed(_)), "{name}");
        for known in [&known, &other] {
            let refused = known.propose(&Charge::new(ChargeId::new(5), 1), &limits, NOW);
            let until = Some(after(1));
            assert_eq!(
                refused,
                Proposal::Refuse(Refusal::Throttled { until }),
                "{name}"
            );
        }
        let next = write(&known, 6, 1, &limits, after(1));
        assert!(matches!(next.bucket.unwrap().form, BucketForm::Busy { .. }));
        let answer = make(&store, &mut known, &next, after(1)).await;
        assert!(matches!(answer, Answer::Applied(_)), "{name}");
        // The busy form itself refuses what the limits forbid.
        let again = Write {
            id: ChargeId::new(7),
            ..next
        };
        let answer = store.charge(&meter(), &again).await.unwrap();
        assert!(matches!(answer, Answer::Failed(_)), "{name}");
    }
}

#[tokio::test]
async fn a_methods_bucket_stands_beside_the_plans() {
    for (database, store) in stores().await {
        let name = database.name();
        let method = BucketId::Method(0x00ab_cdef);
        let mut known = Knowledge::default();
        for (id, bucket) in [(1, BucketId::Plan), (2, method)] {
            let limits = limits(bucket, 1, 100);
            let next = write(&known, id, 1, &limits, NOW);
            let answer = make(&store, &mut known, &next, NOW).await;
            assert!(matches!(answer, Answer::Applied(_)), "{name}");
            let refused = known.propose(&Charge::new(ChargeId::new(9), 1), &limits, NOW);
            assert!(matches!(refused, Proposal::Refuse(_)), "{name}");
        }
        let failing = blind(3, 1, &limits(BucketId::Plan, 1, 100), NOW);
        let Answer::Failed(item) = store.charge(&meter(), &failing).await.unwrap() else {
            panic!("{name}: over the burst");
        };
        assert_eq!(item.tat(method), Some(after(1)), "{name}");
    }
}

#[tokio::test]
async fn a_quota_admits_exactly_its_limit_whatever_a_request_costs() {
    for (database, store) in stores().await {
        let name = database.name();
        let limits = limits(BucketId::Plan, 1_000, 10);
        let mut known = Knowledge::default();
        for (id, cost) in [(1, 4), (2, 5)] {
            let next = write(&known, id, cost, &limits, NOW);
            let answer = make(&store, &mut known, &next, NOW).await;
            assert!(matches!(answer, Answer::Applied(_)), "{name}");
        }
        let too_much = blind(3, 2, &limits, NOW);
        let busy = Write {
            bucket: write(&known, 3, 1, &limits, NOW).bucket,
            ..too_much
        };
        let answer = store.charge(&meter(), &busy).await.unwrap();
        assert!(matches!(answer, Answer::Failed(_)), "{name}");
        let last = write(&known, 4, 1, &limits, NOW);
        let answer = make(&store, &mut known, &last, NOW).await;
        let Answer::Applied(item) = answer else {
            panic!("{name}: the last of the quota");
        };
        assert_eq!(item.quota.unwrap().used, 10, "{name}");
    }
}

#[tokio::test]
async fn a_new_window_starts_from_nothing_and_a_new_day_keeps_the_one_before() {
    for (database, store) in stores().await {
        let name = database.name();
        let limits = limits(BucketId::Plan, 1_000, 10);
        let mut known = Knowledge::default();
        let first = write(&known, 1, 10, &limits, NOW);
        make(&store, &mut known, &first, NOW).await;
        let tomorrow = after(86_400);
        let next = write(&known, 2, 3, &limits, tomorrow);
        assert!(
            matches!(next.quota, Some(QuotaClause::New { .. })),
            "{name}"
        );
        assert!(matches!(next.day, DayClause::New { .. }), "{name}");
        let answer = make(&store, &mut known, &next, tomorrow).await;
        let Answer::Applied(item) = answer else {
            panic!("{name}: a new day");
        };
        assert_eq!(item.quota.unwrap().used, 3, "{name}");
        assert_eq!(item.day.unwrap().count, 3, "{name}");
        let before = item.prev_day.unwrap();
        assert_eq!((before.day, before.count), (Day::of(NOW), 10), "{name}");
        // A late process that still believes in yesterday cannot turn the window back.
        let late = blind(3, 1, &limits, NOW);
        let answer = store.charge(&meter(), &late).await.unwrap();
        assert!(matches!(answer, Answer::Failed(_)), "{name}");
    }
}

#[tokio::test]
async fn the_same_charge_is_applied_once_and_says_so() {
    for (database, store) in stores().await {
        let name = database.name();
        let limits = limits(BucketId::Plan, 1_000, 10);
        let charge = blind(77, 1, &limits, NOW);
        store.charge(&meter(), &charge).await.unwrap();
        let Answer::Failed(item) = store.charge(&meter(), &charge).await.unwrap() else {
            panic!("{name}: charged twice");
        };
        assert!(item.holds(ChargeId::new(77)), "{name}");
        assert_eq!(item.quota.unwrap().used, 1, "{name}");
    }
}

#[tokio::test]
async fn a_meter_that_is_off_takes_no_charge_until_it_is_on_again() {
    for (database, store) in stores().await {
        let name = database.name();
        let (key, _, plan) = key_on_plan(&store, new_plan("Bronze", &["users:dev"])).await;
        let meter = MeterId {
            key_id: key.id.clone(),
            plan_id: plan.id.clone(),
        };
        let limits = limits(BucketId::Plan, 1_000, 10);
        let charge = |id| blind(id, 1, &limits, NOW);
        let enable = |enabled| KeyChange {
            enabled: Some(enabled),
            ..KeyChange::default()
        };
        for (step, on) in [(1, false), (2, true)] {
            store.update_key(&key.id, &enable(on), NOW).await.unwrap();
            let answer = store.charge(&meter, &charge(step)).await.unwrap();
            assert_eq!(matches!(answer, Answer::Applied(_)), on, "{name}");
        }
        store
            .remove_key_from_plan(&key.id, &plan.id, NOW)
            .await
            .unwrap();
        let Answer::Failed(item) = store.charge(&meter, &charge(3)).await.unwrap() else {
            panic!("{name}: the key has left the plan");
        };
        assert!(item.off, "{name}");
        assert_eq!(item.quota.unwrap().used, 1, "{name}: what was used is kept");
        store.add_key_to_plan(&key.id, &plan.id, NOW).await.unwrap();
        store
            .update_key(&key.id, &enable(false), NOW)
            .await
            .unwrap();
        store.delete_key(&key.id, NOW).await.unwrap();
        let answer = store.charge(&meter, &charge(4)).await.unwrap();
        assert!(matches!(answer, Answer::Failed(_)), "{name}: deleted");
    }
}
