//! What one side lacks of the other.

use std::collections::BTreeMap;

use serde::Serialize;
use tollgate::bucket::Throttle;
use tollgate::id::{KeyId, PlanId};
use tollgate::key::LEAKED_AT;
use tollgate::plan::CoveredStage;
use tollgate::quota::{Day, Quota};
use tollgate::store::NewPlan;

use super::holdings::{HeldKey, HeldPlan, HeldValue, Holdings, Pending};
use super::stage_map::StageMap;

/// What is to be done so that the target has what the source has.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// What is to be done with each plan of the source.
    pub plans: Vec<PlanStep<'a>>,
    /// What is to be done with each key of the source that can be brought over.
    pub keys: Vec<KeyStep<'a>>,
    /// Keys that cannot be brought over, and why.
    pub impossible: Vec<(KeyId, &'a str, String)>,
}

/// Whether something is made, changed or left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is not there.
    Create,
    /// It is there, and differs.
    Change,
    /// It is there as it should be.
    Keep,
}

/// How many are made, changed and left as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// They are not there.
    pub created: usize,
    /// They are there, and differ.
    pub changed: usize,
    /// They are there as they should be.
    pub unchanged: usize,
}

/// A member that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which.
    pub member: String,
    /// What it is, empty for nothing.
    pub from: String,
    /// What it becomes.
    pub to: String,
}

/// What is to be done with a plan.
#[derive(Debug)]
pub struct PlanStep<'a> {
    /// The plan's id on both sides.
    pub id: &'a PlanId,
    /// What it becomes.
    pub wanted: NewPlan,
    /// What it is.
    pub found: Option<&'a HeldPlan>,
    /// What changes of a plan that is there.
    pub differences: Vec<Difference>,
}

/// What is to be done with a key.
#[derive(Debug)]
pub struct KeyStep<'a> {
    /// The key's id on both sides.
    pub id: &'a KeyId,
    /// What it becomes.
    pub wanted: HeldKey,
    /// What it is.
    pub found: Option<&'a HeldKey>,
    /// What changes of a key that is there.
    pub differences: Vec<Difference>,
    /// The plans that it joins.
    pub joins: Vec<&'a PlanId>,
    /// What is left of quotas that it has used some of, where the target does not know of it.
    pub remaining: Vec<Remaining<'a>>,
    /// Whether it may not be used until the target knows of that.
    pub is_held_back: bool,
    /// Whether it is disabled, as in the source.
    pub is_disabled: bool,
    /// Whether it stays disabled, although it may be used in the source: somebody has disabled it in the target.
    pub stays_disabled: bool,
}

/// What is left to a key of a plan's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining<'a> {
    /// The plan.
    pub plan: &'a PlanId,
    /// The requests.
    pub requests: u64,
    /// The quota.
    pub quota: Quota,
    /// The first day of the window in which they are left.
    pub window: Day,
}

impl Counts {
    /// Counts one more.
    pub const fn count(&mut self, deed: Deed) {
        match deed {
            Deed::Create => self.created += 1,
            Deed::Change => self.changed += 1,
            Deed::Keep => self.unchanged += 1,
        }
    }
}

impl FromIterator<Deed> for Counts {
    fn from_iter<I: IntoIterator<Item = Deed>>(deeds: I) -> Self {
        let mut counts = Self::default();
        for deed in deeds {
            counts.count(deed);
        }
        counts
    }
}

impl PlanStep<'_> {
    /// What is done with the plan.
    pub const fn deed(&self) -> Deed {
        match self.found {
            None => Deed::Create,
            Some(_) if self.differences.is_empty() => Deed::Keep,
            Some(_) => Deed::Change,
        }
    }
}

impl KeyStep<'_> {
    /// What is done with the key.
    pub fn deed(&self) -> Deed {
        match self.found {
            None => Deed::Create,
            Some(found)
                if self.differences.is_empty()
                    && self.joins.is_empty()
                    && self.remaining.is_empty()
                    && !self.is_disabled
                    && found.pending.is_none() =>
            {
                Deed::Keep
            }
            Some(_) => Deed::Change,
        }
    }
}

impl<'a> Comparison<'a> {
    /// Compares two sides. Stages of the source have the names that `stages` gives them.
    #[must_use]
    pub fn new(source: &'a Holdings, target: &'a Holdings, stages: &StageMap) -> Self {
        let plans = source.plans.iter().map(|(id, plan)| {
            let found = target.plans.get(id);
            let wanted = merged_plan(&plan.settings, found.map(|found| &found.settings), stages);
            let differences = found.map(|found| plan_differences(&found.settings, &wanted));
            PlanStep {
                id,
                wanted,
                found,
                differences: differences.unwrap_or_default(),
            }
        });
        let by_value = keys_by_value(target);
        let memberships = source.plans_of_keys();
        let mut keys = Vec::new();
        let mut impossible = Vec::new();
        for (id, key) in &source.keys {
            // A key that came another way has the value, and another id.
            let same_value = key
                .value
                .known()
                .and_then(|value| by_value.get(value.expose()));
            let there = target.keys.get_key_value(id).or_else(|| {
                let id = *same_value?;
                target.keys.get_key_value(id)
            });
            let plans = memberships.get(id).map_or(&[][..], Vec::as_slice);
            match obstacle(key, there.map(|(_, found)| found), same_value.copied(), id) {
                Some(why) => impossible.push((id.clone(), key.name.as_str(), why)),
                None => keys.push(KeyStep::new((id, key), there, plans, target)),
            }
        }
        Self {
            plans: plans.collect(),
            keys,
            impossible,
        }
    }
}

