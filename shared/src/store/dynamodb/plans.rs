//! Plans and their keys, as an operator handles them.

use std::collections::BTreeMap;

use super::key_items::put_key;
use super::keys::no_entropy;
use super::list::List;
use super::members::Membership;
use super::retry::Tries;
use super::transaction::{If, MAX_ITEMS, Outcome};
use super::{DynamoStore, from_item};
use crate::id::{ApiStage, KeyId, PlanId};
use crate::meter::MeterId;
use crate::plan::Plan;
use crate::random::{self, BASE36};
use crate::store::item::{MemberItem, PLAN_LIST, PLAN_SK, PlanItem, member_sk, plan_pk};
use crate::store::{
    ApiKey, NewPlan, Page, PageRequest, PlanChange, PlanRegistry, RegistryError, StoreError,
};
use crate::time::Timestamp;

/// The length of a usage plan's id on AWS.
const PLAN_ID_LEN: usize = 6;

impl DynamoStore {
    /// The other plans of this plan's keys, by id, with the revision at which none of them covers a stage of `changed`.
    async fn neighbours(&self, changed: &Plan) -> Result<BTreeMap<PlanId, u64>, RegistryError> {
        let mut neighbours = BTreeMap::new();
        let mut after = None;
        loop {
            let (key_ids, next) = self.member_ids(&changed.id, after.as_ref()).await?;
            for key_id in key_ids {
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
            after = next;
            if after.is_none() {
                return Ok(neighbours);
            }
        }
    }

    /// Writes a plan that was read as `before`. `None` when another change came first.
    async fn replace_plan(
        &self,
        mut item: PlanItem,
        before: &Plan,
    ) -> Result<Option<Plan>, RegistryError> {
        let plan = item.read()?;
        let grows = plan
            .stages
            .iter()
            .any(|covered| before.covered(&covered.api_stage).is_none());
        let seen = item.rev;
        item.rev = seen.saturating_add(1);
        let mut transaction = self.transaction();
        transaction.put(&item, If::Rev(seen))?;
        self.associate(&mut transaction, &plan.id, &before.stages, &plan.stages)
            .await?;
        if !transaction.fits() {
            return Err(too_many_stages(&plan.id));
        }
        if grows {
            // A key that joins one of these plans meanwhile raises their revisions, and the change is tried again.
            for (neighbour, rev) in self.neighbours(&plan).await? {
                transaction.touch_plan(&neighbour, rev, 0)?;
            }
        }
        if !transaction.fits() {
            return Err(RegistryError::TooLarge(format!(
                "the keys of usage plan {} are in too many other plans to check them all in one transaction of {MAX_ITEMS} items",
                plan.id
            )));
        }
        match transaction.commit().await? {
            Outcome::Committed => Ok(Some(plan)),
            Outcome::ConditionFailed(_) | Outcome::Conflict => Ok(None),
        }
    }

    /// Takes every key out of a plan.
    async fn remove_all_keys(&self, id: &PlanId, now: Timestamp) -> Result<(), RegistryError> {
        let mut after = None;
        loop {
            let (key_ids, next) = self.member_ids(id, after.as_ref()).await?;
            for key_id in key_ids {
                match self.remove_key_from_plan(&key_id, id, now).await {
                    Ok(()) | Err(RegistryError::NotInPlan { .. } | RegistryError::NoSuchKey(_)) => {
                    }
                    Err(error) => return Err(error),
                }
            }
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

fn too_many_stages(id: &PlanId) -> RegistryError {
    RegistryError::TooLarge(format!(
        "usage plan {id} has too many stages for one transaction; add some at a time"
    ))
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

impl PlanRegistry for DynamoStore {
    async fn create_plan(&self, new: &NewPlan, now: Timestamp) -> Result<Plan, RegistryError> {
        let id: PlanId = match &new.id {
            Some(id) => id.clone(),
            None => random::text(BASE36, PLAN_ID_LEN)
                .map_err(no_entropy)?
                .into(),
        };
        let item = PlanItem::new(&id, new, now);
        let mut tries = Tries::default();
        loop {
            let mut transaction = self.transaction();
            transaction.put(&item, If::Absent)?;
            transaction.count(PLAN_LIST, id.as_str(), 1)?;
            self.associate(&mut transaction, &id, &[], &new.stages)
                .await?;
            if !transaction.fits() {
                return Err(too_many_stages(&id));
            }
            match transaction.commit().await? {
                Outcome::Committed => return Ok(item.read()?),
                Outcome::ConditionFailed(0) => return Err(RegistryError::IdTaken(id.to_string())),
                // A stage or its API came or went.
                Outcome::ConditionFailed(_) | Outcome::Conflict => tries.again().await?,
            }
        }
    }

    async fn plan_by_id(&self, id: &PlanId) -> Result<Option<Plan>, StoreError> {
        let item: Option<PlanItem> = self.read(plan_pk(id), PLAN_SK).await?;
        item.map(|item| item.read()).transpose()
    }

    async fn plans(&self, page: &PageRequest) -> Result<Page<Plan>, StoreError> {
        let list = List {
            partition: PLAN_LIST.to_owned(),
            primary_key: |_, id| (plan_pk(&id.into()), PLAN_SK.to_owned()),
            filter: None,
        };
        let page = self.list(&list, page).await?;
        page.try_map(|item| from_item::<PlanItem>(item)?.read())
    }

    async fn plans_of_stage(
        &self,
        api_stage: &ApiStage,
        page: &PageRequest,
    ) -> Result<Page<PlanId>, StoreError> {
        self.stage_plans(api_stage, page).await
    }

    async fn update_plan(&self, id: &PlanId, change: &PlanChange) -> Result<Plan, RegistryError> {
        self.edit_plan(id, |plan| {
            change.apply(plan);
            Ok(())
        })
        .await
    }

    async fn edit_plan<E, F>(&self, id: &PlanId, edit: F) -> Result<Plan, E>
    where
        E: From<RegistryError> + Send,
        F: Fn(&mut NewPlan) -> Result<(), E> + Send + Sync,
    {
        let mut tries = Tries::default();
        loop {
            let mut item = self.plan_item(id).await?;
            let before = item.read().map_err(RegistryError::from)?;
            let mut edited = NewPlan::from(before.clone());
            edit(&mut edited)?;
            item.set(&edited);
            match self.replace_plan(item, &before).await? {
                Some(plan) => return Ok(plan),
                None => tries.again().await?,
            }
        }
    }

    async fn delete_plan(&self, id: &PlanId, now: Timestamp) -> Result<(), RegistryError> {
        let mut tries = Tries::default();
        loop {
            if let Some(covered) = self.plan_item(id).await?.read()?.stages.first() {
                return Err(RegistryError::HasStages {
                    plan_id: id.clone(),
                    api_stage: covered.api_stage.clone(),
                });
            }
            self.remove_all_keys(id, now).await?;
            let item = self.plan_item(id).await?;
            // The revision also says that the plan has covered no stage since: what covers none has no associations.
            if item.key_count == 0 && item.read()?.stages.is_empty() {
                let mut transaction = self.transaction();
                transaction.delete(plan_pk(id), PLAN_SK.to_owned(), If::Rev(item.rev))?;
                transaction.count(PLAN_LIST, id.as_str(), -1)?;
                match transaction.commit().await? {
                    Outcome::Committed => return Ok(()),
                    Outcome::ConditionFailed(_) | Outcome::Conflict => {}
                }
            }
            tries.again().await?;
        }
    }

    async fn add_key_to_plan(
        &self,
        key_id: &KeyId,
        plan_id: &PlanId,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let mut tries = Tries::default();
        loop {
            let mut key = self.key_item(key_id).await?;
            let plan = self.plan_item(plan_id).await?;
            let others = key.plan_ids();
            if others.contains(plan_id) {
                return Ok(());
            }
            let mut transaction = self.transaction();
            for other in others {
                let other = self.plan_item(&other).await?;
                let (other, rev) = (other.read()?, other.rev);
                stages_differ(key_id, &other, &plan.read()?)?;
                transaction.touch_plan(&other.id, rev, 0)?;
            }
            key.plan_ids.push(plan_id.to_string());
            let membership = Membership::Joins {
                enabled: key.enabled,
                generation: key.generation,
            };
            put_key(&mut transaction, key, now)?;
            membership.write(&mut transaction, &meter(key_id, plan_id), plan.rev, now)?;
            if !transaction.fits() {
                return Err(RegistryError::TooLarge(format!(
                    "API Key {key_id} is in too many usage plans to join another"
                )));
            }
            match transaction.commit().await? {
                Outcome::Committed => return Ok(()),
                Outcome::ConditionFailed(_) | Outcome::Conflict => tries.again().await?,
            }
        }
    }

    async fn remove_key_from_plan(
        &self,
        key_id: &KeyId,
        plan_id: &PlanId,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let mut tries = Tries::default();
        loop {
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
            let meter = meter(key_id, plan_id);
            Membership::Leaves.write(&mut transaction, &meter, plan.rev, now)?;
            match transaction.commit().await? {
                Outcome::Committed => return Ok(()),
                Outcome::ConditionFailed(_) | Outcome::Conflict => tries.again().await?,
            }
        }
    }

    async fn key_in_plan(&self, key: &KeyId, plan: &PlanId) -> Result<bool, StoreError> {
        let member: Option<MemberItem> = self.read(plan_pk(plan), &member_sk(key)).await?;
        Ok(member.is_some())
    }

    async fn plan_keys(
        &self,
        plan: &PlanId,
        page: &PageRequest,
    ) -> Result<Page<KeyId>, StoreError> {
        self.members_page(plan, page).await
    }

    async fn plan_members(
        &self,
        plan: &PlanId,
        page: &PageRequest,
        name_prefix: Option<&str>,
    ) -> Result<Page<ApiKey>, StoreError> {
        self.member_keys(plan, page, name_prefix.unwrap_or_default())
            .await
    }
}

fn meter(key_id: &KeyId, plan_id: &PlanId) -> MeterId {
    MeterId {
        key_id: key_id.clone(),
        plan_id: plan_id.clone(),
    }
}
