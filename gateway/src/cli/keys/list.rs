//! `keys list`: keys, newest first.

use std::num::NonZeroU32;

use tollgate::store::PageRequest;

use super::super::document::{KeyDocument, none, yes_or_no};
use super::super::failure::Failure;
use super::super::reference::PlanNames;
use super::super::session::Session;
use crate::management::{Management, PAGE_LIMIT};

const EXAMPLES: &str = "\
Examples:
  tollgate keys list
  tollgate keys list --name joe --limit 10
  tollgate keys list --all --json | jq -r '.[] | select(.enabled | not) | .id'";

/// Lists keys, newest first, without their values
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Only keys whose name starts with this
    #[arg(long, value_name = "PREFIX")]
    name: Option<String>,
    /// How many keys at the most
    #[arg(long, value_name = "N", default_value = "50", conflicts_with = "all")]
    limit: NonZeroU32,
    /// All keys
    #[arg(long)]
    all: bool,
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let most = if arguments.all {
        usize::MAX
    } else {
        usize::try_from(arguments.limit.get()).unwrap_or(usize::MAX)
    };
    let name_prefix = arguments.name.as_deref();
    let mut keys = Vec::new();
    let mut after = None;
    loop {
        let limit = PAGE_LIMIT;
        let request = PageRequest { limit, after };
        let page = session.registry.keys(&request, name_prefix).await?;
        keys.extend(page.entries);
        after = page.next;
        if after.is_none() || keys.len() > most {
            break;
        }
    }
    let has_more = keys.len() > most;
    keys.truncate(most);
    let keys = session.registry.complete(keys).await?;

    let mut names = PlanNames::default();
    let mut documents = Vec::new();
    let statuses = session.registry.key_statuses(&keys).await?;
    for (key, status) in keys.iter().zip(&statuses) {
        let document = KeyDocument::read(session.registry, &mut names, key).await?;
        documents.push(document.with_status(status));
    }
    if session.printer.is_json() {
        session.printer.json(&documents);
    } else if documents.is_empty() {
        session.printer.note("no keys");
    } else {
        let rows: Vec<_> = documents.iter().map(row).collect();
        let headers = ["ID", "NAME", "ENABLED", "PLANS", "LAST USED", "CREATED"];
        session.printer.table(&headers, &rows);
    }
    if has_more {
        let note = "there are more keys: give --all, or a higher --limit";
        session.printer.note(note);
    }
    Ok(())
}

fn never() -> String {
    "never".to_owned()
}

fn row(key: &KeyDocument) -> Vec<String> {
    let plans: Vec<&str> = key.plans.iter().map(|plan| plan.name.as_str()).collect();
    vec![
        key.id.clone(),
        key.name.clone(),
        yes_or_no(key.enabled),
        if plans.is_empty() {
            none()
        } else {
            plans.join(", ")
        },
        key.last_used.clone().unwrap_or_else(never),
        key.created_date.clone(),
    ]
}
