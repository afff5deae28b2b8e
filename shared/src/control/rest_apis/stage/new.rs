//! New stages, and stages that a new deployment is put on.

use std::collections::BTreeMap;

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
    /// The stage of a deployment, from the members of `createDeploymentInput`.
    pub(in crate::control::rest_apis) fn of_deployment(
        name: String,
        members: &Members,
    ) -> Result<Self, ControlError> {
        Ok(Self {
            description: members.text("stageDescription")?,
            documentation_version: None,
            tags: BTreeMap::new(),
            ..Self::read(name, members)?
        })
    }

    /// A stage, from the members of `createStageInput`.
    pub(super) fn read(name: String, members: &Members) -> Result<Self, ControlError> {
        check_name(&name)?;
        let canary_settings = members.object("canarySettings")?;
        Ok(Self {
            name,
            description: members.text("description")?,
            cache_cluster_enabled: members.boolean("cacheClusterEnabled")?,
            cache_cluster_size: members.choice(
                "cacheClusterSize",
                CacheClusterSize::ALL,
                CacheClusterSize::parse,
            )?,
            variables: members.text_map("variables")?,
            documentation_version: members.text("documentationVersion")?,
            canary_settings: canary_settings.as_ref().map(read_canary).transpose()?,
            tracing_enabled: members.boolean("tracingEnabled")?,
            tags: members.text_map("tags")?.unwrap_or_default(),
        })
    }

    /// A stage that is not there yet.
    pub(super) fn create(&self, deployment_id: &str, now: Timestamp) -> Stage {
        let cache_cluster_enabled = self.cache_cluster_enabled.unwrap_or(false);
        Stage {
            deployment_id: deployment_id.to_owned(),
            client_certificate_id: None,
            stage_name: self.name.clone(),
            description: self.description.clone().filter(|text| !text.is_empty()),
            cache_cluster_enabled,
            cache_cluster_size: self
                .cache_cluster_size
                .or(cache_cluster_enabled.then_some(CacheClusterSize::Gb0_5)),
            cache_cluster_status: cache_status(cache_cluster_enabled),
            method_settings: BTreeMap::new(),
            variables: self.variables.clone().unwrap_or_default(),
            documentation_version: self.documentation_version.clone(),
            access_log_settings: None,
            canary_settings: self.canary_settings.clone(),
            tracing_enabled: self.tracing_enabled.unwrap_or(false),
            web_acl_arn: None,
            tags: self.tags.clone(),
            created_date: now.as_secs(),
            last_updated_date: now.as_secs(),
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

/// Points a stage to a new deployment. A stage that is not there is created.
pub(in crate::control::rest_apis) fn point(
    record: &mut ApiRecord,
    new: &NewStage,
    deployment_id: &str,
    now: Timestamp,
) -> Result<(), ControlError> {
    let Some(stage) = record.stages.get_mut(&new.name) else {
        let stage = new.create(deployment_id, now);
        record.stages.insert(new.name.clone(), stage);
        return Ok(());
    };
    deployment_id.clone_into(&mut stage.deployment_id);
    stage.last_updated_date = now.as_secs();
    if let Some(description) = &new.description {
        stage.description = Some(description.clone()).filter(|text| !text.is_empty());
    }
    if let Some(variables) = &new.variables {
        stage.variables.clone_from(variables);
    }
    if let Some(enabled) = new.cache_cluster_enabled {
        stage.cache_cluster_enabled = enabled;
        stage.cache_cluster_status = cache_status(enabled);
    }
    if let Some(size) = new.cache_cluster_size {
        stage.cache_cluster_size = Some(size);
    }
    if let Some(enabled) = new.tracing_enabled {
        stage.tracing_enabled = enabled;
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

fn read_canary(members: &Members) -> Result<CanarySettings, ControlError> {
    Ok(CanarySettings {
        percent_traffic: members.number("percentTraffic")?.unwrap_or(0.0),
        deployment_id: members.text("deploymentId")?,
        stage_variable_overrides: members
            .text_map("stageVariableOverrides")?
            .unwrap_or_default(),
        use_stage_cache: members.boolean("useStageCache")?.unwrap_or(false),
    })
}
