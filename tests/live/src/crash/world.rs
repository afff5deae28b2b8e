//! What one operator has made: as it should be, or as it was found. Everything goes by its name, since ids are the gateway's to give.

use std::collections::{BTreeMap, BTreeSet};

/// The keys and plans of one operator, and the stages of its API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct World {
    pub(super) keys: BTreeMap<String, Key>,
    pub(super) plans: BTreeMap<String, Plan>,
    /// The deployments, by their descriptions.
    pub(super) deployments: BTreeSet<String>,
    /// The deployment of each stage.
    pub(super) stages: BTreeMap<String, String>,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) value: String,
    pub(super) enabled: bool,
    pub(super) plans: BTreeSet<String>,
}

/// A usage plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) rate: u64,
    pub(super) stages: BTreeSet<String>,
}

/// The ids of what has a name.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    pub(super) api: String,
    pub(super) keys: BTreeMap<String, String>,
    pub(super) plans: BTreeMap<String, String>,
    pub(super) deployments: BTreeMap<String, String>,
}

impl World {
    /// Whether a key has two plans that cover the same stage, which no operator may bring about.
    pub(super) fn has_two_plans_for_a_stage(&self) -> bool {
        self.keys.values().any(|key| {
            let mut covered = BTreeSet::new();
            let stages = key
                .plans
                .iter()
                .filter_map(|plan| self.plans.get(plan))
                .flat_map(|plan| &plan.stages);
            stages.into_iter().any(|stage| !covered.insert(stage))
        })
    }

    /// Whether a plan covers this stage.
    pub(super) fn is_covered(&self, stage: &str) -> bool {
        self.plans.values().any(|plan| plan.stages.contains(stage))
    }

    /// Whether this is `before` with some keys less in one plan.
    pub(super) fn is_on_the_way_from(&self, before: &Self, plan: &str) -> bool {
        let mut seen = before.clone();
        for (name, key) in &mut seen.keys {
            let is_still_in = self
                .keys
                .get(name)
                .is_some_and(|found| found.plans.contains(plan));
            if !is_still_in {
                key.plans.remove(plan);
            }
        }
        seen == *self
    }

    /// What differs, in words.
    pub(super) fn difference(&self, other: &Self) -> String {
        let mut said = Vec::new();
        compare("key", &self.keys, &other.keys, &mut said);
        compare("plan", &self.plans, &other.plans, &mut said);
        compare("stage", &self.stages, &other.stages, &mut said);
        for gone in self.deployments.difference(&other.deployments) {
            said.push(format!("deployment {gone} is missing"));
        }
        for new in other.deployments.difference(&self.deployments) {
            said.push(format!("deployment {new} is there"));
        }
        said.join("; ")
    }
}

fn compare<T: PartialEq + std::fmt::Debug>(
    what: &str,
    expected: &BTreeMap<String, T>,
    found: &BTreeMap<String, T>,
    said: &mut Vec<String>,
) {
    for (name, one) in expected {
        match found.get(name) {
            Some(other) if other == one => {}
            Some(other) => said.push(format!("{what} {name} is {other:?} instead of {one:?}")),
            None => said.push(format!("{what} {name} is missing")),
        }
    }
    for name in found.keys().filter(|name| !expected.contains_key(*name)) {
        said.push(format!("{what} {name} is there"));
    }
}
