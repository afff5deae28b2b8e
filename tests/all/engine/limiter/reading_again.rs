//! What is known of a meter outlives what is known of its key.

use std::time::Duration;

use tollgate::entitlement::Memory;
use tollgate::plan::CoveredStage;

use super::{Calls, Desk, KEY, NO_CALLS, hash, stage, throttle};

/// A key and its plan are read again, and nothing else is asked.
const TWO_READS: Calls = Calls {
    keys: 1,
    plans: 1,
    ..NO_CALLS
};

/// A desk whose one request is used up, and will be for longer than keys are remembered.
async fn exhausted() -> Desk {
    let desk = Desk::new(Some(throttle(0.001, 1)), None);
    assert_eq!(desk.decide().await, None);
    desk.clock.advance(Memory::default().max_age);
    desk.ledger.take_calls();
    desk
}

#[tokio::test]
async fn a_known_refusal_stays_known_when_the_key_is_read_again() {
    let desk = exhausted().await;
    for _ in 0..3 {
        assert_eq!(desk.calls_of_a_decision().await, TWO_READS);
        assert_eq!(desk.calls_of_a_decision().await, NO_CALLS);
        desk.clock.advance(Memory::default().max_age);
    }
}

#[tokio::test]
async fn a_known_refusal_stays_known_when_the_key_could_not_be_read() {
    let desk = exhausted().await;
    desk.ledger.state().is_down = true;
    for _ in 0..3 {
        assert!(desk.ask("/users", Some(KEY), 1).await.is_err());
    }
    desk.ledger.state().is_down = false;
    assert_eq!(desk.calls_of_a_decision().await, TWO_READS);
}

#[tokio::test]
async fn a_known_refusal_stays_known_when_the_request_that_reads_the_key_is_given_up() {
    let desk = exhausted().await;
    desk.ledger.set_open(false);
    let waiting = tokio::time::timeout(Duration::ZERO, desk.decide()).await;
    assert!(waiting.is_err());
    assert_eq!(desk.ledger.take_calls().keys, 1);
    desk.ledger.set_open(true);
    assert_eq!(desk.calls_of_a_decision().await, TWO_READS);
}

#[tokio::test]
async fn a_plan_that_covers_another_stage_keeps_its_meter() {
    let desk = exhausted().await;
    desk.change_plan(|plan| {
        let other = tollgate::id::ApiStage::new("users", "prod");
        plan.stages.insert(0, CoveredStage::new(other));
        plan.stages.truncate(1);
    });
    desk.decide().await;
    desk.change_plan(|plan| plan.stages.push(CoveredStage::new(stage())));
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.calls_of_a_decision().await, TWO_READS);
}

#[tokio::test]
async fn a_value_that_another_key_has_by_now_is_charged_to_that_key() {
    let desk = exhausted().await;
    {
        let mut state = desk.ledger.state();
        let mut other = state.keys[&hash(KEY)].clone();
        other.id = "other".into();
        state.keys.insert(hash(KEY), other);
    }
    assert_eq!(desk.decide().await, None);
    let state = desk.ledger.state();
    let mut charged: Vec<_> = state.meters.keys().map(|id| id.key_id.as_str()).collect();
    charged.sort_unstable();
    assert_eq!(charged, ["client", "other"]);
}

/// A refusal is as old as it is, however old what is known of the key's plan.
#[tokio::test]
async fn a_key_that_was_refused_for_a_moment_is_seen_a_moment_after_it_is_enabled() {
    let desk = Desk::new(None, None);
    assert_eq!(desk.decide().await, None);
    let other = "another-key-of-a-good-length";
    {
        let mut state = desk.ledger.state();
        let mut key = state.keys[&hash(KEY)].clone();
        key.id = "other".into();
        key.enabled = false;
        state.keys.insert(hash(other), key);
    }
    desk.clock.advance(Memory::default().max_age / 2);
    let refused = Some(tollgate::decision::Reason::DisabledKey);
    for _ in 0..100 {
        let decided = desk.ask("/users", Some(other), 1).await.unwrap();
        assert_eq!(decided, refused);
        desk.clock.advance(Duration::from_millis(1));
    }
    {
        let mut state = desk.ledger.state();
        state.keys.get_mut(&hash(other)).unwrap().enabled = true;
    }
    desk.clock.advance(Duration::from_millis(10));
    assert_eq!(desk.ask("/users", Some(other), 1).await.unwrap(), None);
}
