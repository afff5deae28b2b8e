//! What an operator may ask for, and what follows from it.

use fastrand::Rng;
use serde_json::{Value, json};

use super::world::{Ids, Key, Plan, World};

/// The most keys, plans, deployments and stages that an operator has at a time.
const MOST: usize = 8;

/// One request to the management API.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    CreateKey { name: String, value: String },
    SwitchKey { name: String, enabled: bool },
    DeleteKey { name: String },
    CreatePlan { name: String, stage: Option<String> },
    ChangeRate { name: String, rate: u64 },
    DeletePlan { name: String },
    Join { key: String, plan: String },
    Leave { key: String, plan: String },
    Cover { plan: String, stage: String },
    Uncover { plan: String, stage: String },
    Deploy { label: String },
    Undeploy { label: String },
    CreateStage { stage: String, label: String },
    MoveStage { stage: String, label: String },
    DeleteStage { stage: String },
}

/// A request as it is sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Value,
}

/// The rate of a new plan.
const FIRST_RATE: u64 = 10;

impl Operation {
    /// One that the management API should carry out. `fresh` is a name that nothing has had.
    pub(super) fn draw(random: &mut Rng, world: &World, fresh: &str) -> Self {
        loop {
            if let Some(drawn) = Self::draw_any(random, world, fresh)
                && drawn.is_allowed(world)
            {
                return drawn;
            }
        }
    }

    fn draw_any(random: &mut Rng, world: &World, fresh: &str) -> Option<Self> {
        let name = fresh.to_owned();
        let key = random.choice(world.keys.keys()).cloned();
        let plan = random.choice(world.plans.keys()).cloned();
        let stage = random.choice(world.stages.keys()).cloned();
        let label = random.choice(&world.deployments).cloned();
        Some(match random.u8(..15) {
            0 => Self::CreateKey {
                value: format!("{name}-value-of-a-key-{:08x}", random.u32(..)),
                name,
            },
            1 => Self::SwitchKey {
                name: key?,
                enabled: random.bool(),
            },
            2 => Self::DeleteKey { name: key? },
            3 => Self::CreatePlan { name, stage },
            4 => Self::ChangeRate {
                name: plan?,
                rate: random.u64(1..1_000),
            },
            5 => Self::DeletePlan { name: plan? },
            6 => Self::Join {
                key: key?,
                plan: plan?,
            },
            7 => Self::Leave {
                key: key?,
                plan: plan?,
            },
            8 => Self::Cover {
                plan: plan?,
                stage: stage?,
            },
            9 => Self::Uncover {
                plan: plan?,
                stage: stage?,
            },
            10 => Self::Deploy { label: name },
            11 => Self::Undeploy { label: label? },
            12 => Self::CreateStage {
                stage: name,
                label: label?,
            },
            13 => Self::MoveStage {
                stage: stage?,
                label: label?,
            },
            _ => Self::DeleteStage { stage: stage? },
        })
    }

    /// Whether the management API should carry it out.
    fn is_allowed(&self, world: &World) -> bool {
        let is_in = |key: &str, plan: &str| {
            let key = world.keys.get(key);
            key.is_some_and(|key| key.plans.contains(plan))
        };
        let covers = |plan: &str, stage: &str| {
            let plan = world.plans.get(plan);
            plan.is_some_and(|plan| plan.stages.contains(stage))
        };
        let is_fine = match self {
            Self::CreateKey { .. } => world.keys.len() < MOST,
            Self::CreatePlan { .. } => world.plans.len() < MOST,
            Self::Deploy { .. } => world.deployments.len() < MOST,
            Self::CreateStage { .. } => world.stages.len() < MOST,
            Self::SwitchKey { .. }
            | Self::DeleteKey { .. }
            | Self::ChangeRate { .. }
            | Self::MoveStage { .. } => true,
            Self::DeletePlan { name } => world
                .plans
                .get(name)
                .is_some_and(|plan| plan.stages.is_empty()),
            Self::Join { key, plan } => !is_in(key, plan),
            Self::Leave { key, plan } => is_in(key, plan),
            Self::Cover { plan, stage } => !covers(plan, stage),
            Self::Uncover { plan, stage } => covers(plan, stage),
            Self::Undeploy { label } => !world.stages.values().any(|active| active == label),
            Self::DeleteStage { stage } => !world.is_covered(stage),
        };
        is_fine && !self.applied_to(world).has_two_plans_for_a_stage()
    }

    /// What is there when it has been carried out.
    pub(super) fn applied_to(&self, world: &World) -> World {
        let mut after = world.clone();
        match self.clone() {
            Self::CreateKey { name, value } => {
                let key = Key {
                    value,
                    enabled: true,
                    plans: [].into(),
                };
                after.keys.insert(name, key);
            }
            Self::SwitchKey { name, enabled } => {
                if let Some(key) = after.keys.get_mut(&name) {
                    key.enabled = enabled;
                }
            }
            Self::DeleteKey { name } => {
                after.keys.remove(&name);
            }
            Self::CreatePlan { name, stage } => {
                let plan = Plan {
                    rate: FIRST_RATE,
                    stages: stage.into_iter().collect(),
                };
                after.plans.insert(name, plan);
            }
            Self::ChangeRate { name, rate } => {
                if let Some(plan) = after.plans.get_mut(&name) {
                    plan.rate = rate;
                }
            }
            Self::DeletePlan { name } => {
                after.plans.remove(&name);
                for key in after.keys.values_mut() {
                    key.plans.remove(&name);
                }
            }
            Self::Join { key, plan } => {
                if let Some(key) = after.keys.get_mut(&key) {
                    key.plans.insert(plan);
                }
            }
            Self::Leave { key, plan } => {
                if let Some(key) = after.keys.get_mut(&key) {
                    key.plans.remove(&plan);
                }
            }
            Self::Cover { plan, stage } => {
                if let Some(plan) = after.plans.get_mut(&plan) {
                    plan.stages.insert(stage);
                }
            }
            Self::Uncover { plan, stage } => {
                if let Some(plan) = after.plans.get_mut(&plan) {
                    plan.stages.remove(&stage);
                }
            }
            Self::Deploy { label } => {
                after.deployments.insert(label);
            }
            Self::Undeploy { label } => {
                after.deployments.remove(&label);
            }
            Self::CreateStage { stage, label } | Self::MoveStage { stage, label } => {
                after.stages.insert(stage, label);
            }
            Self::DeleteStage { stage } => {
                after.stages.remove(&stage);
            }
        }
        after
    }

