//! The billing function: it writes what all keys have used, as CSV and Parquet, a file of each form for each day.
//!
//! | event | what is done |
//! |---|---|
//! | the daily schedule | the files of yesterday (UTC) are written |
//! | `{"from": "2026-11-01", "to": "2026-11-30"}`, from an operator | those of these days are, again or for the first time |
//!
//! They go to a bucket of S3, or to a folder. A day that is written again replaces its files: same name, and the same bytes as long as
//! counts, plans and customers are the same. Days that have not ended are refused.

mod app;
mod target;

pub mod config;

#[cfg(test)]
mod tests;

pub use crate::app::{App, HandleError};
pub use crate::target::{PutError, Target};
