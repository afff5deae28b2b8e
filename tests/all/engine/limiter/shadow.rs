//! Plans in shadow mode: what exceeds their limits passes, is marked, and is counted.

use std::time::Duration;

use tollgate::decision::{Allowance, Decision, Exceeded, Reason};
use tollgate::plan::{MODE, SHADOW_STAGES};
use tollgate::quota::Day;
use tollgate::time::Clock as _;

use super::{Desk, KEY, ONE_CHARGE, daily, meter_id, throttle};

/// A plan with this tag.
fn tagged(desk: Desk, name: &str, text: &str) -> Desk {
    desk.change_plan(|plan| {
        plan.tags.insert(name.to_owned(), text.to_owned());
    });
    desk
}

fn in_shadow(desk: Desk) -> Desk {
    tagged(desk, MODE, "shadow")
}

impl Desk {
    /// What a request exceeds that passes.
    async fn exceeded(&self) -> Option<Exceeded> {
        match self.answer("/users", Some(KEY), 1).await.unwrap() {
            Decision::Allow(Allowance::Metered(_) | Allowance::Uncharged(_)) => None,
            Decision::Allow(Allowance::Shadowed(metered, exceeded)) => {
                assert_eq!(metered.key_id, "client".into());
                Some(exceeded)
            }
            Decision::Allow(Allowance::Unmetered) => panic!("the key was not asked for"),
            Decision::Deny(denial) => panic!("{denial:?}"),
        }
    }

    /// How many of these requests exceed nothing.
    async fn within(&self, count: u32) -> u32 {
        let mut within = 0;
        for _ in 0..count {
            within += u32::from(self.exceeded().await.is_none());
        }
        within
    }

    /// The requests that were counted today, and those that were taken from the quota.
    async fn day_and_quota(&self) -> (u64, i64) {
        self.limiter.hand_back().await;
        let state = self.ledger.state();
        let item = state.meters[&meter_id()].whole();
        let day = item.day.unwrap();
        assert_eq!(day.day, Day::of(self.clock.now()));
        (day.count, item.quota.map_or(0, |quota| quota.used))
    }
}

#[tokio::test]
async fn what_would_be_throttled_passes_and_takes_nothing_of_the_bucket() {
    let desk = in_shadow(Desk::new(Some(throttle(1.0, 3)), Some(daily(100))));
    assert_eq!(desk.within(3).await, 3);
    let second = Duration::from_secs(1);
    let retry_after = Some(second);
    assert_eq!(
        desk.exceeded().await,
        Some(Exceeded::Throttle { retry_after })
    );
    assert_eq!(desk.within(40).await, 0);
    assert_eq!(desk.day_and_quota().await, (44, 3));
    // As if those 41 had been refused.
    desk.clock.advance(second);
    assert_eq!(desk.within(5).await, 1);
    assert_eq!(desk.day_and_quota().await, (49, 4));
}

#[tokio::test]
async fn what_would_exceed_the_quota_passes_and_is_counted_in_one_write() {
    let desk = in_shadow(Desk::new(None, Some(daily(5))));
    assert_eq!(desk.within(6).await, 5);
    assert_eq!(desk.calls_of_shadowed().await, ONE_CHARGE);
    let resets_after = Duration::from_hours(12);
    assert_eq!(
        desk.exceeded().await,
        Some(Exceeded::Quota {
            resets_after,
            quota: tollgate::quota::QuotaName::Own
        })
    );
    assert_eq!(desk.day_and_quota().await, (8, 5));
    // Enforced again, it refuses from where it stands.
    desk.change_plan(|plan| plan.tags.clear());
    desk.clock.advance(Duration::from_secs(31));
    assert!(matches!(
        desk.decide().await,
        Some(Reason::QuotaExceeded { .. })
    ));
}

impl Desk {
    async fn calls_of_shadowed(&self) -> super::Calls {
        self.ledger.take_calls();
        assert!(self.exceeded().await.is_some());
        self.ledger.take_calls()
    }
}

#[tokio::test]
async fn a_key_that_does_not_open_the_stage_is_refused_all_the_same() {
    let desk = in_shadow(Desk::new(Some(throttle(1.0, 3)), None));
    let unknown = desk.ask("/users", Some("no-key-has-this-value"), 1).await;
    assert_eq!(unknown.unwrap(), Some(Reason::UnknownKey));
    desk.set_enabled(false);
    assert_eq!(desk.decide().await, Some(Reason::DisabledKey));
}

#[tokio::test]
async fn one_stage_may_be_in_shadow_mode_and_others_not() {
    let desk = Desk::new(Some(throttle(1.0, 1)), None);
    let desk = tagged(desk, SHADOW_STAGES, "users:beta");
    assert_eq!(desk.decide().await, None);
    assert!(desk.decide().await.is_some());
    let stage = super::stage().to_string();
    let desk = Desk::new(Some(throttle(1.0, 1)), None);
    let desk = tagged(desk, SHADOW_STAGES, &format!("users:beta, {stage}"));
    assert_eq!(desk.within(4).await, 1);
}

#[tokio::test]
async fn nothing_is_refused_while_the_store_does_not_answer() {
    let desk = in_shadow(Desk::new(Some(throttle(1.0, 3)), Some(daily(100))));
    assert_eq!(desk.within(1).await, 1);
    desk.set_down(true);
    assert_eq!(desk.within(10).await, 2);
    desk.set_down(false);
    desk.clock.advance(Duration::from_mins(1));
    assert_eq!(desk.within(10).await, 3);
}
