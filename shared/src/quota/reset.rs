//! When the periods of further quotas begin: at a time of the day, on a day of the week or month, in a zone with a fixed offset.
#![warn(clippy::arithmetic_side_effects)]

use std::fmt;
use std::str::FromStr;

use super::further::parts;
use super::{Day, Every, Minute, Period, Quota, Stretch};

const MINUTES_PER_HOUR: u32 = 60;
const MINUTES_PER_DAY: u32 = 24 * MINUTES_PER_HOUR;

/// The days of the week, in the order in which a week may begin: as the offset of API Gateway's quotas counts them.
const WEEKDAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

/// When days, weeks and months of further quotas begin. Without a word: at 00:00 UTC, weeks on Sunday, months on the first.
///
/// ```
/// use tollgate::quota::{Every, FurtherQuota, Reset};
/// use tollgate::time::Timestamp;
///
/// let reset: Reset = "15 06:00 +02:00".parse().unwrap();
/// let quota = FurtherQuota { every: Every::Month, limit: 100, is_soft: false, reset };
/// let january_the_first = Timestamp::from_secs(1_767_225_600);
/// // 2026-01-15T04:00:00Z
/// assert_eq!(quota.stretch(january_the_first).resets_at(), Timestamp::from_secs(1_768_449_600));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reset {
    /// How far the zone is ahead of UTC, in minutes.
    ahead_min: i16,
    /// The time of the day, in minutes after midnight.
    at_min: u16,
    /// Days after the first of the month, 0 to 27.
    day: u8,
    /// Days after Sunday, 0 to 6.
    weekday: u8,
}

impl Reset {
    /// The stretch of time of a period to which `minute` belongs.
    pub(super) fn stretch(self, every: Every, minute: Minute) -> Stretch {
        match every {
            Every::Minute => Stretch {
                first: minute,
                next: Minute::from_number(minute.number().saturating_add(1)),
            },
            Every::Hour => self.hour(minute),
            Every::Day => self.days(Period::Day, 0, minute),
            Every::Week => self.days(Period::Week, u32::from(self.weekday), minute),
            Every::Month => self.days(Period::Month, u32::from(self.day), minute),
        }
    }

    /// Zones that are not whole hours ahead have their hours at other minutes.
    fn hour(self, minute: Minute) -> Stretch {
        let ahead = i64::from(self.ahead_min);
        let local = i64::from(minute.number()).saturating_add(ahead);
        let since = local.rem_euclid(i64::from(MINUTES_PER_HOUR));
        let first = i64::from(minute.number()).saturating_sub(since);
        Stretch {
            first: clamped(first),
            next: clamped(first.saturating_add(i64::from(MINUTES_PER_HOUR))),
        }
    }

    /// Periods of whole days: those of a calendar whose days begin when the zone and the time of the day say.
    fn days(self, period: Period, offset: u32, minute: Minute) -> Stretch {
        let ahead = i64::from(self.ahead_min).saturating_sub(i64::from(self.at_min));
        let local = i64::from(minute.number()).saturating_add(ahead).max(0);
        let day = local.div_euclid(i64::from(MINUTES_PER_DAY));
        let day = Day::from_number(u32::try_from(day).unwrap_or(u32::MAX));
        let first_minute = |day: Day| {
            let local = i64::from(day.number()).saturating_mul(i64::from(MINUTES_PER_DAY));
            clamped(local.saturating_sub(ahead))
        };
        match Quota::new(0, period, offset) {
            Ok(calendar) => {
                let window = calendar.window_of(day);
                Stretch {
                    first: first_minute(window.first),
                    next: first_minute(window.next),
                }
            }
            Err(_) => Stretch {
                first: first_minute(day),
                next: first_minute(day.plus(1)),
            },
        }
    }
}

fn clamped(minute: i64) -> Minute {
    let most = i64::from(u32::MAX);
    Minute::from_number(u32::try_from(minute.clamp(0, most)).unwrap_or(u32::MAX))
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weekday = WEEKDAYS.get(usize::from(self.weekday)).unwrap_or(&"sunday");
        let (hour, minute) = hour_and_minute(self.at_min);
        let sign = if self.ahead_min < 0 { '-' } else { '+' };
        let (ahead_hour, ahead_minute) = hour_and_minute(self.ahead_min.unsigned_abs());
        write!(
            f,
            "{} {weekday} {hour:02}:{minute:02} {sign}{ahead_hour:02}:{ahead_minute:02}",
            self.day.saturating_add(1)
        )
    }
}

fn hour_and_minute(minutes: u16) -> (u16, u16) {
    let hour = minutes.checked_div(60).unwrap_or(0);
    (hour, minutes.saturating_sub(hour.saturating_mul(60)))
}

/// A word that says nothing of when periods begin, or says it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` does not say when quotas start again: write a day of the month from 1 to 28, a day of the week such as monday, a time such as \
     06:00, and a zone such as +02:00 or UTC, each at most once. Names of zones are not known"
)]
pub struct InvalidReset(String);

impl FromStr for Reset {
    type Err = InvalidReset;

