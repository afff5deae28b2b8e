//! What a method may name: authorizers, request validators, models and parameters of its API.

use std::collections::BTreeSet;

use crate::control::error::ControlError;
use crate::control::rest_apis::integration::check::invalid_mapping;
use crate::rest_api::{Definition, Method};

const AUTHORIZATION_TYPES: [&str; 4] = ["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"];

/// The parameters that a request can have.
const PARAMETER_PREFIXES: [&str; 3] = [
    "method.request.header.",
    "method.request.querystring.",
    "method.request.path.",
];

/// Checks a method against its API. An authorizer that its kind of authorization does not use is forgotten, as API Gateway does.
pub(super) fn settle(definition: &Definition, method: &mut Method) -> Result<(), ControlError> {
    if !AUTHORIZATION_TYPES.contains(&method.authorization_type.as_str()) {
        return Err(ControlError::bad_request(format!(
            "Invalid authorization type specified. Valid options are {}",
            AUTHORIZATION_TYPES.join(",")
        )));
    }
    if matches!(
        method.authorization_type.as_str(),
        "CUSTOM" | "COGNITO_USER_POOLS"
    ) {
        let known = method
            .authorizer_id
            .as_ref()
            .is_some_and(|id| definition.authorizers.contains_key(id));
        if !known {
            return Err(ControlError::bad_request(
                "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
            ));
        }
    } else {
        method.authorizer_id = None;
    }
    if let Some(id) = &method.request_validator_id
        && !definition.request_validators.contains_key(id)
    {
        return Err(ControlError::bad_request(
            "Invalid Request Validator identifier specified",
        ));
    }
    for model in method.request_models.values() {
        check_model(definition, model)?;
    }
    check_parameters(method)
}

/// Refuses the name of a model that the API does not have.
pub(in crate::control::rest_apis) fn check_model(
    definition: &Definition,
    model: &str,
) -> Result<(), ControlError> {
    if definition.models.contains_key(model) {
        Ok(())
    } else {
        Err(ControlError::bad_request(format!(
            "Invalid model identifier specified: {model}"
        )))
    }
}

fn check_parameters(method: &Method) -> Result<(), ControlError> {
    let mut names = BTreeSet::new();
    for parameter in method.request_parameters.keys() {
        let name = PARAMETER_PREFIXES
            .iter()
            .find_map(|prefix| parameter.strip_prefix(prefix))
            .filter(|name| !name.is_empty());
        let Some(name) = name else {
            return Err(invalid_mapping(parameter));
        };
        if !names.insert(name) {
            return Err(ControlError::bad_request(
                "Parameter names must be unique across querystring, header and path",
            ));
        }
    }
    Ok(())
}
