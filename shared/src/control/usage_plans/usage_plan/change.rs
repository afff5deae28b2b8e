//! What the patch operations of `UpdateUsagePlan` change.

use serde_json::{Value, json};

use super::limits::{self, NO_REQUESTS, QuotaDraft};
use super::method_name::MethodName;
use super::{api_stage, description, name};
use crate::bucket::{Rate, Throttle};
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::patch::{Op, Patch};
use crate::control::usage_plans::bounded;
use crate::id::ApiStage;
use crate::plan::CoveredStage;
use crate::quota::Period;
use crate::store::NewPlan;

/// The paths that `remove` takes, as API Gateway lists them.
const REMOVABLE: [&str; 6] = [
    "/apiStages",
    "/quota",
    "/throttle",
    "/productCode",
    "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>",
    "/apiStages/<apidId:stageName>/throttle",
];

/// The paths that `add` takes. API Gateway's own list is not known.
const ADDABLE: [&str; 7] = [
    "/apiStages",
    "/productCode",
    "/throttle/rateLimit",
    "/throttle/burstLimit",
    "/quota/limit",
    "/quota/period",
    "/quota/offset",
];

/// The paths that `replace` takes. API Gateway's own list is not known.
const REPLACEABLE: [&str; 11] = [
    "/name",
    "/description",
    "/productCode",
    "/throttle/rateLimit",
    "/throttle/burstLimit",
    "/quota/limit",
    "/quota/period",
    "/quota/offset",
    "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/rateLimit",
    "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/burstLimit",
    "/apiStages/<apidId:stageName>/throttle",
];

/// The longest product code, in bytes.
const MAX_PRODUCT_CODE_LEN: usize = 1_024;

/// One half of a throttle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Limit {
    Rate(Rate),
    Burst(u64),
}

/// One change of a plan, as far as it can be understood without the plan.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    Name(String),
    /// An empty text removes it.
    Description(String),
    ProductCode(Option<String>),
    Throttle(Limit),
    RemoveThrottle,
    QuotaLimit(u64),
    QuotaPeriod(Period),
    QuotaOffset(u64),
    RemoveQuota,
    AddStage(ApiStage),
    RemoveStage(ApiStage),
    MethodThrottle(ApiStage, MethodName, Limit),
    ReplaceMethodThrottles(ApiStage, Vec<(MethodName, Throttle)>),
    RemoveMethodThrottle(ApiStage, MethodName),
    RemoveMethodThrottles(ApiStage),
}

/// What a path below `/apiStages/{apiId}:{stage}/throttle` names.
enum StagePath {
    AllMethods,
    /// What follows the slash, with `~1` read as a slash.
    Below(String),
}

impl Change {
    /// Understands one patch operation.
    ///
    /// # Errors
    ///
    /// `BadRequestException` for a path that the operation does not take, and for a value that does not fit the path.
    pub(super) fn parse(patch: &Patch) -> Result<Self, ControlError> {
        match patch.op {
            Op::Add => Self::addition(patch),
            Op::Replace => Self::replacement(patch),
            Op::Remove => Self::removal(patch),
            Op::Move | Op::Test | Op::Copy => Err(patch.unknown_path(&[])),
        }
    }

    fn addition(patch: &Patch) -> Result<Self, ControlError> {
        match patch.path.as_str() {
            "/apiStages" => Ok(Self::AddStage(stage_of(patch.text())?)),
            _ => Self::setting(patch)?.ok_or_else(|| patch.unknown_path(&ADDABLE)),
        }
    }

    fn replacement(patch: &Patch) -> Result<Self, ControlError> {
        match patch.path.as_str() {
            "/name" => Ok(Self::Name(name(patch.text().to_owned())?)),
            "/description" => Ok(Self::Description(description(patch.text().to_owned())?)),
            _ => Self::setting(patch)?.ok_or_else(|| patch.unknown_path(&REPLACEABLE)),
        }
    }

