//! Further quotas of a plan, beside the one that API Gateway has: one for each period, from a minute to a month.
#![warn(clippy::arithmetic_side_effects)]

use std::fmt;
use std::str::FromStr;

use super::{Quota, Reset};
use crate::time::Timestamp;

/// How many further quotas a plan has at the most.
pub const MAX_FURTHER: usize = 4;

/// The largest limit of a further quota: 2^53, which every client can read.
pub const MAX_LIMIT: u64 = 1 << 53;

/// No limit of this period.
const NONE: u64 = u64::MAX;

/// How often a further quota starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Every {
    /// Each minute.
    Minute,
    /// At each full hour.
    Hour,
    /// Each day.
    Day,
    /// Each week.
    Week,
    /// Each month.
    Month,
}

impl Every {
    /// All of them, from the shortest to the longest.
    pub const ALL: [Self; 5] = [Self::Minute, Self::Hour, Self::Day, Self::Week, Self::Month];

    /// `minute`, `hour`, `day`, `week` or `month`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|every| every.as_str() == text)
    }

    const fn index(self) -> usize {
        match self {
            Self::Minute => 0,
            Self::Hour => 1,
            Self::Day => 2,
            Self::Week => 3,
            Self::Month => 4,
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which of a plan's quotas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuotaName {
    /// The one that API Gateway has.
    Own,
    /// A further one.
    Further(Every),
}

impl QuotaName {
    /// What the quota is called in fields and logs: `quota`, `quota-minute` and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "quota",
            Self::Further(Every::Minute) => "quota-minute",
            Self::Further(Every::Hour) => "quota-hour",
            Self::Further(Every::Day) => "quota-day",
            Self::Further(Every::Week) => "quota-week",
            Self::Further(Every::Month) => "quota-month",
        }
    }
}

impl fmt::Display for QuotaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A minute: the number of minutes since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(u32);

impl Minute {
    /// The minute `number` minutes after the epoch.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The minute that `now` belongs to.
    #[must_use]
    pub fn of(now: Timestamp) -> Self {
        let minutes = now.as_secs().checked_div(60).unwrap_or(0);
        Self(u32::try_from(minutes).unwrap_or(u32::MAX))
    }

    /// Minutes since the epoch.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The first instant of the minute.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_secs((self.0 as u64).saturating_mul(60))
    }
}

/// The minutes from `first` to the one before `next`, in which a further quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first minute: it names the stretch.
    pub first: Minute,
    /// The minute in which the next one starts.
    pub next: Minute,
}

impl Stretch {
    /// The instant at which the quota starts again.
    pub const fn resets_at(self) -> Timestamp {
        self.next.start()
    }

    /// The length in seconds.
    pub const fn length_s(self) -> u64 {
        (self.next.0.saturating_sub(self.first.0) as u64).saturating_mul(60)
    }
}

/// One further quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FurtherQuota {
    /// How often it starts again.
    pub every: Every,
    /// The requests of a period. Zero refuses every request.
    pub limit: u64,
    /// Whether requests beyond it are admitted, and counted as overage.
    pub is_soft: bool,
    /// When its periods begin.
    pub reset: Reset,
}

impl FurtherQuota {
    /// The stretch of time that `now` belongs to.
    #[must_use]
    pub fn stretch(self, now: Timestamp) -> Stretch {
        self.stretch_of(Minute::of(now))
    }

    /// The stretch of time that `minute` belongs to.
    #[must_use]
    pub fn stretch_of(self, minute: Minute) -> Stretch {
        self.reset.stretch(self.every, minute)
    }
}

impl fmt::Display for FurtherQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let soft = if self.is_soft { " soft" } else { "" };
        write!(f, "{}/{}{soft}", self.limit, self.every)
    }
}

/// The further quotas of a plan: one for a period at the most.
///
/// ```
/// use tollgate::quota::FurtherQuotas;
///
/// let quotas: FurtherQuotas = "100/minute, 1000/hour, 50000/month soft".parse().unwrap();
/// assert_eq!(quotas.iter().count(), 3);
/// assert_eq!(quotas.to_string(), "100/minute, 1000/hour, 50000/month soft");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FurtherQuotas {
    /// By period. A number above 2^53 is none.
    limits: [u64; Every::ALL.len()],
    soft: [bool; Every::ALL.len()],
    reset: Reset,
    count: u8,
}

impl Default for FurtherQuotas {
    fn default() -> Self {
        Self {
            limits: [NONE; Every::ALL.len()],
            soft: [false; Every::ALL.len()],
            reset: Reset::default(),
            count: 0,
        }
    }
}

impl FurtherQuotas {
    /// Refuses every request: what cannot be read must not admit anything.
    #[must_use]
    pub fn closed() -> Self {
        let mut closed = Self::default();
        closed.add(Every::Minute, 0);
        closed
    }

    /// The same quotas, with periods that begin as `reset` says.
    #[must_use]
    pub const fn with_reset(self, reset: Reset) -> Self {
        Self { reset, ..self }
    }

