//! Plays a log through plans.

use std::time::Duration;

use tollgate::entitlement::PlanLimits;
use tollgate::id::ApiStage;
use tollgate::meter::{Knowledge, Limits, Refusal};
use tollgate::plan::{MethodName, Plan};
use tollgate::time::Timestamp;

use super::callers::Callers;
use super::format::{LogLine, LogReader, Request};
use super::order::{Entry, Order};
use super::report::{BadLine, Busiest, LogTally, Report};

/// How many requests are held back at the most, to be sorted: some 30 MB.
const MAX_HELD: usize = 1_000_000;

/// How to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// For how long requests are held back to be sorted. Zero: the log is in order.
    pub window: Duration,
    /// How many first refusals, callers and unreadable lines to tell of.
    pub shown: usize,
    /// The stage whose method throttles hold. `None`: those of the plan's only stage, when it has one.
    pub api_stage: Option<ApiStage>,
}

impl Default for Settings {
    /// 5 minutes, for which a load balancer collects the lines of one file; and 10 of each.
    fn default() -> Self {
        Self {
            window: Duration::from_mins(5),
            shown: 10,
            api_stage: None,
        }
    }
}

/// A plan through which a log is played.
#[derive(Debug)]
pub struct PlayedPlan {
    name: String,
    limits: PlanLimits,
    api_stage: Option<ApiStage>,
}

impl PlayedPlan {
    /// The plan, under this name in the report.
    #[must_use]
    pub fn new(name: String, plan: &Plan) -> Self {
        Self {
            name,
            limits: PlanLimits::new(plan),
            api_stage: plan.only_stage().cloned(),
        }
    }
}

/// What a kind of request has to fit under one plan, and for how many it counts.
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    limits: Limits,
    cost: u64,
}

/// What one caller has used of one plan.
#[derive(Debug, Default)]
pub(super) struct Meter {
    knowledge: Knowledge,
    pub(super) throttled: u64,
    pub(super) quota_exceeded: u64,
    /// The epoch: never.
    pub(super) first_refused_at: Timestamp,
}

impl Meter {
    pub(super) const fn refused(&self) -> u64 {
        self.throttled.saturating_add(self.quota_exceeded)
    }
}

/// A refusal among the first of a plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(super) at: Timestamp,
    pub(super) caller: u32,
    pub(super) refusal: Refusal,
}

/// A plan, and what has become of the log's requests under it.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) plan: PlayedPlan,
    /// By the numbers of the callers.
    pub(super) meters: Vec<Meter>,
    pub(super) admitted: u64,
    pub(super) throttled: u64,
    pub(super) quota_exceeded: u64,
    /// Requests that were answered at the time, and would be refused.
    pub(super) newly_refused: u64,
    pub(super) first: Vec<Refused>,
    pub(super) busiest: Busiest,
}

impl Run {
    fn decide(&mut self, entry: &Entry, asked: &Asked, shown: usize) {
        let Some(meter) = number(entry.caller).and_then(|at| self.meters.get_mut(at)) else {
            return;
        };
        let charged = meter
            .knowledge
            .charge_alone(asked.cost, &asked.limits, entry.at);
        let Err(refusal) = charged else {
            self.admitted = self.admitted.saturating_add(1);
            return;
        };
        if meter.refused() == 0 {
            meter.first_refused_at = entry.at;
        }
        let (of_caller, of_all) = match refusal {
            Refusal::Throttled { .. } => (&mut meter.throttled, &mut self.throttled),
            Refusal::QuotaExceeded { .. } => (&mut meter.quota_exceeded, &mut self.quota_exceeded),
        };
        *of_caller = of_caller.saturating_add(1);
        *of_all = of_all.saturating_add(1);
        self.newly_refused = self
            .newly_refused
            .saturating_add(u64::from(!entry.was_refused));
        self.busiest.count(entry.at);
        if self.first.len() < shown {
            self.first.push(Refused {
                at: entry.at,
                caller: entry.caller,
                refusal,
            });
        }
    }
}

/// Plays logs through plans, line by line. Its memory grows with the callers, and not with the lines.
#[derive(Debug)]
pub struct Player {
    settings: Settings,
    runs: Vec<Run>,
    /// For each kind of request that differs in it, what it asks of each plan.
    routes: Vec<Vec<Asked>>,
    tells_methods_apart: bool,
    callers: Callers,
    /// By the numbers of the callers.
    by_caller: Vec<Busiest>,
    order: Order,
    log: LogTally,
}

impl Player {
    /// Plays through these plans.
    #[must_use]
    pub fn new(plans: Vec<PlayedPlan>, settings: Settings) -> Self {
        let tells_methods_apart = plans.iter().any(|plan| plan.limits.tells_methods_apart());
        let runs = plans.into_iter().map(|plan| Run {
            plan,
            meters: Vec::new(),
            admitted: 0,
            throttled: 0,
            quota_exceeded: 0,
            newly_refused: 0,
            first: Vec::new(),
            busiest: Busiest::default(),
        });
        let mut player = Self {
            runs: runs.collect(),
            routes: Vec::new(),
            tells_methods_apart,
            callers: Callers::default(),
            by_caller: Vec::new(),
            order: Order::new(settings.window, MAX_HELD),
            log: LogTally::default(),
            settings,
        };
        // The first one: of requests whose method nothing is said of.
        let plain = player.asked(MethodName {
            resource: "",
            verb: "",
        });
        player.routes.push(plain);
        player
    }

