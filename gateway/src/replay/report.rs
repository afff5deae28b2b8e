//! What a replay found.

use std::cmp::Reverse;

use serde::Serialize;
use tollgate::meter::Refusal;
use tollgate::time::Timestamp;

use super::callers::Callers;
use super::player::{Meter, Refused, Run};

/// What a replay found. As JSON, its members have these names in camel case, and instants are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What told callers apart: the names of fields, one unless the logs differ.
    pub by: Vec<String>,
    /// The lines that were read.
    pub lines: u64,
    /// The lines that tell of requests.
    pub requests: u64,
    /// The lines that tell of something else.
    pub other_lines: u64,
    /// The lines that cannot be read.
    pub unreadable_lines: u64,
    /// The first of those.
    pub first_unreadable: Vec<BadLine>,
    /// Requests whose caller the log does not name. No plan was asked about them.
    pub without_caller: u64,
    /// Requests that came after their turn, and were decided when they came.
    pub late: u64,
    /// How many callers there are.
    pub callers: Count,
    /// Requests that were refused at the time: 429, or a decision that says so.
    pub refused_in_log: u64,
    /// The instant of the first request that was decided.
    pub from: Option<String>,
    /// The instant of the last one.
    pub to: Option<String>,
    /// The second with the most requests.
    pub peak: Option<Peak>,
    /// What each plan would have done.
    pub plans: Vec<PlanReport>,
}

/// How many.
pub type Count = usize;

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it. Nothing of the line is repeated.
    pub why: String,
}

/// The second in which the most happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Peak {
    /// The second.
    pub at: String,
    /// How many requests in it.
    pub requests: u64,
}

/// What one plan would have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    /// The plan's name.
    pub plan: String,
    /// Requests that would have been admitted.
    pub admitted: u64,
    /// Requests that would have been refused, of which
    pub refused: u64,
    /// these for their rate, and
    pub throttled: u64,
    /// these for their number.
    pub quota_exceeded: u64,
    /// Of the refused, those that were not refused at the time.
    pub newly_refused: u64,
    /// How many callers would have been refused at least once.
    pub callers_refused: Count,
    /// The second with the most refusals.
    pub peak: Option<Peak>,
    /// The first refusals of all.
    pub first_refusals: Vec<FirstRefusal>,
    /// The callers that would have been refused most often.
    pub callers: Vec<CallerReport>,
}

/// One of the first refusals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FirstRefusal {
    /// When.
    pub at: String,
    /// Whom.
    pub caller: String,
    /// Why: `throttled` or `quota_exceeded`.
    pub reason: &'static str,
    /// How long the caller would have been told to wait, rounded up. `None`: no wait helps.
    pub retry_after_ms: Option<u64>,
}

/// What would have become of one caller's requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallerReport {
    /// The caller.
    pub caller: String,
    /// Its requests.
    pub requests: u64,
    /// Those that would have been refused for their rate.
    pub throttled: u64,
    /// Those that would have been refused for their number.
    pub quota_exceeded: u64,
    /// When it would have been refused first.
    pub first_refused_at: Option<String>,
    /// The second with the most of its requests.
    pub peak: Option<Peak>,
}

/// Counts by second, of which only the busiest is kept. Instants have to come in order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Busiest {
    all: u64,
    second: u64,
    in_second: u32,
    most: u32,
    most_at: u64,
}

impl Busiest {
    pub(super) fn count(&mut self, at: Timestamp) {
        let second = at.as_secs();
        if second != self.second {
            (self.second, self.in_second) = (second, 0);
        }
        self.all = self.all.saturating_add(1);
        self.in_second = self.in_second.saturating_add(1);
        if self.in_second > self.most {
            (self.most, self.most_at) = (self.in_second, second);
        }
    }

    fn peak(&self) -> Option<Peak> {
        (self.most > 0).then(|| Peak {
            at: instant(Timestamp::from_secs(self.most_at)),
            requests: u64::from(self.most),
        })
    }
}

