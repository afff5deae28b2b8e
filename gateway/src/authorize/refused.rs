//! Requests that an authorizer does not let pass, and what they are answered.

use http::StatusCode;
use tollgate::rest_api::GatewayResponseKind;

use super::Authorized;

/// Why a request may not pass. A refusal is data, not a fault of the gateway.
#[derive(Clone, Debug)]
pub enum Refused {
    /// The identity is missing, or the function failed with `Unauthorized`.
    Unauthorized,
    /// A statement of the policy denies the method. The answer is here for templates, which may name `$context.authorizer`.
    ExplicitDeny(Authorized),
    /// No statement of the policy allows the method. The answer is here as above.
    ImplicitDeny(Authorized),
    /// The authorizer cannot be executed, failed, or answered something else than a policy.
    AuthorizerConfiguration,
}

/// What API Gateway answers by itself, before a gateway response is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayError {
    /// The gateway response that may replace it.
    pub kind: GatewayResponseKind,
    /// The status.
    pub status: StatusCode,
    /// The value of `x-amzn-ErrorType`.
    pub error_type: &'static str,
    /// The text, `$context.error.message`. `None` is null.
    pub message: Option<&'static str>,
    /// The body where no template replaces it. That of a denial has `Message`, with a capital, on AWS.
    pub body: &'static str,
}

impl Refused {
    /// The answer, which users of API Gateway have recorded.
    ///
    /// A function that fails is a matter of configuration to API Gateway: `AUTHORIZER_FAILURE` was never seen for one.
    pub const fn error(&self) -> GatewayError {
        match self {
            Self::Unauthorized => GatewayError {
                kind: GatewayResponseKind::Unauthorized,
                status: StatusCode::UNAUTHORIZED,
                error_type: "UnauthorizedException",
                message: Some("Unauthorized"),
                body: r#"{"message":"Unauthorized"}"#,
            },
            Self::ExplicitDeny(_) => GatewayError {
                kind: GatewayResponseKind::AccessDenied,
                status: StatusCode::FORBIDDEN,
                error_type: "AccessDeniedException",
                message: Some(
                    "User is not authorized to access this resource with an explicit deny",
                ),
                body: r#"{"Message":"User is not authorized to access this resource with an explicit deny"}"#,
            },
            Self::ImplicitDeny(_) => GatewayError {
                kind: GatewayResponseKind::AccessDenied,
                status: StatusCode::FORBIDDEN,
                error_type: "AccessDeniedException",
                message: Some("User is not authorized to access this resource"),
                body: r#"{"Message":"User is not authorized to access this resource"}"#,
            },
            Self::AuthorizerConfiguration => GatewayError {
                kind: GatewayResponseKind::AuthorizerConfigurationError,
                status: StatusCode::INTERNAL_SERVER_ERROR,
                error_type: "AuthorizerConfigurationException",
                message: None,
                body: r#"{"message":null}"#,
            },
        }
    }

    /// What the authorizer said of a denied caller, for `$context.authorizer`.
    pub const fn answer(&self) -> Option<&Authorized> {
        match self {
            Self::ExplicitDeny(answer) | Self::ImplicitDeny(answer) => Some(answer),
            Self::Unauthorized | Self::AuthorizerConfiguration => None,
        }
    }

    /// A short name for logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::ExplicitDeny(_) => "explicit_deny",
            Self::ImplicitDeny(_) => "implicit_deny",
            Self::AuthorizerConfiguration => "authorizer_configuration",
        }
    }
}
