//! Quotas: how many requests a day, a week or a month, in UTC.
#![warn(clippy::arithmetic_side_effects)]

mod further;
mod reset;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::civil::Date;

use crate::time::{SECONDS_PER_DAY, Timestamp};

pub use further::{
    Every, FurtherQuota, FurtherQuotas, InvalidQuotas, MAX_FURTHER, MAX_LIMIT, Minute, QuotaName,
    Quotas, Stretch,
};
pub use reset::{InvalidReset, Reset};

/// A UTC day: the number of days since 1970-01-01.
///
/// ```
/// use tollgate::quota::Day;
/// use tollgate::time::Timestamp;
///
/// let day = Day::of(Timestamp::from_secs(86_400 * 3 + 5));
/// assert_eq!(day.to_string(), "1970-01-04");
/// assert_eq!(Day::parse("1970-01-04"), Some(day));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u32);

impl Day {
    /// The day `number` days after 1970-01-01.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The day that `now` belongs to.
    #[must_use]
    pub fn of(now: Timestamp) -> Self {
        let days = now.as_secs().checked_div(SECONDS_PER_DAY).unwrap_or(0);
        Self(u32::try_from(days).unwrap_or(u32::MAX))
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The first instant of the day.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_secs((self.0 as u64).saturating_mul(SECONDS_PER_DAY))
    }

    /// The day `days` later.
    #[must_use]
    pub const fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The day `days` earlier; the first day of the range when that is before it.
    #[must_use]
    pub const fn minus(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// Reads `YYYY-MM-DD`. `None` for anything else, and for days before 1970.
    pub fn parse(text: &str) -> Option<Self> {
        let date: Date = text.parse().ok()?;
        (text.len() == 10).then(|| Self::of_date(date))?
    }

    fn of_date(date: Date) -> Option<Self> {
        let days = date.duration_since(EPOCH).as_hours().checked_div(24)?;
        u32::try_from(days).ok().map(Self)
    }

    /// `None` beyond the year 9999.
    fn date(self) -> Option<Date> {
        // Not by way of `start`: dates reach further than instants do.
        let seconds = u64::from(self.0).checked_mul(SECONDS_PER_DAY)?;
        EPOCH.checked_add(Duration::from_secs(seconds)).ok()
    }
}

const EPOCH: Date = Date::constant(1970, 1, 1);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(date) => fmt::Display::fmt(&date, f),
            None => write!(f, "day {}", self.0),
        }
    }
}

/// How often a quota starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// At 00:00 UTC.
    Day,
    /// On Sunday at 00:00 UTC, or `offset` days later.
    Week,
    /// On the first of the month at 00:00 UTC, or `offset` days later.
    Month,
}

impl Period {
    /// API Gateway's name: `DAY`, `WEEK` or `MONTH`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
        }
    }

    /// Reads API Gateway's name, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Day, Self::Week, Self::Month]
            .into_iter()
            .find(|period| text.eq_ignore_ascii_case(period.as_str()))
    }

    /// The largest offset, in days. API Gateway has the same bounds.
    pub const fn max_offset(self) -> u32 {
        match self {
            Self::Day => 0,
            Self::Week => 6,
            Self::Month => 27,
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An offset that the period does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidOffset {
    period: Period,
    offset: u32,
}

impl fmt::Display for InvalidOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { period, offset } = self;
        let max = period.max_offset();
        write!(
            f,
            "the quota offset {offset} is not between 0 and {max}, the days of a {period} period"
        )
    }
}

impl std::error::Error for InvalidOffset {}

/// So many requests in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    limit: u64,
    period: Period,
    offset: u32,
    /// Requests more in one window.
    extra: u64,
    /// The first day of that window.
    extra_from: Day,
}

impl Quota {
    /// No request in any period.
    pub const NOTHING: Self = Self {
        limit: 0,
        period: Period::Month,
        offset: 0,
        extra: 0,
        extra_from: Day::from_number(0),
    };

    /// `limit` requests each `period`, which starts `offset` days after its usual first day.
    ///
    /// # Errors
    ///
    /// When `offset` is above 0 for a day, 6 for a week, or 27 for a month.
    pub const fn new(limit: u64, period: Period, offset: u32) -> Result<Self, InvalidOffset> {
        if offset > period.max_offset() {
            return Err(InvalidOffset { period, offset });
        }
        Ok(Self {
            limit,
            period,
            offset,
            extra: 0,
            extra_from: Day::from_number(0),
        })
    }

    /// The same quota with `more` requests in each period.
    #[must_use]
    pub const fn raised(self, more: u64) -> Self {
        Self {
            limit: self.limit.saturating_add(more),
            ..self
        }
    }

    /// The same with `requests` more in the window that begins on the day `first`, and in no other window.
    #[must_use]
    pub const fn with_extra(self, first: Day, requests: u64) -> Self {
        Self {
            extra: requests,
            extra_from: first,
            ..self
        }
    }

