//! A plan, made ready for decisions.

use std::num::NonZeroU64;

use crate::alert::AlertRules;
use crate::bucket::{Bucket, Throttle};
use crate::id::{ApiStage, PlanId};
use crate::meter::Limits;
use crate::overrides::{KeyLimits, KeyQuota};
use crate::plan::{
    BucketId, Costs, CoveredStage, Leases, MethodName, Mode, OnUnavailable, Plan, Shards,
};
use crate::quota::{FurtherQuotas, Quota};
use crate::time::Timestamp;

/// The limits of a plan, or of one key in it, worked out once when they are read.
#[derive(Debug)]
pub(crate) struct Rules {
    plan_id: PlanId,
    /// The plan's own.
    throttle: Option<Throttle>,
    /// The plan's own.
    quota: Option<Quota>,
    /// `None`: these are the limits of all keys that have none of their own.
    own: Option<Box<KeyLimits>>,
    stages: Box<[StageRules]>,
    leases: Leases,
    costs: Costs,
    overdraft: u64,
    shards: Option<Shards>,
    on_unavailable: OnUnavailable,
    tells_of_throttling: bool,
}

/// The limits of a plan in one stage.
#[derive(Clone, Debug)]
pub(crate) struct StageRules {
    api_stage: ApiStage,
    bucket: Option<(BucketId, Bucket)>,
    quota: Option<KeyQuota>,
    further: FurtherQuotas,
    mode: Mode,
    /// In the order of resources and verbs.
    methods: Box<[MethodRule]>,
}

/// The bucket that a method has for itself.
#[derive(Clone, Debug)]
struct MethodRule {
    resource: Box<str>,
    verb: Box<str>,
    bucket: (BucketId, Bucket),
}

impl Rules {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            plan_id: plan.id.clone(),
            throttle: plan.throttle,
            quota: plan.quota,
            own: None,
            stages: plan
                .stages
                .iter()
                .map(|covered| StageRules::new(plan, covered))
                .collect(),
            leases: plan.leases(),
            costs: plan.costs(),
            overdraft: plan.overdraft(),
            shards: plan.shards(),
            on_unavailable: plan.on_unavailable(),
            tells_of_throttling: AlertRules::of(plan)
                .is_some_and(|rules| rules.tells_of_throttling()),
        }
    }

    /// What holds for a key with limits of its own in this plan. Methods keep their throttles.
    pub(crate) fn of_key(&self, own: KeyLimits) -> Self {
        let bucket = own.throttle(self.throttle).map(plan_bucket);
        let quota = own.quota(self.quota);
        let stages = self.stages.iter().map(|stage| StageRules {
            bucket,
            quota: quota.clone(),
            ..stage.clone()
        });
        Self {
            plan_id: self.plan_id.clone(),
            stages: stages.collect(),
            costs: self.costs.clone(),
            own: Some(Box::new(own)),
            ..*self
        }
    }

    /// Whether these rules are for a key that has `own` in this plan.
    pub(crate) fn are_for(&self, own: &KeyLimits) -> bool {
        match &self.own {
            Some(known) => **known == *own,
            None => own.is_empty(),
        }
    }

    pub(crate) const fn plan_id(&self) -> &PlanId {
        &self.plan_id
    }

    /// What the plan says of charging its keys in advance.
    pub(crate) const fn leases(&self) -> Leases {
        self.leases
    }

    /// How far below zero a quota may come when a cost is settled.
    pub(crate) const fn overdraft(&self) -> u64 {
        self.overdraft
    }

    /// How many requests one for `method` counts for.
    pub(crate) fn cost(&self, method: MethodName<'_>) -> NonZeroU64 {
        self.costs.of(method)
    }

    /// Over how many items the requests of one key are spread.
    pub(crate) const fn shards(&self) -> Option<Shards> {
        self.shards
    }

    /// What becomes of requests that cannot be charged.
    pub(crate) const fn on_unavailable(&self) -> OnUnavailable {
        self.on_unavailable
    }

    /// Whether it is told when a key begins to be throttled.
    pub(crate) const fn tells_of_throttling(&self) -> bool {
        self.tells_of_throttling
    }

    /// The limits in `api_stage`, if the plan covers it.
    pub(crate) fn stage(&self, api_stage: &ApiStage) -> Option<&StageRules> {
        self.stages
            .iter()
            .find(|stage| stage.api_stage == *api_stage)
    }
}

impl StageRules {
    pub(super) fn new(plan: &Plan, covered: &CoveredStage) -> Self {
        let mut methods: Vec<_> = covered
            .method_throttles
            .iter()
            .filter_map(|(name, method)| {
                // A verb has no slash in it, and a resource has.
                let (resource, verb) = name.rsplit_once('/')?;
                Some(MethodRule {
                    resource: resource.into(),
                    verb: verb.into(),
                    bucket: (method.bucket, Bucket::new(method.throttle)),
                })
            })
            .collect();
        methods.sort_unstable_by(|a, b| a.name().cmp(&b.name()));
        Self {
            api_stage: covered.api_stage.clone(),
            bucket: plan.throttle.map(plan_bucket),
            quota: plan.quota.map(KeyQuota::from),
            further: plan.further_quotas(),
            mode: plan.mode_in(&covered.api_stage),
            methods: methods.into(),
        }
    }

    /// What becomes of requests beyond the limits.
    pub(crate) const fn mode(&self) -> Mode {
        self.mode
    }

