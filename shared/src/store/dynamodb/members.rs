//! Which keys are in a plan.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use super::batch::text_of;
use super::list::{Filled, Filling, List};
use super::transaction::{If, Switch, Transaction};
use super::{Attributes, DynamoStore, from_item, store_error};
use crate::id::{KeyId, PlanId};
use crate::meter::MeterId;
use crate::store::item::{
    KEY_SK, KeyItem, LIST_KEY_LEN, MEMBER_SK_PREFIX, MemberItem, key_pk, member_sk, name, plan_pk,
};
use crate::store::{ApiKey, Page, PageRequest, StoreError};
use crate::time::Timestamp;

/// How many keys of a plan are read at once.
const MEMBERS_PAGE: i32 = 500;

/// What becomes of a key's place in a plan.
#[derive(Clone, Copy, Debug)]
pub(super) enum Membership {
    /// The key joins. Its meter is switched on when the key is enabled.
    Joins {
        /// Whether the key is enabled.
        enabled: bool,
        /// How often the key was narrowed.
        generation: u64,
    },
    /// The key leaves, and may come back.
    Leaves,
    /// The key is deleted.
    Ends,
}

impl Membership {
    /// Puts everything into `transaction` that the change needs beside the key's own items: the plan, which is still as it was read
    /// at `plan_rev`, the item of the key's place in it, and the meter.
    pub(super) fn write(
        self,
        transaction: &mut Transaction<'_>,
        meter: &MeterId,
        plan_rev: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let MeterId { key_id, plan_id } = meter;
        match self {
            Self::Joins {
                enabled,
                generation,
            } => {
                transaction.touch_plan(plan_id, plan_rev, 1)?;
                transaction.put(MemberItem::new(key_id, plan_id, now), If::Any)?;
                let switch = if enabled {
                    Switch::On { generation }
                } else {
                    Switch::Off
                };
                transaction.switch_meter(meter, switch)
            }
            Self::Leaves | Self::Ends => {
                transaction.touch_plan(plan_id, plan_rev, -1)?;
                transaction.delete(plan_pk(plan_id), member_sk(key_id), If::Any)?;
                let switch = match self {
                    Self::Joins { .. } | Self::Leaves => Switch::Off,
                    Self::Ends => Switch::Forget { now },
                };
                transaction.switch_meter(meter, switch)
            }
        }
    }
}

impl DynamoStore {
    /// Some of a plan's keys, in the order of their ids, after `after`, and after which one to go on. Unlike the index, this has every
    /// key that is in the plan now.
    pub(super) async fn member_ids(
        &self,
        plan: &PlanId,
        after: Option<&KeyId>,
    ) -> Result<(Vec<KeyId>, Option<KeyId>), StoreError> {
        let text = AttributeValue::S;
        let start = after.map(|key_id| {
            Attributes::from([
                (name::PK.to_owned(), text(plan_pk(plan))),
                (name::SK.to_owned(), text(member_sk(key_id))),
            ])
        });
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#pk", name::PK)
            .expression_attribute_names("#sk", name::SK)
            .expression_attribute_values(":pk", text(plan_pk(plan)))
            .expression_attribute_values(":prefix", text(MEMBER_SK_PREFIX.to_owned()))
            .consistent_read(true)
            .limit(MEMBERS_PAGE)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let key_of = |item: &Attributes| -> Option<KeyId> {
            let id = text_of(item, name::SK)?.strip_prefix(MEMBER_SK_PREFIX)?;
            Some(id.into())
        };
        let ids = answer.items().iter().filter_map(key_of).collect();
        Ok((ids, answer.last_evaluated_key().and_then(key_of)))
    }

    /// A page of a plan's keys as the index has it, the one that joined last first.
    pub(super) async fn members_page(
        &self,
        plan: &PlanId,
        page: &PageRequest,
    ) -> Result<Page<KeyId>, StoreError> {
        let page = self.list(&members(plan), page).await?;
        page.try_map(|item| {
            member_of(&item).ok_or_else(|| StoreError::broken("a key in a plan has no id"))
        })
    }

    /// A page of a plan's keys with all that is known of them.
    pub(super) async fn member_keys(
        &self,
        plan: &PlanId,
        page: &PageRequest,
        name_prefix: &str,
    ) -> Result<Page<ApiKey>, StoreError> {
        let list = members(plan);
        let mut filling = Filling::new(page);
        let mut after = page.after.clone();
        loop {
            let mut slice = self.slice(&list, after.as_deref(), filling.chunk()).await?;
            let places = std::mem::take(&mut slice.entries);
            let ids = places.iter().filter_map(|(_, item)| member_of(item));
            let mut keys = self.api_keys(ids).await?;
            let entries = places.into_iter().filter_map(|(position, item)| {
                let key = keys.remove(&member_of(&item)?)?;
                // The index may still have a key that has left, and names are known to the keys only.
                let fits = key.plan_ids.contains(plan) && key.name.starts_with(name_prefix);
                fits.then_some((position, key))
            });
            match filling.take(slice.with(entries.collect())) {
                Filled::Whole(page) => return Ok(page),
                Filled::Part(rest, last) => {
                    filling = rest;
                    after = Some(last);
                }
            }
        }
    }

    /// The keys with these ids that there are.
    pub(super) async fn api_keys(
        &self,
        ids: impl Iterator<Item = KeyId>,
    ) -> Result<HashMap<KeyId, ApiKey>, StoreError> {
        let wanted: BTreeSet<_> = ids.map(|id| (key_pk(&id), KEY_SK.to_owned())).collect();
        let items = self.read_all(&wanted).await?;
        items
            .into_iter()
            .map(|item| {
                let key = from_item::<KeyItem>(item)?.into_key();
                Ok((key.id.clone(), key))
            })
            .collect()
    }
}

fn members(plan: &PlanId) -> List<'static> {
    List {
        partition: plan_pk(plan),
        primary_key: |partition, id| (partition.to_owned(), member_sk(&id.into())),
        filter: None,
    }
}

fn member_of(item: &Attributes) -> Option<KeyId> {
    let id = text_of(item, name::LIST_SK)?.get(LIST_KEY_LEN..)?;
    Some(id.into())
}
