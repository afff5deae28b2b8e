//! How parts of an API look in answers, where that is not how they are stored.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::control::error::{ControlError, Kind};
use crate::rest_api::{Integration, IntegrationResponse, Method, Resource, RestApi};

/// A value in JSON, as it is stored.
pub(super) fn plain(value: &impl Serialize) -> Result<Value, ControlError> {
    serde_json::to_value(value)
        .map_err(|error| ControlError::new(Kind::Internal, error.to_string()))
}

/// An API. Its policy is escaped once more, as text in JSON is: clients such as Terraform take that off again.
pub(super) fn api(api: &RestApi) -> Result<Value, ControlError> {
    let mut value = plain(api)?;
    if let (Some(policy), Some(members)) = (&api.policy, value.as_object_mut()) {
        let escaped = Value::from(policy.as_str()).to_string();
        let escaped = escaped.trim_matches('"');
        members.insert("policy".to_owned(), escaped.into());
    }
    Ok(value)
}

/// An API as reading and changing show it: with its tags even if there are none (recorded from API Gateway).
pub(super) fn api_with_tags(api: &RestApi) -> Result<Value, ControlError> {
    let mut value = self::api(api)?;
    if let Some(members) = value.as_object_mut() {
        members.entry("tags").or_insert_with(|| json!({}));
    }
    Ok(value)
}

/// A resource. Without `methods`, only the verbs of its methods are shown.
pub(super) fn resource(resource: &Resource, methods: bool) -> Result<Value, ControlError> {
    let mut value = plain(&Resource {
        resource_methods: std::collections::BTreeMap::new(),
        ..resource.clone()
    })?;
    if resource.resource_methods.is_empty() {
        return Ok(value);
    }
    let mut shown = Map::new();
    for (verb, method) in &resource.resource_methods {
        let entry = if methods {
            self::method(method)?
        } else {
            json!({})
        };
        shown.insert(verb.clone(), entry);
    }
    if let Some(members) = value.as_object_mut() {
        members.insert("resourceMethods".to_owned(), Value::Object(shown));
    }
    Ok(value)
}

/// A method with its integration.
pub(super) fn method(method: &Method) -> Result<Value, ControlError> {
    let mut value = plain(method)?;
    if let (Some(integration), Some(members)) = (&method.method_integration, value.as_object_mut())
    {
        members.insert(
            "methodIntegration".to_owned(),
            self::integration(integration)?,
        );
    }
    Ok(value)
}

/// An integration.
pub(super) fn integration(integration: &Integration) -> Result<Value, ControlError> {
    let mut value = plain(integration)?;
    empty_templates_as_null(&mut value, "requestTemplates");
    let responses = value.get_mut("integrationResponses");
    for response in responses
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(Map::values_mut)
    {
        empty_templates_as_null(response, "responseTemplates");
    }
    Ok(value)
}

/// An integration response.
pub(super) fn integration_response(response: &IntegrationResponse) -> Result<Value, ControlError> {
    let mut value = plain(response)?;
    empty_templates_as_null(&mut value, "responseTemplates");
    Ok(value)
}

/// API Gateway answers an empty template as `null` (recorded).
fn empty_templates_as_null(value: &mut Value, member: &str) {
    let templates = value.get_mut(member).and_then(Value::as_object_mut);
    for template in templates.into_iter().flat_map(Map::values_mut) {
        if template.as_str().is_some_and(str::is_empty) {
            *template = Value::Null;
        }
    }
}
