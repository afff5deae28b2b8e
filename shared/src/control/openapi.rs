//! OpenAPI 3.0 and 3.1 and Swagger 2.0, with API Gateway's extensions: to a [`Definition`](crate::rest_api::Definition) and back.
//!
//! All of it is pure: documents come in as text, ids as a function, and nothing is stored. [`definition_of`] reads a document whose ids are
//! names still: a resource's is its path, that of an authorizer, validator or model is its name. [`apply::create`], [`apply::overwrite`]
//! and [`apply::merge`] give them ids and make them part of an API. [`export`](mod@export) writes what a deployment serves.
//!
//! What a document can do is bounded: its length, its depth, and what its aliases and references expand to.

pub mod apply;
mod document;
mod error;
pub mod export;
mod import;
mod messages;
mod yaml;
mod yaml_text;

pub use error::ImportError;
pub use import::{ApiFields, BasePath, ImportOptions, Imported, definition_of};

/// The longest document, in bytes. From AWS's documentation of `ImportRestApi`.
pub const DOCUMENT_BYTES_MAX: usize = 6 * 1024 * 1024;

/// What aliases and references of one document may expand to, in bytes of text and values together.
const EXPANDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The deepest nesting of lists and maps. `serde_json` has the same bound.
const DEPTH_MAX: usize = 128;

/// How the URL of a model in a schema begins; `{api id}/models/{name}` follows. Recorded from API Gateway.
const MODEL_URL: &str = "https://apigateway.amazonaws.com/restapis/";

/// The names of API Gateway's extensions.
mod extension {
    pub(super) const PREFIX: &str = "x-amazon-apigateway-";
    pub(super) const ANY_METHOD: &str = "x-amazon-apigateway-any-method";
    pub(super) const API_KEY_SOURCE: &str = "x-amazon-apigateway-api-key-source";
    pub(super) const AUTH: &str = "x-amazon-apigateway-auth";
    pub(super) const AUTH_TYPE: &str = "x-amazon-apigateway-authtype";
    pub(super) const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";
    pub(super) const BINARY_MEDIA_TYPES: &str = "x-amazon-apigateway-binary-media-types";
    pub(super) const DOCUMENTATION: &str = "x-amazon-apigateway-documentation";
    pub(super) const ENDPOINT_CONFIGURATION: &str = "x-amazon-apigateway-endpoint-configuration";
    pub(super) const GATEWAY_RESPONSES: &str = "x-amazon-apigateway-gateway-responses";
    pub(super) const INTEGRATION: &str = "x-amazon-apigateway-integration";
    pub(super) const MINIMUM_COMPRESSION_SIZE: &str =
        "x-amazon-apigateway-minimum-compression-size";
    pub(super) const POLICY: &str = "x-amazon-apigateway-policy";
    pub(super) const REQUEST_VALIDATOR: &str = "x-amazon-apigateway-request-validator";
    pub(super) const REQUEST_VALIDATORS: &str = "x-amazon-apigateway-request-validators";
}

#[cfg(test)]
mod tests;
