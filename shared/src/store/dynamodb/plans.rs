//! Plans and their keys, as an operator handles them.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::keys::{MAX_TRIES, no_entropy, put_key};
use super::transaction::{If, MAX_ITEMS, Outcome, Switch};
use super::{Attributes, DynamoStore, store_error};
use crate::id::{KeyId, PlanId};
use crate::meter::MeterId;
use crate::plan::Plan;
use crate::random::{self, BASE36};
use crate::store::item::{
    MEMBER_SK_PREFIX, MemberItem, PLAN_LIST, PLAN_SK, PlanItem, member_sk, name, plan_pk,
};
use crate::store::{
    NewPlan, Page, PageRequest, PlanChange, PlanRegistry, RegistryError, StoreError,
};
use crate::time::Timestamp;

/// The length of a usage plan's id on AWS.
const PLAN_ID_LEN: usize = 6;

/// How many keys of a plan are read at once.
const MEMBERS_PAGE: u32 = 500;

impl DynamoStore {
    /// The other plans of this plan's keys, by id, with the revision at which none of them covers a stage of `changed`.
    async fn neighbours(&self, changed: &Plan) -> Result<BTreeMap<PlanId, u64>, RegistryError> {
        let mut neighbours = BTreeMap::new();
        let mut after = None;
        loop {
            let limit = MEMBERS_PAGE;
            let page = self
                .plan_keys(&changed.id, &PageRequest { limit, after })
                .await?;
            for key_id in page.entries {
                let others = match self.key_item(&key_id).await {
                    Ok(key) => key.plan_ids(),
                    // A key that was deleted since has no plans, and its plans have new revisions.
                    Err(RegistryError::NoSuchKey(_)) => continue,
                    Err(error) => return Err(error),
                };
                for other in others {
                    if other == changed.id || neighbours.contains_key(&other) {
                        continue;
                    }
                    let item = self.plan_item(&other).await?;
                    stages_differ(&key_id, &item.read()?, changed)?;
                    neighbours.insert(other, item.rev);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(neighbours);
            }
        }
    }
}

fn stages_differ(key_id: &KeyId, one: &Plan, other: &Plan) -> Result<(), RegistryError> {
    match one.shared_stage(other) {
        Some(api_stage) => Err(RegistryError::StageTaken {
            key_id: key_id.clone(),
            plan_id: one.id.clone(),
            api_stage: api_stage.clone(),
        }),
        None => Ok(()),
    }
}

fn apply(item: &mut PlanItem, change: &PlanChange) -> Result<Plan, StoreError> {
    let mut plan = item.read()?;
    match change {
        PlanChange::AddStage(covered) => {
            plan.stages
                .retain(|known| known.api_stage != covered.api_stage);
            plan.stages.push(covered.clone());
            item.set_stages(&plan.stages);
        }
        PlanChange::RemoveStage(api_stage) => {
            plan.stages.retain(|known| known.api_stage != *api_stage);
            item.set_stages(&plan.stages);
        }
        PlanChange::Replace(new) => item.set(new),
    }
    item.read()
}

impl PlanRegistry for DynamoStore {
    async fn create_plan(&self, new: &NewPlan, now: Timestamp) -> Result<Plan, RegistryError> {
        let id: PlanId = match &new.id {
            Some(id) => id.clone(),
            None => random::text(BASE36, PLAN_ID_LEN)
                .map_err(no_entropy)?
                .into(),
        };
        let item = PlanItem::new(&id, new, now);
        for _ in 0..MAX_TRIES {
            let mut transaction = self.transaction();
            transaction.put(&item, If::Absent)?;
            match transaction.commit().await? {
                Outcome::Committed => return Ok(item.read()?),
                Outcome::ConditionFailed(_) => return Err(RegistryError::IdTaken(id.to_string())),
                Outcome::Conflict => {}
            }
        }
        Err(RegistryError::Contended)
    }

    async fn plan_by_id(&self, id: &PlanId) -> Result<Option<Plan>, StoreError> {
        let item: Option<PlanItem> = self.read(plan_pk(id), PLAN_SK).await?;
        item.map(|item| item.read()).transpose()
    }

    async fn plans(&self, page: &PageRequest) -> Result<Page<Plan>, StoreError> {
        let page = self
            .list::<PlanItem>(PLAN_LIST, page, |id| (plan_pk(&id.into()), PLAN_SK))
            .await?;
        let entries = page.entries.iter().map(PlanItem::read);
        Ok(Page {
            entries: entries.collect::<Result<_, _>>()?,
            next: page.next,
        })
    }

    async fn update_plan(&self, id: &PlanId, change: &PlanChange) -> Result<Plan, RegistryError> {
        for _ in 0..MAX_TRIES {
            let mut item = self.plan_item(id).await?;
            let seen = item.rev;
            let before = item.read()?;
            let plan = apply(&mut item, change)?;
            let grows = plan
                .stages
                .iter()
                .any(|covered| before.covered(&covered.api_stage).is_none());
            item.rev = seen.saturating_add(1);
            let mut transaction = self.transaction();
            transaction.put(&item, If::Rev(seen))?;
            if grows {
                // A key that joins one of these plans meanwhile raises their revisions, and the change is tried again.
                for (neighbour, rev) in self.neighbours(&plan).await? {
                    transaction.touch_plan(&neighbour, rev, 0)?;
                }
            }
            if !transaction.fits() {
                return Err(RegistryError::TooLarge(format!(
                    "the keys of usage plan {id} are in more than {} other plans, too many to check in one transaction",
                    MAX_ITEMS.saturating_sub(1)
                )));
            }
            match transaction.commit().await? {
                Outcome::Committed => return Ok(plan),
                Outcome::ConditionFailed(_) | Outcome::Conflict => {}
            }
        }
        Err(RegistryError::Contended)
    }

