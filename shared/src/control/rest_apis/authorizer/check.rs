//! What an authorizer may be.

use crate::control::error::ControlError;
use crate::rest_api::{Authorizer, AuthorizerKind};

/// How long an answer may be used again, in s, where nothing else is said, and at the most.
const DEFAULT_TTL_S: u32 = 300;
const MAX_TTL_S: u32 = 3_600;

/// Refuses an authorizer that could not be asked.
pub(super) fn check(authorizer: &Authorizer) -> Result<(), ControlError> {
    if authorizer.name.is_empty() {
        return Err(ControlError::bad_request("Authorizer name cannot be empty"));
    }
    let invalid = |message: &str| Err(ControlError::bad_request(message));
    match authorizer.kind {
        AuthorizerKind::Token | AuthorizerKind::Request => {
            let uri = authorizer.authorizer_uri.as_deref().unwrap_or_default();
            if !uri.starts_with("arn:") {
                return invalid(
                    "Invalid Authorizer URI: Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation.",
                );
            }
        }
        AuthorizerKind::CognitoUserPools => {
            if authorizer.provider_arns.is_empty() {
                return invalid("ProviderARNs cannot be empty for a COGNITO_USER_POOLS authorizer");
            }
        }
        AuthorizerKind::Jwt => {}
    }
    if let (AuthorizerKind::Request, Some(1..), None) = (
        authorizer.kind,
        authorizer.authorizer_result_ttl_in_seconds,
        &authorizer.identity_source,
    ) {
        return invalid(
            "Identity sources are required for a REQUEST authorizer with caching enabled",
        );
    }
    check_identity_source(authorizer)
}

fn check_identity_source(authorizer: &Authorizer) -> Result<(), ControlError> {
    let source = authorizer.identity_source.as_deref().unwrap_or_default();
    let unknown = source
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .find(|part| {
            !["method.request.", "context.", "stageVariables."]
                .iter()
                .any(|prefix| {
                    part.strip_prefix(prefix)
                        .is_some_and(|rest| !rest.is_empty())
                })
        });
    match unknown {
        None => Ok(()),
        Some(part) => Err(ControlError::bad_request(format!(
            "Invalid mapping expression specified: {part}"
        ))),
    }
}

/// A time for which answers are used again, in s.
pub(super) fn ttl_s(ttl_s: i64) -> Result<u32, ControlError> {
    u32::try_from(ttl_s)
        .ok()
        .filter(|ttl_s| *ttl_s <= MAX_TTL_S)
        .ok_or_else(|| {
            ControlError::bad_request("Authorizer result TTL must be between 0 and 3600 seconds")
        })
}

/// The time where the client says nothing, in s.
pub(super) const fn default_ttl_s(kind: AuthorizerKind) -> Option<u32> {
    match kind {
        AuthorizerKind::Token | AuthorizerKind::Request | AuthorizerKind::CognitoUserPools => {
            Some(DEFAULT_TTL_S)
        }
        AuthorizerKind::Jwt => None,
    }
}

/// What `authType` says where the client does not.
pub(super) const fn auth_type(kind: AuthorizerKind) -> &'static str {
    match kind {
        AuthorizerKind::Token | AuthorizerKind::Request => "custom",
        AuthorizerKind::CognitoUserPools => "cognito_user_pools",
        AuthorizerKind::Jwt => "jwt",
    }
}
