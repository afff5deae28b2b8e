//! What is demanded of Tollgate in each scenario.

use crate::row::{Demand, Row, Target};
use crate::scenario::Scenario;
use crate::system::System;

/// How far the clocks of the two halves are apart, in seconds, times the rate: what a limit may be exceeded by for it.
const SKEW_ALLOWANCE: f64 = 0.2 * 100.0;

/// Writes what is demanded of Tollgate's rows into them.
pub(crate) fn set(scenario: Scenario, rows: &mut [Row]) {
    let others: Vec<Row> = rows
        .iter()
        .filter(|row| !is_tollgate(row))
        .cloned()
        .collect();
    let bare = others
        .iter()
        .find(|row| row.system == System::BareUpdate.name());
    for row in rows.iter_mut().filter(|row| is_tollgate(row)) {
        let Ok(system) = System::try_from(row.system.clone()) else {
            continue;
        };
        let targets = match scenario {
            Scenario::LimitNeverReached => {
                let most = match system {
                    System::LeasesOf10 => 0.12,
                    System::LeasesOf100 => 0.012,
                    _ => 1.25,
                };
                let mut targets = vec![
                    Target::of(row, "requests_per_check", Demand::AtMost(most)),
                    Target::of(row, "wcu_per_check", Demand::AtMost(most)),
                ];
                targets.extend(ahead(row, system, &others));
                targets
            }
            Scenario::Paced => ahead(row, system, &others),
            Scenario::OneLimiterShared => {
                vec![Target::of(row, "requests_per_check", Demand::AtMost(0.1))]
            }
            Scenario::LightKeys => vec![Target::of(row, "writes_per_check", Demand::AtMost(1.1))],
            Scenario::Saturated16 => saturated(row, system, &others, 2.0),
            Scenario::Saturated64 => saturated(row, system, &others, 3.0),
            Scenario::Quota500 => vec![Target::of(row, "admitted", Demand::Exactly(500.0))],
            Scenario::SkewedClocks => vec![
                Target::of(row, "over", Demand::AtMost(SKEW_ALLOWANCE)),
                Target::of(row, "over_window", Demand::AtMost(SKEW_ALLOWANCE)),
            ],
            Scenario::ExactPath => vec![
                ratio(row, bare, "cpu_us_per_check", 1.15),
                ratio(row, bare, "p50_ms", 1.05),
            ],
        };
        row.targets = targets.into_iter().flatten().collect();
    }
}

fn is_tollgate(row: &Row) -> bool {
    System::try_from(row.system.clone()).is_ok_and(|system| system.leases().is_some())
}

/// What a check costs, beside the best of the others in each.
fn ahead(row: &Row, system: System, others: &[Row]) -> Vec<Option<Target>> {
    if !system.charges_in_advance() {
        return Vec::new();
    }
    ["requests_per_check", "wcu_per_check", "p50_ms", "p99_ms"]
        .iter()
        .map(|cost| least_of_all(row, others, cost))
        .collect()
}

fn saturated(row: &Row, system: System, others: &[Row], most_wcu: f64) -> Vec<Option<Target>> {
    let mut targets = vec![
        Target::of(row, "over", Demand::AtMost(0.0)),
        Target::of(row, "over_window", Demand::AtMost(0.0)),
        Target::of(row, "admitted_share", Demand::AtLeast(0.98)),
    ];
    if system.charges_in_advance() {
        targets.push(Target::of(
            row,
            "wcu_per_admission",
            Demand::AtMost(most_wcu),
        ));
        let costs = ["requests_per_admission", "wcu_per_admission"];
        targets.extend(costs.iter().map(|cost| least_of_all(row, others, cost)));
        targets.push(most_of_all(row, others, "admitted_share"));
    }
    targets
}

