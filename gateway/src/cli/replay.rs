//! `replay`: access logs, played through plans.

mod log_file;
mod shown;

use std::time::Duration;

use tollgate::id::ApiStage;
use tollgate::time::{Clock, Timestamp};

use super::Surroundings;
use super::connection::ConnectionOptions;
use super::failure::Failure;
use super::output::Printer;
use super::plan_source::PlanOptions;
use super::plans::stages::api_stage;
use crate::replay::{Format, LogReader, Names, PlayedPlan, Player, Settings};
use log_file::{Line, LogFile};

/// After how many lines the clock is looked at, to say how far it is.
const LINES_A_LOOK: u64 = 16_384;

/// How often that is said.
const NEWS_EVERY: Duration = Duration::from_millis(200);

const EXAMPLES: &str = "\
Examples:
  tollgate replay access.log --plan Bronze
  tollgate replay logs/*.gz --template template.yaml
  tollgate replay access.log --rate 5 --burst 10 --quota 1000/DAY --by customerId
  aws logs tail /aws/apigateway/users --since 1d --format short | tollgate replay - --plan Bronze --plan Silver

The logs: JSON objects, as API Gateway writes them and Tollgate its decisions (at the level DEBUG, which tells of admissions too); the
common and the combined log format; CloudFront's standard log; the access log of an Application Load Balancer. Compressed with gzip or not.
Callers are told apart by apiKeyId, keyId, key.id, apiKey, principalId, ip or sourceIp in JSON, whichever the first line has, and else by the
client's address.";

/// Plays access logs through plans, and says who would have been refused, when and why
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The logs, in the order of their time; `-` for stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    #[command(flatten)]
    plans: PlanOptions,
    /// What tells callers apart: a JSON member, a column, or a field of the log
    #[arg(long, value_name = "NAME", help_heading = "Logs")]
    by: Option<String>,
    /// How the lines look; seen from the first one when it is not given
    #[arg(long, value_name = "FORMAT", help_heading = "Logs")]
    format: Option<FormatName>,
    /// The JSON member that has the time
    #[arg(long, value_name = "NAME", help_heading = "Logs")]
    time: Option<String>,
    /// The JSON member that has the status of the answer
    #[arg(long, value_name = "NAME", help_heading = "Logs")]
    status: Option<String>,
    /// How far the lines may be out of order, in seconds; what comes later is decided when it comes
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 300,
        help_heading = "Logs"
    )]
    window_s: u32,
    /// The stage whose method throttles hold; that of the plan when it has only one
    #[arg(long, value_name = "API:STAGE", value_parser = api_stage, help_heading = "Plans")]
    stage: Option<ApiStage>,
    /// How many first refusals, callers and unreadable lines to show
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    top: usize,
}

/// [`Format`], as an operator writes it.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FormatName {
    Json,
    Clf,
    Cloudfront,
    Alb,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Json => Self::Json,
            FormatName::Clf => Self::Common,
            FormatName::Cloudfront => Self::CloudFront,
            FormatName::Alb => Self::Alb,
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
        let plans = self.plans.read(connection, surroundings).await?;
        let plans = plans
            .iter()
            .map(|plan| PlayedPlan::new(plan.name.clone(), plan))
            .collect();
        let settings = Settings {
            window: Duration::from_secs(self.window_s.into()),
            shown: self.top,
            api_stage: self.stage.clone(),
        };
        let mut player = Player::new(plans, settings);
        let mut news = News::new(&*surroundings.clock, printer);
        for file in &self.files {
            self.play(file, &mut player, &mut news)?;
        }
        printer.end_progress();
        let report = player.finish();
        if printer.is_json() {
            printer.json(&report);
        } else {
            shown::print(&report, printer);
        }
        if report.requests == 0 && report.unreadable_lines > 0 {
            return Err(Failure::failed("no line tells of a request").hint(
                "--format says how the log is written: json, clf, cloudfront or alb. Decisions that Tollgate logs can be read as JSON lines",
            ));
        }
        Ok(())
    }

    fn play(&self, name: &str, player: &mut Player, news: &mut News<'_>) -> Result<(), Failure> {
        let mut file = LogFile::open(name)?;
        let mut reader = None;
        let mut number = 0_u64;
        while let Some(line) = file.next_line()? {
            number = number.saturating_add(1);
            let Line::Whole(text) = line else {
                player.skip_long(name, number);
                continue;
            };
            let reader = match &mut reader {
                Some(reader) => reader,
                None if text.trim_ascii().is_empty() => {
                    player.pass_over();
                    continue;
                }
                none => none.insert(self.reader(text)?),
            };
            player.read(reader, text, name, number);
            news.tell(player.lines(), name);
        }
        Ok(())
    }

    /// A reader for a log that starts with this line.
    fn reader(&self, first_line: &[u8]) -> Result<LogReader, Failure> {
        let names = Names {
            caller: self.by.clone(),
            time: self.time.clone(),
            status: self.status.clone(),
        };
        let format = self.format.map_or_else(
            || Format::detect(&String::from_utf8_lossy(first_line)),
            Format::from,
        );
        LogReader::new(format, &names).map_err(|error| {
            Failure::failed(error.to_string()).hint(format!(
                "the log was taken for one of the form `{}`; --format says another, and --by what tells callers apart",
                format.as_str()
            ))
        })
    }
}

/// Says now and then how far it is.
struct News<'a> {
    clock: &'a dyn Clock,
    printer: &'a Printer,
    last: Timestamp,
}

impl<'a> News<'a> {
    fn new(clock: &'a dyn Clock, printer: &'a Printer) -> Self {
        let last = clock.now();
        Self {
            clock,
            printer,
            last,
        }
    }

    fn tell(&mut self, lines: u64, file: &str) {
        if !lines.is_multiple_of(LINES_A_LOOK) {
            return;
        }
        let now = self.clock.now();
        if now.saturating_since(self.last) >= NEWS_EVERY {
            self.last = now;
            self.printer.progress(&format!("{lines} lines, {file}"));
        }
    }
}
