//! Stages: names that point to deployments.

mod new;

use serde_json::Value;

use super::{lookup, view};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::reply::Reply;
use crate::rest_api::Stage;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

pub(super) use new::{NewStage, point};

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    let stage = lookup::stage(&api.record, call.path("stage_name"))?;
    Reply::ok(&shown(stage)?)
}

/// A stage as reading and changing show it.
fn shown(stage: &Stage) -> Result<Value, ControlError> {
    view::plain(stage)
}
