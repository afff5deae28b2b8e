//! Keys, as an operator handles them.

use std::collections::{BTreeMap, BTreeSet};

use super::charge::meter_item;
use super::key_items::{Breadth, LAST_VALUE, check_size, put_key_with, put_secret};
use super::list::List;
use super::members::Membership;
use super::retry::Tries;
use super::transaction::{If, Outcome, Switch, Transaction};
use super::{DynamoStore, from_item, values};
use crate::id::{KeyId, PlanId};
use crate::key::KeyValue;
use crate::meter::{LastUse, MeterId, MeterItem, WindowUse};
use crate::quota::Day;
use crate::random::{self, BASE36};
use crate::store::item::{
    KEY_LIST, KEY_SK, KeyItem, PLAN_SK, PlanItem, SecretItem, VALUE_SK, ValueItem, key_pk, list_sk,
    plan_pk, secret_pk, value_pk,
};
use crate::store::{
    ApiKey, Expiry, KeyChange, KeyFilter, KeyRegistry, NewKey, Page, PageRequest, RegistryError,
    StoreError, StoreErrorKind, Usage, ValueOwner,
};
use crate::time::Timestamp;

/// The length of an API key's id on AWS.
const KEY_ID_LEN: usize = 10;

impl DynamoStore {
    pub(super) fn transaction(&self) -> Transaction<'_> {
        Transaction::new(&self.client, &self.table)
    }

    pub(super) async fn key_item(&self, id: &KeyId) -> Result<KeyItem, RegistryError> {
        let item = self.read(key_pk(id), KEY_SK).await?;
        item.ok_or_else(|| RegistryError::NoSuchKey(id.clone()))
    }

    pub(super) async fn plan_item(&self, id: &PlanId) -> Result<PlanItem, RegistryError> {
        let item = self.read(plan_pk(id), PLAN_SK).await?;
        item.ok_or_else(|| RegistryError::NoSuchPlan(id.clone()))
    }

    /// Changes a key that `is_meant` accepts as it stands then. `None` when it does not.
    pub(super) async fn change_key(
        &self,
        id: &KeyId,
        change: &KeyChange,
        now: Timestamp,
        is_meant: impl Fn(&KeyItem) -> bool,
    ) -> Result<Option<ApiKey>, RegistryError> {
        let mut tries = Tries::default();
        loop {
            let mut item = self.key_item(id).await?;
            if !is_meant(&item) {
                return Ok(None);
            }
            let before = Breadth::of(&item);
            if let Some(enabled) = change.enabled {
                item.enabled = enabled;
            }
            if let Some(name) = &change.name {
                item.name.clone_from(name);
            }
            if let Some(description) = &change.description {
                item.description = text(description.clone());
            }
            if let Some(customer_id) = &change.customer_id {
                item.customer_id = text(customer_id.clone());
            }
            if let Some(stage_keys) = &change.stage_keys {
                item.stage_keys.clone_from(stage_keys);
            }
            if let Some(tags) = &change.tags {
                item.tags.clone_from(tags);
            }
            for (label, text) in &change.tag_changes {
                match text {
                    Some(text) => item.tags.insert(label.clone(), text.clone()),
                    None => item.tags.remove(label),
                };
            }
            if let Some(expiry) = change.expiry {
                item.expires_at_ns = match expiry {
                    Expiry::Never => None,
                    Expiry::At(instant) => Some(instant.as_nanos()),
                };
            }
            if change.restart_dates {
                item.created_at_ns = now.as_nanos();
                item.list_sk = list_sk(now, id.as_str());
            }
            check_size(&item.tags)?;
            let new_hash = change.rotation.as_ref();
            let new_hash = new_hash.map(|rotation| rotation.value.hash(&self.pepper));
            if let Some(hash) = &new_hash
                && values::has(&item, hash)
            {
                return Err(RegistryError::ValueTaken);
            }
            let values = values::change(&mut item, change, new_hash.as_ref(), now)?;
            let is_narrower =
                values.is_narrower || Breadth::of(&item).may_be_narrower_than(&before);
            if is_narrower {
                item.generation = item.generation.saturating_add(1);
            }
            let mut transaction = self.transaction();
            let new_value = new_hash.map_or(If::Any, |_new| If::Absent);
            let item = put_key_with(&mut transaction, item, new_value, now)?;
            for hash in &values.forgotten {
                transaction.delete(value_pk(hash), KEY_SK.to_owned(), If::Any)?;
            }
            if let Some(rotation) = &change.rotation {
                put_secret(&mut transaction, id, &rotation.value, rotation.keep_value)?;
            }
            if change.enabled.is_some() || (is_narrower && item.enabled) {
                let switch = if item.enabled {
                    Switch::On {
                        generation: item.generation,
                    }
                } else {
                    Switch::Off
                };
                for plan_id in item.plan_ids() {
                    let meter = MeterId {
                        key_id: id.clone(),
                        plan_id,
                    };
                    transaction.switch_meter(&meter, switch)?;
                }
            }
            if !transaction.fits() {
                return Err(too_many_plans(id));
            }
            match transaction.commit().await? {
                Outcome::Committed => return Ok(Some(item.into_key())),
                Outcome::ConditionFailed(LAST_VALUE) if new_hash.is_some() => {
                    return Err(RegistryError::ValueTaken);
                }
                Outcome::ConditionFailed(_) | Outcome::Conflict => tries.again().await?,
            }
        }
    }
}

