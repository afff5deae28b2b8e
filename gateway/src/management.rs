//! What operators do with keys and plans: on a table of their own, or through a management API that is elsewhere.
//!
//! [`Management`] is what the commands need of either. Some things a management API does not tell, and the types here say which.

pub(crate) mod document;
mod error;
mod listing;
mod remote;
mod table;
mod top_up;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use tollgate::bucket::Throttle;
use tollgate::control::KeyStatus;
use tollgate::id::{ApiStage, KeyId, PlanId};
use tollgate::key::{EnvironmentLetter, KeyValue};
use tollgate::plan::{CoveredStage, Plan, further_quotas};
use tollgate::quota::{Day, FurtherQuotas, Quota};
use tollgate::store::{ApiKey, DayUse, FurtherUsed, NewKey, NewPlan, Page, PageRequest};
use tollgate::time::Timestamp;

pub use error::ManagementError;
pub use listing::{PAGE_LIMIT, all_keys, all_members, all_plans};
pub use remote::Remote;
pub use table::Table;
pub use top_up::{NoTopUp, PlannedTopUp, TopUpRequest, parse_end, plan_top_up};

/// A key in a list. What is not known yet of it [`Management::complete`] asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The key's id.
    pub id: KeyId,
    /// What the key is called.
    pub name: String,
    /// The key, where the list has all of it.
    pub whole: Option<ApiKey>,
}

/// What to change of a key; `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyEdit {
    /// Whether the key may be used.
    pub enabled: Option<bool>,
    /// What the key is called.
    pub name: Option<String>,
    /// What the key is for. An empty text removes it.
    pub description: Option<String>,
    /// The operator's own id of the customer. An empty text removes it.
    pub customer_id: Option<String>,
    /// Tags to set, or to take away where there is `None`. The others stay.
    pub tags: BTreeMap<String, Option<String>>,
    /// Whether the values end at once that a newer one has replaced.
    pub ends_former_values: bool,
}

/// What to change of a plan's limits; its tags are changed by [`Management::tag_plan`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanEdit {
    /// The rate and the burst.
    pub throttle: Change<Throttle>,
    /// The quota as API Gateway has it.
    pub quota: Change<Quota>,
    /// What the plan is for. An empty text removes it; `None` leaves it.
    pub description: Option<String>,
}

/// What becomes of something that need not be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It is this from now on.
    Set(T),
    /// It is taken away.
    Remove,
}

impl<T: Copy> Change<T> {
    /// What is there afterwards.
    pub fn of(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Set(new) => Some(new),
            Self::Remove => None,
        }
    }
}

/// A new value for a key.
#[derive(Clone, Debug)]
pub struct KeyRotation {
    /// The value; `None` for a new one.
    pub value: Option<KeyValue>,
    /// What a new one starts with. A management API decides that itself.
    pub environment: EnvironmentLetter,
    /// For how long the values before work on.
    pub overlap: Duration,
}

/// A usage plan, as far as a management API tells.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagedPlan {
    /// The plan's id.
    pub id: PlanId,
    /// What the plan is called.
    pub name: String,
    /// What the plan is for.
    pub description: Option<String>,
    /// The rate and the burst of each key.
    pub throttle: Option<Throttle>,
    /// The requests of each key in a period.
    pub quota: Option<Quota>,
    /// The stages that its keys open.
    pub stages: Vec<CoveredStage>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
    /// When the plan was created. A management API does not tell.
    pub created_at: Option<Timestamp>,
}

/// A key in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key's id.
    pub id: KeyId,
    /// What the key is called.
    pub name: String,
}

impl ManagedPlan {
    /// The plan's further quotas.
    pub fn further_quotas(&self) -> FurtherQuotas {
        further_quotas(&self.tags)
    }

    /// The plan as it is for one key: with the limits of its own that the key has.
    #[must_use]
    pub fn of_key(self, key: &ApiKey) -> Self {
        let own = key.limits_in(&self.id);
        Self {
            throttle: own.throttle(self.throttle),
            quota: own.quota(self.quota).map(|quota| quota.usual()),
            ..self
        }
    }

    /// Whether its keys open a stage.
    pub fn covers(&self, api_stage: &ApiStage) -> bool {
        self.stages
            .iter()
            .any(|covered| covered.api_stage == *api_stage)
    }
}

impl From<Plan> for ManagedPlan {
    fn from(plan: Plan) -> Self {
        Self {
            id: plan.id,
            name: plan.name,
            description: plan.description,
            throttle: plan.throttle,
            quota: plan.quota,
            stages: plan.stages,
            tags: plan.tags,
            created_at: Some(plan.created_at),
        }
    }
}

/// Keys and plans, to be listed, shown and changed.
///
/// # Errors
///
/// Each call fails with [`ManagementError::Registry`] when the change cannot be made or the table does not answer, with
/// [`ManagementError::Refused`] when a management API has a reason of its own, and with [`ManagementError::Call`] when that API cannot be
/// reached.
pub trait Management: Send + Sync {
    /// Creates a key.
    fn create_key(
        &self,
        key: &NewKey,
    ) -> impl Future<Output = Result<ApiKey, ManagementError>> + Send;

