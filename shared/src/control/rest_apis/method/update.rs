//! The patch operations of a method.

use crate::control::error::ControlError;
use crate::control::patch::{self, Op, Patch};
use crate::rest_api::Method;

/// Applies patch operations, in their order.
pub(super) fn apply(method: &mut Method, patches: &[Patch]) -> Result<(), ControlError> {
    for patch in patches {
        apply_one(method, patch)?;
    }
    Ok(())
}

fn apply_one(method: &mut Method, patch: &Patch) -> Result<(), ControlError> {
    let segments = patch.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["apiKeyRequired"] => {
            replace_only(patch)?;
            method.api_key_required = patch.boolean();
        }
        ["authorizationType"] => {
            replace_only(patch)?;
            patch.text().clone_into(&mut method.authorization_type);
        }
        ["authorizerId"] => {
            replace_only(patch)?;
            method.authorizer_id = patch.optional_text();
        }
        ["operationName"] => {
            replace_only(patch)?;
            method.operation_name = patch.optional_text();
        }
        ["requestValidatorId"] => {
            replace_only(patch)?;
            method.request_validator_id = patch.optional_text();
        }
        ["authorizationScopes"] => change_scopes(method, patch)?,
        ["requestParameters", name] => patch.change_entry(
            &mut method.request_parameters,
            name,
            patch.boolean(),
            patch::no_such_parameter,
        )?,
        ["requestModels", content_type] => patch.change_entry(
            &mut method.request_models,
            content_type,
            patch.text().to_owned(),
            patch::no_such_content_type,
        )?,
        _ => return Err(patch.invalid_path()),
    }
    Ok(())
}

fn change_scopes(method: &mut Method, patch: &Patch) -> Result<(), ControlError> {
    let scopes = &mut method.authorization_scopes;
    match patch.op {
        Op::Add => {
            if !scopes.iter().any(|scope| scope == patch.text()) {
                scopes.push(patch.text().to_owned());
            }
        }
        Op::Remove => scopes.retain(|scope| scope != patch.text()),
        Op::Replace => {
            *scopes = patch
                .text()
                .split(',')
                .map(str::trim)
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect();
        }
        Op::Move | Op::Test | Op::Copy => return Err(patch.invalid_path()),
    }
    Ok(())
}

fn replace_only(patch: &Patch) -> Result<(), ControlError> {
    match patch.op {
        Op::Replace => Ok(()),
        Op::Add | Op::Remove | Op::Move | Op::Test | Op::Copy => Err(patch::only_replace()),
    }
}