    /// How many lines have been read.
    pub const fn lines(&self) -> u64 {
        self.log.lines
    }

    /// Reads the next line of a log, without its end. `file` is what an error says of where it stands.
    pub fn read(&mut self, reader: &mut LogReader, line: &[u8], file: &str, line_number: u64) {
        self.log.lines = self.log.lines.saturating_add(1);
        let read = match str::from_utf8(line) {
            Ok(text) => reader
                .read(text.trim_end_matches('\r'))
                .map_err(|why| why.to_string()),
            Err(_) => Err("is not UTF-8".to_owned()),
        };
        match read {
            Ok(LogLine::Request(request)) => self.take(reader, &request),
            Ok(LogLine::Other) => self.log.other = self.log.other.saturating_add(1),
            Err(why) => self.note_unreadable(file, line_number, why),
        }
    }

    /// Counts a line that says nothing, where it is not known yet how lines look.
    pub const fn pass_over(&mut self) {
        self.log.lines = self.log.lines.saturating_add(1);
        self.log.other = self.log.other.saturating_add(1);
    }

    /// Counts a line that is too long to be read.
    pub fn skip_long(&mut self, file: &str, line_number: u64) {
        self.log.lines = self.log.lines.saturating_add(1);
        self.note_unreadable(file, line_number, "is too long".to_owned());
    }

    fn note_unreadable(&mut self, file: &str, line: u64, why: String) {
        self.log.unreadable = self.log.unreadable.saturating_add(1);
        if self.log.first_unreadable.len() < self.settings.shown {
            let file = file.to_owned();
            self.log.first_unreadable.push(BadLine { file, line, why });
        }
    }

    fn take(&mut self, reader: &LogReader, request: &Request<'_>) {
        self.log.requests = self.log.requests.saturating_add(1);
        self.log.refused_in_log = self
            .log
            .refused_in_log
            .saturating_add(u64::from(request.was_refused));
        let Some(name) = &request.caller else {
            self.log.without_caller = self.log.without_caller.saturating_add(1);
            return;
        };
        if let Some(by) = reader.caller_name()
            && self.log.by.iter().all(|known| known != by)
        {
            self.log.by.push(by.to_owned());
            if are_values(by) {
                self.callers.hide();
            }
        }
        let Some(caller) = self.callers.number(name) else {
            self.log.without_caller = self.log.without_caller.saturating_add(1);
            return;
        };
        let entry = Entry {
            at: request.instant.at,
            caller,
            route: self.route(request.method()),
            is_whole_second: request.instant.is_whole_second,
            was_refused: request.was_refused,
        };
        self.order.push(entry);
        while let Some(due) = self.order.next_due() {
            self.decide(&due);
        }
    }

    /// Which of [`Player::routes`] is for requests like this.
    fn route(&mut self, method: MethodName<'_>) -> u16 {
        if !self.tells_methods_apart {
            return 0;
        }
        let asked = self.asked(method);
        let known = self.routes.iter().position(|known| *known == asked);
        let at = known.unwrap_or_else(|| {
            self.routes.push(asked);
            self.routes.len().saturating_sub(1)
        });
        u16::try_from(at).unwrap_or(0)
    }

    fn asked(&self, method: MethodName<'_>) -> Vec<Asked> {
        let of = |run: &Run| {
            let own = run.plan.api_stage.as_ref();
            let api_stage = self.settings.api_stage.as_ref().or(own);
            Asked {
                limits: run.plan.limits.limits(api_stage, method),
                cost: run.plan.limits.cost(method).get(),
            }
        };
        self.runs.iter().map(of).collect()
    }

    /// Decides requests that are in order.
    fn decide(&mut self, entries: &[Entry]) {
        let callers = self.callers.len();
        self.by_caller.resize_with(callers, Busiest::default);
        for run in &mut self.runs {
            run.meters.resize_with(callers, Meter::default);
        }
        for entry in entries {
            self.log.count(entry.at);
            if let Some(busiest) = number(entry.caller).and_then(|at| self.by_caller.get_mut(at)) {
                busiest.count(entry.at);
            }
            let Some(asked) = self.routes.get(usize::from(entry.route)) else {
                continue;
            };
            for (run, asked) in self.runs.iter_mut().zip(asked) {
                run.decide(entry, asked, self.settings.shown);
            }
        }
    }

    /// The report, when all lines have been read.
    #[must_use]
    pub fn finish(mut self) -> Report {
        while let Some(entries) = self.order.next() {
            self.decide(&entries);
        }
        self.log.late = self.order.late();
        Report::new(
            self.log,
            &self.runs,
            &self.callers,
            &self.by_caller,
            self.settings.shown,
        )
    }
}

impl Run {
    pub(super) fn name(&self) -> &str {
        &self.plan.name
    }
}

/// Whether a field with this name has the values of keys, which are secrets.
fn are_values(name: &str) -> bool {
    let letters: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    letters.ends_with("apikey") || letters.ends_with("authorization")
}

fn number(caller: u32) -> Option<usize> {
    usize::try_from(caller).ok()
}
