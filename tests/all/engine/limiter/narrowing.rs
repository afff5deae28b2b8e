//! A key that opens less than processes remember, and the values of one key.

use std::num::NonZeroU64;
use std::time::Duration;

use tollgate::decision::{Decision, Reason};
use tollgate::lease::Leases;
use tollgate::limiter::{Options, Request};
use tollgate::plan::MethodName;
use tollgate::store::KeyRecord;
use tollgate::time::Timestamp;

use super::{Calls, Desk, KEY, NO_CALLS, NOON_S, ONE_CHARGE, daily, hash, stage, throttle};

const OTHER_VALUE: &str = "another-value-of-a-good-length";

/// As the registry does it: a key and its meters are narrowed together.
fn narrow(desk: &Desk, change: impl Fn(&mut KeyRecord)) {
    let mut generation = 0;
    for record in desk.ledger.state().keys.values_mut() {
        record.generation += 1;
        generation = record.generation;
    }
    desk.change_key(|key| change(key));
    desk.change_meter(|meter| meter.generation = Some(generation));
}

/// A desk whose key has a second value, and both are remembered.
async fn with_two_values(options: Options) -> Desk {
    let desk = Desk::with(options, Some(throttle(100.0, 50)), Some(daily(10)));
    let record = desk.ledger.state().keys[&hash(KEY)].clone();
    desk.ledger.state().keys.insert(hash(OTHER_VALUE), record);
    for value in [KEY, OTHER_VALUE] {
        assert_eq!(desk.ask("/users", Some(value), 1).await.unwrap(), None);
    }
    desk.ledger.take_calls();
    desk
}

fn no_leases() -> Options {
    Options {
        leases: Leases::Off,
        ..Options::default()
    }
}

#[tokio::test]
async fn all_values_of_a_key_have_its_limits_together() {
    let desk = with_two_values(no_leases()).await;
    for value in [KEY, OTHER_VALUE].repeat(4) {
        assert_eq!(desk.ask("/users", Some(value), 1).await.unwrap(), None);
    }
    for value in [KEY, OTHER_VALUE] {
        let reason = desk.ask("/users", Some(value), 1).await.unwrap();
        assert!(matches!(reason, Some(Reason::QuotaExceeded { .. })));
    }
}

#[tokio::test]
async fn a_value_that_ends_is_refused_at_its_next_charge_and_the_others_pass_at_once() {
    let desk = with_two_values(no_leases()).await;
    narrow(&desk, |key| {
        key.expires_at = Some(Timestamp::from_secs(NOON_S));
    });
    // The charge fails, and the key is read again.
    assert_eq!(desk.decide().await, Some(Reason::ExpiredKey));
    let looked = Calls {
        keys: 1,
        plans: 0,
        ..ONE_CHARGE
    };
    let calls = desk.ledger.take_calls();
    assert_eq!(Calls { plans: 0, ..calls }, looked);
    assert_eq!(desk.calls_of_a_decision().await, NO_CALLS);
    let other = || desk.ask("/users", Some(OTHER_VALUE), 1);
    assert_eq!(other().await.unwrap(), None);
    assert_eq!(desk.ledger.take_calls().charges, 2);
    assert_eq!(other().await.unwrap(), None);
    assert_eq!(desk.ledger.take_calls(), ONE_CHARGE);
}

#[tokio::test]
async fn what_was_charged_in_advance_is_for_a_second_at_the_most() {
    let desk = with_two_values(Options::default()).await;
    narrow(&desk, |key| {
        key.expires_at = Some(Timestamp::from_secs(NOON_S));
    });
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.decide().await, Some(Reason::ExpiredKey));
}

#[tokio::test]
async fn a_key_opens_the_methods_of_its_scopes_only() {
    let desk = Desk::new(None, None);
    desk.change_key(|key| key.scopes = "GET /users".parse().ok());
    assert_eq!(desk.decide().await, None);
    let other = desk.ask("/users/{id}", Some(KEY), 1).await.unwrap();
    assert_eq!(other, Some(Reason::OutOfScope));
    desk.ledger.take_calls();
    // Neither asks the store for more than a decision without scopes.
    assert_eq!(desk.calls_of_a_decision().await, ONE_CHARGE);
    let other = desk.ask("/users/{id}", Some(KEY), 1).await.unwrap();
    assert_eq!(other, Some(Reason::OutOfScope));
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);

    narrow(&desk, |key| key.scopes = "POST /users".parse().ok());
    assert_eq!(desk.decide().await, Some(Reason::OutOfScope));
}

#[tokio::test]
async fn a_key_with_scopes_opens_no_path_that_may_be_read_as_another_routes() {
    let desk = Desk::with(no_leases(), None, None);
    desk.change_key(|key| key.scopes = "GET /files/{proxy+}".parse().ok());
    for (sent_path, is_open) in [
        ("/files/a/b", true),
        ("/files/../admin", false),
        ("/files/%2e%2E/admin", false),
        ("/files/a ", false),
    ] {
        let api_stage = stage();
        let request = Request {
            api_stage: &api_stage,
            method: MethodName {
                resource: "/files/{proxy+}",
                verb: "GET",
            },
            sent_path: Some(sent_path),
            key: Some(KEY),
            cost: NonZeroU64::MIN,
            gate: None,
        };
        let decision = desk.limiter.decide(&request).await.unwrap();
        let is_admitted = matches!(decision, Decision::Allow(_));
        assert_eq!(is_admitted, is_open, "{sent_path}: {decision:?}");
    }
}
