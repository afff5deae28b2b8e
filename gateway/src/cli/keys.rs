//! `keys`: API keys.

mod change;
mod create;
mod delete;
mod given_value;
mod limits;
mod list;
mod patterns;
mod rotate;
mod scan;
mod show;
mod tags;

use clap::Subcommand;
use tollgate::store::ApiKey;

use super::connection::PepperUse;
use super::document::KeyDocument;
use super::failure::Failure;
use super::output::Printer;
use super::reference::PlanNames;
use super::session::Session;
use crate::management::Management;

pub(super) use given_value::GivenValue;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Create(create::Arguments),
    List(list::Arguments),
    Show(show::Arguments),
    Enable(change::Enable),
    Disable(change::Disable),
    Update(change::Update),
    Rotate(rotate::Arguments),
    Delete(delete::Arguments),
    Scan(scan::Arguments),
    Patterns(patterns::Arguments),
}

impl Command {
    /// Whether the command hashes a value.
    pub(super) const fn pepper_use(&self) -> PepperUse {
        match self {
            Self::Create(_) | Self::Rotate(_) | Self::Scan(_) => PepperUse::Hashes,
            Self::List(_)
            | Self::Show(_)
            | Self::Enable(_)
            | Self::Disable(_)
            | Self::Update(_)
            | Self::Delete(_)
            | Self::Patterns(_) => PepperUse::None,
        }
    }

    /// Refuses the options that a management API does not know.
    pub(super) fn check_for_url(&self) -> Result<(), Failure> {
        match self {
            Self::Create(arguments) => arguments.check_for_url(),
            Self::List(_)
            | Self::Show(_)
            | Self::Enable(_)
            | Self::Disable(_)
            | Self::Update(_)
            | Self::Rotate(_)
            | Self::Delete(_)
            | Self::Scan(_)
            | Self::Patterns(_) => Ok(()),
        }
    }

    /// Runs the command, if it needs neither a table nor a management API.
    pub(super) async fn run_alone(&self, printer: &Printer) -> Option<Result<(), Failure>> {
        match self {
            Self::Scan(arguments) if !arguments.asks() => {
                Some(scan::run_alone(arguments, printer).await)
            }
            Self::Patterns(arguments) => {
                patterns::run(arguments, printer);
                Some(Ok(()))
            }
            Self::Create(_)
            | Self::List(_)
            | Self::Show(_)
            | Self::Enable(_)
            | Self::Disable(_)
            | Self::Update(_)
            | Self::Rotate(_)
            | Self::Delete(_)
            | Self::Scan(_) => None,
        }
    }
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    command: &Command,
) -> Result<(), Failure> {
    match command {
        Command::Create(arguments) => create::run(session, arguments).await,
        Command::List(arguments) => list::run(session, arguments).await,
        Command::Show(arguments) => show::run(session, arguments).await,
        Command::Enable(arguments) => change::enable(session, arguments).await,
        Command::Disable(arguments) => change::disable(session, arguments).await,
        Command::Update(arguments) => change::update(session, arguments).await,
        Command::Rotate(arguments) => rotate::run(session, arguments).await,
        Command::Delete(arguments) => delete::run(session, arguments).await,
        Command::Scan(arguments) => scan::run(session, arguments).await,
        Command::Patterns(arguments) => {
            patterns::run(arguments, session.printer);
            Ok(())
        }
    }
}

async fn document<R: Management>(
    session: &Session<'_, R>,
    key: &ApiKey,
) -> Result<KeyDocument, Failure> {
    let mut names = PlanNames::default();
    Ok(KeyDocument::read(session.registry, &mut names, key).await?)
}

/// Says that a key was changed; with `--json`, shows it as it is now.
async fn report<R: Management>(
    session: &Session<'_, R>,
    done: &str,
    key: &ApiKey,
) -> Result<(), Failure> {
    if session.printer.is_json() {
        session.printer.json(&document(session, key).await?);
    }
    session.note_about(done, key);
    Ok(())
}
