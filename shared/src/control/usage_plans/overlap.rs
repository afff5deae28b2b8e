//! For how long the values of a key work on that a rotation has replaced.

use std::time::Duration;

/// How long the values before work on when nobody says it: 7 days.
pub const DEFAULT_OVERLAP: Duration = Duration::from_hours(7 * 24);

/// The longest overlap: 365 days.
const MAX_OVERLAP: Duration = Duration::from_hours(365 * 24);

/// A text that is no overlap.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time of 0 s to 365 days: write for example 7d, 12h, 30m, 90s or now")]
pub struct InvalidOverlap(String);

/// Reads an overlap: a whole number and `s`, `m`, `h`, `d` or `w`; `now` for none.
///
/// # Errors
///
/// When it is something else, or longer than 365 days.
pub fn parse_overlap(text: &str) -> Result<Duration, InvalidOverlap> {
    if text == "now" {
        return Ok(Duration::ZERO);
    }
    let read = || {
        let unit = text.chars().next_back()?;
        let secs: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        let digits = text.strip_suffix(unit)?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = is_number.then(|| digits.parse().ok()).flatten()?;
        let overlap = Duration::from_secs(number.checked_mul(secs)?);
        (overlap <= MAX_OVERLAP).then_some(overlap)
    };
    read().ok_or_else(|| InvalidOverlap(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_have_one_unit() {
        for (text, secs) in [
            ("now", 0),
            ("0s", 0),
            ("90s", 90),
            ("30m", 1_800),
            ("12h", 43_200),
            ("7d", 604_800),
            ("2w", 1_209_600),
            ("365d", 31_536_000),
        ] {
            assert_eq!(parse_overlap(text), Ok(Duration::from_secs(secs)), "{text}");
        }
        for text in [
            "",
            "7",
            "d",
            "+7d",
            "-1d",
            "1.5h",
            "7 d",
            "366d",
            "7D",
            "99999999999999999999d",
            "7ü",
        ] {
            assert!(parse_overlap(text).is_err(), "{text}");
        }
    }
}