/// What is counted of the lines.
#[derive(Debug, Default)]
pub(super) struct LogTally {
    pub(super) by: Vec<String>,
    pub(super) lines: u64,
    pub(super) requests: u64,
    pub(super) other: u64,
    pub(super) unreadable: u64,
    pub(super) first_unreadable: Vec<BadLine>,
    pub(super) without_caller: u64,
    pub(super) late: u64,
    pub(super) refused_in_log: u64,
    times: Option<(Timestamp, Timestamp)>,
    busiest: Busiest,
}

impl LogTally {
    /// Counts a request that is decided.
    pub(super) fn count(&mut self, at: Timestamp) {
        let (from, _) = self.times.unwrap_or((at, at));
        self.times = Some((from, at));
        self.busiest.count(at);
    }
}

impl Report {
    pub(super) fn new(
        log: LogTally,
        runs: &[Run],
        callers: &Callers,
        by_caller: &[Busiest],
        shown: usize,
    ) -> Self {
        let plan = |run: &Run| PlanReport::new(run, callers, by_caller, shown);
        Self {
            by: log.by,
            lines: log.lines,
            requests: log.requests,
            other_lines: log.other,
            unreadable_lines: log.unreadable,
            first_unreadable: log.first_unreadable,
            without_caller: log.without_caller,
            late: log.late,
            callers: callers.len(),
            refused_in_log: log.refused_in_log,
            from: log.times.map(|(from, _)| instant(from)),
            to: log.times.map(|(_, to)| instant(to)),
            peak: log.busiest.peak(),
            plans: runs.iter().map(plan).collect(),
        }
    }
}

impl PlanReport {
    fn new(run: &Run, callers: &Callers, by_caller: &[Busiest], shown: usize) -> Self {
        let mut refused: Vec<(u32, &Meter)> = (0..)
            .zip(&run.meters)
            .filter(|(_, meter)| meter.refused() > 0)
            .collect();
        let callers_refused = refused.len();
        // Those who were refused as often come in the order in which they were first seen.
        refused.sort_by_key(|(number, meter)| (Reverse(meter.refused()), *number));
        refused.truncate(shown);
        let caller = |(number, meter): (u32, &Meter)| {
            let busiest = usize::try_from(number)
                .ok()
                .and_then(|at| by_caller.get(at));
            CallerReport {
                caller: callers.name(number).to_owned(),
                requests: busiest.map_or(0, |busiest| busiest.all),
                throttled: meter.throttled,
                quota_exceeded: meter.quota_exceeded,
                first_refused_at: Some(instant(meter.first_refused_at)),
                peak: busiest.and_then(Busiest::peak),
            }
        };
        Self {
            plan: run.name().to_owned(),
            admitted: run.admitted,
            refused: run.throttled.saturating_add(run.quota_exceeded),
            throttled: run.throttled,
            quota_exceeded: run.quota_exceeded,
            newly_refused: run.newly_refused,
            callers_refused,
            peak: run.busiest.peak(),
            first_refusals: run
                .first
                .iter()
                .map(|refused| FirstRefusal::new(refused, callers))
                .collect(),
            callers: refused.into_iter().map(caller).collect(),
        }
    }
}

impl FirstRefusal {
    fn new(refused: &Refused, callers: &Callers) -> Self {
        let (reason, until) = match refused.refusal {
            Refusal::Throttled { until } => ("throttled", until),
            Refusal::QuotaExceeded { resets_at, .. } => ("quota_exceeded", Some(resets_at)),
        };
        let wait_ms = |until: Timestamp| {
            let wait = until.saturating_since(refused.at).as_nanos();
            u64::try_from(wait.div_ceil(1_000_000)).unwrap_or(u64::MAX)
        };
        Self {
            at: instant(refused.at),
            caller: callers.name(refused.caller).to_owned(),
            reason,
            retry_after_ms: until.map(wait_ms),
        }
    }
}

/// RFC 3339 in UTC, to the millisecond.
fn instant(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_out_of_range| format!("{millis} ms"), |at| at.to_string())
}