    /// What `add` and `replace` both set. `None`: the path is none of theirs.
    fn setting(patch: &Patch) -> Result<Option<Self>, ControlError> {
        let text = patch.text();
        let change = match patch.path.as_str() {
            "/productCode" => {
                let code = bounded(
                    text.to_owned(),
                    MAX_PRODUCT_CODE_LEN,
                    "Invalid product code specified, can be at most 1024 bytes.",
                )?;
                Self::ProductCode((!code.is_empty()).then_some(code))
            }
            "/throttle/rateLimit" => Self::Throttle(Limit::Rate(limits::rate_of(text)?)),
            "/throttle/burstLimit" => Self::Throttle(Limit::Burst(burst_of(text)?)),
            "/quota/limit" => Self::QuotaLimit(limits::integer_of("quota limit", text)?),
            "/quota/period" => Self::QuotaPeriod(limits::period_of(text)?),
            "/quota/offset" => Self::QuotaOffset(limits::integer_of("quota offset", text)?),
            path => match stage_path(path) {
                None => return Ok(None),
                Some((stage, StagePath::AllMethods)) => {
                    Self::ReplaceMethodThrottles(stage_of(stage)?, method_throttles(text)?)
                }
                Some((stage, StagePath::Below(below))) => {
                    let Some((method, limit)) = below.rsplit_once('/') else {
                        return Ok(None);
                    };
                    let limit = match limit {
                        "rateLimit" => Limit::Rate(limits::rate_of(text)?),
                        "burstLimit" => Limit::Burst(burst_of(text)?),
                        _ => return Ok(None),
                    };
                    Self::MethodThrottle(stage_of(stage)?, MethodName::parse(method)?, limit)
                }
            },
        };
        Ok(Some(change))
    }

    fn removal(patch: &Patch) -> Result<Self, ControlError> {
        match patch.path.as_str() {
            "/apiStages" => Ok(Self::RemoveStage(stage_of(patch.text())?)),
            "/quota" => Ok(Self::RemoveQuota),
            "/throttle" => Ok(Self::RemoveThrottle),
            "/productCode" => Ok(Self::ProductCode(None)),
            path => match stage_path(path) {
                Some((stage, StagePath::AllMethods)) => {
                    Ok(Self::RemoveMethodThrottles(stage_of(stage)?))
                }
                Some((stage, StagePath::Below(method))) => Ok(Self::RemoveMethodThrottle(
                    stage_of(stage)?,
                    MethodName::parse(&method)?,
                )),
                None => Err(patch.unknown_path(&REMOVABLE)),
            },
        }
    }

    /// The stage that the change adds.
    pub(super) const fn joining_stage(&self) -> Option<&ApiStage> {
        match self {
            Self::AddStage(stage) => Some(stage),
            Self::Name(_)
            | Self::Description(_)
            | Self::ProductCode(_)
            | Self::Throttle(_)
            | Self::RemoveThrottle
            | Self::QuotaLimit(_)
            | Self::QuotaPeriod(_)
            | Self::QuotaOffset(_)
            | Self::RemoveQuota
            | Self::RemoveStage(_)
            | Self::MethodThrottle(..)
            | Self::ReplaceMethodThrottles(..)
            | Self::RemoveMethodThrottle(..)
            | Self::RemoveMethodThrottles(_) => None,
        }
    }

    /// The methods that the change gives a throttle.
    pub(super) fn named_methods(&self) -> Vec<(ApiStage, MethodName)> {
        match self {
            Self::MethodThrottle(stage, method, _) => vec![(stage.clone(), method.clone())],
            Self::ReplaceMethodThrottles(stage, methods) => methods
                .iter()
                .map(|(method, _)| (stage.clone(), method.clone()))
                .collect(),
            Self::Name(_)
            | Self::Description(_)
            | Self::ProductCode(_)
            | Self::Throttle(_)
            | Self::RemoveThrottle
            | Self::QuotaLimit(_)
            | Self::QuotaPeriod(_)
            | Self::QuotaOffset(_)
            | Self::RemoveQuota
            | Self::AddStage(_)
            | Self::RemoveStage(_)
            | Self::RemoveMethodThrottle(..)
            | Self::RemoveMethodThrottles(_) => Vec::new(),
        }
    }
}

fn burst_of(text: &str) -> Result<u64, ControlError> {
    limits::integer_of("burst limit", text)
}

/// Reads `apiId:stage`.
fn stage_of(text: &str) -> Result<ApiStage, ControlError> {
    text.split_once(':')
        .and_then(|(api_id, stage)| api_stage(api_id, stage))
        .ok_or_else(|| ControlError::bad_request("Invalid API Stage specified"))
}

/// Takes `/apiStages/{apiId}:{stage}/throttle…` apart. The path of a method keeps its slash, or has it as `~1`.
fn stage_path(path: &str) -> Option<(&str, StagePath)> {
    let (stage, rest) = path.strip_prefix("/apiStages/")?.split_once('/')?;
    match rest.strip_prefix("throttle")?.strip_prefix('/') {
        None if rest == "throttle" => Some((stage, StagePath::AllMethods)),
        None => None,
        Some(below) => {
            let below = below.replace("~1", "/").replace("~0", "~");
            Some((stage, StagePath::Below(below)))
        }
    }
}

