//! What a process remembers of a meter.

mod alone;

use std::time::Duration;

use super::further::later;
use super::propose::{Limits, Refusal, most_used_before};
use super::{Answer, ChargeId, DayCount, FurtherUse, MeterItem, WindowUse};
use crate::bucket::{Bucket, Verdict};
use crate::decision::{BurstLevel, FurtherLevel, Levels, QuotaLevel};
use crate::plan::BucketId;
use crate::quota::{Day, Every, Quota, QuotaName, Window};
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
    used: i64,
    quota_seen_at: Timestamp,
    prev_count: u64,
    window: MaybeDay,
    day: MaybeDay,
    prev_day: MaybeDay,
    is_off: bool,
    rare: Option<Box<Rare>>,
}

/// What few meters have.
#[derive(Clone, Debug, Default)]
struct Rare {
    method_tats: Vec<(BucketId, Timestamp)>,
    further: Vec<FurtherUse>,
    set_id: Option<ChargeId>,
    refund_id: Option<ChargeId>,
}

/// A day, in four bytes also when there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MaybeDay(Day);

impl MaybeDay {
    /// Beyond the range of instants.
    const NONE: Self = Self(Day::from_number(u32::MAX));

    fn get(self) -> Option<Day> {
        (self != Self::NONE).then_some(self.0)
    }
}

impl Default for MaybeDay {
    fn default() -> Self {
        Self::NONE
    }
}

