//! `plans create`.

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::ArgGroup;
use clap::builder::NonEmptyStringValueParser;
use tollgate::alert::AlertRules;
use tollgate::bucket::{Rate, Throttle};
use tollgate::control::check_tags;
use tollgate::id::ApiStage;
use tollgate::plan::{ALERTS, COSTS, CoveredStage, QUOTA_RESET, QUOTAS};
use tollgate::quota::{Every, Period, Quota, Reset};
use tollgate::store::NewPlan;

use super::super::document::PlanDocument;
use super::super::failure::Failure;
use super::super::reference;
use super::super::session::Session;
use super::mode::ShadowOptions;
use crate::management::Management;

const EXAMPLES: &str = "\
Examples:
  tollgate plans create Bronze --rate 5 --burst 10 --quota 1000/DAY --stage users:dev
  tollgate plans create Silver --rate 0.5 --burst 1 --quota 20000 --period WEEK --offset 1
  tollgate plans create Gold --quota 1000000/MONTH --stage users:dev --alerts 80,100,throttled
  tollgate plans create Unlimited --stage users:dev --stage orders:dev
  tollgate plans create Trial --rate 1 --burst 2 --stage users:dev --shadow
  tollgate plans create Gold --rate 50 --burst 100 --quota 100/minute --quota 1000/hour --quota '50000/month soft'
  tollgate plans create Platinum --rate 120000 --burst 240000 --tag tollgate:shards=48 --tag team=billing";

/// Creates a plan
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("changes").multiple(true))]
pub(crate) struct Arguments {
    /// What to call the plan
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    name: String,
    /// Requests a second that each key may make in the long run
    #[arg(long, value_name = "R", requires = "burst", allow_negative_numbers = true, value_parser = rate)]
    rate: Option<Rate>,
    /// Requests that each key may make at once
    #[arg(long, value_name = "B", requires = "rate", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    burst: Option<u64>,
    /// Requests that each key may make in a period, such as 1000/DAY; or a number, with --period. Can be given several times: of DAY, WEEK
    /// and MONTH the first is the plan's quota as API Gateway has it, all others, `minute`, `hour` and what is followed by `soft`, are
    /// further ones (the tag `tollgate:quotas`)
    #[arg(long = "quota", value_name = "N", allow_hyphen_values = true, value_parser = quota)]
    quotas: Vec<QuotaText>,
    /// When the periods of further quotas begin, such as '15 monday 06:00 +02:00' (the tag `tollgate:quota-reset`)
    #[arg(
        long,
        value_name = "WHEN",
        allow_hyphen_values = true,
        requires = "quotas"
    )]
    quota_reset: Option<Reset>,
    /// When the quota starts again: DAY, WEEK (on Sunday) or MONTH (on the first), at 00:00 UTC
    #[arg(long, value_name = "PERIOD", requires = "quotas", value_parser = period)]
    period: Option<Period>,
    /// Days after the period's first day: 0 to 6 for a WEEK, 0 to 27 for a MONTH
    #[arg(long, value_name = "D", requires = "quotas", default_value_t = 0, allow_negative_numbers = true, value_parser = whole_number::<u32>)]
    offset: u32,
    /// How many requests a method counts for, such as 'POST /reports=5'; can be given several times (the tag `tollgate:costs`)
    #[arg(long = "cost", value_name = "COST")]
    costs: Vec<String>,
    /// A stage that the plan's keys open; can be given several times
    #[arg(long = "stage", value_name = "API:STAGE", value_parser = super::stages::api_stage)]
    stages: Vec<ApiStage>,
    /// What the plan is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// When to tell of a key: at percentages of its quota, and when it begins to be throttled, such as 80,100,throttled
    #[arg(long, value_name = "WHEN", value_parser = alerts)]
    alerts: Option<String>,
    /// A label of the plan, or a setting: `tollgate:alerts`, `tollgate:lease`, `tollgate:shards`, `tollgate:on-unavailable`,
    /// `tollgate:mode`, `tollgate:quotas`, `tollgate:quota-reset`, `tollgate:costs`, `tollgate:overdraft`; can be given several times
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    #[command(flatten)]
    shadow: ShadowOptions,
}

/// `1000`, `1000/DAY`, or `1000/minute soft`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct QuotaText {
    limit: u64,
    every: Option<Every>,
    is_soft: bool,
}

impl QuotaText {
    /// The period, when API Gateway has a quota like this.
    const fn period(self) -> Option<Period> {
        match self.every {
            Some(Every::Day) => Some(Period::Day),
            Some(Every::Week) => Some(Period::Week),
            Some(Every::Month) => Some(Period::Month),
            Some(Every::Minute | Every::Hour) | None => None,
        }
    }

    const fn is_further(self) -> bool {
        self.is_soft || matches!(self.every, Some(Every::Minute | Every::Hour))
    }
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let new = NewPlan {
        id: None,
        name: arguments.name.clone(),
        description: arguments.description.clone(),
        product_code: None,
        throttle: arguments
            .rate
            .zip(arguments.burst)
            .map(|(rate, burst)| Throttle { rate, burst }),
        quota: quota_of(
            own_quota(&arguments.quotas),
            arguments.period,
            arguments.offset,
        )?,
        stages: covered(&arguments.stages),
        tags: tags_of(arguments)?,
    };
    let others = reference::plans_named(session.registry, &new.name).await?;
    let plan = session.registry.create_plan(&new).await?;
    let document = PlanDocument::new(&plan);
    if session.printer.is_json() {
        session.printer.json(&document);
    } else {
        session.printer.fields(&document.fields());
    }
    if let Some(other) = others.first() {
        session.printer.warning(&format!(
            "there is a plan with this name already, {other}: commands need the ids to tell the two apart"
        ));
    }
    Ok(())
}

