//! `plans`: usage plans.

pub(super) mod create;
mod delete;
mod membership;
mod mode;
mod show;
pub(super) mod stages;
mod update;

use clap::Subcommand;

use super::document::PlanDocument;
use super::failure::Failure;
use super::session::{Session, named_plan};
use crate::management::{ManagedPlan, Management};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    List(show::List),
    Show(show::Show),
    Create(create::Arguments),
    Update(update::Arguments),
    Delete(delete::Arguments),
    AddStage(stages::AddStage),
    RemoveStage(stages::RemoveStage),
    AddKey(membership::AddKey),
    RemoveKey(membership::RemoveKey),
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    command: &Command,
) -> Result<(), Failure> {
    match command {
        Command::List(arguments) => show::list(session, arguments).await,
        Command::Show(arguments) => show::show(session, arguments).await,
        Command::Create(arguments) => create::run(session, arguments).await,
        Command::Update(arguments) => update::run(session, arguments).await,
        Command::Delete(arguments) => delete::run(session, arguments).await,
        Command::AddStage(arguments) => stages::add(session, arguments).await,
        Command::RemoveStage(arguments) => stages::remove(session, arguments).await,
        Command::AddKey(arguments) => membership::add(session, arguments).await,
        Command::RemoveKey(arguments) => membership::remove(session, arguments).await,
    }
}

/// Says what was done to a plan; with `--json`, shows it as it is now.
fn report<R>(session: &Session<'_, R>, done: &str, plan: &ManagedPlan) {
    if session.printer.is_json() {
        session.printer.json(&PlanDocument::new(plan));
    }
    session
        .printer
        .note(&format!("{done} {}", named_plan(plan)));
}
