//! API keys.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

use super::overlap::{DEFAULT_OVERLAP, parse_overlap};
use super::{
    MAX_DESCRIPTION_LEN, MAX_KEYS, MAX_NAME_LEN, bounded, carried, limit_exceeded, no_such_key,
    tags,
};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::{ControlError, Kind};
use crate::control::members::Members;
use crate::control::patch::{Op, Patch};
use crate::control::reply::Reply;
use crate::control::settings::Settings;
use crate::id::KeyId;
use crate::key::KeyValue;
use crate::store::{ApiKey, ApiRegistry, KeyChange, KeyFilter, NewKey, Registry, Rotation};
use crate::time::{Clock, Timestamp};

const NAME: &str = "/name";
const DESCRIPTION: &str = "/description";
const ENABLED: &str = "/enabled";
const CUSTOMER_ID: &str = "/customerId";
/// The values that open the key. API Gateway has one for each key, which cannot be changed.
const VALUES: &str = "/tollgate:values";
/// For how long the values before the last work on.
const OVERLAP: &str = "/tollgate:overlap";

/// The longest id of a customer, in bytes.
const MAX_CUSTOMER_ID_LEN: usize = 1_024;

/// Shape `ApiKey`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    enabled: bool,
    created_date: u64,
    last_updated_date: u64,
    stage_keys: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Body<'a> {
    fn new(
        key: &'a ApiKey,
        value: Option<&'a KeyValue>,
        tags: Option<&'a BTreeMap<String, String>>,
    ) -> Self {
        Self {
            id: key.id.as_str(),
            value: value.map(KeyValue::expose),
            name: &key.name,
            customer_id: key.customer_id.as_deref(),
            description: key.description.as_deref(),
            enabled: key.enabled,
            created_date: key.created_at.as_secs(),
            last_updated_date: key.updated_at.as_secs(),
            stage_keys: &key.stage_keys,
            tags,
        }
    }
}

pub(super) async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("createApiKeyInput")?;
    let mut new = new_key(&members, &control.settings)?;
    new.id = carried::id(&new.tags).map(KeyId::from);
    let created_at = carried::created_at(&new.tags, call.now());
    let key = make(control, &new, created_at).await?;
    let tags = Some(&key.tags).filter(|tags| !tags.is_empty());
    Reply::created(&Body::new(&key, Some(&new.value), tags))
}

/// Creates a key, with all that is asked of one.
pub(in crate::control) async fn make<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    new: &NewKey,
    now: Timestamp,
) -> Result<ApiKey, ControlError> {
    if control.settings.aws_limits && control.store.counts().await?.keys >= MAX_KEYS {
        return Err(limit_exceeded("API keys", MAX_KEYS));
    }
    Ok(control.store.create_key(new, now).await?)
}

/// The key that the members describe. A value that is not given is made.
pub(in crate::control) fn new_key(
    members: &Members,
    settings: &Settings,
) -> Result<NewKey, ControlError> {
    members.boolean("generateDistinctId")?;
    let mut stage_keys = Vec::new();
    for stage in members.objects("stageKeys")?.unwrap_or_default() {
        let api_id = stage.text("restApiId")?.unwrap_or_default();
        let name = stage.text("stageName")?.unwrap_or_default();
        stage_keys.push(format!("{api_id}/{name}"));
    }
    let given = members.text("value")?.filter(|value| !value.is_empty());
    let value = value(given.as_deref(), settings)?;
    let tags = tags::checked(members.text_map("tags")?.unwrap_or_default())?;
    Ok(NewKey {
        id: None,
        value,
        keep_value: settings.keep_values,
        name: name(members.text("name")?.unwrap_or_default())?,
        description: members
            .text("description")?
            .filter(|text| !text.is_empty())
            .map(description)
            .transpose()?,
        customer_id: members
            .text("customerId")?
            .filter(|text| !text.is_empty())
            .map(customer_id)
            .transpose()?,
        stage_keys,
        enabled: members.boolean("enabled")?.unwrap_or(false),
        expires_at: tags::expiry(&tags)?,
        tags,
    })
}

/// The value that was given, or a new one.
fn value(given: Option<&str>, settings: &Settings) -> Result<KeyValue, ControlError> {
    match given {
        Some(text) => parse_value(text),
        None => KeyValue::generate(settings.environment)
            .map_err(|error| ControlError::new(Kind::Internal, error.to_string())),
    }
}

