//! Usage plans.

mod body;
mod change;
mod limits;
mod method_name;

use std::collections::BTreeMap;

use http::StatusCode;

use self::body::Body;
use self::change::Change;
pub use self::limits::MAX_INTEGER;
use self::limits::{QuotaDraft, throttle};
use self::method_name::MethodName;
use super::{
    MAX_DESCRIPTION_LEN, MAX_METHOD_THROTTLES_OF_A_STAGE, MAX_NAME_LEN, MAX_PLANS, bounded,
    carried, limit_exceeded, no_such_plan, tags,
};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::concurrent;
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::reply::Reply;
use crate::id::{ApiStage, KeyId, PlanId};
use crate::plan::{CoveredStage, Plan};
use crate::rest_api::Snapshot;
use crate::store::{ApiRegistry, NewPlan, Page, PageRequest, Registry, RegistryError};
use crate::time::{Clock, Timestamp};

pub(super) async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("createUsagePlanInput")?;
    let (mut new, methods) = new_plan(&members)?;
    new.id = carried::id(&new.tags).map(PlanId::from);
    let plan = make(control, &new, &methods, call.now()).await?;
    let tags = Some(&plan.tags).filter(|tags| !tags.is_empty());
    Reply::created(&Body::new(&plan, tags))
}

/// Creates a plan, with all that is asked of one.
pub(in crate::control) async fn make<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    new: &NewPlan,
    methods: &[(ApiStage, MethodName)],
    now: Timestamp,
) -> Result<Plan, ControlError> {
    check(new, control.settings.aws_limits)?;
    if control.settings.aws_limits && control.store.counts().await?.plans >= MAX_PLANS {
        return Err(limit_exceeded("usage plans", MAX_PLANS));
    }
    let stages = new.stages.iter().map(|covered| &covered.api_stage);
    require_stages(control, stages).await?;
    require_methods(control, methods).await?;
    Ok(control.store.create_plan(new, now).await?)
}

/// Which methods of which stages a request names.
pub(in crate::control) type NamedMethods = Vec<(ApiStage, MethodName)>;

/// A stage that a plan is to cover, and the methods to which it gives a throttle.
pub(in crate::control) fn covered_stage(
    stage: &Members,
) -> Result<(CoveredStage, NamedMethods), ControlError> {
    let id = stage.text("apiId")?.unwrap_or_default();
    let name = stage.text("stage")?.unwrap_or_default();
    // The text is API Gateway's: it forgets to fill its places in.
    let api_stage = api_stage(&id, &name).ok_or_else(|| {
        ControlError::bad_request(
            "Invalid API Stage {api: %s, stage: %s} specified for usageplan %s",
        )
    })?;
    let mut covered = CoveredStage::new(api_stage.clone());
    let mut methods = Vec::new();
    for (method, settings) in stage.object_map("throttle")?.unwrap_or_default() {
        let method = MethodName::parse(&method)?;
        covered.set_method_throttle(method.as_str(), throttle(&settings)?);
        methods.push((api_stage.clone(), method));
    }
    Ok((covered, methods))
}

/// The plan that the members describe.
pub(in crate::control) fn new_plan(
    members: &Members,
) -> Result<(NewPlan, NamedMethods), ControlError> {
    let mut methods = Vec::new();
    let mut stages: Vec<CoveredStage> = Vec::new();
    for stage in members.objects("apiStages")?.unwrap_or_default() {
        let (covered, named) = covered_stage(&stage)?;
        let api_stage = &covered.api_stage;
        if stages.iter().any(|known| known.api_stage == *api_stage) {
            return Err(ControlError::bad_request(format!(
                "API Stage {api_stage} is specified more than once"
            )));
        }
        stages.push(covered);
        methods.extend(named);
    }
    let plan = NewPlan {
        id: None,
        name: name(members.required_text("name")?)?,
        description: members
            .text("description")?
            .filter(|text| !text.is_empty())
            .map(description)
            .transpose()?,
        product_code: None,
        throttle: members
            .object("throttle")?
            .map(|settings| throttle(&settings))
            .transpose()?,
        quota: members
            .object("quota")?
            .map(|settings| QuotaDraft::read(&settings)?.finish())
            .transpose()?,
        stages,
        tags: tags::checked(members.text_map("tags")?.unwrap_or_default())?,
    };
    // As a user of AWS reports. Patches may name all methods, as API Gateway's documents say.
    if plan.throttle.is_some() && methods.iter().any(|(_, method)| method.is_every_method()) {
        return Err(ControlError::bad_request(
            "Invalid method */* specified. The throttle of the usage plan is the one for all methods",
        ));
    }
    Ok((plan, methods))
}

fn name(text: String) -> Result<String, ControlError> {
    if text.is_empty() {
        return Err(ControlError::bad_request("Usage Plan name cannot be empty"));
    }
    if text.chars().count() > MAX_NAME_LEN {
        return Err(ControlError::bad_request(
            "Invalid Usage Plan name, can be at most 1024 characters.",
        ));
    }
    Ok(text)
}

fn description(text: String) -> Result<String, ControlError> {
    bounded(
        text,
        MAX_DESCRIPTION_LEN,
        "Invalid Usage Plan description specified.",
    )
}

/// A stage by its two parts, where each is there, and neither has a mark by which paths and ids are told apart.
fn api_stage(api_id: &str, stage: &str) -> Option<ApiStage> {
    let is_part = |text: &str| !text.is_empty() && !text.contains(['/', ':', '#']);
    (is_part(api_id) && is_part(stage)).then(|| ApiStage::new(api_id, stage))
}

