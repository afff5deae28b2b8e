//! A plan against a shape of traffic, on a virtual clock: what is admitted, what is refused, and how long callers wait who come again.
//!
//! Nothing here does I/O or reads a clock, and the same seed gives the same requests. What decides is the meter of the engine, one for
//! each key.

mod chart;
mod picture;
mod report;
mod run;
#[cfg(test)]
mod tests;
mod traffic;

pub use chart::columns;
pub use picture::{NotDrawn, svg};
pub use report::{Report, Second, Waits};
pub use run::{Method, Settings, simulate};
pub use traffic::{InvalidShape, Shape};