pub(super) fn no_entropy(error: random::NoEntropy) -> StoreError {
    StoreError::new(StoreErrorKind::Broken, "no random id could be made", error)
}

/// An empty text stands for none.
fn text(value: String) -> Option<String> {
    (!value.is_empty()).then_some(value)
}

impl KeyRegistry for DynamoStore {
    async fn create_key(&self, new: &NewKey, now: Timestamp) -> Result<ApiKey, RegistryError> {
        let id = match &new.id {
            Some(id) => id.clone(),
            None => random::text(BASE36, KEY_ID_LEN).map_err(no_entropy)?.into(),
        };
        let key = ApiKey {
            id,
            name: new.name.clone(),
            description: new.description.clone().and_then(text),
            customer_id: new.customer_id.clone().and_then(text),
            stage_keys: new.stage_keys.clone(),
            enabled: new.enabled,
            expires_at: new.expires_at,
            plan_ids: Vec::new(),
            value_number: 1,
            former_values: Vec::new(),
            tags: new.tags.clone(),
            created_at: now,
            updated_at: now,
        };
        check_size(&key.tags)?;
        let item = KeyItem::new(&key, &new.value.hash(&self.pepper));
        let mut tries = Tries::default();
        loop {
            let mut transaction = self.transaction();
            transaction.put(item.value_item(), If::Absent)?;
            transaction.put(&item, If::Absent)?;
            transaction.count(KEY_LIST, key.id.as_str(), 1)?;
            if new.keep_value {
                put_secret(&mut transaction, &key.id, &new.value, true)?;
            }
            match transaction.commit().await? {
                Outcome::Committed => return Ok(key),
                Outcome::ConditionFailed(0) => return Err(RegistryError::ValueTaken),
                Outcome::ConditionFailed(_) => {
                    return Err(RegistryError::IdTaken(key.id.to_string()));
                }
                Outcome::Conflict => tries.again().await?,
            }
        }
    }

    async fn key_by_id(&self, id: &KeyId) -> Result<Option<ApiKey>, StoreError> {
        let item: Option<KeyItem> = self.read(key_pk(id), KEY_SK).await?;
        Ok(item.map(KeyItem::into_key))
    }

    async fn value_owner(&self, value: &KeyValue) -> Result<Option<ValueOwner>, StoreError> {
        let hash = value.hash(&self.pepper).to_string();
        let item: Option<ValueItem> = self.read(value_pk(&hash), KEY_SK).await?;
        Ok(item.map(|item| ValueOwner {
            key_id: item.id.into(),
            expires_at: item.expires_at_ns.map(Timestamp::from_nanos),
        }))
    }

    async fn keys(
        &self,
        page: &PageRequest,
        filter: &KeyFilter,
    ) -> Result<Page<ApiKey>, StoreError> {
        let list = List {
            partition: KEY_LIST.to_owned(),
            primary_key: |_, id| (key_pk(&id.into()), KEY_SK.to_owned()),
            filter: Some(filter),
        };
        let page = self.list(&list, page).await?;
        page.try_map(|item| Ok(from_item::<KeyItem>(item)?.into_key()))
    }

