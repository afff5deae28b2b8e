//! Keys and plans in a table.

use std::collections::BTreeMap;

use tollgate::control::{EXPIRES_AT_TAG, KeyStatus, key_statuses, parse_instant};
use tollgate::id::{ApiStage, KeyId, PlanId};
use tollgate::key::KeyValue;
use tollgate::plan::CoveredStage;
use tollgate::quota::Day;
use tollgate::random::NoEntropy;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{
    ApiKey, DayUse, Expiry, FurtherUsed, KeyChange, KeyFilter, KeyRegistry, NewKey, NewPlan, Page,
    PageRequest, PlanChange, PlanRegistry, RegistryError, Rotation, StoreError, StoreErrorKind,
    Usage,
};
use tollgate::time::Timestamp;

use super::{
    KeyEdit, KeyRotation, ListedKey, ManagedPlan, Management, ManagementError, Member, PlanEdit,
};

/// Keys and plans in a table, for one command.
#[derive(Clone, Debug)]
pub struct Table {
    store: DynamoStore,
    now: Timestamp,
}

impl Table {
    /// The keys and plans of `store`; every change is made as of `now`.
    pub const fn new(store: DynamoStore, now: Timestamp) -> Self {
        Self { store, now }
    }

    /// The key that `value` opens, or would open if it were enabled and had not expired.
    async fn owner(&self, value: &KeyValue) -> Result<Option<KeyId>, ManagementError> {
        let Some(owner) = self.store.value_owner(value).await? else {
            return Ok(None);
        };
        let key = self.store.key_by_id(&owner.key_id).await?;
        let key = key.filter(|key| !owner.has_ended(key, self.now));
        Ok(key.map(|key| key.id))
    }
}

/// What a change of tags says of a key's expiry.
fn expiry(tags: &BTreeMap<String, Option<String>>) -> Option<Expiry> {
    Some(match tags.get(EXPIRES_AT_TAG)? {
        Some(text) => Expiry::At(parse_instant(text)?),
        None => Expiry::Never,
    })
}

fn no_value(error: NoEntropy) -> StoreError {
    StoreError::new(StoreErrorKind::Broken, "no value could be made", error)
}

impl Management for Table {
    async fn create_key(&self, key: &NewKey) -> Result<ApiKey, ManagementError> {
        Ok(self.store.create_key(key, self.now).await?)
    }

    async fn key(&self, id: &KeyId) -> Result<Option<ApiKey>, ManagementError> {
        Ok(self.store.key_by_id(id).await?)
    }

    async fn keys(
        &self,
        page: &PageRequest,
        name_prefix: Option<&str>,
    ) -> Result<Page<ListedKey>, ManagementError> {
        let filter = KeyFilter {
            name_prefix: name_prefix.map(str::to_owned),
            customer_id: None,
        };
        let page = self.store.keys(page, &filter).await?;
        let keys = page.entries.into_iter().map(|key| ListedKey {
            id: key.id.clone(),
            name: key.name.clone(),
            whole: Some(key),
        });
        Ok(Page {
            entries: keys.collect(),
            next: page.next,
        })
    }

    async fn complete(&self, keys: Vec<ListedKey>) -> Result<Vec<ApiKey>, ManagementError> {
        Ok(keys.into_iter().filter_map(|key| key.whole).collect())
    }

    async fn update_key(&self, id: &KeyId, edit: &KeyEdit) -> Result<ApiKey, ManagementError> {
        let change = KeyChange {
            enabled: edit.enabled,
            name: edit.name.clone(),
            description: edit.description.clone(),
            customer_id: edit.customer_id.clone(),
            expiry: expiry(&edit.tags),
            tag_changes: edit.tags.clone(),
            former_until: edit.ends_former_values.then_some(self.now),
            ..KeyChange::default()
        };
        Ok(self.store.update_key(id, &change, self.now).await?)
    }

    async fn rotate_key(
        &self,
        id: &KeyId,
        rotation: &KeyRotation,
    ) -> Result<(ApiKey, KeyValue), ManagementError> {
        let value = match &rotation.value {
            Some(value) => value.clone(),
            None => KeyValue::generate(rotation.environment).map_err(no_value)?,
        };
        let rotated = Rotation {
            value: value.clone(),
            keep_value: self.store.key_value(id).await?.is_some(),
        };
        let change = KeyChange {
            rotation: Some(rotated),
            former_until: Some(self.now.saturating_add(rotation.overlap)),
            ..KeyChange::default()
        };
        let key = self.store.update_key(id, &change, self.now).await?;
        Ok((key, value))
    }

    async fn key_statuses(&self, keys: &[ApiKey]) -> Result<Vec<KeyStatus>, ManagementError> {
        Ok(key_statuses(&self.store, keys).await?)
    }

