//! What a process remembers of a meter.

use std::time::Duration;

use super::propose::{Limits, Refusal, most_used_before};
use super::{Answer, ChargeId, DayCount, MeterItem, WindowUse};
use crate::bucket::{Bucket, Verdict};
use crate::decision::{BurstLevel, Levels, QuotaLevel};
use crate::plan::BucketId;
use crate::quota::{Day, Quota, Window};
use crate::time::Timestamp;

/// How long a refusal by quota is remembered before the store is asked again, so that a top-up is seen.
pub const QUOTA_REFUSAL_LIFE: Duration = Duration::from_secs(5);

/// What a process remembers of a meter. It is empty at first, and may be thrown away at any time.
///
/// A process remembers as many of these as it has clients, so it is small: what a proposal needs of the item, and no more.
///
/// ```
/// use tollgate::meter::{Charge, ChargeId, Knowledge, Limits, Proposal};
/// use tollgate::time::Timestamp;
///
/// let now = Timestamp::from_secs(1_000);
/// let knowledge = Knowledge::default();
/// let proposal = knowledge.propose(&Charge::new(ChargeId::new(7), 1), &Limits::default(), now);
/// assert!(matches!(proposal, Proposal::Write(_)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// The epoch when it was never seen, which says the same: the bucket is full.
    plan_tat: Timestamp,
    method_tats: Box<[(BucketId, Timestamp)]>,
    pub(super) quota: Option<WindowUse>,
    quota_seen_at: Timestamp,
    pub(super) day: Option<Day>,
    pub(super) prev_day: Option<DayCount>,
    set_id: Option<ChargeId>,
    refund_id: Option<ChargeId>,
}

impl Knowledge {
    /// Remembers what a store answered at `now`.
    pub fn learn(&mut self, answer: &Answer, now: Timestamp) {
        let item = match answer {
            Answer::Applied(item) => item,
            Answer::Failed(item) => {
                // The table was restored or replaced. Without this, no form would ever fit again.
                if self.is_ahead_of(item) {
                    *self = Self::default();
                }
                // Only a whole item says what is not there.
                self.set_id = item.set_id;
                self.refund_id = item.refund_id;
                item
            }
        };
        self.absorb(item);
        // A whole item without a quota says that nothing is used.
        if item.quota.is_some() || matches!(answer, Answer::Failed(_)) {
            self.quota_seen_at = now;
        }
    }

    /// The state of one bucket: the epoch when it was never used, as far as is known.
    pub fn tat(&self, bucket: BucketId) -> Timestamp {
        match bucket {
            BucketId::Plan => self.plan_tat,
            BucketId::Method(_) => self
                .method_tats
                .iter()
                .find(|(id, _)| *id == bucket)
                .map_or(Timestamp::EPOCH, |(_, tat)| *tat),
        }
    }

    /// The last change that an operator made of what is used, as far as is known.
    pub const fn set_id(&self) -> Option<ChargeId> {
        self.set_id
    }

    /// The last time that a process gave back what it had not used, as far as is known.
    pub const fn refund_id(&self) -> Option<ChargeId> {
        self.refund_id
    }

    /// Why the limits forbid `cost` requests at `now`, as far as is known: the bucket before the quota.
    ///
    /// # Errors
    ///
    /// The first limit that does not fit.
    pub fn check(&self, cost: u64, limits: &Limits, now: Timestamp) -> Result<(), Refusal> {
        if let Some((bucket, rule)) = limits.bucket {
            self.check_bucket(bucket, rule, cost, now)?;
        }
        match limits.quota {
            Some(quota) if self.is_fresh(now) => self.check_quota(quota, cost, now),
            Some(_) | None => Ok(()),
        }
    }

    /// The refusal to give when no more writes may be tried: the limit that does not fit, or, when all fit at `now`, a throttle
    /// that ends now.
    pub fn last_refusal(&self, cost: u64, limits: &Limits, now: Timestamp) -> Refusal {
        let bucket = match limits.bucket {
            Some((bucket, rule)) => self.check_bucket(bucket, rule, cost, now),
            None => Ok(()),
        };
        let quota = || match limits.quota {
            Some(quota) => self.check_quota(quota, cost, now),
            None => Ok(()),
        };
        match bucket.and_then(|()| quota()) {
            Err(refusal) => refusal,
            Ok(()) => Refusal::Throttled { until: Some(now) },
        }
    }

