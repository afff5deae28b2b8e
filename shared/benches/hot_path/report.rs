//! What was measured, as a table and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::measure::{Sample, number};
use super::subject::Scenario;

/// One measurement.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    #[serde(skip)]
    kind: Scenario,
    scenario: &'static str,
    system: &'static str,
    keys: usize,
    threads: usize,
    /// The median of all runs, all threads together.
    decisions_per_s: f64,
    /// The slowest and the fastest run.
    decisions_per_s_min: f64,
    decisions_per_s_max: f64,
    /// What one decision takes on one thread.
    ns_per_decision: f64,
    allocations_per_decision: f64,
    /// What all keys together take after one decision each, divided by their number. `None` where nothing is remembered, and for
    /// one key, where it would be the memory of the map.
    bytes_per_key: Option<f64>,
    /// `decisions_per_s` divided by that of governor in this run, for as many keys and threads.
    ratio_to_governor: Option<f64>,
}

impl Row {
    pub(crate) fn new(
        kind: Scenario,
        keys: usize,
        threads: usize,
        bytes: u64,
        mut samples: Vec<Sample>,
    ) -> Self {
        samples.sort_by(|a, b| a.decisions_per_s.total_cmp(&b.decisions_per_s));
        let speed = |sample: Option<&Sample>| sample.map_or(0.0, |sample| sample.decisions_per_s);
        let median = samples.get(samples.len() / 2);
        let per_s = speed(median);
        let count = |count: usize| u64::try_from(count).map_or(f64::NAN, number);
        Self {
            kind,
            scenario: kind.name(),
            system: kind.system(),
            keys,
            threads,
            decisions_per_s: per_s,
            decisions_per_s_min: speed(samples.first()),
            decisions_per_s_max: speed(samples.last()),
            ns_per_decision: 1e9 * count(threads) / per_s,
            allocations_per_decision: median.map_or(0.0, |sample| sample.allocations_per_decision),
            bytes_per_key: (keys > 1 && kind.is_remembered()).then(|| number(bytes) / count(keys)),
            ratio_to_governor: None,
        }
    }
}

/// Fills in the ratios.
pub(crate) fn compare(rows: &mut [Row]) {
    let rivals: Vec<_> = rows
        .iter()
        .map(|row| (row.kind, row.keys, row.threads, row.decisions_per_s))
        .collect();
    for row in rows {
        let wanted = row.kind.rival().map(|kind| (kind, row.keys, row.threads));
        row.ratio_to_governor = rivals
            .iter()
            .find(|(kind, keys, threads, _)| Some((*kind, *keys, *threads)) == wanted)
            .map(|(.., rival)| row.decisions_per_s / rival);
    }
}

pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<14} {:<9} {:>9} {:>7} {:>14} {:>8} {:>12} {:>10} {:>12}\n",
        "scenario",
        "system",
        "keys",
        "threads",
        "decisions/s",
        "ns each",
        "allocations",
        "bytes/key",
        "to governor"
    );
    for row in rows {
        let or_none = |value: Option<f64>, digits: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
        };
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "{:<14} {:<9} {:>9} {:>7} {:>14.0} {:>8.0} {:>12.3} {:>10} {:>12}",
            row.scenario,
            row.system,
            row.keys,
            row.threads,
            row.decisions_per_s,
            row.ns_per_decision,
            row.allocations_per_decision,
            or_none(row.bytes_per_key, 0),
            or_none(row.ratio_to_governor, 2),
        );
    }
    text
}

#[expect(clippy::print_stdout, reason = "a benchmark reports to its terminal")]
pub(crate) fn print(text: &str) {
    println!("{text}");
}

#[expect(
    clippy::print_stderr,
    reason = "progress does not belong to the result"
)]
pub(crate) fn progress(text: &str) {
    eprintln!("{text}");
}
