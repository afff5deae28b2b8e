//! Which write to try next, from what this process knows.

use std::time::Duration;

use super::{
    Answer, BucketClause, BucketForm, ChargeId, DayClause, DayCount, MeterItem, QuotaClause,
    WindowUse, Write,
};
use crate::bucket::{Bucket, Verdict};
use crate::decision::{BurstLevel, Levels, QuotaLevel};
use crate::plan::BucketId;
use crate::quota::{Day, Quota};
use crate::time::Timestamp;

/// How long a refusal by quota is remembered before the store is asked again, so that a top-up is seen.
pub const QUOTA_REFUSAL_LIFE: Duration = Duration::from_secs(5);

/// The limits that one request has to fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The bucket that it takes from.
    pub bucket: Option<(BucketId, Bucket)>,
    /// The quota that it counts against.
    pub quota: Option<Quota>,
}

/// What to do next about a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// Try this write.
    Write(Write),
    /// First write this day's count to an item of its own, then ask again with it as `archived`.
    Archive(DayCount),
    /// The limits forbid it.
    Refuse(Refusal),
}

/// Why the limits forbid a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The bucket does not hold enough.
    Throttled {
        /// The first instant at which it would. `None`: never.
        until: Option<Timestamp>,
    },
    /// The quota does not have enough left.
    QuotaExceeded {
        /// The instant at which the quota starts again.
        resets_at: Timestamp,
    },
}

/// What a process remembers of a meter. It is empty at first, and may be thrown away at any time.
///
/// ```
/// use tollgate::meter::{Answer, ChargeId, Knowledge, Limits, Proposal};
/// use tollgate::time::Timestamp;
///
/// let now = Timestamp::from_secs(1_000);
/// let mut knowledge = Knowledge::default();
/// let proposal = knowledge.propose(ChargeId::new(7), 1, &Limits::default(), None, now);
/// assert!(matches!(proposal, Proposal::Write(_)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    item: MeterItem,
    quota_seen_at: Timestamp,
}

impl Knowledge {
    /// What to do for the charge `id` of `cost` requests (1 or more) at `now`.
    ///
    /// `archived` is the day whose count this charge has already written to an item of its own.
    pub fn propose(
        &self,
        id: ChargeId,
        cost: u64,
        limits: &Limits,
        archived: Option<Day>,
        now: Timestamp,
    ) -> Proposal {
        let bucket = match limits.bucket {
            Some((bucket, rule)) => match self.bucket_form(bucket, rule, cost, now) {
                Ok(form) => Some(BucketClause { bucket, form }),
                Err(refusal) => return Proposal::Refuse(refusal),
            },
            None => None,
        };
        let quota = match limits.quota {
            Some(quota) => match self.quota_clause(quota, cost, now) {
                Ok(clause) => Some(clause),
                Err(refusal) => return Proposal::Refuse(refusal),
            },
            None => None,
        };
        match self.day_clause(archived, now) {
            Ok(day) => Proposal::Write(Write {
                id,
                cost,
                bucket,
                quota,
                day,
            }),
            Err(ended) => Proposal::Archive(ended),
        }
    }

    /// Remembers what a store answered at `now`.
    pub fn learn(&mut self, answer: &Answer, now: Timestamp) {
        let item = match answer {
            Answer::Applied(item) => item,
            Answer::Failed(item) => {
                // The table was restored or replaced. Without this, no form would ever fit again.
                if self.item.is_ahead_of(item) {
                    self.item = MeterItem::default();
                }
                item
            }
        };
        self.item.absorb(item);
        // A whole item without a quota says that nothing is used.
        if item.quota.is_some() || matches!(answer, Answer::Failed(_)) {
            self.quota_seen_at = now;
        }
    }

    /// The refusal to give when no more writes may be tried: the limit that does not fit, or, when all fit at `now`, a throttle
    /// that ends now.
    pub fn last_refusal(&self, cost: u64, limits: &Limits, now: Timestamp) -> Refusal {
        if let Some((bucket, rule)) = limits.bucket
            && let Err(refusal) = self.bucket_form(bucket, rule, cost, now)
        {
            return refusal;
        }
        if let Some(quota) = limits.quota {
            let known = self.window(quota, now);
            if known.used > most_used_before(quota, cost) {
                let resets_at = quota.window_of(known.window).resets_at();
                return Refusal::QuotaExceeded { resets_at };
            }
        }
        Refusal::Throttled { until: Some(now) }
    }

