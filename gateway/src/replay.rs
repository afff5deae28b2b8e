//! Access logs, played through plans: who would have been refused, when and why.
//!
//! Lines go in, a report comes out. The clock is the log's: nothing here does I/O or reads another one, and what decides is the meter of
//! the engine, one for each caller and plan.
//!
//! Services write their logs slightly out of order. [`Player`] holds lines back for a while and sorts them; what comes later than that is
//! decided when it comes, at the instant that the clock has reached by then, and counted. The clock never goes back.

mod callers;
mod format;
mod instant;
mod order;
mod player;
mod report;
#[cfg(test)]
mod tests;

use tollgate::time::Timestamp;

pub use format::{Format, LogLine, LogReader, Names, Request, Unreadable};
pub use player::{PlayedPlan, Player, Settings};
pub use report::{BadLine, CallerReport, Count, FirstRefusal, Peak, PlanReport, Report};

/// Reads an instant in any of the forms in which logs write them.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    instant::Instant::parse(text).map(|instant| instant.at)
}