    async fn update_key(
        &self,
        id: &KeyId,
        change: &KeyChange,
        now: Timestamp,
    ) -> Result<ApiKey, RegistryError> {
        let changed = self.change_key(id, change, now, |_| true).await?;
        changed.ok_or_else(|| RegistryError::NoSuchKey(id.clone()))
    }

    async fn delete_key(&self, id: &KeyId, now: Timestamp) -> Result<(), RegistryError> {
        let mut tries = Tries::default();
        'tries: loop {
            let item = self.key_item(id).await?;
            let mut transaction = self.transaction();
            transaction.delete(key_pk(id), KEY_SK.to_owned(), If::Rev(item.rev))?;
            for value in item.value_items() {
                transaction.delete(value.pk, value.sk, If::Any)?;
            }
            transaction.delete(secret_pk(id), VALUE_SK.to_owned(), If::Any)?;
            transaction.count(KEY_LIST, id.as_str(), -1)?;
            for plan_id in item.plan_ids() {
                let plan = match self.plan_item(&plan_id).await {
                    Ok(plan) => plan,
                    // It was deleted since the key was read, and the key is in one plan less.
                    Err(RegistryError::NoSuchPlan(_)) => {
                        tries.again().await?;
                        continue 'tries;
                    }
                    Err(error) => return Err(error),
                };
                let meter = MeterId {
                    key_id: id.clone(),
                    plan_id,
                };
                Membership::Ends.write(&mut transaction, &meter, plan.rev, now)?;
            }
            if !transaction.fits() {
                return Err(too_many_plans(id));
            }
            match transaction.commit().await? {
                Outcome::Committed => return Ok(()),
                Outcome::ConditionFailed(_) | Outcome::Conflict => tries.again().await?,
            }
        }
    }

    async fn key_value(&self, id: &KeyId) -> Result<Option<KeyValue>, StoreError> {
        let secret: Option<SecretItem> = self.read(secret_pk(id), VALUE_SK).await?;
        secret.as_ref().map(kept_value).transpose()
    }

    async fn key_values(&self, ids: &[KeyId]) -> Result<Vec<Option<KeyValue>>, StoreError> {
        let wanted: BTreeSet<_> = ids
            .iter()
            .map(|id| (secret_pk(id), VALUE_SK.to_owned()))
            .collect();
        let mut values = BTreeMap::new();
        for item in self.read_all(&wanted).await? {
            let secret: SecretItem = from_item(item)?;
            values.insert(secret.pk.clone(), kept_value(&secret)?);
        }
        Ok(ids
            .iter()
            .map(|id| values.get(&secret_pk(id)).cloned())
            .collect())
    }

    async fn meter(&self, key: &KeyId, plan: &PlanId) -> Result<MeterItem, StoreError> {
        let meter = MeterId {
            key_id: key.clone(),
            plan_id: plan.clone(),
        };
        meter_item(&self.meter_attributes(&meter).await?)
    }

    async fn usage(
        &self,
        key: &KeyId,
        plan: &PlanId,
        from: Day,
        to: Day,
    ) -> Result<Usage, StoreError> {
        let meter = MeterId {
            key_id: key.clone(),
            plan_id: plan.clone(),
        };
        self.days_used(&meter, from, to).await
    }

    async fn last_used(&self, meters: &[MeterId]) -> Result<Vec<Option<LastUse>>, StoreError> {
        self.last_uses(meters).await
    }

    async fn set_remaining(
        &self,
        key: &KeyId,
        plan: &PlanId,
        remaining: u64,
        now: Timestamp,
    ) -> Result<WindowUse, RegistryError> {
        let (meter, quota) = self.used_meter(key, plan, now).await?;
        self.write_remaining(&meter, quota, remaining, now).await
    }
}

fn kept_value(secret: &SecretItem) -> Result<KeyValue, StoreError> {
    KeyValue::parse(&secret.value)
        .map_err(|error| StoreError::broken(format!("a kept value is damaged: {error}")))
}

fn too_many_plans(id: &KeyId) -> RegistryError {
    RegistryError::TooLarge(format!(
        "API Key {id} is in too many usage plans for one transaction; take it out of some first"
    ))
}