    /// Requests in each period. Zero refuses every request.
    pub const fn limit(self) -> u64 {
        self.limit
    }

    /// Requests in the window that begins on the day `first`.
    ///
    /// ```
    /// use tollgate::quota::{Day, Period, Quota};
    ///
    /// let today = Day::parse("2026-11-25").unwrap();
    /// let quota = Quota::new(100, Period::Day, 0).unwrap().with_extra(today, 20);
    /// assert_eq!(quota.limit_in(today), 120);
    /// assert_eq!(quota.limit_in(today.plus(1)), 100);
    /// ```
    pub const fn limit_in(self, first: Day) -> u64 {
        if self.extra_from.0 == first.0 {
            self.limit.saturating_add(self.extra)
        } else {
            self.limit
        }
    }

    /// The period.
    pub const fn period(self) -> Period {
        self.period
    }

    /// Days after the period's usual first day.
    pub const fn offset(self) -> u32 {
        self.offset
    }

    /// The window that `now` belongs to.
    ///
    /// ```
    /// use tollgate::quota::{Day, Period, Quota};
    ///
    /// let weekly = Quota::new(100, Period::Week, 1).unwrap();
    /// let wednesday = Day::parse("2026-11-25").unwrap();
    /// let window = weekly.window(wednesday.start());
    /// assert_eq!(window.first.to_string(), "2026-11-23"); // a Monday
    /// assert_eq!(window.next.to_string(), "2026-11-30");
    /// ```
    #[must_use]
    pub fn window(self, now: Timestamp) -> Window {
        self.window_of(Day::of(now))
    }

    /// The window that `day` belongs to.
    #[must_use]
    pub fn window_of(self, day: Day) -> Window {
        match self.period {
            Period::Day => Window {
                first: day,
                next: day.plus(1),
            },
            Period::Week => {
                // 1970-01-01 was a Thursday, four days after a Sunday.
                let since_first = day
                    .number()
                    .saturating_add(4 + 7)
                    .saturating_sub(self.offset)
                    .checked_rem(7)
                    .unwrap_or(0);
                // Counted from `day`: the window of the epoch starts before the range, and would seem to end too late.
                Window {
                    first: day.minus(since_first),
                    next: day.plus(7_u32.saturating_sub(since_first)),
                }
            }
            Period::Month => remembered_month(self.offset, day).unwrap_or_else(|| {
                let window = self.month(day).unwrap_or(Window {
                    first: day,
                    next: day.plus(1),
                });
                remember_month(self.offset, window);
                window
            }),
        }
    }

    /// `None` beyond the year 9999.
    fn month(self, day: Day) -> Option<Window> {
        let month = jiff::Span::new().months(1);
        let first_day = i8::try_from(self.offset).ok()?.checked_add(1)?;
        let date = day.date()?;
        let this = Date::new(date.year(), date.month(), first_day).ok()?;
        let (first, next) = if date >= this {
            (this, this.checked_add(month).ok()?)
        } else {
            (this.checked_sub(month).ok()?, this)
        };
        Some(Window {
            // The month before January 1970 starts before the range: its days count from the first day there is.
            first: Day::of_date(first).unwrap_or(Day::from_number(0)),
            next: Day::of_date(next)?,
        })
    }
}

/// The month that was asked for last, for each offset: its first day, and the day on which the next one starts. A decision asks for it
/// more than once, and calendars are slow. 0 is no month.
static MONTHS: [AtomicU64; 28] = [const { AtomicU64::new(0) }; 28];

fn slot_of_month(offset: u32) -> Option<&'static AtomicU64> {
    MONTHS.get(usize::try_from(offset).ok()?)
}

fn remembered_month(offset: u32, day: Day) -> Option<Window> {
    let days = slot_of_month(offset)?.load(Ordering::Relaxed);
    let window = Window {
        first: Day(u32::try_from(days >> 32).ok()?),
        next: Day(u32::try_from(days & u64::from(u32::MAX)).ok()?),
    };
    (window.first <= day && day < window.next).then_some(window)
}

fn remember_month(offset: u32, window: Window) {
    if let Some(slot) = slot_of_month(offset) {
        let days = (u64::from(window.first.0) << 32) | u64::from(window.next.0);
        slot.store(days, Ordering::Relaxed);
    }
}

/// The days from `first` to the one before `next`, in which a quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first day of the window: it names the window.
    pub first: Day,
    /// The day on which the next window starts.
    pub next: Day,
}

impl Window {
    /// The instant at which the quota starts again.
    pub const fn resets_at(self) -> Timestamp {
        self.next.start()
    }

    /// The length of the window in seconds.
    pub fn length_s(self) -> u64 {
        let days = self.next.number().saturating_sub(self.first.number());
        u64::from(days).saturating_mul(SECONDS_PER_DAY)
    }
}
