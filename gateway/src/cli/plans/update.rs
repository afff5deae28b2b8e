//! `plans update`: what a plan's tags say of it.

use std::collections::BTreeMap;

use clap::ArgGroup;
use tollgate::control::check_tags;
use tollgate::plan::{MODE, SHADOW_STAGES};

use super::super::failure::Failure;
use super::super::reference;
use super::super::session::Session;
use super::create::tag;
use super::mode::ShadowOptions;
use crate::management::Management;

const EXAMPLES: &str = "\
Examples:
  tollgate plans update Bronze --shadow
  tollgate plans update Bronze --shadow-stage users:beta
  tollgate plans update Bronze --enforce
  tollgate plans update Bronze --tag team=billing --tag tollgate:lease=   sets one tag, and takes another away";

/// Changes what becomes of requests beyond a plan's limits, and its tags
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("changes").required(true).multiple(true))]
pub(crate) struct Arguments {
    /// The plan, by id or name
    plan: String,
    #[command(flatten)]
    shadow: ShadowOptions,
    /// Refuses requests beyond the limits in all stages: the end of shadow mode
    #[arg(long, group = "changes", conflicts_with_all = ["shadow", "shadow_stages"])]
    enforce: bool,
    /// A label of the plan, or a setting; an empty value takes it away; can be given several times
    #[arg(long = "tag", group = "changes", value_name = "NAME=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let plan = reference::plan(session.registry, &arguments.plan).await?;
    let mut changes: BTreeMap<String, Option<String>> = BTreeMap::new();
    if arguments.enforce {
        changes.extend([MODE, SHADOW_STAGES].map(|name| (name.to_owned(), None)));
    }
    let given = arguments.tags.iter().cloned();
    changes.extend(
        given
            .chain(arguments.shadow.tags())
            .map(|(name, text)| (name, (!text.is_empty()).then_some(text))),
    );
    let mut tags = plan.tags.clone();
    for (name, text) in &changes {
        match text {
            Some(text) => tags.insert(name.clone(), text.clone()),
            None => tags.remove(name),
        };
    }
    // A table has no checks of its own.
    check_tags(&tags).map_err(|error| Failure::failed(error.to_string()))?;
    let plan = session.registry.tag_plan(&plan.id, &changes).await?;
    super::report(session, "updated", &plan);
    Ok(())
}
