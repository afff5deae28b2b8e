//! Keys and plans on their way from Amazon API Gateway to Tollgate, and back.
//!
//! [`ApiGateway`] reads and writes either side: both speak API Gateway's wire format. [`Comparison`] says what the one lacks of the other,
//! and [`Comparison::carry_out`] brings it there. There is no journal: what has been done is what the target holds, so an import that was
//! interrupted goes on when it is started again, and does nothing twice.
//!
//! What the source has is set in the target; what only the target has stays. An id goes along in a tag, which gives a new key or plan that id
//! in Tollgate, and by which API Gateway, which chooses its ids itself, knows it again. A key that has used some of a quota is disabled, and
//! marked with a tag, until the target knows of what is left: nobody gets a fresh quota, whenever it is interrupted.

mod api_gateway;
mod comparison;
mod document;
mod holdings;
mod patches;
mod stage_map;
mod transport;
mod work;

pub mod export;

pub use api_gateway::{ApiGateway, MigrationError, MigrationErrorKind, Rate, Wanted};
pub use comparison::{Comparison, Counts, Deed, Difference, KeyStep, PlanStep};
pub use holdings::{HeldKey, HeldPlan, HeldValue, Holdings, Pending};
pub use stage_map::{InvalidMapping, StageMap, StageMapping};
pub use transport::{in_process, through};
pub use work::{Outcome, Problem};

/// Hears how far long work is.
pub trait Progress: Send + Sync {
    /// So many of so many are done.
    fn reached(&self, what: &str, done: usize, of: usize);
}
