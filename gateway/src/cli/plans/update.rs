//! `plans update`: a plan's limits, and what its tags say of it.

use std::collections::BTreeMap;

use clap::ArgGroup;
use tollgate::bucket::{Rate, Throttle};
use tollgate::control::check_tags;
use tollgate::plan::{ALERTS, MODE, QUOTAS, SHADOW_STAGES};
use tollgate::quota::{Quota, Reset};

use super::super::failure::Failure;
use super::super::reference;
use super::super::session::Session;
use super::create::{
    QuotaText, alerts, own_quota, quota, quota_of, rate, setting_tags, tag, whole_number,
};
use super::mode::ShadowOptions;
use crate::management::{Change, ManagedPlan, Management, PlanEdit};

const EXAMPLES: &str = "\
Examples:
  tollgate plans update Bronze --rate 8 --burst 20
  tollgate plans update Bronze --quota 2000/DAY
  tollgate plans update Gold --quota 100/minute --quota '50000/month soft'   the further quotas, all of them
  tollgate plans update Bronze --shadow
  tollgate plans update Bronze --shadow-stage users:beta
  tollgate plans update Bronze --enforce
  tollgate plans update Bronze --tag team=billing --tag tollgate:lease=   sets one tag, and takes another away";

/// Changes a plan's limits, what becomes of requests beyond them, and its tags
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("changes").required(true).multiple(true))]
pub(crate) struct Arguments {
    /// The plan, by id or name
    plan: String,
    /// Requests a second that each key may make in the long run
    #[arg(long, group = "changes", value_name = "R", allow_negative_numbers = true, value_parser = rate)]
    rate: Option<Rate>,
    /// Requests that each key may make at once
    #[arg(long, group = "changes", value_name = "B", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    burst: Option<u64>,
    /// Takes rate and burst away
    #[arg(long, group = "changes", conflicts_with_all = ["rate", "burst"])]
    no_throttle: bool,
    /// Requests that each key may make in a period, such as 1000/DAY. What API Gateway has no quota for, `minute`, `hour` and what is
    /// followed by `soft`, takes the place of all further ones; can be given several times
    #[arg(long = "quota", group = "changes", value_name = "N", allow_hyphen_values = true, value_parser = quota)]
    quotas: Vec<QuotaText>,
    /// Takes the quota and the further ones away
    #[arg(long, group = "changes", conflicts_with = "quotas")]
    no_quota: bool,
    /// Days after the period's first day: 0 to 6 for a WEEK, 0 to 27 for a MONTH
    #[arg(long, value_name = "D", requires = "quotas", default_value_t = 0, allow_negative_numbers = true, value_parser = whole_number::<u32>)]
    offset: u32,
    /// When the periods of further quotas begin, such as '15 monday 06:00 +02:00'
    #[arg(
        long,
        group = "changes",
        value_name = "WHEN",
        allow_hyphen_values = true
    )]
    quota_reset: Option<Reset>,
    /// How many requests a method counts for, such as 'POST /reports=5', in place of all such costs; can be given several times
    #[arg(long = "cost", group = "changes", value_name = "COST")]
    costs: Vec<String>,
    /// When to tell of a key: at percentages of its quota, and when it begins to be throttled, such as 80,100,throttled
    #[arg(long, group = "changes", value_name = "WHEN", value_parser = alerts)]
    alerts: Option<String>,
    /// What the plan is for; an empty text takes it away
    #[arg(long, group = "changes", value_name = "TEXT")]
    description: Option<String>,
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
    let edit = PlanEdit {
        throttle: throttle(&plan, arguments)?,
        quota: own(arguments)?,
        description: arguments.description.clone(),
    };
    let changes = tag_changes(arguments)?;
    let mut tags = plan.tags.clone();
    for (name, text) in &changes {
        match text {
            Some(text) => tags.insert(name.clone(), text.clone()),
            None => tags.remove(name),
        };
    }
    // A table has no checks of its own.
    check_tags(&tags).map_err(|error| Failure::failed(error.to_string()))?;
    let mut changed = plan;
    if edit != PlanEdit::default() {
        changed = session.registry.edit_plan(&changed.id, &edit).await?;
    }
    if !changes.is_empty() {
        changed = session.registry.tag_plan(&changed.id, &changes).await?;
    }
    super::report(session, "updated", &changed);
    Ok(())
}

fn throttle(plan: &ManagedPlan, arguments: &Arguments) -> Result<Change<Throttle>, Failure> {
    let has_methods = |plan: &ManagedPlan| {
        let mut stages = plan.stages.iter();
        stages.any(|covered| !covered.method_throttles.is_empty())
    };
    if arguments.no_throttle {
        if has_methods(plan) {
            return Err(Failure::refused(
                "methods of this plan have throttles of their own, and those need the plan's",
            )
            .hint(
                "take them away first: aws apigateway update-usage-plan, /apiStages/…/throttle",
            ));
        }
        return Ok(Change::Remove);
    }
    if arguments.rate.is_none() && arguments.burst.is_none() {
        return Ok(Change::Keep);
    }
    let rate = arguments.rate.or(plan.throttle.map(|known| known.rate));
    let burst = arguments.burst.or(plan.throttle.map(|known| known.burst));
    let whole = rate
        .zip(burst)
        .map(|(rate, burst)| Throttle { rate, burst });
    whole.map(Change::Set).ok_or_else(|| {
        Failure::failed("the plan has no throttle yet: give --rate and --burst together")
    })
}

fn own(arguments: &Arguments) -> Result<Change<Quota>, Failure> {
    if arguments.no_quota {
        return Ok(Change::Remove);
    }
    let quota = quota_of(own_quota(&arguments.quotas), None, arguments.offset)?;
    Ok(quota.map_or(Change::Keep, Change::Set))
}

/// The tags to set, and those to take away.
fn tag_changes(arguments: &Arguments) -> Result<BTreeMap<String, Option<String>>, Failure> {
    let mut changes: BTreeMap<String, Option<String>> = BTreeMap::new();
    if arguments.enforce {
        changes.extend([MODE, SHADOW_STAGES].map(|name| (name.to_owned(), None)));
    }
    if arguments.no_quota {
        changes.insert(QUOTAS.to_owned(), None);
    }
    let settings = setting_tags(&arguments.quotas, arguments.quota_reset, &arguments.costs)?;
    let alerts = arguments.alerts.iter();
    let alerts = alerts.map(|text| (ALERTS.to_owned(), text.clone()));
    let given = arguments.tags.iter().cloned();
    let given = given.chain(settings).chain(alerts);
    changes.extend(
        given
            .chain(arguments.shadow.tags())
            .map(|(name, text)| (name, (!text.is_empty()).then_some(text))),
    );
    Ok(changes)
}