    /// What a request for `method` has to fit at `now`.
    pub(crate) fn limits(&self, method: MethodName<'_>, now: Timestamp) -> Limits {
        Limits {
            bucket: self.method_bucket(method).or(self.bucket),
            quota: self.quota.as_ref().map(|quota| quota.at(now)),
            further: self.further,
        }
    }

    /// The bucket that replaces the plan's for `method`: its own, its resource's `ANY`, or the stage's `*/*`.
    fn method_bucket(&self, method: MethodName<'_>) -> Option<(BucketId, Bucket)> {
        if self.methods.is_empty() {
            return None;
        }
        let MethodName { resource, verb } = method;
        [(resource, verb), (resource, "ANY"), ("*", "*")]
            .into_iter()
            .find_map(|name| {
                let found = self.methods.binary_search_by(|rule| rule.name().cmp(&name));
                self.methods.get(found.ok()?).map(|rule| rule.bucket)
            })
    }
}

fn plan_bucket(throttle: Throttle) -> (BucketId, Bucket) {
    (BucketId::Plan, Bucket::new(throttle))
}

impl MethodRule {
    fn name(&self) -> (&str, &str) {
        (&self.resource, &self.verb)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bucket::Rate;
    use crate::overrides::Overrides;

    /// A throttle that is known by its burst.
    fn throttle(burst: u64) -> Throttle {
        Throttle {
            rate: Rate::from(1),
            burst,
        }
    }

    fn rules(throttle: Option<Throttle>, stages: Vec<CoveredStage>) -> Rules {
        Rules::new(&Plan {
            id: "p".into(),
            name: "Bronze".to_owned(),
            description: None,
            product_code: None,
            throttle,
            quota: None,
            stages,
            tags: BTreeMap::new(),
            created_at: Timestamp::EPOCH,
        })
    }

    fn bucket(rules: &Rules, stage: &str, resource: &str, verb: &str) -> Option<(BucketId, u64)> {
        let stage = rules.stage(&ApiStage::new("users", stage)).unwrap();
        let method = MethodName { resource, verb };
        let (id, bucket) = stage.limits(method, Timestamp::EPOCH).bucket?;
        Some((id, bucket.burst()))
    }

    #[test]
    fn the_most_specific_method_throttle_replaces_the_plans() {
        let plain = CoveredStage::new(ApiStage::new("users", "prod"));
        let mut covered = CoveredStage::new(ApiStage::new("users", "dev"));
        for (name, burst) in [
            ("*/*", 2),
            ("/users/ANY", 3),
            ("/users/GET", 4),
            ("//GET", 5),
            ("/users/{id}/avatar/PUT", 6),
        ] {
            covered.set_method_throttle(name, throttle(burst));
        }
        let rules = rules(Some(throttle(1)), vec![plain, covered]);
        let in_prod = bucket(&rules, "prod", "/users", "GET");
        assert_eq!(in_prod, Some((BucketId::Plan, 1)));
        for (resource, verb, burst) in [
            ("/users", "GET", 4),
            ("/users", "POST", 3),
            ("/users/{id}", "GET", 2),
            ("/", "GET", 5),
            ("/users/{id}/avatar", "PUT", 6),
        ] {
            let (id, found) = bucket(&rules, "dev", resource, verb).unwrap();
            assert_eq!(found, burst, "{resource} {verb}");
            assert_ne!(id, BucketId::Plan);
        }
    }

    #[test]
    fn a_method_may_be_throttled_where_the_plan_is_not() {
        let mut covered = CoveredStage::new(ApiStage::new("users", "dev"));
        covered.set_method_throttle("/users/GET", throttle(4));
        let rules = rules(None, vec![covered]);
        assert_eq!(bucket(&rules, "dev", "/users", "POST"), None);
        let (_, burst) = bucket(&rules, "dev", "/users", "GET").unwrap();
        assert_eq!(burst, 4);
    }

    #[test]
    fn a_key_has_its_own_throttle_but_where_a_method_has_one() {
        let mut covered = CoveredStage::new(ApiStage::new("users", "dev"));
        covered.set_method_throttle("/users/GET", throttle(4));
        let rules = rules(Some(throttle(1)), vec![covered]);
        let tags = BTreeMap::from([("tollgate:burst".to_owned(), "9".to_owned())]);
        let own = Overrides::of_tags(&tags).in_plan(&"p".into());
        let of_key = rules.of_key(own.clone());
        let burst = |rules, verb| bucket(rules, "dev", "/users", verb).unwrap().1;
        assert_eq!((burst(&of_key, "GET"), burst(&of_key, "POST")), (4, 9));
        assert_eq!((burst(&rules, "GET"), burst(&rules, "POST")), (4, 1));
        assert!(of_key.are_for(&own) && !of_key.are_for(&KeyLimits::default()));
        assert!(rules.are_for(&KeyLimits::default()) && !rules.are_for(&own));
    }

    #[test]
    fn the_same_method_of_two_stages_has_two_buckets() {
        let stages = ["dev", "prod"].map(|stage| {
            let mut covered = CoveredStage::new(ApiStage::new("users", stage));
            covered.set_method_throttle("/users/GET", throttle(2));
            covered
        });
        let rules = rules(None, stages.into());
        let of = |stage| bucket(&rules, stage, "/users", "GET").unwrap().0;
        assert_ne!(of("dev"), of("prod"));
    }
}
