//! What a deployment serves, as a document.
//!
//! What a document cannot say is left out: media types of models, integration responses beyond the first without a pattern, validators without a
//! name, the kind of endpoint.

mod integration;
mod operations;
mod schemas;
mod security;

use serde_json::{Map, Value, json};

use super::document::Dialect;
use super::{extension, yaml_text};
use crate::rest_api::{ApiKeySource, RestApi, Snapshot};

/// The version of OpenAPI that is written. Recorded from API Gateway.
const OPENAPI_VERSION: &str = "3.0.1";

/// The language of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportType {
    /// OpenAPI 3.0.
    Oas30,
    /// Swagger 2.0.
    Swagger,
}

impl ExportType {
    /// Reads the name in an operation's path.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "oas30" => Some(Self::Oas30),
            "swagger" => Some(Self::Swagger),
            _ => None,
        }
    }

    /// The name in an operation's path and in a file's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oas30 => "oas30",
            Self::Swagger => "swagger",
        }
    }

    const fn dialect(self) -> Dialect {
        match self {
            Self::Oas30 => Dialect::OpenApi3,
            Self::Swagger => Dialect::Swagger2,
        }
    }
}

/// Which of API Gateway's extensions are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Integrations.
    pub integrations: bool,
    /// Authorizers.
    pub authorizers: bool,
    /// All others.
    pub others: bool,
}

impl Extensions {
    /// All of them: what an import needs to make the same API.
    pub const ALL: Self = Self {
        integrations: true,
        authorizers: true,
        others: true,
    };

    /// Adds those that a value of the parameter `extensions` names. Others name none.
    #[must_use]
    pub fn with(mut self, name: &str) -> Self {
        match name {
            "apigateway" => return Self::ALL,
            "integrations" => self.integrations = true,
            "authorizers" => self.authorizers = true,
            _ => {}
        }
        self
    }
}

/// What is exported, and how.
#[derive(Clone, Copy, Debug)]
pub struct ExportOptions<'a> {
    /// The language.
    pub export_type: ExportType,
    /// The extensions.
    pub extensions: Extensions,
    /// The stage, which is the base path.
    pub stage_name: &'a str,
    /// The region, which is part of the host's name.
    pub region: &'a str,
}

/// An export.
#[derive(Clone, Debug, PartialEq)]
pub struct Export(Value);

impl Export {
    /// The document in JSON, over several lines.
    pub fn to_json(&self) -> String {
        format!("{:#}", self.0)
    }

    /// The document in YAML.
    pub fn to_yaml(&self) -> String {
        yaml_text::write(&self.0)
    }
}

/// The version that an export of the API has: the operator's own, or when the API was made.
pub fn version(api: &RestApi) -> String {
    api.version.clone().unwrap_or_else(|| {
        i64::try_from(api.created_date)
            .ok()
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
            .map_or_else(|| api.created_date.to_string(), |date| date.to_string())
    })
}

