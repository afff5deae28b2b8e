//! The items of the table, as they are written. Their names and keys stand in the design; stores hold them for years.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ApiKey, KeyRecord, NewPlan, StoreError};
use crate::bucket::{Rate, Throttle};
use crate::id::{ApiStage, KeyId, PlanId};
use crate::key::KeyHash;
use crate::meter::MeterId;
use crate::plan::{CoveredStage, Plan};
use crate::quota::{Period, Quota};
use crate::time::Timestamp;

/// The table's keys, and those of its index.
pub(super) mod name {
    pub(crate) const PK: &str = "pk";
    pub(crate) const SK: &str = "sk";
    pub(crate) const LIST_INDEX: &str = "list";
    pub(crate) const LIST_PK: &str = "list_pk";
    pub(crate) const LIST_SK: &str = "list_sk";
    pub(crate) const TTL: &str = "ttl";
}

pub(super) const KEY_SK: &str = "KEY";
pub(super) const VALUE_SK: &str = "VALUE";
pub(super) const PLAN_SK: &str = "PLAN";
pub(super) const METER_SK: &str = "METER";
pub(super) const MEMBER_SK_PREFIX: &str = "KEY#";
pub(super) const KEY_LIST: &str = "KEY";
pub(super) const PLAN_LIST: &str = "PLAN";

pub(super) fn value_pk(hash: &str) -> String {
    format!("K#{hash}")
}

pub(super) fn key_pk(id: &KeyId) -> String {
    format!("I#{id}")
}

pub(super) fn secret_pk(id: &KeyId) -> String {
    format!("S#{id}")
}

pub(super) fn plan_pk(id: &PlanId) -> String {
    format!("P#{id}")
}

pub(super) fn member_sk(id: &KeyId) -> String {
    format!("{MEMBER_SK_PREFIX}{id}")
}

pub(super) fn meter_pk(meter: &MeterId) -> String {
    format!("M#{meter}")
}

pub(super) fn day_pk(meter: &MeterId) -> String {
    format!("D#{meter}")
}

/// How many characters of an index's sort key stand before the id.
pub(super) const LIST_KEY_LEN: usize = 21;

/// Sorts by the instant of creation; the id makes it unique.
pub(super) fn list_sk(created_at: Timestamp, id: &str) -> String {
    format!("{:020}#{id}", created_at.as_nanos())
}

/// `K#<hash>` / `KEY`: what a request needs of a key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ValueItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at_ns: Option<u64>,
    pub(super) plan_ids: Vec<String>,
}

impl ValueItem {
    pub(super) fn into_record(self) -> KeyRecord {
        KeyRecord {
            id: self.id.into(),
            name: Arc::from(self.name),
            enabled: self.enabled,
            expires_at: self.expires_at_ns.map(Timestamp::from_nanos),
            plan_ids: self.plan_ids.into_iter().map(PlanId::from).collect(),
        }
    }
}

/// `I#<key id>` / `KEY`: what an operator sees of a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeyItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) list_pk: String,
    pub(super) list_sk: String,
    pub(super) rev: u64,
    pub(super) hash: String,
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) customer_id: Option<String>,
    pub(super) enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at_ns: Option<u64>,
    pub(super) plan_ids: Vec<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created_at_ns: u64,
    pub(super) updated_at_ns: u64,
}

impl KeyItem {
    pub(super) fn new(key: &ApiKey, hash: &KeyHash) -> Self {
        Self {
            pk: key_pk(&key.id),
            sk: KEY_SK.to_owned(),
            list_pk: KEY_LIST.to_owned(),
            list_sk: list_sk(key.created_at, key.id.as_str()),
            rev: 1,
            hash: hash.to_string(),
            id: key.id.to_string(),
            name: key.name.clone(),
            description: key.description.clone(),
            customer_id: key.customer_id.clone(),
            enabled: key.enabled,
            expires_at_ns: key.expires_at.map(Timestamp::as_nanos),
            plan_ids: key.plan_ids.iter().map(PlanId::to_string).collect(),
            tags: key.tags.clone(),
            created_at_ns: key.created_at.as_nanos(),
            updated_at_ns: key.updated_at.as_nanos(),
        }
    }

    /// The item that the data plane reads, with the same content.
    pub(super) fn value_item(&self) -> ValueItem {
        ValueItem {
            pk: value_pk(&self.hash),
            sk: KEY_SK.to_owned(),
            id: self.id.clone(),
            name: self.name.clone(),
            enabled: self.enabled,
            expires_at_ns: self.expires_at_ns,
            plan_ids: self.plan_ids.clone(),
        }
    }

    pub(super) fn plan_ids(&self) -> Vec<PlanId> {
        self.plan_ids
            .iter()
            .map(|id| PlanId::from(id.as_str()))
            .collect()
    }

