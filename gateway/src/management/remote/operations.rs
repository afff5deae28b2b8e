//! Each operation, as requests of a management API.

use std::collections::BTreeMap;

use futures_util::future;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use http::Method;
use serde_json::json;
use tollgate::control::KeyStatus;
use tollgate::id::{ApiStage, KeyId, PlanId};
use tollgate::key::KeyValue;
use tollgate::quota::Day;
use tollgate::store::{ApiKey, DayUse, FurtherUsed, NewKey, NewPlan, Page, PageRequest};

use super::super::document::{
    self, KeyDocument, MemberDocument, PageDocument, PlanDocument, TagsDocument,
};
use super::super::error::Subject;
use super::super::{
    KeyEdit, KeyRotation, ListedKey, ManagedPlan, Management, ManagementError, Member, PlanEdit,
};
use super::{MAX_PAGE, Remote, escaped, is_segment, key_path, plan_path, tags_path};

/// How many days the API tells at once.
const MAX_DAYS: u32 = 90;

/// How many keys of a list are asked for at a time.
const AT_A_TIME: usize = 8;

impl Management for Remote {
    async fn create_key(&self, key: &NewKey) -> Result<ApiKey, ManagementError> {
        let body = document::new_key(key);
        let answer = self
            .change(Method::POST, "/apikeys", Some(&body), Subject::default())
            .await?;
        let document: KeyDocument = self.read(&answer)?;
        self.sound(document.read(Vec::new()))
    }

    async fn key(&self, id: &KeyId) -> Result<Option<ApiKey>, ManagementError> {
        if !is_segment(id.as_str()) {
            return Ok(None);
        }
        match self.find::<KeyDocument>(&key_path(id)).await? {
            Some(document) => self.whole_key(document).await.map(Some),
            None => Ok(None),
        }
    }

    async fn keys(
        &self,
        page: &PageRequest,
        name_prefix: Option<&str>,
    ) -> Result<Page<ListedKey>, ManagementError> {
        let filter: Vec<_> = name_prefix.map(|name| ("name", name)).into_iter().collect();
        let page: PageDocument<MemberDocument> = self.page("/apikeys", page, &filter).await?;
        Ok(Page {
            entries: page.item.into_iter().map(Into::into).collect(),
            next: page.position,
        })
    }

    async fn complete(&self, keys: Vec<ListedKey>) -> Result<Vec<ApiKey>, ManagementError> {
        stream::iter(keys)
            .map(|listed| async move {
                match listed.whole {
                    Some(key) => Ok(Some(key)),
                    None => self.key(&listed.id).await,
                }
            })
            .buffered(AT_A_TIME)
            .try_filter_map(future::ok)
            .try_collect()
            .await
    }

    async fn update_key(&self, id: &KeyId, edit: &KeyEdit) -> Result<ApiKey, ManagementError> {
        let subject = Subject {
            key: Some(id),
            plan: None,
        };
        self.change_tags(&format!("/apikeys/{id}"), &edit.tags, subject)
            .await?;
        // Without an operation it changes nothing, and tells the key as it is.
        let body = document::key_patches(edit);
        let answer = self
            .change(Method::PATCH, &key_path(id), Some(&body), subject)
            .await?;
        let document: KeyDocument = self.read(&answer)?;
        self.whole_key(document).await
    }

    async fn rotate_key(
        &self,
        id: &KeyId,
        rotation: &KeyRotation,
    ) -> Result<(ApiKey, KeyValue), ManagementError> {
        let subject = Subject {
            key: Some(id),
            plan: None,
        };
        let body = document::rotation_patches(rotation);
        let answer = self
            .change(Method::PATCH, &key_path(id), Some(&body), subject)
            .await?;
        let mut document: KeyDocument = self.read(&answer)?;
        let value = document.value.take();
        let value = value.ok_or_else(|| self.damaged("it does not tell the new value"))?;
        let value = KeyValue::parse(&value).map_err(|error| self.damaged(error))?;
        // No read after it: one that fails would lose the value.
        Ok((self.sound(document.read(Vec::new()))?, value))
    }

    async fn key_statuses(&self, keys: &[ApiKey]) -> Result<Vec<KeyStatus>, ManagementError> {
        let ids: Vec<KeyId> = keys.iter().map(|key| key.id.clone()).collect();
        stream::iter(ids)
            .map(|id| async move {
                let path = tags_path(&format!("/apikeys/{id}/status"));
                let subject = Subject {
                    key: Some(&id),
                    plan: None,
                };
                let document: TagsDocument = self.get(&path, subject).await?;
                Ok(KeyStatus::of_tags(&document.tags))
            })
            .buffered(AT_A_TIME)
            .try_collect()
            .await
    }

    async fn delete_key(&self, id: &KeyId) -> Result<(), ManagementError> {
        let subject = Subject {
            key: Some(id),
            plan: None,
        };
        self.change(Method::DELETE, &key_path(id), None, subject)
            .await?;
        Ok(())
    }

    async fn key_value(&self, id: &KeyId) -> Result<Option<KeyValue>, ManagementError> {
        let path = format!("{}?includeValue=true", key_path(id));
        let document: Option<KeyDocument> = self.find(&path).await?;
        document
            .and_then(|document| document.value)
            .map(|value| KeyValue::parse(&value).map_err(|error| self.damaged(error)))
            .transpose()
    }

