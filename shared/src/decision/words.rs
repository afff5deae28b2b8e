//! A decision in the words of API Gateway's execution log.

use std::fmt;
use std::time::Duration;

use super::{Allowance, BurstLevel, Decision, Denial, Limit, QuotaLevel, Reason};
use crate::id::{ApiStage, KeyId, PlanId};
use crate::plan::MethodName;
use crate::quota::{Period, QuotaName};

/// What a decision says in the words of API Gateway's execution log, as far as they are known. It names a key by its id, never by its value.
///
/// It is written only when somebody reads it, and makes no text of its own before.
///
/// ```
/// use tollgate::decision::{Allowance, Decision, InWords};
/// use tollgate::id::ApiStage;
/// use tollgate::plan::MethodName;
///
/// let words = InWords {
///     api_stage: &ApiStage::new("users", "dev"),
///     method: MethodName { resource: "/health", verb: "GET" },
///     decision: &Decision::Allow(Allowance::Unmetered),
/// };
/// assert_eq!(
///     words.to_string(),
///     "API Key authorized because method 'GET /health' does not require API Key. Request will not contribute to throttle or quota limits"
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct InWords<'a> {
    /// The API and the stage that the request is for.
    pub api_stage: &'a ApiStage,
    /// The resource and the method.
    pub method: MethodName<'a>,
    /// What was decided.
    pub decision: &'a Decision,
}

impl fmt::Display for InWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = Stage(self.api_stage);
        let method = Method(self.method);
        match self.decision {
            Decision::Allow(Allowance::Unmetered) => write!(
                f,
                "API Key authorized because method '{method}' does not require API Key. Request will not contribute to throttle or quota limits"
            ),
            Decision::Allow(Allowance::Metered(metered)) => write!(
                f,
                "Usage Plan check succeeded for API Key {} and API Stage {stage}",
                metered.key_id
            ),
            Decision::Allow(Allowance::Uncharged(metered)) => write!(
                f,
                "Usage Plan check failed due to an internal error for API Key {} and API Stage {stage}: Request is served and will not contribute to throttle or quota limits",
                metered.key_id
            ),
            Decision::Allow(Allowance::Shadowed(metered, exceeded)) => {
                let denial = Denial {
                    reason: (*exceeded).into(),
                    key_id: Some(metered.key_id.clone()),
                    plan_id: Some(metered.plan_id.clone()),
                    levels: metered.levels.clone(),
                };
                self.denial(f, &denial)?;
                f.write_str("; Usage Plan is in shadow mode: Request is served")
            }
            Decision::Deny(denial) => self.denial(f, denial),
        }
    }
}

impl InWords<'_> {
    fn denial(&self, f: &mut fmt::Formatter<'_>, denial: &Denial) -> fmt::Result {
        let key = Key(denial.key_id.as_ref());
        let stage = Stage(self.api_stage);
        let method = Method(self.method);
        let why = match denial.reason {
            Reason::MissingKey => "API Key is missing",
            Reason::UnknownKey => "API Key is unknown",
            Reason::DisabledKey => "API Key is disabled",
            Reason::ExpiredKey => "API Key has expired",
            Reason::OutOfScope => "the method is not within the scopes of the API Key",
            Reason::NotInPlan => {
                return write!(
                    f,
                    "{key} not authorized because method '{method}' requires API Key and API Key is not associated with a Usage Plan for API Stage {stage}: No Usage Plan found for key and API Stage"
                );
            }
            Reason::Throttled { .. } => {
                write!(f, "{key} exceeded throttle limit for API Stage {stage}")?;
                return self.throttle(f, denial);
            }
            Reason::QuotaExceeded { quota, .. } => {
                write!(f, "{key} exceeded quota limit for API Stage {stage}")?;
                return exhausted(f, denial, quota);
            }
        };
        write!(
            f,
            "{key} not authorized because method '{method}' requires API Key and {why}"
        )
    }

    fn throttle(&self, f: &mut fmt::Formatter<'_>, denial: &Denial) -> fmt::Result {
        // Otherwise the limit is one that callers share, or there is no plan to name.
        if denial.exceeded() != Some(Limit::Burst) {
            return Ok(());
        }
        let ApiStage { api_id, stage } = self.api_stage;
        let resource = Printable(self.method.resource);
        let verb = self.method.verb;
        write!(f, ": Key throttle limit exceeded")?;
        plan(f, denial.plan_id.as_ref(), ",")?;
        write!(
            f,
            " RestApi {api_id}, Stage {stage}, Resource {resource}, HttpMethod {verb}."
        )?;
        match denial.levels.burst {
            Some(level) => write!(f, " Limit: {} Burst: {}", Rate(level), level.limit),
            None => Ok(()),
        }
    }
}

