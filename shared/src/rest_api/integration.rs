//! What answers an allowed request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::wire_enum;

/// What answers a method. Shape `Integration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: IntegrationKind,
    /// The verb for the backend. A Lambda function wants `POST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_method: Option<String>,
    /// The backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// How the backend is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_type: Option<ConnectionType>,
    /// The VPC link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// The role with which it is called. Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// `integration.request.{place}.{name}` to a mapping expression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: BTreeMap<String, String>,
    /// Mapping templates by media type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_templates: BTreeMap<String, String>,
    /// `WHEN_NO_MATCH`, `WHEN_NO_TEMPLATES` or `NEVER`.
    pub passthrough_behavior: String,
    /// How bodies are converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<ContentHandling>,
    /// 50 to 29,000 ms; AWS raises the upper bound on request.
    pub timeout_in_millis: u32,
    /// Stored only; the resource's id unless another is given.
    pub cache_namespace: String,
    /// Stored only.
    pub cache_key_parameters: Vec<String>,
    /// The answers by status.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub integration_responses: BTreeMap<String, IntegrationResponse>,
    /// Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// Whether answers are streamed. Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_transfer_mode: Option<ResponseTransferMode>,
    /// The target behind a VPC link. Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_target: Option<String>,
}

impl Integration {
    /// The longest wait for a backend where nothing else is said, in ms.
    pub const DEFAULT_TIMEOUT_MS: u32 = 29_000;

    /// An integration with API Gateway's defaults, of a method of the resource `resource_id`.
    #[must_use]
    pub fn new(kind: IntegrationKind, resource_id: &str) -> Self {
        Self {
            kind,
            http_method: None,
            uri: None,
            connection_type: None,
            connection_id: None,
            credentials: None,
            request_parameters: BTreeMap::new(),
            request_templates: BTreeMap::new(),
            passthrough_behavior: "WHEN_NO_MATCH".to_owned(),
            content_handling: None,
            timeout_in_millis: Self::DEFAULT_TIMEOUT_MS,
            cache_namespace: resource_id.to_owned(),
            cache_key_parameters: Vec::new(),
            integration_responses: BTreeMap::new(),
            tls_config: None,
            response_transfer_mode: None,
            integration_target: None,
        }
    }
}

/// How an answer of the backend becomes one of the method. Shape `IntegrationResponse`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationResponse {
    /// The method's status.
    pub status_code: String,
    /// A regular expression over the backend's status or a function's error message. Without it this is the default answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection_pattern: Option<String>,
    /// `method.response.header.{name}` to a mapping expression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: BTreeMap<String, String>,
    /// Mapping templates by media type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_templates: BTreeMap<String, String>,
    /// How bodies are converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<ContentHandling>,
}

/// How a backend's certificate is checked. Shape `TlsConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsConfig {
    /// Whether its issuer is left unchecked.
    pub insecure_skip_verification: bool,
}

wire_enum! {
    /// The kind of an integration.
    IntegrationKind {
        /// An HTTP backend, with mappings.
        Http = "HTTP",
        /// An AWS service, with mappings.
        Aws = "AWS",
        /// The gateway itself.
        Mock = "MOCK",
        /// An HTTP backend that gets the request as it is.
        HttpProxy = "HTTP_PROXY",
        /// A Lambda function that gets the request as an event.
        AwsProxy = "AWS_PROXY",
    }
}

wire_enum! {
    /// How a backend is reached.
    ConnectionType {
        /// Over the internet.
        Internet = "INTERNET",
        /// Through a VPC link.
        VpcLink = "VPC_LINK",
    }
}

wire_enum! {
    /// How bodies are converted.
    ContentHandling {
        /// From Base64 text to bytes.
        ConvertToBinary = "CONVERT_TO_BINARY",
        /// From bytes to Base64 text.
        ConvertToText = "CONVERT_TO_TEXT",
    }
}

wire_enum! {
    /// Whether answers are streamed.
    ResponseTransferMode {
        /// Whole.
        Buffered = "BUFFERED",
        /// As they come.
        Stream = "STREAM",
    }
}
