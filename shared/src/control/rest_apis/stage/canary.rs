//! Canaries: a trial of another deployment on a stage. Tollgate stores them, and serves the stage's own deployment.

use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::patch::Patch;
use crate::rest_api::{CanarySettings, Stage};

/// Reads the member `canarySettings`.
pub(super) fn read(members: &Members) -> Result<CanarySettings, ControlError> {
    Ok(CanarySettings {
        percent_traffic: members
            .number("percentTraffic")?
            .map(percent)
            .transpose()?
            .unwrap_or(0.0),
        deployment_id: members.text("deploymentId")?,
        stage_variable_overrides: members
            .text_map("stageVariableOverrides")?
            .unwrap_or_default(),
        use_stage_cache: members.boolean("useStageCache")?.unwrap_or(false),
    })
}

/// Replaces one setting, named by the segments after `canarySettings`. A stage without a canary gets one of its own deployment (recorded).
/// `None`: there is no such setting.
pub(super) fn replace(
    stage: &mut Stage,
    segments: &[&str],
    patch: &Patch,
) -> Option<Result<(), ControlError>> {
    let mut canary = stage
        .canary_settings
        .clone()
        .unwrap_or_else(|| CanarySettings {
            deployment_id: Some(stage.deployment_id.clone()),
            ..CanarySettings::default()
        });
    match segments {
        ["percentTraffic"] => match patch.text().parse().map_or_else(|_| percent(-1.0), percent) {
            Ok(percent) => canary.percent_traffic = percent,
            Err(error) => return Some(Err(error)),
        },
        ["deploymentId"] => canary.deployment_id = Some(patch.text().to_owned()),
        ["useStageCache"] => canary.use_stage_cache = patch.boolean(),
        ["stageVariableOverrides", name] => {
            canary
                .stage_variable_overrides
                .insert((*name).to_owned(), patch.text().to_owned());
        }
        _ => return None,
    }
    stage.canary_settings = Some(canary);
    Some(Ok(()))
}

/// Promotes the canary's deployment or its variables. The canary stays: clients remove it with a patch of its own.
pub(super) fn copy(stage: &mut Stage, patch: &Patch) -> Result<(), ControlError> {
    let from = patch.from.as_deref().unwrap_or("null");
    let promotion = match (from, patch.path.as_str()) {
        ("/canarySettings/deploymentId", "/deploymentId") => Promotion::Deployment,
        ("/canarySettings/stageVariableOverrides", "/variables") => Promotion::Variables,
        (_, path) => {
            return Err(ControlError::bad_request(format!(
                "Invalid copy operation with path: {path} and from {from}. Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]"
            )));
        }
    };
    let Some(canary) = &stage.canary_settings else {
        return Err(ControlError::bad_request(
            "Promotion not available. Canary does not exist.",
        ));
    };
    match promotion {
        Promotion::Deployment => {
            if let Some(id) = &canary.deployment_id {
                stage.deployment_id.clone_from(id);
            }
        }
        Promotion::Variables => stage
            .variables
            .extend(canary.stage_variable_overrides.clone()),
    }
    Ok(())
}

/// What a canary hands to its stage.
enum Promotion {
    Deployment,
    Variables,
}

fn percent(percent: f64) -> Result<f64, ControlError> {
    if (0.0..=100.0).contains(&percent) {
        Ok(percent)
    } else {
        Err(ControlError::bad_request(
            "Invalid percentTraffic specified, must be between 0.0 and 100.0",
        ))
    }
}
