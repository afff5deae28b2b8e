//! Keys, as an operator handles them.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;

use super::transaction::{If, Outcome, Switch, Transaction};
use super::{Attributes, DynamoStore, from_item, store_error};
use crate::id::{KeyId, PlanId};
use crate::key::KeyValue;
use crate::meter::MeterId;
use crate::quota::Day;
use crate::random::{self, BASE36};
use crate::store::item::{
    KEY_LIST, KEY_SK, KeyItem, LIST_KEY_LEN, PLAN_SK, PlanItem, SecretItem, VALUE_SK, key_pk,
    member_sk, name, plan_pk, secret_pk, value_pk,
};
use crate::store::{
    ApiKey, KeyChange, KeyRegistry, NewKey, Page, PageRequest, RegistryError, StoreError,
    StoreErrorKind, Usage,
};
use crate::time::Timestamp;

/// How often a change starts again when others change the same items.
pub(super) const MAX_TRIES: u32 = 32;

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

    /// A page of the index, newest first.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        list: &str,
        page: &PageRequest,
        primary_key: impl Fn(&str) -> (String, &'static str) + Send,
    ) -> Result<Page<T>, StoreError> {
        let start = page.after.as_ref().map(|list_sk| {
            let id = list_sk.get(LIST_KEY_LEN..).unwrap_or_default();
            let (pk, sk) = primary_key(id);
            Attributes::from([
                (name::PK.to_owned(), AttributeValue::S(pk)),
                (name::SK.to_owned(), AttributeValue::S(sk.to_owned())),
                (name::LIST_PK.to_owned(), AttributeValue::S(list.to_owned())),
                (name::LIST_SK.to_owned(), AttributeValue::S(list_sk.clone())),
            ])
        });
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(name::LIST_INDEX)
            .key_condition_expression("#list_pk = :list")
            .expression_attribute_names("#list_pk", name::LIST_PK)
            .expression_attribute_values(":list", AttributeValue::S(list.to_owned()))
            .scan_index_forward(false)
            .limit(i32::try_from(page.limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let next = answer
            .last_evaluated_key
            .and_then(|key| key.get(name::LIST_SK)?.as_s().ok().cloned());
        let entries = answer.items.unwrap_or_default();
        Ok(Page {
            entries: entries
                .into_iter()
                .map(from_item)
                .collect::<Result<_, _>>()?,
            next,
        })
    }
}

/// Writes a key's two items, if the key is still as it was read.
pub(super) fn put_key(
    transaction: &mut Transaction<'_>,
    mut item: KeyItem,
    now: Timestamp,
) -> Result<KeyItem, StoreError> {
    let seen = item.rev;
    item.rev = seen.saturating_add(1);
    item.updated_at_ns = now.as_nanos();
    transaction.put(&item, If::Rev(seen))?;
    transaction.put(item.value_item(), If::Any)?;
    Ok(item)
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
            enabled: new.enabled,
            expires_at: new.expires_at,
            plan_ids: Vec::new(),
            tags: new.tags.clone(),
            created_at: now,
            updated_at: now,
        };
        let item = KeyItem::new(&key, &new.value.hash(&self.pepper));
        for _ in 0..MAX_TRIES {
            let mut transaction = self.transaction();
            transaction.put(item.value_item(), If::Absent)?;
            transaction.put(&item, If::Absent)?;
            if new.keep_value {
                let secret = SecretItem {
                    pk: secret_pk(&key.id),
                    sk: VALUE_SK.to_owned(),
                    value: new.value.expose().to_owned(),
                };
                transaction.put(secret, If::Any)?;
            }
            match transaction.commit().await? {
                Outcome::Committed => return Ok(key),
                Outcome::ConditionFailed(0) => return Err(RegistryError::ValueTaken),
                Outcome::ConditionFailed(_) => {
                    return Err(RegistryError::IdTaken(key.id.to_string()));
                }
                Outcome::Conflict => {}
            }
        }
        Err(RegistryError::Contended)
    }

    async fn key_by_id(&self, id: &KeyId) -> Result<Option<ApiKey>, StoreError> {
        let item: Option<KeyItem> = self.read(key_pk(id), KEY_SK).await?;
        Ok(item.map(KeyItem::into_key))
    }

    async fn keys(&self, page: &PageRequest) -> Result<Page<ApiKey>, StoreError> {
        let page = self
            .list::<KeyItem>(KEY_LIST, page, |id| (key_pk(&id.into()), KEY_SK))
            .await?;
        Ok(Page {
            entries: page.entries.into_iter().map(KeyItem::into_key).collect(),
            next: page.next,
        })
    }

    async fn update_key(
        &self,
        id: &KeyId,
        change: &KeyChange,
        now: Timestamp,
    ) -> Result<ApiKey, RegistryError> {
        for _ in 0..MAX_TRIES {
            let mut item = self.key_item(id).await?;
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
            if let Some(tags) = &change.tags {
                item.tags.clone_from(tags);
            }
            let mut transaction = self.transaction();
            let item = put_key(&mut transaction, item, now)?;
            if let Some(enabled) = change.enabled {
                let switch = if enabled { Switch::On } else { Switch::Off };
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
                Outcome::Committed => return Ok(item.into_key()),
                Outcome::ConditionFailed(_) | Outcome::Conflict => {}
            }
        }
        Err(RegistryError::Contended)
    }

    async fn delete_key(&self, id: &KeyId, now: Timestamp) -> Result<(), RegistryError> {
        'tries: for _ in 0..MAX_TRIES {
            let item = self.key_item(id).await?;
            let mut transaction = self.transaction();
            transaction.delete(key_pk(id), KEY_SK.to_owned(), If::Rev(item.rev))?;
            transaction.delete(value_pk(&item.hash), KEY_SK.to_owned(), If::Any)?;
            transaction.delete(secret_pk(id), VALUE_SK.to_owned(), If::Any)?;
            for plan_id in item.plan_ids() {
                let plan = match self.plan_item(&plan_id).await {
                    Ok(plan) => plan,
                    // It was deleted since the key was read, and the key is in one plan less.
                    Err(RegistryError::NoSuchPlan(_)) => continue 'tries,
                    Err(error) => return Err(error),
                };
                transaction.touch_plan(&plan_id, plan.rev, -1)?;
                transaction.delete(plan_pk(&plan_id), member_sk(id), If::Any)?;
                let meter = MeterId {
                    key_id: id.clone(),
                    plan_id,
                };
                transaction.switch_meter(&meter, Switch::Forget { now })?;
            }
            if !transaction.fits() {
                return Err(too_many_plans(id));
            }
            match transaction.commit().await? {
                Outcome::Committed => return Ok(()),
                Outcome::ConditionFailed(_) | Outcome::Conflict => {}
            }
        }
        Err(RegistryError::Contended)
    }

    async fn key_value(&self, id: &KeyId) -> Result<Option<KeyValue>, StoreError> {
        let secret: Option<SecretItem> = self.read(secret_pk(id), VALUE_SK).await?;
        secret
            .map(|secret| {
                KeyValue::parse(&secret.value).map_err(|error| {
                    StoreError::broken(format!("a kept value is damaged: {error}"))
                })
            })
            .transpose()
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
}

fn too_many_plans(id: &KeyId) -> RegistryError {
    RegistryError::TooLarge(format!(
        "API Key {id} is in too many usage plans for one transaction; take it out of some first"
    ))
}
