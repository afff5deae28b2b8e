//! What plans and their keys can ask of the stages behind them, when every key uses all that it may: rates, concurrency, writes, and the
//! bill of a month.
//!
//! Nothing here does I/O. What plans allow is exact; what it costs rests on [`Assumptions`], on measured figures of the engine
//! ([`writes`]) and on list prices of one day ([`prices`]).

mod bill;
mod demand;
mod document;
pub mod prices;
mod report;
#[cfg(test)]
mod tests;
pub mod writes;

pub use bill::{Bill, BillLine};
pub use demand::{Demand, SoldPlan, StageDemand};
pub use document::{InvalidPlans, read_plans};
pub use prices::{InvalidPrice, Prices};
pub use report::{Assumptions, PlanNeed, Report, StageNeed, report};
