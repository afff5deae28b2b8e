//! What an import is to do, or has done, for people and as JSON.

use serde::Serialize;
use tollgate::id::PlanId;

use crate::cli::failure::Failure;
use crate::cli::output::{Printer, printable, style};
use crate::migration::{
    Comparison, Counts, Deed, Difference, Holdings, KeyStep, Outcome, PlanStep, Problem,
};

/// Whether it has been done.
#[derive(Clone, Debug)]
pub(in crate::cli) enum Work {
    /// Nothing has.
    Planned,
    /// It has, and this came of it.
    Done(Outcome),
}

/// What is to be done, or has been.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Report {
    dry_run: bool,
    plans: Counts,
    keys: Counts,
    joined: usize,
    remaining_set: usize,
    problems: Vec<Problem>,
    /// Only of what has not been done yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<Step>>,
}

/// One key or plan that is made or changed.
#[derive(Debug, Serialize)]
struct Step {
    kind: &'static str,
    id: String,
    name: String,
    action: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Difference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    joins: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remaining: Vec<Remaining>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Remaining {
    plan: String,
    requests: u64,
    of: u64,
}

impl Report {
    pub(in crate::cli) fn new(comparison: &Comparison<'_>, from: &Holdings, work: Work) -> Self {
        let name = |id: &PlanId| {
            let plan = from.plans.get(id);
            plan.map_or_else(|| id.to_string(), |plan| plan.settings.name.clone())
        };
        match work {
            Work::Planned => {
                let plans = comparison.plans.iter().map(Step::of_plan);
                let keys = comparison.keys.iter().map(|step| Step::of_key(step, &name));
                Self {
                    dry_run: true,
                    plans: comparison.plans.iter().map(PlanStep::deed).collect(),
                    keys: comparison.keys.iter().map(KeyStep::deed).collect(),
                    joined: comparison.keys.iter().map(|step| step.joins.len()).sum(),
                    remaining_set: comparison
                        .keys
                        .iter()
                        .map(|step| step.remaining.len())
                        .sum(),
                    problems: comparison.foreseen(),
                    steps: Some(plans.chain(keys).flatten().collect()),
                }
            }
            Work::Done(outcome) => Self {
                dry_run: false,
                plans: outcome.plans,
                keys: outcome.keys,
                joined: outcome.joined,
                remaining_set: outcome.remaining_set,
                problems: outcome.problems,
                steps: None,
            },
        }
    }

    /// Prints it.
    ///
    /// # Errors
    ///
    /// When something could not be done, or cannot be.
    pub(in crate::cli) fn print(&self, printer: &Printer) -> Result<(), Failure> {
        if printer.is_json() {
            printer.json(self);
        } else {
            self.print_text(printer);
        }
        let count = self.problems.len();
        if count == 0 {
            return Ok(());
        }
        let (verb, hint) = if self.dry_run {
            ("cannot be brought over", "everything else can")
        } else {
            (
                "could not be brought over",
                "everything else was; the same command tries again",
            )
        };
        Err(Failure::refused(format!(
            "{} {verb}",
            counted(count, "key or plan", "keys and plans")
        ))
        .hint(hint))
    }

    fn print_text(&self, printer: &Printer) {
        for step in self.steps.iter().flatten() {
            step.print(printer);
        }
        for problem in &self.problems {
            printer.warning(&format!(
                "{} {} ({}): {}",
                problem.kind,
                printable(&problem.name),
                problem.id,
                printable(&problem.message)
            ));
        }
        printer.line(&line(self.plans, "plan", "plans", self.dry_run));
        printer.line(&line(self.keys, "key", "keys", self.dry_run));
        let (joined, set) = (self.joined, self.remaining_set);
        printer.line(&if self.dry_run {
            format!("associations: {joined} to make; quotas with usage to carry over: {set}")
        } else {
            format!("associations: {joined} made; quotas with usage carried over: {set}")
        });
    }
}

impl Step {
    fn of_plan(step: &PlanStep<'_>) -> Option<Self> {
        Some(Self {
            kind: "plan",
            id: step.id.to_string(),
            name: step.wanted.name.clone(),
            action: action(step.deed())?,
            changes: step.differences.clone(),
            joins: Vec::new(),
            remaining: Vec::new(),
            notes: Vec::new(),
        })
    }

    fn of_key(step: &KeyStep<'_>, name: &impl Fn(&PlanId) -> String) -> Option<Self> {
        let is_pending = step.found.is_some_and(|found| found.pending.is_some());
        let notes = [
            (is_pending, "an import of it was interrupted"),
            (step.is_disabled, "becomes disabled"),
            (step.stays_disabled, "stays disabled"),
        ];
        Some(Self {
            kind: "key",
            id: step.id.to_string(),
            name: step.wanted.name.clone(),
            action: action(step.deed())?,
            changes: step.differences.clone(),
            joins: step.joins.iter().map(|id| name(id)).collect(),
            remaining: step
                .remaining
                .iter()
                .map(|left| Remaining {
                    plan: name(left.plan),
                    requests: left.requests,
                    of: left.quota.limit(),
                })
                .collect(),
            notes: notes
                .into_iter()
                .filter_map(|(is, note)| is.then_some(note))
                .collect(),
        })
    }

    fn print(&self, printer: &Printer) {
        let mark = match self.action {
            "create" => style::green("+"),
            _ => style::yellow("~"),
        };
        let mut parts = vec![format!(
            "{mark} {} {} ({})",
            self.kind,
            printable(&self.name),
            self.id
        )];
        if !self.joins.is_empty() {
            parts.push(format!(" into {}", printable(&self.joins.join(", "))));
        }
        for Remaining { plan, requests, of } in &self.remaining {
            parts.push(format!(", {requests} of {of} left in {}", printable(plan)));
        }
        for note in &self.notes {
            parts.push(format!(", {note}"));
        }
        printer.line(&parts.concat());
        for Difference { member, from, to } in &self.changes {
            let or_none = |text: &str| {
                if text.is_empty() {
                    "none".to_owned()
                } else {
                    printable(text)
                }
            };
            printer.line(&format!(
                "    {}: {} -> {}",
                printable(member),
                style::dim(&or_none(from)),
                or_none(to)
            ));
        }
    }
}

fn action(deed: Deed) -> Option<&'static str> {
    match deed {
        Deed::Create => Some("create"),
        Deed::Change => Some("change"),
        Deed::Keep => None,
    }
}

fn line(counts: Counts, one: &str, many: &str, dry_run: bool) -> String {
    let Counts {
        created,
        changed,
        unchanged,
    } = counts;
    let all = created.saturating_add(changed).saturating_add(unchanged);
    let all = counted(all, one, many);
    if dry_run {
        format!("{all}: {created} to create, {changed} to change, {unchanged} as they are")
    } else {
        format!("{all}: {created} created, {changed} changed, {unchanged} left as they were")
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
