//! `plans add-stage`, `plans remove-stage`: what a plan's keys open.

use tollgate::id::ApiStage;

use super::super::failure::Failure;
use super::super::reference;
use super::super::session::{Session, named_plan};
use crate::management::Management;

/// Lets a plan's keys open one more stage
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tollgate plans add-stage Bronze users:dev")]
pub(crate) struct AddStage {
    /// The plan, by id or name
    plan: String,
    /// The API's id and the stage
    #[arg(value_name = "API:STAGE", value_parser = api_stage)]
    api_stage: ApiStage,
}

/// Closes a stage to a plan's keys
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tollgate plans remove-stage Bronze users:dev")]
pub(crate) struct RemoveStage {
    /// The plan, by id or name
    plan: String,
    /// The API's id and the stage
    #[arg(value_name = "API:STAGE", value_parser = api_stage)]
    api_stage: ApiStage,
}

pub(super) async fn add<R: Management>(
    session: &Session<'_, R>,
    arguments: &AddStage,
) -> Result<(), Failure> {
    let plan = reference::plan(session.registry, &arguments.plan).await?;
    let api_stage = &arguments.api_stage;
    if plan.covers(api_stage) {
        // Adding it again would take away the throttles of its methods.
        super::report(session, &format!("{api_stage} is already in"), &plan);
        return Ok(());
    }
    let plan = session.registry.add_stage(&plan.id, api_stage).await?;
    super::report(session, &format!("added {api_stage} to"), &plan);
    Ok(())
}

pub(super) async fn remove<R: Management>(
    session: &Session<'_, R>,
    arguments: &RemoveStage,
) -> Result<(), Failure> {
    let plan = reference::plan(session.registry, &arguments.plan).await?;
    let api_stage = &arguments.api_stage;
    if !plan.covers(api_stage) {
        let covered: Vec<String> = plan
            .stages
            .iter()
            .map(|covered| covered.api_stage.to_string())
            .collect();
        let failure = Failure::refused(format!(
            "{} does not cover `{api_stage}`",
            named_plan(&plan)
        ));
        return Err(failure.hint(if covered.is_empty() {
            "it covers no stage".to_owned()
        } else {
            format!("it covers: {}", covered.join(", "))
        }));
    }
    let plan = session.registry.remove_stage(&plan.id, api_stage).await?;
    super::report(session, &format!("removed {api_stage} from"), &plan);
    Ok(())
}

pub(in crate::cli) fn api_stage(text: &str) -> Result<ApiStage, String> {
    ApiStage::parse(text).ok_or_else(|| "write it API:STAGE, such as users:dev".to_owned())
}
