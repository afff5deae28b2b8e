//! What a request needs of a store.

use std::future::Future;
use std::sync::Arc;

use super::StoreError;
use crate::alert::Alert;
use crate::id::{KeyId, PlanId};
use crate::key::KeyHash;
use crate::metadata::Metadata;
use crate::meter::{
    Answer, DayCount, MeterId, RefundWrite, ShardAnswer, ShardId, ShardWrite, Write,
};
use crate::overrides::Overrides;
use crate::plan::Plan;
use crate::scope::Scopes;
use crate::time::Timestamp;

/// What a key's value opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub id: KeyId,
    /// The operator's own id of the customer who has it.
    pub customer_id: Option<Arc<str>>,
    /// Whether it may be used.
    pub enabled: bool,
    /// From when on the value may not be used: when the key expires, or the value before it.
    pub expires_at: Option<Timestamp>,
    /// How often the key was narrowed: charges of its meters have to say it.
    pub generation: u64,
    /// The methods that it opens; `None`: all that its plans do.
    pub scopes: Option<Scopes>,
    /// What the operator has noted of it for handlers.
    pub metadata: Metadata,
    /// The plans that it is in.
    pub plan_ids: Vec<PlanId>,
    /// Limits of its own.
    pub overrides: Overrides,
}

/// The data plane's rights: read a key and a plan, charge a meter. Every call is one request to the store.
pub trait Ledger: Send + Sync + 'static {
    /// Makes the connection that the first request would have to wait for. It costs one read at the most and changes nothing.
    fn warm_up(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        std::future::ready(Ok(()))
    }

    /// The key with this value, as it is now.
    fn key(
        &self,
        hash: &KeyHash,
    ) -> impl Future<Output = Result<Option<KeyRecord>, StoreError>> + Send;

    /// The plan with this id, as it is now.
    fn plan(&self, id: &PlanId) -> impl Future<Output = Result<Option<Plan>, StoreError>> + Send;

    /// Tries one conditional write.
    ///
    /// An error says that the answer is not known: the write may have been applied, now or later. The same write may be tried again.
    fn charge(
        &self,
        meter: &MeterId,
        write: &Write,
    ) -> impl Future<Output = Result<Answer, StoreError>> + Send;

    /// Tries to give back what a process that ends has not used.
    ///
    /// It is sent once: a write that failed was not applied. An error says that the answer is not known, and then it must not be tried
    /// again.
    fn refund(
        &self,
        meter: &MeterId,
        write: &RefundWrite,
    ) -> impl Future<Output = Result<Answer, StoreError>> + Send;

    /// Tries one conditional write to a shard of the meter.
    ///
    /// An error says that the answer is not known: it may have been applied, now or later. Then what it was to take, or to put there, is
    /// nobody's any more.
    fn shard(
        &self,
        meter: &MeterId,
        shard: ShardId,
        write: &ShardWrite,
    ) -> impl Future<Output = Result<ShardAnswer, StoreError>> + Send;

    /// Writes the count of a day that has ended to an item of its own. Doing it twice is the same as once.
    fn archive(
        &self,
        meter: &MeterId,
        ended: DayCount,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps an alert, unless it is kept already: it is then owed to those who want to know of it. Whether it is new. Keeping it twice is
    /// the same as once.
    fn record_alert(&self, alert: &Alert) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
