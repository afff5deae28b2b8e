//! Throttles and quotas.

use tollgate::bucket::{Rate, Throttle};
use tollgate::quota::{Period, Quota};
use tollgate::time::Timestamp;

use super::{distance, moment, number, plural};

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

pub(in crate::console) use crate::explain::words::{period_noun, rate};

/// A throttle in a cell of a table: `5/s, burst 10`.
pub(in crate::console) fn throttle_short(throttle: Throttle) -> String {
    format!(
        "{}/s, burst {}",
        rate(throttle.rate),
        number(throttle.burst)
    )
}

/// A throttle as a sentence without its end.
pub(in crate::console) fn throttle(throttle: Option<Throttle>) -> String {
    match throttle {
        None => "Requests are not throttled".to_owned(),
        Some(Throttle { rate: none, burst }) if none == Rate::ZERO || burst == 0 => {
            "Every request is refused, because the rate or the burst is 0".to_owned()
        }
        Some(throttle) => format!(
            "{} requests a second for each key, and up to {} at once",
            rate(throttle.rate),
            number(throttle.burst)
        ),
    }
}

/// A quota in a cell of a table: `1,000 a day`.
pub(in crate::console) fn quota_short(quota: Quota) -> String {
    format!(
        "{} a {}",
        number(quota.limit()),
        period_noun(quota.period())
    )
}

/// A quota as a sentence without its end.
pub(in crate::console) fn quota(quota: Option<Quota>) -> String {
    match quota {
        None => "Requests are counted, and their number is not limited".to_owned(),
        Some(quota) => format!(
            "{} a {} for each key; it starts again {}",
            plural(quota.limit(), "request"),
            period_noun(quota.period()),
            reset_rule(quota.period(), quota.offset())
        ),
    }
}

/// When a quota with this offset starts again: `on each Monday at 00:00 UTC`. An offset that the period does not have counts as none.
pub(in crate::console) fn reset_rule(period: Period, offset: u32) -> String {
    match period {
        Period::Day => "each day at 00:00 UTC".to_owned(),
        Period::Week => {
            let weekday = usize::try_from(offset)
                .ok()
                .and_then(|offset| WEEKDAYS.get(offset))
                .unwrap_or(&"Sunday");
            format!("each {weekday} at 00:00 UTC")
        }
        Period::Month => {
            let offset = if offset > period.max_offset() {
                0
            } else {
                offset
            };
            format!(
                "on the {} of each month at 00:00 UTC",
                ordinal(offset.saturating_add(1))
            )
        }
    }
}

/// The next instant at which a quota starts again, and how far away it is.
pub(in crate::console) fn next_reset(quota: Quota, now: Timestamp) -> String {
    let reset = quota.window(now).resets_at();
    format!("{}, {}", moment(reset), distance(reset, now))
}

fn ordinal(number: u32) -> String {
    let suffix = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        (_, _) => "th",
    };
    format!("{number}{suffix}")
}

#[cfg(test)]
mod tests {
    use tollgate::quota::Day;

    use super::*;

    fn throttle_of(per_second: f64, burst: u64) -> Throttle {
        Throttle {
            rate: Rate::per_second(per_second).unwrap(),
            burst,
        }
    }

    #[test]
    fn throttles_are_told() {
        assert_eq!(throttle_short(throttle_of(5.0, 10)), "5/s, burst 10");
        assert_eq!(
            throttle_short(throttle_of(12_000.5, 2_000)),
            "12,000.5/s, burst 2,000"
        );
        assert_eq!(throttle(None), "Requests are not throttled");
        assert!(throttle(Some(throttle_of(0.0, 10))).starts_with("Every request is refused"));
        assert!(throttle(Some(throttle_of(1.0, 0))).starts_with("Every request is refused"));
    }

    #[test]
    fn the_rule_of_a_quota_names_the_day_on_which_it_starts_again() {
        assert_eq!(reset_rule(Period::Week, 0), "each Sunday at 00:00 UTC");
        assert_eq!(reset_rule(Period::Week, 1), "each Monday at 00:00 UTC");
        assert_eq!(reset_rule(Period::Week, 7), "each Sunday at 00:00 UTC");
        let month = |offset| reset_rule(Period::Month, offset);
        assert_eq!(month(0), "on the 1st of each month at 00:00 UTC");
        assert_eq!(month(10), "on the 11th of each month at 00:00 UTC");
        assert_eq!(month(21), "on the 22nd of each month at 00:00 UTC");
    }

    /// The words and the engine agree about the day.
    #[test]
    fn the_next_reset_falls_on_the_day_that_the_rule_names() {
        let now = Day::parse("2026-11-29").unwrap().start();
        for offset in 0..7 {
            let quota = Quota::new(1, Period::Week, offset).unwrap();
            let weekday = WEEKDAYS[usize::try_from(offset).unwrap()];
            assert!(next_reset(quota, now).starts_with(weekday), "{offset}");
        }
        let daily = Quota::new(1_000, Period::Day, 0).unwrap();
        assert_eq!(
            next_reset(daily, now),
            "Monday 30 November 2026, 00:00 UTC, in 24 hours"
        );
        assert_eq!(
            super::quota(Some(daily)),
            "1,000 requests a day for each key; it starts again each day at 00:00 UTC"
        );
    }
}
