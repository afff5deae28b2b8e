//! What an operator needs of a store.

use std::collections::BTreeMap;
use std::future::Future;

use super::{RegistryError, StoreError};
use crate::bucket::Throttle;
use crate::id::{ApiStage, KeyId, PlanId};
use crate::key::KeyValue;
use crate::meter::{DayCount, WindowUse};
use crate::plan::{CoveredStage, Plan};
use crate::quota::{Day, Quota};
use crate::time::Timestamp;

/// An API key, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The key's id.
    pub id: KeyId,
    /// What the key is called. Names need not be unique.
    pub name: String,
    /// What the key is for, in the operator's words.
    pub description: Option<String>,
    /// The operator's own id of the customer.
    pub customer_id: Option<String>,
    /// Whether the key may be used.
    pub enabled: bool,
    /// From when on the key may not be used.
    pub expires_at: Option<Timestamp>,
    /// The plans that the key is in.
    pub plan_ids: Vec<PlanId>,
    /// Free labels. Names that start with `tollgate:` are Tollgate's own.
    pub tags: BTreeMap<String, String>,
    /// When the key was created.
    pub created_at: Timestamp,
    /// When the key was last changed.
    pub updated_at: Timestamp,
}

/// A key to create.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The id; `None` for a random one.
    pub id: Option<KeyId>,
    /// The value.
    pub value: KeyValue,
    /// Whether the value is kept, so that it can be shown again. Without it, only the value's hash is stored.
    pub keep_value: bool,
    /// What the key is called.
    pub name: String,
    /// What the key is for.
    pub description: Option<String>,
    /// The operator's own id of the customer.
    pub customer_id: Option<String>,
    /// Whether the key may be used.
    pub enabled: bool,
    /// From when on it may not be used.
    pub expires_at: Option<Timestamp>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
}

/// What to change of a key; `None` leaves a member as it is.
#[derive(Clone, Debug, Default)]
pub struct KeyChange {
    /// Whether the key may be used.
    pub enabled: Option<bool>,
    /// What the key is called.
    pub name: Option<String>,
    /// What the key is for. An empty text removes it.
    pub description: Option<String>,
    /// The operator's own id of the customer. An empty text removes it.
    pub customer_id: Option<String>,
    /// All labels, in place of those that the key has.
    pub tags: Option<BTreeMap<String, String>>,
}

/// A plan to create.
#[derive(Clone, Debug)]
pub struct NewPlan {
    /// The id; `None` for a random one.
    pub id: Option<PlanId>,
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
}

/// One change of a plan.
#[derive(Clone, Debug)]
pub enum PlanChange {
    /// Covers one more stage.
    AddStage(CoveredStage),
    /// No longer covers a stage. It is no error when the plan did not.
    RemoveStage(ApiStage),
    /// Replaces name, description, limits, stages and tags.
    Replace(NewPlan),
}

/// Which page of a list.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How many entries at the most, 1 or more.
    pub limit: u32,
    /// Where the page before it ended, from [`Page::next`].
    pub after: Option<String>,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// Where to go on. `None`: this is the last page.
    pub next: Option<String>,
}

/// What a key has used of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The requests of each day on which there were any, the earliest first.
    pub days: Vec<DayCount>,
    /// What was used of the quota in its last window.
    pub quota: Option<WindowUse>,
}

/// The control plane's rights.
pub trait Registry: KeyRegistry + PlanRegistry {}

impl<S: KeyRegistry + PlanRegistry> Registry for S {}

/// What an operator does with keys. Every change is whole or not made at all.
///
/// # Errors
///
/// Each call fails with [`RegistryError::Store`] when the store does not answer, and as its own text says.
pub trait KeyRegistry: Send + Sync + 'static {
    /// Creates a key. `ValueTaken` and `IdTaken` when there is one like it.
    fn create_key(
        &self,
        key: &NewKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<ApiKey, RegistryError>> + Send;

    /// The key with this id.
    fn key_by_id(
        &self,
        id: &KeyId,
    ) -> impl Future<Output = Result<Option<ApiKey>, StoreError>> + Send;

    /// The keys, newest first.
    fn keys(
        &self,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<ApiKey>, StoreError>> + Send;

    /// Changes a key. Disabling it stops its meters in the same transaction. `NoSuchKey` when there is none.
    fn update_key(
        &self,
        id: &KeyId,
        change: &KeyChange,
        now: Timestamp,
    ) -> impl Future<Output = Result<ApiKey, RegistryError>> + Send;

    /// Deletes a key, takes it out of its plans and stops its meters. `NoSuchKey` when there is none.
    fn delete_key(
        &self,
        id: &KeyId,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// The value of a key, when it was kept.
    fn key_value(
        &self,
        id: &KeyId,
    ) -> impl Future<Output = Result<Option<KeyValue>, StoreError>> + Send;

    /// What a key has used of a plan, from the counters that enforce it.
    fn usage(
        &self,
        key: &KeyId,
        plan: &PlanId,
        from: Day,
        to: Day,
    ) -> impl Future<Output = Result<Usage, StoreError>> + Send;
}

/// What an operator does with plans. Every change is whole or not made at all, but deleting a plan with many keys:
/// interrupted, it leaves a plan with fewer keys.
///
/// # Errors
///
/// Each call fails with [`RegistryError::Store`] when the store does not answer, and as its own text says.
pub trait PlanRegistry: Send + Sync + 'static {
    /// Creates a plan. `IdTaken` when there is one with this id.
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

    /// Changes a plan. `NoSuchPlan` when there is none, `StageTaken` when one of its keys has another plan for the stage.
    fn update_plan(
        &self,
        id: &PlanId,
        change: &PlanChange,
    ) -> impl Future<Output = Result<Plan, RegistryError>> + Send;

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

    /// The ids of a plan's keys, in the order of the ids.
    fn plan_keys(
        &self,
        plan: &PlanId,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<KeyId>, StoreError>> + Send;
}
