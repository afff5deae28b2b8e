//! `capacity`: what plans and their keys can ask of what stands behind them, and what it costs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tollgate::id::KeyId;
use tollgate::overrides::Overrides;
use tollgate::plan::Plan;
use tollgate::store::ApiKey;

use super::Surroundings;
use super::connection::{ConnectionOptions, PepperUse};
use super::failure::Failure;
use super::output::{Printer, style};
use super::plan_source::{TemplateSource, declared, managed};
use crate::capacity::prices::Architecture;
use crate::capacity::{self, Assumptions, Bill, BillLine, Prices, Report, SoldPlan};
use crate::management::{
    Management, ManagementError, Remote, Table, all_keys, all_members, all_plans,
};
use crate::template::Template;

/// What an account has at first in each region.
const LAMBDA_CONCURRENCY: u64 = 1_000;

const EXAMPLES: &str = "\
Examples:
  tollgate capacity --duration-ms 40
  tollgate capacity --table tollgate-prod --region eu-west-1 --requests-per-month 30000000
  tollgate capacity --template template.yaml --duration-ms 40 --memory-mb 512
  tollgate capacity --file plans.json --used 20 --price http-api=1.11 --json

Without --template and --file, the plans and keys are those of the gateway, the table or the management API. A file has them as
`tollgate plans list --json` writes them, each with a member `keys`: a number or a list.";

/// Works out what plans and their keys can ask for: rates, concurrency, writes, and the bill of a month
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    template: TemplateSource,
    /// A file with plans and keys
    #[arg(long, value_name = "FILE", conflicts_with = "template")]
    file: Option<PathBuf>,
    /// How long a request takes, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 50.0, value_parser = milliseconds, help_heading = "Assumptions")]
    duration_ms: f64,
    /// The memory of a function, in MB
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(128..=10_240), help_heading = "Assumptions")]
    memory_mb: u32,
    /// The instruction set of a function
    #[arg(
        long,
        value_name = "ARCH",
        default_value = "arm64",
        help_heading = "Assumptions"
    )]
    architecture: ArchitectureName,
    /// How much of all that they may ask for the keys do ask for in a month, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0, value_parser = percent, help_heading = "Assumptions")]
    used: f64,
    /// The requests of a month, where they are known
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "used",
        help_heading = "Assumptions"
    )]
    requests_per_month: Option<u32>,
    /// A price that is not the list's, such as http-api=1.11 for a million requests; can be given several times
    #[arg(long = "price", value_name = "NAME=USD", help_heading = "Assumptions")]
    prices: Vec<String>,
}

/// [`Architecture`], as templates write it.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ArchitectureName {
    Arm64,
    #[value(name = "x86_64")]
    X86,
}

impl From<ArchitectureName> for Architecture {
    fn from(name: ArchitectureName) -> Self {
        match name {
            ArchitectureName::Arm64 => Self::Arm64,
            ArchitectureName::X86 => Self::X86,
        }
    }
}

impl Arguments {
    pub(super) async fn run(
        &self,
        connection: &ConnectionOptions,
        surroundings: &Surroundings,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let mut prices = Prices::listed(self.architecture.into());
        for text in &self.prices {
            prices.set(text).map_err(|error| {
                Failure::failed(format!("`{text}` is no price")).hint(error.to_string())
            })?;
        }
        let sold = self.sold(connection, surroundings).await?;
        let assumptions = Assumptions {
            duration_ms: self.duration_ms,
            memory_mb: self.memory_mb,
            used: self.used / 100.0,
            requests_a_month: self.requests_per_month.map(f64::from),
            prices,
        };
        let report = capacity::report(&sold.plans, sold.keys, &assumptions);
        if printer.is_json() {
            printer.json(&report);
        } else {
            print(&report, printer);
        }
        notes(&report, printer);
        Ok(())
    }

