//! When a quota will be used up, if requests keep coming as they have.

use std::time::Duration;

use tollgate::quota::Window;
use tollgate::time::Timestamp;

/// What a straight line says, at the mean rate of the window so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Projection {
    /// Nothing was used in this window: there is no rate.
    Unused,
    /// Nothing is left.
    UsedUp,
    /// Nothing will be left from this instant on, before the quota starts again.
    RunsOut {
        /// The instant.
        at: Timestamp,
    },
    /// It lasts until it starts again, with so many requests left.
    Lasts {
        /// The requests.
        left: u64,
    },
}

impl Projection {
    /// The line from `now` on, in a window in which `used` requests were charged and `remaining` are left.
    pub(super) fn new(used: u64, remaining: u64, window: Window, now: Timestamp) -> Self {
        if remaining == 0 {
            return Self::UsedUp;
        }
        if used == 0 {
            return Self::Unused;
        }
        // A request at the very start came within a millisecond.
        let passed = now.saturating_since(window.first.start());
        let passed_ms = passed.as_millis().max(1);
        let left_ms = window.resets_at().saturating_since(now).as_millis();
        let until_end = u128::from(used).saturating_mul(left_ms) / passed_ms;
        match u128::from(remaining).checked_sub(until_end) {
            Some(left) if left > 0 => Self::Lasts {
                left: u64::try_from(left).unwrap_or(u64::MAX),
            },
            Some(_) | None => {
                let wait_ms = u128::from(remaining).saturating_mul(passed_ms) / u128::from(used);
                let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(u64::MAX));
                Self::RunsOut {
                    at: now.saturating_add(wait).min(window.resets_at()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tollgate::quota::{Day, Period, Quota};

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn monday() -> Day {
        Day::parse("2026-11-23").unwrap()
    }

    /// The week from Monday on, and an instant so many hours after it has begun.
    fn week(hours: u32) -> (Window, Timestamp) {
        let quota = Quota::new(1_000, Period::Week, 1).unwrap();
        let window = quota.window_of(monday());
        (window, window.first.start().saturating_add(HOUR * hours))
    }

    #[test]
    fn a_quota_that_goes_too_fast_runs_out_on_a_day_that_is_told() {
        let (window, now) = week(48);
        // 400 in two days: the other 600 last three days more.
        assert_eq!(
            Projection::new(400, 600, window, now),
            Projection::RunsOut {
                at: monday().plus(5).start()
            }
        );
    }

    #[test]
    fn a_quota_that_lasts_leaves_something() {
        let (window, now) = week(84);
        assert_eq!(
            Projection::new(300, 700, window, now),
            Projection::Lasts { left: 400 }
        );
    }

    #[test]
    fn without_use_or_without_rest_there_is_no_line() {
        let (window, now) = week(1);
        assert_eq!(Projection::new(0, 5, window, now), Projection::Unused);
        assert_eq!(Projection::new(5, 0, window, now), Projection::UsedUp);
        assert_eq!(Projection::new(0, 0, window, now), Projection::UsedUp);
    }

    #[test]
    fn what_is_used_at_the_start_of_the_window_runs_out_soon() {
        let (window, start) = week(0);
        let Projection::RunsOut { at } = Projection::new(10, 10, window, start) else {
            panic!("it lasts");
        };
        assert_eq!(at.saturating_since(start), Duration::from_millis(1));
    }

    proptest! {
        #[test]
        fn it_runs_out_within_the_window_or_leaves_no_more_than_there_is(
            used in 1..=u64::MAX,
            remaining in 1..=u64::MAX,
            passed_s in 0_u64..7 * 86_400,
        ) {
            let (window, start) = week(0);
            let now = start.saturating_add(Duration::from_secs(passed_s));
            match Projection::new(used, remaining, window, now) {
                Projection::RunsOut { at } => {
                    prop_assert!(at >= now && at <= window.resets_at());
                }
                Projection::Lasts { left } => prop_assert!(left > 0 && left <= remaining),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
