//! What is needed, in figures.

use serde::Serialize;
use tollgate::plan::Shards;

use super::bill::{Amounts, Bill};
use super::demand::{self, Demand, SoldPlan};
use super::prices::Prices;
use super::writes;

/// What is not in the plans.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumptions {
    /// How long a request takes, in milliseconds.
    pub duration_ms: f64,
    /// The memory of a function, in MB.
    pub memory_mb: u32,
    /// What part of what they may ask for all keys do ask for in a month, from 0 to 1.
    pub used: f64,
    /// The requests of a month, where they are known.
    pub requests_a_month: Option<f64>,
    /// What everything costs.
    pub prices: Prices,
}

/// What plans and their keys need. As JSON, its members have these names in camel case; `null` is without a limit.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How long a request takes, in milliseconds, as was assumed.
    pub duration_ms: f64,
    /// The memory of a function, in MB, as was assumed.
    pub memory_mb: u32,
    /// Each stage, when all keys that open it ask for all they may.
    pub stages: Vec<StageNeed>,
    /// Each plan.
    pub plans: Vec<PlanNeed>,
    /// All keys together.
    pub total: Need,
    /// The requests of a month, as given, or else at the most.
    pub requests_a_month: Option<f64>,
    /// The bill of a month. `None`: nothing limits the requests of a month.
    pub bill: Option<Bill>,
}

/// What is needed at once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Need {
    /// The keys.
    pub keys: u64,
    /// Requests a second in the long run.
    pub rate: Option<f64>,
    /// Requests at once.
    pub burst: Option<u64>,
    /// Invocations at a time in the long run: the rate times the duration, rounded up.
    pub concurrency: Option<u64>,
    /// Invocations at a time when all use their whole bursts at one instant.
    pub most_concurrency: Option<u64>,
}

/// What one stage has to withstand.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageNeed {
    /// The stage, as `API:STAGE`.
    pub stage: String,
    /// What it has to withstand.
    #[serde(flatten)]
    pub need: Need,
}

/// What one plan's keys may ask for, and what that writes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanNeed {
    /// The plan's name.
    pub plan: String,
    /// Its keys.
    pub keys: u64,
    /// Requests a second that they may make together.
    pub rate: Option<f64>,
    /// Requests that they may make at once.
    pub burst: Option<u64>,
    /// Requests in an average month at the most.
    pub requests_a_month: Option<f64>,
    /// Write units a second without leases.
    pub writes_per_second: Option<f64>,
    /// The same when every key is hot in every process, and the plan has leases.
    pub writes_per_second_with_leases: Option<f64>,
    /// Whether one key alone needs more writes without leases than DynamoDB makes to the items that its requests are charged to: such a
    /// plan needs leases, or shards, or more of them.
    pub exceeds_one_item: bool,
}

impl Need {
    fn new(keys: u64, demand: Demand, duration_s: f64) -> Self {
        Self {
            keys,
            rate: demand.rate,
            burst: demand.burst,
            concurrency: demand.rate.map(|rate| whole(rate * duration_s)),
            most_concurrency: demand.most_under_way(duration_s).map(whole),
        }
    }
}

impl PlanNeed {
    fn new(sold: &SoldPlan) -> Self {
        let all = sold.demand(demand::of_key);
        let writes = |each: f64| all.rate.map(|rate| rate * each);
        let of_one_key = sold
            .variants()
            .filter(|(_plan, count)| *count > 0)
            .filter_map(|(plan, _count)| demand::of_key(plan).rate)
            .fold(0.0, f64::max);
        let items = sold.plan.shards().map_or(1, Shards::count);
        Self {
            plan: sold.plan.name.clone(),
            keys: sold.all_keys(),
            rate: all.rate,
            burst: all.burst,
            requests_a_month: sold.in_a_month(),
            writes_per_second: writes(writes::WITHOUT_LEASES),
            writes_per_second_with_leases: writes(writes::with_leases(&sold.plan)),
            exceeds_one_item: of_one_key * writes::WITHOUT_LEASES
                > writes::MOST_TO_ONE_ITEM * f64::from(items),
        }
    }
}

/// What plans and their keys need, under these assumptions. `keys` is how many keys there are in them: one may be in several plans.
#[must_use]
pub fn report(plans: &[SoldPlan], keys: u64, assumptions: &Assumptions) -> Report {
    let duration_s = assumptions.duration_ms / 1_000.0;
    let stages = demand::stages(plans).into_iter().map(|stage| StageNeed {
        stage: stage.api_stage.to_string(),
        need: Need::new(stage.keys, stage.demand, duration_s),
    });
    let all = plans.iter().fold(Demand::NONE, |all, sold| {
        all.plus(sold.demand(demand::of_key))
    });
    let needs: Vec<PlanNeed> = plans.iter().map(PlanNeed::new).collect();
    let amounts = amounts(plans, &needs, assumptions);
    Report {
        duration_ms: assumptions.duration_ms,
        memory_mb: assumptions.memory_mb,
        stages: stages.collect(),
        plans: needs,
        total: Need::new(keys, all, duration_s),
        requests_a_month: amounts.map(|amounts| amounts.requests),
        bill: amounts.map(|amounts| Bill::new(&amounts, &assumptions.prices)),
    }
}

/// What a month takes. `None`: nothing limits it.
fn amounts(plans: &[SoldPlan], needs: &[PlanNeed], assumptions: &Assumptions) -> Option<Amounts> {
    let most: Option<Vec<f64>> = needs.iter().map(|need| need.requests_a_month).collect();
    let requests = match (assumptions.requests_a_month, &most) {
        (Some(given), _) => given,
        (None, Some(most)) => most.iter().sum::<f64>() * assumptions.used,
        (None, None) => return None,
    };
    // Those of a plan cost as much as its part of what all may ask for, or an equal part where that is not known.
    let parts: Vec<f64> = match most {
        Some(most) if most.iter().sum::<f64>() > 0.0 => most,
        Some(_) | None => vec![1.0; plans.len()],
    };
    let all: f64 = parts.iter().sum();
    let weighted = plans
        .iter()
        .zip(&parts)
        .map(|(sold, part)| writes::with_leases(&sold.plan) * part);
    let writes_each = if all > 0.0 {
        weighted.sum::<f64>() / all
    } else {
        writes::WITHOUT_LEASES
    };
    let gb = f64::from(assumptions.memory_mb) / 1_024.0;
    Some(Amounts {
        requests,
        gb_seconds: requests * gb * assumptions.duration_ms / 1_000.0,
        writes: requests * writes_each,
        writes_without_leases: requests * writes::WITHOUT_LEASES,
    })
}

/// Rounded up; a hair above a whole number is that number, as 0.1 · 3 is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a double saturates, and there are no negative ones here"
)]
fn whole(number: f64) -> u64 {
    (number - 1e-9).ceil().max(0.0) as u64
}
