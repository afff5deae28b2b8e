//! Answers of methods.

use http::StatusCode;

use super::{lookup, method};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::patch::{self, Patch};
use crate::control::reply::Reply;
use crate::rest_api::MethodResponse;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

pub(super) async fn put<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("putMethodResponseInput")?;
    let status_code = call.path("status_code");
    lookup::check_status(status_code)?;
    let response = read(&members, status_code)?;
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    control
        .change_api_or(call, lookup::no_resource, |edit| {
            let definition = &mut edit.record.definition;
            let method = lookup::method(definition, resource_id, verb)?;
            if method.method_responses.contains_key(status_code) {
                return Err(ControlError::conflict(
                    "Response already exists for this resource",
                ));
            }
            for model in response.response_models.values() {
                method::check_model(definition, model)?;
            }
            let method = lookup::method_mut(definition, resource_id, verb)?;
            method
                .method_responses
                .insert(status_code.to_owned(), response.clone());
            Ok(())
        })
        .await?;
    Reply::created(&response)
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let status_code = call.path("status_code");
    lookup::check_status(status_code)?;
    let api = control.api_or(call, lookup::no_resource).await?;
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    let method = lookup::method(&api.record.definition, resource_id, verb)?;
    let response = method.method_responses.get(status_code);
    Reply::ok(response.ok_or_else(lookup::no_response)?)
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let status_code = call.path("status_code");
    let patches = call.patches_and(
        "updateMethodResponseInput",
        lookup::status_violation(status_code),
    )?;
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    let response = control
        .change_api_or(call, lookup::no_resource, |edit| {
            let definition = &mut edit.record.definition;
            let method = lookup::method(definition, resource_id, verb)?;
            let response = method.method_responses.get(status_code);
            let mut response = response.ok_or_else(lookup::no_response)?.clone();
            apply(&mut response, &patches)?;
            for model in response.response_models.values() {
                method::check_model(definition, model)?;
            }
            let method = lookup::method_mut(definition, resource_id, verb)?;
            method
                .method_responses
                .insert(status_code.to_owned(), response.clone());
            Ok(response)
        })
        .await?;
    Reply::created(&response)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let status_code = call.path("status_code");
    lookup::check_status(status_code)?;
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    control
        .change_api_or(call, lookup::no_resource, |edit| {
            let definition = &mut edit.record.definition;
            let method = lookup::method_mut(definition, resource_id, verb)?;
            let removed = method.method_responses.remove(status_code);
            removed.map(|_| ()).ok_or_else(lookup::no_response)
        })
        .await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn read(members: &Members, status_code: &str) -> Result<MethodResponse, ControlError> {
    Ok(MethodResponse {
        status_code: status_code.to_owned(),
        response_parameters: members
            .boolean_map("responseParameters")?
            .unwrap_or_default(),
        response_models: members.text_map("responseModels")?.unwrap_or_default(),
    })
}

fn apply(response: &mut MethodResponse, patches: &[Patch]) -> Result<(), ControlError> {
    for patch in patches {
        let segments = patch.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["responseParameters", name] => patch.change_strictly(
                &mut response.response_parameters,
                name,
                patch.boolean(),
                patch::no_such_parameter,
            )?,
            ["responseModels", content_type] => patch.change_strictly(
                &mut response.response_models,
                content_type,
                patch.text().to_owned(),
                patch::no_such_content_type,
            )?,
            _ => return Err(patch.invalid_path()),
        }
    }
    Ok(())
}
