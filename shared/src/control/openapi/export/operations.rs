//! Resources and methods to paths and operations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::security::Security;
use super::{Extensions, integration, schemas};
use crate::control::openapi::document::Dialect;
use crate::control::openapi::extension;
use crate::control::openapi::import::VERBS;
use crate::rest_api::{Method, MethodResponse, Resource, Snapshot};

/// The places of parameters, as methods have them, and as documents have them.
const PLACES: [(&str, &str); 3] = [
    ("method.request.path.", "path"),
    ("method.request.querystring.", "query"),
    ("method.request.header.", "header"),
];

const HEADER_PREFIX: &str = "method.response.header.";

/// The paths of all resources with methods, and of those that would be lost without.
pub(super) fn paths(
    snapshot: &Snapshot,
    dialect: Dialect,
    security: &Security<'_>,
    extensions: Extensions,
) -> Map<String, Value> {
    let resources = &snapshot.definition.resources;
    let parents: BTreeSet<&str> = resources
        .values()
        .filter_map(|resource| resource.parent_id.as_deref())
        .collect();
    resources
        .values()
        .filter(|resource| {
            let is_root = resource.parent_id.is_none();
            let is_leaf = !parents.contains(resource.id.as_str());
            !resource.resource_methods.is_empty() || (is_leaf && !is_root)
        })
        .map(|resource| {
            let operations = VERBS
                .iter()
                .filter_map(|(name, verb)| {
                    let method = resource.resource_methods.get(*verb)?;
                    let operation = Operation {
                        snapshot,
                        resource,
                        method,
                        dialect,
                    };
                    let members = operation.members(security, extensions);
                    Some(((*name).to_owned(), Value::Object(members)))
                })
                .collect();
            (resource.path.clone(), Value::Object(operations))
        })
        .collect()
}

struct Operation<'a> {
    snapshot: &'a Snapshot,
    resource: &'a Resource,
    method: &'a Method,
    dialect: Dialect,
}

impl Operation<'_> {
    fn members(&self, security: &Security<'_>, extensions: Extensions) -> Map<String, Value> {
        let mut members = Map::new();
        let mut insert = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                members.insert(name.to_owned(), value);
            }
        };
        let method = self.method;
        insert(
            "operationId",
            method.operation_name.as_deref().map(Value::from),
        );
        let mut parameters = self.parameters();
        match self.dialect {
            Dialect::Swagger2 => {
                parameters.extend(self.body_parameter());
                insert("consumes", self.consumes());
                insert("produces", self.produces());
            }
            Dialect::OpenApi3 => insert("requestBody", self.request_body()),
        }
        insert(
            "parameters",
            (!parameters.is_empty()).then_some(Value::Array(parameters)),
        );
        let responses = method
            .method_responses
            .iter()
            .map(|(status, response)| (status.clone(), self.response(status, response)))
            .collect();
        insert("responses", Some(Value::Object(responses)));
        insert("security", security.requirement(method));
        if extensions.integrations {
            let integration = method.method_integration.as_ref();
            let integration = integration.map(|it| integration::of(it, self.resource));
            insert(extension::INTEGRATION, integration);
        }
        if extensions.others {
            let validator = method
                .request_validator_id
                .as_ref()
                .and_then(|id| self.snapshot.definition.request_validators.get(id))
                .and_then(|validator| validator.name.as_deref());
            insert(extension::REQUEST_VALIDATOR, validator.map(Value::from));
        }
        members
    }

    fn parameters(&self) -> Vec<Value> {
        let mut parameters = Vec::new();
        for (prefix, place) in PLACES {
            for (key, required) in &self.method.request_parameters {
                let Some(name) = key.strip_prefix(prefix) else {
                    continue;
                };
                let mut parameter = json!({"name": name, "in": place});
                if let Some(members) = parameter.as_object_mut() {
                    let (name, schema) = self.text_schema();
                    members.insert(name.to_owned(), schema);
                    // In OpenAPI 3 API Gateway leaves out what is not required.
                    if *required || self.dialect == Dialect::Swagger2 {
                        members.insert("required".to_owned(), Value::from(*required));
                    }
                }
                parameters.push(parameter);
            }
        }
        parameters
    }

    /// How a parameter or a header is said to be a text.
    fn text_schema(&self) -> (&'static str, Value) {
        match self.dialect {
            Dialect::Swagger2 => ("type", Value::from("string")),
            Dialect::OpenApi3 => ("schema", json!({"type": "string"})),
        }
    }

    fn request_body(&self) -> Option<Value> {
        let models = &self.method.request_models;
        (!models.is_empty()).then(|| json!({"content": self.content(models), "required": true}))
    }

    fn content(&self, models: &BTreeMap<String, String>) -> Value {
        models
            .iter()
            .map(|(media_type, model)| {
                let schema = schemas::reference(model, self.dialect);
                (media_type.clone(), json!({ "schema": schema }))
            })
            .collect()
    }

    /// Swagger has one schema for the bodies of all media types.
    fn body_parameter(&self) -> Option<Value> {
        let model = self.method.request_models.values().next()?;
        let schema = schemas::reference(model, self.dialect);
        Some(json!({"in": "body", "name": model, "required": true, "schema": schema}))
    }

    fn consumes(&self) -> Option<Value> {
        let models = self.method.request_models.keys();
        let integration = self.method.method_integration.as_ref();
        let templates = integration.map(|integration| integration.request_templates.keys());
        media_types(models, templates.into_iter().flatten())
    }

    fn produces(&self) -> Option<Value> {
        let responses = self.method.method_responses.values();
        let models = responses.flat_map(|response| response.response_models.keys());
        let integration = self.method.method_integration.as_ref();
        let templates = integration
            .into_iter()
            .flat_map(|integration| integration.integration_responses.values())
            .flat_map(|response| response.response_templates.keys());
        media_types(models, templates)
    }

    fn response(&self, status: &str, response: &MethodResponse) -> Value {
        let mut members = Map::from_iter([(
            "description".to_owned(),
            Value::from(format!("{status} response")),
        )]);
        let headers: Map<String, Value> = response
            .response_parameters
            .iter()
            .filter_map(|(key, always)| {
                let name = key.strip_prefix(HEADER_PREFIX)?;
                let (schema_name, schema) = self.text_schema();
                let mut header = Map::from_iter([(schema_name.to_owned(), schema)]);
                if *always && self.dialect == Dialect::OpenApi3 {
                    header.insert("required".to_owned(), Value::from(true));
                }
                Some((name.to_owned(), Value::Object(header)))
            })
            .collect();
        if !headers.is_empty() {
            members.insert("headers".to_owned(), Value::Object(headers));
        }
        let models = &response.response_models;
        match self.dialect {
            // API Gateway writes it even if there is none.
            Dialect::OpenApi3 => {
                members.insert("content".to_owned(), self.content(models));
            }
            Dialect::Swagger2 => {
                if let Some(model) = models.values().next() {
                    let schema = schemas::reference(model, self.dialect);
                    members.insert("schema".to_owned(), schema);
                }
            }
        }
        Value::Object(members)
    }
}

/// The media types of the models, which an import takes them from; without models those of the templates.
fn media_types<'m>(
    models: impl Iterator<Item = &'m String>,
    templates: impl Iterator<Item = &'m String>,
) -> Option<Value> {
    let mut media_types: BTreeSet<&String> = models.collect();
    if media_types.is_empty() {
        media_types = templates.collect();
    }
    (!media_types.is_empty()).then(|| json!(media_types))
}
