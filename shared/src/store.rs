//! Where keys, plans and meters are kept.
//!
//! [`Ledger`] is what a request needs, [`Registry`] what an operator needs: two traits, because they are two sets of rights on AWS.

#[cfg(feature = "control")]
mod apis;
mod error;
mod ledger;
mod registry;

pub mod dynamodb;
mod item;

#[cfg(feature = "control")]
pub use apis::{ApiRegistry, Saved, StoredApi};
pub use error::{RegistryError, StoreError, StoreErrorKind};
pub use ledger::{KeyRecord, Ledger};
pub use registry::{
    ApiKey, Counts, DayUse, Expiry, KeyChange, KeyFilter, KeyRegistry, MAX_EXAMINED, NewKey,
    NewPlan, Page, PageRequest, PlanChange, PlanRegistry, Registry, Usage,
};
