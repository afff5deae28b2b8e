//! A store that does not answer for longer: it is left alone, nobody waits for ever, and plans say what becomes of requests.

use std::sync::Arc;
use std::time::Duration;

use tollgate::decision::{Allowance, Decision, Metered, Reason};
use tollgate::limiter::{FIRST_REST, LONGEST_REST, MAX_FAILURES, Options};
use tollgate::plan::ON_UNAVAILABLE;
use tollgate::store::{StoreError, StoreErrorKind};
use tollgate::time::Clock as _;

use super::super::ledger::{Fault, Part};
use super::{Calls, Desk, KEY, NO_CALLS, daily, throttle};

/// A plan whose keys may go on while the store does not answer.
pub(super) fn lenient(rate: f64, burst: u64, quota: u64) -> Desk {
    let desk = Desk::new(Some(throttle(rate, burst)), Some(daily(quota)));
    desk.change_plan(|plan| {
        plan.tags
            .insert(ON_UNAVAILABLE.to_owned(), "allow".to_owned());
    });
    desk
}

impl Desk {
    pub(super) fn set_down(&self, is_down: bool) {
        self.ledger.state().is_down = is_down;
    }

    async fn uncharged(&self) -> Result<Metered, Reason> {
        match self.answer("/users", Some(KEY), 1).await.unwrap() {
            Decision::Allow(Allowance::Uncharged(metered)) => Ok(metered),
            Decision::Allow(
                Allowance::Metered(_) | Allowance::Unmetered | Allowance::Shadowed(..),
            ) => {
                panic!("the store has answered")
            }
            Decision::Deny(denial) => Err(denial.reason),
        }
    }

    async fn failure(&self) -> StoreError {
        self.answer("/users", Some(KEY), 1).await.unwrap_err()
    }

    /// How many requests pass without a charge before one is refused, and why that is.
    async fn uncharged_at_once(&self) -> (u32, Reason) {
        let mut admitted = 0;
        loop {
            match self.uncharged().await {
                Ok(_) => admitted += 1,
                Err(reason) => return (admitted, reason),
            }
        }
    }
}

fn charges(calls: Calls) -> u32 {
    let Calls { charges, .. } = calls;
    assert_eq!(
        calls,
        Calls {
            charges,
            ..NO_CALLS
        }
    );
    charges
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_asked_once_after_each_rest() {
    let desk = Desk::new(Some(throttle(1_000.0, 1_000)), None);
    assert_eq!(desk.decide().await, None);
    desk.set_down(true);
    desk.ledger.take_calls();
    for _ in 0..100 {
        assert_eq!(desk.failure().await.kind(), StoreErrorKind::Unavailable);
    }
    assert_eq!(charges(desk.ledger.take_calls()), MAX_FAILURES);
    let mut asked = 0;
    for _ in 0..100 {
        desk.clock.advance(FIRST_REST);
        for _ in 0..10 {
            desk.failure().await;
        }
        asked += charges(desk.ledger.take_calls());
    }
    // 10 s in rests of 50 ms that grow to 5 s: a dozen at the most, and not a thousand.
    assert!((5..=12).contains(&asked), "asked {asked} times");
}

#[tokio::test]
async fn a_store_that_answers_again_is_used_again_after_one_rest() {
    let desk = Desk::new(Some(throttle(1_000.0, 1_000)), None);
    assert_eq!(desk.decide().await, None);
    desk.set_down(true);
    for _ in 0..200 {
        desk.failure().await;
        desk.clock.advance(Duration::from_millis(100));
    }
    desk.set_down(false);
    desk.clock.advance(LONGEST_REST);
    for _ in 0..10 {
        assert_eq!(desk.decide().await, None);
    }
}

#[tokio::test]
async fn an_item_that_is_throttled_does_not_stop_the_others() {
    let desk = Desk::new(Some(throttle(1_000.0, 1_000)), None);
    for _ in 0..5 * MAX_FAILURES {
        desk.ledger.state().faults.push_back(Fault::Throttled);
        assert_eq!(desk.failure().await.kind(), StoreErrorKind::Throttled);
    }
    assert_eq!(desk.decide().await, None);
}

#[tokio::test]
async fn no_request_waits_longer_than_its_deadline_and_the_next_ones_are_served() {
    let options = Options {
        deadline: Duration::from_millis(30),
        ..Options::default()
    };
    let desk = Arc::new(Desk::with(options, Some(throttle(1_000.0, 1_000)), None));
    assert_eq!(desk.decide().await, None);
    desk.ledger.set_open(false);
    let asked: Vec<_> = (0..8)
        .map(|_| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { desk.failure().await })
        })
        .collect();
    for failure in asked {
        let failure = failure.await.unwrap();
        assert_eq!(failure.kind(), StoreErrorKind::Unavailable);
    }
    desk.ledger.set_open(true);
    assert_eq!(desk.decide().await, None);
}

