//! Which write to try next, from what this process knows.

use std::time::Duration;

use super::{
    BucketClause, BucketForm, ChargeId, DayClause, DayCount, Knowledge, QuotaClause, Refund, Write,
};
use crate::bucket::{Bucket, Verdict};
use crate::plan::BucketId;
use crate::quota::{Day, FurtherQuotas, Quota, QuotaName};
use crate::time::Timestamp;

/// The limits that one request has to fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The bucket that it takes from.
    pub bucket: Option<(BucketId, Bucket)>,
    /// The quota that it counts against.
    pub quota: Option<Quota>,
    /// The further quotas that it counts against.
    pub further: FurtherQuotas,
}

/// What a process wants to take from a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The name that the write is to have. Another write needs another one, unless it is the same in every part.
    pub id: ChargeId,
    /// How many requests it takes, 1 or more.
    pub cost: u64,
    /// For how long what it takes may be kept, from the instant of the proposal on. Zero: all of it is used at once.
    pub hold: Duration,
    /// How far ahead an idle bucket may be dated, and how much more may be taken of a busy one.
    pub slack: Slack,
    /// What to give back with it, where the write allows that.
    pub refund: Option<Refund>,
    /// The day whose count this charge has already written to an item of its own.
    pub archived: Option<Day>,
    /// What the write says of how often the key was narrowed.
    pub generation: u64,
}

/// What a charge may take more than it needs, so that charges of several processes do not refuse each other.
///
/// Far below the rate a bucket is idle again after each charge, and of many charges under way at once each spoils the form of those
/// before it. Charges in the busy form do not disturb each other, so a bucket that is kept busy costs fewer writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slack {
    /// An idle bucket is dated so far ahead: it is busy for that long, and holds that much less.
    pub lead: Duration,
    /// A bucket that has been idle for less than this is charged in the busy form, and loses as much more.
    pub band: Duration,
}

impl Charge {
    /// A charge of `cost` requests that are used at once, which takes no more than that.
    #[must_use]
    pub fn new(id: ChargeId, cost: u64) -> Self {
        Self {
            id,
            cost,
            hold: Duration::ZERO,
            slack: Slack::default(),
            refund: None,
            archived: None,
            generation: 0,
        }
    }
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
        /// Which quota.
        quota: QuotaName,
    },
}

impl Knowledge {
    /// What to do for `charge` at `now`.
    ///
    /// What it takes for more than an instant is dated ahead by [`Charge::hold`]: while somebody keeps `n` requests, the bucket lacks
    /// them. Otherwise it would refill what is not used yet, and a client could have the full bucket and what is kept at once.
    pub fn propose(&self, charge: &Charge, limits: &Limits, now: Timestamp) -> Proposal {
        let bucket = match limits.bucket {
            Some((bucket, rule)) => match self.bucket_form(bucket, rule, charge, now) {
                Ok(form) => Some(BucketClause { bucket, form }),
                Err(refusal) => return Proposal::Refuse(refusal),
            },
            None => None,
        };
        let day = match self.day_clause(charge.archived, now) {
            Ok(day) => day,
            Err(ended) => {
                // Before the archive: a request that is refused should not make the store work.
                return match self.check(charge.cost, limits, now) {
                    Ok(()) => Proposal::Archive(ended),
                    Err(refusal) => Proposal::Refuse(refusal),
                };
            }
        };
        let refund = charge
            .refund
            .and_then(|refund| self.refund(refund, charge.cost, limits, day, now));
        let quota = match limits.quota {
            Some(quota) => match self.quota_clause(quota, charge.cost, refund, now) {
                Ok(clause) => Some(clause),
                Err(refusal) => return Proposal::Refuse(refusal),
            },
            None => None,
        };
        let further = match self.further_clauses(charge.cost, refund.as_ref(), limits, now) {
            Ok(clauses) => clauses,
            Err(refusal) => return Proposal::Refuse(refusal),
        };
        Proposal::Write(Write {
            id: charge.id,
            generation: charge.generation,
            at: now,
            cost: charge.cost,
            bucket,
            quota,
            further,
            day,
            refund,
        })
    }