    /// What is left of each limit at `now`, as far as this process knows.
    pub fn levels(&self, limits: &Limits, now: Timestamp) -> Levels {
        let burst = limits.bucket.map(|(bucket, rule)| {
            let tat = self.item.tat(bucket);
            BurstLevel {
                limit: rule.burst(),
                remaining: rule.remaining(tat, now),
                refill: rule.refill(),
                full_after: tat.map_or(Duration::ZERO, |tat| tat.saturating_since(now)),
            }
        });
        let quota = limits.quota.map(|quota| {
            let known = self.window(quota, now);
            let window = quota.window_of(known.window);
            QuotaLevel {
                limit: quota.limit(),
                remaining: known.remaining(quota.limit()),
                window: Duration::from_secs(window.length_s()),
                resets_after: window.resets_at().saturating_since(now),
            }
        });
        Levels { burst, quota }
    }

    fn bucket_form(
        &self,
        bucket: BucketId,
        rule: Bucket,
        cost: u64,
        now: Timestamp,
    ) -> Result<BucketForm, Refusal> {
        let tat = self.item.tat(bucket);
        match rule.check(tat, now, cost) {
            Verdict::Exceeds { until } => Err(Refusal::Throttled { until }),
            Verdict::Conforms { tat: next } => {
                let busy = tat.is_some_and(|tat| tat > now);
                match rule.latest_tat(now, cost) {
                    Some(latest) if busy => Ok(BucketForm::Busy {
                        now,
                        latest,
                        cost_ns: rule.cost_ns(cost),
                    }),
                    Some(_) => Ok(BucketForm::Idle { now, next }),
                    None => Err(Refusal::Throttled { until: None }),
                }
            }
        }
    }

    /// The window that counts at `now`, and what is known to be used of it. A clock that lags behind the item uses the item's window.
    fn window(&self, quota: Quota, now: Timestamp) -> WindowUse {
        let window = quota.window(now).first;
        match self.item.quota {
            Some(known) if known.window >= window => known,
            Some(_) | None => WindowUse { window, used: 0 },
        }
    }

    fn quota_clause(
        &self,
        quota: Quota,
        cost: u64,
        now: Timestamp,
    ) -> Result<QuotaClause, Refusal> {
        let WindowUse { window, used } = self.window(quota, now);
        let most = most_used_before(quota, cost);
        let is_fresh = now.abs_diff(self.quota_seen_at) < QUOTA_REFUSAL_LIFE;
        if used > most && is_fresh {
            let resets_at = quota.window_of(window).resets_at();
            return Err(Refusal::QuotaExceeded { resets_at });
        }
        Ok(match self.item.quota {
            // A charge above the limit cannot start a window; it may fit one in which an operator gave the key more.
            Some(known) if known.window < window && most >= 0 => QuotaClause::New { window },
            Some(_) | None => QuotaClause::Same { window, most },
        })
    }

    fn day_clause(&self, archived: Option<Day>, now: Timestamp) -> Result<DayClause, DayCount> {
        let today = Day::of(now);
        match self.item.day {
            Some(known) if known.day < today => match self.item.prev_day {
                Some(ended) if archived != Some(ended.day) => Err(ended),
                Some(_) | None => Ok(DayClause::New {
                    day: today,
                    archived: self.item.prev_day.map(|ended| ended.day),
                }),
            },
            Some(known) => Ok(DayClause::Same { day: known.day }),
            None => Ok(DayClause::Same { day: today }),
        }
    }
}

/// The most that may be used of a quota before a charge of `cost` requests; below 0 when the charge takes more than the limit.
///
/// A limit above 2^63 counts as 2^63 - 1, so that what is used stays a number that can be kept.
fn most_used_before(quota: Quota, cost: u64) -> i64 {
    let limit = quota.limit().min(i64::MAX.unsigned_abs());
    let most = i128::from(limit) - i128::from(cost);
    i64::try_from(most).unwrap_or(i64::MIN)
}
