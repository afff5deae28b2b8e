//! A row of the table: what one system did in one scenario, and what was demanded of it.
//!
//! Rows are written as lines of JSON. Any program can add some: every file `*.jsonl` in the folder of rows is read.

use std::collections::BTreeMap;
use std::path::Path;

use ::tests::Result;
use serde::{Deserialize, Serialize};

use crate::statistics::{float, median};

/// Figures that every row has; `null` where one makes no sense.
const ALWAYS: [&str; 10] = [
    "callers",
    "checks_per_s",
    "p50_ms",
    "p99_ms",
    "admitted",
    "bound",
    "over",
    "requests_per_check",
    "wcu_per_check",
    "wcu_per_admission",
];

/// Figures of which the worst repetition counts, and not the one in the middle.
const WORST: [&str; 3] = ["failed", "over", "over_window"];

/// What one system did in one scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The scenario.
    pub(crate) scenario: String,
    /// The system.
    pub(crate) system: String,
    /// The figures, by names that end in their units.
    #[serde(flatten)]
    pub(crate) figures: BTreeMap<String, Option<f64>>,
    /// The requests of each operation of DynamoDB.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) operations: BTreeMap<String, f64>,
    /// What was demanded, and whether it was met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) targets: Vec<Target>,
}

/// What was demanded of a system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// What was measured, in words.
    pub(crate) what: String,
    /// The measured value.
    pub(crate) measured: f64,
    /// What it should be.
    #[serde(flatten)]
    pub(crate) demand: Demand,
}

/// What a value should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Demand {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
    /// This, without a fraction.
    Exactly(f64),
}

impl Target {
    /// What is demanded of a figure; `None` when the row has none of that name.
    pub(crate) fn of(row: &Row, name: &str, demand: Demand) -> Option<Self> {
        Some(Self {
            what: name.to_owned(),
            measured: row.figure(name)?,
            demand,
        })
    }

    /// Whether the demand is met.
    pub(crate) fn is_met(&self) -> bool {
        match self.demand {
            Demand::AtMost(most) => self.measured <= most,
            Demand::AtLeast(least) => self.measured >= least,
            Demand::Exactly(value) => (self.measured - value).abs() < 0.5,
        }
    }
}

impl Row {
    /// A figure by its name; `None` when the row has none.
    pub(crate) fn figure(&self, name: &str) -> Option<f64> {
        self.figures.get(name).copied().flatten()
    }

    /// Sets a figure.
    pub(crate) fn set(&mut self, name: &str, value: f64) {
        self.figures.insert(name.to_owned(), Some(value));
    }

    /// Adds what every row has, as what is not known.
    pub(crate) fn complete(&mut self) {
        for name in ALWAYS {
            self.figures.entry(name.to_owned()).or_insert(None);
        }
    }

    /// The median of each figure, or the worst value where any bad one counts.
    fn of_same(first: &Self, rows: &[&Self]) -> Self {
        let mut row = Self {
            scenario: first.scenario.clone(),
            system: first.system.clone(),
            ..Self::default()
        };
        for name in first.figures.keys() {
            let values = rows.iter().filter_map(|row| row.figure(name));
            let value = if WORST.contains(&name.as_str()) {
                values.max_by(f64::total_cmp)
            } else {
                median(values)
            };
            row.figures.insert(name.clone(), value);
        }
        row.complete();
        for name in first.operations.keys() {
            let counts = rows
                .iter()
                .filter_map(|row| row.operations.get(name).copied());
            row.operations
                .insert(name.clone(), median(counts).unwrap_or(0.0));
        }
        row.set("repetitions", float(rows.len()));
        row
    }
}

