//! What keys may ask for.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::slice;

use tollgate::bucket::Throttle;
use tollgate::id::ApiStage;
use tollgate::plan::{CoveredStage, Plan};
use tollgate::quota::{Period, Quota};

/// The days of a month, on average.
const DAYS_A_MONTH: f64 = 365.25 / 12.0;

/// The seconds of a month, on average.
pub(super) const SECONDS_A_MONTH: f64 = DAYS_A_MONTH * 86_400.0;

/// A plan, and the keys that are in it.
#[derive(Clone, Debug, PartialEq)]
pub struct SoldPlan {
    /// The plan.
    pub plan: Plan,
    /// How many keys have it as it is.
    pub keys: u64,
    /// The plan as each key has it that has limits of its own.
    pub with_own_limits: Vec<Plan>,
}

impl SoldPlan {
    /// All keys.
    pub fn all_keys(&self) -> u64 {
        let own = u64::try_from(self.with_own_limits.len()).unwrap_or(u64::MAX);
        self.keys.saturating_add(own)
    }

    /// The plan as keys have it, and how many have it so.
    pub(super) fn variants(&self) -> impl Iterator<Item = (&Plan, u64)> {
        let own = self.with_own_limits.iter().map(|plan| (plan, 1));
        [(&self.plan, self.keys)].into_iter().chain(own)
    }

    /// What all keys together may ask for.
    pub(super) fn demand(&self, of_one: impl Fn(&Plan) -> Demand) -> Demand {
        self.variants().fold(Demand::NONE, |all, (plan, count)| {
            all.plus(of_one(plan).times(count))
        })
    }

    /// The most requests of all keys in an average month. `None`: neither rate nor quota limits one of them.
    pub(super) fn in_a_month(&self) -> Option<f64> {
        self.variants()
            .filter(|(_plan, count)| *count > 0)
            .map(|(plan, count)| of_key_in_a_month(plan).map(|each| each * float(count)))
            .sum::<Option<f64>>()
            // The sum of nothing is `-0`.
            .map(|all| all + 0.0)
    }
}

/// What somebody may ask for. Each key's limits are its own, so what several keys may is the sum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Demand {
    /// Requests a second in the long run. `None`: without a limit.
    pub rate: Option<f64>,
    /// Requests at once. `None`: without a limit.
    pub burst: Option<u64>,
}

impl Demand {
    /// Nothing at all.
    pub const NONE: Self = Self {
        rate: Some(0.0),
        burst: Some(0),
    };

    const UNLIMITED: Self = Self {
        rate: None,
        burst: None,
    };

    fn of(throttle: Option<Throttle>) -> Self {
        match throttle {
            // A rate or a burst of 0 refuses all.
            Some(Throttle { rate, burst }) if rate.as_per_second() == 0.0 || burst == 0 => {
                Self::NONE
            }
            Some(Throttle { rate, burst }) => Self {
                rate: Some(rate.as_per_second()),
                burst: Some(burst),
            },
            None => Self::UNLIMITED,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            rate: self.rate.zip(other.rate).map(|(one, two)| one + two),
            burst: self
                .burst
                .zip(other.burst)
                .map(|(one, two)| one.saturating_add(two)),
        }
    }

    /// As many of it.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        if count == 0 {
            return Self::NONE;
        }
        Self {
            rate: self.rate.map(|rate| rate * float(count)),
            burst: self.burst.map(|burst| burst.saturating_mul(count)),
        }
    }

    /// The most requests that can be under way when each takes so long: at first the burst, and what is admitted meanwhile.
    pub fn most_under_way(self, duration_s: f64) -> Option<f64> {
        let (rate, burst) = self.rate.zip(self.burst)?;
        Some(float(burst) + rate * duration_s)
    }
}

/// What all keys may ask of one stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageDemand {
    /// The stage.
    pub api_stage: ApiStage,
    /// The keys that open it.
    pub keys: u64,
    /// What they may ask for together.
    pub demand: Demand,
}

/// What one key may ask of a stage that its plan covers: the plan's own bucket, and those that single methods have beside it.
pub(super) fn of_key_in_stage(plan: &Plan, covered: &CoveredStage) -> Demand {
    of_methods(covered).fold(of_plan(plan, slice::from_ref(covered)), Demand::plus)
}

/// What one key may ask for in all stages together: the plan's own bucket is one for all of them.
pub(super) fn of_key(plan: &Plan) -> Demand {
    plan.stages
        .iter()
        .map(|covered| of_methods(covered).fold(Demand::NONE, Demand::plus))
        .fold(of_plan(plan, &plan.stages), Demand::plus)
}

/// What one key may ask of the plan's own bucket in these stages.
///
/// The throttle `*/*` is for all methods that have none of their own, so the plan's own bucket is not asked where a stage has one.
fn of_plan(plan: &Plan, stages: &[CoveredStage]) -> Demand {
    let has_rest = |covered: &CoveredStage| covered.method_throttles.contains_key("*/*");
    if !stages.is_empty() && stages.iter().all(has_rest) {
        Demand::NONE
    } else {
        Demand::of(plan.throttle)
    }
}

/// What one key may ask of each bucket that single methods of a stage have.
fn of_methods(covered: &CoveredStage) -> impl Iterator<Item = Demand> {
    covered
        .method_throttles
        .values()
        .map(|method| Demand::of(Some(method.throttle)))
}

/// The stages of all plans, in the order of their names.
pub(super) fn stages(plans: &[SoldPlan]) -> Vec<StageDemand> {
    let mut stages: BTreeMap<String, StageDemand> = BTreeMap::new();
    for sold in plans {
        let keys = sold.all_keys();
        for covered in &sold.plan.stages {
            let demand = sold.demand(|plan| of_key_in_stage(plan, covered));
            match stages.entry(covered.api_stage.to_string()) {
                Entry::Occupied(mut known) => {
                    let stage = known.get_mut();
                    stage.keys = stage.keys.saturating_add(keys);
                    stage.demand = stage.demand.plus(demand);
                }
                Entry::Vacant(new) => {
                    new.insert(StageDemand {
                        api_stage: covered.api_stage.clone(),
                        keys,
                        demand,
                    });
                }
            }
        }
    }
    stages.into_values().collect()
}

/// The most requests of one key in an average month. `None`: neither rate nor quota limits them.
fn of_key_in_a_month(plan: &Plan) -> Option<f64> {
    let by_rate = of_key(plan).rate.map(|rate| rate * SECONDS_A_MONTH);
    let by_quota = plan.quota.map(of_quota_in_a_month);
    match (by_rate, by_quota) {
        (Some(rate), Some(quota)) => Some(rate.min(quota)),
        (Some(only), None) | (None, Some(only)) => Some(only),
        (None, None) => None,
    }
}

fn of_quota_in_a_month(quota: Quota) -> f64 {
    let periods = match quota.period() {
        Period::Day => DAYS_A_MONTH,
        Period::Week => DAYS_A_MONTH / 7.0,
        Period::Month => 1.0,
    };
    float(quota.limit()) * periods
}

/// The number as a double. Those above 2^53, which nobody asks for, are rounded.
#[expect(
    clippy::cast_precision_loss,
    reason = "estimates need no more than 15 digits"
)]
pub(super) const fn float(number: u64) -> f64 {
    number as f64
}
