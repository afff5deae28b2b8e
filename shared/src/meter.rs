//! The meter: what one key has used of one plan, and the one conditional write that charges it.
//!
//! A store cannot compute a maximum, so a charge comes in a few forms, composed from clauses: a bucket that is busy or idle,
//! a quota in the same window or a new one, a day that is the same or new. [`Knowledge`] proposes the forms from what this
//! process last saw; a form that was wrong fails, and the failure brings the whole item, from which the next proposal is right.
//!
//! Nothing here does I/O or reads a clock. What is remembered may refuse a request, and never admits one: only a write does.

mod further;
mod item;
mod knowledge;
mod propose;
mod remaining;
mod shard;

pub use further::{FurtherClause, FurtherForm, FurtherUse, Windows};
pub use item::{DayCount, LastUse, MeterItem, WindowUse};
pub use knowledge::{Knowledge, QUOTA_REFUSAL_LIFE};
pub use propose::{Charge, Limits, Proposal, Refusal, Slack};
pub use remaining::{RefundWrite, Refutation, RemainingWrite};
pub use shard::{ShardAnswer, ShardId, ShardItem, ShardWrite, Share};

use std::fmt;

use crate::id::{KeyId, PlanId};
use crate::plan::BucketId;
use crate::quota::Day;
use crate::time::Timestamp;

/// How many charge slots a meter has.
///
/// A retry is recognised until another charge takes its slot; then the client is charged twice, which errs against the caller.
pub const SLOT_COUNT: u8 = 16;

/// The meter of one key in one plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MeterId {
    /// The key.
    pub key_id: KeyId,
    /// The plan.
    pub plan_id: PlanId,
}

impl MeterId {
    /// Reads the text of a meter's id, `<key id>#<plan id>`, as it is displayed. `None` for anything else.
    pub fn read(text: &str) -> Option<Self> {
        let (key_id, plan_id) = text.split_once('#')?;
        Some(Self {
            key_id: key_id.into(),
            plan_id: plan_id.into(),
        })
    }
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
    /// How often the key had been narrowed when it was read. The write fails when it was narrowed since: its meter is off for this charge.
    pub generation: u64,
    /// The instant of the attempt. The meter notes the minute.
    pub at: Timestamp,
    /// How many requests it takes.
    pub cost: u64,
    /// The bucket's clause, when the plan has a throttle.
    pub bucket: Option<BucketClause>,
    /// The quota's clause, when the plan has a quota.
    pub quota: Option<QuotaClause>,
    /// The clauses of the plan's further quotas.
    pub further: Vec<FurtherClause>,
    /// The clause that counts the day.
    pub day: DayClause,
    /// What it gives back. Only with [`QuotaClause::Same`], if there is a quota, and [`DayClause::Same`].
    pub refund: Option<Refund>,
}

/// Requests of an earlier charge that nobody used: they go back to the quota and out of the count of their day.
///
/// They never go back to the bucket. It may have been full since, and would then have refilled what nobody had used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refund {
    /// How many.
    pub requests: u64,
    /// The window that they were charged to, when there was a quota.
    pub window: Option<Day>,
    /// The stretches of further quotas that they were charged to. They go back to those that have not ended, and to no others.
    pub further: Windows,
    /// The day that they were counted on.
    pub day: Day,
    /// The last change that an operator had made of what is used, as far as was known before the charge. After another one they are
    /// not given back: it has settled how many remain.
    pub follows: Option<ChargeId>,
}

impl Write {
    /// What the use of the quota and the count of the day grow by; below 0 when more is given back than taken.
    pub fn counted(&self) -> i64 {
        let refund = self.refund.map_or(0, |refund| refund.requests);
        let counted = i128::from(self.cost) - i128::from(refund);
        i64::try_from(counted).unwrap_or(i64::MAX)
    }

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
        /// The instant of the attempt, or one close to it.
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
