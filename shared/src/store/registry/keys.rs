//! What an operator needs to handle keys.

use std::collections::BTreeMap;
use std::future::Future;

use super::{Page, PageRequest};
use crate::id::{KeyId, PlanId};
use crate::key::KeyValue;
use crate::meter::{DayCount, FurtherUse, LastUse, MeterId, MeterItem, WindowUse};
use crate::overrides::{KeyLimits, Overrides};
use crate::quota::Day;
use crate::store::{RegistryError, StoreError};
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
    /// Stages that clients named when they created the key, as `api/stage`. They grant nothing: API Gateway keeps them for clients from
    /// before there were usage plans.
    pub stage_keys: Vec<String>,
    /// Whether the key may be used.
    pub enabled: bool,
    /// From when on the key may not be used.
    pub expires_at: Option<Timestamp>,
    /// The plans that the key is in.
    pub plan_ids: Vec<PlanId>,
    /// Which of the key's values was made last, counted from 1. It works as long as the key does.
    pub value_number: u32,
    /// The values before it that are known, the oldest first.
    pub former_values: Vec<FormerValue>,
    /// Free labels. Names that start with `tollgate:` are Tollgate's own.
    pub tags: BTreeMap<String, String>,
    /// When the key was created.
    pub created_at: Timestamp,
    /// When the key was last changed.
    pub updated_at: Timestamp,
}

impl ApiKey {
    /// What the key has in a plan in place of the plan's limits.
    pub fn limits_in(&self, plan_id: &PlanId) -> KeyLimits {
        Overrides::of_tags(&self.tags).in_plan(plan_id)
    }
}

/// A value of a key that a newer one has replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormerValue {
    /// Which of the key's values it is, counted from 1.
    pub number: u32,
    /// From when on it may not be used. The key may end before.
    pub expires_at: Timestamp,
}

/// What a value opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueOwner {
    /// The key.
    pub key_id: KeyId,
    /// From when on the value may not be used: when the key expires, or the value before it.
    pub expires_at: Option<Timestamp>,
}

impl ValueOwner {
    /// Whether the value opens nothing at `now`, though `key`, which has it, has not expired: it is a former one, whose overlap is over.
    pub fn has_ended(&self, key: &ApiKey, now: Timestamp) -> bool {
        let is_over = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        is_over(self.expires_at) && !is_over(key.expires_at)
    }
}

/// A value to give to a key in place of the last one.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The value.
    pub value: KeyValue,
    /// Whether the value is kept, so that it can be shown again. The one before is not kept any more in any case.
    pub keep_value: bool,
}

/// How many values of one key are known at the most.
pub const MAX_VALUES: usize = 10;

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
    /// Stages that clients named when they created the key, as `api/stage`. They grant nothing: API Gateway keeps them for clients from
    /// before there were usage plans.
    pub stage_keys: Vec<String>,
    /// Whether the key may be used.
    pub enabled: bool,
    /// From when on it may not be used.
    pub expires_at: Option<Timestamp>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
}

impl NewKey {
    /// An enabled key with a random id, whose value is not kept, and nothing else.
    pub fn new(name: impl Into<String>, value: KeyValue) -> Self {
        Self {
            id: None,
            value,
            keep_value: false,
            name: name.into(),
            description: None,
            customer_id: None,
            stage_keys: Vec::new(),
            enabled: true,
            expires_at: None,
            tags: BTreeMap::new(),
        }
    }
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
    /// The stages that the key names, in place of those that it has.
    pub stage_keys: Option<Vec<String>>,
    /// All labels, in place of those that the key has.
    pub tags: Option<BTreeMap<String, String>>,
    /// Labels to set, or to take away where there is `None`. The others stay. It comes after `tags`.
    pub tag_changes: BTreeMap<String, Option<String>>,
    /// From when on the key may not be used.
    pub expiry: Option<Expiry>,
    /// A new value. The one before works until `former_until`.
    pub rotation: Option<Rotation>,
    /// From when on none of the values may be used that were replaced, by this change or before. One that ends earlier keeps its end.
    /// With a rotation, `None` ends them at once.
    pub former_until: Option<Timestamp>,
    /// Whether the key counts as created at the instant of the change, as a key that is imported again does. It is the newest then.
    pub restart_dates: bool,
}

