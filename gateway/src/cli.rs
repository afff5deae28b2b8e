//! The command line of `tollgate`.
//!
//! Each command is a module with its arguments and one function. Data goes to stdout, prose to stderr; the exit code is 0 when it is
//! done, 1 when it was refused (not found, a conflict, a confirmation declined), and 2 when the command is wrong or something failed.

mod alerts;
mod api_gateway;
mod capacity;
pub mod confirm;
mod connect;
mod connection;
mod console;
mod document;
pub mod environment;
mod explain;
mod export;
pub mod failure;
mod file;
mod import;
mod invoke;
mod keys;
pub mod output;
mod plan_source;
mod plans;
mod reference;
mod replay;
mod session;
mod simulate;
mod start_api;
mod template_options;
mod usage;

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};
use tollgate::time::{Clock, SystemClock, Timestamp};

use confirm::{AtTerminal, Operator};
use connect::Connect;
use connection::{ConnectionOptions, PepperUse};
use console::ServeConsole;
use environment::Environment;
use explain::Explain;
use export::Export;
use failure::{Exit, Failure};
use import::Import;
use invoke::Invoke;
use output::{Coloring, Printer};
use session::Session;
use start_api::StartApi;

use crate::management::{Management, Remote, Table};

const EXAMPLES: &str = "\
Examples:
  tollgate start-api
  tollgate invoke UsersFunction -e events/users-create.json --with-sample-plan
  tollgate keys create joe-black --plan Bronze
  tollgate usage joe-black
  tollgate explain GET /users --key -
  tollgate import --from-api-gateway --dry-run
  tollgate console --table tollgate-prod --region eu-west-1
  tollgate plans list --table tollgate-prod --region eu-west-1
  tollgate plans list --url https://abc123.lambda-url.eu-west-1.on.aws

Without --url, --table and --endpoint-url, commands work on the local gateway's table.
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
    Invoke(Invoke),
    Connect(Connect),
    Console(ServeConsole),
    /// Creates, shows, changes and deletes API keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Creates, shows, changes and deletes usage plans
    #[command(subcommand)]
    Plans(plans::Command),
    Usage(usage::Arguments),
    Explain(Explain),
    Alerts(alerts::Arguments),
    Replay(replay::Arguments),
    Simulate(simulate::Arguments),
    Capacity(capacity::Arguments),
    Import(Import),
    Export(Export),
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
    let (connection, environment) = (&cli.connection, &surroundings.environment);
    let command = match &cli.command {
        Command::StartApi(arguments) => {
            return Box::pin(arguments.run(connection, environment, printer)).await;
        }
        Command::Invoke(arguments) => {
            return arguments.run(connection, environment, printer).await;
        }
        Command::Connect(arguments) => {
            return arguments
                .run(connection, environment, &surroundings.clock, printer)
                .await;
        }
        Command::Console(arguments) => {
            return arguments.run(connection, environment, printer).await;
        }
        Command::Import(arguments) => {
            return arguments.run(connection, printer, surroundings).await;
        }
        Command::Export(arguments) => {
            return arguments.run(connection, printer, surroundings).await;
        }
        Command::Explain(arguments) => {
            return arguments
                .run(connection, environment, &surroundings.clock, printer)
                .await;
        }
        Command::Replay(arguments) => {
            return arguments.run(connection, surroundings, printer).await;
        }
        Command::Simulate(arguments) => {
            return arguments.run(connection, surroundings, printer).await;
        }
        Command::Capacity(arguments) => {
            return arguments.run(connection, surroundings, printer).await;
        }
        Command::Keys(command) => {
            if let Some(done) = command.run_alone(printer).await {
                return done;
            }
            Managing::Keys(command)
        }
        Command::Plans(command) => Managing::Plans(command),
        Command::Usage(arguments) => {
            if let Some(export) = arguments.export()
                && connection.named_url(environment)?.is_none()
            {
                let clock = &surroundings.clock;
                return Box::pin(export.run(connection, environment, clock, printer)).await;
            }
            Managing::Usage(arguments)
        }
        Command::Alerts(arguments) => {
            return Box::pin(arguments.run(connection, environment, printer)).await;
        }
    };
    let now = surroundings.clock.now();
    if let Some(url) = connection.named_url(environment)? {
        command.check_for_url()?;
        let client = connection.connect(url, &surroundings.clock).await?;
        return command
            .run(&Remote::new(client), now, printer, surroundings)
            .await;
    }
    let (store, place) = connection.open(environment, command.pepper_use()).await?;
    command
        .run(&Table::new(store, now), now, printer, surroundings)
        .await
        .map_err(|failure| failure.told_by(|error| place.tell(error)))
}

/// A command that works on keys and plans, wherever they are.
#[derive(Clone, Copy)]
enum Managing<'a> {
    Keys(&'a keys::Command),
    Plans(&'a plans::Command),
    Usage(&'a usage::Arguments),
}

impl Managing<'_> {
    const fn pepper_use(self) -> PepperUse {
        match self {
            Self::Keys(command) => command.pepper_use(),
            Self::Plans(_) | Self::Usage(_) => PepperUse::None,
        }
    }

    /// Refuses what a management API does not know.
    fn check_for_url(self) -> Result<(), Failure> {
        match self {
            Self::Keys(command) => command.check_for_url(),
            Self::Plans(_) | Self::Usage(_) => Ok(()),
        }
    }

    async fn run<R: Management>(
        self,
        registry: &R,
        now: Timestamp,
        printer: &Printer,
        surroundings: &Surroundings,
    ) -> Result<(), Failure> {
        let session = Session {
            registry,
            printer,
            operator: &*surroundings.operator,
            now,
        };
        match self {
            Self::Keys(command) => keys::run(&session, command).await,
            Self::Plans(command) => plans::run(&session, command).await,
            Self::Usage(arguments) => usage::run(&session, arguments).await,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