    async fn delete_key(&self, id: &KeyId) -> Result<(), ManagementError> {
        Ok(self.store.delete_key(id, self.now).await?)
    }

    async fn key_value(&self, id: &KeyId) -> Result<Option<KeyValue>, ManagementError> {
        Ok(self.store.key_value(id).await?)
    }

    async fn owners(&self, values: &[KeyValue]) -> Result<Vec<Option<KeyId>>, ManagementError> {
        let mut owners = Vec::with_capacity(values.len());
        for value in values {
            owners.push(self.owner(value).await?);
        }
        Ok(owners)
    }

    async fn usage(
        &self,
        key: &ApiKey,
        plan: &ManagedPlan,
        from: Day,
        to: Day,
        _today: Day,
    ) -> Result<Vec<DayUse>, ManagementError> {
        let quota = key.limits_in(&plan.id).quota(plan.quota);
        let first = Usage::first_needed(quota.as_ref(), from);
        let usage = self.store.usage(&key.id, &plan.id, first, to).await?;
        Ok(usage.by_day(quota.as_ref(), from, to, self.now))
    }

    async fn further_used(
        &self,
        key: &KeyId,
        plan: &ManagedPlan,
        today: Day,
    ) -> Result<Vec<FurtherUsed>, ManagementError> {
        let usage = self.store.usage(key, &plan.id, today, today).await?;
        Ok(usage.further(&plan.further_quotas(), self.now))
    }

    async fn create_plan(&self, plan: &NewPlan) -> Result<ManagedPlan, ManagementError> {
        Ok(self.store.create_plan(plan, self.now).await?.into())
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<ManagedPlan>, ManagementError> {
        Ok(self.store.plan_by_id(id).await?.map(Into::into))
    }

    async fn plans(&self, page: &PageRequest) -> Result<Page<ManagedPlan>, ManagementError> {
        let page = self.store.plans(page).await?;
        Ok(Page {
            entries: page.entries.into_iter().map(Into::into).collect(),
            next: page.next,
        })
    }

    async fn add_stage(
        &self,
        plan: &PlanId,
        api_stage: &ApiStage,
    ) -> Result<ManagedPlan, ManagementError> {
        let change = PlanChange::AddStage(CoveredStage::new(api_stage.clone()));
        Ok(self.store.update_plan(plan, &change).await?.into())
    }

    async fn remove_stage(
        &self,
        plan: &PlanId,
        api_stage: &ApiStage,
    ) -> Result<ManagedPlan, ManagementError> {
        let change = PlanChange::RemoveStage(api_stage.clone());
        Ok(self.store.update_plan(plan, &change).await?.into())
    }

    async fn edit_plan(
        &self,
        plan: &PlanId,
        edit: &PlanEdit,
    ) -> Result<ManagedPlan, ManagementError> {
        let change = |plan: &mut NewPlan| {
            plan.throttle = edit.throttle.of(plan.throttle);
            plan.quota = edit.quota.of(plan.quota);
            if let Some(text) = &edit.description {
                plan.description = (!text.is_empty()).then(|| text.clone());
            }
            Ok::<_, RegistryError>(())
        };
        Ok(self.store.edit_plan(plan, change).await?.into())
    }

    async fn tag_plan(
        &self,
        plan: &PlanId,
        changes: &BTreeMap<String, Option<String>>,
    ) -> Result<ManagedPlan, ManagementError> {
        let edit = |plan: &mut NewPlan| {
            for (name, text) in changes {
                match text {
                    Some(text) => plan.tags.insert(name.clone(), text.clone()),
                    None => plan.tags.remove(name),
                };
            }
            Ok::<_, RegistryError>(())
        };
        Ok(self.store.edit_plan(plan, edit).await?.into())
    }

    async fn delete_plan(&self, id: &PlanId) -> Result<(), ManagementError> {
        Ok(self.store.delete_plan(id, self.now).await?)
    }

    async fn add_key_to_plan(&self, key: &KeyId, plan: &PlanId) -> Result<(), ManagementError> {
        Ok(self.store.add_key_to_plan(key, plan, self.now).await?)
    }

    async fn remove_key_from_plan(
        &self,
        key: &KeyId,
        plan: &PlanId,
    ) -> Result<(), ManagementError> {
        Ok(self.store.remove_key_from_plan(key, plan, self.now).await?)
    }

    async fn members(
        &self,
        plan: &PlanId,
        page: &PageRequest,
    ) -> Result<Page<Member>, ManagementError> {
        let page = self.store.plan_members(plan, page, None).await?;
        let members = page.entries.into_iter().map(|key| Member {
            id: key.id,
            name: key.name,
        });
        Ok(Page {
            entries: members.collect(),
            next: page.next,
        })
    }
}
