//! `plans create`.

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::ArgGroup;
use clap::builder::NonEmptyStringValueParser;
use tollgate::alert::AlertRules;
use tollgate::bucket::{Rate, Throttle};
use tollgate::control::check_tags;
use tollgate::id::ApiStage;
use tollgate::plan::{ALERTS, CoveredStage};
use tollgate::quota::{Period, Quota};
use tollgate::store::NewPlan;

use super::super::document::PlanDocument;
use super::super::failure::Failure;
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
    /// Requests that each key may make in a period, such as 1000/DAY; or a number, with --period
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = quota)]
    quota: Option<QuotaText>,
    /// When the quota starts again: DAY, WEEK (on Sunday) or MONTH (on the first), at 00:00 UTC
    #[arg(long, value_name = "PERIOD", requires = "quota", value_parser = period)]
    period: Option<Period>,
    /// Days after the period's first day: 0 to 6 for a WEEK, 0 to 27 for a MONTH
    #[arg(long, value_name = "D", requires = "quota", default_value_t = 0, allow_negative_numbers = true, value_parser = whole_number::<u32>)]
    offset: u32,
    /// A stage that the plan's keys open; can be given several times
    #[arg(long = "stage", value_name = "API:STAGE", value_parser = super::stages::api_stage)]
    stages: Vec<ApiStage>,
    /// What the plan is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// When to tell of a key: at percentages of its quota, and when it begins to be throttled, such as 80,100,throttled
    #[arg(long, value_name = "WHEN", value_parser = alerts)]
    alerts: Option<String>,
    /// A label of the plan, or a setting: `tollgate:alerts`, `tollgate:lease`, `tollgate:shards`, `tollgate:on-unavailable`, `tollgate:mode`; can be given several times
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    #[command(flatten)]
    shadow: ShadowOptions,
}

/// `1000` or `1000/DAY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct QuotaText {
    limit: u64,
    period: Option<Period>,
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
        quota: quota_of(arguments.quota, arguments.period, arguments.offset)?,
        stages: covered(&arguments.stages),
        tags: tags_of(arguments)?,
    };
    let plan = session.registry.create_plan(&new).await?;
    let document = PlanDocument::new(&plan);
    if session.printer.is_json() {
        session.printer.json(&document);
    } else {
        session.printer.fields(&document.fields());
    }
    Ok(())
}

/// The quota that `--quota`, `--period` and `--offset` ask for.
pub(in crate::cli) fn quota_of(
    text: Option<QuotaText>,
    given: Option<Period>,
    offset: u32,
) -> Result<Option<Quota>, Failure> {
    let Some(QuotaText { limit, period }) = text else {
        return Ok(None);
    };
    let period = match (period, given) {
        (Some(one), Some(other)) if one != other => {
            return Err(Failure::failed(format!(
                "--quota says {one} and --period says {other}"
            )));
        }
        (Some(period), _) | (None, Some(period)) => period,
        (None, None) => {
            return Err(Failure::failed("the quota has no period").hint(format!(
                "write it like --quota {limit}/DAY; a period is DAY, WEEK or MONTH"
            )));
        }
    };
    Quota::new(limit, period, offset)
        .map(Some)
        .map_err(|error| Failure::failed(error.to_string()))
}

/// The tags, as the management API would take them: a table has no checks of its own.
fn tags_of(arguments: &Arguments) -> Result<BTreeMap<String, String>, Failure> {
    let mut tags = BTreeMap::new();
    let alerts = arguments.alerts.iter();
    let alerts = alerts.map(|text| (ALERTS.to_owned(), text.clone()));
    let given = arguments.tags.iter().cloned().chain(alerts);
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

fn alerts(text: &str) -> Result<String, String> {
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
    let (limit, period_text) = match text.split_once('/') {
        Some((limit, period)) => (limit, Some(period)),
        None => (text, None),
    };
    Ok(QuotaText {
        limit: limit
            .parse()
            .map_err(|_error: std::num::ParseIntError| "write it like 1000/DAY".to_owned())?,
        period: period_text.map(period).transpose()?,
    })
}