/// What holds of a whole plan, however it came about.
pub(in crate::control) fn check(plan: &NewPlan, aws_limits: bool) -> Result<(), ControlError> {
    for covered in &plan.stages {
        if plan.throttle.is_none() && !covered.method_throttles.is_empty() {
            return Err(ControlError::bad_request(
                "Can not define fine grain throttling if usage plan throttle is not defined.",
            ));
        }
        if aws_limits && covered.method_throttles.len() > MAX_METHOD_THROTTLES_OF_A_STAGE {
            return Err(limit_exceeded(
                "method throttles for an API stage",
                MAX_METHOD_THROTTLES_OF_A_STAGE,
            ));
        }
    }
    Ok(())
}

/// Refuses stages that nobody knows. Those of APIs that Tollgate manages the store requires itself, in the transaction of the change.
pub(in crate::control) async fn require_stages<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    stages: impl Iterator<Item = &ApiStage>,
) -> Result<(), ControlError> {
    for stage in stages {
        if !control.settings.unmanaged_stages.contains(stage)
            && control.store.stage(stage).await?.is_none()
        {
            return Err(RegistryError::NoSuchStage(stage.clone()).into());
        }
    }
    Ok(())
}

/// Refuses methods that the stage of an API which Tollgate manages does not serve. Of other APIs the methods are not known.
pub(in crate::control) async fn require_methods<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    methods: &[(ApiStage, MethodName)],
) -> Result<(), ControlError> {
    let mut by_stage: BTreeMap<&ApiStage, Vec<&MethodName>> = BTreeMap::new();
    for (stage, method) in methods {
        if !method.is_every_method() {
            by_stage.entry(stage).or_default().push(method);
        }
    }
    for (api_stage, methods) in by_stage {
        let Some(stage) = control.store.stage(api_stage).await? else {
            continue;
        };
        let snapshot = control
            .store
            .snapshot(&api_stage.api_id, &stage.deployment_id)
            .await?;
        let Some(snapshot) = snapshot else {
            continue;
        };
        if let Some(method) = methods.iter().find(|method| !serves(&snapshot, method)) {
            return Err(ControlError::not_found(format!(
                "Invalid method {method} specified for API Stage {api_stage}"
            )));
        }
    }
    Ok(())
}

fn serves(snapshot: &Snapshot, method: &MethodName) -> bool {
    snapshot.definition.resources.values().any(|resource| {
        let methods = &resource.resource_methods;
        resource.path == method.resource()
            && (methods.contains_key(method.verb()) || methods.contains_key("ANY"))
    })
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let plan = plan(control, call).await?;
    Reply::ok(&Body::new(&plan, Some(&plan.tags)))
}

/// The plan that the operation's path names.
pub(super) async fn plan<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Plan, ControlError> {
    let id = PlanId::from(call.path("usageplanId"));
    let plan = control.store.plan_by_id(&id).await?;
    plan.ok_or_else(no_such_plan)
}

pub(super) async fn list<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let Some(page) = call.page()? else {
        return Reply::page(&[] as &[Body<'_>], None);
    };
    let page = if let Some(key_id) = call.query("keyId").filter(|id| !id.is_empty()) {
        plans_of_key(control, &key_id.into(), &page).await?
    } else {
        control.store.plans(&page).await?
    };
    let bodies: Vec<_> = page
        .entries
        .iter()
        .map(|plan| Body::new(plan, None))
        .collect();
    Reply::page(&bodies, page.next.as_deref())
}

/// The plans of one key, in the order in which it joined them. A position is the id of the last plan of the page before.
async fn plans_of_key<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    key_id: &KeyId,
    page: &PageRequest,
) -> Result<Page<Plan>, ControlError> {
    let key = control.store.key_by_id(key_id).await?;
    // An unknown key is in no plan, as an unknown plan has no keys.
    let ids = key.map(|key| key.plan_ids).unwrap_or_default();
    let start = match &page.after {
        None => 0,
        Some(last) => ids
            .iter()
            .position(|id| id.as_str() == last)
            .map(|place| place.saturating_add(1))
            .ok_or_else(|| ControlError::bad_request("Invalid position parameter specified"))?,
    };
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let ids: Vec<PlanId> = ids.into_iter().skip(start).collect();
    let next = (ids.len() > limit)
        .then(|| ids.get(limit.saturating_sub(1)).map(PlanId::to_string))
        .flatten();
    let ids = ids.into_iter().take(limit).collect();
    let plans = concurrent::for_each(
        ids,
        |id| async move { Ok(control.store.plan_by_id(&id).await?) },
    )
    .await?;
    Ok(Page {
        entries: plans.into_iter().flatten().collect(),
        next,
    })
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let patches = call.patches("updateUsagePlanInput")?;
    let changes: Vec<Change> = patches
        .iter()
        .map(Change::parse)
        .collect::<Result<_, _>>()?;
    let joining = changes.iter().filter_map(Change::joining_stage);
    require_stages(control, joining).await?;
    let methods: NamedMethods = changes.iter().flat_map(Change::named_methods).collect();
    require_methods(control, &methods).await?;
    let id = PlanId::from(call.path("usageplanId"));
    let aws_limits = control.settings.aws_limits;
    let plan = control
        .store
        .edit_plan(&id, |plan| {
            change::apply(&changes, plan)?;
            check(plan, aws_limits)
        })
        .await?;
    Reply::ok(&Body::new(&plan, Some(&plan.tags)))
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let id = PlanId::from(call.path("usageplanId"));
    control.store.delete_plan(&id, call.now()).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

#[cfg(test)]
mod tests;
