//! `simulate`: a plan against a shape of traffic.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Surroundings;
use super::connection::ConnectionOptions;
use super::failure::Failure;
use super::output::{Printer, style};
use super::plan_source::PlanOptions;
use crate::replay;
use crate::simulate::{self, Method, Report, Second, Settings, Shape};

/// How wide the chart is, in columns, and how high each of its parts is, in lines.
const CHART_WIDTH: usize = 72;
const CHART_HEIGHT: usize = 6;

/// The most tries that are simulated, as far as is known before: some minutes of work.
const MAX_REQUESTS: f64 = 100_000_000.0;

const EXAMPLES: &str = "\
Examples:
  tollgate simulate --rate 5 --burst 10 --traffic poisson:8
  tollgate simulate --plan Bronze --traffic bursts:20/10 --retry --svg bursts.svg
  tollgate simulate --template template.yaml --plan Silver --traffic on-off:60/5/15 --keys 10 --duration-s 300
  tollgate simulate --plan Gold --traffic constant:2 --method 'POST /reports'
  tollgate simulate --rate 5 --burst 10 --traffic file:times.txt --json | jq .waits

A file of times has one a line: seconds, milliseconds or dates, as logs write them; the first is the start.";

/// Plays a shape of traffic through a plan, on a clock that is not the world's
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    plans: PlanOptions,
    #[arg(
        long,
        value_name = "SHAPE",
        help = "When each key asks: constant:RATE, poisson:RATE, bursts:SIZE/SECONDS, on-off:RATE/SECONDS/SECONDS, or file:NAME",
        help_heading = "Traffic"
    )]
    traffic: String,
    /// The method that is asked for, such as 'POST /reports': it may have a throttle or a cost of its own
    #[arg(long, value_name = "METHOD", value_parser = method, help_heading = "Traffic")]
    method: Option<Method>,
    /// For how long requests come
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=31_622_400), help_heading = "Traffic")]
    duration_s: u32,
    /// How many keys ask, each with such traffic and a meter of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = "Traffic")]
    keys: u32,
    /// The same seed gives the same requests
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Traffic")]
    seed: u64,
    /// Refused callers wait as Retry-After says, and come again
    #[arg(long, help_heading = "Traffic")]
    retry: bool,
    /// How long they do so
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        requires = "retry",
        help_heading = "Traffic"
    )]
    patience_s: u32,
    /// Writes the chart to this file, too
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    svg: Option<PathBuf>,
}

impl Arguments {
    pub(super) async fn run(
        &self,
        connection: &ConnectionOptions,
        surroundings: &Surroundings,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let shape = shape(&self.traffic)?;
        must_end(&shape, self.duration_s, self.keys)?;
        let plans = self.plans.read(connection, surroundings).await?;
        let [plan] = plans.as_slice() else {
            return Err(Failure::failed(format!(
                "{} plans are named, and one is simulated at a time",
                plans.len()
            ))
            .hint("name one with --plan"));
        };
        let settings = Settings {
            shape,
            duration: Duration::from_secs(self.duration_s.into()),
            keys: self.keys,
            seed: self.seed,
            patience: self
                .retry
                .then(|| Duration::from_secs(self.patience_s.into())),
            method: self.method.clone().unwrap_or_default(),
        };
        let report = simulate::simulate(plan, &settings);
        if let Some(path) = &self.svg {
            write_svg(&report, path)?;
            printer.note(&format!("wrote {}", path.display()));
        }
        if printer.is_json() {
            printer.json(&report);
        } else {
            print(&report, printer);
        }
        Ok(())
    }
}

fn method(text: &str) -> Result<Method, String> {
    let (verb, resource) = text
        .split_once(' ')
        .filter(|(_verb, resource)| resource.starts_with('/'))
        .ok_or_else(|| "write it like 'POST /reports'".to_owned())?;
    Ok(Method {
        verb: verb.to_ascii_uppercase(),
        resource: resource.to_owned(),
    })
}

fn shape(text: &str) -> Result<Shape, Failure> {
    if let Some(name) = text.strip_prefix("file:") {
        return times(Path::new(name)).map(Shape::Times);
    }
    text.parse().map_err(|error: simulate::InvalidShape| {
        Failure::failed(format!("`{text}` is no shape of traffic")).hint(error.to_string())
    })
}

