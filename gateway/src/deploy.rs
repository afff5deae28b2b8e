//! What a template declares, made true in a store: tables, REST APIs, plans, keys, and which key is in which plan.
//!
//! Deploying twice is the same as once. What an operator changed since stays as it is until the template itself changes; then the
//! template wins. What an operator deleted is made again: a template without its plans and keys would be of no use.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use tollgate::bucket::{InvalidRate, Rate, Throttle};
use tollgate::id::{ApiStage, PlanId};
use tollgate::key::{EnvironmentLetter, KeyValue, ParseKeyError};
use tollgate::plan::{CoveredStage, Plan};
use tollgate::quota::{InvalidOffset, Period, Quota};
use tollgate::random::NoEntropy;
use tollgate::store::dynamodb::{DynamoStore, create_table};
use tollgate::store::{ApiKey, NewPlan, PlanChange, PlanRegistry, RegistryError, StoreError};
use tollgate::time::Timestamp;

use crate::template::{self, PlanKeySpec, PlanSpec, Template};

mod keys;
mod rest_apis;
mod tables;
#[cfg(test)]
mod tests;

pub use tables::TableError;

/// Says which text of the template a plan or a key was made from.
const DIGEST_TAG: &str = "tollgate:template";

/// Why a template cannot be deployed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// A table cannot be created.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key's value cannot be used.
    #[error("{logical_id}: Properties.Value: {cause}")]
    Value {
        /// The key.
        logical_id: String,
        /// Why.
        cause: ParseKeyError,
    },
    /// A throttle's rate cannot be used.
    #[error("{logical_id}: {cause}")]
    Rate {
        /// The plan.
        logical_id: String,
        /// Why.
        cause: InvalidRate,
    },
    /// A quota's offset cannot be used.
    #[error("{logical_id}: {cause}")]
    Offset {
        /// The plan.
        logical_id: String,
        /// Why.
        cause: InvalidOffset,
    },
    /// The registry refuses a resource.
    #[error("{logical_id}: {cause}")]
    Refused {
        /// The resource.
        logical_id: String,
        /// Why.
        cause: RegistryError,
    },
    /// No random value could be made.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// What stands in the store after a deployment.
#[derive(Debug)]
pub struct Deployed {
    /// The template's plans.
    pub plans: Vec<Plan>,
    /// The template's keys, with the values of those that were created just now.
    pub keys: Vec<(ApiKey, Option<KeyValue>)>,
}

/// Creates the tables that do not exist yet.
///
/// # Errors
///
/// When the store does not answer, or refuses a table.
pub async fn create_tables(
    client: &Client,
    template: &Template,
    tollgate_table: &str,
) -> Result<(), DeployError> {
    let mut existing = tables::names(client).await?;
    for table in &template.tables {
        if !existing.contains(&table.name) {
            tables::create(client, table).await?;
            existing.push(table.name.clone());
        }
    }
    if !existing.iter().any(|name| name == tollgate_table) {
        create_table(client, tollgate_table).await?;
    }
    Ok(())
}

/// Creates and updates the REST APIs, plans and keys of a template. New values carry the letter of `environment`.
///
/// # Errors
///
/// When a resource cannot be used or is refused, and when the store does not answer.
pub async fn deploy(
    store: &DynamoStore,
    template: &Template,
    environment: EnvironmentLetter,
    now: Timestamp,
) -> Result<Deployed, DeployError> {
    rest_apis::deploy(store, template, now).await?;
    let mut plans = Vec::with_capacity(template.plans.len());
    for spec in &template.plans {
        plans.push(deploy_plan(store, spec, now).await?);
    }
    let mut keys = Vec::with_capacity(template.keys.len());
    for spec in &template.keys {
        let associations: Vec<&PlanKeySpec> = template
            .plan_keys
            .iter()
            .filter(|association| association.key_id == spec.id)
            .collect();
        keys.push(keys::deploy(store, spec, &associations, environment, now).await?);
    }
    Ok(Deployed { plans, keys })
}

async fn deploy_plan(
    store: &DynamoStore,
    spec: &PlanSpec,
    now: Timestamp,
) -> Result<Plan, DeployError> {
    let new = new_plan(spec)?;
    let id = PlanId::from(spec.id.as_str());
    let made = match store.plan_by_id(&id).await? {
        None => store.create_plan(&new, now).await,
        Some(known) if known.tags.get(DIGEST_TAG) == Some(&spec.digest) => Ok(known),
        Some(_) => store.update_plan(&id, &PlanChange::Replace(new)).await,
    };
    made.map_err(|cause| refused(&spec.logical_id, cause))
}

/// The plan that a template declares, as it is made.
///
/// # Errors
///
/// When a throttle or a quota cannot be used.
pub fn new_plan(spec: &PlanSpec) -> Result<NewPlan, DeployError> {
    let logical_id = &spec.logical_id;
    let throttle = |limits: &template::Throttle| match Rate::per_second(limits.rate_limit) {
        Ok(rate) => Ok(Throttle {
            rate,
            burst: limits.burst_limit,
        }),
        Err(cause) => Err(DeployError::Rate {
            logical_id: logical_id.clone(),
            cause,
        }),
    };
    let quota = |quota: &template::Quota| {
        let period = match quota.period {
            template::Period::Day => Period::Day,
            template::Period::Week => Period::Week,
            template::Period::Month => Period::Month,
        };
        Quota::new(quota.limit, period, quota.offset).map_err(|cause| DeployError::Offset {
            logical_id: logical_id.clone(),
            cause,
        })
    };
    let mut stages = Vec::with_capacity(spec.api_stages.len());
    for stage in &spec.api_stages {
        let api_stage = ApiStage::new(stage.api_id.as_str(), stage.stage.as_str());
        let mut covered = CoveredStage::new(api_stage);
        for (method, limits) in &stage.method_throttles {
            covered.set_method_throttle(method, throttle(limits)?);
        }
        stages.push(covered);
    }
    let mut tags: BTreeMap<String, String> = spec.tags.clone();
    tags.insert(DIGEST_TAG.to_owned(), spec.digest.clone());
    Ok(NewPlan {
        id: Some(spec.id.as_str().into()),
        name: spec.name.clone(),
        description: spec.description.clone(),
        product_code: None,
        throttle: spec.throttle.as_ref().map(throttle).transpose()?,
        quota: spec.quota.as_ref().map(quota).transpose()?,
        stages,
        tags,
    })
}

fn refused(logical_id: &str, cause: RegistryError) -> DeployError {
    match cause {
        RegistryError::Store(error) => DeployError::Store(error),
        RegistryError::NoSuchKey(_)
        | RegistryError::NoSuchPlan(_)
        | RegistryError::NotInPlan { .. }
        | RegistryError::NoQuota(_)
        | RegistryError::NoSuchStage(_)
        | RegistryError::ValueTaken
        | RegistryError::IdTaken(_)
        | RegistryError::StageTaken { .. }
        | RegistryError::HasStages { .. }
        | RegistryError::Contended
        | RegistryError::TooLarge(_) => DeployError::Refused {
            logical_id: logical_id.to_owned(),
            cause,
        },
    }
}
