//! Where keys, plans and meters are kept.
//!
//! [`Ledger`] is what a request needs, [`Registry`] what an operator needs: two traits, because they are two sets of rights on AWS.

mod alerts;
#[cfg(feature = "control")]
mod apis;
mod error;
#[cfg(feature = "control")]
mod housekeeping;
mod ledger;
mod registry;
mod used_days;

pub mod dynamodb;
mod item;

pub use alerts::{AlertOutbox, AlertState, KeptAlert};
#[cfg(feature = "control")]
pub use apis::{ApiRegistry, Saved, StoredApi};
pub use error::{RegistryError, StoreError, StoreErrorKind};
#[cfg(feature = "control")]
pub use housekeeping::{Housekeeping, Lack, Orphan, Orphans, SCAN_PARTS, ScanPosition};
pub use ledger::{KeyRecord, Ledger};
pub use registry::{
    ApiKey, Counts, DayUse, Expiry, FormerValue, FurtherUsed, KeyChange, KeyFilter, KeyRegistry,
    MAX_EXAMINED, MAX_VALUES, NewKey, NewPlan, Page, PageRequest, PlanChange, PlanRegistry,
    Registry, Rotation, Usage, ValueOwner,
};
pub use used_days::UsedDays;