    /// What is left of each limit at `now`, as far as this process knows.
    pub fn levels(&self, limits: &Limits, now: Timestamp) -> Levels {
        let burst = limits.bucket.map(|(bucket, rule)| {
            let tat = self.tat(bucket);
            BurstLevel {
                limit: rule.burst(),
                remaining: rule.remaining(Some(tat), now),
                refill: rule.refill(),
                full_after: tat.saturating_since(now),
            }
        });
        let quota = limits.quota.map(|quota| {
            let (known, window) = self.window(quota, now);
            QuotaLevel {
                limit: quota.limit(),
                remaining: known.remaining(quota.limit()),
                window: Duration::from_secs(window.length_s()),
                resets_after: window.resets_at().saturating_since(now),
            }
        });
        Levels { burst, quota }
    }

    fn check_bucket(
        &self,
        bucket: BucketId,
        rule: Bucket,
        cost: u64,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match rule.check(Some(self.tat(bucket)), now, cost) {
            Verdict::Conforms { .. } => Ok(()),
            Verdict::Exceeds { until } => Err(Refusal::Throttled { until }),
        }
    }

    fn check_quota(&self, quota: Quota, cost: u64, now: Timestamp) -> Result<(), Refusal> {
        let (known, window) = self.window(quota, now);
        if known.used > most_used_before(quota, cost) {
            let resets_at = window.resets_at();
            return Err(Refusal::QuotaExceeded { resets_at });
        }
        Ok(())
    }

    /// Whether what is known of the quota may refuse a request.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        now.abs_diff(self.quota_seen_at) < QUOTA_REFUSAL_LIFE
    }

    /// The window that counts at `now`, and what is known to be used of it. A clock that lags behind the item uses the item's window.
    pub(super) fn window(&self, quota: Quota, now: Timestamp) -> (WindowUse, Window) {
        let window = quota.window(now);
        match self.quota {
            Some(known) if known.window == window.first => (known, window),
            Some(known) if known.window > window.first => (known, quota.window_of(known.window)),
            Some(_) | None => {
                let unused = WindowUse {
                    window: window.first,
                    used: 0,
                };
                (unused, window)
            }
        }
    }

    /// Whether the whole item `whole` is of an earlier window or day. That is a meter which was set back, or a very late answer: then
    /// taking it for true costs a write, and admits nothing.
    fn is_ahead_of(&self, whole: &MeterItem) -> bool {
        let window = |known: Option<WindowUse>| known.map(|known| known.window);
        window(self.quota) > window(whole.quota) || self.day > whole.day.map(|known| known.day)
    }

    /// Takes over what `newer` says, where it is not older. Instants, windows and days only grow, so a late answer cannot undo them.
    fn absorb(&mut self, newer: &MeterItem) {
        for (bucket, tat) in &newer.tats {
            self.absorb_tat(*bucket, *tat);
        }
        if let Some(found) = newer.quota
            && self.quota.is_none_or(|known| known.window <= found.window)
        {
            self.quota = Some(found);
        }
        self.day = self.day.max(newer.day.map(|found| found.day));
        if let Some(found) = newer.prev_day
            && self.prev_day.is_none_or(|known| known.day <= found.day)
        {
            self.prev_day = Some(found);
        }
    }

    fn absorb_tat(&mut self, bucket: BucketId, tat: Timestamp) {
        let known = match bucket {
            BucketId::Plan => Some(&mut self.plan_tat),
            BucketId::Method(_) => {
                let mut known = self.method_tats.iter_mut();
                known.find(|(id, _)| *id == bucket).map(|(_, tat)| tat)
            }
        };
        match known {
            Some(known) => *known = (*known).max(tat),
            None => {
                let mut tats = std::mem::take(&mut self.method_tats).into_vec();
                tats.push((bucket, tat));
                self.method_tats = tats.into_boxed_slice();
            }
        }
    }
}