fn exhausted(f: &mut fmt::Formatter<'_>, denial: &Denial, quota: QuotaName) -> fmt::Result {
    write!(f, ": Key quota exhausted")?;
    plan(f, denial.plan_id.as_ref(), ".")?;
    if let QuotaName::Further(every) = quota {
        let mut further = denial.levels.further.iter();
        return match further.find(|level| level.every == every) {
            Some(level) => write!(
                f,
                " Quota Limit: {} Period: {}",
                level.limit,
                every.as_str().to_ascii_uppercase()
            ),
            None => Ok(()),
        };
    }
    match denial.levels.quota {
        Some(level) => write!(f, " Quota Limit: {} Period: {}", level.limit, Window(level)),
        None => Ok(()),
    }
}

fn plan(f: &mut fmt::Formatter<'_>, id: Option<&PlanId>, end: &str) -> fmt::Result {
    match id {
        Some(id) => write!(f, " for Usage Plan ID {id}{end}"),
        None => f.write_str(end),
    }
}

/// `API Key a1b2c3d4e5`, or `API Key` where none is known.
struct Key<'a>(Option<&'a KeyId>);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => write!(f, "API Key {id}"),
            None => f.write_str("API Key"),
        }
    }
}

/// `users/dev`, as API Gateway's log has it.
struct Stage<'a>(&'a ApiStage);

impl fmt::Display for Stage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.api_id, self.0.stage)
    }
}

/// `GET /users/{id}`
struct Method<'a>(MethodName<'a>);

impl fmt::Display for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MethodName { resource, verb } = self.0;
        write!(f, "{verb} {}", Printable(resource))
    }
}

/// A text that clients may choose, with its control characters written out: a line of a log stays one line.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                fmt::Write::write_char(f, character)?;
            }
        }
        Ok(())
    }
}

