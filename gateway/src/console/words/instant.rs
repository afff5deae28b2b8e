//! Instants, in UTC.

use jiff::tz::TimeZone;
use maud::{Markup, html};
use tollgate::time::Timestamp;

use super::plural;

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 3_600;
const DAY_S: u64 = 86_400;

/// An instant that is beyond the calendar.
const NO_DATE: &str = "beyond the year 9999";

fn formatted(instant: Timestamp, format: &str) -> String {
    i64::try_from(instant.as_secs())
        .ok()
        .and_then(|secs| jiff::Timestamp::from_second(secs).ok())
        .and_then(|date| {
            let civil = TimeZone::UTC.to_datetime(date);
            jiff::fmt::strtime::format(format, civil).ok()
        })
        .unwrap_or_else(|| NO_DATE.to_owned())
}

/// An instant in full: `Monday 30 November 2026, 00:00 UTC`.
pub(in crate::console) fn moment(instant: Timestamp) -> String {
    formatted(instant, "%A %-d %B %Y, %H:%M UTC")
}

/// An instant for a table, with how long ago or how far away it is: `2026-11-29 14:20 UTC, 3 minutes ago`.
pub(in crate::console) fn instant(instant: Timestamp, now: Timestamp) -> Markup {
    html! {
        time datetime=(rfc3339(instant)) {
            (formatted(instant, "%Y-%m-%d %H:%M UTC"))
            span.quiet { ", " (distance(instant, now)) }
        }
    }
}

/// An instant as an input for a date and a time has it: `2026-11-29T14:20`.
pub(in crate::console) fn entered(instant: Timestamp) -> String {
    formatted(instant, "%Y-%m-%dT%H:%M")
}

/// An instant as clients of the management API write it: `2026-11-29T14:20:00Z`.
pub(in crate::console) fn rfc3339(instant: Timestamp) -> String {
    formatted(instant, "%Y-%m-%dT%H:%M:%SZ")
}

/// How long ago something was, or how far away it is: `3 minutes ago`, `in 2 days`.
pub(in crate::console) fn distance(instant: Timestamp, now: Timestamp) -> String {
    let seconds = instant.abs_diff(now).as_secs();
    let text = match seconds {
        0..MINUTE_S => plural(seconds, "second"),
        MINUTE_S..HOUR_S => plural(seconds / MINUTE_S, "minute"),
        // Up to two days in hours: "in 1 day" could be either of two days.
        HOUR_S..=172_799 => plural(seconds / HOUR_S, "hour"),
        _ => plural(seconds / DAY_S, "day"),
    };
    if instant > now {
        format!("in {text}")
    } else if seconds == 0 {
        "just now".to_owned()
    } else {
        format!("{text} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_964_400);

    #[test]
    fn instants_are_told_in_utc() {
        assert_eq!(moment(NOW), "Sunday 29 November 2026, 15:00 UTC");
        let html = instant(NOW, NOW).into_string();
        assert!(html.contains("datetime=\"2026-11-29T15:00:00Z\""), "{html}");
        assert!(html.contains(">2026-11-29 15:00 UTC<"), "{html}");
        assert_eq!(
            moment(Timestamp::from_nanos(u64::MAX)),
            "Sunday 21 July 2554, 23:34 UTC"
        );
    }

    #[test]
    fn distances_are_told_in_the_unit_that_says_enough() {
        let after = |seconds| {
            let later = Timestamp::from_secs(NOW.as_secs() + seconds);
            distance(later, NOW)
        };
        assert_eq!(distance(NOW, NOW), "just now");
        assert_eq!(after(1), "in 1 second");
        assert_eq!(after(119), "in 1 minute");
        assert_eq!(after(47 * HOUR_S), "in 47 hours");
        assert_eq!(after(3 * DAY_S + 5), "in 3 days");
        assert_eq!(
            distance(NOW, Timestamp::from_secs(NOW.as_secs() + 60)),
            "1 minute ago"
        );
    }
}
