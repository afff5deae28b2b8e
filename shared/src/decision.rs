//! What Tollgate says to a request, and what it knew when it said so.

mod words;

use std::sync::Arc;
use std::time::Duration;

use crate::id::{KeyId, PlanId};
use crate::metadata::Metadata;
use crate::quota::{Every, QuotaName, Quotas};

pub use words::InWords;

/// Allow, or deny with a reason. A denial is data, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request may go to its integration.
    Allow(Allowance),
    /// The request is answered here.
    Deny(Denial),
}

impl Decision {
    /// The denial of what does not say which stage of which API it is for: no plan can cover it.
    pub fn not_in_plan() -> Self {
        Self::Deny(Denial {
            reason: Reason::NotInPlan,
            key_id: None,
            plan_id: None,
            levels: Levels::default(),
        })
    }

    /// The key that asked, when it is known.
    pub const fn key_id(&self) -> Option<&KeyId> {
        match self {
            Self::Allow(allowance) => match allowance.metered() {
                Some(metered) => Some(&metered.key_id),
                None => None,
            },
            Self::Deny(denial) => denial.key_id.as_ref(),
        }
    }

    /// The plan that was asked, when one covers the stage.
    pub const fn plan_id(&self) -> Option<&PlanId> {
        match self {
            Self::Allow(allowance) => match allowance.metered() {
                Some(metered) => Some(&metered.plan_id),
                None => None,
            },
            Self::Deny(denial) => denial.plan_id.as_ref(),
        }
    }

    /// What is left of the limits, when a meter was asked.
    pub const fn levels(&self) -> Option<&Levels> {
        match self {
            Self::Allow(allowance) => match allowance.metered() {
                Some(metered) => Some(&metered.levels),
                None => None,
            },
            Self::Deny(denial) => Some(&denial.levels),
        }
    }
}

/// A request that may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// The method requires no key: no plan was asked and nothing was charged.
    Unmetered,
    /// The request was charged.
    Metered(Metered),
    /// The store did not answer, and the plan would rather admit than refuse: the request fits what this process knows, and nobody was
    /// charged.
    Uncharged(Metered),
    /// The request exceeds a limit, and the plan is in shadow mode: it is counted among the requests of its day, and takes nothing of the
    /// limits.
    Shadowed(Metered, Exceeded),
}

impl Allowance {
    /// Who passes, where a plan was asked.
    pub const fn metered(&self) -> Option<&Metered> {
        match self {
            Self::Unmetered => None,
            Self::Metered(metered) | Self::Uncharged(metered) | Self::Shadowed(metered, _) => {
                Some(metered)
            }
        }
    }

    /// [`Allowance::metered`], without a copy.
    pub fn into_metered(self) -> Option<Metered> {
        match self {
            Self::Unmetered => None,
            Self::Metered(metered) | Self::Uncharged(metered) | Self::Shadowed(metered, _) => {
                Some(metered)
            }
        }
    }

    /// A short name for logs, as [`Reason::as_str`] has for denials.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unmetered => "unmetered",
            Self::Metered(_) => "admitted",
            Self::Uncharged(_) => "admitted_uncharged",
            Self::Shadowed(_, Exceeded::Throttle { .. }) => "would_throttle",
            Self::Shadowed(_, Exceeded::Quota { .. }) => "would_exceed_quota",
        }
    }
}

/// The limit that a request exceeds which passes all the same, because the plan is in shadow mode. Handlers behind the layer find it in the
/// extensions of such a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// It came faster than the rate and the burst allow.
    Throttle {
        /// How long it would have had to wait; `None`: no wait would have helped.
        retry_after: Option<Duration>,
    },
    /// The quota is used up.
    Quota {
        /// The time until the quota starts again.
        resets_after: Duration,
        /// Which of the plan's quotas.
        quota: QuotaName,
    },
}

impl From<Exceeded> for Reason {
    /// Why the request would be refused.
    fn from(exceeded: Exceeded) -> Self {
        match exceeded {
            Exceeded::Throttle { retry_after } => Self::Throttled { retry_after },
            Exceeded::Quota {
                resets_after,
                quota,
            } => Self::QuotaExceeded {
                resets_after,
                quota,
            },
        }
    }
}

/// Who was charged, and what is left; while the store does not answer, as far as this process knows. Handlers behind the layer find it in
/// the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metered {
    /// The key.
    pub key_id: KeyId,
    /// The operator's own id of the customer who has the key.
    pub customer_id: Option<Arc<str>>,
    /// The plan that covers the stage.
    pub plan_id: PlanId,
    /// The requests that it was charged as. 0: nobody was charged.
    pub cost: u64,
    /// The quotas that it was charged to.
    pub quotas: Quotas,
    /// What is left.
    pub levels: Levels,
    /// What the operator has noted of the key for handlers.
    pub metadata: Metadata,
}

impl Metered {
    /// The requests left of the quota in this period; of the one that has the least left, where the plan has several. `None` where it has
    /// none.
    pub fn remaining(&self) -> Option<u64> {
        self.levels.least_of_quotas()
    }

    /// What is used beyond a soft quota, when this request was: it passed all the same.
    pub fn overage(&self) -> Option<Overage> {
        self.levels.overage()
    }
}

/// A request that may not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Why.
    pub reason: Reason,
    /// The key, when it is known.
    pub key_id: Option<KeyId>,
    /// The plan, when one covers the stage.
    pub plan_id: Option<PlanId>,
    /// What is left, when a meter was asked.
    pub levels: Levels,
}

