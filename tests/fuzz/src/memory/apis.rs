//! REST APIs.

use tollgate::id::{ApiId, ApiStage};
use tollgate::rest_api::{ApiRecord, RestApi, Snapshot, Stage};
use tollgate::store::{
    ApiRegistry, Page, PageRequest, RegistryError, Saved, StoreError, StoredApi,
};

use super::{Content, MemoryStore, page};

impl Content {
    fn api(&mut self, id: &str) -> Option<&mut StoredApi> {
        self.apis.iter_mut().find(|api| api.record.api.id == id)
    }
}

impl ApiRegistry for MemoryStore {
    async fn rest_apis(&self, request: &PageRequest) -> Result<Page<RestApi>, StoreError> {
        let content = self.content();
        let apis = content.apis.iter().map(|api| api.record.api.clone());
        page(apis.collect(), request)
    }

    async fn rest_api(&self, id: &ApiId) -> Result<Option<StoredApi>, StoreError> {
        Ok(self.content().api(id.as_str()).cloned())
    }

    async fn create_rest_api(&self, record: &ApiRecord) -> Result<(), RegistryError> {
        let mut content = self.content();
        if content.api(&record.api.id).is_some() {
            return Err(RegistryError::IdTaken(record.api.id.clone()));
        }
        content.apis.push(StoredApi {
            record: record.clone(),
            rev: 1,
        });
        Ok(())
    }

    async fn save_rest_api(
        &self,
        before: &StoredApi,
        after: &ApiRecord,
        snapshot: Option<(&str, &Snapshot)>,
    ) -> Result<Saved, RegistryError> {
        let mut content = self.content();
        let id = after.api.id.clone();
        let Some(api) = content.api(&id).filter(|api| api.rev == before.rev) else {
            return Ok(Saved::Overtaken);
        };
        api.record = after.clone();
        api.rev = api.rev.saturating_add(1);
        content.snapshots.retain(|(api, deployment), _| {
            *api != id || after.deployments.contains_key(deployment)
        });
        if let Some((deployment_id, snapshot)) = snapshot {
            content
                .snapshots
                .insert((id, deployment_id.to_owned()), snapshot.clone());
        }
        Ok(Saved::Yes)
    }

    async fn delete_rest_api(&self, before: &StoredApi) -> Result<Saved, RegistryError> {
        let mut content = self.content();
        let id = &before.record.api.id;
        if content.api(id).is_none_or(|api| api.rev != before.rev) {
            return Ok(Saved::Overtaken);
        }
        content.apis.retain(|api| api.record.api.id != *id);
        content.snapshots.retain(|(api, _), _| api != id);
        Ok(Saved::Yes)
    }

    async fn snapshot(
        &self,
        id: &ApiId,
        deployment_id: &str,
    ) -> Result<Option<Snapshot>, StoreError> {
        let place = (id.to_string(), deployment_id.to_owned());
        Ok(self.content().snapshots.get(&place).cloned())
    }

    async fn stage(&self, api_stage: &ApiStage) -> Result<Option<Stage>, StoreError> {
        let mut content = self.content();
        let api = content.api(api_stage.api_id.as_str());
        Ok(api.and_then(|api| api.record.stages.get(api_stage.stage.as_str()).cloned()))
    }

    async fn cloudwatch_role(&self) -> Result<Option<String>, StoreError> {
        Ok(self.content().role.clone())
    }

    async fn set_cloudwatch_role(&self, arn: Option<&str>) -> Result<(), StoreError> {
        self.content().role = arn.map(str::to_owned);
        Ok(())
    }
}
