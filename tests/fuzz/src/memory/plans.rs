//! Plans and their keys.

use tollgate::id::{ApiStage, KeyId, PlanId};
use tollgate::plan::{CoveredStage, Plan};
use tollgate::store::{
    ApiKey, NewPlan, Page, PageRequest, PlanChange, PlanRegistry, RegistryError, StoreError,
};
use tollgate::time::Timestamp;

use super::{Content, MemoryStore, page};

impl Content {
    /// What an API of ours does not have, no plan can cover.
    fn require_stages(&self, stages: &[CoveredStage]) -> Result<(), RegistryError> {
        for covered in stages {
            let api_stage = &covered.api_stage;
            let mut apis = self.apis.iter();
            let api = apis.find(|api| api.record.api.id == api_stage.api_id.as_str());
            if api.is_some_and(|api| !api.record.stages.contains_key(api_stage.stage.as_str())) {
                return Err(RegistryError::NoSuchStage(api_stage.clone()));
            }
        }
        Ok(())
    }

    /// A key opens a stage by one plan only.
    fn differ(
        &self,
        key: &KeyId,
        plan: &PlanId,
        stages: &[CoveredStage],
    ) -> Result<(), RegistryError> {
        for other in &self.plans {
            if other.id == *plan || !self.is_member(key, &other.id) {
                continue;
            }
            let shared = stages.iter().find(|covered| {
                let mut others = other.stages.iter();
                others.any(|known| known.api_stage == covered.api_stage)
            });
            if let Some(shared) = shared {
                return Err(RegistryError::StageTaken {
                    key_id: key.clone(),
                    plan_id: other.id.clone(),
                    api_stage: shared.api_stage.clone(),
                });
            }
        }
        Ok(())
    }

    fn members_of(&self, plan: &PlanId) -> Vec<KeyId> {
        self.members
            .iter()
            .filter(|(plan_id, _)| plan_id == plan)
            .map(|(_, key_id)| key_id.clone())
            .collect()
    }
}

fn made(id: PlanId, new: NewPlan, created_at: Timestamp) -> Plan {
    Plan {
        id,
        name: new.name,
        description: new.description,
        product_code: new.product_code,
        throttle: new.throttle,
        quota: new.quota,
        stages: new.stages,
        tags: new.tags,
        created_at,
    }
}

impl PlanRegistry for MemoryStore {
    async fn create_plan(&self, new: &NewPlan, now: Timestamp) -> Result<Plan, RegistryError> {
        let mut content = self.content();
        content.require_stages(&new.stages)?;
        let id = match &new.id {
            Some(id) => id.clone(),
            None => content.new_id(6).into(),
        };
        if content.plan(&id).is_ok() {
            return Err(RegistryError::IdTaken(id.to_string()));
        }
        let plan = made(id, new.clone(), now);
        content.plans.push(plan.clone());
        Ok(plan)
    }

    async fn plan_by_id(&self, id: &PlanId) -> Result<Option<Plan>, StoreError> {
        Ok(self.content().plan(id).ok().cloned())
    }

    async fn plans(&self, request: &PageRequest) -> Result<Page<Plan>, StoreError> {
        page(self.content().plans.clone(), request)
    }

    async fn plans_of_stage(
        &self,
        api_stage: &ApiStage,
        request: &PageRequest,
    ) -> Result<Page<PlanId>, StoreError> {
        let content = self.content();
        let covers = |plan: &&Plan| {
            let mut stages = plan.stages.iter();
            stages.any(|covered| covered.api_stage == *api_stage)
        };
        let plans = content.plans.iter().filter(covers);
        page(plans.map(|plan| plan.id.clone()).collect(), request)
    }

    async fn update_plan(&self, id: &PlanId, change: &PlanChange) -> Result<Plan, RegistryError> {
        let apply = |plan: &mut NewPlan| {
            change.apply(plan);
            Ok(())
        };
        self.edit_plan(id, apply).await
    }

    async fn edit_plan<E, F>(&self, id: &PlanId, edit: F) -> Result<Plan, E>
    where
        E: From<RegistryError> + Send,
        F: Fn(&mut NewPlan) -> Result<(), E> + Send + Sync,
    {
        let mut content = self.content();
        let before = content.plan(id)?.clone();
        let mut edited = NewPlan::from(before.clone());
        edit(&mut edited)?;
        let after = made(before.id, edited, before.created_at);
        let joining: Vec<CoveredStage> = after
            .stages
            .iter()
            .filter(|covered| {
                let mut known = before.stages.iter();
                !known.any(|known| known.api_stage == covered.api_stage)
            })
            .cloned()
            .collect();
        content.require_stages(&joining)?;
        for key in content.members_of(id) {
            content.differ(&key, id, &after.stages)?;
        }
        content.plan(id)?.clone_from(&after);
        Ok(after)
    }

    async fn delete_plan(&self, id: &PlanId, _: Timestamp) -> Result<(), RegistryError> {
        let mut content = self.content();
        if let Some(covered) = content.plan(id)?.stages.first() {
            return Err(RegistryError::HasStages {
                plan_id: id.clone(),
                api_stage: covered.api_stage.clone(),
            });
        }
        content.plans.retain(|plan| plan.id != *id);
        content.members.retain(|(plan_id, _)| plan_id != id);
        for key in &mut content.keys {
            key.plan_ids.retain(|plan_id| plan_id != id);
        }
        Ok(())
    }

    async fn add_key_to_plan(
        &self,
        key: &KeyId,
        plan: &PlanId,
        _: Timestamp,
    ) -> Result<(), RegistryError> {
        let mut content = self.content();
        content.key(key)?;
        let stages = content.plan(plan)?.stages.clone();
        if content.is_member(key, plan) {
            return Ok(());
        }
        content.differ(key, plan, &stages)?;
        content.members.push((plan.clone(), key.clone()));
        content.key(key)?.plan_ids.push(plan.clone());
        Ok(())
    }

    async fn remove_key_from_plan(
        &self,
        key: &KeyId,
        plan: &PlanId,
        _: Timestamp,
    ) -> Result<(), RegistryError> {
        let mut content = self.content();
        content.key(key)?;
        content.plan(plan)?;
        if !content.is_member(key, plan) {
            return Err(RegistryError::NotInPlan {
                key_id: key.clone(),
                plan_id: plan.clone(),
            });
        }
        content
            .members
            .retain(|(plan_id, key_id)| plan_id != plan || key_id != key);
        content.key(key)?.plan_ids.retain(|id| id != plan);
        Ok(())
    }

    async fn key_in_plan(&self, key: &KeyId, plan: &PlanId) -> Result<bool, StoreError> {
        Ok(self.content().is_member(key, plan))
    }

    async fn plan_keys(
        &self,
        plan: &PlanId,
        request: &PageRequest,
    ) -> Result<Page<KeyId>, StoreError> {
        page(self.content().members_of(plan), request)
    }

    async fn plan_members(
        &self,
        plan: &PlanId,
        request: &PageRequest,
        name_prefix: Option<&str>,
    ) -> Result<Page<ApiKey>, StoreError> {
        let mut content = self.content();
        let ids = content.members_of(plan);
        let keys: Vec<ApiKey> = ids
            .iter()
            .filter_map(|id| content.key(id).ok().cloned())
            .filter(|key| key.name.starts_with(name_prefix.unwrap_or_default()))
            .collect();
        page(keys, request)
    }
}
