//! `usage top-up`: more requests of a quota, for a while.

use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;
use tollgate::quota::Day;
use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::super::failure::Failure;
use super::super::reference;
use super::super::session::{Session, named_key, named_plan};
use crate::management::{
    KeyEdit, ManagedPlan, Management, NoTopUp, PlannedTopUp, TopUpRequest, parse_end, plan_top_up,
};

const EXAMPLES: &str = "\
Examples:
  tollgate usage top-up joe-black Bronze +500
  tollgate usage top-up joe-black Bronze +500 --until 2026-11-30
  tollgate usage top-up joe-black Bronze +500 --until 2026-11-29T18:00:00Z --name invoice-4711";

/// Adds requests to a key's quota in the period that it is in, until an instant or the end of the period
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The key, by id or name
    key: String,
    /// The plan, by id or name
    plan: String,
    /// How many requests, such as +500
    #[arg(value_name = "+N", allow_negative_numbers = true, value_parser = amount)]
    requests: u64,
    /// Until when they are added: an instant, or a day (UTC), which is the last one; to the end of the quota's period when it is not given
    #[arg(long, value_name = "DAY|RFC3339", value_parser = end)]
    until: Option<Timestamp>,
    /// What to call the top-up; a random name when it is not given. A second one of the same name replaces the first: a command that is
    /// run again adds nothing twice
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    key_id: String,
    plan_id: String,
    name: String,
    requests: u64,
    from: String,
    until: String,
    remaining: Option<u64>,
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let key = reference::key(session.registry, &arguments.key).await?;
    let plan = reference::plan(session.registry, &arguments.plan).await?;
    let request = TopUpRequest {
        requests: arguments.requests,
        until: arguments.until,
        name: arguments.name.clone(),
    };
    let planned = plan_top_up(&key, &plan, &request, session.now).map_err(|error| match error {
        NoTopUp::NotInPlan => Failure::refused(format!(
            "{} is not in {}",
            named_key(&key),
            named_plan(&plan)
        )),
        NoTopUp::NoQuota => Failure::refused(format!(
            "{} has no quota in {}, so there is nothing to add to",
            named_key(&key),
            named_plan(&plan)
        )),
        NoTopUp::Passed => Failure::failed("--until has passed already"),
        NoTopUp::Tags(error) => Failure::failed("the top-up cannot be noted").caused_by(&error),
        NoTopUp::Name(error) => Failure::failed("no name could be made").caused_by(&error),
    })?;
    let edit = KeyEdit {
        tags: planned.tags.clone(),
        ..KeyEdit::default()
    };
    let key = session.registry.update_key(&key.id, &edit).await?;
    report(session, &key, &plan.of_key(&key), &planned).await
}

async fn report<R: Management>(
    session: &Session<'_, R>,
    key: &ApiKey,
    plan: &ManagedPlan,
    planned: &PlannedTopUp,
) -> Result<(), Failure> {
    let PlannedTopUp {
        name,
        top_up,
        tags: _,
        is_replacement,
    } = planned;
    let today = Day::of(session.now);
    let days = session
        .registry
        .usage(key, plan, today, today, today)
        .await?;
    let remaining = days.last().and_then(|day| day.remaining);
    if session.printer.is_json() {
        session.printer.json(&Document {
            key_id: key.id.to_string(),
            plan_id: plan.id.to_string(),
            name: name.clone(),
            requests: top_up.requests,
            from: top_up.from.rfc3339(),
            until: top_up.until.rfc3339(),
            remaining,
        });
    }
    let done = if *is_replacement {
        "replaced the top-up"
    } else {
        "added the top-up"
    };
    session.printer.note(&format!(
        "{done} {name} of {}: {} requests in {} until {}; {} remain",
        named_key(key),
        top_up.requests,
        named_plan(plan),
        top_up.until.rfc3339(),
        remaining.unwrap_or(0)
    ));
    Ok(())
}

fn amount(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| digits.parse().ok()).flatten();
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| "write how many requests to add, such as +500".to_owned())
}

fn end(text: &str) -> Result<Timestamp, String> {
    parse_end(text).ok_or_else(|| "write it like 2026-11-30 or 2026-11-29T18:00:00Z".to_owned())
}