/// The quota that `--quota`, `--period` and `--offset` ask for.
pub(in crate::cli) fn quota_of(
    text: Option<QuotaText>,
    given: Option<Period>,
    offset: u32,
) -> Result<Option<Quota>, Failure> {
    let Some(own) = text else {
        return Ok(None);
    };
    if own.is_further() {
        return Err(Failure::failed("API Gateway has no quota like this one")
            .hint("a quota is hard, and of a DAY, a WEEK or a MONTH"));
    }
    let (limit, period) = (own.limit, own.period());
    let period = match (period, given) {
        (Some(one), Some(other)) if one != other => {
            return Err(Failure::failed(format!(
                "--quota says {one} and --period says {other}"
            )));
        }
        (Some(period), _) | (None, Some(period)) => period,
        (None, None) => {
            return Err(Failure::failed("the quota has no period").hint(format!(
                "write it like --quota {limit}/DAY; a period is minute, hour, DAY, WEEK or MONTH"
            )));
        }
    };
    Quota::new(limit, period, offset)
        .map(Some)
        .map_err(|error| Failure::failed(error.to_string()))
}

/// The one of several quotas that API Gateway has.
pub(super) fn own_quota(quotas: &[QuotaText]) -> Option<QuotaText> {
    quotas.iter().copied().find(|quota| !quota.is_further())
}

/// The tags that say further quotas and costs.
pub(super) fn setting_tags(
    quotas: &[QuotaText],
    reset: Option<Reset>,
    costs: &[String],
) -> Result<Vec<(String, String)>, Failure> {
    let own = quotas.iter().position(|quota| !quota.is_further());
    let mut texts = Vec::new();
    for (index, quota) in quotas.iter().enumerate() {
        if Some(index) == own {
            continue;
        }
        let Some(every) = quota.every else {
            return Err(Failure::failed("a further quota has no period")
                .hint(format!("write it like --quota {}/hour", quota.limit)));
        };
        let soft = if quota.is_soft { " soft" } else { "" };
        texts.push(format!("{}/{every}{soft}", quota.limit));
    }
    let quotas = (!texts.is_empty()).then(|| (QUOTAS.to_owned(), texts.join(", ")));
    let reset = reset.map(|reset| (QUOTA_RESET.to_owned(), reset.to_string()));
    let costs = (!costs.is_empty()).then(|| (COSTS.to_owned(), costs.join(", ")));
    Ok(quotas.into_iter().chain(reset).chain(costs).collect())
}

/// The tags, as the management API would take them: a table has no checks of its own.
fn tags_of(arguments: &Arguments) -> Result<BTreeMap<String, String>, Failure> {
    let mut tags = BTreeMap::new();
    let alerts = arguments.alerts.iter();
    let alerts = alerts.map(|text| (ALERTS.to_owned(), text.clone()));
    let given = arguments.tags.iter().cloned().chain(alerts);
    let given = given.chain(setting_tags(
        &arguments.quotas,
        arguments.quota_reset,
        &arguments.costs,
    )?);
    for (name, value) in given.chain(arguments.shadow.tags()) {
        if tags.insert(name.clone(), value).is_some() {
            return Err(Failure::failed(format!(
                "the tag {name} is given more than once"
            )));
        }
    }
    check_tags(&tags).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(tags)
}

fn covered(api_stages: &[ApiStage]) -> Vec<CoveredStage> {
    let mut covered: Vec<CoveredStage> = Vec::new();
    for api_stage in api_stages {
        if covered.iter().all(|known| known.api_stage != *api_stage) {
            covered.push(CoveredStage::new(api_stage.clone()));
        }
    }
    covered
}

pub(in crate::cli) fn rate(text: &str) -> Result<Rate, String> {
    let number: f64 = text
        .parse()
        .map_err(|_error: std::num::ParseFloatError| "it is not a number".to_owned())?;
    Rate::per_second(number).map_err(|error| error.to_string())
}

pub(super) fn tag(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write it NAME=VALUE, such as team=billing".to_owned())
}

pub(super) fn alerts(text: &str) -> Result<String, String> {
    text.parse::<AlertRules>()
        .map(|_rules| text.to_owned())
        .map_err(|error| format!("it {error}"))
}

pub(in crate::cli) fn whole_number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_error| "it is not a whole number, 0 or more".to_owned())
}

pub(in crate::cli) fn period(text: &str) -> Result<Period, String> {
    Period::parse(text).ok_or_else(|| "a period is DAY, WEEK or MONTH".to_owned())
}

pub(in crate::cli) fn quota(text: &str) -> Result<QuotaText, String> {
    let (quota, is_soft) = match text.strip_suffix(" soft") {
        Some(quota) => (quota, true),
        None => (text, false),
    };
    let (limit, period_text) = match quota.split_once('/') {
        Some((limit, period)) => (limit, Some(period)),
        None => (quota, None),
    };
    let every = |text: &str| {
        Every::parse(&text.to_ascii_lowercase())
            .ok_or_else(|| "a period is minute, hour, DAY, WEEK or MONTH".to_owned())
    };
    Ok(QuotaText {
        limit: limit
            .parse()
            .map_err(|_error: std::num::ParseIntError| "write it like 1000/DAY".to_owned())?,
        every: period_text.map(every).transpose()?,
        is_soft,
    })
}
