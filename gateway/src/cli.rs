//! The command line of `tollgate`.
//!
//! Each command is a module with its arguments and one function. Data goes to stdout, prose to stderr; the exit code is 0 when it is
//! done, 1 when it was refused (not found, a conflict, a confirmation declined), and 2 when the command is wrong or something failed.

pub mod confirm;
mod connection;
mod document;
pub mod environment;
pub mod failure;
mod keys;
pub mod output;
mod plans;
mod reference;
mod session;
mod start_api;
mod usage;

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};
use tollgate::time::{Clock, SystemClock};

use confirm::{AtTerminal, Operator};
use connection::{ConnectionOptions, PepperUse};
use environment::Environment;
use failure::{Exit, Failure};
use output::{Coloring, Printer};
use session::Session;
use start_api::StartApi;

const EXAMPLES: &str = "\
Examples:
  tollgate start-api
  tollgate keys create joe-black --plan Bronze
  tollgate usage joe-black
  tollgate plans list --table tollgate-prod --region eu-west-1

Without --table and --endpoint-url, commands work on the local gateway's table.
Exit codes: 0 done, 1 refused, 2 wrong usage or failure.";

/// API keys and usage plans for AWS Lambda.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    connection: ConnectionOptions,
    /// Writes one JSON value to stdout, and nothing else there
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
    #[arg(
        long,
        global = true,
        help_heading = "Output",
        help = "When to write colours; NO_COLOR is honoured",
        value_name = "WHEN",
        default_value = "auto"
    )]
    color: ColorChoice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    StartApi(StartApi),
    /// Creates, shows, changes and deletes API keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Creates, shows, changes and deletes usage plans
    #[command(subcommand)]
    Plans(plans::Command),
    Usage(usage::Arguments),
}

/// What surrounds a command: in a test, all of it can be chosen.
#[derive(Clone)]
pub struct Surroundings {
    /// Where to write.
    pub printer: Printer,
    /// The environment's variables.
    pub environment: Environment,
    /// Who answers questions.
    pub operator: Arc<dyn Operator>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Surroundings {
    /// This process's streams, variables and terminal, and the system's clock.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            printer: Printer::of_process(),
            environment: Environment::of_process(),
            operator: Arc::new(AtTerminal),
            clock: Arc::new(SystemClock),
        }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("printer", &self.printer)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

/// Runs one command. The first argument is the program's name.
pub async fn run(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    surroundings: &Surroundings,
) -> Exit {
    let parsed = Cli::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return print_clap(&error, &surroundings.printer),
    };
    let coloring = match cli.color {
        ColorChoice::Auto => Coloring::Auto,
        ColorChoice::Always => Coloring::Always,
        ColorChoice::Never => Coloring::Never,
    };
    let printer = surroundings.printer.with_manners(coloring, cli.json);
    let outcome = execute(&cli, &printer, surroundings).await;
    let code = match &outcome {
        Ok(()) => Exit::Done,
        Err(failure) => {
            printer.failure(failure);
            failure.exit()
        }
    };
    match printer.finish() {
        Ok(()) => code,
        Err(error) => {
            let failure = Failure::failed("the output could not be written").caused_by(&error);
            printer.failure(&failure);
            failure.exit()
        }
    }
}

/// Help and versions are data; errors of usage are prose, and exit with 2.
fn print_clap(error: &clap::Error, printer: &Printer) -> Exit {
    let text = error.render().ansi().to_string();
    let text = text.trim_end();
    if error.use_stderr() {
        printer.note(text);
        Exit::Failed
    } else {
        printer.line(text);
        Exit::Done
    }
}

async fn execute(cli: &Cli, printer: &Printer, surroundings: &Surroundings) -> Result<(), Failure> {
    if let Some(name) = surroundings.environment.not_unicode.first() {
        return Err(Failure::failed(format!("{name} is not UTF-8 text"))
            .hint(format!("set {name} to text, or unset it")));
    }
    let pepper_use = match &cli.command {
        Command::StartApi(arguments) => {
            return arguments
                .run(&cli.connection, &surroundings.environment, printer)
                .await;
        }
        Command::Keys(command) => command.pepper_use(),
        Command::Plans(_) | Command::Usage(_) => PepperUse::None,
    };
    let (registry, place) = cli
        .connection
        .open(&surroundings.environment, pepper_use)
        .await?;
    let session = Session {
        registry: &registry,
        printer,
        operator: &*surroundings.operator,
        now: surroundings.clock.now(),
    };
    let outcome = match &cli.command {
        Command::StartApi(_) => Ok(()),
        Command::Keys(command) => keys::run(&session, command).await,
        Command::Plans(command) => plans::run(&session, command).await,
        Command::Usage(arguments) => usage::run(&session, arguments).await,
    };
    outcome.map_err(|failure| failure.told_by(|error| place.tell(error)))
}

#[cfg(test)]
pub(crate) mod tests;