/// A value as it may be chosen. One that looks like Tollgate's own must have the right checksum: no request with it would pass.
pub(in crate::control) fn parse_value(text: &str) -> Result<KeyValue, ControlError> {
    KeyValue::parse(text).map_err(|error| ControlError::bad_request(error.to_string()))
}

pub(super) fn name(text: String) -> Result<String, ControlError> {
    if text.chars().count() > MAX_NAME_LEN {
        return Err(ControlError::bad_request(
            "Invalid API Key name, can be at most 1024 characters.",
        ));
    }
    Ok(text)
}

pub(super) fn description(text: String) -> Result<String, ControlError> {
    bounded(
        text,
        MAX_DESCRIPTION_LEN,
        "Invalid API Key description specified.",
    )
}

fn customer_id(text: String) -> Result<String, ControlError> {
    bounded(
        text,
        MAX_CUSTOMER_ID_LEN,
        "Invalid API Key customer id, can be at most 1024 bytes.",
    )
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let id = KeyId::from(call.path("api_Key"));
    let key = control.store.key_by_id(&id).await?;
    let key = key.ok_or_else(no_such_key)?;
    let value = if call.flag("includeValue") {
        control.store.key_value(&id).await?
    } else {
        None
    };
    Reply::ok(&Body::new(&key, value.as_ref(), Some(&key.tags)))
}

pub(super) async fn list<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let Some(page) = call.page()? else {
        return Reply::page(&[] as &[Body<'_>], None);
    };
    let filter = KeyFilter {
        name_prefix: call.query("name").map(str::to_owned),
        customer_id: call.query("customerId").map(str::to_owned),
    };
    let page = control.store.keys(&page, &filter).await?;
    let values = if call.flag("includeValues") {
        let ids: Vec<KeyId> = page.entries.iter().map(|key| key.id.clone()).collect();
        control.store.key_values(&ids).await?
    } else {
        Vec::new()
    };
    let values = values.iter().map(Option::as_ref);
    let bodies: Vec<_> = page
        .entries
        .iter()
        .zip(values.chain(std::iter::repeat(None)))
        .map(|(key, value)| Body::new(key, value, None))
        .collect();
    Reply::page(&bodies, page.next.as_deref())
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let patches = call.patches("updateApiKeyInput")?;
    let change = change(&patches, &control.settings, call.now())?;
    let id = KeyId::from(call.path("api_Key"));
    let key = control.store.update_key(&id, &change, call.now()).await?;
    // Nobody could learn a new value otherwise, where values are not kept.
    let value = change.rotation.as_ref().map(|rotation| &rotation.value);
    Reply::ok(&Body::new(&key, value, Some(&key.tags)))
}

/// What the patches ask for at `now`. Of two for one member, the later holds.
fn change(
    patches: &[Patch],
    settings: &Settings,
    now: Timestamp,
) -> Result<KeyChange, ControlError> {
    let mut change = KeyChange::default();
    let mut overlap = None;
    for patch in patches {
        match (patch.op, patch.path.as_str()) {
            (Op::Replace, NAME) => change.name = Some(name(patch.text().to_owned())?),
            (Op::Replace, DESCRIPTION) => {
                change.description = Some(description(patch.text().to_owned())?);
            }
            (Op::Replace, ENABLED) => change.enabled = Some(patch.boolean()),
            (Op::Replace, CUSTOMER_ID) => {
                change.customer_id = Some(customer_id(patch.text().to_owned())?);
            }
            (Op::Add, VALUES) => {
                change.rotation = Some(Rotation {
                    value: value(patch.optional_text().as_deref(), settings)?,
                    keep_value: settings.keep_values,
                });
            }
            (Op::Remove, VALUES) => overlap = Some(Duration::ZERO),
            (Op::Replace, OVERLAP) => {
                let read = parse_overlap(patch.text());
                overlap = Some(read.map_err(|error| {
                    ControlError::bad_request(format!("Invalid overlap specified, {error}"))
                })?);
            }
            (Op::Replace, _) => {
                return Err(patch.unknown_path(&[DESCRIPTION, ENABLED, NAME, CUSTOMER_ID]));
            }
            (Op::Add | Op::Remove | Op::Move | Op::Test | Op::Copy, _) => {
                return Err(patch.unknown_path(&[]));
            }
        }
    }
    let default = change.rotation.as_ref().map(|_new| DEFAULT_OVERLAP);
    change.former_until = overlap
        .or(default)
        .map(|overlap| now.saturating_add(overlap));
    Ok(change)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let id = KeyId::from(call.path("api_Key"));
    control.store.delete_key(&id, call.now()).await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

#[cfg(test)]
mod tests;
