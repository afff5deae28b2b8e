//! `Custom::ApiStage`: a stage in a plan that stands in another stack, or was made by hand.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::properties::API_STAGE;
use super::{Resource, ResourceChange, ResourceRequest, composed_id};
use crate::control::Inner;
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::usage_plans::usage_plan::{
    check, covered_stage, require_methods, require_stages,
};
use crate::id::{ApiStage, PlanId};
use crate::store::{ApiRegistry, NewPlan, PlanChange, Registry, RegistryError};
use crate::time::Clock;

/// What the tags of plans start with that say which resource put a stage there.
pub(super) const OWNER_TAG_PREFIX: &str = "tollgate:stage:";

pub(super) fn owner_tag(api_stage: &ApiStage) -> String {
    format!("{OWNER_TAG_PREFIX}{api_stage}")
}

pub(super) fn physical_id(properties: &Map<String, Value>) -> Result<String, ControlError> {
    let members = API_STAGE.read(properties)?;
    let (covered, _methods) = covered_stage(&members)?;
    composed_id(format!("{}:{}", plan_id(&members)?, covered.api_stage))
}

fn plan_id(members: &Members) -> Result<PlanId, ControlError> {
    Ok(members.required_text("usagePlanId")?.into())
}

pub(super) async fn change<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    request: &ResourceRequest,
) -> Result<Resource, ControlError> {
    match &request.change {
        ResourceChange::Create | ResourceChange::Update { .. } => attach(control, request).await,
        ResourceChange::Delete { physical_id } => {
            detach(control, physical_id, &request.owner()).await?;
            Ok(Resource::new(physical_id.as_str()))
        }
    }
}

/// Puts the stage into the plan, or changes its throttles there. Where another plan or stage is meant than before, the resource has another
/// id, and CloudFormation deletes the former.
async fn attach<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    request: &ResourceRequest,
) -> Result<Resource, ControlError> {
    let members = API_STAGE.read(&request.properties)?;
    let (covered, methods) = covered_stage(&members)?;
    let physical_id = physical_id(&request.properties)?;
    let id = plan_id(&members)?;
    require_stages(control, std::iter::once(&covered.api_stage)).await?;
    require_methods(control, &methods).await?;
    let (tag, owner) = (owner_tag(&covered.api_stage), request.owner());
    let aws_limits = control.settings.aws_limits;
    control
        .store
        .edit_plan(&id, |plan: &mut NewPlan| -> Result<(), ControlError> {
            let is_covered = plan
                .stages
                .iter()
                .any(|known| known.api_stage == covered.api_stage);
            if is_covered && plan.tags.get(&tag) != Some(&owner) {
                return Err(ControlError::conflict(format!(
                    "usage plan {id} covers the stage {} already, by its own template, another resource or an operator; remove it there first",
                    covered.api_stage
                )));
            }
            plan.tags.insert(tag.clone(), owner.clone());
            PlanChange::AddStage(covered.clone()).apply(plan);
            check(plan, aws_limits)
        })
        .await?;
    Ok(Resource::new(physical_id))
}

/// Takes the stage out of the plan, if it was this resource that put it there.
async fn detach<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    physical_id: &str,
    owner: &str,
) -> Result<(), ControlError> {
    let Some((plan_id, api_stage)) = physical_id
        .split_once(':')
        .and_then(|(plan_id, stage)| Some((PlanId::from(plan_id), ApiStage::parse(stage)?)))
    else {
        return Ok(());
    };
    let tag = owner_tag(&api_stage);
    let is_ours =
        |tags: &BTreeMap<String, String>| tags.get(&tag).is_some_and(|known| known == owner);
    match control.store.plan_by_id(&plan_id).await? {
        Some(plan) if is_ours(&plan.tags) => {}
        Some(_) | None => return Ok(()),
    }
    let detached = control
        .store
        .edit_plan(
            &plan_id,
            |plan: &mut NewPlan| -> Result<(), RegistryError> {
                if is_ours(&plan.tags) {
                    plan.tags.remove(&tag);
                    PlanChange::RemoveStage(api_stage.clone()).apply(plan);
                }
                Ok(())
            },
        )
        .await;
    match detached {
        Ok(_) | Err(RegistryError::NoSuchPlan(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