/// Writes what a deployment serves. The same snapshot gives the same text.
pub fn export(snapshot: &Snapshot, options: &ExportOptions<'_>) -> Export {
    let api = &snapshot.api;
    let dialect = options.export_type.dialect();
    let security = security::Security::of(snapshot, options.extensions);
    let mut document = Map::new();
    let mut insert = |name: &str, value: Value| {
        document.insert(name.to_owned(), value);
    };
    let mut info = Map::from_iter([
        ("title".to_owned(), Value::from(api.name.as_str())),
        ("version".to_owned(), Value::from(version(api))),
    ]);
    if let Some(description) = &api.description {
        info.insert("description".to_owned(), Value::from(description.as_str()));
    }
    insert("info", Value::Object(info));
    let paths = operations::paths(snapshot, dialect, &security, options.extensions);
    insert("paths", Value::Object(paths));
    let schemas = schemas::of(snapshot, dialect);
    let host = format!("{}.execute-api.{}.amazonaws.com", api.id, options.region);
    let endpoint = endpoint_configuration(api).filter(|_| options.extensions.others);
    match dialect {
        Dialect::OpenApi3 => {
            insert("openapi", Value::from(OPENAPI_VERSION));
            let mut server = json!({
                "url": format!("https://{host}/{{basePath}}"),
                "variables": {"basePath": {"default": options.stage_name}},
            });
            if let (Some(endpoint), Some(server)) = (endpoint, server.as_object_mut()) {
                server.insert(extension::ENDPOINT_CONFIGURATION.to_owned(), endpoint);
            }
            insert("servers", Value::Array(vec![server]));
            let components: Map<String, Value> = [
                ("schemas", schemas),
                ("securitySchemes", security.schemes()),
            ]
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(name, parts)| (name.to_owned(), Value::Object(parts)))
            .collect();
            insert("components", Value::Object(components));
        }
        Dialect::Swagger2 => {
            insert("swagger", Value::from("2.0"));
            insert("host", Value::from(host));
            insert("basePath", Value::from(format!("/{}", options.stage_name)));
            insert("schemes", json!(["https"]));
            if !schemas.is_empty() {
                insert("definitions", Value::Object(schemas));
            }
            let schemes = security.schemes();
            if !schemes.is_empty() {
                insert("securityDefinitions", Value::Object(schemes));
            }
            if let Some(endpoint) = endpoint {
                insert(extension::ENDPOINT_CONFIGURATION, endpoint);
            }
        }
    }
    if options.extensions.others {
        insert_extensions(snapshot, &mut document);
    }
    Export(Value::Object(document))
}

fn endpoint_configuration(api: &RestApi) -> Option<Value> {
    let mut configuration = Map::new();
    if api.disable_execute_api_endpoint {
        configuration.insert("disableExecuteApiEndpoint".to_owned(), Value::from(true));
    }
    let endpoints = &api.endpoint_configuration.vpc_endpoint_ids;
    if !endpoints.is_empty() {
        configuration.insert("vpcEndpointIds".to_owned(), json!(endpoints));
    }
    (!configuration.is_empty()).then_some(Value::Object(configuration))
}

/// The extensions of the document itself.
fn insert_extensions(snapshot: &Snapshot, document: &mut Map<String, Value>) {
    let api = &snapshot.api;
    let mut insert = |name: &str, value: Value| {
        document.insert(name.to_owned(), value);
    };
    if api.api_key_source != ApiKeySource::Header {
        insert(extension::API_KEY_SOURCE, json!(api.api_key_source));
    }
    if !api.binary_media_types.is_empty() {
        insert(extension::BINARY_MEDIA_TYPES, json!(api.binary_media_types));
    }
    if let Some(size) = api.minimum_compression_size {
        insert(extension::MINIMUM_COMPRESSION_SIZE, Value::from(size));
    }
    if let Some(policy) = &api.policy {
        let policy = serde_json::from_str(policy)
            .ok()
            .filter(Value::is_object)
            .unwrap_or_else(|| Value::from(policy.as_str()));
        insert(extension::POLICY, policy);
    }
    let validators: Map<String, Value> = snapshot
        .definition
        .request_validators
        .values()
        .filter_map(|validator| {
            let rules = json!({
                "validateRequestBody": validator.validate_request_body,
                "validateRequestParameters": validator.validate_request_parameters,
            });
            Some((validator.name.clone()?, rules))
        })
        .collect();
    if !validators.is_empty() {
        insert(extension::REQUEST_VALIDATORS, Value::Object(validators));
    }
    let responses: Map<String, Value> = snapshot
        .definition
        .gateway_responses
        .iter()
        .map(|(kind, response)| {
            let mut members = Map::new();
            if let Some(status) = &response.status_code {
                members.insert("statusCode".to_owned(), Value::from(status.as_str()));
            }
            if !response.response_parameters.is_empty() {
                let parameters = json!(response.response_parameters);
                members.insert("responseParameters".to_owned(), parameters);
            }
            if !response.response_templates.is_empty() {
                let templates = json!(response.response_templates);
                members.insert("responseTemplates".to_owned(), templates);
            }
            (kind.to_string(), Value::Object(members))
        })
        .collect();
    if !responses.is_empty() {
        insert(extension::GATEWAY_RESPONSES, Value::Object(responses));
    }
}