    /// Reads words such as `15 monday 06:00 +02:00`, in any order, with commas or spaces between them.
    fn from_str(text: &str) -> Result<Self, InvalidReset> {
        let invalid = |part: &str| InvalidReset(part.to_owned());
        let (mut day, mut weekday, mut at_min, mut ahead_min) = (None, None, None, None);
        for part in parts(text) {
            let is_first = if let Some(found) = WEEKDAYS.iter().position(|name| *name == part) {
                weekday.replace(u8::try_from(found).unwrap_or(0)).is_none()
            } else if let Some(found) = zone(part) {
                ahead_min.replace(found).is_none()
            } else if let Some(found) = time_of_day(part) {
                at_min.replace(found).is_none()
            } else if let Some(found) = day_of_month(part) {
                day.replace(found).is_none()
            } else {
                false
            };
            if !is_first {
                return Err(invalid(part));
            }
        }
        if parts(text).next().is_none() {
            return Err(invalid(text));
        }
        Ok(Self {
            ahead_min: ahead_min.unwrap_or(0),
            at_min: at_min.unwrap_or(0),
            day: day.unwrap_or(0),
            weekday: weekday.unwrap_or(0),
        })
    }
}

fn day_of_month(text: &str) -> Option<u8> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let day: u8 = text.parse().ok()?;
    (is_number && (1..=28).contains(&day)).then(|| day.saturating_sub(1))
}

/// `HH:MM`, in minutes.
fn time_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |part: &str| {
        let is_right = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_right.then(|| part.parse::<u16>().ok())?
    };
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    (hour < 24 && minute < 60).then(|| hour.saturating_mul(60).saturating_add(minute))
}

/// `UTC`, or `+HH:MM` or `-HH:MM` up to 14 hours, in minutes.
fn zone(text: &str) -> Option<i16> {
    const FURTHEST_MIN: i16 = 14 * 60;
    if text == "UTC" {
        return Some(0);
    }
    let (is_behind, time) = match text.strip_prefix('-') {
        Some(time) => (true, time),
        None => (false, text.strip_prefix('+')?),
    };
    let minutes = i16::try_from(time_of_day(time)?).ok()?;
    let ahead = if is_behind {
        minutes.checked_neg()?
    } else {
        minutes
    };
    (minutes <= FURTHEST_MIN).then_some(ahead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::FurtherQuota;
    use crate::time::Timestamp;

    fn instant(text: &str) -> Timestamp {
        let instant: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_secs(u64::try_from(instant.as_second()).unwrap())
    }

    fn stretch(every: Every, reset: &str, now: &str) -> (String, String) {
        let quota = FurtherQuota {
            every,
            limit: 1,
            is_soft: false,
            reset: reset.parse().unwrap(),
        };
        let found = quota.stretch(instant(now));
        let shown = |minute: Minute| {
            let seconds = i64::from(minute.number()).saturating_mul(60);
            jiff::Timestamp::from_second(seconds).unwrap().to_string()
        };
        (shown(found.first), shown(found.next))
    }

    #[test]
    fn periods_begin_where_the_reset_says() {
        let cases = [
            (
                Every::Minute,
                "UTC",
                "2026-11-29T17:50:59Z",
                "2026-11-29T17:50:00Z",
                "2026-11-29T17:51:00Z",
            ),
            (
                Every::Hour,
                "UTC",
                "2026-11-29T17:50:59Z",
                "2026-11-29T17:00:00Z",
                "2026-11-29T18:00:00Z",
            ),
            (
                Every::Hour,
                "+05:30",
                "2026-11-29T17:29:59Z",
                "2026-11-29T16:30:00Z",
                "2026-11-29T17:30:00Z",
            ),
            (
                Every::Day,
                "+02:00",
                "2026-11-29T21:59:59Z",
                "2026-11-28T22:00:00Z",
                "2026-11-29T22:00:00Z",
            ),
            (
                Every::Day,
                "06:00 +02:00",
                "2026-11-29T04:00:00Z",
                "2026-11-29T04:00:00Z",
                "2026-11-30T04:00:00Z",
            ),
            (
                Every::Day,
                "-03:00",
                "2026-11-29T02:59:00Z",
                "2026-11-28T03:00:00Z",
                "2026-11-29T03:00:00Z",
            ),
            (
                Every::Week,
                "monday",
                "2026-11-29T12:00:00Z",
                "2026-11-23T00:00:00Z",
                "2026-11-30T00:00:00Z",
            ),
            (
                Every::Week,
                "UTC",
                "2026-11-29T12:00:00Z",
                "2026-11-29T00:00:00Z",
                "2026-12-06T00:00:00Z",
            ),
            (
                Every::Month,
                "15 06:00 +02:00",
                "2026-03-15T03:59:00Z",
                "2026-02-15T04:00:00Z",
                "2026-03-15T04:00:00Z",
            ),
            (
                Every::Month,
                "28",
                "2024-02-29T00:00:00Z",
                "2024-02-28T00:00:00Z",
                "2024-03-28T00:00:00Z",
            ),
            (
                Every::Month,
                "-05:00",
                "2027-01-01T04:59:00Z",
                "2026-12-01T05:00:00Z",
                "2027-01-01T05:00:00Z",
            ),
        ];
        for (every, reset, now, first, next) in cases {
            let expected = (first.to_owned(), next.to_owned());
            assert_eq!(
                stretch(every, reset, now),
                expected,
                "{every} {reset} {now}"
            );
        }
    }

    #[test]
    fn words_come_in_any_order_and_once() {
        let reset: Reset = "+02:00, 06:00 monday 15".parse().unwrap();
        assert_eq!(reset.to_string(), "15 monday 06:00 +02:00");
        assert_eq!(reset.to_string().parse(), Ok(reset));
        for text in [
            "",
            "0",
            "29",
            "24:00",
            "6:00",
            "06:60",
            "+15:00",
            "Europe/Berlin",
            "1 2",
            "monday tuesday",
            "+01:00 UTC",
            "06:00 07:00",
            "+1",
            "day",
        ] {
            assert!(text.parse::<Reset>().is_err(), "{text}");
        }
    }
}
