//! A store that does not answer: nothing passes without a charge, and nothing is charged twice.

use std::sync::Arc;
use std::time::Duration;

use tollgate::store::StoreErrorKind;

use super::super::ledger::{Fault, Part};
use super::{Calls, Desk, FIRST_SIGHT, KEY, NO_CALLS, daily, meter_id, throttle};

fn desk() -> Desk {
    Desk::new(Some(throttle(1.0, 3)), Some(daily(3)))
}

impl Desk {
    async fn fails(&self) -> bool {
        match self.ask("/users", Some(KEY), 1).await {
            Ok(_) => false,
            Err(error) => error.kind() == StoreErrorKind::Unavailable,
        }
    }

    fn used(&self) -> i64 {
        let state = self.ledger.state();
        state
            .meters
            .get(&meter_id())
            .and_then(|meter| meter.used)
            .unwrap_or(0)
    }
}

#[tokio::test]
async fn nothing_passes_while_the_store_is_down_and_nothing_is_remembered_of_it() {
    let desk = desk();
    desk.ledger.state().is_down = true;
    assert!(desk.fails().await);
    assert!(desk.fails().await);
    assert_eq!(
        desk.ledger.take_calls(),
        Calls {
            keys: 2,
            ..NO_CALLS
        }
    );
    desk.ledger.state().is_down = false;
    assert_eq!(desk.calls_of_a_decision().await, FIRST_SIGHT);
    desk.ledger.state().is_down = true;
    assert!(desk.fails().await);
    assert_eq!(desk.used(), 1);
}

#[tokio::test]
async fn a_charge_that_did_not_arrive_admits_nothing_and_takes_nothing() {
    let desk = desk();
    desk.ledger.state().faults.push_back(Fault::Lost);
    assert!(desk.fails().await);
    assert_eq!(desk.used(), 0);
    for _ in 0..3 {
        assert_eq!(desk.decide().await, None);
    }
}

#[tokio::test]
async fn a_charge_whose_answer_is_lost_admits_nothing() {
    let desk = desk();
    desk.ledger.state().faults.push_back(Fault::AnswerLost);
    assert!(desk.fails().await);
    assert_eq!(desk.used(), 1);
    assert_eq!(desk.decide().await, None);
    assert_eq!(desk.decide().await, None);
    assert!(desk.decide().await.is_some());
    assert_eq!(desk.used(), 3);
}

#[tokio::test]
async fn a_charge_that_is_sent_again_is_admitted_once_and_charged_once() {
    let desk = desk();
    desk.ledger.state().faults.extend([Fault::Retried; 3]);
    for used in 1..=3 {
        assert_eq!(desk.decide().await, None);
        assert_eq!(desk.used(), used);
    }
    assert!(desk.decide().await.is_some());
}

/// Its own first attempt has taken the last request: that is an admission, not a refusal.
#[tokio::test]
async fn the_last_charge_of_a_quota_may_be_sent_again() {
    let desk = Desk::new(Some(throttle(1.0, 1)), Some(daily(1)));
    desk.ledger.state().faults.push_back(Fault::Retried);
    assert_eq!(desk.decide().await, None);
    assert!(desk.decide().await.is_some());
}

/// A failed archive must not lose the day: the charge waits for it.
#[tokio::test]
async fn a_day_that_could_not_be_archived_is_archived_by_the_next_charge() {
    let desk = Desk::new(None, None);
    let day = Duration::from_hours(24);
    for _ in 0..2 {
        assert_eq!(desk.decide().await, None);
        desk.clock.advance(day);
    }
    desk.decide().await;
    desk.clock.advance(day);
    let days = |desk: &Desk| {
        let state = desk.ledger.state();
        state.meters[&meter_id()].days(&state.archived)
    };
    let before = days(&desk);
    desk.ledger.state().failing = Some(Part::Archive);
    assert!(desk.fails().await);
    assert_eq!(days(&desk), before);
    desk.ledger.state().failing = None;
    assert_eq!(desk.decide().await, None);
    assert_eq!((before.len(), days(&desk).len()), (3, 4));
}

/// With a load each, one after the other, the last of many would wait for all the time-outs before its own.
#[tokio::test]
async fn requests_that_wait_for_one_load_share_its_failure() {
    let desk = Arc::new(desk());
    desk.ledger.state().is_down = true;
    desk.ledger.set_open(false);
    let asked: Vec<_> = (0..32)
        .map(|_| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { desk.fails().await })
        })
        .collect();
    tokio::task::yield_now().await;
    desk.ledger.set_open(true);
    for failed in asked {
        assert!(failed.await.unwrap());
    }
    let calls = desk.ledger.take_calls();
    assert_eq!(
        calls,
        Calls {
            keys: 1,
            ..NO_CALLS
        }
    );
}
