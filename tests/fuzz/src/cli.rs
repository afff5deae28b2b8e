//! The command line: `tests/chaos` passes on what it was told.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use chaos::output::{complain, conclude, show};
use clap::{Args, Parser, Subcommand};
use tests::Result;

use crate::campaign::{Campaign, Sum};
use crate::case;
use crate::corpus;
use crate::flight::Flight;
use crate::target::{ALL, Target};

/// How many inputs each of the cheap targets reads, when it is not said.
const STEPS: u64 = 200_000;

/// After this long without a new case, the one that runs never ends.
const HANG: Duration = Duration::from_mins(1);

/// The stack of a thread that serves requests, in bytes: what nests too deeply must not need more.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Tollgate's readers under fire. `tests/chaos` starts what this needs.
#[derive(Debug, Parser)]
#[command(name = "fuzz")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Inputs that nobody would send in earnest.
    Fuzz(Amount),
}

#[derive(Clone, Debug, Args)]
struct Amount {
    /// The seed of the run; without it a new one.
    #[arg(long)]
    seed: Option<u64>,
    /// How many inputs each target reads. Those that cost more read fewer.
    #[arg(long, default_value_t = STEPS)]
    steps: u64,
    /// Only targets of which the name has this part.
    #[arg(long)]
    only: Option<String>,
    /// Reads this one file and nothing else.
    #[arg(long, requires = "only")]
    input: Option<PathBuf>,
}

/// Does what the words after the program's name ask for.
pub fn main() -> ExitCode {
    let What::Fuzz(amount) = Cli::parse().what;
    match run(amount) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(failure) => {
            complain(&format!("chaos: {failure}"));
            ExitCode::from(2)
        }
    }
}

/// How many promises were broken.
fn run(amount: Amount) -> Result<u64> {
    let flight = Arc::new(Flight::start()?);
    let of_thread = Arc::clone(&flight);
    let (ended, end) = mpsc::channel();
    thread::Builder::new()
        .name("fuzz".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let sum = run_all(&amount, &of_thread).map_err(|failure| failure.to_string());
            // Nobody waits any more when a case before was given up.
            let _ = ended.send(sum);
        })?;
    let mut cases = 0;
    loop {
        match end.recv_timeout(HANG) {
            Ok(sum) => {
                flight.end()?;
                let sum = sum?;
                conclude("fuzz", sum.steps, sum.faults, sum.violations)?;
                return Ok(sum.violations);
            }
            Err(RecvTimeoutError::Disconnected) => return Err("a case ended the thread".into()),
            Err(RecvTimeoutError::Timeout) if flight.cases() == cases => {
                show(&format!(
                    "a case does not end: its input is in {}",
                    flight.path().display()
                ))?;
                conclude("fuzz", cases, 0, 1)?;
                return Ok(1);
            }
            Err(RecvTimeoutError::Timeout) => cases = flight.cases(),
        }
    }
}

fn run_all(amount: &Amount, flight: &Flight) -> Result<Sum> {
    let is_meant = |target: &&Target| {
        amount
            .only
            .as_ref()
            .is_none_or(|part| target.name.contains(part.as_str()))
    };
    let targets: Vec<&Target> = ALL.iter().filter(is_meant).collect();
    if targets.is_empty() {
        let names: Vec<&str> = ALL.iter().map(|target| target.name).collect();
        return Err(format!("no target is meant; there are {}", names.join(", ")).into());
    }
    if let Some(path) = &amount.input {
        return run_file(&targets, path, flight);
    }
    let seed = amount.seed.unwrap_or_else(|| fastrand::u64(..));
    show(&format!(
        "seed {seed}; the input in the air is in {}",
        flight.path().display()
    ))?;
    let mut sum = Sum::default();
    for target in targets {
        sum.add(run_target(target, seed, amount.steps, flight)?);
    }
    Ok(sum)
}

fn run_target(target: &Target, seed: u64, steps: u64, flight: &Flight) -> Result<Sum> {
    let mut campaign = Campaign::new(target, seed, Some(flight));
    for (_, input) in corpus::inputs(target.name)? {
        campaign.read(&input)?;
    }
    campaign.run(steps / target.weight)?;
    let (sum, found) = campaign.end();
    for found in found {
        show(&format!(
            "{}: seed {seed}: {}: the input, {} bytes, is in {}",
            target.name,
            found.violation,
            found.input.len(),
            found.save(target.name)?.display()
        ))?;
    }
    show(&format!(
        "{}: {} inputs, {} refused, {} violations",
        target.name, sum.steps, sum.faults, sum.violations
    ))?;
    Ok(sum)
}

fn run_file(targets: &[&Target], path: &PathBuf, flight: &Flight) -> Result<Sum> {
    let input = std::fs::read(path)?;
    flight.begin(&input)?;
    let mut sum = Sum::default();
    for target in targets {
        let (faults, violations, told) = match case::run(target, &input) {
            Ok(crate::target::Seen::Taken(_)) => (0, 0, "taken".to_owned()),
            Ok(crate::target::Seen::Refused(_)) => (1, 0, "refused".to_owned()),
            Err(violation) => (0, 1, violation.to_string()),
        };
        show(&format!("{}: {told}", target.name))?;
        sum.add(Sum {
            steps: 1,
            faults,
            violations,
        });
    }
    Ok(sum)
}
