//! From what callers saw and what the proxy billed to the figures of a row.

use ::tests::Bill;

use crate::records::{Outcome, Record};
use crate::row::Row;
use crate::scenario::{Scenario, Setting};
use crate::statistics::{Allowance, float, percentile, seconds, worst_window};
use crate::system::System;
use crate::task::Plan;

/// The row of one repetition: `records` are the checks that are timed and held to the bound, `billed` those that the bill is of.
pub(crate) fn row(
    (scenario, system): (Scenario, System),
    setting: &Setting,
    records: &[Record],
    (billed, bill): (&[Record], &Bill),
) -> Row {
    let mut row = Row {
        scenario: scenario.name().to_owned(),
        system: system.name().to_owned(),
        ..Row::default()
    };
    row.set("callers", float(setting.callers));
    times(&mut row, records);
    let took_s = row.figure("seconds").unwrap_or(0.0);
    let admitted = count(records, Outcome::Admitted);
    row.set("failed", count(records, Outcome::Failed));
    row.set("admitted", admitted);
    // Many keys have a bound each, and are not counted one by one.
    if setting.keys == 1 {
        let bound = bound(setting.plan, took_s);
        row.set("bound", bound);
        row.set("over", (admitted - bound).max(0.0));
        row.set("admitted_share", admitted / bound);
    }
    if scenario.checks_windows() {
        let worst = worst_window(records, allowance(setting.plan));
        row.set("over_window", worst.floor());
    }
    consumed(&mut row, bill, billed);
    row
}

/// How long checks took.
pub(crate) fn times(row: &mut Row, records: &[Record]) {
    let start_ns = records.iter().map(|record| record.start_ns).min();
    let end_ns = records.iter().map(Record::end_ns).max();
    let took_ns = end_ns.unwrap_or(0).saturating_sub(start_ns.unwrap_or(0));
    let took_s = seconds(took_ns);
    let mut each_ns: Vec<u64> = records.iter().map(|record| record.took_ns).collect();
    each_ns.sort_unstable();
    let ms = |thousandths| seconds(percentile(&each_ns, thousandths).unwrap_or(0)) * 1e3;
    row.set("seconds", took_s);
    row.set("checks", float(records.len()));
    row.set("checks_per_s", float(records.len()) / took_s);
    row.set("p50_ms", ms(500));
    row.set("p99_ms", ms(990));
}

/// What the requests to the store cost for each check and each admission.
fn consumed(row: &mut Row, bill: &Bill, billed: &[Record]) {
    let (checks, admitted) = (float(billed.len()), count(billed, Outcome::Admitted));
    let number = |requests: u64| u32::try_from(requests).map_or(f64::MAX, f64::from);
    let requests = number(bill.total());
    let writes = [
        "UpdateItem",
        "PutItem",
        "DeleteItem",
        "TransactWriteItems",
        "BatchWriteItem",
    ]
    .iter()
    .filter_map(|operation| bill.requests.get(*operation).copied())
    .sum();
    row.set("requests_per_check", requests / checks);
    row.set("writes_per_check", number(writes) / checks);
    row.set("wcu_per_check", bill.write_units / checks);
    row.set("rcu_per_check", bill.read_units / checks);
    row.set("requests_per_admission", requests / admitted);
    row.set("wcu_per_admission", bill.write_units / admitted);
    row.set(
        "failed_conditions_per_check",
        number(bill.failed_conditions) / checks,
    );
    for (operation, requests) in &bill.requests {
        row.operations.insert(operation.clone(), number(*requests));
    }
}

fn count(records: &[Record], outcome: Outcome) -> f64 {
    let same = records.iter().filter(|record| record.outcome == outcome);
    float(same.count())
}

fn allowance(plan: Plan) -> Allowance {
    let number = |number: u64| u32::try_from(number).map_or(f64::MAX, f64::from);
    match plan.quota_per_day {
        Some(quota) => Allowance {
            burst: number(quota),
            rate_per_s: 0.0,
        },
        None => Allowance {
            burst: number(plan.burst),
            rate_per_s: number(plan.rate_per_s),
        },
    }
}

/// The most that may be admitted from the first check to the last answer.
fn bound(plan: Plan, took_s: f64) -> f64 {
    allowance(plan).within(took_s).floor()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_row_says_what_was_admitted_and_what_each_admission_cost() {
        let setting = Scenario::Saturated16.setting(true);
        // 210 admissions and 90 refusals in one second, of which the plan allows 200.
        let records: Vec<_> = (0..300)
            .map(|number| Record {
                start_ns: SECOND + u64::from(number == 299) * SECOND / 2,
                took_ns: SECOND / 2,
                outcome: if number % 10 < 7 {
                    Outcome::Admitted
                } else {
                    Outcome::Refused
                },
            })
            .collect();
        let bill = Bill {
            requests: [("UpdateItem".to_owned(), 450), ("GetItem".to_owned(), 150)].into(),
            write_units: 420.0,
            read_units: 75.0,
            failed_conditions: 240,
        };
        let measured = (Scenario::Saturated16, System::TwoForm);
        let row = row(measured, &setting, &records, (&records, &bill));
        for (name, value) in [
            ("callers", 16.0),
            ("seconds", 1.0),
            ("checks_per_s", 300.0),
            ("p50_ms", 500.0),
            ("admitted", 210.0),
            ("bound", 200.0),
            ("over", 10.0),
            ("requests_per_check", 2.0),
            ("writes_per_check", 1.5),
            ("wcu_per_check", 1.4),
            ("rcu_per_check", 0.25),
            ("wcu_per_admission", 2.0),
        ] {
            let figure = row.figure(name).unwrap();
            assert!((figure - value).abs() < 1e-9, "{name} is {figure}");
        }
        assert_eq!(row.operations.get("GetItem"), Some(&150.0));
    }

    #[test]
    fn a_bill_is_shared_by_all_checks_that_it_is_of() {
        let setting = Scenario::Paced.setting(true);
        let record = |start_ns| Record {
            start_ns,
            took_ns: SECOND,
            outcome: Outcome::Admitted,
        };
        let all = [record(SECOND), record(2 * SECOND), record(3 * SECOND)];
        let bill = Bill {
            requests: [("UpdateItem".to_owned(), 6)].into(),
            write_units: 6.0,
            ..Bill::default()
        };
        let measured = (Scenario::Paced, System::TwoForm);
        let [_, timed @ ..] = &all;
        let row = row(measured, &setting, timed, (&all, &bill));
        assert_eq!(row.figure("checks"), Some(2.0));
        assert_eq!(row.figure("seconds"), Some(2.0));
        assert_eq!(row.figure("requests_per_check"), Some(2.0));
    }

    #[test]
    fn the_bound_of_a_quota_does_not_grow() {
        let plan = Scenario::Quota500.setting(true).plan;
        assert!((bound(plan, 3.0) - 500.0).abs() < 1e-9);
    }
}
