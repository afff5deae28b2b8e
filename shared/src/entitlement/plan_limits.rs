//! The limits of a plan, for those who decide without a store.

use super::rules::{Rules, StageRules};
use crate::id::ApiStage;
use crate::meter::Limits;
use crate::plan::{CoveredStage, MethodName, Plan};
use crate::time::Timestamp;

/// What requests under one plan have to fit, as the limiter works it out: for replays and simulations.
#[derive(Debug)]
pub struct PlanLimits {
    rules: Rules,
    /// Of a stage that the plan says nothing special of.
    plain: StageRules,
    has_method_throttles: bool,
}

impl PlanLimits {
    /// Works out the limits of `plan`.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let plain = CoveredStage::new(ApiStage::new("", ""));
        Self {
            rules: Rules::new(plan),
            plain: StageRules::new(plan, &plain),
            has_method_throttles: plan
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

    /// Whether methods of some stage have throttles of their own.
    pub const fn has_method_throttles(&self) -> bool {
        self.has_method_throttles
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bucket::{Rate, Throttle};
    use crate::plan::BucketId;

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
            id: "p".into(),
            name: "Bronze".to_owned(),
            description: None,
            product_code: None,
            throttle: Some(throttle(1)),
            quota: None,
            stages: vec![covered],
            tags: BTreeMap::new(),
            created_at: Timestamp::EPOCH,
        });
        let method = MethodName {
            resource: "/users",
            verb: "GET",
        };
        let burst = |api_stage| {
            let (id, bucket) = limits.limits(api_stage, method).bucket.unwrap();
            (id == BucketId::Plan, bucket.burst())
        };
        assert!(limits.has_method_throttles());
        assert_eq!(burst(Some(&dev)), (false, 2));
        assert_eq!(burst(None), (true, 1));
        assert_eq!(burst(Some(&ApiStage::new("users", "prod"))), (true, 1));
    }
}
