//! What an operator needs of a store.

mod keys;
mod page;
mod plans;
mod usage;

use std::future::Future;

use super::StoreError;

pub use keys::{
    ApiKey, Expiry, FormerValue, KeyChange, KeyFilter, KeyRegistry, MAX_VALUES, NewKey, Rotation,
    Usage, ValueOwner,
};
pub use page::{MAX_EXAMINED, Page, PageRequest};
pub use plans::{NewPlan, PlanChange, PlanRegistry};
pub use usage::{DayUse, FurtherUsed};

/// How many keys and plans there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of API keys.
    pub keys: u64,
    /// The number of usage plans.
    pub plans: u64,
}

/// The control plane's rights.
pub trait Registry: KeyRegistry + PlanRegistry {
    /// How many keys and plans there are, from counters which change with them. What it costs does not grow with the numbers.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    fn counts(&self) -> impl Future<Output = Result<Counts, StoreError>> + Send;
}
