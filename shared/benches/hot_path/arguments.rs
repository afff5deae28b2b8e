//! What the benchmark is asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Outcome;
use super::measure::Budget;
use super::subject::Scenario;

pub(crate) const HELP: &str = "\
Measures decisions from the value in a header on, beside governor's keyed check.

Usage: cargo bench -p tollgate --bench hot_path -- [OPTIONS]

Options:
  --quick            a fifth of the time, for a first look
  --json FILE        write a row for each measurement to FILE
  --scenario NAME    only what contains NAME, such as `refused` or `tollgate admitted`
  --keys N           only with N keys
  --threads N        only with N threads
  --decisions N      N decisions on each thread, once, instead of a time: for profilers
  --help             this text

Examples:
  cargo bench -p tollgate --bench hot_path -- --quick --json hot_path.json
  cargo bench -p tollgate --bench hot_path -- --scenario \"tollgate refused\" --keys 1 --threads 1 --decisions 100000
";

const KEYS: [usize; 3] = [1, 1_000, 1_000_000];
const THREADS: [usize; 2] = [1, 2];

#[derive(Debug, Default)]
pub(crate) struct Arguments {
    is_quick: bool,
    json: Option<PathBuf>,
    scenario: String,
    keys: Option<usize>,
    threads: Option<usize>,
    decisions: Option<u64>,
}

impl Arguments {
    /// `None` when only the help is asked for.
    pub(crate) fn read() -> Outcome<Option<Self>> {
        let mut read = Self::default();
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
            match name.as_str() {
                // Cargo says so to every benchmark.
                "--bench" => {}
                "--help" | "-h" => return Ok(None),
                "--quick" => read.is_quick = true,
                "--json" => read.json = Some(value()?.into()),
                "--scenario" => read.scenario = value()?,
                "--keys" => read.keys = Some(value()?.parse()?),
                "--threads" => read.threads = Some(value()?.parse()?),
                "--decisions" => read.decisions = Some(value()?.parse()?),
                _ => return Err(format!("{name} is not known: see --help").into()),
            }
        }
        Ok(Some(read))
    }

    pub(crate) fn json(&self) -> Option<&Path> {
        self.json.as_deref()
    }

    pub(crate) fn scenarios(&self) -> impl Iterator<Item = Scenario> {
        let name = |scenario: &Scenario| format!("{} {}", scenario.system(), scenario.name());
        let is_wanted = move |scenario: &Scenario| name(scenario).contains(&self.scenario);
        Scenario::ALL.into_iter().filter(is_wanted)
    }

    pub(crate) fn keys_of(&self, scenario: Scenario) -> Vec<usize> {
        let counts = self.keys.map_or(KEYS.to_vec(), |keys| vec![keys]);
        let is_possible = |count: &usize| scenario.is_remembered() || *count == 1;
        counts.into_iter().filter(is_possible).collect()
    }

    pub(crate) fn threads(&self) -> Vec<usize> {
        self.threads.map_or(THREADS.to_vec(), |count| vec![count])
    }

    /// How often each measurement is made.
    pub(crate) fn runs(&self) -> usize {
        if self.decisions.is_some() { 1 } else { 5 }
    }

    /// When one run ends.
    pub(crate) fn budget(&self) -> Budget {
        match (self.decisions, self.is_quick) {
            (Some(decisions), _) => Budget::Decisions(decisions),
            (None, true) => Budget::Time(Duration::from_millis(100)),
            (None, false) => Budget::Time(Duration::from_millis(500)),
        }
    }
}
