//! Many requests at once.

use std::sync::Arc;
use std::time::Duration;

use super::{Calls, Desk, FIRST_SIGHT, NO_CALLS, daily, meter_id, throttle};

/// How many of `tasks · each` requests pass, with as many tasks at once.
async fn admitted(desks: &[Arc<Desk>], tasks: usize, each: usize) -> usize {
    let tasks: Vec<_> = (0..tasks)
        .map(|task| {
            let desk = Arc::clone(&desks[task % desks.len()]);
            tokio::spawn(async move {
                let mut admitted = 0;
                for _ in 0..each {
                    admitted += usize::from(desk.decide().await.is_none());
                }
                admitted
            })
        })
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap();
    }
    sum
}

#[tokio::test]
async fn many_first_sights_at_once_share_one_load() {
    let desk = Arc::new(Desk::new(None, None));
    desk.ledger.set_open(false);
    let desks = [Arc::clone(&desk)];
    let asked = tokio::spawn(async move { admitted(&desks, 50, 1).await });
    tokio::task::yield_now().await;
    desk.ledger.set_open(true);
    assert_eq!(asked.await.unwrap(), 50);
    let calls = desk.ledger.take_calls();
    let reads = Calls {
        charges: 0,
        ..calls
    };
    assert_eq!(
        reads,
        Calls {
            charges: 0,
            ..FIRST_SIGHT
        }
    );
    // One for the first, and one for all that waited.
    assert!(calls.charges <= 3, "{calls:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_burst_is_exact_under_32_tasks() {
    for burst in [1, 7, 100] {
        let desks = [Arc::new(Desk::new(Some(throttle(10.0, burst)), None))];
        let admitted = admitted(&desks, 32, 8).await;
        assert_eq!(u64::try_from(admitted).unwrap(), burst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_quota_is_exact_under_32_tasks() {
    for quota in [1, 7, 100] {
        let desks = [Arc::new(Desk::new(None, Some(daily(quota))))];
        let admitted = admitted(&desks, 32, 8).await;
        assert_eq!(u64::try_from(admitted).unwrap(), quota);
        let state = desks[0].ledger.state();
        let used = state.meters[&meter_id()].used;
        assert_eq!(used, Some(i64::try_from(quota).unwrap()));
    }
}

/// Several processes with one store, each of which knows only what it has seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn burst_and_quota_are_exact_over_several_processes() {
    let one = Desk::new(Some(throttle(10.0, 60)), Some(daily(40)));
    let desks: Vec<_> = (0..4)
        .map(|_| {
            let (ledger, clock) = (one.ledger.clone(), one.clock.clone());
            let limiter =
                tollgate::limiter::Limiter::new(ledger.clone(), clock.clone(), super::pepper());
            Arc::new(Desk {
                limiter: limiter.unwrap(),
                ledger,
                clock,
            })
        })
        .collect();
    assert_eq!(admitted(&desks, 32, 4).await, 40);
    assert_eq!(one.ledger.state().meters[&meter_id()].used, Some(40));
    // Each process has to hear of it once.
    assert_eq!(admitted(&desks, 4, 1).await, 0);
    one.ledger.take_calls();
    assert_eq!(admitted(&desks, 4, 5).await, 0);
    assert_eq!(one.ledger.take_calls(), NO_CALLS);
}

/// Far below the rate the bucket is full at almost every charge, and charges that overtake each other find the form wrong that they
/// were sent with. None of them may be refused for that. (64 calls under way take 16 ms: as long as a store that is slow, and
/// shorter than charges are dated ahead.)
#[tokio::test]
async fn many_tasks_far_below_the_rate_are_all_admitted() {
    let desks = [Arc::new(Desk::new(Some(throttle(100_000.0, 50_000)), None))];
    desks[0].ledger.state().tick = Some((desks[0].clock.clone(), Duration::from_micros(250)));
    assert_eq!(admitted(&desks, 64, 20).await, 64 * 20);
}
