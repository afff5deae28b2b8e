//! The hot path, from the value in a request's header to the decision: decisions a second, allocations, and memory for each key that
//! is remembered. governor's keyed check runs beside it, with the same keys in the same order: it limits one process, in its memory.
//!
//! `cargo bench -p tollgate --bench hot_path -- --help` says what can be asked for.

mod arguments;
mod measure;
mod report;
mod subject;

use std::error::Error;
use std::process::ExitCode;

use arguments::Arguments;
use measure::Sample;
use report::Row;
use subject::{Scenario, Subject};
use tollgate::key::{EnvironmentLetter, KeyValue};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn values(count: usize) -> Outcome<Vec<String>> {
    let environment = EnvironmentLetter::of("bench");
    let value = |_| Ok(KeyValue::generate(environment)?.expose().to_owned());
    (0..count).map(value).collect()
}

/// All rows of one scenario: for each number of keys and of threads.
fn rows(scenario: Scenario, arguments: &Arguments) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for keys in arguments.keys_of(scenario) {
        let values = scenario.sent(values(keys)?);
        let subject = Subject::new(scenario, keys)?;
        // Every key is seen here for the first time, so that what is measured then is what every further request costs.
        let first = allocation_counter::measure(|| {
            for value in &values {
                subject.decide(value);
            }
        });
        let bytes_per_key = first.bytes_current.max(0).unsigned_abs();
        for threads in arguments.threads() {
            let samples: Vec<Sample> = (0..arguments.runs())
                .map(|_| measure::sample(&subject, &values, threads, arguments.budget()))
                .collect();
            rows.push(Row::new(scenario, keys, threads, bytes_per_key, samples));
        }
    }
    Ok(rows)
}

fn run() -> Outcome<ExitCode> {
    let Some(arguments) = Arguments::read()? else {
        report::print(arguments::HELP);
        return Ok(ExitCode::SUCCESS);
    };
    // A request that waits has a timer.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let _inside = runtime.enter();
    let mut all = Vec::new();
    for scenario in arguments.scenarios() {
        report::progress(&format!("{} {}", scenario.system(), scenario.name()));
        all.extend(rows(scenario, &arguments)?);
    }
    report::compare(&mut all);
    report::print(&report::table(&all));
    if let Some(path) = arguments.json() {
        std::fs::write(path, serde_json::to_string_pretty(&all)? + "\n")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        report::progress(&format!("error: {error}"));
        ExitCode::FAILURE
    })
}
