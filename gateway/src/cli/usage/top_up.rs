//! `usage top-up`: more requests of a quota, for a while.

use std::collections::BTreeMap;

use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;
use tollgate::control::check_tags;
use tollgate::overrides::{TOP_UP, TopUp, is_top_up};
use tollgate::quota::Day;
use tollgate::random::{self, BASE36};
use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::super::failure::Failure;
use super::super::reference;
use super::super::session::{Session, named_key, named_plan};
use crate::management::{KeyEdit, ManagedPlan, Management};

/// How long a top-up that has ended stays among the tags of its key, so that the usage of past days is told as it was.
const DAYS_KEPT: u32 = 90;

/// The length of a name that is made here.
const NAME_LEN: usize = 8;

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
    if !key.plan_ids.contains(&plan.id) {
        return Err(Failure::refused(format!(
            "{} is not in {}",
            named_key(&key),
            named_plan(&plan)
        )));
    }
    let plan = plan.of_key(&key);
    let Some(quota) = plan.quota else {
        return Err(Failure::refused(format!(
            "{} has no quota in {}, so there is nothing to add to",
            named_key(&key),
            named_plan(&plan)
        )));
    };
    let window_ends = quota.window(session.now).resets_at();
    let until = arguments.until.unwrap_or(window_ends).min(window_ends);
    if until <= session.now {
        return Err(Failure::failed("--until has passed already"));
    }
    let top_up = TopUp {
        requests: arguments.requests,
        // Whole seconds read better.
        from: Timestamp::from_secs(session.now.as_secs()),
        until,
        plan_id: Some(plan.id.clone()),
    };
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => random::text(BASE36, NAME_LEN)
            .map_err(|error| Failure::failed("no name could be made").caused_by(&error))?,
    };
    let tag = format!("{TOP_UP}:{name}");
    let is_replaced = key.tags.contains_key(&tag);
    let edit = KeyEdit {
        tags: changes(&key, tag, &top_up, session.now)?,
        ..KeyEdit::default()
    };
    let key = session.registry.update_key(&key.id, &edit).await?;
    report(session, &key, &plan, &name, &top_up, is_replaced).await
}

/// The tag to set, and those of top-ups that ended long ago to take away.
fn changes(
    key: &ApiKey,
    tag: String,
    top_up: &TopUp,
    now: Timestamp,
) -> Result<BTreeMap<String, Option<String>>, Failure> {
    let oldest = Day::of(now).minus(DAYS_KEPT).start();
    let is_old = |(name, text): &(&String, &String)| {
        let read: Result<TopUp, _> = text.parse();
        is_top_up(name) && read.is_ok_and(|top_up| top_up.until < oldest)
    };
    let old: Vec<String> = key
        .tags
        .iter()
        .filter(is_old)
        .map(|(name, _)| name.clone())
        .collect();
    let mut tags = key.tags.clone();
    tags.retain(|name, _| !old.contains(name));
    tags.insert(tag.clone(), top_up.to_string());
    check_tags(&tags)
        .map_err(|error| Failure::failed("the top-up cannot be noted").caused_by(&error))?;
    let mut changes: BTreeMap<String, Option<String>> =
        old.into_iter().map(|name| (name, None)).collect();
    changes.insert(tag, Some(top_up.to_string()));
    Ok(changes)
}

async fn report<R: Management>(
    session: &Session<'_, R>,
    key: &ApiKey,
    plan: &ManagedPlan,
    name: &str,
    top_up: &TopUp,
    is_replaced: bool,
) -> Result<(), Failure> {
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
            name: name.to_owned(),
            requests: top_up.requests,
            from: top_up.from.rfc3339(),
            until: top_up.until.rfc3339(),
            remaining,
        });
    }
    let done = if is_replaced {
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

/// A day is meant to its end.
fn end(text: &str) -> Result<Timestamp, String> {
    match Day::parse(text) {
        Some(day) => Ok(day.plus(1).start()),
        None => Timestamp::parse(text)
            .ok_or_else(|| "write it like 2026-11-30 or 2026-11-29T18:00:00Z".to_owned()),
    }
}
