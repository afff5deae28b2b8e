//! Instants in nanoseconds, and the clocks that read them.
//!
//! Only this module reads the system clock. Everything above it takes `now` as an argument.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Seconds in a UTC day.
pub const SECONDS_PER_DAY: u64 = 86_400;

/// An instant of the wall clock: nanoseconds since 1970-01-01T00:00:00Z.
///
/// The range ends in the year 2554.
///
/// ```
/// use std::time::Duration;
/// use tollgate::time::Timestamp;
///
/// let start = Timestamp::from_secs(1_700_000_000);
/// let later = start.saturating_add(Duration::from_millis(1_500));
/// assert_eq!(later.saturating_since(start), Duration::from_millis(1_500));
/// assert_eq!(start.saturating_since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The instant `nanos` nanoseconds after the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The instant `millis` milliseconds after the epoch; the end of the range when that is beyond it.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// The instant `secs` seconds after the epoch; the end of the range when that is beyond it.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / NANOS_PER_SECOND
    }

    /// Reads an instant as RFC 3339 has it, such as `2026-12-31T23:59:59Z`. `None` when it is none, or not between the years 1970 and 2554.
    ///
    /// ```
    /// use tollgate::time::Timestamp;
    ///
    /// let instant = Timestamp::parse("2026-11-23T13:00:00+01:00").unwrap();
    /// assert_eq!(instant.rfc3339(), "2026-11-23T12:00:00Z");
    /// assert_eq!(Timestamp::parse("tomorrow"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let instant: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(instant.as_nanosecond()).ok().map(Self)
    }

    /// The instant as RFC 3339 has it, in UTC, with as many digits of a second as it needs.
    pub fn rfc3339(self) -> String {
        let nanos = i128::from(self.0);
        jiff::Timestamp::from_nanosecond(nanos).map_or_else(
            |_out_of_range| format!("{nanos} ns"),
            |date| date.to_string(),
        )
    }

    /// The same to the second, such as `2026-11-23T12:00:00Z`.
    pub fn rfc3339_secs(self) -> String {
        Self::from_secs(self.as_secs()).rfc3339()
    }

    /// This instant plus `duration`; the end of the range when that is beyond it.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }

    /// This instant less `duration`; the epoch when that is before it.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(nanos))
    }

    /// The time from `earlier` to this instant; zero when `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The distance between two instants, whichever is earlier.
    pub const fn abs_diff(self, other: Self) -> Duration {
        Duration::from_nanos(self.0.abs_diff(other.0))
    }
}

/// A source of the current instant.
pub trait Clock: Send + Sync + 'static {
    /// The current instant. It may go backwards when the clock is set.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The system's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the system clock"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Timestamp::EPOCH.saturating_add(since_epoch)
    }
}

/// A clock that moves only when it is told to: for tests and simulations.
///
/// Clones share one instant.
///
/// ```
/// use std::time::Duration;
/// use tollgate::time::{Clock, ManualClock, Timestamp};
///
/// let clock = ManualClock::new(Timestamp::from_secs(1_000));
/// clock.advance(Duration::from_secs(2));
/// assert_eq!(clock.now(), Timestamp::from_secs(1_002));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(now.as_nanos())))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanos, Ordering::SeqCst);
    }

    /// Sets the clock, forward or backward.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_nanos(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::SeqCst))
    }
}
