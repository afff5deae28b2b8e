//! The token bucket, as a generic cell rate algorithm (GCRA).
//!
//! The whole state of a bucket is one instant, its theoretical arrival time (`tat`): the instant at which the bucket is full again.
//! A request takes one emission interval `T`, and the bucket holds `burst` of them. Any rounding is against the caller.
//!
//! From a full bucket exactly `burst` requests succeed at once, and in any `w` seconds at most `burst + w·rate`.
#![warn(clippy::arithmetic_side_effects)]

use std::fmt;
use std::time::Duration;

use crate::time::{NANOS_PER_SECOND, Timestamp};

/// A rate in requests a second: finite and not negative. Zero refuses every request.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

/// A rate that is negative, infinite or not a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InvalidRate(f64);

impl fmt::Display for InvalidRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the rate {} is not a number of requests a second, 0 or more",
            self.0
        )
    }
}

impl std::error::Error for InvalidRate {}

impl From<u32> for Rate {
    /// `rate` requests a second.
    fn from(rate: u32) -> Self {
        Self(f64::from(rate))
    }
}

impl Rate {
    /// No requests at all.
    pub const ZERO: Self = Self(0.0);

    /// `rate` requests a second.
    ///
    /// # Errors
    ///
    /// When `rate` is negative, infinite or not a number.
    ///
    /// ```
    /// use tollgate::bucket::Rate;
    ///
    /// assert!(Rate::per_second(0.5).is_ok());
    /// assert!(Rate::per_second(-1.0).is_err());
    /// ```
    pub fn per_second(rate: f64) -> Result<Self, InvalidRate> {
        if rate.is_finite() && rate >= 0.0 {
            // Negative zero is a rate of zero.
            Ok(Self(rate.abs()))
        } else {
            Err(InvalidRate(rate))
        }
    }

    /// `requests` a second; beyond 2^32 as many as that.
    pub fn of_whole(requests: u64) -> Self {
        Self::from(u32::try_from(requests).unwrap_or(u32::MAX))
    }

    /// Requests a second.
    pub const fn as_per_second(self) -> f64 {
        self.0
    }

    /// The whole requests of one second.
    ///
    /// ```
    /// use tollgate::bucket::Rate;
    ///
    /// assert_eq!(Rate::per_second(2.5).unwrap().in_a_second(), 2);
    /// assert_eq!(Rate::ZERO.in_a_second(), 0);
    /// ```
    pub fn in_a_second(self) -> u64 {
        let interval = self.emission_interval_ns();
        interval.map_or(0, |interval_ns| {
            NANOS_PER_SECOND.checked_div(interval_ns).unwrap_or(0)
        })
    }

    /// The time that one request takes from the bucket, in nanoseconds: `ceil(1e9 / rate)`, exactly, 1 at least.
    ///
    /// `None` for a rate of zero. A rate below one request in 584 years counts as that.
    ///
    /// ```
    /// use tollgate::bucket::Rate;
    ///
    /// assert_eq!(Rate::per_second(3.0).unwrap().emission_interval_ns(), Some(333_333_334));
    /// assert_eq!(Rate::per_second(0.0).unwrap().emission_interval_ns(), None);
    /// ```
    pub fn emission_interval_ns(self) -> Option<u64> {
        if self.0 == 0.0 {
            return None;
        }
        // A double is `mantissa · 2^exponent`. Dividing the integers keeps what a division of doubles would round away.
        let bits = self.0.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let biased = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
        let (mantissa, exponent) = if biased == 0 {
            (fraction, -1_074)
        } else {
            (fraction | (1 << 52), biased.saturating_sub(1_075))
        };
        let second = u128::from(NANOS_PER_SECOND);
        let shift = exponent.unsigned_abs();
        let interval = if exponent >= 0 {
            let scale = 1_u128.checked_shl(shift).unwrap_or(u128::MAX);
            let rate = u128::from(mantissa).saturating_mul(scale);
            second.div_ceil(rate)
        } else {
            match 1_u128
                .checked_shl(shift)
                .and_then(|scale| second.checked_mul(scale))
            {
                Some(scaled) => scaled.div_ceil(u128::from(mantissa)),
                None => u128::MAX,
            }
        };
        Some(u64::try_from(interval).unwrap_or(u64::MAX))
    }
}

/// A rate with a burst: what a usage plan allows each of its keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throttle {
    /// How fast the bucket refills.
    pub rate: Rate,
    /// How many requests a full bucket holds. Zero refuses every request.
    pub burst: u64,
}

