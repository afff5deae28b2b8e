//! The patch operations of a stage.

use super::new::cache_status;
use super::{canary, settings};
use crate::control::error::ControlError;
use crate::control::patch::{Op, Patch};
use crate::rest_api::{CacheClusterSize, Stage};

/// What API Gateway says may be named. Commas are missing there, and names that it takes nevertheless (recorded).
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled";

/// Applies patch operations, in their order. `is_deployment` knows the API's deployments.
pub(super) fn apply(
    stage: &mut Stage,
    patches: &[Patch],
    is_deployment: impl Fn(&str) -> bool,
) -> Result<(), ControlError> {
    for patch in patches {
        let segments = patch.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match patch.op {
            Op::Replace => replace(stage, &segments, patch)?,
            Op::Remove => remove(stage, &segments, patch)?,
            Op::Copy => canary::copy(stage, patch)?,
            Op::Add => match segments.as_slice() {
                ["variables", _] => replace(stage, &segments, patch)?,
                _ => {
                    return Err(ControlError::bad_request(format!(
                        "Invalid add operation with path: {}",
                        patch.path
                    )));
                }
            },
            Op::Move | Op::Test => {
                return Err(ControlError::bad_request(format!(
                    "Invalid {} operation with path: {}",
                    patch.op, patch.path
                )));
            }
        }
    }
    check_deployments(stage, is_deployment)
}

/// Refuses a stage that points to a deployment which is not there.
pub(super) fn check_deployments(
    stage: &Stage,
    is_deployment: impl Fn(&str) -> bool,
) -> Result<(), ControlError> {
    let canary = stage.canary_settings.as_ref();
    let canary = canary.and_then(|canary| canary.deployment_id.as_deref());
    if is_deployment(&stage.deployment_id) && canary.is_none_or(is_deployment) {
        Ok(())
    } else {
        Err(ControlError::bad_request("Deployment id does not exist"))
    }
}

fn replace(stage: &mut Stage, segments: &[&str], patch: &Patch) -> Result<(), ControlError> {
    match segments {
        ["description"] => stage.description = patch.optional_text(),
        ["deploymentId"] => patch.text().clone_into(&mut stage.deployment_id),
        ["clientCertificateId"] => stage.client_certificate_id = patch.optional_text(),
        ["documentationVersion"] => stage.documentation_version = patch.optional_text(),
        ["tracingEnabled"] => stage.tracing_enabled = patch.boolean(),
        ["cacheClusterEnabled"] => {
            stage.cache_cluster_enabled = patch.boolean();
            stage.cache_cluster_status = cache_status(stage.cache_cluster_enabled);
            if stage.cache_cluster_enabled && stage.cache_cluster_size.is_none() {
                stage.cache_cluster_size = Some(CacheClusterSize::Gb0_5);
            }
        }
        ["cacheClusterSize"] => {
            let size = CacheClusterSize::parse(patch.text()).ok_or_else(|| {
                let known: Vec<&str> = CacheClusterSize::ALL
                    .iter()
                    .map(|size| size.as_str())
                    .collect();
                ControlError::bad_request(format!(
                    "Invalid cache cluster size specified. Valid options are {}",
                    known.join(",")
                ))
            })?;
            stage.cache_cluster_size = Some(size);
        }
        ["variables", name] => {
            stage
                .variables
                .insert((*name).to_owned(), patch.text().to_owned());
        }
        ["accessLogSettings", "destinationArn"] => {
            let settings = stage.access_log_settings.get_or_insert_default();
            settings.destination_arn = patch.optional_text();
        }
        ["accessLogSettings", "format"] => {
            let settings = stage.access_log_settings.get_or_insert_default();
            settings.format = patch.optional_text();
        }
        ["canarySettings", rest @ ..] => {
            return canary::replace(stage, rest, patch).unwrap_or_else(|| Err(unknown(patch)));
        }
        _ => return settings::replace(stage, patch).unwrap_or_else(|| Err(unknown(patch))),
    }
    Ok(())
}