    /// The same quotas, the hard ones with `more` requests in each period.
    #[must_use]
    pub fn raised(mut self, more: u64) -> Self {
        let hard = self.limits.iter_mut().zip(self.soft);
        for (limit, _) in hard.filter(|(limit, is_soft)| **limit != NONE && !is_soft) {
            // What is as large as `NONE` would be no limit.
            *limit = limit.saturating_add(more).min(NONE.saturating_sub(1));
        }
        self
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        usize::from(self.count)
    }

    /// The quotas, from the shortest period to the longest.
    pub fn iter(&self) -> impl Iterator<Item = FurtherQuota> {
        let Self {
            limits,
            soft,
            reset,
            count: _,
        } = *self;
        Every::ALL
            .into_iter()
            .zip(limits)
            .zip(soft)
            .filter(|((_, limit), _)| *limit != NONE)
            .map(move |((every, limit), is_soft)| FurtherQuota {
                every,
                limit,
                is_soft,
                reset,
            })
    }

    fn add(&mut self, every: Every, limit: u64) -> bool {
        match self.limits.get_mut(every.index()) {
            Some(known) if *known == NONE => {
                *known = limit;
                self.count = self.count.saturating_add(1);
                true
            }
            Some(_) | None => false,
        }
    }
}

impl fmt::Display for FurtherQuotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, quota) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            fmt::Display::fmt(&quota, f)?;
        }
        Ok(())
    }
}

/// The quotas that a request was charged to, for what it turns out to cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// The one that API Gateway has.
    pub own: Option<Quota>,
    /// The others.
    pub further: FurtherQuotas,
    /// How far below zero one of them may come.
    pub overdraft: u64,
    /// How often the key had been narrowed when it was charged: a meter takes no charge that says another number.
    pub generation: u64,
}

/// Why a text names no further quotas.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuotas {
    /// A part that is no quota.
    #[error(
        "`{0}` is no quota: write a number from 0 to {MAX_LIMIT}, a slash, and minute, hour, day, week or month, such as 100/minute, \
         and `soft` behind a quota beyond which requests are admitted and counted"
    )]
    Part(String),
    /// Two quotas of one period.
    #[error("there are two quotas of one {0}, and a plan has one for each period")]
    Twice(Every),
    /// None, or too many.
    #[error("there are {0} quotas, and a plan has 1 to {MAX_FURTHER} further ones")]
    Count(usize),
}

impl FromStr for FurtherQuotas {
    type Err = InvalidQuotas;

    /// Reads quotas such as `100/minute, 50000/month soft`. A comma or a space stands between two of them.
    fn from_str(text: &str) -> Result<Self, InvalidQuotas> {
        let mut quotas = Self::default();
        let mut last = None;
        for part in parts(text) {
            let invalid = || InvalidQuotas::Part(part.to_owned());
            if part == "soft" {
                let every: Every = last.take().ok_or_else(invalid)?;
                if let Some(soft) = quotas.soft.get_mut(every.index()) {
                    *soft = true;
                }
                continue;
            }
            let (limit, every) = part.split_once('/').ok_or_else(invalid)?;
            let limit: u64 = limit.parse().map_err(|_no_number| invalid())?;
            let every = Every::parse(every).ok_or_else(invalid)?;
            if limit > MAX_LIMIT || !part.starts_with(|first: char| first.is_ascii_digit()) {
                return Err(invalid());
            }
            if !quotas.add(every, limit) {
                return Err(InvalidQuotas::Twice(every));
            }
            last = Some(every);
        }
        let count = quotas.count();
        if count == 0 || count > MAX_FURTHER {
            return Err(InvalidQuotas::Count(count));
        }
        Ok(quotas)
    }
}

/// The words of a tag, with commas or spaces between them.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ']).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_read_as_they_are_written() {
        for (text, shown) in [
            ("100/minute", "100/minute"),
            ("1000/hour 100/minute", "100/minute, 1000/hour"),
            ("5/day soft,  7/week", "5/day soft, 7/week"),
            ("0/month", "0/month"),
            ("9007199254740992/day", "9007199254740992/day"),
        ] {
            let quotas: FurtherQuotas = text.parse().unwrap();
            assert_eq!(quotas.to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_quota_is_named() {
        for text in [
            "",
            ",",
            "100",
            "100/",
            "/minute",
            "x/minute",
            "1/year",
            "1/Minute",
            "-1/day",
            "+1/day",
            "1/day soft soft",
            "soft",
            "soft 1/day",
            "9007199254740993/day",
            "1/day 2/day",
            "1/minute 1/hour 1/day 1/week 1/month",
            "1 /day",
            "1/day;2/week",
        ] {
            let read: Result<FurtherQuotas, _> = text.parse();
            assert!(read.is_err(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_admits_nothing() {
        let closed = FurtherQuotas::closed();
        let limits: Vec<u64> = closed.iter().map(|quota| quota.limit).collect();
        assert_eq!(limits, [0]);
    }
}
