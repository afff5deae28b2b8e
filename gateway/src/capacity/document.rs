//! Plans with their keys from a file, with the members that `tollgate plans list --json` and `plans show --json` write.

use std::collections::BTreeMap;

use serde::Deserialize;
use tollgate::bucket::{Rate, Throttle};
use tollgate::id::ApiStage;
use tollgate::plan::{CoveredStage, Plan};
use tollgate::quota::{Period, Quota};
use tollgate::time::Timestamp;

use super::demand::SoldPlan;

/// Why a file has no plans.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPlans(String);

#[derive(Deserialize)]
#[serde(untagged)]
enum Plans {
    Several(Vec<PlanText>),
    One(Box<PlanText>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlanText {
    name: String,
    throttle: Option<ThrottleText>,
    quota: Option<QuotaText>,
    #[serde(default)]
    api_stages: Vec<String>,
    #[serde(default)]
    method_throttles: BTreeMap<String, BTreeMap<String, ThrottleText>>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    keys: Option<Keys>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleText {
    rate_limit: f64,
    burst_limit: u64,
}

#[derive(Deserialize)]
struct QuotaText {
    limit: u64,
    period: String,
    #[serde(default)]
    offset: u32,
}

/// How many keys a plan has, or which.
#[derive(Deserialize)]
#[serde(untagged)]
enum Keys {
    Count(u64),
    List(Vec<serde::de::IgnoredAny>),
}

/// Reads one plan, or a list of them. `keys` is a number or a list.
///
/// # Errors
///
/// When the text is no JSON, or a plan lacks `keys` or has limits that cannot be.
pub fn read_plans(text: &str) -> Result<Vec<SoldPlan>, InvalidPlans> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| InvalidPlans(format!("is no JSON: {error}")))?;
    let plans: Plans = serde_json::from_value(value).map_err(|_mistyped| {
        InvalidPlans(
            "is no plan and no list of plans: write them like `tollgate plans list --json`, each with `keys`"
                .to_owned(),
        )
    })?;
    match plans {
        Plans::Several(plans) => plans.into_iter().map(sold).collect(),
        Plans::One(plan) => Ok(vec![sold(*plan)?]),
    }
}

fn sold(text: PlanText) -> Result<SoldPlan, InvalidPlans> {
    let name = text.name.clone();
    let invalid = |what: String| InvalidPlans(format!("plan `{name}`: {what}"));
    let keys = match &text.keys {
        Some(Keys::Count(count)) => *count,
        Some(Keys::List(list)) => u64::try_from(list.len()).unwrap_or(u64::MAX),
        None => {
            return Err(invalid(
                "`keys` is missing: write how many keys it has".to_owned(),
            ));
        }
    };
    let quota = match &text.quota {
        None => None,
        Some(quota) => {
            let period = Period::parse(&quota.period)
                .ok_or_else(|| invalid("a period is DAY, WEEK or MONTH".to_owned()))?;
            let quota = Quota::new(quota.limit, period, quota.offset);
            Some(quota.map_err(|error| invalid(error.to_string()))?)
        }
    };
    let mut stages = Vec::new();
    for stage in &text.api_stages {
        let api_stage = ApiStage::parse(stage)
            .ok_or_else(|| invalid(format!("`{stage}` is no stage: write it API:STAGE")))?;
        let mut covered = CoveredStage::new(api_stage);
        for (method, limits) in text.method_throttles.get(stage).into_iter().flatten() {
            let limits = throttle(limits).map_err(&invalid)?;
            covered.set_method_throttle(method, limits);
        }
        stages.push(covered);
    }
    let throttle = text.throttle.as_ref().map(throttle).transpose();
    let plan = Plan {
        id: text.name.as_str().into(),
        description: None,
        product_code: None,
        throttle: throttle.map_err(&invalid)?,
        quota,
        stages,
        tags: text.tags,
        created_at: Timestamp::EPOCH,
        name: text.name,
    };
    Ok(SoldPlan {
        plan,
        keys,
        with_own_limits: Vec::new(),
    })
}

fn throttle(text: &ThrottleText) -> Result<Throttle, String> {
    Ok(Throttle {
        rate: Rate::per_second(text.rate_limit).map_err(|error| error.to_string())?,
        burst: text.burst_limit,
    })
}
