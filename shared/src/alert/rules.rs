//! What a plan says of alerts.

use std::fmt;
use std::str::FromStr;

use crate::plan::{ALERTS, Plan};

/// The largest threshold, in percent: a key can use more than its quota where an operator has given it more.
pub const MAX_PERCENT: u16 = 999;

/// How many thresholds a plan may have.
const MAX_THRESHOLDS: usize = 10;

const THROTTLED: &str = "throttled";

/// A threshold, in percent of a quota: 1 to [`MAX_PERCENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u16);

impl Percent {
    /// Takes a number from 1 to [`MAX_PERCENT`]. `None` for any other.
    #[must_use]
    pub const fn new(percent: u16) -> Option<Self> {
        if percent == 0 || percent > MAX_PERCENT {
            return None;
        }
        Some(Self(percent))
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Which alerts a plan asks for.
///
/// ```
/// use tollgate::alert::AlertRules;
///
/// let rules: AlertRules = "80, 100, throttled".parse().unwrap();
/// assert_eq!(rules.percents().map(|it| it.get()).collect::<Vec<_>>(), [80, 100]);
/// assert!(rules.tells_of_throttling());
/// assert!("eighty".parse::<AlertRules>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRules {
    /// In order, each once.
    percents: Vec<Percent>,
    throttled: bool,
}

impl AlertRules {
    /// What the plan's tag [`ALERTS`] says. `None` without it, and when it cannot be read.
    pub fn of(plan: &Plan) -> Option<Self> {
        plan.tags.get(ALERTS)?.parse().ok()
    }

    /// The thresholds of the quota, the lowest first.
    pub fn percents(&self) -> impl Iterator<Item = Percent> + '_ {
        self.percents.iter().copied()
    }

    /// Whether it is told when a key begins to be throttled.
    pub const fn tells_of_throttling(&self) -> bool {
        self.throttled
    }
}

impl FromStr for AlertRules {
    type Err = InvalidAlertRules;

    /// Reads percentages and the word `throttled`, with commas or spaces between them: the AWS CLI's short form splits tags at commas.
    fn from_str(text: &str) -> Result<Self, InvalidAlertRules> {
        let mut rules = Self {
            percents: Vec::new(),
            throttled: false,
        };
        let is_listed = |part: &str| !part.trim().is_empty();
        if !text.split(',').all(is_listed) {
            return Err(InvalidAlertRules);
        }
        for part in text.split(',').flat_map(str::split_whitespace) {
            if part == THROTTLED {
                rules.throttled = true;
                continue;
            }
            let number = part.parse().map_err(|_no_number| InvalidAlertRules)?;
            rules
                .percents
                .push(Percent::new(number).ok_or(InvalidAlertRules)?);
        }
        rules.percents.sort_unstable();
        rules.percents.dedup();
        if rules.percents.len() > MAX_THRESHOLDS {
            return Err(InvalidAlertRules);
        }
        Ok(rules)
    }
}

/// A text that does not say which alerts are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be up to 10 percentages of the quota from 1 to 999, the word throttled, or both, with commas or spaces between them, such as 80,100,throttled"
)]
pub struct InvalidAlertRules;

#[cfg(test)]
mod tests {
    use super::*;

    fn percents(text: &str) -> Vec<u16> {
        let rules: AlertRules = text.parse().unwrap();
        rules.percents().map(Percent::get).collect()
    }

    #[test]
    fn thresholds_are_in_order_and_each_once() {
        assert_eq!(percents("100,80,100"), [80, 100]);
        assert_eq!(percents(" 1 , 999 "), [1, 999]);
        assert_eq!(percents("80 100  throttled"), [80, 100]);
        assert!(percents("throttled").is_empty());
    }

    #[test]
    fn what_is_no_threshold_is_refused() {
        let many = "1,2,3,4,5,6,7,8,9,10,11";
        for text in [
            "",
            "0",
            "1000",
            "80%",
            "80,",
            "80,,100",
            " ",
            "Throttled",
            "-1",
            "80.5",
            many,
        ] {
            assert_eq!(text.parse::<AlertRules>(), Err(InvalidAlertRules), "{text}");
        }
    }
}