    /// `None` when something that it names has no id.
    pub(super) fn request(&self, ids: &Ids) -> Option<Sent> {
        let key = |name: &str| ids.keys.get(name);
        let plan = |name: &str| ids.plans.get(name);
        let deployment = |label: &str| ids.deployments.get(label);
        let api = &ids.api;
        let (method, path, body) = match self {
            Self::CreateKey { name, value } => (
                "POST",
                "/apikeys".to_owned(),
                json!({"name": name, "value": value, "enabled": true}),
            ),
            Self::SwitchKey { name, enabled } => (
                "PATCH",
                format!("/apikeys/{}", key(name)?),
                patch("replace", "/enabled", &enabled.to_string()),
            ),
            Self::DeleteKey { name } => ("DELETE", format!("/apikeys/{}", key(name)?), Value::Null),
            Self::CreatePlan { name, stage } => {
                let stages: Vec<Value> = stage
                    .iter()
                    .map(|stage| json!({"apiId": api, "stage": stage}))
                    .collect();
                let throttle = json!({"rateLimit": FIRST_RATE, "burstLimit": 20});
                let body = json!({"name": name, "throttle": throttle, "apiStages": stages});
                ("POST", "/usageplans".to_owned(), body)
            }
            Self::ChangeRate { name, rate } => (
                "PATCH",
                format!("/usageplans/{}", plan(name)?),
                patch("replace", "/throttle/rateLimit", &rate.to_string()),
            ),
            Self::DeletePlan { name } => (
                "DELETE",
                format!("/usageplans/{}", plan(name)?),
                Value::Null,
            ),
            Self::Join {
                key: name,
                plan: of,
            } => (
                "POST",
                format!("/usageplans/{}/keys", plan(of)?),
                json!({"keyId": key(name)?, "keyType": "API_KEY"}),
            ),
            Self::Leave {
                key: name,
                plan: of,
            } => (
                "DELETE",
                format!("/usageplans/{}/keys/{}", plan(of)?, key(name)?),
                Value::Null,
            ),
            Self::Cover { plan: of, stage } => (
                "PATCH",
                format!("/usageplans/{}", plan(of)?),
                patch("add", "/apiStages", &format!("{api}:{stage}")),
            ),
            Self::Uncover { plan: of, stage } => (
                "PATCH",
                format!("/usageplans/{}", plan(of)?),
                patch("remove", "/apiStages", &format!("{api}:{stage}")),
            ),
            Self::Deploy { label } => (
                "POST",
                format!("/restapis/{api}/deployments"),
                json!({"description": label}),
            ),
            Self::Undeploy { label } => (
                "DELETE",
                format!("/restapis/{api}/deployments/{}", deployment(label)?),
                Value::Null,
            ),
            Self::CreateStage { stage, label } => (
                "POST",
                format!("/restapis/{api}/stages"),
                json!({"stageName": stage, "deploymentId": deployment(label)?}),
            ),
            Self::MoveStage { stage, label } => (
                "PATCH",
                format!("/restapis/{api}/stages/{stage}"),
                patch("replace", "/deploymentId", deployment(label)?),
            ),
            Self::DeleteStage { stage } => (
                "DELETE",
                format!("/restapis/{api}/stages/{stage}"),
                Value::Null,
            ),
        };
        Some(Sent { method, path, body })
    }

    /// Notes the id that the gateway has given to what was made.
    pub(super) fn learn(&self, ids: &mut Ids, answer: &Value) {
        let Some(id) = answer.get("id").and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        match self {
            Self::CreateKey { name, .. } => ids.keys.insert(name.clone(), id),
            Self::CreatePlan { name, .. } => ids.plans.insert(name.clone(), id),
            Self::Deploy { label } => ids.deployments.insert(label.clone(), id),
            Self::SwitchKey { .. }
            | Self::DeleteKey { .. }
            | Self::ChangeRate { .. }
            | Self::DeletePlan { .. }
            | Self::Join { .. }
            | Self::Leave { .. }
            | Self::Cover { .. }
            | Self::Uncover { .. }
            | Self::Undeploy { .. }
            | Self::CreateStage { .. }
            | Self::MoveStage { .. }
            | Self::DeleteStage { .. } => None,
        };
    }

    /// Whether a second request makes a second thing: nobody can tell the two apart but by looking.
    pub(super) fn makes_another(&self) -> bool {
        matches!(self, Self::CreatePlan { .. } | Self::Deploy { .. })
    }
}

fn patch(op: &str, path: &str, value: &str) -> Value {
    json!({"patchOperations": [{"op": op, "path": path, "value": value}]})
}