/// One row for all repetitions of a scenario by a system, in the order in which the systems come first.
pub(crate) fn of_repetitions(rows: &[Row]) -> Vec<Row> {
    let is_same =
        |one: &Row, other: &Row| one.scenario == other.scenario && one.system == other.system;
    let mut medians: Vec<Row> = Vec::new();
    for first in rows {
        if !medians.iter().any(|known| is_same(known, first)) {
            let same: Vec<&Row> = rows.iter().filter(|row| is_same(row, first)).collect();
            medians.push(Row::of_same(first, &same));
        }
    }
    medians
}

/// Writes rows as lines of JSON.
///
/// # Errors
///
/// When the file cannot be written.
pub(crate) fn write(file: &Path, rows: &[Row]) -> Result<()> {
    let mut text = String::new();
    for row in rows {
        text.push_str(&serde_json::to_string(row)?);
        text.push('\n');
    }
    std::fs::write(file, text)?;
    Ok(())
}

/// The rows of all files `*.jsonl` in a folder, in the order of the files' names.
///
/// # Errors
///
/// When a file cannot be read, or a line is not a row.
pub(crate) fn read_all(folder: &Path) -> Result<Vec<Row>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            files.push(path);
        }
    }
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        for (number, line) in (1..).zip(std::fs::read_to_string(&file)?.lines()) {
            let row = serde_json::from_str(line)
                .map_err(|error| format!("{}:{number}: not a row: {error}", file.display()))?;
            rows.push(row);
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(figures: &[(&str, f64)]) -> Row {
        let mut row = Row {
            scenario: "saturated-16".to_owned(),
            system: "a".to_owned(),
            ..Row::default()
        };
        for (name, value) in figures {
            row.set(name, *value);
        }
        row
    }

    #[test]
    fn repetitions_come_to_their_median_and_to_the_worst_excess() {
        let rows = [
            row(&[("p50_ms", 4.0), ("over", 0.0)]),
            row(&[("p50_ms", 9.0), ("over", 3.0)]),
            row(&[("p50_ms", 5.0), ("over", 1.0)]),
        ];
        let rows = of_repetitions(&rows);
        let [row] = rows.as_slice() else {
            panic!("{rows:?}");
        };
        assert_eq!(row.figure("p50_ms"), Some(5.0));
        assert_eq!(row.figure("over"), Some(3.0));
        assert_eq!(row.figure("repetitions"), Some(3.0));
    }

    #[test]
    fn figures_that_are_not_known_are_null() {
        let rows = of_repetitions(&[row(&[])]);
        let json = serde_json::to_value(rows.first()).unwrap();
        for name in ALWAYS {
            assert_eq!(json.get(name), Some(&serde_json::Value::Null), "{name}");
        }
    }

    #[test]
    fn rows_of_all_files_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = row(&[("p50_ms", 4.0)]);
        first.operations.insert("UpdateItem".to_owned(), 3.0);
        first.targets.push(Target {
            what: "p50 in ms".to_owned(),
            measured: 4.0,
            demand: Demand::AtMost(5.0),
        });
        let second = row(&[("p99_ms", 4.5)]);
        write(
            &folder.path().join("b.jsonl"),
            std::slice::from_ref(&second),
        )
        .unwrap();
        write(&folder.path().join("a.jsonl"), std::slice::from_ref(&first)).unwrap();
        std::fs::write(folder.path().join("notes.txt"), "no row").unwrap();
        assert_eq!(read_all(folder.path()).unwrap(), [first, second]);
    }

    #[test]
    fn a_target_is_met_up_to_its_limit() {
        let target = |demand, measured| Target {
            what: String::new(),
            measured,
            demand,
        };
        assert!(target(Demand::AtMost(2.0), 2.0).is_met());
        assert!(!target(Demand::AtMost(2.0), 2.1).is_met());
        assert!(target(Demand::AtLeast(0.98), 0.98).is_met());
        assert!(!target(Demand::AtLeast(0.98), 0.97).is_met());
        assert!(target(Demand::Exactly(500.0), 500.0).is_met());
        assert!(!target(Demand::Exactly(500.0), 499.0).is_met());
    }
}
