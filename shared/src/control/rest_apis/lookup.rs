//! Finding parts of an API, with what API Gateway says when they are not there.

use crate::api::Verb;
use crate::control::error::ControlError;
use crate::rest_api::{ApiRecord, Definition, Deployment, Integration, Method, Resource, Stage};

/// What operations on resources and methods say of an unknown resource, and of an unknown API too (recorded).
pub(super) fn no_resource() -> ControlError {
    ControlError::not_found("Invalid Resource identifier specified")
}

pub(super) fn no_method() -> ControlError {
    ControlError::not_found("Invalid Method identifier specified")
}

pub(super) fn no_integration() -> ControlError {
    ControlError::not_found("Invalid Integration identifier specified")
}

/// For answers of methods and of integrations alike.
pub(super) fn no_response() -> ControlError {
    ControlError::not_found("Invalid Response status code specified")
}

pub(super) fn no_stage() -> ControlError {
    ControlError::not_found("Invalid Stage identifier specified")
}

pub(super) fn no_deployment() -> ControlError {
    ControlError::not_found("Invalid Deployment identifier specified")
}

/// The verb of a method in a path. API Gateway takes no lower-case names.
pub(super) fn verb(text: &str) -> Result<Verb, ControlError> {
    Verb::ALL
        .into_iter()
        .find(|verb| verb.as_str() == text)
        .ok_or_else(|| {
            ControlError::bad_request(
                "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY",
            )
        })
}

/// The violation of a status in a path that is none.
pub(super) fn status_violation(status_code: &str) -> Option<String> {
    let valid = status_code.len() == 3
        && status_code.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(status_code.bytes().next(), Some(b'1'..=b'5'));
    (!valid).then(|| {
        format!(
            "Value '{status_code}' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d"
        )
    })
}

/// Refuses a status in a path that is none.
pub(super) fn check_status(status_code: &str) -> Result<(), ControlError> {
    match status_violation(status_code) {
        None => Ok(()),
        Some(violation) => Err(ControlError::validation(&[violation])),
    }
}

pub(super) fn resource<'a>(
    definition: &'a Definition,
    id: &str,
) -> Result<&'a Resource, ControlError> {
    definition.resources.get(id).ok_or_else(no_resource)
}

pub(super) fn resource_mut<'a>(
    definition: &'a mut Definition,
    id: &str,
) -> Result<&'a mut Resource, ControlError> {
    definition.resources.get_mut(id).ok_or_else(no_resource)
}

pub(super) fn method<'a>(
    definition: &'a Definition,
    resource_id: &str,
    verb: &str,
) -> Result<&'a Method, ControlError> {
    let methods = &resource(definition, resource_id)?.resource_methods;
    methods.get(verb).ok_or_else(no_method)
}

pub(super) fn method_mut<'a>(
    definition: &'a mut Definition,
    resource_id: &str,
    verb: &str,
) -> Result<&'a mut Method, ControlError> {
    let methods = &mut resource_mut(definition, resource_id)?.resource_methods;
    methods.get_mut(verb).ok_or_else(no_method)
}

pub(super) fn integration(method: &Method) -> Result<&Integration, ControlError> {
    method
        .method_integration
        .as_ref()
        .ok_or_else(no_integration)
}

pub(super) fn integration_mut(method: &mut Method) -> Result<&mut Integration, ControlError> {
    method
        .method_integration
        .as_mut()
        .ok_or_else(no_integration)
}

pub(super) fn deployment<'a>(
    record: &'a ApiRecord,
    id: &str,
) -> Result<&'a Deployment, ControlError> {
    record.deployments.get(id).ok_or_else(no_deployment)
}

pub(super) fn stage<'a>(record: &'a ApiRecord, name: &str) -> Result<&'a Stage, ControlError> {
    record.stages.get(name).ok_or_else(no_stage)
}
