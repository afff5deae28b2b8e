//! Many tasks and many processes at once: burst and quota stay exact.

use tollgate::decision::{Decision, Reason};
use tollgate::quota::{Period, Quota};
use tollgate::store::NewPlan;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::ManualClock;

use super::{NOW, decide, key_on_plan, new_plan, pepper, stores};
use crate::patient::patient_limiter;

const TASKS: usize = 32;

#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    admitted: usize,
    throttled: usize,
    over_quota: usize,
}

/// Lets 32 tasks, spread over `processes` limiters that know nothing of each other, ask `each` times. The clock stands still.
async fn race(store: &DynamoStore, plan: NewPlan, processes: usize, each: usize) -> Outcome {
    let (_, value, _) = key_on_plan(store, plan).await;
    let limiters: Vec<_> = (0..processes)
        .map(|_| patient_limiter(store.clone(), ManualClock::new(NOW), pepper()))
        .collect();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let limiter = limiters[task % processes].clone();
            let value = value.clone();
            tokio::spawn(async move {
                let mut outcome = Outcome::default();
                for _ in 0..each {
                    match decide(&limiter, &value).await {
                        Decision::Allow(_) => outcome.admitted += 1,
                        Decision::Deny(denial) => match denial.reason {
                            Reason::Throttled { .. } => outcome.throttled += 1,
                            Reason::QuotaExceeded { .. } => outcome.over_quota += 1,
                            other => panic!("{other:?}"),
                        },
                    }
                }
                outcome
            })
        })
        .collect();
    let mut all = Outcome::default();
    for task in tasks {
        let outcome = task.await.unwrap();
        all.admitted += outcome.admitted;
        all.throttled += outcome.throttled;
        all.over_quota += outcome.over_quota;
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_burst_is_never_exceeded_and_all_of_it_can_be_had() {
    for (database, store) in stores().await {
        let name = database.name();
        for processes in [1, 8, 32] {
            // Who loses three writes in a row is told to come back, so tasks ask often enough to take the whole burst.
            let outcome = race(&store, new_plan("Bronze", &["users:dev"]), processes, 20).await;
            assert_eq!(outcome.admitted, 10, "{name}, {processes}: {outcome:?}");
            assert_eq!(outcome.over_quota, 0, "{name}, {processes}: {outcome:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quota_is_exact() {
    for (database, store) in stores().await {
        let name = database.name();
        for processes in [1, 8, 32] {
            let mut plan = new_plan("Bronze", &["users:dev"]);
            plan.throttle = None;
            plan.quota = Some(Quota::new(200, Period::Month, 0).unwrap());
            let outcome = race(&store, plan, processes, 10).await;
            let expected = Outcome {
                admitted: 200,
                throttled: 0,
                over_quota: 120,
            };
            assert_eq!(outcome, expected, "{name}, {processes}");
        }
    }
}
