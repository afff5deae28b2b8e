//! Request validators: required parameters, and bodies that have to be what their model says.

use std::collections::BTreeMap;
use std::fmt;

use boon::{Compiler, Draft, SchemaIndex, Schemas, UrlLoader, ValidationError};
use http::{HeaderName, header};
use serde_json::Value;
use tollgate::rest_api::{self, Snapshot};

use super::call::Exchange;
use super::failure::Failure;
use super::media_type;
use crate::event;

/// What a method's request validator checks.
#[derive(Debug)]
pub(super) struct Validation {
    /// In the order in which missing ones are named.
    required: Vec<Required>,
    /// By media type; empty when bodies are not checked.
    models: BTreeMap<String, Schema>,
}

#[derive(Debug, PartialEq, Eq)]
struct Required {
    place: Place,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Header,
    Path,
    Query,
}

/// A model's schema with all that it refers to.
struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validation {
    /// The validator of a method; `None` when nothing is checked.
    ///
    /// # Errors
    ///
    /// A model that is missing or is no JSON schema, as a sentence for the log.
    pub(super) fn new(
        snapshot: &Snapshot,
        method: &rest_api::Method,
    ) -> Result<Option<Self>, String> {
        let validators = &snapshot.definition.request_validators;
        let validator = method
            .request_validator_id
            .as_ref()
            .and_then(|id| validators.get(id));
        let Some(validator) = validator else {
            return Ok(None);
        };
        let required = if validator.validate_request_parameters {
            required(&method.request_parameters)
        } else {
            Vec::new()
        };
        let mut models = BTreeMap::new();
        if validator.validate_request_body {
            for (media_type, name) in &method.request_models {
                models.insert(media_type.clone(), Schema::new(snapshot, name)?);
            }
        }
        Ok(Some(Self { required, models }))
    }

    /// Checks a request, whose body has been read.
    pub(super) fn check(&self, exchange: &Exchange<'_>) -> Result<(), Failure> {
        let missing: Vec<&str> = self
            .required
            .iter()
            .filter(|required| !required.is_there(exchange))
            .map(|required| required.name.as_str())
            .collect();
        if !missing.is_empty() {
            return Err(Failure::missing_parameters(&missing));
        }
        let content_type = exchange.header(&header::CONTENT_TYPE);
        match media_type::for_body(&self.models, content_type) {
            Some(schema) => schema.check(&exchange.body).map_err(Failure::invalid_body),
            None => Ok(()),
        }
    }
}

/// API Gateway names missing parameters in the order of their full names: headers first, then path and query.
fn required(parameters: &BTreeMap<String, bool>) -> Vec<Required> {
    let required = parameters.iter().filter(|(_, is_required)| **is_required);
    required
        .filter_map(|(parameter, _)| {
            let (place, name) = parameter.strip_prefix("method.request.")?.split_once('.')?;
            let place = match place {
                "header" | "multivalueheader" => Place::Header,
                "path" => Place::Path,
                "querystring" | "multivaluequerystring" => Place::Query,
                _ => return None,
            };
            Some(Required {
                place,
                name: name.to_owned(),
            })
        })
        .collect()
}

impl Required {
    /// A parameter without a value counts as missing.
    fn is_there(&self, exchange: &Exchange<'_>) -> bool {
        match self.place {
            Place::Header => HeaderName::from_bytes(self.name.as_bytes())
                .ok()
                .and_then(|name| exchange.call.parts.headers.get(name))
                .is_some_and(|value| !value.is_empty()),
            Place::Path => exchange
                .path_parameters
                .iter()
                .any(|(name, value)| *name == self.name && !value.is_empty()),
            Place::Query => {
                let query = exchange.call.parts.uri.query().unwrap_or_default();
                event::query_parameters(query)
                    .and_then(|mut parameters| parameters.remove(&self.name))
                    .is_some_and(|values| values.iter().any(|value| !value.is_empty()))
            }
        }
    }
}

/// The address under which models refer to each other.
fn model_url(api_id: &str, name: &str) -> String {
    format!("https://apigateway.amazonaws.com/restapis/{api_id}/models/{name}")
}

/// Refuses every address: what is not a model of the API is not fetched.
struct NoLoader;

impl UrlLoader for NoLoader {
    fn load(&self, url: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Err(format!("`{url}` is no model of this API").into())
    }
}

