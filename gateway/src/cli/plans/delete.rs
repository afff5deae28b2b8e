//! `plans delete`.

use serde_json::json;

use super::super::failure::Failure;
use super::super::reference;
use super::super::session::{Session, named_plan};
use crate::management::Management;

const EXAMPLES: &str = "\
Examples:
  tollgate plans delete Bronze
  tollgate plans delete Bronze --force";

/// Deletes a plan that covers no stages, and takes its keys out of it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The plan, by id or name
    plan: String,
    /// Takes its stages away first
    #[arg(long)]
    force: bool,
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let plan = reference::plan(session.registry, &arguments.plan).await?;
    if arguments.force {
        for covered in &plan.stages {
            session
                .registry
                .remove_stage(&plan.id, &covered.api_stage)
                .await?;
        }
    }
    session.registry.delete_plan(&plan.id).await?;
    if session.printer.is_json() {
        let deleted = json!({"id": plan.id.as_str(), "name": plan.name, "deleted": true});
        session.printer.json(&deleted);
    }
    let name = named_plan(&plan);
    session.printer.note(&format!("deleted {name}"));
    Ok(())
}
