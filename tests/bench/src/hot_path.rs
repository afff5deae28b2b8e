//! Rows of what `cargo bench -p tollgate --bench hot_path` has measured: decisions with a live lease, for few keys and for many.

use std::path::Path;

use ::tests::Result;
use serde::Deserialize;

use crate::row::{Demand, Row, Target};

/// Decisions a second on one core, with one key.
const LEAST_PER_S: f64 = 3_000_000.0;

/// Memory for a key, where there are so many that what does not grow with them no longer counts.
const MOST_BYTES: f64 = 300.0;
const MANY_KEYS: u32 = 1_000_000;

/// A measurement as that benchmark writes it.
#[derive(Debug, Deserialize)]
struct Measured {
    system: String,
    keys: u32,
    threads: u32,
    decisions_per_s: f64,
    allocations_per_decision: f64,
    bytes_per_key: Option<f64>,
    ratio_to_governor: Option<f64>,
}

/// How the scenario with so many keys is called.
pub(crate) fn scenario(keys: u32) -> String {
    format!("{PREFIX}{keys}")
}

/// What the names of the scenarios begin with.
pub(crate) const PREFIX: &str = "hot-path-keys-";

/// The rows of a file of that benchmark, those of the same number of keys together.
///
/// # Errors
///
/// When the file cannot be read, or is not one of that benchmark.
pub(crate) fn rows(file: &Path) -> Result<Vec<Row>> {
    let mut all: Vec<Measured> = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    all.sort_by(|one, other| (one.keys, &one.system).cmp(&(other.keys, &other.system)));
    Ok(all.iter().map(row).collect())
}

fn row(measured: &Measured) -> Row {
    let mut row = Row {
        scenario: scenario(measured.keys),
        system: measured.system.clone(),
        ..Row::default()
    };
    row.set("callers", f64::from(measured.threads));
    row.set("checks_per_s", measured.decisions_per_s);
    row.set("allocations_per_check", measured.allocations_per_decision);
    if let Some(bytes) = measured.bytes_per_key {
        row.set("bytes_per_key", bytes);
    }
    if let Some(ratio) = measured.ratio_to_governor {
        row.set("ratio_to_governor", ratio);
    }
    if measured.system == "tollgate" {
        row.targets = targets(&row, measured.keys);
    }
    row.complete();
    row
}

fn targets(row: &Row, keys: u32) -> Vec<Target> {
    let demanded = match keys {
        1 => vec![("checks_per_s", Demand::AtLeast(LEAST_PER_S))],
        MANY_KEYS => vec![("bytes_per_key", Demand::AtMost(MOST_BYTES))],
        _ => Vec::new(),
    };
    demanded
        .into_iter()
        .filter_map(|(name, demand)| Target::of(row, name, demand))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEASURED: &str = r#"[
        {"scenario": "admitted", "system": "tollgate", "keys": 1000000, "threads": 1, "decisions_per_s": 1500000.0,
         "ns_per_decision": 666.7, "allocations_per_decision": 0.0, "bytes_per_key": 301.5, "ratio_to_governor": 0.5},
        {"scenario": "admitted", "system": "tollgate", "keys": 1, "threads": 1, "decisions_per_s": 4500000.0,
         "ns_per_decision": 222.2, "allocations_per_decision": 0.0, "bytes_per_key": null, "ratio_to_governor": 0.2},
        {"scenario": "admitted", "system": "governor", "keys": 1, "threads": 1, "decisions_per_s": 22500000.0,
         "ns_per_decision": 44.4, "allocations_per_decision": 0.0, "bytes_per_key": null, "ratio_to_governor": null}
    ]"#;

    fn rows_of(text: &str) -> Result<Vec<Row>> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("hot_path.json");
        std::fs::write(&file, text)?;
        rows(&file)
    }

    #[test]
    fn speed_is_demanded_of_one_key_and_memory_of_a_million() {
        let rows = rows_of(MEASURED).unwrap();
        let [governor, one, many] = rows.as_slice() else {
            panic!("{rows:?}");
        };
        assert_eq!(governor.system, "governor");
        assert!(governor.targets.is_empty());
        assert_eq!(one.scenario, "hot-path-keys-1");
        assert_eq!(one.figure("checks_per_s"), Some(4_500_000.0));
        assert_eq!(one.figure("ratio_to_governor"), Some(0.2));
        let met = |row: &Row| row.targets.iter().map(Target::is_met).collect::<Vec<_>>();
        assert_eq!(met(one), [true]);
        assert_eq!(many.figure("bytes_per_key"), Some(301.5));
        assert_eq!(met(many), [false]);
    }

    #[test]
    fn what_is_no_measurement_is_refused() {
        assert!(rows_of(r#"[{"system": "tollgate"}]"#).is_err());
    }
}
