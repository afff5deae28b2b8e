//! `Custom::UsagePlanKey`: a key in a plan.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::properties::USAGE_PLAN_KEY;
use super::{Resource, ResourceChange, ResourceRequest, composed_id};
use crate::control::Inner;
use crate::control::error::ControlError;
use crate::control::usage_plans::no_such_key;
use crate::control::usage_plans::usage_plan_key::check_key_type;
use crate::id::{KeyId, PlanId};
use crate::store::{ApiKey, ApiRegistry, KeyChange, Registry, RegistryError};
use crate::time::{Clock, Timestamp};

/// What the tag of a key starts with that says which resource put it into a plan.
pub(super) const OWNER_TAG_PREFIX: &str = "tollgate:plan:";

fn owner_tag(plan_id: &PlanId) -> String {
    format!("{OWNER_TAG_PREFIX}{plan_id}")
}

/// A key in a plan.
struct Place {
    key_id: KeyId,
    plan_id: PlanId,
}

impl Place {
    fn read(properties: &Map<String, Value>) -> Result<Self, ControlError> {
        let members = USAGE_PLAN_KEY.read(properties)?;
        check_key_type(&members.required_text("keyType")?)?;
        Ok(Self {
            key_id: members.required_text("keyId")?.into(),
            plan_id: members.required_text("usagePlanId")?.into(),
        })
    }

    /// As `Ref` gives it.
    fn parse(physical_id: &str) -> Option<Self> {
        let (key_id, plan_id) = physical_id.split_once(':')?;
        Some(Self {
            key_id: key_id.into(),
            plan_id: plan_id.into(),
        })
    }

    fn physical_id(&self) -> Result<String, ControlError> {
        composed_id(format!("{}:{}", self.key_id, self.plan_id))
    }

    fn owned_by<'a>(&self, key: &'a ApiKey) -> Option<&'a str> {
        key.tags.get(&owner_tag(&self.plan_id)).map(String::as_str)
    }
}

pub(super) fn physical_id(properties: &Map<String, Value>) -> Result<String, ControlError> {
    Place::read(properties)?.physical_id()
}

pub(super) async fn change<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    request: &ResourceRequest,
    now: Timestamp,
) -> Result<Resource, ControlError> {
    let owner = request.owner();
    let id = match &request.change {
        // Each property of the twin needs a replacement. CloudFormation deletes the former place when the answer has another id.
        ResourceChange::Create | ResourceChange::Update { .. } => {
            let place = Place::read(&request.properties)?;
            let id = place.physical_id()?;
            join(control, &place, &owner, now).await?;
            id
        }
        ResourceChange::Delete { physical_id } => {
            if let Some(place) = Place::parse(physical_id) {
                leave(control, &place, &owner, now).await?;
            }
            physical_id.clone()
        }
    };
    Ok(Resource::new(id.as_str()).with("Id", id))
}

/// Puts the key into the plan, and notes on the key who did.
async fn join<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    place: &Place,
    owner: &str,
    now: Timestamp,
) -> Result<(), ControlError> {
    let Place { key_id, plan_id } = place;
    let key = control.store.key_by_id(key_id).await?;
    let key = key.ok_or_else(no_such_key)?;
    let is_ours = place.owned_by(&key) == Some(owner);
    if key.plan_ids.contains(plan_id) {
        return if is_ours { Ok(()) } else { Err(taken(place)) };
    }
    // The note comes first: what is interrupted in between can be deleted, or tried again.
    if !is_ours {
        note(control, place, Some(owner), now).await?;
    }
    control.store.add_key_to_plan(key_id, plan_id, now).await?;
    // Of two resources that do this at the same time, the one whose note is left has done it.
    let key = control.store.key_by_id(key_id).await?;
    match key {
        Some(key) if place.owned_by(&key) != Some(owner) => Err(taken(place)),
        Some(_) | None => Ok(()),
    }
}

fn taken(place: &Place) -> ControlError {
    ControlError::conflict(format!(
        "API Key {} is in usage plan {} already, by another resource or an operator; take it out of the plan first",
        place.key_id, place.plan_id
    ))
}

/// Takes the key out of the plan, if it was this resource that put it there.
async fn leave<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    place: &Place,
    owner: &str,
    now: Timestamp,
) -> Result<(), ControlError> {
    let Some(key) = control.store.key_by_id(&place.key_id).await? else {
        return Ok(());
    };
    if place.owned_by(&key) != Some(owner) {
        return Ok(());
    }
    let left = control
        .store
        .remove_key_from_plan(&place.key_id, &place.plan_id, now)
        .await;
    match left {
        Ok(()) | Err(RegistryError::NotInPlan { .. } | RegistryError::NoSuchPlan(_)) => {
            note(control, place, None, now).await
        }
        Err(RegistryError::NoSuchKey(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn note<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    place: &Place,
    owner: Option<&str>,
    now: Timestamp,
) -> Result<(), ControlError> {
    let tag = (owner_tag(&place.plan_id), owner.map(str::to_owned));
    let change = KeyChange {
        tag_changes: BTreeMap::from([tag]),
        ..KeyChange::default()
    };
    match control.store.update_key(&place.key_id, &change, now).await {
        Ok(_) => Ok(()),
        Err(RegistryError::NoSuchKey(_)) if owner.is_none() => Ok(()),
        Err(error) => Err(error.into()),
    }
}
