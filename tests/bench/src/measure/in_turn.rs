//! Tollgate's exact path in turn with bare updates: one program measures both, and is given the requests that it repeats.

use std::path::Path;

use ::tests::{Bill, CountingProxy, Result};

use super::take_records;
use crate::exact_path;
use crate::figures;
use crate::program::Program;
use crate::row::Row;
use crate::scenario::{Scenario, Setting};
use crate::statistics::seconds;
use crate::system::System;
use crate::task::{DONE, Task};

/// The rows of the bare update and of Tollgate, which one program has measured in turn.
pub(super) async fn rows(
    mut program: Program,
    task: &Task,
    proxy: &CountingProxy,
    setting: &Setting,
) -> Result<Vec<Row>> {
    let (mut exact_bill, mut bare_bill) = (Bill::default(), Bill::default());
    proxy.take_asked();
    program.tell("go").await?;
    let mut is_warm = false;
    loop {
        let said = program.hear().await?;
        let bill = proxy.take_bill();
        let asked = proxy.take_asked();
        match said.as_str() {
            exact_path::AFTER_TOLLGATE => {
                let updates = asked.iter().filter(|asked| asked.operation == "UpdateItem");
                let bodies: Vec<_> = updates
                    .map(|asked| String::from_utf8_lossy(&asked.body))
                    .collect();
                if is_warm {
                    exact_bill.append(bill);
                }
                program.tell(&format!("[{}]", bodies.join(","))).await?;
            }
            exact_path::AFTER_BARE => {
                if is_warm {
                    bare_bill.append(bill);
                }
                is_warm = true;
            }
            DONE => break,
            other => return Err(format!("not expected: {other}").into()),
        }
    }
    program.end().await?;
    let spent = std::fs::read_to_string(exact_path::spent_file(&task.records_file))?;
    let spent: exact_path::Spent = serde_json::from_str(&spent)?;
    let bare_file = exact_path::bare_records(&task.records_file);
    let row = |system, file: &Path, bill: &Bill, spent_ns| -> Result<Row> {
        let seen = take_records(file)?;
        let measured = (Scenario::ExactPath, system);
        let mut row = figures::row(measured, setting, &seen, (&seen, bill));
        let checks = row.figure("checks").unwrap_or(0.0);
        row.set("cpu_us_per_check", seconds(spent_ns) * 1e6 / checks);
        Ok(row)
    };
    let bare = row(System::BareUpdate, &bare_file, &bare_bill, spent.bare_ns)?;
    let file = &task.records_file;
    let exact = row(System::LeasesOff, file, &exact_bill, spent.tollgate_ns)?;
    Ok(vec![bare, exact])
}
