//! What callers are asked to do: the one protocol that the callers in Rust, in Node.js and in Python understand.
//!
//! A program of callers reads a [`Task`] as one line of JSON from its standard input, makes its limiters, and writes `ready`. At the next
//! line it starts to call, all callers at once. When they are done it writes the records into the task's file, then `done`, and ends.
//!
//! The records are lines of text: when a check started, in nanoseconds since the epoch; how long it took, in nanoseconds; and `a` when
//! the request was admitted, `r` when it was refused, `e` when the limiter could not decide.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::system::System;

/// The limits that every system is given.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Requests a second. Without effect where there is a quota.
    pub(crate) rate_per_s: u64,
    /// Requests at once.
    pub(crate) burst: u64,
    /// Requests a day, in place of rate and burst.
    pub(crate) quota_per_day: Option<u64>,
}

/// What one program of callers has to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    /// The system.
    pub(crate) system: System,
    /// The URL of the store.
    pub(crate) endpoint: String,
    /// The table that the limiters share.
    pub(crate) table: String,
    /// Whether this program has to make the table, or finds it.
    pub(crate) makes_table: bool,
    /// How many callers ask at once.
    pub(crate) callers: usize,
    /// How many limiters they ask: the caller n asks the limiter n modulo this.
    pub(crate) limiters: usize,
    /// The limits.
    pub(crate) plan: Plan,
    /// How long to call, in milliseconds.
    pub(crate) duration_ms: u64,
    /// How many checks are due each second, spread evenly over time and in turn over the limiters. Each begins at its time, whether or
    /// not earlier ones are answered, and its record begins when it was due, not when the program got round to it. `None`: `callers` ask
    /// again when they are answered.
    pub(crate) checks_per_s: Option<u64>,
    /// With how many refusals a caller ends before that.
    pub(crate) max_refusals: Option<u64>,
    /// A refusal that was faster than this, in nanoseconds, cannot have asked the store.
    pub(crate) free_refusal_ns: u64,
    /// How long a caller pauses after such a refusal, in milliseconds.
    pub(crate) pause_ms: u64,
    /// How far the limiters' clocks are ahead of the machine's, in milliseconds. Negative: behind.
    pub(crate) clock_ahead_ms: i64,
    /// How many requests each limiter is asked for before the callers are ready, so that connections are made and code is compiled.
    pub(crate) warm_up_checks: u32,
    /// The key of those requests, which nobody else asks for.
    pub(crate) warm_up_key: String,
    /// The key that all callers ask for.
    pub(crate) key: String,
    /// A file with a line of keys for each caller, who asks for one after the other and ends with the last. `None`: all ask for `key`.
    pub(crate) keys_file: Option<PathBuf>,
    /// The file for the records.
    pub(crate) records_file: PathBuf,
}

/// What a program of callers writes when it is ready to start.
pub(crate) const READY: &str = "ready";

/// What it writes when its records are complete.
pub(crate) const DONE: &str = "done";
