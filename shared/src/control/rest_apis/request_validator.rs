//! Request validators.

use http::StatusCode;

use super::change::new_part_id;
use super::{list, view};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::patch::{Op, Patch};
use crate::control::reply::Reply;
use crate::rest_api::{Definition, RequestValidator};
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

/// What a change may name, in the order of API Gateway's errors (recorded).
const PATHS: [&str; 3] = [
    "/name",
    "/validateRequestParameters",
    "/validateRequestBody",
];

pub(super) async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("createRequestValidatorInput")?;
    let name = members.text("name")?;
    let validate_request_body = members.boolean("validateRequestBody")?.unwrap_or(false);
    let validate_request_parameters = members
        .boolean("validateRequestParameters")?
        .unwrap_or(false);
    let unknown_api = || ControlError::bad_request("Invalid REST API identifier specified");
    let validator = control
        .change_api_or(call, unknown_api, |edit| {
            let validators = &mut edit.record.definition.request_validators;
            let validator = RequestValidator {
                id: new_part_id(|id| validators.contains_key(id))?,
                name: name.clone(),
                validate_request_body,
                validate_request_parameters,
            };
            validators.insert(validator.id.clone(), validator.clone());
            Ok(validator)
        })
        .await?;
    Reply::created(&validator)
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api_or(call, unknown).await?;
    let validators = &api.record.definition.request_validators;
    let validator = validators.get(call.path("requestvalidator_id"));
    Reply::ok(validator.ok_or_else(unknown)?)
}

pub(super) async fn list<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    list::page(
        call,
        api.record.definition.request_validators.values(),
        |validator| validator.id.clone(),
        view::plain,
    )
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let patches = call.patches("updateRequestValidatorInput")?;
    let id = call.path("requestvalidator_id");
    let validator = control
        .change_api_or(call, unknown, |edit| {
            let validators = &mut edit.record.definition.request_validators;
            let validator = validators.get_mut(id).ok_or_else(unknown)?;
            apply(validator, &patches)?;
            Ok(validator.clone())
        })
        .await?;
    Reply::ok(&validator)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let id = call.path("requestvalidator_id");
    control
        .change_api_or(call, unknown, |edit| {
            remove(&mut edit.record.definition, id)
        })
        .await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

/// For an unknown API too (recorded).
fn unknown() -> ControlError {
    ControlError::not_found("Invalid Request Validator identifier specified")
}

fn remove(definition: &mut Definition, id: &str) -> Result<(), ControlError> {
    if !definition.request_validators.contains_key(id) {
        return Err(unknown());
    }
    let used_by = definition.resources.values().find_map(|resource| {
        let methods = resource.resource_methods.values();
        let mut users = methods.filter(|method| method.request_validator_id.as_deref() == Some(id));
        let method = users.next()?;
        Some(format!("{}/{}", resource.path, method.http_method))
    });
    if let Some(method) = used_by {
        return Err(ControlError::conflict(format!(
            "Cannot delete request validator '{id}', is referenced in method request: {method}"
        )));
    }
    definition.request_validators.remove(id);
    Ok(())
}

fn apply(validator: &mut RequestValidator, patches: &[Patch]) -> Result<(), ControlError> {
    for patch in patches {
        match (patch.op, patch.path.as_str()) {
            (Op::Replace, "/name") => {
                if patch.text().trim().is_empty() {
                    return Err(ControlError::bad_request(
                        "Request Validator name cannot be blank",
                    ));
                }
                validator.name = patch.optional_text();
            }
            (Op::Replace, "/validateRequestBody") => {
                validator.validate_request_body = patch.boolean();
            }
            (Op::Replace, "/validateRequestParameters") => {
                validator.validate_request_parameters = patch.boolean();
            }
            (Op::Replace, _) => return Err(patch.unknown_path(&PATHS)),
            (Op::Add | Op::Remove | Op::Move | Op::Test | Op::Copy, _) => {
                return Err(patch.unsupported_op());
            }
        }
    }
    Ok(())
}
