//! What was refused, and who has counted it.

use maud::{Markup, html};
use tollgate::metrics::Outcome;

use super::super::visit::Visit;
use super::super::words;
use crate::tally::{Counts, MAX_DAYS};

/// What is said of the requests for a plan, or with a key, that were refused.
pub(super) const COLUMNS: [(&str, Outcome); 2] = [
    ("Throttled", Outcome::Throttled),
    ("Quota exceeded", Outcome::QuotaExceeded),
];

/// Where the numbers of refused requests are from, or where they are.
pub(super) fn source(visit: &Visit<'_>) -> Markup {
    html! {
        @if let Some(tally) = &visit.surroundings().tally {
            p.hint {
                "Refused requests are not stored. This gateway counts them from its start, on "
                (words::instant(tally.started_at(), visit.now())) ", and remembers " (words::count(MAX_DAYS)) " days."
            }
        } @else {
            p.hint {
                "Refused requests are not stored. On AWS they are in the metrics of CloudWatch, in the namespace "
                code { "Tollgate" } ", by function and plan: " code { "Throttled" } ", " code { "QuotaExceeded" } " and "
                code { "Forbidden" } "."
            }
        }
    }
}

/// The heads of the columns, where somebody counts.
pub(super) fn heads(visit: &Visit<'_>) -> Markup {
    html! {
        @if visit.surroundings().tally.is_some() {
            @for (name, _) in COLUMNS { th.number scope="col" { (name) } }
        }
    }
}

/// The cells below them.
pub(super) fn cells(visit: &Visit<'_>, counts: Option<&Counts>) -> Markup {
    let counts = counts.copied().unwrap_or_default();
    html! {
        @if visit.surroundings().tally.is_some() {
            @for (_, outcome) in COLUMNS { td.number { (words::number(counts.of(outcome))) } }
        }
    }
}
