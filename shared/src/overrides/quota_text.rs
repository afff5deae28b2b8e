//! A quota as a key's tag has it.

use std::fmt;
use std::str::FromStr;

use crate::quota::{Period, Quota};

/// So many requests in a period, or in that of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaText {
    /// Requests in each period.
    pub limit: u64,
    /// The period, and how many days after its usual first day it begins. `None`: those of the plan.
    pub window: Option<(Period, u32)>,
}

impl QuotaText {
    /// No requests at all.
    pub const NOTHING: Self = Self {
        limit: 0,
        window: None,
    };
}

/// A text that is no quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a whole number of requests, with a period or without: 5000, 5000/DAY, 20000/WEEK+1 (0 to 6 days after Sunday) or 100000/MONTH+14 (0 to 27 days after the first)"
)]
pub struct InvalidQuotaText;

impl FromStr for QuotaText {
    type Err = InvalidQuotaText;

    /// Reads `5000`, `5000/DAY` or `5000/WEEK+1`.
    fn from_str(text: &str) -> Result<Self, InvalidQuotaText> {
        let (limit, window) = match text.split_once('/') {
            Some((limit, window)) => (limit, Some(window)),
            None => (text, None),
        };
        let limit = limit.parse().map_err(|_no_number| InvalidQuotaText)?;
        let window = match window.map(|text| text.split_once('+').unwrap_or((text, "0"))) {
            None => None,
            Some((period, offset)) => {
                let period = Period::parse(period).ok_or(InvalidQuotaText)?;
                let offset = offset.parse().map_err(|_no_number| InvalidQuotaText)?;
                Quota::new(limit, period, offset).map_err(|_offset| InvalidQuotaText)?;
                Some((period, offset))
            }
        };
        Ok(Self { limit, window })
    }
}

impl fmt::Display for QuotaText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.window {
            None => write!(f, "{}", self.limit),
            Some((period, 0)) => write!(f, "{}/{period}", self.limit),
            Some((period, offset)) => write!(f, "{}/{period}+{offset}", self.limit),
        }
    }
}
