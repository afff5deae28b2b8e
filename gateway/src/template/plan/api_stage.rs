//! The API stages of a plan: those that it lists, and those that are attached to it.

use sha2::{Digest as _, Sha256};

use super::{ApiStageSpec, PlanSpec, method_throttles, must_have_throttle};
use crate::template::{
    api::{ApiSpec, DEFAULT_ROUTE, DEFINITIONS},
    error::TemplateError,
    field::{Field, hex},
    resolver::Resolver,
    resource::Resource,
};

/// Reads `ApiId`, `Stage` and `Throttle`.
pub(super) fn read(
    resolver: &Resolver<'_>,
    api_stage: &Field<'_>,
    apis: &[ApiSpec],
) -> Result<ApiStageSpec, TemplateError> {
    let api_id = api_stage.required("ApiId")?.text()?.to_owned();
    let api = apis
        .iter()
        .find(|api| api.id == api_id)
        .filter(|api| all_methods_are_known(resolver, api));
    Ok(ApiStageSpec {
        stage: api_stage.required("Stage")?.text()?.to_owned(),
        method_throttles: method_throttles::read(api_stage, api)?,
        api_id,
    })
}

/// Reads a `Custom::ApiStage`, and adds its stage to the plan that it names.
///
/// # Errors
/// A property of the wrong shape, a plan that is not among `plans`, and a stage that the plan covers already.
pub(in crate::template) fn attach(
    resolver: &Resolver<'_>,
    resource: &Resource,
    apis: &[ApiSpec],
    plans: &mut [PlanSpec],
) -> Result<(), TemplateError> {
    let properties = Field::properties(resolver, resource);
    let plan_id = properties.required("UsagePlanId")?;
    let wanted = plan_id.text()?;
    let Some(plan) = plans.iter_mut().find(|plan| plan.id == wanted) else {
        let message = format!(
            "refers to {}, which is not a usage plan of this template",
            plan_id.shown()
        );
        return Err(plan_id.error(message, "name a usage plan with `!Ref`"));
    };
    let added = read(resolver, &properties, apis)?;
    let is_known =
        |known: &ApiStageSpec| known.api_id == added.api_id && known.stage == added.stage;
    if plan.api_stages.iter().any(is_known) {
        let message = format!(
            "adds the stage {}/{} to {}, which covers it already",
            added.api_id, added.stage, plan.logical_id
        );
        return Err(properties.error(message, "remove one of the two"));
    }
    plan.api_stages.push(added);
    must_have_throttle(plan, &properties)?;
    // The plan is another when the stages are.
    let mut hash = Sha256::new();
    hash.update(&plan.digest);
    hash.update(properties.digest()?);
    plan.digest = hex(&hash.finalize());
    Ok(())
}

/// Whether the template's events are all that gives the API methods.
fn all_methods_are_known(resolver: &Resolver<'_>, api: &ApiSpec) -> bool {
    let resource = resolver.resources.by_id.get(api.logical_id.as_str());
    resource.is_some_and(|resource| {
        DEFINITIONS
            .iter()
            .all(|definition| resource.properties.get(definition).is_none())
    }) && api
        .methods
        .iter()
        .all(|method| method.path != DEFAULT_ROUTE)
}