fn keys_by_value(target: &Holdings) -> BTreeMap<&str, &KeyId> {
    let valued = target.keys.iter().filter_map(|(id, key)| {
        let value = key.value.known()?;
        Some((value.expose(), id))
    });
    valued.collect()
}

/// Why a key cannot be brought over.
fn obstacle(
    key: &HeldKey,
    found: Option<&HeldKey>,
    same_value: Option<&KeyId>,
    id: &KeyId,
) -> Option<String> {
    match (found, &key.value) {
        (None, HeldValue::Hidden) => Some("its value cannot be read".to_owned()),
        (None, HeldValue::Unusable(why)) => Some(format!("its value cannot be used: {why}")),
        (Some(found), HeldValue::Known(value)) => match found.value.known() {
            Some(other) if other != value => Some(match same_value {
                Some(other) => format!("key {other} has its value, and key {id} has another"),
                None => format!("key {id} has another value"),
            }),
            Some(_) | None => None,
        },
        (None, HeldValue::Known(_)) | (Some(_), HeldValue::Hidden | HeldValue::Unusable(_)) => None,
    }
}

impl<'a> KeyStep<'a> {
    fn new(
        (id, key): (&'a KeyId, &'a HeldKey),
        there: Option<(&'a KeyId, &'a HeldKey)>,
        plans: &[(&'a PlanId, &'a HeldPlan)],
        target: &'a Holdings,
    ) -> Self {
        let found = there.map(|(_, found)| found);
        let wanted = merged_key(key, found);
        // What nobody has used yet, and what an interrupted import has made, is as the source says. What may have been used has the less of
        // what both sides leave to it.
        let is_unused = match found {
            None => true,
            Some(found) => found.pending == Some(Pending::Created) && !found.enabled,
        };
        let mut joins = Vec::new();
        let mut remaining = Vec::new();
        for &(plan_id, from) in plans {
            let to = target.plans.get(plan_id);
            let member =
                there.and_then(|(id, _)| Some((id, to.filter(|to| to.keys.contains(id))?)));
            if member.is_none() {
                joins.push(plan_id);
            }
            let (Some(quota), Some(window)) = (from.settings.quota, from.window) else {
                continue;
            };
            let Some(requests) = from.remaining.get(id).copied() else {
                continue;
            };
            let left_there = member.map(|(id, to)| {
                left_under(quota, to.settings.quota, to.remaining.get(id).copied())
            });
            let is_set = match left_there {
                None => requests != quota.limit(),
                Some(left) if is_unused => requests != left,
                Some(left) => requests < left,
            };
            if is_set {
                remaining.push(Remaining {
                    plan: plan_id,
                    requests,
                    quota,
                    window,
                });
            }
        }
        let joins_used = remaining.iter().any(|left| joins.contains(&left.plan));
        let is_pending = found.is_some_and(|found| found.pending.is_some());
        Self {
            id,
            found,
            differences: found.map_or_else(Vec::new, |found| key_differences(found, &wanted)),
            wanted,
            joins,
            remaining,
            is_held_back: is_pending || (joins_used && found.is_none_or(|found| found.enabled)),
            is_disabled: found.is_some_and(|found| found.enabled) && !key.enabled,
            stays_disabled: found.is_some_and(|found| !found.enabled) && !is_pending && key.enabled,
        }
    }
}

/// What is left of `quota` once a plan gets it in the place of `old`, of which `left` is left. What was used stays used while the period
/// is the same; in another one nothing is.
fn left_under(quota: Quota, old: Option<Quota>, left: Option<u64>) -> u64 {
    match old {
        Some(old) if (old.period(), old.offset()) == (quota.period(), quota.offset()) => {
            let left = left.unwrap_or(old.limit());
            if left > old.limit() {
                quota.limit().saturating_add(left - old.limit())
            } else {
                quota.limit().saturating_sub(old.limit() - left)
            }
        }
        Some(_) | None => quota.limit(),
    }
}

