//! Deployments: snapshots of an API for its stages.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::Value;

use super::change::{Edit, new_part_id};
use super::stage::{self, NewStage};
use super::{list, lookup, view};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::patch::{Op, Patch};
use crate::control::reply::Reply;
use crate::id::ApiId;
use crate::rest_api::{Definition, Deployment, Method, MethodSnapshot, Snapshot};
use crate::store::{ApiRegistry, Registry};
use crate::time::{Clock, Timestamp};

pub(super) async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("createDeploymentInput")?;
    let request = Request::read(&members)?;
    let deployment = control
        .change_api(call, |edit| deploy(edit, &request, call.now()))
        .await?;
    Reply::created(&deployment)
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    let deployment = lookup::deployment(&api.record, call.path("deployment_id"))?;
    let mut body = view::plain(deployment)?;
    if embeds_summary(call) {
        let id = ApiId::from(api.record.api.id.as_str());
        let snapshot = control.store.snapshot(&id, &deployment.id).await?;
        let snapshot = snapshot.ok_or_else(lookup::no_deployment)?;
        if let Some(members) = body.as_object_mut() {
            members.insert("apiSummary".to_owned(), summary(&snapshot.definition)?);
        }
    }
    Reply::ok(&body)
}

pub(super) async fn list<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    list::page(
        call,
        api.record.deployments.values(),
        |deployment| deployment.id.clone(),
        view::plain,
    )
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let patches = call.patches("updateDeploymentInput")?;
    let id = call.path("deployment_id");
    let deployment = control
        .change_api(call, |edit| {
            let deployment = edit.record.deployments.get_mut(id);
            let deployment = deployment.ok_or_else(lookup::no_deployment)?;
            apply(deployment, &patches)?;
            Ok(deployment.clone())
        })
        .await?;
    Reply::ok(&deployment)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let id = call.path("deployment_id");
    control
        .change_api(call, |edit| {
            lookup::deployment(&edit.record, id)?;
            let active = edit.record.stages.values().any(|stage| {
                let canary = stage.canary_settings.as_ref();
                let canary = canary.and_then(|canary| canary.deployment_id.as_deref());
                stage.deployment_id == id || canary == Some(id)
            });
            if active {
                return Err(ControlError::bad_request(
                    "Active stages pointing to this deployment must be moved or deleted",
                ));
            }
            edit.record.deployments.remove(id);
            Ok(())
        })
        .await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

/// What a client deploys, and where.
#[derive(Debug)]
struct Request {
    description: Option<String>,
    stage: Option<NewStage>,
}

impl Request {
    fn read(members: &Members) -> Result<Self, ControlError> {
        Ok(Self {
            description: members.filled_text("description")?,
            stage: NewStage::of_deployment(members)?,
        })
    }
}

/// Makes a deployment of the API as it is, and points the stage to it.
fn deploy(edit: &mut Edit, request: &Request, now: Timestamp) -> Result<Deployment, ControlError> {
    let record = &mut edit.record;
    check_complete(&record.definition)?;
    let deployment = Deployment {
        id: new_part_id(|id| record.deployments.contains_key(id))?,
        description: request.description.clone(),
        created_date: now.as_secs(),
    };
    let snapshot = Snapshot {
        api: record.api.clone(),
        definition: record.definition.clone(),
    };
    if let Some(stage) = &request.stage {
        stage::point(record, stage, &deployment.id, now)?;
    }
    record
        .deployments
        .insert(deployment.id.clone(), deployment.clone());
    edit.snapshot = Some((deployment.id.clone(), snapshot));
    Ok(deployment)
}

/// Refuses an API that could not answer.
fn check_complete(definition: &Definition) -> Result<(), ControlError> {
    let mut methods = definition
        .resources
        .values()
        .flat_map(|resource| resource.resource_methods.values())
        .peekable();
    if methods.peek().is_none() {
        return Err(ControlError::bad_request(
            "The REST API doesn't contain any methods",
        ));
    }
    if methods.any(|method| method.method_integration.is_none()) {
        return Err(ControlError::bad_request(
            "No integration defined for method",
        ));
    }
    Ok(())
}

fn embeds_summary(call: &Call<'_>) -> bool {
    call.query_all("embed")
        .any(|embed| embed.split(',').any(|part| part.trim() == "apisummary"))
}

/// The member `apiSummary`: paths, verbs, and what each method asks of its callers.
fn summary(definition: &Definition) -> Result<Value, ControlError> {
    let of_method = |method: &Method| MethodSnapshot {
        authorization_type: method.authorization_type.clone(),
        api_key_required: method.api_key_required,
    };
    let summary: BTreeMap<&str, BTreeMap<&str, MethodSnapshot>> = definition
        .resources
        .values()
        .filter(|resource| !resource.resource_methods.is_empty())
        .map(|resource| {
            let methods = &resource.resource_methods;
            let methods = methods
                .iter()
                .map(|(verb, method)| (verb.as_str(), of_method(method)));
            (resource.path.as_str(), methods.collect())
        })
        .collect();
    view::plain(&summary)
}

fn apply(deployment: &mut Deployment, patches: &[Patch]) -> Result<(), ControlError> {
    for patch in patches {
        match (patch.op, patch.path.as_str()) {
            (Op::Replace, "/description") => deployment.description = patch.optional_text(),
            (Op::Replace, _) => return Err(patch.unknown_path(&["/description"])),
            (Op::Add | Op::Remove | Op::Move | Op::Test | Op::Copy, _) => {
                return Err(patch.unsupported_op());
            }
        }
    }
    Ok(())
}
