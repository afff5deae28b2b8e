//! What an integration may be.

use std::collections::BTreeMap;

use crate::control::error::ControlError;
use crate::rest_api::{Integration, IntegrationKind};

const PASSTHROUGH: [&str; 3] = ["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"];

/// The shortest and the longest time for a backend, in ms. AWS raises the second on request, so Tollgate takes more than AWS's 29,000.
const TIMEOUT_MS: std::ops::RangeInclusive<u32> = 50..=300_000;

/// Refuses an integration that could not answer.
pub(in crate::control::rest_apis) fn check(integration: &Integration) -> Result<(), ControlError> {
    match integration.kind {
        IntegrationKind::Mock => {}
        IntegrationKind::Http
        | IntegrationKind::HttpProxy
        | IntegrationKind::Aws
        | IntegrationKind::AwsProxy => {
            if integration.http_method.is_none() {
                return Err(ControlError::bad_request(
                    "Enumeration value for HttpMethod must be non-empty",
                ));
            }
            check_uri(integration)?;
        }
    }
    if !PASSTHROUGH.contains(&integration.passthrough_behavior.as_str()) {
        return Err(ControlError::bad_request(
            "Invalid passthrough behavior specified. Valid options are WHEN_NO_MATCH, WHEN_NO_TEMPLATES, NEVER",
        ));
    }
    check_content_types(&integration.request_templates)?;
    check_parameters(&integration.request_parameters)
}

/// A time for the backend, in ms.
pub(in crate::control::rest_apis) fn timeout(timeout_ms: i64) -> Result<u32, ControlError> {
    u32::try_from(timeout_ms)
        .ok()
        .filter(|timeout_ms| TIMEOUT_MS.contains(timeout_ms))
        .ok_or_else(|| ControlError::bad_request("Timeout should be between 50 ms and 29000 ms"))
}

/// Refuses templates whose name is no media type.
pub(in crate::control::rest_apis) fn check_content_types(
    templates: &BTreeMap<String, String>,
) -> Result<(), ControlError> {
    match templates
        .keys()
        .find(|name| !name.contains('/') && *name != "$default")
    {
        None => Ok(()),
        Some(name) => Err(ControlError::bad_request(format!(
            "Validation Result: warnings : [], errors : [Invalid content type specified: {name}]"
        ))),
    }
}

fn check_uri(integration: &Integration) -> Result<(), ControlError> {
    let uri = integration.uri.as_deref().unwrap_or_default();
    let valid = match integration.kind {
        IntegrationKind::Mock => true,
        IntegrationKind::Http | IntegrationKind::HttpProxy => {
            uri.starts_with("http://") || uri.starts_with("https://") || uri.starts_with("${")
        }
        IntegrationKind::Aws | IntegrationKind::AwsProxy => {
            if !uri.starts_with("arn:") {
                return Err(ControlError::bad_request(
                    "Invalid ARN specified in the request",
                ));
            }
            true
        }
    };
    if valid {
        Ok(())
    } else {
        Err(ControlError::bad_request(
            "Invalid HTTP endpoint specified for URI",
        ))
    }
}

fn check_parameters(parameters: &BTreeMap<String, String>) -> Result<(), ControlError> {
    const TARGETS: [&str; 3] = [
        "integration.request.header.",
        "integration.request.querystring.",
        "integration.request.path.",
    ];
    for (target, source) in parameters {
        let known = TARGETS.iter().any(|prefix| {
            target
                .strip_prefix(prefix)
                .is_some_and(|name| !name.is_empty())
        });
        let quoted = source.len() >= 2 && source.starts_with('\'') && source.ends_with('\'');
        let mapped = ["method.request.", "context.", "stageVariables."]
            .iter()
            .any(|prefix| source.starts_with(prefix));
        let invalid = if !known {
            target
        } else if !quoted && !mapped {
            source
        } else {
            continue;
        };
        return Err(invalid_mapping(invalid));
    }
    Ok(())
}

/// For what is no place of a request or of an answer (recorded).
pub(in crate::control::rest_apis) fn invalid_mapping(expression: &str) -> ControlError {
    ControlError::bad_request(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: {expression}]"
    ))
}