#[tokio::test]
async fn a_store_that_hangs_until_the_deadline_is_left_alone_too() {
    let options = Options {
        deadline: Duration::from_millis(20),
        ..Options::default()
    };
    let desk = Desk::with(options, Some(throttle(1_000.0, 1_000)), None);
    assert_eq!(desk.decide().await, None);
    desk.ledger.take_calls();
    desk.ledger.set_open(false);
    for number in 1..=MAX_FAILURES {
        let time_passes = async {
            while desk.ledger.state().calls.charges < number {
                tokio::task::yield_now().await;
            }
            desk.clock.advance(Duration::from_millis(200));
        };
        tokio::join!(desk.failure(), time_passes);
    }
    assert_eq!(charges(desk.ledger.take_calls()), MAX_FAILURES);
    for _ in 0..20 {
        desk.failure().await;
    }
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);
}

#[tokio::test]
async fn a_plan_that_allows_it_goes_on_with_what_this_process_knows_to_be_left() {
    let desk = lenient(1.0, 10, 1_000);
    for _ in 0..4 {
        assert_eq!(desk.decide().await, None);
    }
    desk.set_down(true);
    let (admitted, reason) = desk.uncharged_at_once().await;
    assert_eq!(admitted, 6);
    let second = Duration::from_secs(1);
    assert_eq!(
        reason,
        Reason::Throttled {
            retry_after: Some(second)
        }
    );
    desk.clock.advance(second);
    assert_eq!(desk.uncharged_at_once().await.0, 1);
}

#[tokio::test]
async fn what_passes_without_a_charge_is_told_what_is_left() {
    let desk = lenient(1.0, 10, 7);
    assert_eq!(desk.decide().await, None);
    desk.set_down(true);
    let metered = desk.uncharged().await.unwrap();
    assert_eq!(metered.remaining(), Some(5));
    assert_eq!(metered.levels.burst.unwrap().remaining, 8);
    assert_eq!(metered.key_id.as_str(), "client");
}

#[tokio::test]
async fn all_outages_of_a_window_together_admit_no_more_than_its_quota() {
    let desk = lenient(1_000.0, 1_000, 20);
    for _ in 0..5 {
        assert_eq!(desk.decide().await, None);
    }
    desk.set_down(true);
    for _ in 0..9 {
        assert!(desk.uncharged().await.is_ok());
    }
    desk.set_down(false);
    desk.clock.advance(LONGEST_REST);
    assert_eq!(desk.decide().await, None);
    desk.set_down(true);
    let (admitted, reason) = desk.uncharged_at_once().await;
    assert_eq!(admitted, 20 - 5 - 9 - 1);
    assert!(matches!(reason, Reason::QuotaExceeded { .. }));
    desk.clock.advance(Duration::from_mins(59));
    assert_eq!(desk.uncharged_at_once().await.0, 0);
}

#[tokio::test]
async fn a_new_window_has_its_own_quota_while_the_store_is_down() {
    let desk = lenient(1_000.0, 1_000, 3);
    desk.clock.advance(Duration::from_mins(12 * 60 - 10));
    assert_eq!(desk.decide().await, None);
    desk.set_down(true);
    assert_eq!(desk.uncharged_at_once().await.0, 2);
    desk.clock.advance(Duration::from_mins(20));
    assert_eq!(desk.uncharged_at_once().await.0, 3);
}

#[tokio::test]
async fn what_was_admitted_without_a_charge_is_charged_to_nobody_afterwards() {
    let desk = lenient(1.0, 10, 1_000);
    assert_eq!(desk.decide().await, None);
    desk.set_down(true);
    assert_eq!(desk.uncharged_at_once().await.0, 9);
    desk.set_down(false);
    desk.clock.advance(LONGEST_REST);
    assert_eq!(desk.decide().await, None);
    assert_eq!(desk.ledger.state().meters[&super::meter_id()].used, Some(2));
}