/// A figure beside the best of the others.
fn least_of_all(row: &Row, others: &[Row], name: &str) -> Option<Target> {
    let others = others.iter().filter_map(|other| other.figure(name));
    let least = others.min_by(f64::total_cmp)?;
    Some(Target {
        what: format!("{name} beside the best of the others"),
        measured: row.figure(name)?,
        demand: Demand::AtMost(least),
    })
}

/// A figure beside the most of those others that have kept to the bound.
fn most_of_all(row: &Row, others: &[Row], name: &str) -> Option<Target> {
    let keeps = |other: &&Row| {
        ["over", "over_window"]
            .iter()
            .all(|excess| other.figure(excess).is_none_or(|excess| excess <= 0.0))
    };
    let others = others.iter().filter(keeps);
    let most = others
        .filter_map(|other| other.figure(name))
        .max_by(f64::total_cmp)?;
    Some(Target {
        what: format!("{name} beside the best of the others that kept to the bound"),
        measured: row.figure(name)?,
        demand: Demand::AtLeast(most),
    })
}

fn ratio(row: &Row, bare: Option<&Row>, name: &str, most: f64) -> Option<Target> {
    let bare = bare?.figure(name)?;
    Some(Target {
        what: format!("{name} as a multiple of a bare UpdateItem"),
        measured: row.figure(name)? / bare,
        demand: Demand::AtMost(most),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(scenario: Scenario, system: System, figures: &[(&str, f64)]) -> Row {
        let mut row = Row {
            scenario: scenario.name().to_owned(),
            system: system.name().to_owned(),
            ..Row::default()
        };
        for (name, value) in figures {
            row.set(name, *value);
        }
        row
    }

    #[test]
    fn tollgate_is_compared_with_the_best_of_the_others() {
        let scenario = Scenario::LimitNeverReached;
        let mut rows = [
            row(scenario, System::ZaeLimiter, &[("p50_ms", 50.0)]),
            row(scenario, System::TwoForm, &[("p50_ms", 8.0)]),
            row(scenario, System::LeasesOf10, &[("p50_ms", 9.0)]),
        ];
        set(scenario, &mut rows);
        let [peer, _, tollgate] = &rows;
        assert!(peer.targets.is_empty());
        let [target] = tollgate.targets.as_slice() else {
            panic!("{:?}", tollgate.targets);
        };
        assert_eq!(target.demand, Demand::AtMost(8.0));
        assert!(!target.is_met());
    }

    #[test]
    fn who_exceeds_the_bound_is_nobody_to_keep_up_with() {
        let scenario = Scenario::Saturated16;
        let share = |system, share, over| {
            row(
                scenario,
                system,
                &[("admitted_share", share), ("over_window", over)],
            )
        };
        let mut rows = [
            share(System::RateLimiterFlexible, 1.1, 60.0),
            share(System::ZaeLimiter, 0.5, 0.0),
            share(System::LeasesOf10, 0.99, 0.0),
        ];
        set(scenario, &mut rows);
        let [_, _, tollgate] = &rows;
        let demands: Vec<_> = tollgate
            .targets
            .iter()
            .filter(|target| target.what.starts_with("admitted_share"))
            .map(|target| target.demand)
            .collect();
        assert_eq!(demands, [Demand::AtLeast(0.98), Demand::AtLeast(0.5)]);
    }

    #[test]
    fn the_exact_path_is_a_multiple_of_a_bare_update() {
        let scenario = Scenario::ExactPath;
        let mut rows = [
            row(
                scenario,
                System::BareUpdate,
                &[("cpu_us_per_check", 100.0), ("p50_ms", 5.0)],
            ),
            row(
                scenario,
                System::LeasesOff,
                &[("cpu_us_per_check", 110.0), ("p50_ms", 5.5)],
            ),
        ];
        set(scenario, &mut rows);
        let [_, tollgate] = &rows;
        let met: Vec<_> = tollgate.targets.iter().map(Target::is_met).collect();
        assert_eq!(met, [true, false]);
    }
}
