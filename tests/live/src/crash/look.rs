//! What there is of an operator's things, seen from every side on which they can be seen.

use std::collections::BTreeSet;

use ::tests::Result;
use serde_json::{Value, json};
use tollgate::id::ApiStage;
use tollgate::key::KeyValue;
use tollgate::store::{KeyRegistry as _, PageRequest, PlanRegistry as _};

use super::world::{Ids, Key, Plan, World};
use crate::management::{Management, text};

/// The most entries of a page.
const PAGE: u32 = 500;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) world: World,
    pub(super) ids: Ids,
    /// Where two sides do not agree, in words.
    pub(super) contradictions: Vec<String>,
}

/// Everything whose name starts with `prefix`, and what belongs to the API `api`.
///
/// # Errors
///
/// When something that is listed cannot be read.
pub(super) async fn look(management: &Management, prefix: &str, api: &str) -> Result<Found> {
    let mut found = Found::default();
    api.clone_into(&mut found.ids.api);
    found.look_at_api(management).await?;
    found.look_at_plans(management, prefix).await?;
    found.look_at_keys(management, prefix).await?;
    found.look_at_places(management).await?;
    found.look_at_coverage(management).await?;
    Ok(found)
}

impl Found {
    fn contradict(&mut self, what: String) {
        self.contradictions.push(what);
    }

    async fn look_at_api(&mut self, management: &Management) -> Result<()> {
        let api = format!("/restapis/{}", self.ids.api);
        for deployment in management
            .list(&format!("{api}/deployments?limit={PAGE}"))
            .await?
        {
            let (id, label) = (text(&deployment, "id"), text(&deployment, "description"));
            let one = format!("{api}/deployments/{id}?embed=apisummary");
            // What a deployment serves stands in items of its own.
            let served = management.get(&one).await?;
            if served.pointer("/apiSummary/~1/GET").is_none() {
                self.contradict(format!("deployment {label} serves nothing: {served}"));
            }
            if !self.world.deployments.insert(label.clone()) {
                self.contradict(format!("there are two deployments {label}"));
            }
            self.ids.deployments.insert(label, id);
        }
        let stages = management.get(&format!("{api}/stages")).await?;
        for stage in stages
            .get("item")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = text(stage, "stageName");
            let id = text(stage, "deploymentId");
            let label = self.ids.deployments.iter().find(|(_, known)| **known == id);
            let label = label.map(|(label, _)| label.clone());
            match label {
                Some(label) => {
                    self.world.stages.insert(name, label);
                }
                None => self.contradict(format!("stage {name} has no deployment: {id}")),
            }
        }
        Ok(())
    }

    async fn look_at_plans(&mut self, management: &Management, prefix: &str) -> Result<()> {
        let all = management
            .list(&format!("/usageplans?limit={PAGE}"))
            .await?;
        for listed in all {
            let (id, name) = (text(&listed, "id"), text(&listed, "name"));
            if !name.starts_with(prefix) {
                continue;
            }
            let one = management.get(&format!("/usageplans/{id}")).await?;
            for member in ["name", "throttle", "quota", "apiStages"] {
                if one.get(member) != listed.get(member) {
                    self.contradict(format!("plan {name}: {one}, and in the list {listed}"));
                }
            }
            let rate = one.pointer("/throttle/rateLimit").and_then(Value::as_f64);
            let stages = one.get("apiStages").and_then(Value::as_array);
            let stages = stages.into_iter().flatten();
            let plan = Plan {
                // The operators' rates are whole.
                rate: rate.map_or(0, |rate| rate.to_string().parse().unwrap_or(0)),
                stages: stages.map(|stage| text(stage, "stage")).collect(),
            };
            if self.world.plans.insert(name.clone(), plan).is_some() {
                self.contradict(format!("there are two plans {name}"));
            }
            self.ids.plans.insert(name, id);
        }
        Ok(())
    }

    async fn look_at_keys(&mut self, management: &Management, prefix: &str) -> Result<()> {
        let path = format!("/apikeys?name={prefix}&limit={PAGE}&includeValues=true");
        for listed in management.list(&path).await? {
            let (id, name) = (text(&listed, "id"), text(&listed, "name"));
            let one = management
                .get(&format!("/apikeys/{id}?includeValue=true"))
                .await?;
            for member in ["name", "value", "enabled", "stageKeys"] {
                if one.get(member) != listed.get(member) {
                    self.contradict(format!("key {name}: {one}, and in the list {listed}"));
                }
            }
            let value = text(&one, "value");
            let by_value = management
                .store
                .key_by_value(&KeyValue::parse(&value)?)
                .await?;
            if by_value.as_ref().map(ToString::to_string).as_ref() != Some(&id) {
                self.contradict(format!("key {name} is {id}, and by its value {by_value:?}"));
            }
            let plans = management.list(&format!("/usageplans?keyId={id}")).await?;
            let key = Key {
                value,
                enabled: one.get("enabled") == Some(&json!(true)),
                plans: plans.iter().map(|plan| text(plan, "name")).collect(),
            };
            if self.world.keys.insert(name.clone(), key).is_some() {
                self.contradict(format!("there are two keys {name}"));
            }
            self.ids.keys.insert(name, id);
        }
        Ok(())
    }

    /// A key's place in a plan is seen from the key, from the plan's list, and by itself.
    async fn look_at_places(&mut self, management: &Management) -> Result<()> {
        let mut of_keys = BTreeSet::new();
        for (name, key) in &self.world.keys {
            of_keys.extend(key.plans.iter().map(|plan| (name.clone(), plan.clone())));
        }
        let mut of_plans = BTreeSet::new();
        for (plan, id) in self.ids.plans.clone() {
            let path = format!("/usageplans/{id}/keys?limit={PAGE}");
            for key in management.list(&path).await? {
                of_plans.insert((text(&key, "name"), plan.clone()));
            }
            for (key, key_id) in self.ids.keys.clone() {
                let is_in = management
                    .store
                    .key_in_plan(&key_id.as_str().into(), &id.as_str().into())
                    .await?;
                if is_in != of_keys.contains(&(key.clone(), plan.clone())) {
                    self.contradict(format!("whether key {key} is in plan {plan}: {is_in}"));
                }
            }
        }
        if of_keys != of_plans {
            self.contradict(format!(
                "keys say that they are in {of_keys:?}, plans in {of_plans:?}"
            ));
        }
        Ok(())
    }

    /// That a plan covers a stage is seen from the plan and from the stage.
    async fn look_at_coverage(&mut self, management: &Management) -> Result<()> {
        for stage in self.world.stages.keys().cloned().collect::<Vec<_>>() {
            let page = PageRequest {
                limit: PAGE,
                after: None,
            };
            let of_stage = management
                .store
                .plans_of_stage(&ApiStage::new(self.ids.api.as_str(), stage.as_str()), &page)
                .await?;
            let of_stage: BTreeSet<String> =
                of_stage.entries.iter().map(ToString::to_string).collect();
            let covering = self
                .world
                .plans
                .iter()
                .filter(|(_, plan)| plan.stages.contains(&stage));
            let of_plans: BTreeSet<String> = covering
                .filter_map(|(name, _)| self.ids.plans.get(name).cloned())
                .collect();
            if of_stage != of_plans {
                self.contradict(format!(
                    "stage {stage} is covered by {of_stage:?}, of the plans {of_plans:?} say so"
                ));
            }
        }
        for (name, plan) in self.world.plans.clone() {
            for stage in plan.stages {
                if !self.world.stages.contains_key(&stage) {
                    self.contradict(format!("plan {name} covers {stage}, which is not there"));
                }
            }
        }
        Ok(())
    }
}
