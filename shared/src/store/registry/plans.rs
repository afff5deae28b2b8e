//! What an operator needs to handle plans.

use std::collections::BTreeMap;
use std::future::Future;

use super::{ApiKey, Page, PageRequest};
use crate::bucket::Throttle;
use crate::id::{ApiStage, KeyId, PlanId};
use crate::plan::{CoveredStage, Plan};
use crate::quota::Quota;
use crate::store::{RegistryError, StoreError};
use crate::time::Timestamp;

/// A plan to create, or what is to become of one.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPlan {
    /// The id; `None` for a random one. A plan that exists keeps its own.
    pub id: Option<PlanId>,
    /// What the plan is called.
    pub name: String,
    /// What the plan is for.
    pub description: Option<String>,
    /// The code under which AWS Marketplace sells the plan. Tollgate only keeps it.
    pub product_code: Option<String>,
    /// The rate and the burst of each key.
    pub throttle: Option<Throttle>,
    /// The requests of each key in a period.
    pub quota: Option<Quota>,
    /// The stages that its keys open.
    pub stages: Vec<CoveredStage>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
}

impl From<Plan> for NewPlan {
    fn from(plan: Plan) -> Self {
        Self {
            id: Some(plan.id),
            name: plan.name,
            description: plan.description,
            product_code: plan.product_code,
            throttle: plan.throttle,
            quota: plan.quota,
            stages: plan.stages,
            tags: plan.tags,
        }
    }
}

/// One change of a plan.
#[derive(Clone, Debug)]
pub enum PlanChange {
    /// Covers one more stage.
    AddStage(CoveredStage),
    /// No longer covers a stage. It is no error when the plan did not.
    RemoveStage(ApiStage),
    /// Replaces name, description, product code, limits, stages and tags.
    Replace(NewPlan),
}

impl PlanChange {
    /// Makes the change.
    pub fn apply(&self, plan: &mut NewPlan) {
        match self {
            Self::AddStage(covered) => {
                plan.stages
                    .retain(|known| known.api_stage != covered.api_stage);
                plan.stages.push(covered.clone());
            }
            Self::RemoveStage(api_stage) => {
                plan.stages.retain(|known| known.api_stage != *api_stage);
            }
            Self::Replace(new) => plan.clone_from(new),
        }
    }
}

/// What an operator does with plans. Every change is whole or not made at all, but deleting a plan with many keys:
/// interrupted, it leaves a plan with fewer keys.
///
/// # Errors
///
/// Each call fails with [`RegistryError::Store`] when the store does not answer, with [`RegistryError::Contended`] when others
/// change the same items again and again, and as its own text says. Lists fail with an
/// [`InvalidPosition`](crate::store::StoreErrorKind::InvalidPosition) when the page is to start where no page ended.
pub trait PlanRegistry: Send + Sync + 'static {
    /// Creates a plan. `IdTaken` when there is one with this id, `NoSuchStage` when an API that Tollgate manages has no such stage.
    fn create_plan(
        &self,
        plan: &NewPlan,
        now: Timestamp,
    ) -> impl Future<Output = Result<Plan, RegistryError>> + Send;

    /// The plan with this id.
    fn plan_by_id(
        &self,
        id: &PlanId,
    ) -> impl Future<Output = Result<Option<Plan>, StoreError>> + Send;

    /// The plans, newest first.
    fn plans(
        &self,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<Plan>, StoreError>> + Send;

    /// The ids of the plans that cover a stage, in the order of the ids, as they are now. It does not look at other plans.
    fn plans_of_stage(
        &self,
        api_stage: &ApiStage,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<PlanId>, StoreError>> + Send;

    /// Changes a plan. `NoSuchPlan` when there is none, `StageTaken` when one of its keys has another plan for the stage,
    /// `NoSuchStage` when an API that Tollgate manages has no such stage.
    fn update_plan(
        &self,
        id: &PlanId,
        change: &PlanChange,
    ) -> impl Future<Output = Result<Plan, RegistryError>> + Send;

    /// Changes a plan as `edit` says, which is given the plan as it stands, and once more when another change came first: of
    /// changes that are made at the same time none is lost. What `edit` fails with is returned, and nothing is changed then.
    /// It fails as [`PlanRegistry::update_plan`] does, too.
    fn edit_plan<E, F>(&self, id: &PlanId, edit: F) -> impl Future<Output = Result<Plan, E>> + Send
    where
        E: From<RegistryError> + Send,
        F: Fn(&mut NewPlan) -> Result<(), E> + Send + Sync;

    /// Deletes a plan and takes its keys out of it. `NoSuchPlan` when there is none, `HasStages` while it covers stages.
    fn delete_plan(
        &self,
        id: &PlanId,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// Puts a key into a plan; it is no error when it is in already.
    /// `NoSuchKey`, `NoSuchPlan`, and `StageTaken` when another plan of the key covers one of its stages.
    fn add_key_to_plan(
        &self,
        key: &KeyId,
        plan: &PlanId,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// Takes a key out of a plan and stops its meter there. `NoSuchKey`, `NoSuchPlan`, and `NotInPlan` when it was not in.
    fn remove_key_from_plan(
        &self,
        key: &KeyId,
        plan: &PlanId,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// Whether a key is in a plan. `false` too when there is no such key or plan.
    fn key_in_plan(
        &self,
        key: &KeyId,
        plan: &PlanId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The ids of a plan's keys, the one that joined last first. None when there is no such plan. On AWS a change of a moment ago
    /// may not show yet.
    fn plan_keys(
        &self,
        plan: &PlanId,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<KeyId>, StoreError>> + Send;

    /// A plan's keys, the one that joined last first, of those whose names start with `name_prefix`; capitals matter.
    /// As [`PlanRegistry::plan_keys`] otherwise. It reads 100 keys at once, and looks at
    /// [`MAX_EXAMINED`](super::MAX_EXAMINED) of them, or as many as the page may have and one more.
    fn plan_members(
        &self,
        plan: &PlanId,
        page: &PageRequest,
        name_prefix: Option<&str>,
    ) -> impl Future<Output = Result<Page<ApiKey>, StoreError>> + Send;
}