    async fn sold(
        &self,
        connection: &ConnectionOptions,
        surroundings: &Surroundings,
    ) -> Result<Sold, Failure> {
        if let Some(path) = &self.file {
            return of_file(path);
        }
        if let Some(template) = self.template.read()? {
            return of_template(&template);
        }
        let environment = &surroundings.environment;
        if let Some(url) = connection.named_url(environment)? {
            let client = connection.connect(url, &surroundings.clock).await?;
            return Ok(of_registry(&Remote::new(client)).await?);
        }
        let (store, place) = connection.open(environment, PepperUse::None).await?;
        of_registry(&Table::new(store, surroundings.clock.now()))
            .await
            .map_err(|error| Failure::from(error).told_by(|error| place.tell(error)))
    }
}

/// All plans, and how many keys are in any of them.
struct Sold {
    plans: Vec<SoldPlan>,
    keys: u64,
}

/// A file does not say which keys are in several plans: each counts where it stands.
fn of_file(path: &Path) -> Result<Sold, Failure> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::failed(format!("the file of plans `{name}` cannot be read")).caused_by(&error)
    })?;
    let plans =
        capacity::read_plans(&text).map_err(|error| Failure::failed(format!("{name}: {error}")))?;
    let keys = plans
        .iter()
        .fold(0_u64, |sum, plan| sum.saturating_add(plan.all_keys()));
    Ok(Sold { plans, keys })
}

fn of_template(template: &Template) -> Result<Sold, Failure> {
    let mut in_plans: BTreeMap<&str, u64> = BTreeMap::new();
    let mut keys = BTreeSet::new();
    for association in &template.plan_keys {
        let count = in_plans.entry(&association.plan_id).or_default();
        *count = count.saturating_add(1);
        keys.insert(&association.key_id);
    }
    let sold = |spec: &crate::template::PlanSpec| {
        Ok(SoldPlan {
            plan: declared(spec)?,
            keys: in_plans.get(spec.id.as_str()).copied().unwrap_or(0),
            with_own_limits: Vec::new(),
        })
    };
    let plans: Result<_, Failure> = template.plans.iter().map(sold).collect();
    Ok(Sold {
        plans: plans?,
        keys: count(keys.len()),
    })
}

async fn of_registry<R: Management>(registry: &R) -> Result<Sold, ManagementError> {
    let with_own_limits = keys_with_own_limits(registry).await?;
    let mut plans = Vec::new();
    let mut keys = BTreeSet::new();
    for plan in all_plans(registry).await? {
        let members = all_members(registry, &plan.id).await?;
        // A list may leave tags out, and the tags say what is charged in advance.
        let Some(whole) = registry.plan(&plan.id).await? else {
            continue;
        };
        let own: Vec<Plan> = members
            .iter()
            .filter_map(|id| with_own_limits.get(id))
            .filter(|key| !key.limits_in(&whole.id).is_empty())
            .map(|key| managed(whole.clone().of_key(key)))
            .collect();
        plans.push(SoldPlan {
            plan: managed(whole),
            keys: count(members.len().saturating_sub(own.len())),
            with_own_limits: own,
        });
        keys.extend(members);
    }
    Ok(Sold {
        plans,
        keys: count(keys.len()),
    })
}

