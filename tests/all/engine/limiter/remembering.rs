//! What the limiter remembers, for how long, and what it still notices.

use std::time::Duration;

use tollgate::decision::Reason;
use tollgate::entitlement::{FIRST_RECHECK, LAST_RECHECK, Memory};
use tollgate::time::Clock as _;

use super::{Calls, Desk, FIRST_SIGHT, NO_CALLS, ONE_CHARGE, daily, throttle};

#[tokio::test]
async fn a_first_sight_costs_two_reads_and_a_write_and_then_a_write_is_enough() {
    let desk = Desk::new(Some(throttle(100.0, 100)), Some(daily(1_000)));
    assert_eq!(desk.calls_of_a_decision().await, FIRST_SIGHT);
    for _ in 0..10 {
        desk.clock.advance(Duration::from_millis(700));
        assert_eq!(desk.calls_of_a_decision().await, ONE_CHARGE);
    }
}

#[tokio::test]
async fn keys_and_plans_are_read_again_after_the_time_that_they_are_remembered() {
    let five_seconds = Memory {
        max_age: Duration::from_secs(5),
        ..Memory::default()
    };
    for memory in [Memory::default(), five_seconds] {
        let desk = Desk::remembering(memory, Some(throttle(1.0, 1)), None);
        desk.decide().await;
        desk.change_plan(|plan| plan.throttle = Some(throttle(100.0, 200)));
        desk.clock
            .advance(memory.max_age.saturating_sub(Duration::from_nanos(1)));
        assert_eq!(desk.calls_of_a_decision().await, ONE_CHARGE);
        desk.clock.advance(Duration::from_nanos(1));
        assert_eq!(desk.calls_of_a_decision().await.plans, 1);
        assert_eq!(desk.decide().await, None);
    }
}

#[tokio::test]
async fn a_disabled_key_stops_at_its_next_charge_although_it_is_remembered() {
    let desk = Desk::new(Some(throttle(100.0, 100)), None);
    assert_eq!(desk.decide().await, None);
    desk.set_enabled(false);
    desk.ledger.take_calls();
    assert_eq!(desk.decide().await, Some(Reason::DisabledKey));
    assert_eq!(desk.ledger.take_calls().charges, 1);
    assert_eq!(desk.decide().await, Some(Reason::DisabledKey));
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);
}

#[tokio::test]
async fn a_key_that_left_its_plan_stops_at_its_next_charge() {
    let desk = Desk::new(None, None);
    assert_eq!(desk.decide().await, None);
    desk.change_key(|key| key.plan_ids.clear());
    desk.change_meter(|meter| meter.off = true);
    assert_eq!(desk.decide().await, Some(Reason::NotInPlan));
}

#[tokio::test]
async fn a_key_that_moved_to_another_plan_is_charged_there_at_once() {
    let desk = Desk::new(Some(throttle(1.0, 1)), None);
    assert_eq!(desk.decide().await, None);
    {
        let mut state = desk.ledger.state();
        let mut gold = state.plans[&"bronze".into()].clone();
        gold.id = "gold".into();
        state.plans.insert(gold.id.clone(), gold);
    }
    desk.change_key(|key| key.plan_ids = vec!["gold".into()]);
    desk.change_meter(|meter| meter.off = true);
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.decide().await, None);
    let state = desk.ledger.state();
    let gold = state
        .meters
        .iter()
        .find(|(id, _)| id.plan_id.as_str() == "gold");
    assert_eq!(gold.unwrap().1.count, Some(1));
}

#[tokio::test]
async fn an_enabled_key_is_seen_after_the_recheck() {
    let desk = Desk::new(None, None);
    desk.set_enabled(false);
    assert_eq!(desk.decide().await, Some(Reason::DisabledKey));
    desk.set_enabled(true);
    desk.clock
        .advance(FIRST_RECHECK.saturating_sub(Duration::from_nanos(1)));
    assert_eq!(desk.decide().await, Some(Reason::DisabledKey));
    desk.clock.advance(Duration::from_nanos(1));
    assert_eq!(desk.decide().await, None);
}

#[tokio::test]
async fn a_refusal_is_looked_up_again_less_often_the_longer_it_stands() {
    let desk = Desk::new(None, None);
    desk.set_enabled(false);
    let start = desk.clock.now();
    let mut read_at_ms = Vec::new();
    for _ in 0..20_000 {
        if desk.calls_of_a_decision().await.keys > 0 {
            read_at_ms.push(desk.clock.now().saturating_since(start).as_millis());
        }
        desk.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(read_at_ms[..4], [0, 5, 10, 15]);
    for pair in read_at_ms.windows(2) {
        let (stood_ms, waited_ms) = (pair[0], pair[1] - pair[0]);
        let expected_ms = (stood_ms / 10).clamp(5, LAST_RECHECK.as_millis());
        assert!(waited_ms.abs_diff(expected_ms) <= 1, "{pair:?}");
    }
    assert_eq!(LAST_RECHECK, Duration::from_secs(1));
}

#[tokio::test]
async fn a_key_of_a_plan_that_does_not_exist_is_in_no_plan() {
    let desk = Desk::new(None, None);
    desk.change_key(|key| key.plan_ids = vec!["gone".into()]);
    assert_eq!(desk.decide().await, Some(Reason::NotInPlan));
    let expected = Calls {
        keys: 1,
        plans: 1,
        ..NO_CALLS
    };
    assert_eq!(desk.ledger.take_calls(), expected);
}
