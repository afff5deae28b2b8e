//! The table of all rows, and under it what was demanded and whether it was met.

use comfy_table::{CellAlignment, Table, presets};

use crate::row::{Demand, Row};

/// The columns: a figure, its heading, and how many digits it has behind the point.
const COLUMNS: [(&str, &str, usize); 14] = [
    ("callers", "callers", 0),
    ("checks_per_s", "checks/s", 0),
    ("p50_ms", "p50 ms", 3),
    ("p99_ms", "p99 ms", 2),
    ("admitted", "admitted", 0),
    ("bound", "bound", 0),
    ("over", "over", 0),
    ("over_window", "in a window", 0),
    ("failed", "failed", 0),
    ("requests_per_check", "requests/check", 4),
    ("writes_per_check", "writes/check", 4),
    ("wcu_per_check", "WCU/check", 4),
    ("rcu_per_check", "RCU/check", 4),
    ("wcu_per_admission", "WCU/admission", 3),
];

/// The rows as a table. Figures that no column has are shown under it.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let headings = COLUMNS.iter().map(|(_, heading, _)| *heading);
    table.set_header(["scenario", "system"].into_iter().chain(headings));
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut scenario = "";
    for row in rows {
        let name = if row.scenario == scenario {
            ""
        } else {
            row.scenario.as_str()
        };
        scenario = &row.scenario;
        let figures = COLUMNS
            .iter()
            .map(|(figure, _, digits)| number(row.figure(figure), *digits));
        table.add_row(
            [name.to_owned(), row.system.clone()]
                .into_iter()
                .chain(figures),
        );
    }
    let more = rows.iter().filter_map(|row| {
        let figures = MORE.iter();
        let figures: Vec<String> = figures
            .filter_map(|(name, digits)| Some(format!("{name} {:.digits$}", row.figure(name)?)))
            .collect();
        let is_some = !figures.is_empty();
        is_some.then(|| format!("{}, {}: {}", row.scenario, row.system, figures.join(", ")))
    });
    let lines: Vec<String> = [table.trim_fmt()].into_iter().chain(more).collect();
    lines.join("\n")
}

/// Figures that few rows have, and how many digits each has behind the point.
const MORE: [(&str, usize); 4] = [
    ("cpu_us_per_check", 1),
    ("allocations_per_check", 3),
    ("bytes_per_key", 0),
    ("ratio_to_governor", 2),
];

fn number(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"))
}

/// What was demanded, and whether it was met, as a table.
pub(crate) fn targets(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["scenario", "system", "what", "target", "measured", ""]);
    for row in rows {
        for target in &row.targets {
            let demand = match target.demand {
                Demand::AtMost(most) => format!("<= {}", short(most)),
                Demand::AtLeast(least) => format!(">= {}", short(least)),
                Demand::Exactly(value) => format!("= {}", short(value)),
            };
            table.add_row([
                row.scenario.clone(),
                row.system.clone(),
                target.what.clone(),
                demand,
                short(target.measured),
                if target.is_met() { "met" } else { "MISSED" }.to_owned(),
            ]);
        }
    }
    table.trim_fmt()
}

/// How many targets were met, of how many.
pub(crate) fn met(rows: &[Row]) -> (usize, usize) {
    let targets = rows.iter().flat_map(|row| &row.targets);
    let met = targets.clone().filter(|target| target.is_met()).count();
    (met, targets.count())
}

/// A number with about four digits that say something.
fn short(number: f64) -> String {
    let digits = match number.abs() {
        0.0 => 0,
        size if size < 0.1 => 4,
        size if size < 10.0 => 3,
        size if size < 1_000.0 => 1,
        _ => 0,
    };
    let text = format!("{number:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Target;

    fn rows() -> Vec<Row> {
        let row = |system: &str, measured: f64| {
            let mut row = Row {
                scenario: "light-keys".to_owned(),
                system: system.to_owned(),
                ..Row::default()
            };
            row.set("p50_ms", measured);
            row.targets.push(Target {
                what: "p50_ms".to_owned(),
                measured,
                demand: Demand::AtMost(5.0),
            });
            row
        };
        vec![row("one", 4.75), row("other", 5.25)]
    }

    #[test]
    fn a_figure_that_a_row_lacks_is_a_dash() {
        let text = table(&rows());
        assert!(text.contains(" 4.750 |"), "{text}");
        assert!(text.contains(" - |"), "{text}");
    }

    #[test]
    fn a_missed_target_is_easy_to_see() {
        let text = targets(&rows());
        let line = |system| text.lines().find(|line| line.contains(system)).unwrap();
        assert!(line("| one ").ends_with("met    |"), "{text}");
        assert!(line("| other ").ends_with("MISSED |"), "{text}");
        assert_eq!(met(&rows()), (1, 2));
    }

    #[test]
    fn numbers_keep_what_says_something() {
        for (number, text) in [
            (0.0, "0"),
            (0.011_74, "0.0117"),
            (1.25, "1.25"),
            (2.0, "2"),
            (499.96, "500"),
            (20_512.4, "20512"),
        ] {
            assert_eq!(short(number), text);
        }
    }
}
