//! Keys, plans and usage, as API Gateway's clients write and read them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tollgate::bucket::{Rate, Throttle};
use tollgate::control::{EXPIRES_AT_TAG, parse_instant};
use tollgate::id::{ApiStage, PlanId};
use tollgate::key::KeyValue;
use tollgate::plan::CoveredStage;
use tollgate::quota::{Every, Period, Quota};
use tollgate::store::{ApiKey, FurtherUsed, NewKey, NewPlan};
use tollgate::time::Timestamp;

use super::{Change, KeyEdit, KeyRotation, ListedKey, ManagedPlan, Member, PlanEdit};

/// The path of a key's values in patch operations.
const VALUES: &str = "/tollgate:values";

/// A page of a list.
#[derive(Deserialize)]
pub(super) struct PageDocument<T> {
    pub(super) position: Option<String>,
    // An empty list may have no member at all.
    #[serde(default = "Vec::new", alias = "items")]
    pub(super) item: Vec<T>,
}

/// Shape `ApiKey`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyDocument {
    pub(super) id: String,
    /// No other member is a secret.
    pub(super) value: Option<String>,
    #[serde(default)]
    name: String,
    customer_id: Option<String>,
    description: Option<String>,
    #[serde(default)]
    enabled: bool,
    created_date: u64,
    last_updated_date: u64,
    #[serde(default)]
    stage_keys: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// Shape `Tags`.
#[derive(Deserialize)]
pub(super) struct TagsDocument {
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

/// Shape `UsagePlanKey`, and what of an `ApiKey` is the same.
#[derive(Deserialize)]
pub(super) struct MemberDocument {
    id: String,
    #[serde(default)]
    name: String,
}

/// Shape `UsagePlan`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanDocument {
    id: String,
    name: String,
    description: Option<String>,
    #[serde(default)]
    api_stages: Vec<StageDocument>,
    throttle: Option<ThrottleDocument>,
    quota: Option<QuotaDocument>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StageDocument {
    api_id: String,
    stage: String,
    #[serde(default)]
    throttle: BTreeMap<String, ThrottleDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleDocument {
    #[serde(default)]
    burst_limit: u64,
    #[serde(default)]
    rate_limit: f64,
}

#[derive(Deserialize)]
struct QuotaDocument {
    limit: u64,
    #[serde(default)]
    offset: u32,
    period: String,
}

/// Shape `Usage`: of each key, what it used on each day and what remained at its end.
#[derive(Deserialize)]
pub(super) struct UsageDocument {
    #[serde(default)]
    pub(super) values: BTreeMap<String, Vec<(u64, u64)>>,
    /// Beyond API Gateway: what keys have used of further quotas.
    #[serde(default, rename = "furtherQuotas")]
    pub(super) further_quotas: BTreeMap<String, Vec<FurtherDocument>>,
}

/// What a key has used of a further quota.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FurtherDocument {
    period: String,
    limit: u64,
    used: u64,
    overage: Option<u64>,
    resets_at: u64,
}

impl FurtherDocument {
    pub(super) fn read(&self) -> Result<FurtherUsed, Damage> {
        let period = &self.period;
        Ok(FurtherUsed {
            every: Every::parse(period).ok_or_else(|| format!("`{period}` is no period"))?,
            limit: self.limit,
            used: self.used,
            overage: self.overage,
            resets_at: Timestamp::from_secs(self.resets_at),
        })
    }
}

/// Why a document makes no sense.
pub(super) type Damage = String;

impl KeyDocument {
    /// The key, in these plans. Its expiry stands in a tag, which is no label of the operator's.
    pub(super) fn read(self, plan_ids: Vec<PlanId>) -> Result<ApiKey, Damage> {
        let mut tags = self.tags;
        let expires_at = tags
            .remove(EXPIRES_AT_TAG)
            .map(|text| parse_instant(&text).ok_or_else(|| format!("`{text}` is no instant")))
            .transpose()?;
        Ok(ApiKey {
            id: self.id.into(),
            name: self.name,
            description: self.description,
            customer_id: self.customer_id,
            stage_keys: self.stage_keys,
            enabled: self.enabled,
            expires_at,
            plan_ids,
            // An API tells of other values in the key's status.
            value_number: 1,
            former_values: Vec::new(),
            tags,
            created_at: Timestamp::from_secs(self.created_date),
            updated_at: Timestamp::from_secs(self.last_updated_date),
        })
    }
}

impl From<MemberDocument> for Member {
    fn from(document: MemberDocument) -> Self {
        Self {
            id: document.id.into(),
            name: document.name,
        }
    }
}

impl From<MemberDocument> for ListedKey {
    fn from(document: MemberDocument) -> Self {
        Self {
            id: document.id.into(),
            name: document.name,
            whole: None,
        }
    }
}

impl PlanDocument {
    pub(super) fn id(&self) -> PlanId {
        self.id.as_str().into()
    }

