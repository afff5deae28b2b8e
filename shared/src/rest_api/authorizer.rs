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

/// Whose tokens a JWT authorizer takes. Shape `JwtConfiguration`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JwtConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    issuers: Option<Vec<JwtIssuer>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_algorithms: Option<Vec<JwtSigningAlgorithm>>,
}

/// Shape `JwtIssuer`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JwtIssuer {
    issuer: String,
    audiences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_claims: Option<Vec<JwtAdditionalClaim>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
}

/// Shape `JwtAdditionalClaim`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JwtAdditionalClaim {
    claim_name: String,
    format: JwtClaimFormat,
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_values: Option<Vec<String>>,
}

/// How tokens are signed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum JwtSigningAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    Es512,
}

/// What a claim is.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum JwtClaimFormat {
    SingleString,
}

/// A `jwtConfiguration` with the members of the service model and no others.
///
/// # Errors
///
/// When a member is missing, or is of another type than the service model says.
pub(crate) fn jwt_configuration(value: &Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(JwtConfiguration::deserialize(value)?)
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