/// How long a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Until it is disabled or deleted.
    Never,
    /// Until this instant.
    At(Timestamp),
}

/// Which keys of a list. An empty text filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Keys whose names start with this text; capitals matter.
    pub name_prefix: Option<String>,
    /// Keys of this customer.
    pub customer_id: Option<String>,
}

/// What a key has used of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The requests of each day on which there were any, the earliest first.
    pub days: Vec<DayCount>,
    /// What was used of the quota in its last window.
    pub quota: Option<WindowUse>,
    /// What was used of further quotas, each in its last stretch of time.
    pub further: Vec<FurtherUse>,
}

/// What an operator does with keys. Every change is whole or not made at all.
///
/// # Errors
///
/// Each call fails with [`RegistryError::Store`] when the store does not answer, with [`RegistryError::Contended`] when others
/// change the same items again and again, and as its own text says. Lists fail with an
/// [`InvalidPosition`](crate::store::StoreErrorKind::InvalidPosition) when the page is to start where no page ended.
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

    /// What this value opens, be it a former one of its key.
    fn value_owner(
        &self,
        value: &KeyValue,
    ) -> impl Future<Output = Result<Option<ValueOwner>, StoreError>> + Send;

    /// The id of the key with this value, be it a former one.
    fn key_by_value(
        &self,
        value: &KeyValue,
    ) -> impl Future<Output = Result<Option<KeyId>, StoreError>> + Send {
        async move { Ok(self.value_owner(value).await?.map(|owner| owner.key_id)) }
    }

    /// The keys that pass the filter, newest first. At most [`MAX_EXAMINED`](super::MAX_EXAMINED) keys are looked at, or as many
    /// as the page may have and one more.
    fn keys(
        &self,
        page: &PageRequest,
        filter: &KeyFilter,
    ) -> impl Future<Output = Result<Page<ApiKey>, StoreError>> + Send;

    /// Changes a key. Disabling it stops its meters in the same transaction, and what narrows it otherwise, such as an earlier expiry,
    /// makes them refuse charges of processes that do not know it yet. `NoSuchKey` when there is none, `ValueTaken` when a new value is
    /// that of a key, `TooLarge` when too many of its values work.
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

    /// The values of keys, each in its id's place; `None` where none was kept. It reads 100 values at once.
    fn key_values(
        &self,
        ids: &[KeyId],
    ) -> impl Future<Output = Result<Vec<Option<KeyValue>>, StoreError>> + Send;

    /// The meter of a key in a plan, as it is now. One that was never charged is empty.
    fn meter(
        &self,
        key: &KeyId,
        plan: &PlanId,
    ) -> impl Future<Output = Result<MeterItem, StoreError>> + Send;

    /// What a key has used of a plan, from the counters that enforce it.
    fn usage(
        &self,
        key: &KeyId,
        plan: &PlanId,
        from: Day,
        to: Day,
    ) -> impl Future<Output = Result<Usage, StoreError>> + Send;

    /// When each of these meters was last charged, in its meter's place; `None` where none ever was. It reads 100 meters at once.
    fn last_used(
        &self,
        meters: &[MeterId],
    ) -> impl Future<Output = Result<Vec<Option<LastUse>>, StoreError>> + Send;

    /// Sets how many requests a key has left of a plan's quota in the current window, up or down, also above the limit.
    ///
    /// From the instant of the change to the end of the window, charges of `remaining` requests in all are admitted at the most, as
    /// long as the plan's limit stays as it is; the change happens once, even when its answer is lost on the way. A process that
    /// remembers a refusal asks the store again within 5 s. As API Gateway's `UpdateUsage`, it does not change the plan.
    ///
    /// `NoSuchKey`, `NoSuchPlan`, `NotInPlan`, and `NoQuota` when the plan has none; `TooLarge` beyond 9·10^18. After `Contended`,
    /// another change of the same number came in between, and this one may have been made before it.
    fn set_remaining(
        &self,
        key: &KeyId,
        plan: &PlanId,
        remaining: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<WindowUse, RegistryError>> + Send;
}
