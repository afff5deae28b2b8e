//! Stages: names that point to deployments.

mod canary;
mod new;
mod settings;
mod update;

use http::StatusCode;

use super::{lookup, view};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::reply::Reply;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

pub(super) use new::{NewStage, point};

pub(super) async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("createStageInput")?;
    let name = members.required_text("stageName")?;
    let deployment_id = members.required_text("deploymentId")?;
    let new = NewStage::read(&name, &members)?;
    let stage = control
        .change_api(call, |edit| {
            let record = &mut edit.record;
            if record.stages.contains_key(&name) {
                return Err(ControlError::conflict("Stage already exists"));
            }
            let stage = new.create(&deployment_id, call.now());
            update::check_deployments(&stage, |id| record.deployments.contains_key(id))?;
            record.stages.insert(name.clone(), stage.clone());
            Ok(stage)
        })
        .await?;
    Reply::created(&stage)
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    Reply::ok(lookup::stage(&api.record, call.path("stage_name"))?)
}

pub(super) async fn list<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    let deployment_id = call.query("deploymentId").filter(|id| !id.is_empty());
    let stages = api
        .record
        .stages
        .values()
        .filter(|stage| deployment_id.is_none_or(|id| stage.deployment_id == id))
        .map(view::plain)
        .collect::<Result<Vec<_>, _>>()?;
    Reply::page(&stages, None)
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let patches = call.patches("updateStageInput")?;
    let name = call.path("stage_name");
    let stage = control
        .change_api(call, |edit| {
            let record = &mut edit.record;
            let mut stage = lookup::stage(record, name)?.clone();
            update::apply(&mut stage, &patches, |id| {
                record.deployments.contains_key(id)
            })?;
            stage.last_updated_date = call.now().as_secs();
            record.stages.insert(name.to_owned(), stage.clone());
            Ok(stage)
        })
        .await?;
    Reply::ok(&stage)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    control.delete_stage(call).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

/// `FlushStageCache` and `FlushStageAuthorizersCache`. There is no cache to flush: a stage that is there has an empty one.
pub(super) async fn flush<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    lookup::stage(&api.record, call.path("stage_name"))?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

#[cfg(test)]
mod tests {
    use crate::control::patch::{Op, Patch};
    use crate::rest_api::Stage;

    pub(super) fn stage() -> Stage {
        Stage::new("dev".to_owned(), "aaaaaa".to_owned(), 0)
    }

    pub(super) fn patch(op: Op, path: &str, value: &str) -> Patch {
        Patch {
            op,
            path: path.to_owned(),
            value: Some(value.to_owned()),
            from: None,
        }
    }
}