async fn keys_with_own_limits<R: Management>(
    registry: &R,
) -> Result<BTreeMap<KeyId, ApiKey>, ManagementError> {
    let keys = registry.complete(all_keys(registry).await?).await?;
    Ok(keys
        .into_iter()
        .filter(|key| !Overrides::of_tags(&key.tags).is_empty())
        .map(|key| (key.id.clone(), key))
        .collect())
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn print(report: &Report, printer: &Printer) {
    let limit = |number: Option<u64>| {
        number.map_or_else(|| "no limit".to_owned(), |number| number.to_string())
    };
    let rate = |rate: Option<f64>| rate.map_or_else(|| "no limit".to_owned(), figure);
    let whole = |requests: Option<f64>| {
        requests.map_or_else(
            || "no limit".to_owned(),
            |requests| format!("{requests:.0}"),
        )
    };
    let mut stages: Vec<_> = report
        .stages
        .iter()
        .map(|stage| (stage.stage.clone(), stage.need))
        .collect();
    stages.push(("all".to_owned(), report.total));
    let rows: Vec<_> = stages
        .into_iter()
        .map(|(name, need)| {
            vec![
                name,
                need.keys.to_string(),
                rate(need.rate),
                limit(need.burst),
                limit(need.concurrency),
                limit(need.most_concurrency),
            ]
        })
        .collect();
    printer.line(&style::bold(&format!(
        "at the most, with {} ms a request",
        report.duration_ms
    )));
    printer.table(
        &[
            "STAGE",
            "KEYS",
            "REQUESTS/S",
            "AT ONCE",
            "CONCURRENCY",
            "WITH ALL BURSTS",
        ],
        &rows,
    );
    printer.line("");
    let rows: Vec<_> = report
        .plans
        .iter()
        .map(|plan| {
            vec![
                plan.plan.clone(),
                plan.keys.to_string(),
                rate(plan.rate),
                whole(plan.requests_a_month),
                rate(plan.writes_per_second),
                rate(plan.writes_per_second_with_leases),
            ]
        })
        .collect();
    printer.table(
        &[
            "PLAN",
            "KEYS",
            "REQUESTS/S",
            "A MONTH",
            "WRITES/S",
            "WITH LEASES",
        ],
        &rows,
    );
    if let (Some(bill), Some(requests)) = (&report.bill, report.requests_a_month) {
        print_bill(bill, requests, report.memory_mb, printer);
    }
}

fn print_bill(bill: &Bill, requests: f64, memory_mb: u32, printer: &Printer) {
    printer.line("");
    printer.line(&style::bold(&format!(
        "US dollars for {} requests a month, {memory_mb} MB",
        format_args!("{requests:.0}")
    )));
    let row = |line: &BillLine| {
        let [http_api, function_url, rest_api] =
            [line.http_api, line.function_url, line.rest_api].map(|usd| format!("{usd:.2}"));
        vec![line.what.to_owned(), http_api, function_url, rest_api]
    };
    let rows: Vec<_> = bill.lines.iter().chain([&bill.total]).map(row).collect();
    printer.table(
        &["", "HTTP API", "FUNCTION URL", "REST API, ITS OWN PLANS"],
        &rows,
    );
}

/// What the figures rest on.
fn notes(report: &Report, printer: &Printer) {
    if let Some(bill) = &report.bill {
        printer.note(&format!(
            "{}; without leases the writes would be {:.2} dollars. What functions read and write themselves, logs of their own, and what a stack costs without requests are left out.",
            bill.prices, bill.writes_without_leases
        ));
    } else {
        printer.note("no bill: a plan has neither rate nor quota; give --requests-per-month");
    }
    for plan in report.plans.iter().filter(|plan| plan.exceeds_one_item) {
        printer.warning(&format!(
            "one key of {} may need more than 1000 writes a second, for each item that its requests are charged to, which DynamoDB does not make: the plan needs leases, or the tag tollgate:shards, or a larger number there",
            super::output::printable(&plan.plan)
        ));
    }
    let concurrency = report.total.concurrency;
    if concurrency.is_none_or(|needed| needed > LAMBDA_CONCURRENCY) {
        printer.warning(&format!(
            "an account has a concurrency of {LAMBDA_CONCURRENCY} at first: what is above it is refused by Lambda"
        ));
    }
}

/// A number with two decimals at the most.
fn figure(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn milliseconds(text: &str) -> Result<f64, String> {
    between(text, 0.001, 900_000.0).ok_or_else(|| "write milliseconds, up to 900000".to_owned())
}

fn percent(text: &str) -> Result<f64, String> {
    between(text, 0.0, 100.0).ok_or_else(|| "write a percentage, 0 to 100".to_owned())
}

fn between(text: &str, least: f64, most: f64) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    (least..=most).contains(&number).then_some(number)
}