    pub(super) fn into_key(self) -> ApiKey {
        ApiKey {
            plan_ids: self.plan_ids(),
            id: self.id.into(),
            name: self.name,
            description: self.description,
            customer_id: self.customer_id,
            enabled: self.enabled,
            expires_at: self.expires_at_ns.map(Timestamp::from_nanos),
            tags: self.tags,
            created_at: Timestamp::from_nanos(self.created_at_ns),
            updated_at: Timestamp::from_nanos(self.updated_at_ns),
        }
    }
}

/// `S#<key id>` / `VALUE`: the value itself, where it is kept. The data plane has no right to read it.
#[derive(Serialize, Deserialize)]
pub(super) struct SecretItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) value: String,
}

/// `P#<plan id>` / `PLAN`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PlanItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) list_pk: String,
    pub(super) list_sk: String,
    pub(super) rev: u64,
    pub(super) key_count: u64,
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) throttle: Option<ThrottleItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) quota: Option<QuotaItem>,
    pub(super) stages: Vec<StageItem>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created_at_ns: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ThrottleItem {
    rate: f64,
    burst: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct QuotaItem {
    limit: u64,
    period: String,
    offset: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StageItem {
    api_id: String,
    stage: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    methods: BTreeMap<String, ThrottleItem>,
}

impl ThrottleItem {
    fn new(throttle: Throttle) -> Self {
        Self {
            rate: throttle.rate.as_per_second(),
            burst: throttle.burst,
        }
    }

    fn read(&self) -> Result<Throttle, StoreError> {
        let rate = Rate::per_second(self.rate)
            .map_err(|error| StoreError::broken(format!("a plan's item is damaged: {error}")))?;
        Ok(Throttle {
            rate,
            burst: self.burst,
        })
    }
}

impl QuotaItem {
    fn new(quota: Quota) -> Self {
        Self {
            limit: quota.limit(),
            period: quota.period().as_str().to_owned(),
            offset: quota.offset(),
        }
    }

    fn read(&self) -> Result<Quota, StoreError> {
        let period = Period::parse(&self.period).ok_or_else(|| {
            StoreError::broken(format!("a plan's item is damaged: period {}", self.period))
        })?;
        Quota::new(self.limit, period, self.offset)
            .map_err(|error| StoreError::broken(format!("a plan's item is damaged: {error}")))
    }
}

impl StageItem {
    fn new(covered: &CoveredStage) -> Self {
        Self {
            api_id: covered.api_stage.api_id.to_string(),
            stage: covered.api_stage.stage.to_string(),
            methods: covered
                .method_throttles
                .iter()
                .map(|(name, method)| (name.clone(), ThrottleItem::new(method.throttle)))
                .collect(),
        }
    }

    fn read(&self) -> Result<CoveredStage, StoreError> {
        let api_stage = ApiStage::new(self.api_id.as_str(), self.stage.as_str());
        let mut covered = CoveredStage::new(api_stage);
        for (name, throttle) in &self.methods {
            covered.set_method_throttle(name, throttle.read()?);
        }
        Ok(covered)
    }
}

impl PlanItem {
    pub(super) fn new(id: &PlanId, plan: &NewPlan, created_at: Timestamp) -> Self {
        let mut item = Self {
            pk: plan_pk(id),
            sk: PLAN_SK.to_owned(),
            list_pk: PLAN_LIST.to_owned(),
            list_sk: list_sk(created_at, id.as_str()),
            rev: 1,
            key_count: 0,
            id: id.to_string(),
            name: String::new(),
            description: None,
            throttle: None,
            quota: None,
            stages: Vec::new(),
            tags: BTreeMap::new(),
            created_at_ns: created_at.as_nanos(),
        };
        item.set(plan);
        item
    }

    /// Takes over everything that an operator decides.
    pub(super) fn set(&mut self, plan: &NewPlan) {
        self.name.clone_from(&plan.name);
        self.description.clone_from(&plan.description);
        self.throttle = plan.throttle.map(ThrottleItem::new);
        self.quota = plan.quota.map(QuotaItem::new);
        self.tags.clone_from(&plan.tags);
        self.set_stages(&plan.stages);
    }

    pub(super) fn set_stages(&mut self, stages: &[CoveredStage]) {
        self.stages = stages.iter().map(StageItem::new).collect();
    }

    pub(super) fn read(&self) -> Result<Plan, StoreError> {
        Ok(Plan {
            id: self.id.as_str().into(),
            name: self.name.clone(),
            description: self.description.clone(),
            throttle: self.throttle.as_ref().map(ThrottleItem::read).transpose()?,
            quota: self.quota.as_ref().map(QuotaItem::read).transpose()?,
            stages: self
                .stages
                .iter()
                .map(StageItem::read)
                .collect::<Result<_, _>>()?,
            tags: self.tags.clone(),
            created_at: Timestamp::from_nanos(self.created_at_ns),
        })
    }
}

/// `P#<plan id>` / `KEY#<key id>`: a key in a plan.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MemberItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) added_at_ns: u64,
}

/// `D#<key id>#<plan id>` / `<date>`: the requests of a day that has ended.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DayItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) count: u64,
    /// When the table may forget it, in seconds since the epoch.
    pub(super) ttl: u64,
}
