//! The command line: `tests/chaos` passes on what it was told.

use std::path::PathBuf;
use std::process::ExitCode;

use ::tests::Result;
use chaos::output::{complain, conclude, show};
use clap::{Args, Parser, Subcommand};

use crate::{crash, history, soak};

/// What a run came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    pub(crate) steps: u64,
    pub(crate) faults: u64,
    pub(crate) violations: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, other: Self) {
        self.steps = self.steps.saturating_add(other.steps);
        self.faults = self.faults.saturating_add(other.faults);
        self.violations = self.violations.saturating_add(other.violations);
    }
}

/// Tollgate's hard limits under fire, on real stores. `tests/chaos` starts what this needs.
#[derive(Debug, Parser)]
#[command(name = "live")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Concurrent clients on each store that there is.
    History(Amount),
    /// The real binary, killed at random moments.
    Crash(Amount),
    /// The real binary under load for a long time, and clients and functions that mean harm.
    Soak(Time),
}

#[derive(Debug, Args)]
struct Time {
    /// The seed of the run; without it a new one.
    #[arg(long)]
    seed: Option<u64>,
    /// How long the load lasts, in minutes.
    #[arg(long, default_value_t = soak::MINUTES, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// Another `tollgate` than the one that Cargo builds by itself.
    #[arg(long)]
    binary: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Amount {
    /// The seed of the run; without it a new one.
    #[arg(long)]
    seed: Option<u64>,
    /// How many decisions on each store, or how many kills.
    #[arg(long)]
    steps: Option<u64>,
}

/// Does what the words after the program's name ask for.
pub(crate) fn main() -> ExitCode {
    match run(&Cli::parse().what) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(failure) => {
            complain(&format!("chaos: {failure}"));
            ExitCode::from(2)
        }
    }
}

/// How many promises were broken.
fn run(what: &What) -> Result<u64> {
    let (What::History(Amount { seed, .. })
    | What::Crash(Amount { seed, .. })
    | What::Soak(Time { seed, .. })) = what;
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    show(&format!("seed {seed}"))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let (name, sum) = match what {
        What::History(Amount { steps, .. }) => {
            let steps = steps.unwrap_or(history::STEPS);
            ("history", runtime.block_on(history::run(seed, steps))?)
        }
        What::Crash(Amount { steps, .. }) => {
            let kills = steps.unwrap_or(crash::KILLS);
            ("crash", runtime.block_on(crash::run(seed, kills))?)
        }
        What::Soak(Time {
            minutes, binary, ..
        }) => {
            let run = soak::run(seed, *minutes, binary.clone());
            ("soak", runtime.block_on(run)?)
        }
    };
    conclude(name, sum.steps, sum.faults, sum.violations)?;
    Ok(sum.violations)
}
