//! What everybody has used, for bills.

use std::collections::HashMap;
use std::future::Future;

use super::{ApiKey, StoreError};
use crate::id::KeyId;
use crate::meter::{DayCount, MeterId};
use crate::quota::Day;

/// What an export of usage needs.
///
/// # Errors
///
/// Each call fails when the store does not answer.
pub trait UsedDays: Send + Sync + 'static {
    /// The requests that were charged on the days from `from` to `to`, of all keys and plans, also of those that are gone as long as their
    /// meters are kept. Each meter and day once, in no order. The whole store is looked through.
    fn used_days(
        &self,
        from: Day,
        to: Day,
    ) -> impl Future<Output = Result<Vec<(MeterId, DayCount)>, StoreError>> + Send;

    /// These keys, as far as they are there.
    fn keys_by_id(
        &self,
        ids: &[KeyId],
    ) -> impl Future<Output = Result<HashMap<KeyId, ApiKey>, StoreError>> + Send;
}
