//! New stages, and stages that a new deployment is put on.

use std::collections::BTreeMap;

use super::canary;
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::rest_api::{ApiRecord, CacheClusterSize, CacheClusterStatus, CanarySettings, Stage};
use crate::time::Timestamp;

/// What a client says of a stage. Members that it leaves out stay as they are.
#[derive(Clone, Debug)]
pub(in crate::control::rest_apis) struct NewStage {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) cache_cluster_enabled: Option<bool>,
    pub(super) cache_cluster_size: Option<CacheClusterSize>,
    pub(super) variables: Option<BTreeMap<String, String>>,
    pub(super) documentation_version: Option<String>,
    pub(super) canary_settings: Option<CanarySettings>,
    pub(super) tracing_enabled: Option<bool>,
    pub(super) tags: BTreeMap<String, String>,
}

impl NewStage {
    /// The stage of a deployment, from the members of `createDeploymentInput`; `None` for a deployment without one.
    pub(in crate::control::rest_apis) fn of_deployment(
        members: &Members,
    ) -> Result<Option<Self>, ControlError> {
        let name = members.text("stageName")?;
        match name.as_deref() {
            None | Some("") if members.value("canarySettings").is_some() => {
                Err(ControlError::bad_request(format!(
                    "Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is {}",
                    name.as_deref().unwrap_or("null")
                )))
            }
            None | Some("") => Ok(None),
            Some(name) => Ok(Some(Self {
                description: members.text("stageDescription")?,
                documentation_version: None,
                tags: BTreeMap::new(),
                ..Self::read(name, members)?
            })),
        }
    }

    /// A stage, from the members of `createStageInput`.
    pub(super) fn read(name: &str, members: &Members) -> Result<Self, ControlError> {
        check_name(name)?;
        let canary_settings = members.object("canarySettings")?;
        Ok(Self {
            name: name.to_owned(),
            description: members.text("description")?,
            cache_cluster_enabled: members.boolean("cacheClusterEnabled")?,
            cache_cluster_size: members.choice(
                "cacheClusterSize",
                CacheClusterSize::ALL,
                CacheClusterSize::parse,
            )?,
            variables: members.text_map("variables")?,
            documentation_version: members.text("documentationVersion")?,
            canary_settings: canary_settings.as_ref().map(canary::read).transpose()?,
            tracing_enabled: members.boolean("tracingEnabled")?,
            tags: members.text_map("tags")?.unwrap_or_default(),
        })
    }

    /// A stage that is not there yet.
    pub(super) fn create(&self, deployment_id: &str, now: Timestamp) -> Stage {
        let cache_cluster_enabled = self.cache_cluster_enabled.unwrap_or(false);
        let canary_settings = self.canary_settings.clone().map(|canary| CanarySettings {
            deployment_id: canary
                .deployment_id
                .or_else(|| Some(deployment_id.to_owned())),
            ..canary
        });
        Stage {
            description: self.description.clone().filter(|text| !text.is_empty()),
            cache_cluster_enabled,
            cache_cluster_size: self
                .cache_cluster_size
                .or(cache_cluster_enabled.then_some(CacheClusterSize::Gb0_5)),
            cache_cluster_status: cache_status(cache_cluster_enabled),
            variables: self.variables.clone().unwrap_or_default(),
            documentation_version: self.documentation_version.clone(),
            canary_settings,
            tracing_enabled: self.tracing_enabled.unwrap_or(false),
            tags: self.tags.clone(),
            ..Stage::new(self.name.clone(), deployment_id.to_owned(), now.as_secs())
        }
    }

    /// Changes what the client names of a stage that is there.
    fn change(&self, stage: &mut Stage) {
        if let Some(description) = &self.description {
            stage.description = Some(description.clone()).filter(|text| !text.is_empty());
        }
        if let Some(variables) = &self.variables {
            stage.variables.clone_from(variables);
        }
        if let Some(enabled) = self.cache_cluster_enabled {
            stage.cache_cluster_enabled = enabled;
            stage.cache_cluster_status = cache_status(enabled);
        }
        if let Some(size) = self.cache_cluster_size {
            stage.cache_cluster_size = Some(size);
        }
        if let Some(enabled) = self.tracing_enabled {
            stage.tracing_enabled = enabled;
        }
    }
}

/// The state of a cache. There is none to wait for.
pub(super) const fn cache_status(enabled: bool) -> CacheClusterStatus {
    if enabled {
        CacheClusterStatus::Available
    } else {
        CacheClusterStatus::NotAvailable
    }
}

/// Points a stage to a new deployment. A stage that is not there is created. With canary settings, only the canary gets the deployment.
pub(in crate::control::rest_apis) fn point(
    record: &mut ApiRecord,
    new: &NewStage,
    deployment_id: &str,
    now: Timestamp,
) -> Result<(), ControlError> {
    match (record.stages.get_mut(&new.name), &new.canary_settings) {
        (None, Some(_)) => {
            return Err(ControlError::bad_request(format!(
                "Invalid deployment content specified.Stage {} must already be created before making a canary release deployment",
                new.name
            )));
        }
        (None, None) => {
            let stage = new.create(deployment_id, now);
            record.stages.insert(new.name.clone(), stage);
        }
        (Some(stage), canary) => {
            new.change(stage);
            stage.last_updated_date = now.as_secs();
            match canary {
                None => deployment_id.clone_into(&mut stage.deployment_id),
                Some(canary) => {
                    stage.canary_settings = Some(CanarySettings {
                        deployment_id: Some(deployment_id.to_owned()),
                        ..canary.clone()
                    });
                }
            }
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), ControlError> {
    let valid = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if valid {
        Ok(())
    } else {
        Err(ControlError::bad_request(
            "Stage name only allows a-zA-Z0-9_-",
        ))
    }
}