impl Denial {
    /// The limit of the key's own that has nothing left for the request. `None` where it is no limit, and where it is one that callers
    /// share: then the key's own has requests left.
    pub fn exceeded(&self) -> Option<Limit> {
        match self.reason {
            Reason::Throttled { .. } => {
                let burst = self.levels.burst?;
                (burst.remaining == 0).then_some(Limit::Burst)
            }
            Reason::QuotaExceeded { quota, .. } => Some(Limit::Quota(quota)),
            Reason::MissingKey
            | Reason::UnknownKey
            | Reason::DisabledKey
            | Reason::ExpiredKey
            | Reason::NotInPlan
            | Reason::OutOfScope => None,
        }
    }
}

/// A limit that a plan sets each of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The rate with its burst.
    Burst,
    /// The requests of a period.
    Quota(QuotaName),
}

impl Limit {
    /// Its name in the field `RateLimit-Policy`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Quota(quota) => quota.as_str(),
        }
    }
}

/// Why a request may not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The request has no key.
    MissingKey,
    /// No such key, or a value that cannot be one.
    UnknownKey,
    /// The key is disabled.
    DisabledKey,
    /// The key has expired.
    ExpiredKey,
    /// No plan of the key covers this stage.
    NotInPlan,
    /// The key opens other methods only.
    OutOfScope,
    /// Faster than the rate and the burst allow.
    Throttled {
        /// How long to wait. `None`: no wait helps, the limit is zero or the request costs more than the burst.
        retry_after: Option<Duration>,
    },
    /// The quota is used up.
    QuotaExceeded {
        /// The time until the quota starts again.
        resets_after: Duration,
        /// Which of the plan's quotas.
        quota: QuotaName,
    },
}

impl Reason {
    /// How long to wait before another try can help; `None` when no wait helps.
    pub const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after } => retry_after,
            Self::QuotaExceeded { resets_after, .. } => Some(resets_after),
            Self::MissingKey
            | Self::UnknownKey
            | Self::DisabledKey
            | Self::ExpiredKey
            | Self::NotInPlan
            | Self::OutOfScope => None,
        }
    }

    /// The same in milliseconds, as logs tell it: rounded up, so that nobody comes back too early.
    pub fn retry_after_ms(self) -> Option<u64> {
        let wait = self.retry_after()?;
        Some(u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }

    /// The quota that is used up.
    pub const fn quota(self) -> Option<QuotaName> {
        match self {
            Self::QuotaExceeded { quota, .. } => Some(quota),
            Self::Throttled { .. }
            | Self::MissingKey
            | Self::UnknownKey
            | Self::DisabledKey
            | Self::ExpiredKey
            | Self::NotInPlan
            | Self::OutOfScope => None,
        }
    }

    /// A short name for logs: `missing_key`, `throttled` and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MissingKey => "missing_key",
            Self::UnknownKey => "unknown_key",
            Self::DisabledKey => "disabled_key",
            Self::ExpiredKey => "expired_key",
            Self::NotInPlan => "not_in_plan",
            Self::OutOfScope => "out_of_scope",
            Self::Throttled { .. } => "throttled",
            Self::QuotaExceeded { .. } => "quota_exceeded",
        }
    }
}

/// What a meter has left, for each limit that the plan has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// The bucket.
    pub burst: Option<BurstLevel>,
    /// The quota.
    pub quota: Option<QuotaLevel>,
    /// The further quotas, from the shortest period to the longest.
    pub further: Box<[FurtherLevel]>,
}

impl Levels {
    /// The least that is left of any quota; `None` without quotas.
    pub fn least_of_quotas(&self) -> Option<u64> {
        let further = self.further.iter().map(|level| level.remaining);
        let own = self.quota.map(|quota| quota.remaining);
        further.chain(own).min()
    }

    /// The soft quota of which most is used beyond its limit.
    pub fn overage(&self) -> Option<Overage> {
        let overages = self.further.iter().filter_map(|level| {
            let requests = level.overage.filter(|requests| *requests > 0)?;
            Some(Overage {
                quota: QuotaName::Further(level.every),
                requests,
            })
        });
        overages.max_by_key(|overage| overage.requests)
    }
}

/// What is used beyond a soft quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overage {
    /// Which quota.
    pub quota: QuotaName,
    /// The requests of this period beyond the limit, with the one that was decided.
    pub requests: u64,
}

/// What a bucket holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurstLevel {
    /// The requests that a full bucket holds.
    pub limit: u64,
    /// The requests that would pass at once now.
    pub remaining: u64,
    /// The time that an empty bucket needs to be full.
    pub refill: Duration,
    /// The time until the bucket is full.
    pub full_after: Duration,
}

/// What is left of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaLevel {
    /// The requests of a period.
    pub limit: u64,
    /// The requests left in this period.
    pub remaining: u64,
    /// The length of this period.
    pub window: Duration,
    /// The time until the quota starts again.
    pub resets_after: Duration,
}

/// What is left of a further quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FurtherLevel {
    /// How often it starts again: there is one for each period at the most.
    pub every: Every,
    /// The requests of a period.
    pub limit: u64,
    /// The requests left in this period.
    pub remaining: u64,
    /// The requests of this period beyond the limit. `None`: the quota is hard, and there are none.
    pub overage: Option<u64>,
    /// The length of this period.
    pub window: Duration,
    /// The time until the quota starts again.
    pub resets_after: Duration,
}