fn remove(stage: &mut Stage, segments: &[&str], patch: &Patch) -> Result<(), ControlError> {
    let removed = match segments {
        ["variables", name] => stage.variables.remove(*name).is_some(),
        ["accessLogSettings"] => {
            // Terraform removes them without looking first.
            stage.access_log_settings = None;
            true
        }
        ["canarySettings"] => {
            stage.canary_settings = None;
            true
        }
        ["canarySettings", "stageVariableOverrides", name] => stage
            .canary_settings
            .as_mut()
            .is_some_and(|canary| canary.stage_variable_overrides.remove(*name).is_some()),
        _ => false,
    };
    if removed {
        Ok(())
    } else {
        settings::remove(stage, patch)
    }
}

fn unknown(patch: &Patch) -> ControlError {
    ControlError::bad_request(format!(
        "Invalid method setting path: {}. Must be one of: [{PATHS}]",
        patch.path
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::rest_apis::stage::tests::{patch, stage};

    fn apply_one(stage: &mut Stage, patch: Patch) -> Result<(), ControlError> {
        apply(stage, &[patch], |id| ["aaaaaa", "bbbbbb"].contains(&id))
    }

    fn refused(stage: &Stage, patch: Patch) -> String {
        let error = apply_one(&mut stage.clone(), patch).unwrap_err();
        error.message().to_owned()
    }

    #[test]
    fn a_canary_begins_with_the_deployment_of_its_stage() {
        let mut stage = stage();
        apply_one(
            &mut stage,
            patch(Op::Replace, "/canarySettings/percentTraffic", "50"),
        )
        .unwrap();
        let canary = stage.canary_settings.as_ref().unwrap();
        assert_eq!(canary.deployment_id.as_deref(), Some("aaaaaa"));
        assert!((canary.percent_traffic - 50.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_promotion_hands_over_the_deployment_and_adds_the_variables() {
        let mut stage = stage();
        stage.variables.insert("kept".to_owned(), "1".to_owned());
        let copies = [
            ("/canarySettings/deploymentId", "/deploymentId"),
            ("/canarySettings/stageVariableOverrides", "/variables"),
        ]
        .map(|(from, path)| Patch {
            op: Op::Copy,
            path: path.to_owned(),
            value: None,
            from: Some(from.to_owned()),
        });
        assert_eq!(
            refused(&stage, copies[0].clone()),
            "Promotion not available. Canary does not exist."
        );
        let mut patches = vec![
            patch(Op::Replace, "/canarySettings/deploymentId", "bbbbbb"),
            patch(
                Op::Replace,
                "/canarySettings/stageVariableOverrides/new",
                "2",
            ),
        ];
        patches.extend(copies);
        apply(&mut stage, &patches, |_| true).unwrap();
        assert_eq!(stage.deployment_id, "bbbbbb");
        let variables: Vec<(&str, &str)> = stage
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(variables, [("kept", "1"), ("new", "2")]);
        assert!(stage.canary_settings.is_some());
    }

    #[test]
    fn refusals_have_the_texts_that_were_recorded() {
        let stage = stage();
        let mut copy = patch(Op::Copy, "/variables", "");
        copy.from = Some("/deploymentId".to_owned());
        for (patch, message) in [
            (
                patch(Op::Remove, "/*/*", ""),
                "Cannot remove method setting */* because there is no method setting for this method ",
            ),
            (
                patch(Op::Remove, "/canarySettings/badPath", ""),
                "Cannot remove method setting canarySettings/badPath because there is no method setting for this method ",
            ),
            (
                patch(Op::Add, "/canarySettings/deploymentId", "bbbbbb"),
                "Invalid add operation with path: /canarySettings/deploymentId",
            ),
            (
                patch(Op::Replace, "/canarySettings/deploymentId", "cccccc"),
                "Deployment id does not exist",
            ),
            (
                copy,
                "Invalid copy operation with path: /variables and from /deploymentId. Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]",
            ),
        ] {
            assert_eq!(refused(&stage, patch), message);
        }
        let unknown = refused(&stage, patch(Op::Replace, "/tags/tag1", "x"));
        assert!(unknown.starts_with(
            "Invalid method setting path: /tags/tag1. Must be one of: [/deploymentId, /description,"
        ));
        assert!(unknown.ends_with("/variables/{variable_name}, /tracingEnabled]"));
    }
}
