//! `plans list`, `plans show`.

use tollgate::store::PageRequest;

use super::super::document::{PlanDocument, Reference};
use super::super::failure::Failure;
use super::super::reference;
use super::super::session::Session;
use crate::management::{ManagedPlan, Management, all_plans};

/// How many of a plan's keys are shown, each with one read for its name.
const KEYS_SHOWN: u32 = 100;

/// Lists all plans, newest first
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tollgate plans list\n  tollgate plans list --json | jq -r '.[].name'"
)]
pub(crate) struct List {}

/// Shows a plan, its limits, its stages and its keys
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tollgate plans show Bronze\n  tollgate plans show Bronze --json | jq .keys"
)]
pub(crate) struct Show {
    /// The plan, by id or name
    plan: String,
}

pub(super) async fn list<R: Management>(
    session: &Session<'_, R>,
    List {}: &List,
) -> Result<(), Failure> {
    let plans = all_plans(session.registry).await?;
    let documents: Vec<_> = plans.iter().map(PlanDocument::new).collect();
    if session.printer.is_json() {
        session.printer.json(&documents);
    } else if documents.is_empty() {
        session.printer.note("no plans");
    } else {
        let rows: Vec<_> = documents.iter().map(PlanDocument::row).collect();
        session.printer.table(&PlanDocument::HEADERS, &rows);
    }
    Ok(())
}

pub(super) async fn show<R: Management>(
    session: &Session<'_, R>,
    arguments: &Show,
) -> Result<(), Failure> {
    let plan = reference::plan(session.registry, &arguments.plan).await?;
    let mut document = PlanDocument::new(&plan);
    let (keys, has_more) = keys(session, &plan).await?;
    document.keys = Some(keys);
    if session.printer.is_json() {
        session.printer.json(&document);
    } else {
        session.printer.fields(&document.fields());
    }
    if has_more {
        session.printer.note(&format!(
            "the plan has more keys: the first {KEYS_SHOWN} are shown"
        ));
    }
    Ok(())
}

/// The first of the plan's keys, and whether there are more.
async fn keys<R: Management>(
    session: &Session<'_, R>,
    plan: &ManagedPlan,
) -> Result<(Vec<Reference>, bool), Failure> {
    let request = PageRequest {
        limit: KEYS_SHOWN,
        after: None,
    };
    let page = session.registry.members(&plan.id, &request).await?;
    let keys = page.entries.into_iter().map(|key| Reference {
        id: key.id.to_string(),
        name: key.name,
    });
    Ok((keys.collect(), page.next.is_some()))
}
