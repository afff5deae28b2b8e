//! `usage`: what a key has used of its plans, day by day, and more of it for a while; and what all have used, as files.

mod export;
mod top_up;

use clap::Subcommand;
use serde::Serialize;
use tollgate::quota::{Day, Period, Quota};
use tollgate::store::{ApiKey, DayUse, FurtherUsed};

use super::document::{Reference, rfc3339};
use super::failure::Failure;
use super::reference;
use super::session::{Session, named_key};
use crate::management::{ManagedPlan, Management};

use export::Export;

/// The longest range that is shown when none is asked for, in days.
const DEFAULT_DAYS: u32 = 31;

/// The days that are shown where there is no longer window to show.
const WEEK_DAYS: u32 = 7;

/// The longest range that may be asked for: days are kept for 400.
pub(super) const MAX_DAYS: u32 = 400;

const EXAMPLES: &str = "\
Examples:
  tollgate usage joe-black
  tollgate usage joe-black --plan Bronze --from 2026-11-01 --to 2026-11-30
  tollgate usage joe-black --json | jq '[.days[].used] | add'
  tollgate usage top-up joe-black Bronze +500 --until 2026-11-30
  tollgate usage export --from 2026-11-01 --to 2026-11-30";

/// Shows what a key has used of its plans, day by day (UTC)
#[derive(Debug, clap::Args)]
#[command(
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The key, by id or name; a key with the name of a command by its id
    #[arg(required = true)]
    key: Option<String>,
    /// One plan, by id or name; all plans of the key when it is not given
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    /// The first day; when it is not given, that of the quota's week or month, else 7 days are shown
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    from: Option<Day>,
    /// The last day; today when it is not given
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    to: Option<Day>,
}

#[derive(Debug, Subcommand)]
enum Command {
    TopUp(top_up::Arguments),
    Export(Export),
}

