//! What the log says of a request that was denied, or would have been if its plan were not in shadow mode.

use tollgate::decision::{Allowance, Denial, Reason};
use tollgate::id::{KeyId, PlanId};

use crate::shared_throttle::SharedLimit;

/// Why a request was denied, or would have been. It goes with the answer, so that the request's one line in the log can say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The key, when it is known.
    pub key_id: Option<KeyId>,
    /// The plan, when one covers the stage.
    pub plan_id: Option<PlanId>,
    /// The short name of the reason; of what would have been one, that of the decision.
    pub decision: &'static str,
    /// Whose limit is used up: `plan`, `stage` or `account`. `None` where it is no limit.
    pub limit: Option<&'static str>,
    /// How long to wait, in milliseconds, rounded up; `None` when no wait helps.
    pub retry_after_ms: Option<u64>,
}

impl Denied {
    /// What is to be said of a denial. `shared` is the limit that refused the request, when it was none of its key's own.
    pub(super) fn new(denial: &Denial, shared: Option<SharedLimit>) -> Self {
        let limit = match denial.reason {
            Reason::Throttled { .. } | Reason::QuotaExceeded { .. } => {
                Some(shared.map_or("plan", SharedLimit::as_str))
            }
            Reason::MissingKey
            | Reason::UnknownKey
            | Reason::DisabledKey
            | Reason::ExpiredKey
            | Reason::NotInPlan
            | Reason::OutOfScope => None,
        };
        Self {
            key_id: denial.key_id.clone(),
            plan_id: denial.plan_id.clone(),
            decision: denial.reason.as_str(),
            limit,
            retry_after_ms: denial.reason.retry_after_ms(),
        }
    }

    /// What is to be said of a request that passed all the same. `None` when nothing would have refused it.
    pub(super) fn in_shadow(allowance: &Allowance) -> Option<Self> {
        match allowance {
            Allowance::Unmetered | Allowance::Metered(_) | Allowance::Uncharged(_) => None,
            Allowance::Shadowed(metered, exceeded) => Some(Self {
                key_id: Some(metered.key_id.clone()),
                plan_id: Some(metered.plan_id.clone()),
                decision: allowance.as_str(),
                limit: Some("plan"),
                retry_after_ms: Reason::from(*exceeded).retry_after_ms(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tollgate::decision::Levels;

    use super::*;

    fn denied(reason: Reason, shared: Option<SharedLimit>) -> Denied {
        let denial = Denial {
            reason,
            key_id: Some("k1".into()),
            plan_id: Some("p1".into()),
            levels: Levels::default(),
        };
        Denied::new(&denial, shared)
    }

    #[test]
    fn says_whose_limit_is_used_up() {
        let throttled = Reason::Throttled {
            retry_after: Some(Duration::from_micros(1_500)),
        };
        let by_plan = denied(throttled, None);
        assert_eq!(by_plan.limit, Some("plan"));
        assert_eq!(by_plan.decision, "throttled");
        assert_eq!(by_plan.retry_after_ms, Some(2));
        let by_stage = denied(throttled, Some(SharedLimit::Stage));
        assert_eq!(by_stage.limit, Some("stage"));
        let by_account = denied(throttled, Some(SharedLimit::Account));
        assert_eq!(by_account.limit, Some("account"));
        let without = denied(Reason::DisabledKey, None);
        assert_eq!((without.limit, without.retry_after_ms), (None, None));
    }
}