/// Reads the JSON map of a stage's method throttles.
fn method_throttles(text: &str) -> Result<Vec<(MethodName, Throttle)>, ControlError> {
    let methods = serde_json::from_str(text)
        .ok()
        .and_then(|map: Value| {
            let body = json!({"throttle": map}).to_string();
            let members = Members::read(body.as_bytes(), "throttle").ok()?;
            members.object_map("throttle").ok()?
        })
        .ok_or_else(|| {
            ControlError::bad_request(
                "Invalid method throttles specified. Must be a JSON map of methods with rateLimit and burstLimit",
            )
        })?;
    methods
        .into_iter()
        .map(|(method, settings)| {
            let throttle = limits::throttle(&settings)?;
            Ok((MethodName::parse(&method)?, throttle))
        })
        .collect()
}

/// Makes all changes, one after another. A plan of which one could not be made is not to be used.
///
/// # Errors
///
/// `NotFoundException` for a stage that the plan does not cover, or a method that has no throttle in it, and
/// `BadRequestException` for a quota that is not whole in the end.
pub(super) fn apply(changes: &[Change], plan: &mut NewPlan) -> Result<(), ControlError> {
    let mut quota = plan.quota.map(QuotaDraft::from);
    for change in changes {
        apply_one(change, plan, &mut quota)?;
    }
    plan.quota = quota.map(QuotaDraft::finish).transpose()?;
    Ok(())
}

fn apply_one(
    change: &Change,
    plan: &mut NewPlan,
    quota: &mut Option<QuotaDraft>,
) -> Result<(), ControlError> {
    match change {
        Change::Name(name) => plan.name.clone_from(name),
        Change::Description(text) => {
            plan.description = (!text.is_empty()).then(|| text.clone());
        }
        Change::ProductCode(code) => plan.product_code.clone_from(code),
        Change::Throttle(limit) => limit.set(plan.throttle.get_or_insert(NO_REQUESTS)),
        Change::RemoveThrottle => plan.throttle = None,
        Change::QuotaLimit(limit) => quota.get_or_insert_default().limit = Some(*limit),
        Change::QuotaPeriod(period) => quota.get_or_insert_default().period = Some(*period),
        Change::QuotaOffset(offset) => quota.get_or_insert_default().offset = *offset,
        Change::RemoveQuota => *quota = None,
        Change::AddStage(stage) => {
            let is_covered = plan.stages.iter().any(|known| known.api_stage == *stage);
            if !is_covered {
                plan.stages.push(CoveredStage::new(stage.clone()));
            }
        }
        Change::RemoveStage(stage) => {
            covered(plan, stage)?;
            plan.stages.retain(|known| known.api_stage != *stage);
        }
        Change::MethodThrottle(stage, method, limit) => {
            let covered = covered(plan, stage)?;
            let known = covered.method_throttles.get(method.as_str());
            let mut throttle = known.map_or(NO_REQUESTS, |known| known.throttle);
            limit.set(&mut throttle);
            covered.set_method_throttle(method.as_str(), throttle);
        }
        Change::ReplaceMethodThrottles(stage, methods) => {
            let covered = covered(plan, stage)?;
            covered.method_throttles.clear();
            for (method, throttle) in methods {
                covered.set_method_throttle(method.as_str(), *throttle);
            }
        }
        Change::RemoveMethodThrottle(stage, method) => {
            let removed = covered(plan, stage)?
                .method_throttles
                .remove(method.as_str());
            if removed.is_none() {
                return Err(ControlError::not_found(format!(
                    "Invalid method {method} specified: it has no throttle in API Stage {stage}"
                )));
            }
        }
        Change::RemoveMethodThrottles(stage) => covered(plan, stage)?.method_throttles.clear(),
    }
    Ok(())
}

impl Limit {
    const fn set(self, throttle: &mut Throttle) {
        match self {
            Self::Rate(rate) => throttle.rate = rate,
            Self::Burst(burst) => throttle.burst = burst,
        }
    }
}

fn covered<'a>(
    plan: &'a mut NewPlan,
    stage: &ApiStage,
) -> Result<&'a mut CoveredStage, ControlError> {
    let id = plan.id.clone();
    plan.stages
        .iter_mut()
        .find(|known| known.api_stage == *stage)
        .ok_or_else(|| {
            let plan_id = id.map_or_else(String::new, |id| id.to_string());
            ControlError::not_found(format!(
                "Invalid API Stage {{api: {}, stage: {}}} specified for usageplan {plan_id}",
                stage.api_id, stage.stage
            ))
        })
}

#[cfg(test)]
mod tests;
