//! `Custom::UsagePlan`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::api_stage::{self, OWNER_TAG_PREFIX};
use super::properties::USAGE_PLAN;
use super::{Resource, ResourceChange, ResourceRequest, tag_changes};
use crate::control::Inner;
use crate::control::error::ControlError;
use crate::control::usage_plans::usage_plan::{
    NamedMethods, check, covered_stage, make, new_plan, require_methods, require_stages,
};
use crate::id::PlanId;
use crate::plan::CoveredStage;
use crate::store::{ApiRegistry, NewPlan, PlanChange, Registry, RegistryError};
use crate::time::{Clock, Timestamp};

/// How often a plan is deleted when others put stages into it meanwhile.
const MAX_TRIES: u32 = 4;

pub(super) async fn change<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    request: &ResourceRequest,
    now: Timestamp,
) -> Result<Resource, ControlError> {
    let id = PlanId::from(request.physical_id());
    match &request.change {
        ResourceChange::Create => {
            let (mut new, methods) = read(request, &id)?;
            new.id = Some(id.clone());
            create(control, &new, &methods, now).await?;
        }
        ResourceChange::Update { old_properties, .. } => {
            let (new, methods) = read(request, &id)?;
            update(control, &id, &new, &methods, old_properties).await?;
        }
        ResourceChange::Delete { .. } => delete(control, &id, now).await?,
    }
    Ok(Resource::new(id.as_str()).with("Id", id.as_str()))
}

fn read(request: &ResourceRequest, id: &PlanId) -> Result<(NewPlan, NamedMethods), ControlError> {
    let mut properties = request.properties.clone();
    properties
        .entry("UsagePlanName")
        .or_insert_with(|| Value::String(request.default_name(id.as_str())));
    new_plan(&USAGE_PLAN.read(&properties)?)
}

async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    new: &NewPlan,
    methods: &NamedMethods,
    now: Timestamp,
) -> Result<(), ControlError> {
    let Some(id) = &new.id else {
        return make(control, new, methods, now).await.map(|_plan| ());
    };
    if control.store.plan_by_id(id).await?.is_some() {
        return Ok(());
    }
    match make(control, new, methods, now).await {
        Ok(_) => Ok(()),
        // The same request may have made it meanwhile.
        Err(error) => match control.store.plan_by_id(id).await? {
            Some(_) => Ok(()),
            None => Err(error),
        },
    }
}

/// Makes the plan what the template says. Of its stages and tags only those change that the template changes, so that what others have put
/// there stays.
async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    id: &PlanId,
    new: &NewPlan,
    methods: &NamedMethods,
    old_properties: &Map<String, Value>,
) -> Result<(), ControlError> {
    let old_stages = former_stages(old_properties);
    let old_tags = USAGE_PLAN
        .read_former(old_properties, "Tags")
        .text_map("tags")?
        .unwrap_or_default();
    let changed: Vec<&CoveredStage> = new
        .stages
        .iter()
        .filter(|covered| !old_stages.contains(covered))
        .collect();
    let gone: Vec<&CoveredStage> = old_stages
        .iter()
        .filter(|old| {
            let mut stages = new.stages.iter();
            stages.all(|covered| covered.api_stage != old.api_stage)
        })
        .collect();
    let tags = tag_changes(&old_tags, &new.tags);
    require_stages(control, changed.iter().map(|covered| &covered.api_stage)).await?;
    let named: NamedMethods = methods
        .iter()
        .filter(|(stage, _)| changed.iter().any(|covered| covered.api_stage == *stage))
        .cloned()
        .collect();
    require_methods(control, &named).await?;
    let aws_limits = control.settings.aws_limits;
    control
        .store
        .edit_plan(id, |plan: &mut NewPlan| -> Result<(), ControlError> {
            plan.name.clone_from(&new.name);
            plan.description.clone_from(&new.description);
            plan.throttle = new.throttle;
            plan.quota = new.quota;
            for covered in &gone {
                // It may belong to a `Custom::ApiStage` by now.
                if !plan
                    .tags
                    .contains_key(&api_stage::owner_tag(&covered.api_stage))
                {
                    PlanChange::RemoveStage(covered.api_stage.clone()).apply(plan);
                }
            }
            for covered in &changed {
                // It belongs to the plan from now on, whoever put it there.
                plan.tags.remove(&api_stage::owner_tag(&covered.api_stage));
                PlanChange::AddStage((*covered).clone()).apply(plan);
            }
            apply(&tags, &mut plan.tags);
            check(plan, aws_limits)
        })
        .await?;
    Ok(())
}

fn apply(changes: &BTreeMap<String, Option<String>>, tags: &mut BTreeMap<String, String>) {
    for (name, value) in changes {
        match value {
            _ if name.starts_with(OWNER_TAG_PREFIX) => None,
            Some(value) => tags.insert(name.clone(), value.clone()),
            None => tags.remove(name),
        };
    }
}

/// The stages of a former version of the template. One that could not be read was never in the plan.
fn former_stages(old_properties: &Map<String, Value>) -> Vec<CoveredStage> {
    let members = USAGE_PLAN.read_former(old_properties, "ApiStages");
    let stages = members.objects("apiStages").ok().flatten();
    stages
        .unwrap_or_default()
        .iter()
        .filter_map(|stage| covered_stage(stage).ok())
        .map(|(covered, _methods)| covered)
        .collect()
}

/// Deletes a plan with its stages. One that is not there any more, or was never made, is as good as deleted.
async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    id: &PlanId,
    now: Timestamp,
) -> Result<(), ControlError> {
    let mut tries = 0;
    loop {
        let outcome = match control.store.delete_plan(id, now).await {
            Err(RegistryError::HasStages { .. }) if tries < MAX_TRIES => {
                let emptied = control.store.edit_plan(
                    id,
                    |plan: &mut NewPlan| -> Result<(), RegistryError> {
                        plan.stages.clear();
                        Ok(())
                    },
                );
                emptied.await.map(|_plan| false)
            }
            outcome => outcome.map(|()| true),
        };
        match outcome {
            Ok(true) | Err(RegistryError::NoSuchPlan(_)) => return Ok(()),
            Ok(false) => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}
