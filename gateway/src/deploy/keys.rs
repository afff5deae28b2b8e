//! A template's keys, and which plans they are in.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use tollgate::control::{EXPIRES_AT_TAG, parse_instant};
use tollgate::id::{KeyId, PlanId};
use tollgate::key::{EnvironmentLetter, KeyValue};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{
    ApiKey, Expiry, KeyChange, KeyRegistry, NewKey, PlanRegistry, RegistryError,
};
use tollgate::time::Timestamp;

use super::{DIGEST_TAG, DeployError, refused};
use crate::template::{KeySpec, PlanKeySpec};

/// The ids of the plans that the template last put a key into, with commas between them.
const PLANS_TAG: &str = "tollgate:template-plans";

/// Makes a key as the template has it, unless it was made from the same text before. Its value comes along when it is new.
pub(super) async fn deploy(
    store: &DynamoStore,
    spec: &KeySpec,
    associations: &[&PlanKeySpec],
    environment: EnvironmentLetter,
    now: Timestamp,
) -> Result<(ApiKey, Option<KeyValue>), DeployError> {
    let plan_ids: BTreeSet<PlanId> = associations
        .iter()
        .map(|association| PlanId::from(association.plan_id.as_str()))
        .collect();
    let digest = digest(spec, &plan_ids);
    let (known, value) = match store.key_by_id(&KeyId::from(spec.id.as_str())).await? {
        Some(known) if known.tags.get(DIGEST_TAG) == Some(&digest) => return Ok((known, None)),
        Some(known) => (known, None),
        None => {
            let (created, value) = create(store, spec, environment, now).await?;
            (created, Some(value))
        }
    };
    for former in former_plan_ids(&known).difference(&plan_ids) {
        leave(store, &known.id, former, now)
            .await
            .map_err(|cause| refused(&spec.logical_id, cause))?;
    }
    for association in associations {
        join(store, &known.id, association, &plan_ids, now)
            .await
            .map_err(|cause| refused(&association.logical_id, cause))?;
    }
    // Last, so that a deployment which is interrupted before is made good by the next one.
    let key = store
        .update_key(&known.id, &change(spec, &plan_ids, digest), now)
        .await
        .map_err(|cause| refused(&spec.logical_id, cause))?;
    Ok((key, value))
}

async fn create(
    store: &DynamoStore,
    spec: &KeySpec,
    environment: EnvironmentLetter,
    now: Timestamp,
) -> Result<(ApiKey, KeyValue), DeployError> {
    let value = match &spec.value {
        Some(value) => KeyValue::parse(value.expose()).map_err(|cause| DeployError::Value {
            logical_id: spec.logical_id.clone(),
            cause,
        })?,
        None => KeyValue::generate(environment)?,
    };
    let new = NewKey {
        id: Some(spec.id.as_str().into()),
        value,
        keep_value: true,
        name: spec.name.clone(),
        description: spec.description.clone(),
        customer_id: spec.customer_id.clone(),
        stage_keys: Vec::new(),
        enabled: spec.enabled,
        expires_at: expiry(spec),
        tags: spec.tags.clone(),
    };
    let key = store
        .create_key(&new, now)
        .await
        .map_err(|cause| refused(&spec.logical_id, cause))?;
    Ok((key, new.value))
}

/// When the key expires, as its tag says.
fn expiry(spec: &KeySpec) -> Option<Timestamp> {
    parse_instant(spec.tags.get(EXPIRES_AT_TAG)?)
}

fn change(spec: &KeySpec, plan_ids: &BTreeSet<PlanId>, digest: String) -> KeyChange {
    let mut tags: BTreeMap<String, String> = spec.tags.clone();
    let plan_ids: Vec<&str> = plan_ids.iter().map(PlanId::as_str).collect();
    tags.insert(PLANS_TAG.to_owned(), plan_ids.join(","));
    tags.insert(DIGEST_TAG.to_owned(), digest);
    KeyChange {
        enabled: Some(spec.enabled),
        name: Some(spec.name.clone()),
        // An empty text removes what the template no longer says.
        description: Some(spec.description.clone().unwrap_or_default()),
        customer_id: Some(spec.customer_id.clone().unwrap_or_default()),
        tags: Some(tags),
        expiry: Some(expiry(spec).map_or(Expiry::Never, Expiry::At)),
        ..KeyChange::default()
    }
}

/// The plans that the template put the key into at the last deployment.
fn former_plan_ids(key: &ApiKey) -> BTreeSet<PlanId> {
    let text = key.tags.get(PLANS_TAG).map_or("", String::as_str);
    text.split(',')
        .filter(|id| !id.is_empty())
        .map(PlanId::from)
        .collect()
}

/// Takes a key out of a plan, whether or not it is still in.
async fn leave(
    store: &DynamoStore,
    key_id: &KeyId,
    plan_id: &PlanId,
    now: Timestamp,
) -> Result<(), RegistryError> {
    match store.remove_key_from_plan(key_id, plan_id, now).await {
        Err(RegistryError::NotInPlan { .. } | RegistryError::NoSuchPlan(_)) => Ok(()),
        outcome => outcome,
    }
}

/// Puts a key into a plan. Where an operator has put it into another plan for the same stage, it leaves that one.
async fn join(
    store: &DynamoStore,
    key_id: &KeyId,
    association: &PlanKeySpec,
    of_template: &BTreeSet<PlanId>,
    now: Timestamp,
) -> Result<(), RegistryError> {
    let plan_id = PlanId::from(association.plan_id.as_str());
    loop {
        match store.add_key_to_plan(key_id, &plan_id, now).await {
            Err(RegistryError::StageTaken { plan_id, .. }) if !of_template.contains(&plan_id) => {
                leave(store, key_id, &plan_id, now).await?;
            }
            outcome => return outcome,
        }
    }
}

/// A hash of what the template says about a key but its value, 64 hexadecimal digits.
fn digest(spec: &KeySpec, plan_ids: &BTreeSet<PlanId>) -> String {
    let KeySpec {
        logical_id: _,
        id: _,
        name,
        description,
        customer_id,
        enabled,
        // A hash of a secret does not belong into a tag.
        value: _,
        tags,
        line: _,
    } = spec;
    let mut hash = Sha256::new();
    // Each text with its length, so that no two lists of texts run together to the same bytes.
    let mut add = |text: &str| {
        hash.update(format!("{}:", text.len()));
        hash.update(text);
    };
    add(name);
    add(description.as_deref().unwrap_or_default());
    add(customer_id.as_deref().unwrap_or_default());
    add(if *enabled { "enabled" } else { "disabled" });
    add(&tags.len().to_string());
    for (name, value) in tags {
        add(name);
        add(value);
    }
    for plan_id in plan_ids {
        add(plan_id.as_str());
    }
    hash.finalize()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