/// The requests a second that a bucket gains, with two decimals: `5.00`.
struct Rate(BurstLevel);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HUNDREDTHS_NS: u128 = 100 * 1_000_000_000;
        let refill_ns = self.0.refill.as_nanos().max(1);
        let hundredths = u128::from(self.0.limit).saturating_mul(HUNDREDTHS_NS) / refill_ns;
        write!(f, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

/// `DAY`, `WEEK`, `MONTH`; the seconds of any other window.
struct Window(QuotaLevel);

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: Duration = Duration::from_hours(24);
        let days = |count| DAY.saturating_mul(count);
        let window = self.0.window;
        let period = if window == DAY {
            Period::Day
        } else if window == days(7) {
            Period::Week
        } else if (days(28)..=days(31)).contains(&window) {
            Period::Month
        } else {
            return write!(f, "{} s", window.as_secs());
        };
        f.write_str(period.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Exceeded, FurtherLevel, Levels, Metered};
    use super::*;
    use crate::metadata::Metadata;
    use crate::quota::{Every, Quotas};

    const BURST: BurstLevel = BurstLevel {
        limit: 10,
        remaining: 0,
        refill: Duration::from_secs(2),
        full_after: Duration::from_secs(2),
    };

    const QUOTA: QuotaLevel = QuotaLevel {
        limit: 500,
        remaining: 0,
        window: Duration::from_hours(24),
        resets_after: Duration::from_hours(3),
    };

    fn said(decision: &Decision) -> String {
        let words = InWords {
            api_stage: &ApiStage::new("users", "dev"),
            method: MethodName {
                resource: "/users/{id}",
                verb: "GET",
            },
            decision,
        };
        words.to_string()
    }

    fn denied(reason: Reason, levels: Levels) -> String {
        let is_known = !matches!(reason, Reason::MissingKey | Reason::UnknownKey);
        said(&Decision::Deny(Denial {
            reason,
            key_id: is_known.then(|| "k1".into()),
            plan_id: Some("p1".into()),
            levels,
        }))
    }

    fn throttled(burst: Option<BurstLevel>) -> String {
        let retry_after = Some(Duration::from_millis(200));
        denied(
            Reason::Throttled { retry_after },
            Levels {
                burst,
                ..Levels::default()
            },
        )
    }

    #[test]
    fn an_admission_names_the_key_by_its_id() {
        let metered = Metered {
            key_id: "k1".into(),
            customer_id: None,
            plan_id: "p1".into(),
            cost: 1,
            quotas: Quotas::default(),
            levels: Levels::default(),
            metadata: Metadata::default(),
        };
        assert_eq!(
            said(&Decision::Allow(Allowance::Metered(metered.clone()))),
            "Usage Plan check succeeded for API Key k1 and API Stage users/dev"
        );
        let uncharged = said(&Decision::Allow(Allowance::Uncharged(metered)));
        assert!(uncharged.starts_with("Usage Plan check failed due to an internal error"));
    }

    #[test]
    fn what_shadow_mode_would_refuse_is_told_as_a_refusal_that_is_served() {
        let metered = Metered {
            key_id: "k1".into(),
            customer_id: None,
            plan_id: "p1".into(),
            cost: 0,
            quotas: Quotas::default(),
            levels: Levels {
                quota: Some(QUOTA),
                ..Levels::default()
            },
            metadata: Metadata::default(),
        };
        let resets_after = QUOTA.resets_after;
        let exceeded = Exceeded::Quota {
            resets_after,
            quota: QuotaName::Own,
        };
        assert_eq!(
            said(&Decision::Allow(Allowance::Shadowed(metered, exceeded))),
            "API Key k1 exceeded quota limit for API Stage users/dev: Key quota exhausted for Usage Plan ID p1. Quota Limit: 500 Period: DAY; Usage Plan is in shadow mode: Request is served"
        );
    }

    #[test]
    fn a_denial_says_what_is_wrong_with_the_key() {
        let levels = Levels::default();
        let requires = "not authorized because method 'GET /users/{id}' requires API Key and";
        for (reason, key, why) in [
            (Reason::MissingKey, "API Key", "API Key is missing"),
            (Reason::UnknownKey, "API Key", "API Key is unknown"),
            (Reason::DisabledKey, "API Key k1", "API Key is disabled"),
            (Reason::ExpiredKey, "API Key k1", "API Key has expired"),
            (
                Reason::OutOfScope,
                "API Key k1",
                "the method is not within the scopes of the API Key",
            ),
            (
                Reason::NotInPlan,
                "API Key k1",
                "API Key is not associated with a Usage Plan for API Stage users/dev: No Usage Plan found for key and API Stage",
            ),
        ] {
            let told = denied(reason, levels.clone());
            assert_eq!(told, format!("{key} {requires} {why}"));
        }
    }

    #[test]
    fn a_throttle_is_told_with_its_limits_as_api_gateway_tells_it() {
        assert_eq!(
            throttled(Some(BURST)),
            "API Key k1 exceeded throttle limit for API Stage users/dev: Key throttle limit exceeded for Usage Plan ID p1, RestApi users, Stage dev, Resource /users/{id}, HttpMethod GET. Limit: 5.00 Burst: 10"
        );
    }

    #[test]
    fn a_limit_that_callers_share_is_not_told_as_the_keys() {
        let full = BurstLevel {
            remaining: 10,
            ..BURST
        };
        for burst in [Some(full), None] {
            assert_eq!(
                throttled(burst),
                "API Key k1 exceeded throttle limit for API Stage users/dev"
            );
        }
    }

    #[test]
    fn what_a_client_sends_as_a_path_begins_no_new_line() {
        let words = InWords {
            api_stage: &ApiStage::new("users", "dev"),
            method: MethodName {
                resource: "/a\nUsage Plan check succeeded",
                verb: "GET",
            },
            decision: &Decision::Allow(Allowance::Unmetered),
        };
        assert!(words.to_string().contains("'GET /a\\nUsage"), "{words}");
    }

    #[test]
    fn a_further_quota_is_told_by_its_name() {
        let resets_after = Duration::from_secs(20);
        let minute = FurtherLevel {
            every: Every::Minute,
            limit: 100,
            remaining: 0,
            overage: None,
            window: Duration::from_mins(1),
            resets_after,
        };
        let levels = Levels {
            quota: Some(QUOTA),
            further: Box::new([minute]),
            ..Levels::default()
        };
        let reason = Reason::QuotaExceeded {
            resets_after,
            quota: QuotaName::Further(Every::Minute),
        };
        assert!(denied(reason, levels).ends_with("Quota Limit: 100 Period: MINUTE"));
    }

    #[test]
    fn a_quota_is_told_with_its_period() {
        let told = |days: u32| {
            let quota = QuotaLevel {
                window: QUOTA.window.saturating_mul(days),
                ..QUOTA
            };
            let levels = Levels {
                quota: Some(quota),
                ..Levels::default()
            };
            let resets_after = quota.resets_after;
            let reason = Reason::QuotaExceeded {
                resets_after,
                quota: QuotaName::Own,
            };
            denied(reason, levels)
        };
        assert_eq!(
            told(1),
            "API Key k1 exceeded quota limit for API Stage users/dev: Key quota exhausted for Usage Plan ID p1. Quota Limit: 500 Period: DAY"
        );
        assert!(told(7).ends_with("Period: WEEK") && told(30).ends_with("Period: MONTH"));
        assert!(told(2).ends_with("Period: 172800 s"));
    }
}
