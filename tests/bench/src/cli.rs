//! The command line of the benchmark's program. People use `tests/bench/run`, which starts what it needs.

use std::path::PathBuf;
use std::process::ExitCode;

use ::tests::Result;
use clap::{Args, Parser, Subcommand};

use crate::callers;
use crate::hot_path;
use crate::measure::Bench;
use crate::output::{progress, show};
use crate::plot;
use crate::program::Peers;
use crate::report;
use crate::row;
use crate::scenario::Scenario;

/// Measures limits on DynamoDB. `tests/bench/run` starts the store and all else that this needs.
#[derive(Debug, Parser)]
#[command(name = "limits")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Given by `cargo bench`, and without effect.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs scenarios and writes their rows.
    Measure(Measure),
    /// Makes rows of what `cargo bench -p tollgate --bench hot_path -- --json FILE` has measured.
    HotPath(HotPath),
    /// Prints the table of all rows of a folder.
    Report(Report),
    /// Does the task that stands in the standard input: the callers of one measurement.
    Callers,
}

#[derive(Debug, Args)]
struct Measure {
    /// The URL of Amazon DynamoDB Local.
    #[arg(long)]
    endpoint: String,
    /// The folder with the callers of the peers.
    #[arg(long)]
    programs: PathBuf,
    /// The folder `node_modules` that the callers of rate-limiter-flexible need.
    #[arg(long)]
    node_modules: PathBuf,
    /// The Python in whose environment zae-limiter is.
    #[arg(long)]
    python: PathBuf,
    /// A folder for what is not kept.
    #[arg(long)]
    work_dir: PathBuf,
    /// The file for the rows, one a line.
    #[arg(long)]
    rows: PathBuf,
    /// The file for the rows of each repetition, one a line.
    #[arg(long)]
    raw: PathBuf,
    /// Only these scenarios.
    #[arg(long, value_delimiter = ',', value_parser = Scenario::of_name)]
    only: Vec<Scenario>,
    /// Less time for each.
    #[arg(long)]
    quick: bool,
    /// How often each measurement is repeated.
    #[arg(long, default_value_t = 1)]
    repetitions: u32,
}

#[derive(Debug, Args)]
struct HotPath {
    /// The file that the benchmark has written.
    #[arg(long)]
    json: PathBuf,
    /// The file for the rows, one a line.
    #[arg(long)]
    rows: PathBuf,
}

#[derive(Debug, Args)]
struct Report {
    /// The folder with files of rows.
    #[arg(long)]
    rows: PathBuf,
    /// A file for all rows, as an array of JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// A folder for plots.
    #[arg(long)]
    plots: Option<PathBuf>,
    /// Ends with the status 1 when a target is missed.
    #[arg(long)]
    strict: bool,
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(status) => status,
        Err(error) => {
            progress(&format!("limits: {error}"));
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Measure(measure) => measure.run()?,
        Command::HotPath(HotPath { json, rows }) => row::write(&rows, &hot_path::rows(&json)?)?,
        Command::Report(report) => return report.run(),
        Command::Callers => callers::run()?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Measure {
    fn run(self) -> Result<()> {
        let scenarios = if self.only.is_empty() {
            Scenario::ALL.to_vec()
        } else {
            self.only
        };
        let bench = Bench {
            endpoint: self.endpoint,
            peers: Peers {
                programs: self.programs,
                node_modules: self.node_modules,
                python: self.python,
            },
            work_dir: self.work_dir,
            quick: self.quick,
            repetitions: self.repetitions.max(1),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let measured = runtime.block_on(bench.measure(&scenarios))?;
        row::write(&self.rows, &measured.rows)?;
        row::write(&self.raw, &measured.raw)
    }
}

impl Report {
    fn run(self) -> Result<ExitCode> {
        let rows = row::read_all(&self.rows)?;
        if let Some(file) = &self.json {
            std::fs::write(file, serde_json::to_string_pretty(&rows)? + "\n")?;
        }
        if let Some(folder) = &self.plots {
            plot::write_all(folder, &rows)?;
        }
        show(&report::table(&rows))?;
        let (met, targets) = report::met(&rows);
        if targets > 0 {
            show(&format!(
                "\n{}\n\n{met} of {targets} targets are met",
                report::targets(&rows)
            ))?;
        }
        let is_missed = self.strict && met < targets;
        Ok(if is_missed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}