    pub(super) fn read(self) -> Result<ManagedPlan, Damage> {
        let stages = self.api_stages.into_iter().map(StageDocument::read);
        Ok(ManagedPlan {
            id: self.id.into(),
            name: self.name,
            description: self.description,
            throttle: self.throttle.map(|throttle| throttle.read()).transpose()?,
            quota: self.quota.map(|quota| quota.read()).transpose()?,
            stages: stages.collect::<Result<_, _>>()?,
            tags: self.tags,
            created_at: None,
        })
    }
}

impl StageDocument {
    fn read(self) -> Result<CoveredStage, Damage> {
        let mut covered = CoveredStage::new(ApiStage::new(self.api_id, self.stage));
        for (method, throttle) in &self.throttle {
            covered.set_method_throttle(method, throttle.read()?);
        }
        Ok(covered)
    }
}

impl ThrottleDocument {
    fn read(&self) -> Result<Throttle, Damage> {
        let rate = Rate::per_second(self.rate_limit).map_err(|error| error.to_string())?;
        Ok(Throttle {
            rate,
            burst: self.burst_limit,
        })
    }
}

impl QuotaDocument {
    fn read(&self) -> Result<Quota, Damage> {
        let period =
            Period::parse(&self.period).ok_or_else(|| format!("`{}` is no period", self.period))?;
        Quota::new(self.limit, period, self.offset).map_err(|error| error.to_string())
    }
}

/// The input of `CreateApiKey`. The API chooses the id.
pub(super) fn new_key(key: &NewKey) -> Value {
    json!({
        "name": key.name,
        "value": key.value.expose(),
        "description": key.description,
        "customerId": key.customer_id,
        "enabled": key.enabled,
        "tags": key.tags,
    })
}

/// The input of `UpdateApiKey`.
pub(super) fn key_patches(edit: &KeyEdit) -> Value {
    let KeyEdit {
        enabled,
        name,
        description,
        customer_id,
        // They are resources of their own.
        tags: _,
        ends_former_values,
    } = edit;
    let enabled = enabled.map(|enabled| enabled.to_string());
    let ended = ends_former_values.then(|| json!({ "op": "remove", "path": VALUES }));
    let patches: Vec<Value> = [
        ("/enabled", enabled.as_ref()),
        ("/name", name.as_ref()),
        ("/description", description.as_ref()),
        ("/customerId", customer_id.as_ref()),
    ]
    .into_iter()
    .filter_map(|(path, value)| Some(patch("replace", path, value?)))
    .chain(ended)
    .collect();
    json!({ "patchOperations": patches })
}

/// The input of `UpdateApiKey` for a new value.
pub(super) fn rotation_patches(rotation: &KeyRotation) -> Value {
    let value = rotation.value.as_ref().map_or("", KeyValue::expose);
    let overlap = format!("{}s", rotation.overlap.as_secs());
    json!({ "patchOperations": [
        patch("add", VALUES, value),
        patch("replace", "/tollgate:overlap", &overlap),
    ] })
}

/// The input of `UpdateUsagePlan` for one stage; `op` is `add` or `remove`.
pub(super) fn stage_patch(op: &str, api_stage: &ApiStage) -> Value {
    json!({ "patchOperations": [patch(op, "/apiStages", &api_stage.to_string())] })
}

/// The input of `UpdateUsagePlan` for limits. Without an operation it changes nothing, and tells the plan as it is.
pub(super) fn plan_patches(edit: &PlanEdit) -> Value {
    let PlanEdit {
        throttle,
        quota,
        description,
    } = edit;
    let mut patches = Vec::new();
    match throttle {
        Change::Keep => {}
        Change::Set(Throttle { rate, burst }) => {
            let rate = rate.as_per_second().to_string();
            patches.push(patch("replace", "/throttle/rateLimit", &rate));
            patches.push(patch("replace", "/throttle/burstLimit", &burst.to_string()));
        }
        Change::Remove => patches.push(json!({ "op": "remove", "path": "/throttle" })),
    }
    match quota {
        Change::Keep => {}
        Change::Set(quota) => {
            let limit = quota.limit().to_string();
            patches.push(patch("replace", "/quota/limit", &limit));
            patches.push(patch("replace", "/quota/period", quota.period().as_str()));
            let offset = quota.offset().to_string();
            patches.push(patch("replace", "/quota/offset", &offset));
        }
        Change::Remove => patches.push(json!({ "op": "remove", "path": "/quota" })),
    }
    if let Some(text) = description {
        patches.push(patch("replace", "/description", text));
    }
    json!({ "patchOperations": patches })
}

fn patch(op: &str, path: &str, value: &str) -> Value {
    json!({ "op": op, "path": path, "value": value })
}

/// The input of `CreateUsagePlan`. The API chooses the id.
pub(super) fn new_plan(plan: &NewPlan) -> Value {
    let stages: Vec<Value> = plan.stages.iter().map(stage).collect();
    json!({
        "name": plan.name,
        "description": plan.description,
        "throttle": plan.throttle.map(throttle),
        "quota": plan.quota.map(quota),
        "apiStages": stages,
        "tags": plan.tags,
    })
}

/// A stage of a plan, with the throttles of its methods.
pub(crate) fn stage(covered: &CoveredStage) -> Value {
    let throttles: Map<String, Value> = covered
        .method_throttles
        .iter()
        .map(|(method, limits)| (method.clone(), throttle(limits.throttle)))
        .collect();
    json!({
        "apiId": covered.api_stage.api_id.as_str(),
        "stage": covered.api_stage.stage.as_str(),
        "throttle": throttles,
    })
}

/// A quota, as `quotaSettings` has it.
pub(crate) fn quota(quota: Quota) -> Value {
    json!({
        "limit": quota.limit(),
        "period": quota.period().as_str(),
        "offset": quota.offset(),
    })
}

/// A throttle, as `throttleSettings` has it.
pub(crate) fn throttle(throttle: Throttle) -> Value {
    json!({ "rateLimit": throttle.rate.as_per_second(), "burstLimit": throttle.burst })
}
