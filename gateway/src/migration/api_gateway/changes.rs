//! Changing what one side holds.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::types::{PatchOperation, StageKey};
use tollgate::control::{CREATED_AT_TAG, ID_TAG, IMPORT_TAG};
use tollgate::id::{KeyId, PlanId};
use tollgate::key::KeyValue;
use tollgate::store::NewPlan;

use super::{ApiGateway, MigrationError, Repeat};
use crate::migration::document;
use crate::migration::holdings::{HeldKey, Pending};
use crate::migration::patches;

/// What stands for every method of a stage. A plan with a throttle takes a throttle of that name only in a patch.
const EVERY_METHOD: &str = "*/*";

/// What kind of key there is.
const KEY_TYPE: &str = "API_KEY";

impl ApiGateway {
    /// Makes a plan that is called `id` on both sides.
    ///
    /// # Errors
    ///
    /// As all calls: when this is refused, has no answer, or has one that makes no sense.
    pub(in crate::migration) async fn create_plan(
        &self,
        id: &PlanId,
        plan: &NewPlan,
    ) -> Result<PlanId, MigrationError> {
        const OPERATION: &str = "CreateUsagePlan";
        let mut tags = owned(&plan.tags);
        tags.insert(ID_TAG.to_owned(), id.to_string());
        let stages: Vec<_> = plan
            .stages
            .iter()
            .map(|covered| document::sdk_stage(covered, |method| method != EVERY_METHOD))
            .collect();
        let answer = self
            .call(OPERATION, Repeat::Unsafe, || {
                self.client
                    .create_usage_plan()
                    .name(&plan.name)
                    .set_description(plan.description.clone())
                    .set_api_stages(Some(stages.clone()))
                    .set_throttle(plan.throttle.map(document::throttle_settings))
                    .set_quota(plan.quota.map(document::quota_settings))
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
        let made_id: PlanId = match answer.id {
            Some(id) => id.into(),
            None => return Err(self.unreadable(OPERATION, "it has no id")),
        };
        let mut made = plan.clone();
        made.product_code = None;
        for covered in &mut made.stages {
            covered.method_throttles.remove(EVERY_METHOD);
        }
        self.update_plan(&made_id, patches::of_plan(&made, plan))
            .await?;
        Ok(made_id)
    }

    /// Changes a plan.
    pub(in crate::migration) async fn update_plan(
        &self,
        id: &PlanId,
        patches: Vec<PatchOperation>,
    ) -> Result<(), MigrationError> {
        if patches.is_empty() {
            return Ok(());
        }
        self.call("UpdateUsagePlan", Repeat::Harmless, || {
            self.client
                .update_usage_plan()
                .usage_plan_id(id.as_str())
                .set_patch_operations(Some(patches.clone()))
                .send()
        })
        .await?;
        Ok(())
    }

    /// Sets tags of a plan.
    pub(in crate::migration) async fn tag_plan(
        &self,
        id: &PlanId,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), MigrationError> {
        self.tag(&format!("usageplans/{id}"), tags).await
    }

    /// Makes a key that is called `id` on both sides.
    pub(in crate::migration) async fn create_key(
        &self,
        id: &KeyId,
        key: &HeldKey,
        value: &KeyValue,
        pending: Option<Pending>,
    ) -> Result<KeyId, MigrationError> {
        const OPERATION: &str = "CreateApiKey";
        let mut tags = owned(&key.tags);
        tags.insert(ID_TAG.to_owned(), id.to_string());
        if let Some(created_at) = key.created_at {
            tags.insert(CREATED_AT_TAG.to_owned(), document::instant(created_at));
        }
        if let Some(pending) = pending {
            tags.insert(IMPORT_TAG.to_owned(), pending.as_str().to_owned());
        }
        let stage_keys: Vec<StageKey> = key
            .stage_keys
            .iter()
            .filter_map(|text| stage_key(text))
            .collect();
        let answer = self
            .call(OPERATION, Repeat::Unsafe, || {
                self.client
                    .create_api_key()
                    .name(&key.name)
                    .value(value.expose())
                    .enabled(key.enabled && pending.is_none())
                    .set_description(key.description.clone())
                    .set_customer_id(key.customer_id.clone())
                    .set_stage_keys((!stage_keys.is_empty()).then(|| stage_keys.clone()))
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
        answer
            .id
            .map(KeyId::from)
            .ok_or_else(|| self.unreadable(OPERATION, "it has no id"))
    }

    /// Changes a key.
    pub(in crate::migration) async fn update_key(
        &self,
        id: &KeyId,
        patches: Vec<PatchOperation>,
    ) -> Result<(), MigrationError> {
        if patches.is_empty() {
            return Ok(());
        }
        self.call("UpdateApiKey", Repeat::Harmless, || {
            self.client
                .update_api_key()
                .api_key(id.as_str())
                .set_patch_operations(Some(patches.clone()))
                .send()
        })
        .await?;
        Ok(())
    }

    /// Lets a key be used, or not.
    pub(in crate::migration) async fn switch_key(
        &self,
        id: &KeyId,
        enabled: bool,
    ) -> Result<(), MigrationError> {
        let patch = patches::replace("/enabled", &enabled.to_string());
        self.update_key(id, vec![patch]).await
    }

    /// Sets tags of a key.
    pub(in crate::migration) async fn tag_key(
        &self,
        id: &KeyId,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), MigrationError> {
        self.tag(&format!("apikeys/{id}"), tags).await
    }

    /// Marks a key as on its way.
    pub(in crate::migration) async fn mark_key(
        &self,
        id: &KeyId,
        pending: Pending,
    ) -> Result<(), MigrationError> {
        let mark = (IMPORT_TAG.to_owned(), pending.as_str().to_owned());
        self.tag_key(id, &BTreeMap::from([mark])).await
    }

    /// Takes the mark away again.
    pub(in crate::migration) async fn unmark_key(&self, id: &KeyId) -> Result<(), MigrationError> {
        let arn = self.arn(&format!("apikeys/{id}"));
        self.call("UntagResource", Repeat::Harmless, || {
            self.client
                .untag_resource()
                .resource_arn(&arn)
                .tag_keys(IMPORT_TAG)
                .send()
        })
        .await?;
        Ok(())
    }

    async fn tag(&self, path: &str, tags: &BTreeMap<String, String>) -> Result<(), MigrationError> {
        if tags.is_empty() {
            return Ok(());
        }
        let arn = self.arn(path);
        self.call("TagResource", Repeat::Harmless, || {
            self.client
                .tag_resource()
                .resource_arn(&arn)
                .set_tags(Some(owned(tags)))
                .send()
        })
        .await?;
        Ok(())
    }

    /// Puts a key into a plan. It is no error when it is in.
    pub(in crate::migration) async fn join(
        &self,
        key: &KeyId,
        plan: &PlanId,
    ) -> Result<(), MigrationError> {
        self.call("CreateUsagePlanKey", Repeat::Harmless, || {
            self.client
                .create_usage_plan_key()
                .usage_plan_id(plan.as_str())
                .key_id(key.as_str())
                .key_type(KEY_TYPE)
                .send()
        })
        .await?;
        Ok(())
    }

    /// Sets what is left to a key of a plan's quota.
    pub(in crate::migration) async fn set_remaining(
        &self,
        key: &KeyId,
        plan: &PlanId,
        remaining: u64,
    ) -> Result<(), MigrationError> {
        let patch = patches::replace("/remaining", &remaining.to_string());
        self.call("UpdateUsage", Repeat::Harmless, || {
            self.client
                .update_usage()
                .usage_plan_id(plan.as_str())
                .key_id(key.as_str())
                .patch_operations(patch.clone())
                .send()
        })
        .await?;
        Ok(())
    }
}

fn owned(tags: &BTreeMap<String, String>) -> HashMap<String, String> {
    tags.iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Reads `api/stage`.
fn stage_key(text: &str) -> Option<StageKey> {
    let (api_id, stage) = text.split_once('/')?;
    let key = StageKey::builder().rest_api_id(api_id).stage_name(stage);
    Some(key.build())
}
