//! What one side holds.

use std::collections::{BTreeMap, BTreeSet};

use tollgate::id::{KeyId, PlanId};
use tollgate::key::KeyValue;
use tollgate::overrides::Overrides;
use tollgate::quota::{Day, Quota};
use tollgate::store::NewPlan;
use tollgate::time::Timestamp;

/// All keys and plans of one side, each by the id that it has on both: the one in its tag, or else its own.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// The plans.
    pub plans: BTreeMap<PlanId, HeldPlan>,
    /// The keys.
    pub keys: BTreeMap<KeyId, HeldKey>,
}

/// A plan.
#[derive(Clone, Debug)]
pub struct HeldPlan {
    /// Its id on this side.
    pub own_id: PlanId,
    /// What it is; its tags without those of the way here.
    pub settings: NewPlan,
    /// Its keys.
    pub keys: BTreeSet<KeyId>,
    /// What is left of the quota, of keys that have used some.
    pub remaining: BTreeMap<KeyId, u64>,
    /// The first day of the quota's window that `remaining` is of.
    pub window: Option<Day>,
}

impl HeldPlan {
    /// The quota of one of the keys: its own, where its tags say one for the plan with this id, which is the one on both sides.
    pub fn quota_of(&self, id: &PlanId, key: &HeldKey) -> Option<Quota> {
        let own = Overrides::of_tags(&key.tags).in_plan(id);
        own.quota(self.settings.quota).map(|quota| quota.usual())
    }
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldKey {
    /// Its id on this side.
    pub own_id: KeyId,
    /// Its value.
    pub value: HeldValue,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The operator's own id of the customer.
    pub customer_id: Option<String>,
    /// Stages that were named when it was made, as `api/stage`.
    pub stage_keys: Vec<String>,
    /// Whether it may be used.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Its tags, without those of the way here.
    pub tags: BTreeMap<String, String>,
    /// Whether it is on its way here.
    pub pending: Option<Pending>,
}

/// A key's value, as far as it can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldValue {
    /// It is known.
    Known(KeyValue),
    /// It is not told.
    Hidden,
    /// It is told, and cannot be a value here: why.
    Unusable(String),
}

impl HeldValue {
    /// The value, where it is known.
    pub const fn known(&self) -> Option<&KeyValue> {
        match self {
            Self::Known(value) => Some(value),
            Self::Hidden | Self::Unusable(_) => None,
        }
    }
}

/// How an import that has begun has found a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// It has made the key: nobody has used it yet.
    Created,
    /// The key was there, and may have been used.
    Joining,
}

impl Pending {
    /// The value of the tag that says so.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Joining => "joining",
        }
    }

    /// Reads the value of the tag. What is not known is taken for a key that may have been used.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text == Self::Created.as_str() {
            Self::Created
        } else {
            Self::Joining
        }
    }
}

impl Holdings {
    /// How many associations of keys with plans there are.
    pub fn memberships(&self) -> usize {
        self.plans.values().map(|plan| plan.keys.len()).sum()
    }

    /// The plans that each key is in, in the order of their ids. Keys that are in none are left out.
    pub fn plans_of_keys(&self) -> BTreeMap<&KeyId, Vec<(&PlanId, &HeldPlan)>> {
        let mut plans: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (id, plan) in &self.plans {
            for key in &plan.keys {
                plans.entry(key).or_default().push((id, plan));
            }
        }
        plans
    }
}
