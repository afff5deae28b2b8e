//! Usage plans as clients see them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bucket::Throttle;
use crate::plan::{CoveredStage, Plan};
use crate::quota::Quota;

/// Shape `UsagePlan`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    api_stages: Vec<CoveredApiStage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    throttle: Option<ThrottleSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<QuotaSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a BTreeMap<String, String>>,
}

/// Shape `ApiStage`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CoveredApiStage<'a> {
    api_id: &'a str,
    stage: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    throttle: BTreeMap<&'a str, ThrottleSettings>,
}

/// Shape `ThrottleSettings`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleSettings {
    burst_limit: u64,
    rate_limit: f64,
}

/// Shape `QuotaSettings`.
#[derive(Serialize)]
struct QuotaSettings {
    limit: u64,
    offset: u32,
    period: &'static str,
}

impl<'a> Body<'a> {
    pub(super) fn new(plan: &'a Plan, tags: Option<&'a BTreeMap<String, String>>) -> Self {
        Self {
            id: plan.id.as_str(),
            name: &plan.name,
            description: plan.description.as_deref(),
            api_stages: plan.stages.iter().map(CoveredApiStage::new).collect(),
            throttle: plan.throttle.map(ThrottleSettings::new),
            quota: plan.quota.map(QuotaSettings::new),
            product_code: plan.product_code.as_deref(),
            tags,
        }
    }
}

impl<'a> CoveredApiStage<'a> {
    fn new(covered: &'a CoveredStage) -> Self {
        Self {
            api_id: covered.api_stage.api_id.as_str(),
            stage: covered.api_stage.stage.as_str(),
            throttle: covered
                .method_throttles
                .iter()
                .map(|(name, method)| (name.as_str(), ThrottleSettings::new(method.throttle)))
                .collect(),
        }
    }
}

impl ThrottleSettings {
    fn new(throttle: Throttle) -> Self {
        Self {
            burst_limit: throttle.burst,
            rate_limit: throttle.rate.as_per_second(),
        }
    }
}

impl QuotaSettings {
    fn new(quota: Quota) -> Self {
        Self {
            limit: quota.limit(),
            offset: quota.offset(),
            period: quota.period().as_str(),
        }
    }
}
