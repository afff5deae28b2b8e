//! A replay's report, for people.

use super::super::output::{Printer, printable, style};
use crate::replay::{Peak, PlanReport, Report};

/// Writes what was found to stdout, and what is doubtful about it to stderr.
pub(super) fn print(report: &Report, printer: &Printer) {
    let mut fields = vec![
        ("requests", report.requests.to_string()),
        ("callers", callers(report)),
        ("time", time(report)),
        ("most in 1 s", peak(report.peak.as_ref())),
        ("refused then", report.refused_in_log.to_string()),
    ];
    if report.without_caller > 0 {
        fields.push(("no caller", report.without_caller.to_string()));
    }
    printer.fields(&fields);
    printer.line("");
    let rows: Vec<_> = report.plans.iter().map(plan_row).collect();
    printer.table(
        &[
            "PLAN",
            "ADMITTED",
            "REFUSED",
            "BY RATE",
            "BY QUOTA",
            "NOT REFUSED THEN",
            "CALLERS",
            "MOST IN 1 S",
        ],
        &rows,
    );
    for plan in &report.plans {
        details(plan, printer);
    }
    doubts(report, printer);
}

fn callers(report: &Report) -> String {
    if report.by.is_empty() {
        return report.callers.to_string();
    }
    format!("{} by {}", report.callers, report.by.join(", "))
}

fn time(report: &Report) -> String {
    match (&report.from, &report.to) {
        (Some(from), Some(to)) => format!("{from} to {to}"),
        (Some(_) | None, _) => "-".to_owned(),
    }
}

fn peak(peak: Option<&Peak>) -> String {
    peak.map_or_else(
        || "-".to_owned(),
        |peak| format!("{} at {}", peak.requests, peak.at),
    )
}

fn plan_row(plan: &PlanReport) -> Vec<String> {
    vec![
        plan.plan.clone(),
        plan.admitted.to_string(),
        plan.refused.to_string(),
        plan.throttled.to_string(),
        plan.quota_exceeded.to_string(),
        plan.newly_refused.to_string(),
        plan.callers_refused.to_string(),
        peak(plan.peak.as_ref()),
    ]
}

fn details(plan: &PlanReport, printer: &Printer) {
    if plan.refused == 0 {
        return;
    }
    let title = |text: &str| style::bold(&format!("{}: {text}", printable(&plan.plan)));
    printer.line("");
    printer.line(&title("first refusals"));
    let first: Vec<_> = plan
        .first_refusals
        .iter()
        .map(|refusal| {
            vec![
                refusal.at.clone(),
                refusal.caller.clone(),
                refusal.reason.to_owned(),
                refusal
                    .retry_after_ms
                    .map_or_else(|| "never".to_owned(), |wait_ms| format!("{wait_ms} ms")),
            ]
        })
        .collect();
    printer.table(&["TIME", "CALLER", "REASON", "RETRY AFTER"], &first);
    printer.line("");
    printer.line(&title("refused most"));
    let callers: Vec<_> = plan
        .callers
        .iter()
        .map(|caller| {
            vec![
                caller.caller.clone(),
                caller.requests.to_string(),
                caller.throttled.to_string(),
                caller.quota_exceeded.to_string(),
                caller
                    .first_refused_at
                    .clone()
                    .unwrap_or_else(|| "-".to_owned()),
                peak(caller.peak.as_ref()),
            ]
        })
        .collect();
    printer.table(
        &[
            "CALLER",
            "REQUESTS",
            "BY RATE",
            "BY QUOTA",
            "FIRST REFUSED",
            "MOST IN 1 S",
        ],
        &callers,
    );
}

/// What may be wrong with the report.
fn doubts(report: &Report, printer: &Printer) {
    if report.unreadable_lines > 0 {
        printer.warning(&format!(
            "{} of {} lines cannot be read:",
            report.unreadable_lines, report.lines
        ));
        for bad in &report.first_unreadable {
            let place = format!("{}:{}", bad.file, bad.line);
            printer.note(&format!("  {}: {}", printable(&place), printable(&bad.why)));
        }
    }
    if report.late > 0 {
        printer.warning(&format!(
            "{} requests came after their turn, and were decided when they came; give the logs in the order of their time, or a longer --window-s",
            report.late
        ));
    }
    if report.requests > 0 && report.callers == 0 {
        printer.warning("no request has a caller; name the field that does with --by");
    }
}
