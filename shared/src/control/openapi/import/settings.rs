//! What a document says of the API itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Import, parse_upper};
use crate::control::openapi::document::{Dialect, text_of};
use crate::control::openapi::extension;
use crate::rest_api::{
    ApiKeySource, EndpointType, GatewayResponse, GatewayResponseKind, IpAddressType,
    RequestValidator,
};

/// What a document says of the API itself. `None` is what it does not speak of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiFields {
    /// `info.title`.
    pub name: Option<String>,
    /// `info.description`.
    pub description: Option<String>,
    /// `info.version`.
    pub version: Option<String>,
    /// Where a request's key is read.
    pub api_key_source: Option<ApiKeySource>,
    /// Media types that are not text.
    pub binary_media_types: Option<Vec<String>>,
    /// In bytes.
    pub minimum_compression_size: Option<u32>,
    /// The resource policy, in JSON.
    pub policy: Option<String>,
    /// The kind of endpoint.
    pub endpoint_types: Option<Vec<EndpointType>>,
    /// The addresses of the endpoint.
    pub ip_address_type: Option<IpAddressType>,
    /// For private APIs.
    pub vpc_endpoint_ids: Option<Vec<String>>,
    /// Whether the default endpoint is off.
    pub disable_execute_api_endpoint: Option<bool>,
}

/// The members of a document and their extensions that mean something here, or nothing to an API.
const KNOWN_MEMBERS: [&str; 20] = [
    "basePath",
    "components",
    "consumes",
    "definitions",
    "externalDocs",
    "host",
    "info",
    "jsonSchemaDialect",
    "openapi",
    "parameters",
    "paths",
    "produces",
    "responses",
    "schemes",
    "security",
    "securityDefinitions",
    "servers",
    "swagger",
    "tags",
    "webhooks",
];
const KNOWN_EXTENSIONS: [&str; 9] = [
    extension::API_KEY_SOURCE,
    extension::BINARY_MEDIA_TYPES,
    // Documentation parts are for readers of documentation.
    extension::DOCUMENTATION,
    extension::ENDPOINT_CONFIGURATION,
    extension::GATEWAY_RESPONSES,
    extension::MINIMUM_COMPRESSION_SIZE,
    extension::POLICY,
    extension::REQUEST_VALIDATOR,
    extension::REQUEST_VALIDATORS,
];

impl Import<'_> {
    pub(super) fn api_fields(&mut self) -> ApiFields {
        self.warn_of_unknown_members();
        let info = |name: &str| {
            let info = self.document.map("info")?;
            info.get(name)
                .and_then(text_of)
                .filter(|text| !text.is_empty())
        };
        let (name, description, version) = (info("title"), info("description"), info("version"));
        let mut fields = ApiFields {
            name,
            description,
            version,
            api_key_source: self.extension(extension::API_KEY_SOURCE, |value| {
                parse_upper(value, ApiKeySource::parse)
            }),
            binary_media_types: self.extension(extension::BINARY_MEDIA_TYPES, texts),
            minimum_compression_size: self
                .extension(extension::MINIMUM_COMPRESSION_SIZE, |value| {
                    u32::try_from(value.as_u64()?).ok()
                }),
            policy: self.extension(extension::POLICY, |value| match value {
                Value::String(policy) => Some(policy.clone()),
                Value::Object(_) => Some(value.to_string()),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
            }),
            ..ApiFields::default()
        };
        self.read_endpoint_configuration(&mut fields);
        if let Some(endpoint_type) = self.options.endpoint_type {
            fields.endpoint_types = Some(vec![endpoint_type]);
        }
        fields
    }

    /// The validators, by name.
    pub(super) fn request_validators(&mut self) -> BTreeMap<String, RequestValidator> {
        let validators = self
            .extension(extension::REQUEST_VALIDATORS, |value| {
                value.as_object().cloned()
            })
            .unwrap_or_default();
        let flag = |validator: &Value, name: &str| {
            validator
                .get(name)
                .and_then(Value::as_bool)
                .unwrap_or(false)
        };
        validators
            .iter()
            .map(|(name, validator)| {
                let validator = RequestValidator {
                    id: name.clone(),
                    name: Some(name.clone()),
                    validate_request_body: flag(validator, "validateRequestBody"),
                    validate_request_parameters: flag(validator, "validateRequestParameters"),
                };
                (name.clone(), validator)
            })
            .collect()
    }

    pub(super) fn gateway_responses(&mut self) -> BTreeMap<GatewayResponseKind, GatewayResponse> {
        let responses = self
            .extension(extension::GATEWAY_RESPONSES, |value| {
                value.as_object().cloned()
            })
            .unwrap_or_default();
        let mut read = BTreeMap::new();
        for (name, response) in &responses {
            let Some(kind) = GatewayResponseKind::parse(name) else {
                self.warnings.add(format!(
                    "'{name}' is no type of gateway response. Ignoring."
                ));
                continue;
            };
            let response_texts = |member: &str| {
                let members = response.get(member).and_then(Value::as_object);
                members
                    .into_iter()
                    .flatten()
                    .filter_map(|(name, value)| Some((name.clone(), text_of(value)?)))
                    .collect()
            };
            let response = GatewayResponse {
                status_code: response.get("statusCode").and_then(text_of),
                response_parameters: response_texts("responseParameters"),
                response_templates: response_texts("responseTemplates"),
            };
            read.insert(kind, response);
        }
        read
    }

    /// In OpenAPI 3 it stands in a server, in Swagger in the document.
    fn read_endpoint_configuration(&mut self, fields: &mut ApiFields) {
        let configuration = match self.document.dialect {
            Dialect::Swagger2 => self.document.get(extension::ENDPOINT_CONFIGURATION),
            Dialect::OpenApi3 => self
                .document
                .get("servers")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .find_map(|server| server.get(extension::ENDPOINT_CONFIGURATION))
                .or_else(|| self.document.get(extension::ENDPOINT_CONFIGURATION)),
        };
        let Some(configuration) = configuration else {
            return;
        };
        fields.endpoint_types = configuration
            .get("types")
            .and_then(texts)
            .and_then(|types| types.iter().map(|name| EndpointType::parse(name)).collect());
        fields.ip_address_type = configuration
            .get("ipAddressType")
            .and_then(Value::as_str)
            .and_then(IpAddressType::parse);
        fields.vpc_endpoint_ids = configuration.get("vpcEndpointIds").and_then(texts);
        fields.disable_execute_api_endpoint = configuration
            .get("disableExecuteApiEndpoint")
            .and_then(text_of)
            .map(|text| text == "true");
    }

    /// An extension of the document, if it is of the right form.
    fn extension<T>(&mut self, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.document.get(name)?;
        let read = read(value);
        if read.is_none() {
            self.warnings
                .add(format!("Invalid format for '{name}'. Ignoring."));
        }
        read
    }

    fn warn_of_unknown_members(&mut self) {
        for (name, _) in self.document.members() {
            let is_known = KNOWN_MEMBERS.contains(&name.as_str())
                || KNOWN_EXTENSIONS.contains(&name.as_str())
                || is_foreign_extension(name);
            if !is_known {
                self.warnings
                    .add(format!("'{name}' is not known. Ignoring."));
            }
        }
    }
}

/// Whether a name is an extension of somebody else.
pub(super) fn is_foreign_extension(name: &str) -> bool {
    name.starts_with("x-") && !name.starts_with(extension::PREFIX)
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(text_of).collect()
}
