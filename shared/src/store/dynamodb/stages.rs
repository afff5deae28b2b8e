//! Which plans cover a stage, and whether there is such a stage.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;

use super::batch::text_of;
use super::list::is_id;
use super::transaction::{If, Transaction};
use super::{Attributes, DynamoStore, store_error};
use crate::id::{ApiStage, PlanId};
use crate::plan::CoveredStage;
use crate::store::item::{
    API_SK, STAGE_PLAN_SK_PREFIX, StagePlanItem, api_pk, name, stage_plan_sk, stage_plans_pk,
    stage_sk,
};
use crate::store::{Page, PageRequest, RegistryError, StoreError};

impl DynamoStore {
    /// Puts into `transaction` what follows when a plan covers the stages `after` in place of `before`.
    ///
    /// A stage that joins must exist when Tollgate manages its API. The API's revision is raised then, so that a deletion of the stage
    /// which has looked for plans before has to look again.
    pub(super) async fn associate(
        &self,
        transaction: &mut Transaction<'_>,
        plan: &PlanId,
        before: &[CoveredStage],
        after: &[CoveredStage],
    ) -> Result<(), RegistryError> {
        let stages = |covered: &[CoveredStage]| -> BTreeSet<ApiStage> {
            covered
                .iter()
                .map(|stage| stage.api_stage.clone())
                .collect()
        };
        let (before, after) = (stages(before), stages(after));
        for gone in before.difference(&after) {
            transaction.delete(stage_plans_pk(gone), stage_plan_sk(plan), If::Any)?;
        }
        let joining: Vec<&ApiStage> = after.difference(&before).collect();
        for api_stage in &joining {
            transaction.put(StagePlanItem::new(api_stage, plan), If::Any)?;
        }
        self.require_stages(transaction, &joining).await
    }

    async fn require_stages(
        &self,
        transaction: &mut Transaction<'_>,
        stages: &[&ApiStage],
    ) -> Result<(), RegistryError> {
        let api_key = |stage: &ApiStage| (api_pk(&stage.api_id), API_SK.to_owned());
        let stage_key = |stage: &ApiStage| (api_pk(&stage.api_id), stage_sk(&stage.stage));
        let wanted: BTreeSet<_> = stages
            .iter()
            .flat_map(|stage| [api_key(stage), stage_key(stage)])
            .collect();
        let known = self.read_all(&wanted).await?;
        let known: BTreeSet<_> = known
            .iter()
            .filter_map(|item| Some((text_of(item, name::PK)?, text_of(item, name::SK)?)))
            .collect();
        let mut apis = BTreeSet::new();
        for stage in stages {
            let (pk, sk) = api_key(stage);
            let is_managed = known.contains(&(pk.as_str(), sk.as_str()));
            let is_new_api = apis.insert(&stage.api_id);
            match (is_managed, is_new_api) {
                (true, true) => transaction.touch_api(&stage.api_id)?,
                (false, true) => transaction.check(pk, sk, If::Absent)?,
                (true | false, false) => {}
            }
            if is_managed {
                let (pk, sk) = stage_key(stage);
                if !known.contains(&(pk.as_str(), sk.as_str())) {
                    return Err(RegistryError::NoSuchStage((*stage).clone()));
                }
                transaction.check(pk, sk, If::Present)?;
            }
        }
        Ok(())
    }

    pub(super) async fn stage_plans(
        &self,
        api_stage: &ApiStage,
        page: &PageRequest,
    ) -> Result<Page<PlanId>, StoreError> {
        let text = AttributeValue::S;
        let start = match page.after.as_deref() {
            Some(id) if is_id(id) => Some(Attributes::from([
                (name::PK.to_owned(), text(stage_plans_pk(api_stage))),
                (name::SK.to_owned(), text(stage_plan_sk(&id.into()))),
            ])),
            Some(_) => return Err(StoreError::invalid_position()),
            None => None,
        };
        let limit = page.limit.max(1);
        // One more than the page can have, so that the last page is known to be the last.
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#pk", name::PK)
            .expression_attribute_names("#sk", name::SK)
            .expression_attribute_values(":pk", text(stage_plans_pk(api_stage)))
            .expression_attribute_values(":prefix", text(STAGE_PLAN_SK_PREFIX.to_owned()))
            .consistent_read(true)
            .limit(i32::try_from(limit.saturating_add(1)).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let plan_of = |item: &Attributes| -> Option<PlanId> {
            let id = text_of(item, name::SK)?.strip_prefix(STAGE_PLAN_SK_PREFIX)?;
            Some(id.into())
        };
        let mut entries: Vec<PlanId> = answer.items().iter().filter_map(plan_of).collect();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = entries.len() > limit || answer.last_evaluated_key().is_some();
        entries.truncate(limit);
        let last = entries.last().filter(|_| has_more);
        let next = last.map(PlanId::to_string);
        Ok(Page { entries, next })
    }
}
