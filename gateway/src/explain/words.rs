//! Numbers and times, and how a decision ends, for people to read.

use std::time::Duration;

use tollgate::bucket::{Rate, Throttle};
use tollgate::quota::{Period, Quota};
use tollgate::time::Timestamp;

use super::{Answer, Verdict};

/// The request passes.
pub(crate) const PASSES: &str = "The request passes: what stands behind the method answers.";

/// What only a real request shows decides.
pub(crate) const OPEN: &str = "What is marked as open decides; all else lets the request pass.";

/// What is not known here decides; an answer follows.
pub(crate) const NOT_KNOWN: &str = "Whether the request passes is not known here: what is marked as open decides. Where that leaves it to the key:";

/// How a decision ends, in a sentence or two.
pub(crate) fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passes => PASSES.to_owned(),
        Verdict::Open => OPEN.to_owned(),
        Verdict::Refused(answer) => refused(answer),
        Verdict::NotKnown(answer) => format!("{NOT_KNOWN} {}", refused(answer)),
    }
}

fn refused(answer: &Answer) -> String {
    let mut text = match &answer.body {
        Some(body) => format!(
            "The request is refused with {} and the body {body}.",
            answer.status
        ),
        None => format!(
            "The request is refused with {} and a body that a template of the API makes.",
            answer.status
        ),
    };
    if let Some(kind) = answer.gateway_response {
        text.push(' ');
        text.push_str(&customised(&kind.to_string()));
    }
    if let Some(retry_after) = answer.retry_after {
        text.push(' ');
        text.push_str(&another_try(retry_after));
    }
    text
}

/// That a gateway response of the API replaces AWS's own answer.
pub(crate) fn customised(kind: &str) -> String {
    format!("The API has customised this answer: its gateway response {kind} applies.")
}

/// When another try can help.
pub(crate) fn another_try(retry_after: Duration) -> String {
    format!("Another try can help in {}.", wait(retry_after))
}

/// `1,000,000`.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_add(digits.len() / 3));
    for (at, digit) in digits.char_indices() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 request`, `2,000 requests`.
pub(crate) fn requests(number: u64) -> String {
    let noun = if number == 1 { "request" } else { "requests" };
    format!("{} {noun}", self::number(number))
}

/// A time to wait, rounded up: `0.2 s`, `12 s`, `3 min`, `5 h 20 min`, `2 days 3 h`.
pub(crate) fn wait(wait: Duration) -> String {
    let tenths = wait.as_millis().div_ceil(100);
    if tenths < 100 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = wait.as_millis().div_ceil(1_000);
    if seconds < 120 {
        return format!("{seconds} s");
    }
    let minutes = seconds.div_ceil(60);
    if minutes < 60 {
        return format!("{minutes} min");
    }
    let (hours, rest) = (minutes / 60, minutes % 60);
    if hours < 48 {
        return match rest {
            0 => format!("{hours} h"),
            _ => format!("{hours} h {rest} min"),
        };
    }
    match hours % 24 {
        0 => format!("{} days", hours / 24),
        rest => format!("{} days {rest} h", hours / 24),
    }
}

/// An instant to the minute: `2026-11-30 00:00 UTC`.
pub(crate) fn instant(instant: Timestamp) -> String {
    let shown = i64::try_from(instant.as_secs())
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map(|instant| instant.strftime("%Y-%m-%d %H:%M UTC").to_string());
    shown.unwrap_or_else(|| "the end of time".to_owned())
}

/// A rate: `5`, `0.5`, `10,000`.
pub(crate) fn rate(rate: Rate) -> String {
    let text = rate.as_per_second().to_string();
    match text.split_once('.') {
        None => text.parse().map_or(text, number),
        Some((whole, fraction)) => match whole.parse() {
            Ok(whole) => format!("{}.{fraction}", number(whole)),
            Err(_) => text,
        },
    }
}

/// `5 requests a second with a burst of 10`.
pub(crate) fn throttle(throttle: Throttle) -> String {
    let rate = rate(throttle.rate);
    let noun = if rate == "1" { "request" } else { "requests" };
    format!(
        "{rate} {noun} a second with a burst of {}",
        number(throttle.burst)
    )
}

/// `day`, `week` or `month`.
pub(crate) const fn period_noun(period: Period) -> &'static str {
    match period {
        Period::Day => "day",
        Period::Week => "week",
        Period::Month => "month",
    }
}

/// `1,000 requests a day`.
pub(crate) fn quota(quota: Quota) -> String {
    format!(
        "{} a {}",
        requests(quota.limit()),
        period_noun(quota.period())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_comma_after_each_thousand() {
        let shown = [0, 7, 999, 1_000, 65_536, 1_000_000].map(number);
        assert_eq!(shown, ["0", "7", "999", "1,000", "65,536", "1,000,000"]);
        assert_eq!(requests(1), "1 request");
    }

    #[test]
    fn rates_have_a_comma_after_each_thousand_too() {
        let told = |per_second, burst| {
            let rate = Rate::per_second(per_second).unwrap();
            throttle(Throttle { rate, burst })
        };
        assert_eq!(told(1.0, 2), "1 request a second with a burst of 2");
        assert_eq!(
            told(12_000.5, 20_000),
            "12,000.5 requests a second with a burst of 20,000"
        );
    }

    #[test]
    fn nobody_is_told_to_come_back_too_early() {
        let shown = [0, 1, 200, 9_899, 9_901, 12_300, 119_000, 121_000]
            .map(|ms| wait(Duration::from_millis(ms)));
        assert_eq!(
            shown,
            [
                "0.0 s", "0.1 s", "0.2 s", "9.9 s", "10 s", "13 s", "119 s", "3 min"
            ]
        );
        let shown = [3_600, 7_260, 47 * 3_600 + 61, 48 * 3_600, 51 * 3_600]
            .map(|s| wait(Duration::from_secs(s)));
        assert_eq!(
            shown,
            ["1 h", "2 h 1 min", "47 h 2 min", "2 days", "2 days 3 h"]
        );
    }

    #[test]
    fn instants_are_told_in_utc() {
        assert_eq!(
            instant(Timestamp::from_secs(1_795_608_000)),
            "2026-11-25 12:00 UTC"
        );
        assert_eq!(
            instant(Timestamp::from_nanos(u64::MAX)),
            "2554-07-21 23:34 UTC"
        );
    }
}
