//! Plots of the table for the README.

mod bars;

use std::path::Path;

use ::tests::Result;

use self::bars::{Bar, beside_the_bound, logarithmic};
use crate::hot_path;
use crate::row::Row;
use crate::scenario::Scenario;

/// A plot: the file's name, what stands above it, and its bars.
struct Plot {
    file: &'static str,
    title: &'static str,
    bars: Vec<Bar>,
    draw: fn(&str, &[Bar]) -> Result<String>,
}

/// Writes those plots for which there are rows.
///
/// # Errors
///
/// When a file cannot be written.
pub(crate) fn write_all(folder: &Path, rows: &[Row]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for plot in plots(rows) {
        if !plot.bars.is_empty() {
            let text = (plot.draw)(plot.title, &plot.bars)?;
            std::fs::write(folder.join(plot.file), text)?;
        }
    }
    Ok(())
}

fn plots(rows: &[Row]) -> [Plot; 5] {
    [
        Plot {
            file: "requests-per-check.svg",
            title: "Requests to DynamoDB for each check (log scale, less is better)",
            bars: of_scenario(
                rows,
                Scenario::LimitNeverReached,
                &[("requests_per_check", "")],
            ),
            draw: logarithmic,
        },
        Plot {
            file: "latency.svg",
            title: "Latency in ms at 500 checks a second (log scale, less is better)",
            bars: of_scenario(
                rows,
                Scenario::Paced,
                &[("p50_ms", ", p50"), ("p99_ms", ", p99")],
            ),
            draw: logarithmic,
        },
        Plot {
            file: "admitted.svg",
            title: "Admitted under saturation, as a share of what the plan allows",
            bars: of_scenario(rows, Scenario::Saturated16, &[("admitted_share", "")]),
            draw: beside_the_bound,
        },
        Plot {
            file: "writes-per-admission.svg",
            title: "Write units for each admission, 64 limiters, saturated (log scale, less is better)",
            bars: of_scenario(rows, Scenario::Saturated64, &[("wcu_per_admission", "")]),
            draw: logarithmic,
        },
        Plot {
            file: "hot-path.svg",
            title: "Decisions a second without the store, one core (log scale, more is better)",
            bars: of_numbers_of_keys(rows),
            draw: logarithmic,
        },
    ]
}

/// The figures of each system that has them, with what is written after its name.
fn of_scenario(rows: &[Row], scenario: Scenario, figures: &[(&str, &str)]) -> Vec<Bar> {
    let rows = rows.iter().filter(|row| row.scenario == scenario.name());
    let bars = rows.flat_map(|row| {
        let bar = |(figure, after): &(&str, &str)| {
            Some(Bar {
                name: format!("{}{after}", row.system),
                value: row.figure(figure)?,
                is_tollgate: is_tollgate(row),
            })
        };
        figures.iter().filter_map(bar)
    });
    bars.collect()
}

fn of_numbers_of_keys(rows: &[Row]) -> Vec<Bar> {
    let bar = |row: &Row| {
        let keys = row.scenario.strip_prefix(hot_path::PREFIX)?;
        Some(Bar {
            name: format!("{}, keys: {keys}", row.system),
            value: row.figure("checks_per_s")?,
            is_tollgate: is_tollgate(row),
        })
    };
    rows.iter().filter_map(bar).collect()
}

fn is_tollgate(row: &Row) -> bool {
    row.system.starts_with("tollgate")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::System;

    const MOST_BYTES: usize = 150_000;

    fn row(scenario: &str, system: &str, figures: &[&str]) -> Row {
        let mut row = Row {
            scenario: scenario.to_owned(),
            system: system.to_owned(),
            ..Row::default()
        };
        for figure in figures {
            row.set(figure, 0.0117);
        }
        row
    }

    #[test]
    fn each_system_has_a_bar_and_the_files_are_small() {
        let scenarios = [
            (Scenario::LimitNeverReached, "requests-per-check.svg"),
            (Scenario::Paced, "latency.svg"),
            (Scenario::Saturated16, "admitted.svg"),
            (Scenario::Saturated64, "writes-per-admission.svg"),
        ];
        let figures = [
            "requests_per_check",
            "p50_ms",
            "p99_ms",
            "admitted_share",
            "wcu_per_admission",
        ];
        let rows: Vec<Row> = scenarios
            .iter()
            .flat_map(|(scenario, _)| {
                System::ALL.map(|system| row(scenario.name(), system.name(), &figures))
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        write_all(folder.path(), &rows).unwrap();
        for (_, file) in scenarios {
            let plot = std::fs::read_to_string(folder.path().join(file)).unwrap();
            for system in System::ALL {
                assert!(plot.contains(system.name()), "{file}: {}", system.name());
            }
            assert!(plot.len() < MOST_BYTES, "{file}: {}", plot.len());
        }
        assert!(!folder.path().join("hot-path.svg").exists());
    }

    #[test]
    fn the_hot_path_has_a_bar_for_each_number_of_keys() {
        let rows = [1, 1_000_000]
            .map(|keys| row(&hot_path::scenario(keys), "tollgate", &["checks_per_s"]));
        let folder = tempfile::tempdir().unwrap();
        write_all(folder.path(), &rows).unwrap();
        let plot = std::fs::read_to_string(folder.path().join("hot-path.svg")).unwrap();
        assert!(plot.contains("tollgate, keys: 1\n"), "{plot}");
        assert!(plot.contains("tollgate, keys: 1000000\n"), "{plot}");
        assert!(!folder.path().join("admitted.svg").exists());
    }
}