#[tokio::test]
async fn only_a_key_that_is_known_and_open_goes_on() {
    let desk = lenient(1.0, 10, 1_000);
    desk.set_down(true);
    // It was never seen.
    desk.failure().await;
    desk.set_down(false);
    desk.clock.advance(LONGEST_REST);
    desk.set_enabled(false);
    assert_eq!(desk.decide().await, Some(Reason::DisabledKey));
    desk.set_down(true);
    desk.clock.advance(LONGEST_REST);
    desk.failure().await;
}

#[tokio::test]
async fn a_meter_that_was_seen_off_passes_nothing_until_it_is_seen_on() {
    let desk = lenient(1.0, 10, 1_000);
    assert_eq!(desk.decide().await, None);
    desk.set_enabled(false);
    desk.ledger.state().failing = Some(Part::Keys);
    for _ in 0..5 {
        desk.failure().await;
    }
    desk.set_down(true);
    for _ in 0..2 * MAX_FAILURES {
        desk.failure().await;
    }
    desk.set_down(false);
    desk.ledger.state().failing = None;
    desk.set_enabled(true);
    desk.clock.advance(LONGEST_REST);
    assert_eq!(desk.decide().await, None);
    desk.set_down(true);
    assert!(desk.uncharged().await.is_ok());
}

#[tokio::test]
async fn a_key_that_was_read_as_disabled_passes_nothing_though_its_plan_could_not_be_read() {
    let desk = lenient(1.0, 10, 1_000);
    assert_eq!(desk.decide().await, None);
    desk.change_key(|key| key.enabled = false);
    desk.ledger.state().failing = Some(Part::Plans);
    desk.clock.advance(Duration::from_secs(31));
    desk.failure().await;
    desk.set_down(true);
    desk.failure().await;
}

#[tokio::test]
async fn a_meter_that_its_client_has_throttled_passes_nothing_without_a_charge() {
    let desk = lenient(1_000.0, 1_000, 1_000);
    assert_eq!(desk.decide().await, None);
    for _ in 0..5 * MAX_FAILURES {
        desk.ledger.state().faults.push_back(Fault::Throttled);
        assert_eq!(desk.failure().await.kind(), StoreErrorKind::Throttled);
    }
}

#[tokio::test]
async fn a_quota_of_which_nothing_was_heard_may_be_used_up() {
    let desk = lenient(1.0, 10, 1_000);
    desk.ledger.state().faults.push_back(Fault::Lost);
    desk.failure().await;
    desk.set_down(true);
    desk.failure().await;
}

#[tokio::test]
async fn a_clock_that_was_ahead_for_a_while_gives_no_quota_twice() {
    let desk = lenient(1_000.0, 1_000, 3);
    let half_a_day = Duration::from_hours(12);
    desk.clock
        .advance(half_a_day.saturating_sub(Duration::from_millis(100)));
    assert_eq!(desk.decide().await, None);
    let today = desk.clock.now();
    desk.set_down(true);
    desk.clock.advance(Duration::from_millis(200));
    let tomorrow = desk.clock.now();
    assert_eq!(desk.uncharged_at_once().await.0, 3);
    desk.clock.set(today);
    assert_eq!(desk.uncharged_at_once().await.0, 0);
    desk.clock.set(tomorrow);
    assert_eq!(desk.uncharged_at_once().await.0, 0);
}

#[tokio::test]
async fn a_key_goes_on_for_an_hour_at_the_most() {
    let desk = lenient(1.0, 10, 1_000);
    assert_eq!(desk.decide().await, None);
    desk.set_down(true);
    desk.clock.advance(Duration::from_mins(59));
    assert!(desk.uncharged().await.is_ok());
    desk.clock.advance(Duration::from_mins(2));
    desk.failure().await;
}

#[tokio::test]
async fn without_the_tag_nothing_passes_without_a_charge() {
    let desk = Desk::new(Some(throttle(1.0, 10)), Some(daily(1_000)));
    assert_eq!(desk.decide().await, None);
    desk.set_down(true);
    for _ in 0..20 {
        desk.failure().await;
    }
}
