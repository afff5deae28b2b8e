//! The patch operations of an integration.

use super::check;
use crate::control::error::ControlError;
use crate::control::patch::{self, Op, Patch};
use crate::rest_api::{
    ConnectionType, ContentHandling, Integration, ResponseTransferMode, TlsConfig,
};

/// Applies patch operations, in their order.
pub(super) fn apply(
    integration: &mut Integration,
    resource_id: &str,
    patches: &[Patch],
) -> Result<(), ControlError> {
    for patch in patches {
        apply_one(integration, resource_id, patch)?;
    }
    Ok(())
}

fn apply_one(
    integration: &mut Integration,
    resource_id: &str,
    patch: &Patch,
) -> Result<(), ControlError> {
    let segments = patch.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["requestTemplates", content_type] => patch.change_entry(
            &mut integration.request_templates,
            content_type,
            patch.text().to_owned(),
            patch::no_such_content_type,
        )?,
        ["requestParameters", name] => patch.change_entry(
            &mut integration.request_parameters,
            name,
            patch.text().to_owned(),
            patch::no_such_parameter,
        )?,
        ["cacheKeyParameters", name] => {
            let parameters = &mut integration.cache_key_parameters;
            match patch.op {
                Op::Add | Op::Replace => {
                    if !parameters.iter().any(|known| known == name) {
                        parameters.push((*name).to_owned());
                    }
                }
                Op::Remove => parameters.retain(|known| known != name),
                Op::Move | Op::Test | Op::Copy => return Err(patch.invalid_path()),
            }
        }
        _ => {
            match patch.op {
                Op::Replace => {}
                Op::Remove if segments == ["contentHandling"] => {}
                Op::Add | Op::Remove | Op::Move | Op::Test | Op::Copy => {
                    return Err(patch.invalid_path());
                }
            }
            replace(integration, resource_id, segments.as_slice(), patch)?;
        }
    }
    Ok(())
}

fn replace(
    integration: &mut Integration,
    resource_id: &str,
    segments: &[&str],
    patch: &Patch,
) -> Result<(), ControlError> {
    let text = patch.optional_text();
    match segments {
        ["uri"] => integration.uri = text,
        ["httpMethod"] => integration.http_method = text,
        ["credentials"] => integration.credentials = text,
        ["connectionId"] => integration.connection_id = text,
        ["connectionType"] => {
            integration.connection_type = patch.one_of(ConnectionType::parse)?;
        }
        ["contentHandling"] => {
            integration.content_handling = patch.one_of(ContentHandling::parse)?;
        }
        ["responseTransferMode"] => {
            integration.response_transfer_mode = patch.one_of(ResponseTransferMode::parse)?;
        }
        ["passthroughBehavior"] => {
            integration.passthrough_behavior = text.unwrap_or_else(|| "WHEN_NO_MATCH".to_owned());
        }
        ["cacheNamespace"] => {
            integration.cache_namespace = text.unwrap_or_else(|| resource_id.to_owned());
        }
        ["timeoutInMillis"] => {
            // What is no number is outside the bounds, too.
            integration.timeout_in_millis = check::timeout(patch.text().parse().unwrap_or(-1))?;
        }
        ["tlsConfig", "insecureSkipVerification"] => {
            integration.tls_config = Some(TlsConfig {
                insecure_skip_verification: patch.boolean(),
            });
        }
        ["integrationTarget"] => integration.integration_target = text,
        _ => return Err(patch.invalid_path()),
    }
    Ok(())
}