/// The times of a file, from the first on.
fn times(path: &Path) -> Result<Arc<[Duration]>, Failure> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::failed(format!("the file of times `{name}` cannot be read")).caused_by(&error)
    })?;
    let mut instants = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let instant = replay::parse_instant(line).ok_or_else(|| {
            Failure::failed(format!("{name}:{number}: is no time"))
                .hint("write seconds, milliseconds or dates, such as 1795608000.25 or 2026-11-25T12:00:00.250Z")
        })?;
        instants.push(instant);
    }
    instants.sort_unstable();
    let first = instants.first().copied().unwrap_or_default();
    Ok(instants
        .iter()
        .map(|instant| instant.saturating_since(first))
        .collect())
}

/// Refuses what would take hours.
fn must_end(shape: &Shape, duration_s: u32, keys: u32) -> Result<(), Failure> {
    let a_second = match shape {
        Shape::Constant { rate } | Shape::Poisson { rate } | Shape::OnOff { rate, .. } => *rate,
        Shape::Bursts { size, every } => f64::from(*size) / every.as_secs_f64(),
        Shape::Times(_) => 0.0,
    };
    let requests = a_second * f64::from(duration_s) * f64::from(keys);
    if requests <= MAX_REQUESTS {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "this would be {requests:.0} requests, and {MAX_REQUESTS:.0} are simulated at the most"
    ))
    .hint("take a lower rate, fewer --keys, or a shorter --duration-s"))
}

fn write_svg(report: &Report, path: &Path) -> Result<(), Failure> {
    let svg = simulate::svg(report).map_err(|error| Failure::failed(error.to_string()))?;
    fs::write(path, svg).map_err(|error| {
        Failure::failed(format!("the chart `{}` cannot be written", path.display()))
            .caused_by(&error)
    })
}

fn print(report: &Report, printer: &Printer) {
    let percent = |part: u64| match per_mille(part, report.requests) {
        Some(per_mille) => format!("{part} ({}.{} %)", per_mille / 10, per_mille % 10),
        None => part.to_string(),
    };
    let mut fields = vec![
        ("plan", report.plan.clone()),
        (
            "traffic",
            format!("{}, seed {}", report.traffic, report.seed),
        ),
        ("keys", report.keys.to_string()),
        ("requests", report.requests.to_string()),
        ("admitted", percent(report.admitted)),
        ("at once", percent(report.admitted_at_once)),
        ("given up", percent(report.given_up)),
        (
            "refusals",
            format!(
                "{} by rate, {} by quota",
                report.throttled, report.quota_exceeded
            ),
        ),
        ("most in 1 s", report.most_admitted_in_a_second.to_string()),
    ];
    if let Some(waits) = report.waits {
        fields.push((
            "waited",
            format!(
                "p50 {} ms, p90 {} ms, p99 {} ms, p99.9 {} ms, at most {} ms",
                waits.p50_ms, waits.p90_ms, waits.p99_ms, waits.p999_ms, waits.max_ms
            ),
        ));
    }
    printer.fields(&fields);
    chart(report, printer);
}

/// Rounded to the nearest. `None`: of nothing.
fn per_mille(part: u64, all: u64) -> Option<u64> {
    let half = all / 2;
    part.saturating_mul(1_000)
        .saturating_add(half)
        .checked_div(all)
}

/// Admissions and refusals, each column one second or several.
fn chart(report: &Report, printer: &Printer) {
    let seconds_a_column = report.seconds.len().div_ceil(CHART_WIDTH).max(1);
    let unit = match seconds_a_column {
        1 => "a second".to_owned(),
        several => format!("in {several} s"),
    };
    let columns = |name: &str, count: fn(&Second) -> u64, colour: fn(&str) -> String| {
        let values: Vec<u64> = report
            .seconds
            .chunks(seconds_a_column)
            .map(|seconds| seconds.iter().map(count).sum())
            .collect();
        printer.line("");
        printer.line(&style::bold(&format!("{name} {unit}")));
        for line in simulate::columns(&values, CHART_HEIGHT) {
            printer.line(&colour(&line));
        }
    };
    columns("admitted", |second| second.admitted, style::green);
    columns("refused", |second| second.refused, style::red);
    printer.line(&format!("0 to {} s", report.seconds.len()));
}
