//! Resources.

use http::StatusCode;

use super::change::new_part_id;
use super::{list, lookup, tree, view};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::patch::{Op, Patch};
use crate::control::reply::Reply;
use crate::rest_api::{Definition, Resource};
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

/// What a change may name.
const PATHS: [&str; 2] = ["/parentId", "/pathPart"];

pub(super) async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("createResourceInput")?;
    let path_part = members.required_text("pathPart")?;
    let parent_id = call.path("parent_id");
    let resource = control
        .change_api_or(call, lookup::no_resource, |edit| {
            let definition = &mut edit.record.definition;
            let id = new_part_id(|id| definition.resources.contains_key(id))?;
            tree::add(definition, parent_id, id, &path_part)
        })
        .await?;
    Reply::created(&view::resource(&resource, false)?)
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api_or(call, lookup::no_resource).await?;
    let resource = lookup::resource(&api.record.definition, call.path("resource_id"))?;
    Reply::ok(&view::resource(resource, embeds_methods(call))?)
}

pub(super) async fn list<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    let methods = embeds_methods(call);
    let mut resources: Vec<&Resource> = api.record.definition.resources.values().collect();
    resources.sort_by(|a, b| a.path.cmp(&b.path));
    list::page(
        call,
        resources.into_iter(),
        |resource| resource.path.clone(),
        |resource| view::resource(resource, methods),
    )
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let patches = call.patches("updateResourceInput")?;
    let id = call.path("resource_id");
    let resource = control
        .change_api_or(call, lookup::no_resource, |edit| {
            let definition = &mut edit.record.definition;
            lookup::resource(definition, id)?;
            apply(definition, id, &patches)?;
            lookup::resource(definition, id).cloned()
        })
        .await?;
    Reply::ok(&view::resource(&resource, false)?)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let id = call.path("resource_id");
    control
        .change_api_or(call, lookup::no_resource, |edit| {
            tree::remove(&mut edit.record.definition, id)
        })
        .await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

/// Whether the client asks for methods whole: `embed=methods`.
fn embeds_methods(call: &Call<'_>) -> bool {
    call.query_all("embed")
        .any(|embed| embed.split(',').any(|part| part.trim() == "methods"))
}

fn apply(definition: &mut Definition, id: &str, patches: &[Patch]) -> Result<(), ControlError> {
    for patch in patches {
        match (patch.op, patch.path.as_str()) {
            (Op::Replace, "/parentId") => tree::move_below(definition, id, patch.text())?,
            (Op::Replace, "/pathPart") => tree::rename(definition, id, patch.text())?,
            (Op::Replace, _) => return Err(patch.unknown_path(&PATHS)),
            (Op::Add | Op::Remove | Op::Move | Op::Test | Op::Copy, _) => {
                return Err(patch.unsupported_op());
            }
        }
    }
    Ok(())
}
