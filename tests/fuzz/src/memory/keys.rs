//! Keys.

use tollgate::id::{KeyId, PlanId};
use tollgate::key::KeyValue;
use tollgate::meter::{LastUse, MeterId, MeterItem, WindowUse};
use tollgate::quota::Day;
use tollgate::store::{
    ApiKey, Expiry, FormerValue, KeyChange, KeyFilter, KeyRegistry, NewKey, Page, PageRequest,
    RegistryError, Rotation, StoreError, Usage, ValueOwner,
};
use tollgate::time::Timestamp;

use super::{MemoryStore, page};

/// An empty text stands for none.
fn text(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

fn apply(key: &mut ApiKey, change: &KeyChange, now: Timestamp) {
    let KeyChange {
        enabled,
        name,
        description,
        customer_id,
        stage_keys,
        tags,
        tag_changes,
        expiry,
        rotation,
        former_until,
        restart_dates,
    } = change.clone();
    key.enabled = enabled.unwrap_or(key.enabled);
    if let Some(name) = name {
        key.name = name;
    }
    if let Some(description) = description {
        key.description = text(&description);
    }
    if let Some(customer_id) = customer_id {
        key.customer_id = text(&customer_id);
    }
    if let Some(stage_keys) = stage_keys {
        key.stage_keys = stage_keys;
    }
    if let Some(tags) = tags {
        key.tags = tags;
    }
    for (name, value) in tag_changes {
        match value {
            Some(value) => key.tags.insert(name, value),
            None => key.tags.remove(&name),
        };
    }
    match expiry {
        Some(Expiry::Never) => key.expires_at = None,
        Some(Expiry::At(instant)) => key.expires_at = Some(instant),
        None => {}
    }
    if rotation.is_some() {
        key.former_values.push(FormerValue {
            number: key.value_number,
            expires_at: Timestamp::from_nanos(u64::MAX),
        });
        key.value_number += 1;
    }
    if let Some(until) = former_until.or(rotation.map(|_new| now)) {
        for former in &mut key.former_values {
            former.expires_at = former.expires_at.min(until);
        }
    }
    if restart_dates {
        key.created_at = now;
    }
    key.updated_at = now;
}

impl KeyRegistry for MemoryStore {
    async fn create_key(&self, new: &NewKey, now: Timestamp) -> Result<ApiKey, RegistryError> {
        let mut content = self.content();
        if content
            .values
            .values()
            .any(|(value, _)| *value == new.value)
        {
            return Err(RegistryError::ValueTaken);
        }
        let id = match &new.id {
            Some(id) => id.clone(),
            None => content.new_id(10).into(),
        };
        if content.key(&id).is_ok() {
            return Err(RegistryError::IdTaken(id.to_string()));
        }
        let key = ApiKey {
            id: id.clone(),
            name: new.name.clone(),
            description: new.description.as_deref().and_then(text),
            customer_id: new.customer_id.as_deref().and_then(text),
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
        content.keys.push(key.clone());
        content
            .values
            .insert(id, (new.value.clone(), new.keep_value));
        Ok(key)
    }

    async fn key_by_id(&self, id: &KeyId) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.content().key(id).ok().cloned())
    }

    /// Former values are not kept here.
    async fn value_owner(&self, value: &KeyValue) -> Result<Option<ValueOwner>, StoreError> {
        let mut content = self.content();
        let mut values = content.values.iter();
        let id = values
            .find(|(_, (known, _))| known == value)
            .map(|(id, _)| id.clone());
        Ok(id.map(|key_id| ValueOwner {
            expires_at: content.key(&key_id).ok().and_then(|key| key.expires_at),
            key_id,
        }))
    }

    async fn keys(
        &self,
        request: &PageRequest,
        filter: &KeyFilter,
    ) -> Result<Page<ApiKey>, StoreError> {
        let content = self.content();
        let prefix = filter.name_prefix.as_deref().unwrap_or_default();
        let customer = filter.customer_id.as_deref().filter(|id| !id.is_empty());
        let passes = |key: &&ApiKey| {
            key.name.starts_with(prefix)
                && (customer.is_none() || key.customer_id.as_deref() == customer)
        };
        page(
            content.keys.iter().filter(passes).cloned().collect(),
            request,
        )
    }

    async fn update_key(
        &self,
        id: &KeyId,
        change: &KeyChange,
        now: Timestamp,
    ) -> Result<ApiKey, RegistryError> {
        let mut content = self.content();
        content.key(id)?;
        if let Some(Rotation { value, keep_value }) = &change.rotation {
            if content.values.values().any(|(known, _)| known == value) {
                return Err(RegistryError::ValueTaken);
            }
            let kept = (value.clone(), *keep_value);
            content.values.insert(id.clone(), kept);
        }
        let key = content.key(id)?;
        apply(key, change, now);
        Ok(key.clone())
    }

    async fn delete_key(&self, id: &KeyId, _: Timestamp) -> Result<(), RegistryError> {
        let mut content = self.content();
        content.key(id)?;
        content.keys.retain(|key| key.id != *id);
        content.members.retain(|(_, key_id)| key_id != id);
        content.values.remove(id);
        Ok(())
    }

    async fn key_value(&self, id: &KeyId) -> Result<Option<KeyValue>, StoreError> {
        let content = self.content();
        let kept = content.values.get(id).filter(|(_, keep)| *keep);
        Ok(kept.map(|(value, _)| value.clone()))
    }

    async fn key_values(&self, ids: &[KeyId]) -> Result<Vec<Option<KeyValue>>, StoreError> {
        let content = self.content();
        let kept = |id| content.values.get(id).filter(|(_, keep)| *keep);
        Ok(ids
            .iter()
            .map(|id| kept(id).map(|(value, _)| value.clone()))
            .collect())
    }

    async fn meter(&self, key: &KeyId, plan: &PlanId) -> Result<MeterItem, StoreError> {
        let content = self.content();
        Ok(MeterItem {
            quota: content.remaining.get(&(key.clone(), plan.clone())).copied(),
            ..MeterItem::default()
        })
    }

    async fn usage(&self, key: &KeyId, plan: &PlanId, _: Day, _: Day) -> Result<Usage, StoreError> {
        let content = self.content();
        Ok(Usage {
            days: Vec::new(),
            further: Vec::new(),
            quota: content.remaining.get(&(key.clone(), plan.clone())).copied(),
        })
    }

    async fn last_used(&self, meters: &[MeterId]) -> Result<Vec<Option<LastUse>>, StoreError> {
        Ok(vec![None; meters.len()])
    }

    async fn set_remaining(
        &self,
        key: &KeyId,
        plan: &PlanId,
        remaining: u64,
        now: Timestamp,
    ) -> Result<WindowUse, RegistryError> {
        let mut content = self.content();
        let limits = content.key(key)?.limits_in(plan);
        let quota = limits.quota(content.plan(plan)?.quota);
        if !content.is_member(key, plan) {
            return Err(RegistryError::NotInPlan {
                key_id: key.clone(),
                plan_id: plan.clone(),
            });
        }
        let quota = quota.ok_or_else(|| RegistryError::NoQuota(plan.clone()))?;
        let quota = quota.at(now);
        let window = quota.window_of(Day::of(now)).first;
        let too_large = |_| RegistryError::TooLarge("the number is too large".to_owned());
        let used = i128::from(quota.limit_in(window)) - i128::from(remaining);
        let counter = WindowUse {
            window,
            used: i64::try_from(used).map_err(too_large)?,
        };
        content
            .remaining
            .insert((key.clone(), plan.clone()), counter);
        Ok(counter)
    }
}
