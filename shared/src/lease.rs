//! Leases: requests that are charged in advance, and may be used without asking the store.
//!
//! A key that is hot in one process is charged for several requests at once. What is not needed at that instant is kept, for a short
//! while by the wall clock: a frozen process must not use it when it wakes up. It was charged before, so the limits stay as hard as
//! without leases. What a process loses when it ends is lost to the client: at the most what the lease had left.
//!
//! A bucket refills while somebody keeps what was taken from it. So a charge for a lease leaves the bucket short of what is kept until
//! the lease ends ([`Charge::hold`](crate::meter::Charge::hold)), and a lease lives for a sixteenth of the bucket's refill at the most:
//! that much of the burst a client may miss while it is hot.

use std::time::Duration;

use crate::meter::{Limits, Refund};
pub use crate::plan::Leases;
use crate::quota::Day;
use crate::time::Timestamp;

/// The longest life of a lease.
pub const MAX_LIFE: Duration = Duration::from_secs(1);

/// The smallest burst of which leases are taken. The client of a smaller one would feel what is missing.
pub const MIN_BURST: u64 = 100;

/// The part of a bucket's refill for which a lease lives, of what the bucket holds that it takes, and of what remains of the quota.
const PART: u32 = 16;

/// For how long what is taken under these limits may be kept. Zero: not at all.
pub fn life(limits: &Limits) -> Duration {
    match limits.bucket {
        Some((_, rule)) if rule.burst() < MIN_BURST => Duration::ZERO,
        Some((_, rule)) => MAX_LIFE.min(rule.refill() / PART),
        None => MAX_LIFE,
    }
}

/// When what was charged at `asked_at`, to be kept for `life`, may no longer be used: at the end of the day at the latest, and so of
/// the window. What was charged to one is not used in the next.
pub fn end(asked_at: Timestamp, life: Duration) -> Timestamp {
    let midnight = Day::of(asked_at).plus(1).start();
    asked_at.saturating_add(life).min(midnight)
}

/// The same from `now` on: what is charged to a further quota is not kept beyond its stretch of time.
pub fn life_from(limits: &Limits, now: Timestamp) -> Duration {
    let life = life(limits);
    limits
        .stretch_ends_after(now)
        .map_or(life, |end| life.min(end))
}

/// The most that a charge may take when `bucket_left` and `quota_left` are there, as far as is known.
pub fn most_of(bucket_left: Option<u64>, quota_left: Option<u64>) -> u64 {
    let left = bucket_left
        .unwrap_or(u64::MAX)
        .min(quota_left.unwrap_or(u64::MAX));
    left / u64::from(PART)
}

/// How many charges in a row have to be followed by the next so soon that a lease would have been used, over a whole life, until the first
/// lease is taken.
///
/// A client that makes a few requests is not hot yet, and one that uses its whole burst at once has to get it: a lease may cost it what
/// the bucket refills in a life, and by then the bucket has refilled as much.
const STREAK: u8 = 8;

/// When the last of twice as many requests would be used, if the `taken` ones were and the next one comes at `age`: one of two would be
/// used at once, and the other now.
fn twice_as_many_last(taken: u64, age: Duration) -> Duration {
    let age_ns = age.as_nanos();
    let each_ns = age_ns.checked_div(u128::from(taken)).unwrap_or(age_ns);
    let last_ns = age_ns.saturating_mul(2).saturating_sub(each_ns);
    Duration::from_nanos(u64::try_from(last_ns).unwrap_or(u64::MAX))
}

/// What was charged in advance to one bucket, and how much to charge next time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// What may still be used, and where it was charged.
    left: Option<Refund>,
    taken: u64,
    /// 0 and 1 both say: what is needed, and nothing in advance.
    next: u64,
    /// Leases in a row that were used up so soon that twice as many requests would have been.
    streak: u8,
    streak_began_at: Timestamp,
    asked_at: Timestamp,
    ends_at: Timestamp,
}

impl Lease {
    /// Uses `cost` requests at `now`, when they are there.
    pub fn spend(&mut self, cost: u64, now: Timestamp) -> bool {
        match (self.left(now).checked_sub(cost), &mut self.left) {
            (Some(rest), Some(left)) => {
                left.requests = rest;
                true
            }
            (Some(_), None) => true,
            (None, Some(_) | None) => false,
        }
    }

    /// What may be used at `now`. Nothing when the clock was set back to before the lease began.
    pub fn left(&self, now: Timestamp) -> u64 {
        if self.asked_at <= now && now < self.ends_at {
            self.requests()
        } else {
            0
        }
    }

    /// What is left, over or not.
    fn requests(&self) -> u64 {
        self.left.map_or(0, |left| left.requests)
    }

    /// Begins with `left` of `taken` requests that were charged at `asked_at`, to be kept for `life`, and no longer than to [`end`].
    pub fn begin(&mut self, left: Refund, taken: u64, asked_at: Timestamp, life: Duration) {
        *self = Self {
            left: Some(left),
            taken,
            next: self.next,
            streak: self.streak,
            streak_began_at: self.streak_began_at,
            asked_at,
            ends_at: end(asked_at, life),
        };
    }

    /// A lease that is over: `taken` requests were charged at `asked_at` and used at once.
    pub(crate) fn used_up(taken: u64, asked_at: Timestamp) -> Self {
        Self {
            taken,
            asked_at,
            ..Self::default()
        }
    }

    /// A lease that is over, of a key that is hot: the next is for more than one request.
    pub(crate) fn of_hot_key() -> Self {
        Self {
            next: 2,
            ..Self::default()
        }
    }

    /// How many requests the next charge takes: twice as many as this lease when as many would have been used up within `life`, half as
    /// many when it ended half unused. Counts once for each lease.
    pub fn next_size(&mut self, life: Duration, leases: Leases, now: Timestamp) -> u64 {
        let size = self.next.max(1);
        if self.taken > 0 {
            let age = now.saturating_since(self.asked_at);
            let is_hot = self.requests() == 0 && twice_as_many_last(self.taken, age) <= life;
            if !is_hot {
                self.streak = 0;
            } else if self.streak == 0 {
                (self.streak, self.streak_began_at) = (1, self.asked_at);
            } else {
                self.streak = self.streak.saturating_add(1);
            }
            let lasted = now.saturating_since(self.streak_began_at);
            if is_hot && (size > 1 || (self.streak >= STREAK && lasted >= life)) {
                self.next = self.taken.max(size).saturating_mul(2);
            } else if self.requests().saturating_mul(2) >= self.taken {
                self.next = size / 2;
            }
        }
        self.taken = 0;
        self.next = self.next.min(leases.most());
        self.next.max(1)
    }

    /// Takes out what is left, used or not, to give it back: the lease is over.
    pub fn end(&mut self) -> Option<Refund> {
        self.left.take().filter(|left| left.requests > 0)
    }

    /// When the last charge was.
    pub(crate) const fn asked_at(&self) -> Timestamp {
        self.asked_at
    }

    /// When the last charge was, if nothing else would be lost by starting anew.
    pub(crate) fn idle_since(&self) -> Option<Timestamp> {
        (self.requests() == 0 && self.next <= 1 && self.streak == 0).then_some(self.asked_at)
    }
}