/// The plan as the source has it, with what only the target has.
fn merged_plan(source: &NewPlan, found: Option<&NewPlan>, map: &StageMap) -> NewPlan {
    let mapped = map.apply(&source.stages);
    let Some(found) = found else {
        return NewPlan {
            stages: mapped,
            ..source.clone()
        };
    };
    let mut stages = found.stages.clone();
    for stage in mapped {
        match stages
            .iter_mut()
            .find(|known| known.api_stage == stage.api_stage)
        {
            Some(known) => {
                for (method, limits) in &stage.method_throttles {
                    known.set_method_throttle(method, limits.throttle);
                }
            }
            None => stages.push(stage),
        }
    }
    NewPlan {
        id: source.id.clone(),
        name: source.name.clone(),
        description: either(source.description.as_ref(), found.description.as_ref()),
        product_code: either(source.product_code.as_ref(), found.product_code.as_ref()),
        throttle: source.throttle.or(found.throttle),
        quota: source.quota.or(found.quota),
        stages,
        tags: merged_tags(&source.tags, &found.tags),
    }
}

/// The key as the source has it, with what only the target has.
fn merged_key(source: &HeldKey, found: Option<&HeldKey>) -> HeldKey {
    let Some(found) = found else {
        return source.clone();
    };
    HeldKey {
        description: either(source.description.as_ref(), found.description.as_ref()),
        customer_id: either(source.customer_id.as_ref(), found.customer_id.as_ref()),
        tags: merged_tags(&source.tags, &found.tags),
        // A value that was found in public opens nothing, whatever the source has not heard yet.
        enabled: source.enabled && (found.enabled || !found.tags.contains_key(LEAKED_AT)),
        ..source.clone()
    }
}

fn either(source: Option<&String>, found: Option<&String>) -> Option<String> {
    source.or(found).cloned()
}

fn merged_tags(
    source: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut tags = found.clone();
    tags.extend(source.clone());
    tags
}

fn plan_differences(found: &NewPlan, wanted: &NewPlan) -> Vec<Difference> {
    let mut differences = Differences::default();
    differences.add("name", &found.name, &wanted.name);
    differences.add_optional(
        "description",
        found.description.as_deref(),
        wanted.description.as_deref(),
    );
    differences.add_optional(
        "product code",
        found.product_code.as_deref(),
        wanted.product_code.as_deref(),
    );
    differences.add(
        "throttle",
        &text_of_throttle(found.throttle),
        &text_of_throttle(wanted.throttle),
    );
    differences.add(
        "quota",
        &text_of_quota(found.quota),
        &text_of_quota(wanted.quota),
    );
    for stage in &wanted.stages {
        let known = found
            .stages
            .iter()
            .find(|known| known.api_stage == stage.api_stage);
        differences.add_stage(known, stage);
    }
    differences.add_tags(&found.tags, &wanted.tags);
    differences.0
}

fn key_differences(found: &HeldKey, wanted: &HeldKey) -> Vec<Difference> {
    let mut differences = Differences::default();
    differences.add("name", &found.name, &wanted.name);
    differences.add_optional(
        "description",
        found.description.as_deref(),
        wanted.description.as_deref(),
    );
    differences.add_optional(
        "customer id",
        found.customer_id.as_deref(),
        wanted.customer_id.as_deref(),
    );
    differences.add_tags(&found.tags, &wanted.tags);
    differences.0
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn add(&mut self, member: &str, from: &str, to: &str) {
        if from != to {
            self.0.push(Difference {
                member: member.to_owned(),
                from: from.to_owned(),
                to: to.to_owned(),
            });
        }
    }

    fn add_optional(&mut self, member: &str, from: Option<&str>, to: Option<&str>) {
        self.add(member, from.unwrap_or_default(), to.unwrap_or_default());
    }

    fn add_stage(&mut self, found: Option<&CoveredStage>, wanted: &CoveredStage) {
        let name = wanted.api_stage.to_string();
        self.add("stage", if found.is_some() { &name } else { "" }, &name);
        for (method, limits) in &wanted.method_throttles {
            let known = found.and_then(|stage| stage.method_throttles.get(method));
            self.add(
                &format!("throttle of {name} {method}"),
                &text_of_throttle(known.map(|known| known.throttle)),
                &text_of_throttle(Some(limits.throttle)),
            );
        }
    }

    fn add_tags(&mut self, found: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) {
        for (name, to) in wanted {
            let from = found.get(name).map_or("", String::as_str);
            if found.get(name) != Some(to) {
                self.0.push(Difference {
                    member: format!("tag {name}"),
                    from: from.to_owned(),
                    to: to.clone(),
                });
            }
        }
    }
}

fn text_of_throttle(throttle: Option<Throttle>) -> String {
    throttle.map_or_else(String::new, |Throttle { rate, burst }| {
        format!("{}/s, burst {burst}", rate.as_per_second())
    })
}

fn text_of_quota(quota: Option<Quota>) -> String {
    quota.map_or_else(String::new, |quota| match quota.offset() {
        0 => format!("{}/{}", quota.limit(), quota.period()),
        offset => format!("{}/{} + {offset} d", quota.limit(), quota.period()),
    })
}

#[cfg(test)]
mod tests;