    /// The key with this id.
    fn key(
        &self,
        id: &KeyId,
    ) -> impl Future<Output = Result<Option<ApiKey>, ManagementError>> + Send;

    /// The keys whose names start with a text, newest first.
    fn keys(
        &self,
        page: &PageRequest,
        name_prefix: Option<&str>,
    ) -> impl Future<Output = Result<Page<ListedKey>, ManagementError>> + Send;

    /// All that is known of the keys of a list, in its order. Those that were deleted meanwhile are left out.
    fn complete(
        &self,
        keys: Vec<ListedKey>,
    ) -> impl Future<Output = Result<Vec<ApiKey>, ManagementError>> + Send;

    /// Changes a key.
    fn update_key(
        &self,
        id: &KeyId,
        edit: &KeyEdit,
    ) -> impl Future<Output = Result<ApiKey, ManagementError>> + Send;

    /// Gives a key another value, and tells it. The value is kept where the one before was, or as the management API does it.
    fn rotate_key(
        &self,
        id: &KeyId,
        rotation: &KeyRotation,
    ) -> impl Future<Output = Result<(ApiKey, KeyValue), ManagementError>> + Send;

    /// When keys were last used and which of their values work, in the keys' places.
    fn key_statuses(
        &self,
        keys: &[ApiKey],
    ) -> impl Future<Output = Result<Vec<KeyStatus>, ManagementError>> + Send;

    /// Deletes a key.
    fn delete_key(&self, id: &KeyId) -> impl Future<Output = Result<(), ManagementError>> + Send;

    /// The value of a key, when it was kept.
    fn key_value(
        &self,
        id: &KeyId,
    ) -> impl Future<Output = Result<Option<KeyValue>, ManagementError>> + Send;

    /// The keys that have these values, in their order; `None` for a value that none has, or had before it was rotated. A management API knows the values of those keys
    /// alone whose values are kept.
    fn owners(
        &self,
        values: &[KeyValue],
    ) -> impl Future<Output = Result<Vec<Option<KeyId>>, ManagementError>> + Send;

    /// What a key has used of a plan on each day from `from` to `to`, which is not after `today`. `plan` is as it is
    /// [for the key](ManagedPlan::of_key).
    fn usage(
        &self,
        key: &ApiKey,
        plan: &ManagedPlan,
        from: Day,
        to: Day,
        today: Day,
    ) -> impl Future<Output = Result<Vec<DayUse>, ManagementError>> + Send;

    /// What a key has used of a plan's further quotas in the periods that count on the day `today`.
    fn further_used(
        &self,
        key: &KeyId,
        plan: &ManagedPlan,
        today: Day,
    ) -> impl Future<Output = Result<Vec<FurtherUsed>, ManagementError>> + Send;

    /// Creates a plan.
    fn create_plan(
        &self,
        plan: &NewPlan,
    ) -> impl Future<Output = Result<ManagedPlan, ManagementError>> + Send;

    /// The plan with this id.
    fn plan(
        &self,
        id: &PlanId,
    ) -> impl Future<Output = Result<Option<ManagedPlan>, ManagementError>> + Send;

    /// The plans, newest first.
    fn plans(
        &self,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<ManagedPlan>, ManagementError>> + Send;

    /// Lets a plan's keys open a stage that the plan does not cover yet.
    fn add_stage(
        &self,
        plan: &PlanId,
        api_stage: &ApiStage,
    ) -> impl Future<Output = Result<ManagedPlan, ManagementError>> + Send;

    /// Closes a stage that the plan covers to its keys.
    fn remove_stage(
        &self,
        plan: &PlanId,
        api_stage: &ApiStage,
    ) -> impl Future<Output = Result<ManagedPlan, ManagementError>> + Send;

    /// Changes a plan's limits.
    fn edit_plan(
        &self,
        plan: &PlanId,
        edit: &PlanEdit,
    ) -> impl Future<Output = Result<ManagedPlan, ManagementError>> + Send;

    /// Sets labels of a plan, or takes them away where there is `None`.
    fn tag_plan(
        &self,
        plan: &PlanId,
        changes: &BTreeMap<String, Option<String>>,
    ) -> impl Future<Output = Result<ManagedPlan, ManagementError>> + Send;

    /// Deletes a plan that covers no stages.
    fn delete_plan(&self, id: &PlanId) -> impl Future<Output = Result<(), ManagementError>> + Send;

    /// Puts a key into a plan.
    fn add_key_to_plan(
        &self,
        key: &KeyId,
        plan: &PlanId,
    ) -> impl Future<Output = Result<(), ManagementError>> + Send;

    /// Takes a key out of a plan.
    fn remove_key_from_plan(
        &self,
        key: &KeyId,
        plan: &PlanId,
    ) -> impl Future<Output = Result<(), ManagementError>> + Send;

    /// A plan's keys, the one that joined last first.
    fn members(
        &self,
        plan: &PlanId,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<Member>, ManagementError>> + Send;
}
