//! `plans delete`.

use serde_json::json;
use tollgate::store::{PlanChange, Registry};

use super::super::failure::Failure;
use super::super::reference;
use super::super::session::{Session, named_plan};

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

pub(super) async fn run<R: Registry>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let plan = reference::plan(session.registry, &arguments.plan).await?;
    if arguments.force {
        for covered in &plan.stages {
            let change = PlanChange::RemoveStage(covered.api_stage.clone());
            session.registry.update_plan(&plan.id, &change).await?;
        }
    }
    session.registry.delete_plan(&plan.id, session.now).await?;
    if session.printer.is_json() {
        let deleted = json!({"id": plan.id.as_str(), "name": plan.name, "deleted": true});
        session.printer.json(&deleted);
    }
    let name = named_plan(&plan);
    session.printer.note(&format!("deleted {name}"));
    Ok(())
}
