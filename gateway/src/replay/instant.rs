//! Instants as logs write them.

use tollgate::quota::Day;
use tollgate::time::{NANOS_PER_SECOND, Timestamp};

/// An instant, and whether it is known to the second only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    pub(super) at: Timestamp,
    pub(super) is_whole_second: bool,
}

impl Instant {
    fn of_seconds(seconds: u64, fraction: Option<&str>) -> Option<Self> {
        let nanos = match fraction {
            None => 0,
            Some(digits) => nanos_of_fraction(digits)?,
        };
        let at = seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)?;
        Some(Self {
            at: Timestamp::from_nanos(at),
            is_whole_second: fraction.is_none(),
        })
    }

    /// Reads whatever of the forms below it is: by its letters.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [_, _, b'/', ..] => Self::of_common_log(text),
            [_, _, _, _, b'-', ..] => Self::of_rfc3339(text),
            _ => Self::of_epoch(text),
        }
    }

    /// `2026-11-25T12:00:00Z`, with a fraction of a second or another offset.
    pub(super) fn of_rfc3339(text: &str) -> Option<Self> {
        let (date, rest) = (text.get(..10)?, text.get(11..)?);
        if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
            return None;
        }
        let zone_at = rest.find(['Z', 'z', '+', '-'])?;
        let (clock, zone) = rest.split_at_checked(zone_at)?;
        let (clock, fraction) = match clock.split_once('.') {
            Some((clock, fraction)) => (clock, Some(fraction)),
            None => (clock, None),
        };
        let local = seconds(date, clock)?;
        let utc = match zone {
            "Z" | "z" => local,
            _ => local.checked_sub_signed(offset_s(zone)?)?,
        };
        Self::of_seconds(utc, fraction)
    }

    /// `25/Nov/2026:12:00:00 +0000`, as the common log format has it between brackets.
    pub(super) fn of_common_log(text: &str) -> Option<Self> {
        let (day, month, year) = (text.get(..2)?, text.get(3..6)?, text.get(7..11)?);
        let (clock, zone) = text.get(12..)?.split_once(' ')?;
        let month = MONTHS.iter().find(|(name, _)| *name == month)?.1;
        let mut date = String::with_capacity(10);
        for part in [year, "-", month, "-", day] {
            date.push_str(part);
        }
        let utc = seconds(&date, clock)?.checked_sub_signed(offset_s(zone)?)?;
        Self::of_seconds(utc, None)
    }

    /// A day and a time in UTC: `2026-11-25` and `12:00:00`.
    pub(super) fn of_date_and_time(date: &str, clock: &str) -> Option<Self> {
        Self::of_seconds(seconds(date, clock)?, None)
    }

    /// A number since 1970: seconds, with or without a fraction, or milliseconds when it is above 100,000,000,000.
    pub(super) fn of_epoch(text: &str) -> Option<Self> {
        const FIRST_MILLIS: u64 = 100_000_000_000;
        if let Some((whole, fraction)) = text.split_once('.') {
            return Self::of_seconds(whole.parse().ok()?, Some(fraction));
        }
        match text.parse().ok()? {
            millis @ FIRST_MILLIS.. => Some(Self {
                at: Timestamp::from_millis(millis),
                is_whole_second: false,
            }),
            seconds => Self::of_seconds(seconds, None),
        }
    }
}

const MONTHS: [(&str, &str); 12] = [
    ("Jan", "01"),
    ("Feb", "02"),
    ("Mar", "03"),
    ("Apr", "04"),
    ("May", "05"),
    ("Jun", "06"),
    ("Jul", "07"),
    ("Aug", "08"),
    ("Sep", "09"),
    ("Oct", "10"),
    ("Nov", "11"),
    ("Dec", "12"),
];

/// The second of a day and a time, counted from 1970. A leap second counts as the one before it.
fn seconds(date: &str, clock: &str) -> Option<u64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = clock.as_bytes() else {
        return None;
    };
    let (hours, minutes) = (two_digits(*h1, *h2)?, two_digits(*m1, *m2)?);
    let seconds = two_digits(*s1, *s2)?;
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let of_day = hours * 3_600 + minutes * 60 + seconds.min(59);
    Day::parse(date)?.start().as_secs().checked_add(of_day)
}

fn two_digits(tens: u8, ones: u8) -> Option<u64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// `+0200` or `-02:00`, in seconds.
fn offset_s(zone: &str) -> Option<i64> {
    let (sign, [h1, h2, m1, m2]) = match zone.as_bytes() {
        [sign, h1, h2, m1, m2] | [sign, h1, h2, b':', m1, m2] => (*sign, [*h1, *h2, *m1, *m2]),
        _ => return None,
    };
    let seconds = two_digits(h1, h2)? * 3_600 + two_digits(m1, m2)? * 60;
    let seconds = i64::try_from(seconds).ok()?;
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// The digits behind the point of a second. What is below a nanosecond is left out.
fn nanos_of_fraction(digits: &str) -> Option<u64> {
    let mut nanos = 0_u64;
    let mut unit = NANOS_PER_SECOND / 10;
    for byte in digits.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        nanos += u64::from(byte - b'0') * unit;
        unit /= 10;
    }
    (!digits.is_empty()).then_some(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_all_services_are_read() {
        let noon = Timestamp::from_secs(1_795_608_000);
        let half_past = Timestamp::from_millis(1_795_608_000_500);
        for (text, at, is_whole_second) in [
            ("2026-11-25T12:00:00Z", noon, true),
            ("2026-11-25T12:00:00.500Z", half_past, false),
            (
                "2026-11-25T12:00:00.500123456789Z",
                Timestamp::from_nanos(1_795_608_000_500_123_456),
                false,
            ),
            ("2026-11-25T14:00:00+02:00", noon, true),
            ("2026-11-25T10:30:00-0130", noon, true),
            ("25/Nov/2026:12:00:00 +0000", noon, true),
            ("25/Nov/2026:07:00:00 -0500", noon, true),
            ("26/Nov/2026:01:00:00 +1300", noon, true),
            ("1795608000", noon, true),
            ("1795608000500", half_past, false),
            ("1795608000.5", half_past, false),
        ] {
            let expected = Instant {
                at,
                is_whole_second,
            };
            assert_eq!(Instant::parse(text), Some(expected), "{text}");
        }
        let at = Instant::of_date_and_time("2026-11-25", "12:00:00");
        assert_eq!(at.map(|instant| instant.at), Some(noon));
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in [
            "",
            "-",
            "2026-11-25",
            "2026-11-25T12:00:00",
            "2026-11-25T24:00:00Z",
            "2026-11-25T12:60:00Z",
            "2026-11-31T12:00:00Z",
            "2026-11-25T12:00:00.Z",
            "2026-11-25T12:00:00.5x0Z",
            "1969-12-31T23:59:59Z",
            "25/Nov/2026:12:00:00",
            "25/nov/2026:12:00:00 +0000",
            "25/Nov/2026:12:00:00 0000",
            "-5",
            "1e9",
            "99999999999999999999999999",
            "25/Nov/2026:1é:00:00 +0000",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }
}
