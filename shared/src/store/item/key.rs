//! The items of a key.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{KEY_LIST, KEY_SK, key_pk, list_sk, value_pk};
use crate::id::PlanId;
use crate::key::KeyHash;
use crate::metadata::Metadata;
use crate::overrides::Overrides;
use crate::scope::Scopes;
use crate::store::{ApiKey, FormerValue, KeyRecord};
use crate::time::Timestamp;

/// `K#<hash>` / `KEY`: what a request needs of a key.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct ValueItem {
    pub(in crate::store) pk: String,
    pub(in crate::store) sk: String,
    pub(in crate::store) id: String,
    pub(in crate::store) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) customer_id: Option<String>,
    pub(in crate::store) enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) expires_at_ns: Option<u64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(in crate::store) generation: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) scopes: Option<String>,
    /// What is noted of the key for handlers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::store) notes: BTreeMap<String, String>,
    pub(in crate::store) plan_ids: Vec<String>,
    /// The tags that are limits of the key's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::store) overrides: BTreeMap<String, String>,
}

impl ValueItem {
    pub(in crate::store) fn into_record(self) -> KeyRecord {
        KeyRecord {
            id: self.id.into(),
            customer_id: self.customer_id.map(Arc::from),
            enabled: self.enabled,
            expires_at: self.expires_at_ns.map(Timestamp::from_nanos),
            generation: self.generation,
            scopes: self.scopes.as_deref().map(Scopes::stored),
            metadata: Metadata::from(self.notes),
            plan_ids: self.plan_ids.into_iter().map(PlanId::from).collect(),
            overrides: Overrides::of_tags(&self.overrides),
        }
    }
}

/// A value that was replaced by a newer one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::store) struct FormerItem {
    pub(in crate::store) number: u32,
    pub(in crate::store) hash: String,
    pub(in crate::store) expires_at_ns: u64,
}

impl FormerItem {
    fn read(&self) -> FormerValue {
        FormerValue {
            number: self.number,
            expires_at: Timestamp::from_nanos(self.expires_at_ns),
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The number of the value that a key was created with.
const fn first() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
const fn is_first(number: &u32) -> bool {
    *number == first()
}

/// `I#<key id>` / `KEY`: what an operator sees of a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::store) struct KeyItem {
    pub(in crate::store) pk: String,
    pub(in crate::store) sk: String,
    pub(in crate::store) list_pk: String,
    pub(in crate::store) list_sk: String,
    pub(in crate::store) rev: u64,
    /// How often the key was narrowed, as its charges have to say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(in crate::store) generation: u64,
    /// Of the value that was made last.
    pub(in crate::store) hash: String,
    /// Which of the key's values that is, counted from 1.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub(in crate::store) value_number: u32,
    /// The values before it, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::store) former: Vec<FormerItem>,
    pub(in crate::store) id: String,
    pub(in crate::store) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) customer_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::store) stage_keys: Vec<String>,
    pub(in crate::store) enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) expires_at_ns: Option<u64>,
    pub(in crate::store) plan_ids: Vec<String>,
    pub(in crate::store) tags: BTreeMap<String, String>,
    pub(in crate::store) created_at_ns: u64,
    pub(in crate::store) updated_at_ns: u64,
}

impl KeyItem {
    pub(in crate::store) fn new(key: &ApiKey, hash: &KeyHash) -> Self {
        Self {
            pk: key_pk(&key.id),
            sk: KEY_SK.to_owned(),
            list_pk: KEY_LIST.to_owned(),
            list_sk: list_sk(key.created_at, key.id.as_str()),
            rev: 1,
            generation: 0,
            hash: hash.to_string(),
            value_number: first(),
            former: Vec::new(),
            id: key.id.to_string(),
            name: key.name.clone(),
            description: key.description.clone(),
            customer_id: key.customer_id.clone(),
            stage_keys: key.stage_keys.clone(),
            enabled: key.enabled,
            expires_at_ns: key.expires_at.map(Timestamp::as_nanos),
            plan_ids: key.plan_ids.iter().map(PlanId::to_string).collect(),
            tags: key.tags.clone(),
            created_at_ns: key.created_at.as_nanos(),
            updated_at_ns: key.updated_at.as_nanos(),
        }
    }

    /// The item that the data plane reads of the last value, with the same content.
    pub(in crate::store) fn value_item(&self) -> ValueItem {
        self.item_of_value(&self.hash, self.expires_at_ns)
    }

    /// The items that the data plane reads, the last value's first. A former value ends with the key at the latest.
    pub(in crate::store) fn value_items(&self) -> impl Iterator<Item = ValueItem> {
        let former = self.former.iter().map(|former| {
            let end = self.expires_at_ns.unwrap_or(u64::MAX);
            self.item_of_value(&former.hash, Some(former.expires_at_ns.min(end)))
        });
        std::iter::once(self.value_item()).chain(former)
    }

    fn item_of_value(&self, hash: &str, expires_at_ns: Option<u64>) -> ValueItem {
        ValueItem {
            pk: value_pk(hash),
            sk: KEY_SK.to_owned(),
            id: self.id.clone(),
            name: self.name.clone(),
            customer_id: self.customer_id.clone(),
            enabled: self.enabled,
            expires_at_ns,
            generation: self.generation,
            scopes: Scopes::text_of(&self.tags),
            notes: Metadata::of_tags(&self.tags)
                .iter()
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .collect(),
            plan_ids: self.plan_ids.clone(),
            overrides: Overrides::of_tags(&self.tags).into_tags(),
        }
    }

    pub(in crate::store) fn plan_ids(&self) -> Vec<PlanId> {
        self.plan_ids
            .iter()
            .map(|id| PlanId::from(id.as_str()))
            .collect()
    }

    pub(in crate::store) fn into_key(self) -> ApiKey {
        ApiKey {
            plan_ids: self.plan_ids(),
            id: self.id.into(),
            name: self.name,
            description: self.description,
            customer_id: self.customer_id,
            stage_keys: self.stage_keys,
            enabled: self.enabled,
            expires_at: self.expires_at_ns.map(Timestamp::from_nanos),
            value_number: self.value_number,
            former_values: self.former.iter().map(FormerItem::read).collect(),
            tags: self.tags,
            created_at: Timestamp::from_nanos(self.created_at_ns),
            updated_at: Timestamp::from_nanos(self.updated_at_ns),
        }
    }
}

/// `S#<key id>` / `VALUE`: the value itself, where it is kept. The data plane has no right to read it.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct SecretItem {
    pub(in crate::store) pk: String,
    pub(in crate::store) sk: String,
    pub(in crate::store) value: String,
}