    fn bucket_form(
        &self,
        bucket: BucketId,
        rule: Bucket,
        charge: &Charge,
        now: Timestamp,
    ) -> Result<BucketForm, Refusal> {
        let tat = self.tat(bucket);
        let Charge { cost, slack, .. } = *charge;
        if let Verdict::Exceeds { until } = rule.check(Some(tat), now, cost) {
            return Err(Refusal::Throttled { until });
        }
        let Some(latest) = rule.latest_tat(now, cost) else {
            return Err(Refusal::Throttled { until: None });
        };
        let room = latest.saturating_since(now);
        // Until then the bucket has to be short of what is kept.
        let horizon = now.saturating_add(charge.hold.min(room));
        if tat > horizon {
            return Ok(BucketForm::Busy {
                now: horizon,
                latest,
                cost_ns: rule.cost_ns(cost),
            });
        }
        let band = slack.band.min(room);
        if !band.is_zero() && tat.saturating_add(band) > horizon {
            // What it has refilled since, which is less than the band, is lost to the client.
            return Ok(BucketForm::Busy {
                now: horizon.saturating_sub(band),
                latest: latest.saturating_sub(band),
                cost_ns: rule.cost_ns(cost).saturating_add(nanos(band)),
            });
        }
        let spare = latest.saturating_since(horizon);
        let dated = horizon.saturating_add(slack.lead.min(spare / 2));
        Ok(BucketForm::Idle {
            now: dated,
            next: dated.saturating_add(Duration::from_nanos(rule.cost_ns(cost))),
        })
    }

    fn quota_clause(
        &self,
        quota: Quota,
        cost: u64,
        refund: Option<Refund>,
        now: Timestamp,
    ) -> Result<QuotaClause, Refusal> {
        let (known, window) = self.window_at(quota, now);
        let given_back = refund.map_or(0, |refund| refund.requests);
        let limit = quota.limit_in(known.window);
        let most = most_used_before(limit, cost.saturating_sub(given_back));
        if known.used > most && self.is_fresh(now) {
            let resets_at = window.resets_at();
            let quota = QuotaName::Own;
            return Err(Refusal::QuotaExceeded { resets_at, quota });
        }
        let window = known.window;
        Ok(match self.quota() {
            // A charge above the limit cannot start a window; it may fit one in which an operator gave the key more.
            Some(known) if known.window < window && most >= 0 => QuotaClause::New { window },
            Some(_) | None => QuotaClause::Same { window, most },
        })
    }

    /// What of `refund` can go with a charge of `cost`: no more than the charge takes, so that the write which is applied twice because
    /// its slot was lost does not give back twice.
    fn refund(
        &self,
        refund: Refund,
        cost: u64,
        limits: &Limits,
        day: DayClause,
        now: Timestamp,
    ) -> Option<Refund> {
        let is_same_day = matches!(day, DayClause::Same { day } if day == refund.day);
        let window = limits
            .quota
            .map(|quota| self.window_at(quota, now).0.window);
        let is_known = self.quota().map(|known| known.window) == window || limits.quota.is_none();
        let fits = is_same_day
            && self.day() == Some(refund.day)
            && refund.window == window
            && is_known
            && refund.follows == self.set_id();
        fits.then_some(Refund {
            requests: refund.requests.min(cost),
            ..refund
        })
    }

    fn day_clause(&self, archived: Option<Day>, now: Timestamp) -> Result<DayClause, DayCount> {
        let today = Day::of(now);
        match self.day() {
            Some(known) if known < today => match self.prev_day() {
                Some(ended) if archived != Some(ended.day) => Err(ended),
                Some(_) | None => Ok(DayClause::New {
                    day: today,
                    archived: self.prev_day().map(|ended| ended.day),
                }),
            },
            Some(day) => Ok(DayClause::Same { day }),
            None => Ok(DayClause::Same { day: today }),
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The most that may be used of a quota before a charge of `cost` requests; below 0 when the charge takes more than the limit.
///
/// A limit above 2^63 counts as 2^63 - 1, so that what is used stays a number that can be kept.
pub(super) fn most_used_before(limit: u64, cost: u64) -> i64 {
    let limit = limit.min(i64::MAX.unsigned_abs());
    let most = i128::from(limit) - i128::from(cost);
    i64::try_from(most).unwrap_or(i64::MIN)
}
