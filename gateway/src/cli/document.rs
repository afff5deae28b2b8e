//! Keys and plans as the command line shows them: as JSON with API Gateway's member names, and as text.

use std::collections::BTreeMap;

use serde::Serialize;
use tollgate::bucket::Throttle;
use tollgate::control::{EXPIRES_AT_TAG, KeyStatus};
use tollgate::overrides::is_override;
use tollgate::plan::{CoveredStage, MODE, QUOTA_RESET, SHADOW_STAGES};
use tollgate::quota::Quota;
use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::reference::PlanNames;
use crate::management::{ManagedPlan, Management, ManagementError};

/// A key or a plan, as another one refers to it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Reference {
    pub(super) id: String,
    pub(super) name: String,
}

/// One of the values of a key, without the value.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ValueDocument {
    number: u32,
    /// Of a value that a newer one has replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// A key.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyDocument {
    pub(super) id: String,
    pub(super) name: String,
    /// Only where the operator asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer_id: Option<String>,
    pub(super) enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<String>,
    /// The minute of the last request; only the date where the minute is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_used: Option<String>,
    /// Where the key has had more than one, the last first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) values: Vec<ValueDocument>,
    pub(super) created_date: String,
    pub(super) last_updated_date: String,
    pub(super) plans: Vec<Reference>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
}

impl KeyDocument {
    /// Reads the names of the key's plans.
    pub(super) async fn read<R: Management>(
        registry: &R,
        names: &mut PlanNames,
        key: &ApiKey,
    ) -> Result<Self, ManagementError> {
        let mut plans = Vec::new();
        for plan_id in &key.plan_ids {
            plans.push(Reference {
                id: plan_id.to_string(),
                name: names.name(registry, plan_id).await?,
            });
        }
        Ok(Self::new(key, plans))
    }

    /// The key, in these plans.
    pub(super) fn new(key: &ApiKey, plans: Vec<Reference>) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            value: None,
            description: key.description.clone(),
            customer_id: key.customer_id.clone(),
            enabled: key.enabled,
            expires_at: key.expires_at.map(rfc3339),
            last_used: None,
            values: Vec::new(),
            created_date: rfc3339(key.created_at),
            last_updated_date: rfc3339(key.updated_at),
            plans,
            tags: tags_of(key),
        }
    }

    /// Adds when the key was last used, and which of its values work.
    pub(super) fn with_status(mut self, status: &KeyStatus) -> Self {
        self.last_used.clone_from(&status.last_used);
        if status.value_number > 1 {
            let current = ValueDocument {
                number: status.value_number,
                expires_at: None,
            };
            let former = status.former_values.iter().rev();
            let former = former.map(|former| ValueDocument {
                number: former.number,
                expires_at: Some(rfc3339(former.expires_at)),
            });
            self.values = std::iter::once(current).chain(former).collect();
        }
        self
    }

    /// Labels and values; what is not set is left out.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let optional = |label, value: &Option<String>| value.clone().map(|value| (label, value));
        let always = |label, value: String| Some((label, value));
        let (limits, labels): (BTreeMap<_, _>, BTreeMap<_, _>) = self
            .tags
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .partition(|(name, _)| is_override(name));
        let limits = limits
            .into_iter()
            .map(|(name, text)| (name.trim_start_matches("tollgate:"), text))
            .collect();
        let listed = |label, tags: &BTreeMap<&str, &str>| {
            (!tags.is_empty()).then(|| (label, self::tags(tags)))
        };
        [
            always("id", self.id.clone()),
            always("name", self.name.clone()),
            optional("value", &self.value),
            optional("description", &self.description),
            optional("customer id", &self.customer_id),
            always("enabled", yes_or_no(self.enabled)),
            optional("expires", &self.expires_at),
            optional("last used", &self.last_used),
            (!self.values.is_empty()).then(|| ("values", values(&self.values))),
            always("created", self.created_date.clone()),
            always("last updated", self.last_updated_date.clone()),
            always("plans", references(&self.plans)),
            listed("own limits", &limits),
            listed("tags", &labels),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanDocument {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    throttle: Option<ThrottleDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<QuotaDocument>,
    /// As the plan's tag has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    further_quotas: Option<String>,
    api_stages: Vec<String>,
    /// By stage and method; only stages that have some.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    method_throttles: BTreeMap<String, BTreeMap<String, ThrottleDocument>>,
    /// Where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_date: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    /// Only where the keys were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) keys: Option<Vec<Reference>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleDocument {
    rate_limit: f64,
    burst_limit: u64,
}

#[derive(Debug, Serialize)]
struct QuotaDocument {
    limit: u64,
    period: &'static str,
    offset: u32,
}

impl PlanDocument {
    pub(super) fn new(plan: &ManagedPlan) -> Self {
        let method_throttles = plan
            .stages
            .iter()
            .filter(|covered| !covered.method_throttles.is_empty())
            .map(|covered| (covered.api_stage.to_string(), stage_throttles(covered)));
        Self {
            id: plan.id.to_string(),
            name: plan.name.clone(),
            description: plan.description.clone(),
            throttle: plan.throttle.map(Into::into),
            quota: plan.quota.map(Into::into),
            further_quotas: further_quotas(plan),
            api_stages: stages(plan),
            method_throttles: method_throttles.collect(),
            created_date: plan.created_at.map(rfc3339),
            tags: plan.tags.clone(),
            keys: None,
        }
    }

    /// Labels and values; what is not set is left out.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("id", self.id.clone()), ("name", self.name.clone())];
        if let Some(description) = &self.description {
            fields.push(("description", description.clone()));
        }
        let throttle = self.throttle.as_ref();
        fields.push(("throttle", throttle.map_or_else(none, text_of_throttle)));
        let quota = self.quota.as_ref();
        fields.push(("quota", quota.map_or_else(none, text_of_quota)));
        if let Some(further) = &self.further_quotas {
            fields.push(("further quotas", further.clone()));
        }
        for (label, tag) in [("mode", MODE), ("shadow stages", SHADOW_STAGES)] {
            fields.extend(self.tags.get(tag).map(|text| (label, text.clone())));
        }
        fields.push(("stages", list(&self.api_stages)));
        for (api_stage, throttles) in &self.method_throttles {
            for (method, throttle) in throttles {
                let text = text_of_throttle(throttle);
                fields.push(("method throttle", format!("{api_stage} {method}: {text}")));
            }
        }
        if let Some(keys) = &self.keys {
            fields.push(("keys", references(keys)));
        }
        if let Some(created_date) = &self.created_date {
            fields.push(("created", created_date.clone()));
        }
        let labels = self
            .tags
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), MODE | SHADOW_STAGES))
            .map(|(name, text)| (name.as_str(), text.as_str()));
        let labels: BTreeMap<_, _> = labels.collect();
        if !labels.is_empty() {
            fields.push(("tags", tags(&labels)));
        }
        fields
    }

    /// A row under [`PlanDocument::HEADERS`].
    pub(super) fn row(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.name.clone(),
            self.throttle.as_ref().map_or_else(none, text_of_throttle),
            self.quota.as_ref().map_or_else(none, text_of_quota),
            list(&self.api_stages),
        ]
    }

    /// The headers of a table of plans.
    pub(super) const HEADERS: [&'static str; 5] = ["ID", "NAME", "THROTTLE", "QUOTA", "STAGES"];
}

