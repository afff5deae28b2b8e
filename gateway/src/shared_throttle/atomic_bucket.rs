//! The engine's token bucket with its state in one atomic integer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tollgate::bucket::{Bucket, Verdict};
use tollgate::time::Timestamp;

/// The theoretical arrival time of a bucket, in nanoseconds since the epoch. Zero stands for a bucket that was never used: both are
/// full at any instant.
#[derive(Debug)]
pub(super) struct AtomicBucket(AtomicU64);

impl AtomicBucket {
    pub(super) const fn full() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Whether the bucket is full at `now`.
    pub(super) fn is_full(&self, now: Timestamp) -> bool {
        self.tat() <= now
    }

    /// Whether a request would fit at `now`. Takes nothing. The error is the time to wait; `None` when no wait helps.
    pub(super) fn check(&self, rule: Bucket, now: Timestamp) -> Result<(), Option<Duration>> {
        match rule.check(Some(self.tat()), now, 1) {
            Verdict::Conforms { .. } => Ok(()),
            Verdict::Exceeds { until } => Err(wait(until, now)),
        }
    }

    /// Takes one request's token at `now`. The error is as in [`check`](Self::check).
    pub(super) fn take(&self, rule: Bucket, now: Timestamp) -> Result<(), Option<Duration>> {
        let mut tat = self.tat();
        loop {
            let next = match rule.check(Some(tat), now, 1) {
                Verdict::Conforms { tat } => tat,
                Verdict::Exceeds { until } => return Err(wait(until, now)),
            };
            // The integer is the whole state, so nothing else has to be ordered with it.
            match self.0.compare_exchange_weak(
                tat.as_nanos(),
                next.as_nanos(),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(found) => tat = Timestamp::from_nanos(found),
            }
        }
    }

    /// Makes the state one that `rule` can leave: a bucket that refilled more slowly until now is empty at the worst.
    pub(super) fn fit(&self, rule: Bucket, now: Timestamp) {
        let empty = now.saturating_add(rule.refill());
        self.0.fetch_min(empty.as_nanos(), Ordering::Relaxed);
    }

    fn tat(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

fn wait(until: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    until.map(|until| until.saturating_since(now))
}
