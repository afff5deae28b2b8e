//! Charges in advance: they cost little, and what is not used comes back, but to the bucket.

use std::sync::Arc;
use std::time::Duration;

use tollgate::charge::{Asked, Meter, Next, Turn, Wish};
use tollgate::lease::{Leases, MAX_LIFE};
use tollgate::limiter::Options;
use tollgate::meter::{ChargeId, Limits};
use tollgate::plan::LEASE;
use tollgate::time::{Clock as _, Timestamp};

use super::{Calls, Desk, Item, NO_CALLS, NOON_S, ONE_CHARGE, daily, meter_id, throttle};

/// A plan of which leases are taken: they live for a second.
fn desk() -> Desk {
    Desk::new(Some(throttle(1_000.0, 16_000)), Some(daily(100_000)))
}

/// The requests after which a key is hot, when an eighth of a second passes with each charge.
const REQUESTS_TO_BE_HOT: u32 = 10;

impl Desk {
    /// Makes as many requests as it takes, for a whole life of leases and no longer, then `more` at one instant.
    async fn make_hot(&self, more: u32) {
        self.ledger.state().tick = Some((self.clock.clone(), MAX_LIFE / 8));
        self.admit(REQUESTS_TO_BE_HOT).await;
        self.ledger.state().tick = None;
        self.admit(more).await;
    }

    async fn admit(&self, requests: u32) {
        for _ in 0..requests {
            assert_eq!(self.decide().await, None);
        }
    }

    fn counted(&self) -> (i64, u64) {
        let state = self.ledger.state();
        let meter = &state.meters[&meter_id()];
        (meter.used.unwrap_or(0), meter.count.unwrap_or(0))
    }

    /// What is charged and was not used yet, after `requests`.
    fn leased_after(&self, requests: u32) -> u32 {
        let (used, count) = self.counted();
        assert!(used == 0 || u64::try_from(used) == Ok(count));
        u32::try_from(count).unwrap() - requests
    }
}

#[tokio::test]
async fn a_hot_key_costs_a_hundredth_of_a_write() {
    let desk = desk();
    desk.make_hot(500).await;
    desk.ledger.take_calls();
    desk.admit(10_000).await;
    let calls = desk.ledger.take_calls();
    assert!((100..=101).contains(&calls.charges), "{calls:?}");
    assert_eq!(
        Calls {
            charges: 0,
            ..calls
        },
        NO_CALLS
    );
}

#[tokio::test]
async fn a_client_that_makes_a_few_requests_is_charged_for_each() {
    let desk = desk();
    desk.admit(8).await;
    assert_eq!(desk.leased_after(8), 0);
    for _ in 0..20 {
        desk.clock.advance(MAX_LIFE);
        assert_eq!(desk.calls_of_a_decision().await, ONE_CHARGE);
    }
    assert_eq!(desk.leased_after(28), 0);
}

/// However fast they come: a lease would cost the client what the bucket lacks while it lasts.
#[tokio::test]
async fn a_burst_at_once_is_charged_to_its_last_request() {
    let desk = Desk::new(Some(throttle(1_000.0, 5_000)), None);
    desk.admit(5_000).await;
    assert!(desk.decide().await.is_some());
}

/// And one that takes a while gets no less than the burst.
#[tokio::test]
async fn a_burst_that_lasts_is_admitted_whole() {
    for tick_ms in [1, 5, 20] {
        let desk = Desk::new(Some(throttle(100.0, 200)), None);
        let tick = Duration::from_millis(tick_ms);
        desk.ledger.state().tick = Some((desk.clock.clone(), tick));
        desk.admit(200).await;
    }
}

#[tokio::test]
async fn a_burst_below_a_hundred_is_charged_one_by_one_to_its_last_request() {
    let desk = Desk::new(Some(throttle(1_000.0, 99)), None);
    desk.admit(99).await;
    assert!(desk.decide().await.is_some());
    assert_eq!(desk.ledger.take_calls().charges, 99);
}