    async fn delete_plan(&self, id: &PlanId, now: Timestamp) -> Result<(), RegistryError> {
        for _ in 0..MAX_TRIES {
            if let Some(covered) = self.plan_item(id).await?.read()?.stages.first() {
                return Err(RegistryError::HasStages {
                    plan_id: id.clone(),
                    api_stage: covered.api_stage.clone(),
                });
            }
            let mut after = None;
            loop {
                let limit = MEMBERS_PAGE;
                let page = self.plan_keys(id, &PageRequest { limit, after }).await?;
                for key_id in page.entries {
                    match self.remove_key_from_plan(&key_id, id, now).await {
                        Ok(())
                        | Err(RegistryError::NotInPlan { .. } | RegistryError::NoSuchKey(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let item = self.plan_item(id).await?;
            if item.key_count != 0 {
                continue;
            }
            let mut transaction = self.transaction();
            transaction.delete(plan_pk(id), PLAN_SK.to_owned(), If::Rev(item.rev))?;
            match transaction.commit().await? {
                Outcome::Committed => return Ok(()),
                Outcome::ConditionFailed(_) | Outcome::Conflict => {}
            }
        }
        Err(RegistryError::Contended)
    }

    async fn add_key_to_plan(
        &self,
        key_id: &KeyId,
        plan_id: &PlanId,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        for _ in 0..MAX_TRIES {
            let mut key = self.key_item(key_id).await?;
            let plan = self.plan_item(plan_id).await?;
            let others = key.plan_ids();
            if others.contains(plan_id) {
                return Ok(());
            }
            let mut transaction = self.transaction();
            transaction.touch_plan(plan_id, plan.rev, 1)?;
            for other in others {
                let other = self.plan_item(&other).await?;
                let (other, rev) = (other.read()?, other.rev);
                stages_differ(key_id, &other, &plan.read()?)?;
                transaction.touch_plan(&other.id, rev, 0)?;
            }
            key.plan_ids.push(plan_id.to_string());
            let switch = if key.enabled { Switch::On } else { Switch::Off };
            put_key(&mut transaction, key, now)?;
            let member = MemberItem {
                pk: plan_pk(plan_id),
                sk: member_sk(key_id),
                added_at_ns: now.as_nanos(),
            };
            transaction.put(member, If::Any)?;
            let meter = MeterId {
                key_id: key_id.clone(),
                plan_id: plan_id.clone(),
            };
            transaction.switch_meter(&meter, switch)?;
            if !transaction.fits() {
                return Err(RegistryError::TooLarge(format!(
                    "API Key {key_id} is in too many usage plans to join another"
                )));
            }
            match transaction.commit().await? {
                Outcome::Committed => return Ok(()),
                Outcome::ConditionFailed(_) | Outcome::Conflict => {}
            }
        }
        Err(RegistryError::Contended)
    }

    async fn remove_key_from_plan(
        &self,
        key_id: &KeyId,
        plan_id: &PlanId,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        for _ in 0..MAX_TRIES {
            let mut key = self.key_item(key_id).await?;
            let plan = self.plan_item(plan_id).await?;
            if !key.plan_ids().contains(plan_id) {
                return Err(RegistryError::NotInPlan {
                    key_id: key_id.clone(),
                    plan_id: plan_id.clone(),
                });
            }
            key.plan_ids.retain(|id| id != plan_id.as_str());
            let mut transaction = self.transaction();
            put_key(&mut transaction, key, now)?;
            transaction.touch_plan(plan_id, plan.rev, -1)?;
            transaction.delete(plan_pk(plan_id), member_sk(key_id), If::Any)?;
            let meter = MeterId {
                key_id: key_id.clone(),
                plan_id: plan_id.clone(),
            };
            transaction.switch_meter(&meter, Switch::Off)?;
            match transaction.commit().await? {
                Outcome::Committed => return Ok(()),
                Outcome::ConditionFailed(_) | Outcome::Conflict => {}
            }
        }
        Err(RegistryError::Contended)
    }

    async fn plan_keys(
        &self,
        plan: &PlanId,
        page: &PageRequest,
    ) -> Result<Page<KeyId>, StoreError> {
        let start = page.after.as_ref().map(|key_id| {
            let sk = member_sk(&key_id.as_str().into());
            Attributes::from([
                (name::PK.to_owned(), AttributeValue::S(plan_pk(plan))),
                (name::SK.to_owned(), AttributeValue::S(sk)),
            ])
        });
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#pk", name::PK)
            .expression_attribute_names("#sk", name::SK)
            .expression_attribute_values(":pk", AttributeValue::S(plan_pk(plan)))
            .expression_attribute_values(":prefix", AttributeValue::S(MEMBER_SK_PREFIX.to_owned()))
            .consistent_read(true)
            .limit(i32::try_from(page.limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let key_of = |item: &Attributes| -> Option<String> {
            let sk = item.get(name::SK)?.as_s().ok()?;
            Some(sk.strip_prefix(MEMBER_SK_PREFIX)?.to_owned())
        };
        Ok(Page {
            entries: answer
                .items()
                .iter()
                .filter_map(key_of)
                .map(KeyId::from)
                .collect(),
            next: answer.last_evaluated_key().and_then(key_of),
        })
    }
}
