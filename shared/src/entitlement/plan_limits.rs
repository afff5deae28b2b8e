//! The limits of a plan, for those who decide without a store.

use std::num::NonZeroU64;

use super::rules::{Rules, StageRules};
use crate::id::ApiStage;
use crate::meter::Limits;
use crate::plan::{COSTS, CoveredStage, MethodName, Plan};
use crate::time::Timestamp;

/// What requests under one plan have to fit, as the limiter works it out: for replays and simulations.
#[derive(Debug)]
pub struct PlanLimits {
    rules: Rules,
    /// Of a stage that the plan says nothing special of.
    plain: StageRules,
    tells_methods_apart: bool,
}

impl PlanLimits {
    /// Works out the limits of `plan`.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let plain = CoveredStage::new(ApiStage::new("", ""));
        Self {
            rules: Rules::new(plan),
            plain: StageRules::new(plan, &plain),
            tells_methods_apart: plan.tags.contains_key(COSTS)
                || plan
                    .stages
                    .iter()
                    .any(|covered| !covered.method_throttles.is_empty()),
        }
    }

    /// What a request for `method` in `api_stage` has to fit. In a stage that the plan does not cover, and without a stage, the limits of
    /// the plan as a whole.
    pub fn limits(&self, api_stage: Option<&ApiStage>, method: MethodName<'_>) -> Limits {
        let stage = api_stage.and_then(|api_stage| self.rules.stage(api_stage));
        // Only what is added to the quota of one key ends at some time.
        let now = Timestamp::EPOCH;
        stage.unwrap_or(&self.plain).limits(method, now)
    }

    /// How many requests one for `method` counts for.
    pub fn cost(&self, method: MethodName<'_>) -> NonZeroU64 {
        self.rules.cost(method)
    }

    /// Whether some method has a throttle or a cost of its own.
    pub const fn tells_methods_apart(&self) -> bool {
        self.tells_methods_apart
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::{Rate, Throttle};
    use crate::plan::BucketId;

    fn plan(tags: &[(&str, &str)]) -> Plan {
        let tags = tags
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Plan {
            id: "p".into(),
            name: "Bronze".to_owned(),
            description: None,
            product_code: None,
            throttle: None,
            quota: None,
            stages: Vec::new(),
            tags: tags.collect(),
            created_at: Timestamp::EPOCH,
        }
    }

    const GET_USERS: MethodName<'_> = MethodName {
        resource: "/users",
        verb: "GET",
    };

    #[test]
    fn a_method_costs_what_the_plan_says() {
        let limits = PlanLimits::new(&plan(&[(COSTS, "GET /users=5")]));
        assert!(limits.tells_methods_apart());
        assert_eq!(limits.cost(GET_USERS).get(), 5);
        let limits = PlanLimits::new(&plan(&[]));
        assert!(!limits.tells_methods_apart());
        assert_eq!(limits.cost(GET_USERS).get(), 1);
    }

    #[test]
    fn a_stage_that_is_not_covered_has_the_limits_of_the_plan() {
        let throttle = |burst| Throttle {
            rate: Rate::from(1),
            burst,
        };
        let dev = ApiStage::new("users", "dev");
        let mut covered = CoveredStage::new(dev.clone());
        covered.set_method_throttle("/users/GET", throttle(2));
        let limits = PlanLimits::new(&Plan {
            throttle: Some(throttle(1)),
            stages: vec![covered],
            ..plan(&[])
        });
        let burst = |api_stage| {
            let (id, bucket) = limits.limits(api_stage, GET_USERS).bucket.unwrap();
            (id == BucketId::Plan, bucket.burst())
        };
        assert!(limits.tells_methods_apart());
        assert_eq!(burst(Some(&dev)), (false, 2));
        assert_eq!(burst(None), (true, 1));
        assert_eq!(burst(Some(&ApiStage::new("users", "prod"))), (true, 1));
    }
}