    async fn owners(&self, values: &[KeyValue]) -> Result<Vec<Option<KeyId>>, ManagementError> {
        let mut owners = vec![None; values.len()];
        if values.is_empty() {
            return Ok(owners);
        }
        let mut after = None;
        loop {
            let limit = MAX_PAGE;
            let request = PageRequest { limit, after };
            let filter = [("includeValues", "true")];
            let page: PageDocument<KeyDocument> = self.page("/apikeys", &request, &filter).await?;
            for key in page.item {
                let Some(kept) = key.value else { continue };
                let id = KeyId::from(key.id);
                for (owner, value) in owners.iter_mut().zip(values) {
                    if value.expose() == kept {
                        *owner = Some(id.clone());
                    }
                }
            }
            after = page.position;
            if after.is_none() {
                return Ok(owners);
            }
        }
    }

    async fn usage(
        &self,
        key: &ApiKey,
        plan: &ManagedPlan,
        from: Day,
        to: Day,
        _today: Day,
    ) -> Result<Vec<DayUse>, ManagementError> {
        let mut days = Vec::new();
        let mut start = from;
        while start <= to {
            let end = to.min(start.plus(MAX_DAYS.saturating_sub(1)));
            days.extend(self.days(&key.id, plan, start, end).await?);
            start = end.plus(1);
        }
        Ok(days)
    }

    async fn further_used(
        &self,
        key: &KeyId,
        plan: &ManagedPlan,
        today: Day,
    ) -> Result<Vec<FurtherUsed>, ManagementError> {
        self.further(key, plan, today).await
    }

    async fn create_plan(&self, plan: &NewPlan) -> Result<ManagedPlan, ManagementError> {
        let body = document::new_plan(plan);
        let answer = self
            .change(Method::POST, "/usageplans", Some(&body), Subject::default())
            .await?;
        let document: PlanDocument = self.read(&answer)?;
        self.sound(document.read())
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<ManagedPlan>, ManagementError> {
        if !is_segment(id.as_str()) {
            return Ok(None);
        }
        let document: Option<PlanDocument> = self.find(&plan_path(id)).await?;
        document
            .map(|document| self.sound(document.read()))
            .transpose()
    }

    async fn plans(&self, page: &PageRequest) -> Result<Page<ManagedPlan>, ManagementError> {
        let page: PageDocument<PlanDocument> = self.page("/usageplans", page, &[]).await?;
        let plans = page.item.into_iter().map(PlanDocument::read);
        Ok(Page {
            entries: self.sound(plans.collect())?,
            next: page.position,
        })
    }

    async fn add_stage(
        &self,
        plan: &PlanId,
        api_stage: &ApiStage,
    ) -> Result<ManagedPlan, ManagementError> {
        self.patch_plan(plan, document::stage_patch("add", api_stage))
            .await
    }

    async fn remove_stage(
        &self,
        plan: &PlanId,
        api_stage: &ApiStage,
    ) -> Result<ManagedPlan, ManagementError> {
        self.patch_plan(plan, document::stage_patch("remove", api_stage))
            .await
    }

    async fn edit_plan(
        &self,
        plan: &PlanId,
        edit: &PlanEdit,
    ) -> Result<ManagedPlan, ManagementError> {
        self.patch_plan(plan, document::plan_patches(edit)).await
    }

    async fn tag_plan(
        &self,
        plan: &PlanId,
        changes: &BTreeMap<String, Option<String>>,
    ) -> Result<ManagedPlan, ManagementError> {
        let subject = Subject {
            key: None,
            plan: Some(plan),
        };
        self.change_tags(&format!("/usageplans/{plan}"), changes, subject)
            .await?;
        let document: PlanDocument = self.get(&plan_path(plan), subject).await?;
        self.sound(document.read())
    }

    async fn delete_plan(&self, id: &PlanId) -> Result<(), ManagementError> {
        let subject = Subject {
            plan: Some(id),
            key: None,
        };
        self.change(Method::DELETE, &plan_path(id), None, subject)
            .await?;
        Ok(())
    }

    async fn add_key_to_plan(&self, key: &KeyId, plan: &PlanId) -> Result<(), ManagementError> {
        let subject = Subject {
            key: Some(key),
            plan: Some(plan),
        };
        let path = format!("{}/keys", plan_path(plan));
        let body = json!({ "keyId": key.as_str(), "keyType": "API_KEY" });
        self.change(Method::POST, &path, Some(&body), subject)
            .await?;
        Ok(())
    }

    async fn remove_key_from_plan(
        &self,
        key: &KeyId,
        plan: &PlanId,
    ) -> Result<(), ManagementError> {
        let subject = Subject {
            key: Some(key),
            plan: Some(plan),
        };
        let path = format!("{}/keys/{}", plan_path(plan), escaped(key.as_str()));
        self.change(Method::DELETE, &path, None, subject).await?;
        Ok(())
    }

    async fn members(
        &self,
        plan: &PlanId,
        page: &PageRequest,
    ) -> Result<Page<Member>, ManagementError> {
        let path = format!("{}/keys", plan_path(plan));
        let page: PageDocument<MemberDocument> = self.page(&path, page, &[]).await?;
        Ok(Page {
            entries: page.item.into_iter().map(Into::into).collect(),
            next: page.position,
        })
    }
}