impl Arguments {
    /// The export, if it is one: it works on a table alone.
    pub(super) const fn export(&self) -> Option<&Export> {
        match &self.command {
            Some(Command::Export(export)) => Some(export),
            Some(Command::TopUp(_)) | None => None,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsageDocument {
    key: Reference,
    days: Vec<DayDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    further_quotas: Vec<FurtherDocument>,
}

/// What is used of a further quota in the period that counts now.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FurtherDocument {
    plan: String,
    plan_id: String,
    period: &'static str,
    limit: u64,
    used: u64,
    remaining: u64,
    /// Beyond a soft quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    overage: Option<u64>,
    resets_at: String,
}

impl FurtherDocument {
    fn new(plan: &ManagedPlan, used: FurtherUsed) -> Self {
        Self {
            plan: plan.name.clone(),
            plan_id: plan.id.to_string(),
            period: used.every.as_str(),
            limit: used.limit,
            used: used.used,
            remaining: used.remaining(),
            overage: used.overage,
            resets_at: rfc3339(used.resets_at),
        }
    }

    /// A row under [`FurtherDocument::HEADERS`].
    fn row(&self) -> Vec<String> {
        let overage = self.overage.map(|overage| overage.to_string());
        vec![
            format!("{}/{}", self.limit, self.period),
            self.plan.clone(),
            self.used.to_string(),
            self.remaining.to_string(),
            overage.unwrap_or_else(|| "-".to_owned()),
            self.resets_at.clone(),
        ]
    }

    const HEADERS: [&'static str; 6] = ["QUOTA", "PLAN", "USED", "REMAINING", "OVERAGE", "RESETS"];
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DayDocument {
    date: String,
    plan: String,
    plan_id: String,
    used: u64,
    /// Of the quota, at the end of the day. `None`: the plan has none.
    remaining: Option<u64>,
}

impl DayDocument {
    fn new(plan: &ManagedPlan, day: DayUse) -> Self {
        Self {
            date: day.day.to_string(),
            plan: plan.name.clone(),
            plan_id: plan.id.to_string(),
            used: day.used,
            remaining: day.remaining,
        }
    }
}

/// The days from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    from: Day,
    to: Day,
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    match &arguments.command {
        Some(Command::TopUp(arguments)) => top_up::run(session, arguments).await,
        // On a table it does not come here.
        Some(Command::Export(_)) => Err(Failure::failed("the management API has no export of all keys")
            .hint("name the DynamoDB of the gateway with --endpoint-url, or a table in AWS with --table; or fetch the files that the function `billing` has written")),
        None => show(session, arguments).await,
    }
}

async fn show<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let key = arguments.key.as_deref().unwrap_or_default();
    let key = reference::key(session.registry, key).await?;
    let plans = plans(session, &key, arguments.plan.as_deref()).await?;
    let today = Day::of(session.now);
    let (mut days, mut further_quotas) = (Vec::new(), Vec::new());
    for plan in &plans {
        let range = range(arguments, plan.quota, today)?;
        let used = session
            .registry
            .usage(&key, plan, range.from, range.to, today)
            .await?;
        days.extend(used.into_iter().map(|day| DayDocument::new(plan, day)));
        if !plan.further_quotas().is_empty() {
            let used = session.registry.further_used(&key.id, plan, today).await?;
            let documents = used
                .into_iter()
                .map(|used| FurtherDocument::new(plan, used));
            further_quotas.extend(documents);
        }
    }
    print(session, &key, days, further_quotas);
    Ok(())
}

async fn plans<R: Management>(
    session: &Session<'_, R>,
    key: &ApiKey,
    one: Option<&str>,
) -> Result<Vec<ManagedPlan>, Failure> {
    if let Some(text) = one {
        let plan = reference::plan(session.registry, text).await?;
        return Ok(vec![plan.of_key(key)]);
    }
    let mut plans = Vec::new();
    for id in &key.plan_ids {
        let plan = session.registry.plan(id).await?;
        plans.extend(plan.map(|plan| plan.of_key(key)));
    }
    if plans.is_empty() {
        return Err(
            Failure::refused(format!("{} is in no plan", named_key(key))).hint(format!(
                "put it into one with `tollgate plans add-key PLAN {}`, or name a plan that it was in with --plan",
                key.id
            )),
        );
    }
    Ok(plans)
}

fn range(arguments: &Arguments, quota: Option<Quota>, today: Day) -> Result<Range, Failure> {
    let to = arguments.to.unwrap_or(today).min(today);
    let from = arguments.from.unwrap_or_else(|| default_from(quota, to));
    if from > to {
        return Err(Failure::failed(format!(
            "the range from {from} to {to} has no days; today is {today} (UTC)"
        )));
    }
    if to.number().saturating_sub(from.number()) >= MAX_DAYS {
        return Err(Failure::failed(format!(
            "the range is longer than {MAX_DAYS} days, for which usage is kept"
        )));
    }
    Ok(Range { from, to })
}

fn default_from(quota: Option<Quota>, to: Day) -> Day {
    let last_week = to.minus(WEEK_DAYS.saturating_sub(1));
    let Some(quota) = quota else {
        return last_week;
    };
    match quota.period() {
        Period::Day => last_week,
        Period::Week | Period::Month => {
            let earliest = to.minus(DEFAULT_DAYS.saturating_sub(1));
            quota.window_of(to).first.max(earliest)
        }
    }
}

fn print<R>(
    session: &Session<'_, R>,
    key: &ApiKey,
    days: Vec<DayDocument>,
    further_quotas: Vec<FurtherDocument>,
) {
    if session.printer.is_json() {
        let key = Reference {
            id: key.id.to_string(),
            name: key.name.clone(),
        };
        session.printer.json(&UsageDocument {
            key,
            days,
            further_quotas,
        });
        return;
    }
    let rows: Vec<_> = days
        .into_iter()
        .map(|day| {
            let remaining = day.remaining.map(|remaining| remaining.to_string());
            vec![
                day.date,
                day.plan,
                day.used.to_string(),
                remaining.unwrap_or_else(|| "-".to_owned()),
            ]
        })
        .collect();
    session
        .printer
        .table(&["DATE", "PLAN", "USED", "REMAINING"], &rows);
    if !further_quotas.is_empty() {
        let rows: Vec<_> = further_quotas.iter().map(FurtherDocument::row).collect();
        session.printer.table(&FurtherDocument::HEADERS, &rows);
    }
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "write it like 2026-11-23".to_owned())
}