#[tokio::test]
async fn a_plan_and_a_process_can_each_forbid_leases_or_make_them_smaller() {
    for (tag, leases, charges) in [
        (Some("off"), Leases::default(), 1_000),
        (None, Leases::Off, 1_000),
        (Some("5"), Leases::default(), 200),
        (Some("500"), "5".parse().unwrap(), 200),
        (Some("what is this"), Leases::default(), 1_000),
    ] {
        let options = Options {
            leases,
            ..Options::default()
        };
        let desk = Desk::with(options, Some(throttle(1_000.0, 16_000)), None);
        desk.change_plan(|plan| {
            let tag = tag.map(|text| (LEASE.to_owned(), text.to_owned()));
            plan.tags.extend(tag);
        });
        desk.make_hot(100).await;
        desk.ledger.take_calls();
        desk.admit(1_000).await;
        let made = desk.ledger.take_calls().charges;
        assert!(made.abs_diff(charges) <= 1, "{tag:?}, {leases:?}: {made}");
    }
}

#[tokio::test]
async fn a_process_that_ends_gives_back_what_it_has_not_used() {
    let desk = desk();
    desk.make_hot(40).await;
    assert_ne!(desk.leased_after(50), 0);
    desk.ledger.take_calls();
    desk.limiter.hand_back().await;
    let once = Calls {
        refunds: 1,
        ..NO_CALLS
    };
    assert_eq!(desk.ledger.take_calls(), once);
    assert_eq!(desk.leased_after(50), 0);
    desk.limiter.hand_back().await;
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);
    // What was given back is not used again.
    assert_eq!(desk.calls_of_a_decision().await.charges, 1);
}

/// Another process gave back in between, and this one has not heard of it.
#[tokio::test]
async fn a_second_process_that_ends_gives_back_too() {
    let first = desk();
    let second = Desk {
        limiter: first.another_limiter(Options::default()),
        ledger: first.ledger.clone(),
        clock: first.clock.clone(),
    };
    first.make_hot(40).await;
    second.make_hot(40).await;
    assert_ne!(first.leased_after(100), 0);
    first.limiter.hand_back().await;
    second.limiter.hand_back().await;
    assert_eq!(first.leased_after(100), 0);
}

#[tokio::test]
async fn a_lease_that_ended_goes_back_with_the_next_charges_of_its_day() {
    let desk = desk();
    desk.make_hot(40).await;
    let leased = desk.leased_after(50);
    desk.clock.advance(MAX_LIFE);
    let mut requests = 50;
    while desk.leased_after(requests) > 0 {
        assert!(requests < 50 + leased + 1, "it does not come back");
        desk.clock.advance(MAX_LIFE);
        desk.admit(1).await;
        requests += 1;
    }
}

#[tokio::test]
async fn the_bucket_gets_nothing_back() {
    let desk = desk();
    desk.make_hot(40).await;
    let tat = |desk: &Desk| {
        *desk.ledger.state().meters[&meter_id()]
            .tats
            .values()
            .next()
            .unwrap()
    };
    let before = tat(&desk);
    desk.limiter.hand_back().await;
    assert_eq!(tat(&desk), before);
}

/// A frozen process wakes up: what it had leased is over by the wall clock.
#[tokio::test]
async fn a_lease_that_is_over_is_not_used() {
    let desk = desk();
    desk.make_hot(40).await;
    assert_eq!(desk.calls_of_a_decision().await, NO_CALLS);
    desk.clock.advance(MAX_LIFE);
    assert_eq!(desk.calls_of_a_decision().await, ONE_CHARGE);
}

#[tokio::test]
async fn a_clock_that_is_set_back_ends_a_lease() {
    let desk = desk();
    desk.make_hot(40).await;
    assert_eq!(desk.calls_of_a_decision().await, NO_CALLS);
    desk.clock.set(Timestamp::from_secs(NOON_S - 1));
    assert_eq!(desk.calls_of_a_decision().await, ONE_CHARGE);
}

