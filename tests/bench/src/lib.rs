//! Limits on DynamoDB, measured: Tollgate, its peers, and what is often written by hand, in one run on one store.
//!
//! The store is Amazon DynamoDB Local behind a proxy that takes 4 ms and writes the bill. `tests/bench/run` starts both, and this.

mod callers;
mod cli;
mod exact_path;
mod figures;
mod hot_path;
mod measure;
mod output;
mod plot;
mod program;
mod records;
mod report;
mod row;
mod scenario;
mod setup;
mod statistics;
mod system;
mod targets;
mod task;

pub use cli::main;