/// What a bucket says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The request fits. `tat` is the bucket's state after it.
    Conforms {
        /// The theoretical arrival time after the request.
        tat: Timestamp,
    },
    /// The request does not fit now.
    Exceeds {
        /// The first instant at which it would, if nobody else took a token meanwhile. `None`: never, it asks for more than the bucket holds.
        until: Option<Timestamp>,
    },
}

/// A throttle made ready for arithmetic.
///
/// ```
/// use tollgate::bucket::{Bucket, Rate, Throttle, Verdict};
/// use tollgate::time::Timestamp;
///
/// let bucket = Bucket::new(Throttle { rate: Rate::per_second(5.0).unwrap(), burst: 10 });
/// let now = Timestamp::from_secs(1_000);
/// let mut tat = None;
/// for _ in 0..10 {
///     let Verdict::Conforms { tat: next } = bucket.check(tat, now, 1) else { panic!() };
///     tat = Some(next);
/// }
/// let refused = Verdict::Exceeds { until: Some(Timestamp::from_millis(1_000_200)) };
/// assert_eq!(bucket.check(tat, now, 1), refused);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Zero stands for a bucket that never refills, which also never holds anything.
    interval_ns: u64,
    burst: u64,
}

impl Bucket {
    /// The bucket of `throttle`. With a rate or a burst of zero it holds nothing.
    #[must_use]
    pub fn new(throttle: Throttle) -> Self {
        match throttle.rate.emission_interval_ns() {
            Some(interval_ns) => Self {
                interval_ns,
                burst: throttle.burst,
            },
            None => Self {
                interval_ns: 0,
                burst: 0,
            },
        }
    }

    /// How many requests a full bucket holds.
    pub const fn burst(self) -> u64 {
        self.burst
    }

    /// The time that `n` requests take from the bucket, in nanoseconds; the largest number when that is beyond the range.
    pub const fn cost_ns(self, n: u64) -> u64 {
        self.interval_ns.saturating_mul(n)
    }

    /// The time that an empty bucket needs to be full.
    pub const fn refill(self) -> Duration {
        Duration::from_nanos(self.cost_ns(self.burst))
    }

    /// Whether `n` requests at `now` fit into a bucket whose state is `tat`; `None` is a bucket that was never used.
    pub fn check(self, tat: Option<Timestamp>, now: Timestamp, n: u64) -> Verdict {
        let Some(spare) = self.burst.checked_sub(n) else {
            return Verdict::Exceeds { until: None };
        };
        let full_at = tat.map_or(now, |tat| tat.max(now));
        // `full_at + n·T <= now + burst·T`, without the sum that could leave the range.
        let allowed_ns = self.cost_ns(spare);
        let ahead_ns = full_at.as_nanos().saturating_sub(now.as_nanos());
        if ahead_ns > allowed_ns {
            let until = full_at.as_nanos().saturating_sub(allowed_ns);
            return Verdict::Exceeds {
                until: Some(Timestamp::from_nanos(until)),
            };
        }
        match full_at.as_nanos().checked_add(self.cost_ns(n)) {
            Some(tat) => Verdict::Conforms {
                tat: Timestamp::from_nanos(tat),
            },
            // The state could not be written down, so the request is refused.
            None => Verdict::Exceeds { until: None },
        }
    }

    /// How many single requests at `now` would fit.
    pub fn remaining(self, tat: Option<Timestamp>, now: Timestamp) -> u64 {
        let capacity_ns = u128::from(self.interval_ns).saturating_mul(u128::from(self.burst));
        let ahead_ns = tat.map_or(0, |tat| tat.as_nanos().saturating_sub(now.as_nanos()));
        let free_ns = capacity_ns.saturating_sub(u128::from(ahead_ns));
        let tokens = free_ns.checked_div(u128::from(self.interval_ns));
        tokens
            .and_then(|tokens| u64::try_from(tokens).ok())
            .unwrap_or(0)
    }

    /// The latest `tat` with which `n` requests at `now` fit: `now + (burst - n)·T`. `None` when they never do.
    pub(crate) fn latest_tat(self, now: Timestamp, n: u64) -> Option<Timestamp> {
        let spare = self.burst.checked_sub(n)?;
        let latest = now.as_nanos().saturating_add(self.cost_ns(spare));
        // A charge adds `n·T` to whatever it finds, and the sum has to stay in the range.
        let ceiling = u64::MAX.saturating_sub(self.cost_ns(n));
        Some(Timestamp::from_nanos(latest.min(ceiling)))
    }
}