impl Schema {
    fn new(snapshot: &Snapshot, name: &str) -> Result<Self, String> {
        let models = &snapshot.definition.models;
        let api_id = &snapshot.api.id;
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V4);
        compiler.use_loader(Box::new(NoLoader));
        if !models.contains_key(name) {
            return Err(format!("the model `{name}` does not exist"));
        }
        for model in models.values() {
            let text = model.schema.as_deref().unwrap_or("{}");
            let schema = match serde_json::from_str(text) {
                Ok(schema) => schema,
                Err(error) if model.name == name => {
                    return Err(format!("the model `{name}` is not JSON: {error}"));
                }
                // Whoever refers to it is told that it does not exist.
                Err(_) => continue,
            };
            compiler
                .add_resource(&model_url(api_id, &model.name), schema)
                .map_err(|error| format!("the model `{}`: {error}", model.name))?;
        }
        let mut schemas = Schemas::new();
        let index = compiler
            .compile(&model_url(api_id, name), &mut schemas)
            .map_err(|error| format!("the model `{name}`: {error:#}"))?;
        Ok(Self { schemas, index })
    }

    /// Checks a body; an empty one counts as `{}`.
    ///
    /// # Errors
    ///
    /// What is wrong, for `$context.error.validationErrorString`.
    fn check(&self, body: &[u8]) -> Result<(), String> {
        let body = if body.trim_ascii().is_empty() {
            b"{}"
        } else {
            body
        };
        let value: Value = serde_json::from_slice(body).map_err(|error| format!("[{error}]"))?;
        self.schemas
            .validate(&value, self.index)
            .map_err(|error| causes(&error))
    }
}

/// The innermost causes of an error, as a list in brackets.
fn causes(error: &ValidationError<'_, '_>) -> String {
    let mut texts = Vec::new();
    let mut waiting = vec![error];
    while let Some(error) = waiting.pop() {
        if error.causes.is_empty() {
            texts.push(format!("{}: {}", error.instance_location, error.kind));
        }
        waiting.extend(error.causes.iter().rev());
    }
    format!("[{}]", texts.join(", "))
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn snapshot(models: &[(&str, Value)]) -> Snapshot {
        let models: serde_json::Map<String, Value> = models
            .iter()
            .map(|(name, schema)| {
                let model = json!({
                    "id": "m", "name": name, "schema": schema.to_string(), "contentType": "application/json",
                });
                ((*name).to_owned(), model)
            })
            .collect();
        serde_json::from_value(json!({
            "api": {
                "id": "a1", "name": "a", "createdDate": 0, "apiKeySource": "HEADER",
                "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"},
                "disableExecuteApiEndpoint": false, "rootResourceId": "r", "apiStatus": "AVAILABLE",
            },
            "definition": {"resources": {}, "models": models},
        }))
        .unwrap()
    }

    #[test]
    fn a_body_has_to_be_what_its_model_says() {
        let user = json!({
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "age": {"$ref": "#/definitions/age"}},
            "definitions": {"age": {"type": "integer", "minimum": 0, "exclusiveMinimum": true}},
        });
        let schema = Schema::new(&snapshot(&[("User", user)]), "User").unwrap();
        assert_eq!(schema.check(br#"{"name":"joe","age":1}"#), Ok(()));
        let cases: [&[u8]; 5] = [
            b"",
            b"{}",
            br#"{"name":1}"#,
            br#"{"name":"joe","age":0}"#,
            b"not JSON",
        ];
        for body in cases {
            assert!(
                schema.check(body).is_err(),
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn models_refer_to_each_other_and_to_nothing_else() {
        let of = |name: &str| json!({"$ref": model_url("a1", name)});
        let list = json!({"type": "array", "items": of("User")});
        let user = json!({"type": "object", "required": ["name"]});
        let models = snapshot(&[("List", list), ("User", user)]);
        let schema = Schema::new(&models, "List").unwrap();
        assert_eq!(schema.check(br#"[{"name":1}]"#), Ok(()));
        assert!(schema.check(br"[{}]").is_err());
        let outside = [
            of("Nobody"),
            json!({"$ref": "http://127.0.0.1:1/schema.json"}),
            json!({"$ref": "file:///etc/hostname"}),
        ];
        for reference in outside {
            let models = snapshot(&[("Bad", reference)]);
            assert!(Schema::new(&models, "Bad").is_err());
        }
    }

    #[test]
    fn missing_parameters_are_named_in_the_order_of_their_full_names() {
        let parameters = [
            ("method.request.querystring.qs1", true),
            ("method.request.header.x-header-param", true),
            ("method.request.header.x-optional", false),
            ("method.request.body.x", true),
        ];
        let parameters = parameters.map(|(name, is)| (name.to_owned(), is));
        let required = required(&BTreeMap::from(parameters));
        let names: Vec<_> = required.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["x-header-param", "qs1"]);
    }
}