impl From<Option<Day>> for MaybeDay {
    fn from(day: Option<Day>) -> Self {
        day.map_or(Self::NONE, Self)
    }
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
                let names = (item.set_id, item.refund_id);
                if names != (self.set_id(), self.refund_id()) {
                    let rare = self.rare.get_or_insert_default();
                    (rare.set_id, rare.refund_id) = names;
                }
                item
            }
        };
        self.absorb(item);
        // Only a meter that is on takes a charge.
        self.is_off = matches!(answer, Answer::Failed(item) if item.off);
        // A whole item without a quota says that nothing is used.
        let tells_quotas = item.quota.is_some() || !item.further.is_empty();
        if tells_quotas || matches!(answer, Answer::Failed(_)) {
            self.quota_seen_at = now;
        }
    }

    /// Remembers what was true of the meter at `at`, and was heard since: it may show what is left, and not refuse by quota.
    pub(crate) fn hear(&mut self, item: &MeterItem, at: Timestamp) {
        let is_newer = self.quota_seen_at < at;
        let is_more = |heard: &WindowUse| {
            self.quota()
                .is_none_or(|known| known.window != heard.window || known.used <= heard.used)
        };
        self.absorb(&MeterItem {
            quota: item.quota.filter(is_more).filter(|_| is_newer),
            ..item.clone()
        });
    }

    /// The state of one bucket: the epoch when it was never used, as far as is known.
    pub fn tat(&self, bucket: BucketId) -> Timestamp {
        match bucket {
            BucketId::Plan => self.plan_tat,
            BucketId::Method(_) => self
                .rare
                .iter()
                .flat_map(|rare| &rare.method_tats)
                .find(|(id, _)| *id == bucket)
                .map_or(Timestamp::EPOCH, |(_, tat)| *tat),
        }
    }

    /// Whether the meter was off when the store last answered: its key is disabled, or on no plan any more.
    pub(crate) const fn is_off(&self) -> bool {
        self.is_off
    }

    /// The last change that an operator made of what is used, as far as is known.
    pub fn set_id(&self) -> Option<ChargeId> {
        self.rare.as_ref().and_then(|rare| rare.set_id)
    }

    /// The last time that a process gave back what it had not used, as far as is known.
    pub fn refund_id(&self) -> Option<ChargeId> {
        self.rare.as_ref().and_then(|rare| rare.refund_id)
    }

    /// What is known to be used of the quota, in the last window of which anything is known.
    pub(crate) fn quota(&self) -> Option<WindowUse> {
        let window = self.window.get()?;
        let used = self.used;
        Some(WindowUse { window, used })
    }

    /// What is known to be used of a further quota, in the last stretch of time of which anything is known.
    pub(crate) fn further(&self, every: Every) -> Option<FurtherUse> {
        let rare = self.rare.as_ref()?;
        let mut known = rare.further.iter();
        known.find(|known| known.every == every).copied()
    }

    /// The last day on which anything was counted, as far as is known.
    pub(super) fn day(&self) -> Option<Day> {
        self.day.get()
    }

    /// The count of the active day before it.
    pub(super) fn prev_day(&self) -> Option<DayCount> {
        let day = self.prev_day.get()?;
        let count = self.prev_count;
        Some(DayCount { day, count })
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
        if self.is_fresh(now) {
            self.check_quotas(cost, limits, now)
        } else {
            Ok(())
        }
    }

    /// The quota that does not fit, as far as is known: the one that starts again last.
    fn check_quotas(&self, cost: u64, limits: &Limits, now: Timestamp) -> Result<(), Refusal> {
        let own = match limits.quota {
            Some(quota) => self.check_quota(quota, cost, now),
            None => Ok(()),
        };
        if limits.further.is_empty() {
            return own;
        }
        match (own, self.check_further(cost, limits, now)) {
            (Err(own), Err(further)) => Err(later(own, further)),
            (Err(refusal), Ok(())) | (Ok(()), Err(refusal)) => Err(refusal),
            (Ok(()), Ok(())) => Ok(()),
        }
    }

    /// The refusal to give when no more writes may be tried: the limit that does not fit, or, when all fit at `now`, a throttle
    /// that ends now.
    pub fn last_refusal(&self, cost: u64, limits: &Limits, now: Timestamp) -> Refusal {
        let bucket = match limits.bucket {
            Some((bucket, rule)) => self.check_bucket(bucket, rule, cost, now),
            None => Ok(()),
        };
        match bucket.and_then(|()| self.check_quotas(cost, limits, now)) {
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
            let (known, window) = self.window_at(quota, now);
            let limit = quota.limit_in(known.window);
            QuotaLevel {
                limit,
                remaining: known.remaining(limit),
                window: Duration::from_secs(window.length_s()),
                resets_after: window.resets_at().saturating_since(now),
            }
        });
        let further = limits.further.iter().map(|quota| {
            let (known, stretch) = self.stretch_at(quota, now);
            let used = u64::try_from(known.used).unwrap_or(0);
            FurtherLevel {
                every: quota.every,
                limit: quota.limit,
                remaining: quota.limit.saturating_sub(used),
                overage: quota.is_soft.then(|| used.saturating_sub(quota.limit)),
                window: Duration::from_secs(stretch.length_s()),
                resets_after: stretch.resets_at().saturating_since(now),
            }
        });
        Levels {
            burst,
            quota,
            further: if limits.further.is_empty() {
                Box::default()
            } else {
                further.collect()
            },
        }
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
        let (known, window) = self.window_at(quota, now);
        if known.used > most_used_before(quota.limit_in(known.window), cost) {
            let resets_at = window.resets_at();
            let quota = QuotaName::Own;
            return Err(Refusal::QuotaExceeded { resets_at, quota });
        }
        Ok(())
    }

    /// Whether what is known of the quota may refuse a request.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        now.abs_diff(self.quota_seen_at) < QUOTA_REFUSAL_LIFE
    }

    /// The window that counts at `now`, and what is known to be used of it. A clock that lags behind the item uses the item's window.
    pub(crate) fn window_at(&self, quota: Quota, now: Timestamp) -> (WindowUse, Window) {
        WindowUse::in_force(self.quota(), quota, Day::of(now))
    }

    /// Whether the whole item `whole` is of an earlier window or day. That is a meter which was set back, or a very late answer: then
    /// taking it for true costs a write, and admits nothing.
    fn is_ahead_of(&self, whole: &MeterItem) -> bool {
        let window = |known: Option<WindowUse>| known.map(|known| known.window);
        let mut further = self.rare.iter().flat_map(|rare| &rare.further);
        let is_ahead = |known: &FurtherUse| {
            let stored = whole.further(known.every);
            stored.is_none_or(|stored| stored.window < known.window)
        };
        window(self.quota()) > window(whole.quota)
            || self.day() > whole.day.map(|known| known.day)
            || further.any(is_ahead)
    }

    /// Takes over what `newer` says, where it is not older. Instants, windows and days only grow, so a late answer cannot undo them.
    fn absorb(&mut self, newer: &MeterItem) {
        for (bucket, tat) in &newer.tats {
            self.absorb_tat(*bucket, *tat);
        }
        if let Some(found) = newer.quota
            && self.window.get().is_none_or(|known| known <= found.window)
        {
            self.window = Some(found.window).into();
            self.used = found.used;
        }
        for found in &newer.further {
            self.absorb_further(*found);
        }
        self.day = self.day().max(newer.day.map(|found| found.day)).into();
        if let Some(found) = newer.prev_day
            && self.prev_day.get().is_none_or(|known| known <= found.day)
        {
            self.prev_day = Some(found.day).into();
            self.prev_count = found.count;
        }
    }

    fn absorb_further(&mut self, found: FurtherUse) {
        let known = &mut self.rare.get_or_insert_default().further;
        match known.iter_mut().find(|known| known.every == found.every) {
            Some(known) if known.window <= found.window => *known = found,
            Some(_) => {}
            None => known.push(found),
        }
    }

    fn absorb_tat(&mut self, bucket: BucketId, tat: Timestamp) {
        if bucket == BucketId::Plan {
            self.plan_tat = self.plan_tat.max(tat);
            return;
        }
        let tats = &mut self.rare.get_or_insert_default().method_tats;
        match tats.iter_mut().find(|(id, _)| *id == bucket) {
            Some((_, known)) => *known = (*known).max(tat),
            None => tats.push((bucket, tat)),
        }
    }
}
