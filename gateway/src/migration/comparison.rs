//! What one side lacks of the other.

mod differences;
mod keys;
mod merged;

use std::collections::BTreeMap;

use serde::Serialize;
use tollgate::id::{KeyId, PlanId};
use tollgate::store::NewPlan;

use super::holdings::{HeldPlan, Holdings};
use super::stage_map::StageMap;

pub use differences::Difference;
pub use keys::KeyStep;

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

impl<'a> Comparison<'a> {
    /// Compares two sides. Stages of the source have the names that `stages` gives them.
    #[must_use]
    pub fn new(source: &'a Holdings, target: &'a Holdings, stages: &StageMap) -> Self {
        let plans = source.plans.iter().map(|(id, plan)| {
            let found = target.plans.get(id);
            let wanted = merged::plan(&plan.settings, found.map(|found| &found.settings), stages);
            let differences = found.map(|found| differences::of_plan(&found.settings, &wanted));
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
            match keys::obstacle(key, there.map(|(_, found)| found), same_value.copied(), id) {
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

#[cfg(test)]
mod tests;
