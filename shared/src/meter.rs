//! The meter: what one key has used of one plan, and the one conditional write that charges it.
//!
//! A store cannot compute a maximum, so a charge comes in a few forms, composed from clauses: a bucket that is busy or idle,
//! a quota in the same window or a new one, a day that is the same or new. [`Knowledge`] proposes the forms from what this
//! process last saw; a form that was wrong fails, and the failure brings the whole item, from which the next proposal is right.
//!
//! Nothing here does I/O or reads a clock. What is remembered may refuse a request, and never admits one: only a write does.

mod item;
mod propose;
mod remaining;

pub use item::{DayCount, MeterItem, WindowUse};
pub use propose::{Knowledge, Limits, Proposal, QUOTA_REFUSAL_LIFE, Refusal};
pub use remaining::{Refutation, RemainingWrite};

use std::fmt;
use std::time::Duration;

use crate::id::{KeyId, PlanId};
use crate::plan::BucketId;
use crate::quota::Day;
use crate::time::Timestamp;

/// How many charge slots a meter has.
///
/// A retry is recognised until another charge takes its slot; then the client is charged twice, which errs against the caller.
pub const SLOT_COUNT: u8 = 16;

/// How far ahead a charge is dated, at the most, when others overtook it: longer than a store usually takes to answer.
const MAX_LEAD: Duration = Duration::from_millis(100);

/// The smallest burst of which a hundredth may be given up, so that charges do not refuse each other.
const MIN_DATED_BURST: u64 = 100;

/// The meter of one key in one plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MeterId {
    /// The key.
    pub key_id: KeyId,
    /// The plan.
    pub plan_id: PlanId,
}

impl fmt::Display for MeterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.key_id, self.plan_id)
    }
}

/// Names one charge, so that a write which was applied and not answered can be retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChargeId(u64);

impl ChargeId {
    /// Takes a number that no other charge of this meter has: a random one.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The slot in which the charge leaves its name, below [`SLOT_COUNT`].
    pub fn slot(self) -> u8 {
        u8::try_from(self.0 % u64::from(SLOT_COUNT)).unwrap_or(0)
    }
}

/// A conditional write that takes `cost` requests from a meter: all of its clauses hold and all are applied, or none is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The charge's name. The write fails when its slot has this name already.
    pub id: ChargeId,
    /// How many requests it takes.
    pub cost: u64,
    /// The bucket's clause, when the plan has a throttle.
    pub bucket: Option<BucketClause>,
    /// The quota's clause, when the plan has a quota.
    pub quota: Option<QuotaClause>,
    /// The clause that counts the day.
    pub day: DayClause,
}

impl Write {
    /// Whether the bucket was idle when this write was proposed, and charges that came first had made it busy by then.
    pub fn was_overtaken(&self, answer: &Answer) -> bool {
        match (self.bucket, answer) {
            (Some(clause), Answer::Failed(item)) => match clause.form {
                BucketForm::Idle { now, .. } => item.tat(clause.bucket) > Some(now),
                BucketForm::Busy { .. } => false,
            },
            (Some(_) | None, Answer::Applied(_)) | (None, Answer::Failed(_)) => false,
        }
    }

    /// Dates an idle bucket's clause ahead, for a charge that was `overtaken` so many times: by a hundredth of the bucket at first,
    /// twice as far each time, at the most 100 ms and half of what the bucket would have left. A bucket of fewer than 100 gives up
    /// nothing.
    ///
    /// Far below the rate a bucket is idle again after each charge, and of many charges under way at once each spoils the form of
    /// those before it. Once one is dated ahead the bucket is busy for a while, and charges in the busy form do not disturb each
    /// other. The bucket is left with less than the request took, never with more.
    pub fn date_ahead(&mut self, limits: &Limits, overtaken: u32) {
        if let Some(clause) = &mut self.bucket
            && let BucketForm::Idle { now, next } = &mut clause.form
            && let Some((_, rule)) = limits.bucket
            && let Some(latest) = rule.latest_tat(*now, self.cost)
            && let Some(doublings) = overtaken.checked_sub(1)
            && rule.burst() >= MIN_DATED_BURST
        {
            let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
            let lead = (rule.refill() / 100).saturating_mul(factor);
            let lead = lead.min(MAX_LEAD).min(latest.saturating_since(*now) / 2);
            *now = now.saturating_add(lead);
            *next = next.saturating_add(lead);
        }
    }
}

/// What a charge asks of a bucket, and does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketClause {
    /// Which bucket.
    pub bucket: BucketId,
    /// In which form.
    pub form: BucketForm,
}

/// The two forms of a bucket's clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketForm {
    /// `tat > now AND tat <= latest`, then `tat = tat + cost`.
    Busy {
        /// The instant of the attempt.
        now: Timestamp,
        /// The latest `tat` with which the requests fit.
        latest: Timestamp,
        /// What the requests take, in nanoseconds.
        cost_ns: u64,
    },
    /// `tat` absent or `tat <= now`, then `tat = next`.
    Idle {
        /// The instant of the attempt, or a later one.
        now: Timestamp,
        /// The bucket's state after the requests.
        next: Timestamp,
    },
}

/// What a charge asks of a quota, and does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaClause {
    /// `win = window AND used <= most`, or `win` absent when `most` is 0 or more; then `win = window, used = used + cost`.
    Same {
        /// The window, by its first day.
        window: Day,
        /// The most that may be used before this charge. Below 0, the charge takes more than the limit, and passes only when
        /// an operator has given the key more.
        most: i64,
    },
    /// `win < window`, then `win = window, used = cost`. Only for what the limit alone allows.
    New {
        /// The window, by its first day.
        window: Day,
    },
}

/// What a charge does to the count of its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayClause {
    /// `day` absent or `day = day`; then `day = day, count = count + cost`.
    Same {
        /// The day.
        day: Day,
    },
    /// `day < day`, and `prev_day` absent or `= archived`; then the count moves to `prev_day` and starts again.
    New {
        /// The day that starts.
        day: Day,
        /// The day whose count stands in an item of its own, so that it may be overwritten here.
        archived: Option<Day>,
    },
}

/// What a store says to a [`Write`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The write was applied. The item has what the write set, and may lack the rest.
    Applied(MeterItem),
    /// A clause did not hold, and nothing was changed. This is the whole item.
    Failed(MeterItem),
}
