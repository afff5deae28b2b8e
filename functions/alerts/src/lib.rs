//! The alerts function: it tells EventBridge and a webhook of keys that have used so much of their quotas, or begin to be throttled.
//!
//! | event | what is done |
//! |---|---|
//! | records of the table's stream: meters that were charged | the alerts that they call for are kept in the table, each once |
//! | records of the stream: alerts that were kept | they are told, and then it is kept that they are |
//! | the schedule | what is owed for half a minute or longer is told: what somebody did not take before |
//!
//! Who refuses a request because it comes too fast keeps that alert by itself; the stream brings it here.
//! [`tollgate::alerting`] says what happens when a process ends in between.
//!
//! Records may come twice, late, and in another order: an alert is about a level, and has a name. A record that cannot be read is left out,
//! so that it does not hold up the others. When the table does not answer, the whole batch fails, and Lambda brings it again.

mod app;
mod outlets;

pub mod config;

#[cfg(test)]
mod tests;

pub use crate::app::{App, HandleError};
pub use crate::outlets::Outlets;