#[tokio::test]
async fn what_was_charged_to_one_day_is_not_used_in_the_next_nor_given_back_to_it() {
    let desk = desk();
    let midnight = Timestamp::from_secs(NOON_S + 12 * 3_600);
    let shortly_before = midnight.saturating_sub(Duration::from_millis(10));
    desk.clock
        .set(shortly_before.saturating_sub(MAX_LIFE / 8 * (REQUESTS_TO_BE_HOT + 2)));
    desk.make_hot(0).await;
    desk.clock.set(shortly_before);
    desk.admit(40).await;
    assert_eq!(desk.calls_of_a_decision().await, NO_CALLS);
    desk.clock.set(midnight);
    assert_eq!(desk.calls_of_a_decision().await.charges, 1);
    desk.limiter.hand_back().await;
    assert_eq!(desk.counted(), (1, 1));
}

#[tokio::test]
async fn a_disabled_key_stops_when_its_lease_is_over() {
    let desk = desk();
    desk.make_hot(40).await;
    desk.set_enabled(false);
    assert_eq!(desk.calls_of_a_decision().await, NO_CALLS);
    desk.clock.advance(MAX_LIFE);
    assert!(desk.decide().await.is_some());
    assert_eq!(desk.ledger.take_calls().charges, 1);
}

/// An operator has settled what remains: what was leased before is not added to it.
#[tokio::test]
async fn what_an_operator_leaves_of_a_quota_is_not_raised_by_a_refund() {
    let desk = desk();
    desk.make_hot(40).await;
    desk.change_meter(|meter| {
        meter.used = Some(99_990);
        meter.set_id = Some(7);
    });
    desk.limiter.hand_back().await;
    assert_eq!(desk.counted().0, 99_990);
    desk.clock.advance(MAX_LIFE);
    let mut admitted = 0;
    while desk.decide().await.is_none() {
        admitted += 1;
        assert!(admitted <= 10);
    }
    assert_eq!(admitted, 10);
}

/// In any window at most the burst and the rate: the bucket must not refill what somebody keeps.
#[tokio::test]
async fn a_lease_and_a_full_bucket_are_not_there_at_once() {
    let first = Desk::new(Some(throttle(1_000.0, 1_600)), None);
    let second = Desk {
        limiter: first.another_limiter(Options {
            leases: Leases::Off,
            ..Options::default()
        }),
        ledger: first.ledger.clone(),
        clock: first.clock.clone(),
    };
    first.ledger.state().tick = Some((first.clock.clone(), Duration::from_millis(13)));
    first.admit(10).await;
    first.ledger.state().tick = None;
    first.admit(90).await;
    let leased = first.leased_after(100);
    assert!(leased > 20, "{leased}");
    // The bucket would be full again; the lease is not over.
    first.clock.advance(Duration::from_millis(99));
    let at = first.clock.now();
    let mut admitted = 0;
    while second.decide().await.is_none() {
        admitted += 1;
    }
    first.ledger.take_calls();
    while first.decide().await.is_none() {
        admitted += 1;
    }
    assert_eq!(first.clock.now(), at);
    assert!(admitted <= 1_600, "{admitted} at once");
}

/// The store took longer than the lease lives: whoever came meanwhile has to be charged for.
#[test]
fn a_lease_that_is_over_when_it_is_granted_serves_nobody_who_came_later() {
    for (answered_after, is_served) in [(MAX_LIFE / 2, true), (MAX_LIFE, false)] {
        let wish = Wish {
            cost: 1,
            limits: Limits::default(),
            leases: Leases::default(),
            shards: None,
            generation: 0,
        };
        let meter = Arc::new(Meter::of_hot_key(&wish));
        let start = Timestamp::from_secs(NOON_S);
        let Asked::Lead(mut flight) = meter.ask(&wish, start, || Ok(())) else {
            panic!("nobody else makes a charge");
        };
        let Next::Write(write) = flight.next(ChargeId::new(1), start) else {
            panic!("nothing forbids the charge");
        };
        assert_eq!(write.cost, 2);
        let Asked::Wait(mut told) = meter.ask(&wish, start, || Ok(())) else {
            panic!("a charge is under way");
        };
        let answer = Item::default().charge(&write);
        flight.learn(&write, &answer, start.saturating_add(answered_after));
        assert_eq!(matches!(told.try_recv(), Ok(Turn::Done(_))), is_served);
    }
}
