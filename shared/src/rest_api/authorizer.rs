//! Authorizers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire_enum;

/// An authorizer. Shape `Authorizer`. Those of the kinds `TOKEN` and `REQUEST` are executed, the others stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorizer {
    /// Six lower-case letters and digits.
    pub id: String,
    /// What it is called; unique within the API.
    pub name: String,
    /// The kind.
    #[serde(rename = "type")]
    pub kind: AuthorizerKind,
    /// The user pools of a Cognito authorizer.
    #[serde(
        default,
        rename = "providerARNs",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub provider_arns: Vec<String>,
    /// Free text for importers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<String>,
    /// The function, as an integration URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_uri: Option<String>,
    /// The role with which it is called. Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_credentials: Option<String>,
    /// Where the identity stands: `method.request.header.Authorization`, several separated by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_source: Option<String>,
    /// A regular expression that a token has to match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_validation_expression: Option<String>,
    /// How long an answer may be used again, 0 to 3,600 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_result_ttl_in_seconds: Option<u32>,
    /// The issuers of a JWT authorizer, shape `JwtConfiguration`. Stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt_configuration: Option<Value>,
}

wire_enum! {
    /// The kind of an authorizer.
    AuthorizerKind {
        /// A function that is given one token.
        Token = "TOKEN",
        /// A function that is given the request.
        Request = "REQUEST",
        /// Amazon Cognito.
        CognitoUserPools = "COGNITO_USER_POOLS",
        /// JSON web tokens.
        Jwt = "JWT",
    }
}