impl From<Throttle> for ThrottleDocument {
    fn from(throttle: Throttle) -> Self {
        Self {
            rate_limit: throttle.rate.as_per_second(),
            burst_limit: throttle.burst,
        }
    }
}

impl From<Quota> for QuotaDocument {
    fn from(quota: Quota) -> Self {
        Self {
            limit: quota.limit(),
            period: quota.period().as_str(),
            offset: quota.offset(),
        }
    }
}

/// The labels of a key. Its expiry has a member of its own, and does not show twice.
fn tags_of(key: &ApiKey) -> BTreeMap<String, String> {
    let mut tags = key.tags.clone();
    if key.expires_at.is_some() {
        tags.remove(EXPIRES_AT_TAG);
    }
    tags
}

fn stage_throttles(covered: &CoveredStage) -> BTreeMap<String, ThrottleDocument> {
    covered
        .method_throttles
        .iter()
        .map(|(method, throttle)| (method.clone(), throttle.throttle.into()))
        .collect()
}

/// `100/minute, 5000/month soft; they begin 15 monday 06:00 +02:00`
fn further_quotas(plan: &ManagedPlan) -> Option<String> {
    let quotas = plan.further_quotas();
    let begin = plan.tags.get(QUOTA_RESET);
    let begin = begin.map_or_else(String::new, |reset| format!("; they begin {reset}"));
    (!quotas.is_empty()).then(|| format!("{quotas}{begin}"))
}

fn stages(plan: &ManagedPlan) -> Vec<String> {
    plan.stages
        .iter()
        .map(|covered| covered.api_stage.to_string())
        .collect()
}

/// RFC 3339 in UTC, to the second.
pub(super) fn rfc3339(instant: Timestamp) -> String {
    let secs = i64::try_from(instant.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(secs)
        .map_or_else(|_out_of_range| format!("{secs} s"), |date| date.to_string())
}

pub(super) fn yes_or_no(answer: bool) -> String {
    if answer { "yes" } else { "no" }.to_owned()
}

pub(super) fn none() -> String {
    "none".to_owned()
}

fn list(texts: &[String]) -> String {
    if texts.is_empty() {
        return none();
    }
    texts.join(", ")
}

fn references(references: &[Reference]) -> String {
    let texts = references
        .iter()
        .map(|reference| format!("{} ({})", reference.name, reference.id));
    list(&texts.collect::<Vec<_>>())
}

fn values(values: &[ValueDocument]) -> String {
    let texts = values.iter().map(|value| match &value.expires_at {
        None => format!("{} (current)", value.number),
        Some(until) => format!("{} until {until}", value.number),
    });
    list(&texts.collect::<Vec<_>>())
}

fn tags(tags: &BTreeMap<&str, &str>) -> String {
    let texts = tags.iter().map(|(name, value)| format!("{name}={value}"));
    list(&texts.collect::<Vec<_>>())
}

fn text_of_throttle(throttle: &ThrottleDocument) -> String {
    format!("{}/s, burst {}", throttle.rate_limit, throttle.burst_limit)
}

fn text_of_quota(quota: &QuotaDocument) -> String {
    let offset = match quota.offset {
        0 => String::new(),
        offset => format!(" + {offset} d"),
    };
    format!("{}/{}{offset}", quota.limit, quota.period)
}
