//! `Custom::ApiKey`.

use serde_json::{Map, Value};

use super::properties::API_KEY;
use super::{Resource, ResourceChange, ResourceRequest, tag_changes, usage_plan_key};
use crate::control::Inner;
use crate::control::error::ControlError;
use crate::control::usage_plans::api_key::{make, new_key, parse_value};
use crate::control::usage_plans::{no_such_key, tags};
use crate::id::KeyId;
use crate::key::KeyValue;
use crate::store::{ApiKey, ApiRegistry, Expiry, KeyChange, NewKey, Registry, RegistryError};
use crate::time::{Clock, Timestamp};

const NAME: &str = "Name";
const VALUE: &str = "Value";
const ENABLED: &str = "Enabled";
const GENERATE_DISTINCT_ID: &str = "GenerateDistinctId";

pub(super) async fn change<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    request: &ResourceRequest,
    now: Timestamp,
) -> Result<Resource, ControlError> {
    match &request.change {
        ResourceChange::Create => create(control, request, now).await,
        ResourceChange::Update {
            physical_id,
            old_properties,
        } => {
            let id = KeyId::from(physical_id.as_str());
            if is_replaced(control, &id, request, old_properties).await? {
                create(control, request, now).await
            } else {
                update(control, &id, request, old_properties, now).await
            }
        }
        ResourceChange::Delete { physical_id } => {
            match control
                .store
                .delete_key(&physical_id.as_str().into(), now)
                .await
            {
                Ok(()) | Err(RegistryError::NoSuchKey(_)) => {
                    Ok(Resource::new(physical_id.as_str()))
                }
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// The key that the template describes, under the id `id`. Whether the template says a value comes along.
fn read<S, C>(
    control: &Inner<S, C>,
    request: &ResourceRequest,
    id: &KeyId,
) -> Result<(NewKey, bool), ControlError> {
    let mut properties = request.properties.clone();
    properties
        .entry(NAME)
        .or_insert_with(|| Value::String(request.default_name(id.as_str())));
    let members = API_KEY.read(&properties)?;
    let has_value = members.filled_text("value")?.is_some();
    let mut new = new_key(&members, &control.settings)?;
    new.id = Some(id.clone());
    Ok((new, has_value))
}

/// Makes a key under the id of this request, unless an earlier try has.
async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    request: &ResourceRequest,
    now: Timestamp,
) -> Result<Resource, ControlError> {
    let id = KeyId::from(request.made_id());
    let (new, has_value) = read(control, request, &id)?;
    if !has_value && !new.keep_value {
        return Err(ControlError::bad_request(
            "this stack does not keep the values of keys, so that nobody could learn a value which is made here: set Value, such as \
             from a secret, or make the key with `tollgate keys create`, which shows the value once",
        ));
    }
    if control.store.key_by_id(&id).await?.is_none()
        && let Err(error) = make(control, &new, now).await
        // The same request may have made it meanwhile.
        && control.store.key_by_id(&id).await?.is_none()
    {
        return Err(error);
    }
    described(control, &id, has_value.then_some(&new.value)).await
}

async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    id: &KeyId,
    request: &ResourceRequest,
    old_properties: &Map<String, Value>,
    now: Timestamp,
) -> Result<Resource, ControlError> {
    let (new, has_value) = read(control, request, id)?;
    let former = API_KEY.read_former(old_properties, "Tags");
    let old_tags = former.text_map("tags")?.unwrap_or_default();
    let mut tag_changes = tag_changes(&old_tags, &new.tags);
    tag_changes.retain(|name, _| !name.starts_with(usage_plan_key::OWNER_TAG_PREFIX));
    let expiry = tag_changes
        .contains_key(tags::EXPIRES_AT)
        .then(|| new.expires_at.map_or(Expiry::Never, Expiry::At));
    // A key that an operator has disabled stays so when the template changes something else of it.
    let enabled = |properties: &Map<String, Value>| {
        text(properties, ENABLED).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    };
    let is_switched = enabled(old_properties) != enabled(&request.properties);
    let change = KeyChange {
        enabled: is_switched.then_some(new.enabled),
        name: Some(new.name),
        // An empty text removes what the template no longer says.
        description: Some(new.description.unwrap_or_default()),
        customer_id: Some(new.customer_id.unwrap_or_default()),
        stage_keys: Some(new.stage_keys),
        tag_changes,
        expiry,
        ..KeyChange::default()
    };
    control.store.update_key(id, &change, now).await?;
    described(control, id, has_value.then_some(&new.value)).await
}

/// The key as the template sees it, with its value where it is known.
async fn described<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    id: &KeyId,
    given: Option<&KeyValue>,
) -> Result<Resource, ControlError> {
    let value = match given {
        Some(value) => Some(value.clone()),
        None => control.store.key_value(id).await?,
    };
    let resource = Resource::new(id.as_str()).with("APIKeyId", id.as_str());
    Ok(match value {
        Some(value) => Resource {
            has_secrets: true,
            ..resource.with(VALUE, value.expose())
        },
        None => resource,
    })
}

/// Whether the change needs a new key, as that of the twin does.
///
/// After a change that was refused, CloudFormation asks for the way back, and names what was refused as the former properties. A key
/// that has already what the template says now must survive that.
async fn is_replaced<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    id: &KeyId,
    request: &ResourceRequest,
    old: &Map<String, Value>,
) -> Result<bool, ControlError> {
    let new = &request.properties;
    let differs = |name: &str| text(old, name) != text(new, name);
    if !differs(NAME) && !differs(VALUE) {
        return Ok(differs(GENERATE_DISTINCT_ID));
    }
    let key = control.store.key_by_id(id).await?;
    let key = key.ok_or_else(no_such_key)?;
    let name = text(new, NAME).unwrap_or_else(|| request.default_name(id.as_str()));
    let has_value = match (text(new, VALUE), text(old, VALUE)) {
        (Some(value), _) => holds(control, &key, &value).await?,
        (None, Some(former)) => !holds(control, &key, &former).await?,
        (None, None) => true,
    };
    Ok(key.name != name || !has_value || differs(GENERATE_DISTINCT_ID))
}

/// Whether a key has this value. A text that can be no value is that of no key.
async fn holds<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    key: &ApiKey,
    value: &str,
) -> Result<bool, ControlError> {
    let Ok(value) = parse_value(value) else {
        return Ok(false);
    };
    let id = control.store.key_by_value(&value).await?;
    Ok(id.as_ref() == Some(&key.id))
}

/// A property that is a text, if it is there.
fn text(properties: &Map<String, Value>, name: &str) -> Option<String> {
    match properties.get(name)? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        scalar @ (Value::Bool(_) | Value::Number(_)) => Some(scalar.to_string()),
    }
}
