//! The items of a plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{PLAN_LIST, PLAN_SK, list_sk, member_sk, plan_pk, stage_plan_sk, stage_plans_pk};
use crate::bucket::{Rate, Throttle};
use crate::id::{ApiStage, KeyId, PlanId};
use crate::plan::{CoveredStage, Plan};
use crate::quota::{Period, Quota};
use crate::store::{NewPlan, StoreError};
use crate::time::Timestamp;

/// `P#<plan id>` / `PLAN`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::store) struct PlanItem {
    pub(in crate::store) pk: String,
    pub(in crate::store) sk: String,
    pub(in crate::store) list_pk: String,
    pub(in crate::store) list_sk: String,
    pub(in crate::store) rev: u64,
    pub(in crate::store) key_count: u64,
    pub(in crate::store) id: String,
    pub(in crate::store) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) product_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) throttle: Option<ThrottleItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) quota: Option<QuotaItem>,
    pub(in crate::store) stages: Vec<StageItem>,
    pub(in crate::store) tags: BTreeMap<String, String>,
    pub(in crate::store) created_at_ns: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::store) struct ThrottleItem {
    rate: f64,
    burst: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::store) struct QuotaItem {
    limit: u64,
    period: String,
    offset: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::store) struct StageItem {
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
    pub(in crate::store) fn new(id: &PlanId, plan: &NewPlan, created_at: Timestamp) -> Self {
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
            product_code: None,
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
    pub(in crate::store) fn set(&mut self, plan: &NewPlan) {
        self.name.clone_from(&plan.name);
        self.description.clone_from(&plan.description);
        self.product_code.clone_from(&plan.product_code);
        self.throttle = plan.throttle.map(ThrottleItem::new);
        self.quota = plan.quota.map(QuotaItem::new);
        self.tags.clone_from(&plan.tags);
        self.stages = plan.stages.iter().map(StageItem::new).collect();
    }

    pub(in crate::store) fn read(&self) -> Result<Plan, StoreError> {
        Ok(Plan {
            id: self.id.as_str().into(),
            name: self.name.clone(),
            description: self.description.clone(),
            product_code: self.product_code.clone(),
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
pub(in crate::store) struct MemberItem {
    pub(in crate::store) pk: String,
    pub(in crate::store) sk: String,
    pub(in crate::store) list_pk: String,
    pub(in crate::store) list_sk: String,
    pub(in crate::store) added_at_ns: u64,
}

impl MemberItem {
    pub(in crate::store) fn new(key: &KeyId, plan: &PlanId, added_at: Timestamp) -> Self {
        Self {
            pk: plan_pk(plan),
            sk: member_sk(key),
            list_pk: plan_pk(plan),
            list_sk: list_sk(added_at, key.as_str()),
            added_at_ns: added_at.as_nanos(),
        }
    }
}

/// `U#<api id>/<stage>` / `PLAN#<plan id>`: a plan that covers a stage.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct StagePlanItem {
    pub(in crate::store) pk: String,
    pub(in crate::store) sk: String,
}

impl StagePlanItem {
    pub(in crate::store) fn new(api_stage: &ApiStage, plan: &PlanId) -> Self {
        Self {
            pk: stage_plans_pk(api_stage),
            sk: stage_plan_sk(plan),
        }
    }
}
