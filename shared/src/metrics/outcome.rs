//! What decisions are counted as.

use crate::decision::{Allowance, Decision, Exceeded, Reason};
use crate::store::StoreError;

/// What a request came to, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It may pass, and was charged.
    Admitted,
    /// It may pass although the store did not answer, and was not charged.
    AdmittedUncharged,
    /// It may pass although it came faster than the plan allows, because the plan is in shadow mode.
    WouldThrottle,
    /// It may pass although the quota is used up, because the plan is in shadow mode.
    WouldExceedQuota,
    /// It came faster than the plan allows.
    Throttled,
    /// The quota is used up.
    QuotaExceeded,
    /// It has no key that opens the stage.
    Forbidden,
    /// The store did not answer, so it was refused.
    StoreFailed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Admitted,
        Self::AdmittedUncharged,
        Self::WouldThrottle,
        Self::WouldExceedQuota,
        Self::Throttled,
        Self::QuotaExceeded,
        Self::Forbidden,
        Self::StoreFailed,
    ];

    /// What a decision is counted as. `None` for a request that needs no key.
    pub const fn of(decision: &Result<Decision, StoreError>) -> Option<Self> {
        match decision {
            Ok(Decision::Allow(Allowance::Unmetered)) => None,
            Ok(Decision::Allow(Allowance::Metered(_))) => Some(Self::Admitted),
            Ok(Decision::Allow(Allowance::Uncharged(_))) => Some(Self::AdmittedUncharged),
            Ok(Decision::Allow(Allowance::Shadowed(_, exceeded))) => Some(match exceeded {
                Exceeded::Throttle { .. } => Self::WouldThrottle,
                Exceeded::Quota { .. } => Self::WouldExceedQuota,
            }),
            Ok(Decision::Deny(denial)) => Some(match denial.reason {
                Reason::MissingKey
                | Reason::UnknownKey
                | Reason::DisabledKey
                | Reason::ExpiredKey
                | Reason::NotInPlan
                | Reason::OutOfScope => Self::Forbidden,
                Reason::Throttled { .. } => Self::Throttled,
                Reason::QuotaExceeded { .. } => Self::QuotaExceeded,
            }),
            Err(_) => Some(Self::StoreFailed),
        }
    }

    /// What a decision is counted as of which a log line has the short name, from [`Allowance::as_str`] or [`Reason::as_str`].
    pub fn of_short_name(name: &str) -> Option<Self> {
        match name {
            "admitted" => Some(Self::Admitted),
            "admitted_uncharged" => Some(Self::AdmittedUncharged),
            "would_throttle" => Some(Self::WouldThrottle),
            "would_exceed_quota" => Some(Self::WouldExceedQuota),
            "throttled" => Some(Self::Throttled),
            "quota_exceeded" => Some(Self::QuotaExceeded),
            "missing_key" | "unknown_key" | "disabled_key" | "expired_key" | "not_in_plan"
            | "out_of_scope" => Some(Self::Forbidden),
            _ => None,
        }
    }

    /// The names of the metrics that it counts for.
    pub const fn metrics(self) -> &'static [&'static str] {
        match self {
            Self::Admitted => &["Admitted"],
            Self::AdmittedUncharged => &["AdmittedUncharged", "StoreFailed"],
            Self::WouldThrottle => &["Admitted", "WouldThrottle"],
            Self::WouldExceedQuota => &["Admitted", "WouldExceedQuota"],
            Self::Throttled => &["Throttled"],
            Self::QuotaExceeded => &["QuotaExceeded"],
            Self::Forbidden => &["Forbidden"],
            Self::StoreFailed => &["StoreFailed"],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::decision::{Denial, Levels, Metered};
    use crate::metadata::Metadata;

    #[test]
    fn a_short_name_counts_as_the_decision_does() {
        let reasons = [
            Reason::MissingKey,
            Reason::UnknownKey,
            Reason::DisabledKey,
            Reason::ExpiredKey,
            Reason::NotInPlan,
            Reason::OutOfScope,
            Reason::Throttled { retry_after: None },
            Reason::QuotaExceeded {
                resets_after: Duration::ZERO,
                quota: crate::quota::QuotaName::Own,
            },
        ];
        for reason in reasons {
            let denial = Denial {
                reason,
                key_id: None,
                plan_id: None,
                levels: Levels::default(),
            };
            let counted = Outcome::of(&Ok(Decision::Deny(denial)));
            assert_eq!(Outcome::of_short_name(reason.as_str()), counted);
        }
        let metered = Metered {
            key_id: "client".into(),
            customer_id: None,
            plan_id: "bronze".into(),
            cost: 1,
            quotas: crate::quota::Quotas::default(),
            levels: Levels::default(),
            metadata: Metadata::default(),
        };
        for allowance in [
            Allowance::Unmetered,
            Allowance::Metered(metered.clone()),
            Allowance::Uncharged(metered.clone()),
            Allowance::Shadowed(metered.clone(), Exceeded::Throttle { retry_after: None }),
            Allowance::Shadowed(
                metered,
                Exceeded::Quota {
                    resets_after: Duration::ZERO,
                    quota: crate::quota::QuotaName::Own,
                },
            ),
        ] {
            let name = allowance.as_str();
            let counted = Outcome::of(&Ok(Decision::Allow(allowance)));
            assert_eq!(Outcome::of_short_name(name), counted);
        }
    }
}
