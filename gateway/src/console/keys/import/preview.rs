//! What an import would do.

use maud::{Markup, html};
use tollgate::control::{ImportEffect, PreviewedKey, PreviewedRecord};
use tollgate::id::{KeyId, PlanId};

use super::super::super::directory::Snapshot;
use super::super::super::forms::submit;
use super::super::super::layout::{Crumb, Page, Section};
use super::super::super::path;
use super::super::super::visit::Visit;
use super::super::super::words;
use super::{ENCODED, PATH};

/// How many records are shown. Those with warnings come first.
const SHOWN_RECORDS: usize = 200;

/// How many records have which effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Summary {
    created: u64,
    overwritten: u64,
    repeated: u64,
    left_out: u64,
    warnings: u64,
}

impl Summary {
    fn of(records: &[PreviewedRecord]) -> Self {
        let mut summary = Self::default();
        for record in records {
            let count = match record.key.as_ref().map(|key| &key.effect) {
                Some(ImportEffect::Creates) => &mut summary.created,
                Some(ImportEffect::Overwrites(_)) => &mut summary.overwritten,
                Some(ImportEffect::Repeats(_)) => &mut summary.repeated,
                None => &mut summary.left_out,
            };
            *count = count.saturating_add(1);
            let warnings = u64::try_from(record.warnings.len()).unwrap_or(u64::MAX);
            summary.warnings = summary.warnings.saturating_add(warnings);
        }
        summary
    }

    /// Whether an import would write anything.
    const fn writes(self) -> bool {
        self.created > 0 || self.overwritten > 0
    }

    fn markup(self) -> Markup {
        let figures = [
            ("To be created", self.created),
            ("To be overwritten", self.overwritten),
            ("Left out", self.left_out),
            ("Warnings", self.warnings),
        ];
        html! {
            div.cards {
                @for (label, figure) in figures {
                    div.card { p.quiet { (label) } p.figure { (words::number(figure)) } }
                }
            }
        }
    }
}

/// The preview, with the list for the import in its form.
pub(super) fn page(
    visit: &Visit<'_>,
    records: &[PreviewedRecord],
    encoded: &str,
    snapshot: &Snapshot,
) -> Page<'static> {
    let summary = Summary::of(records);
    let content = html! {
        input type="hidden" name=(ENCODED) value=(encoded);
        p.actions { (submit("Import the list")) a href=(PATH) { "Choose another list" } }
    };
    Page {
        title: "Preview",
        section: Some(Section::Keys),
        trail: &[Crumb {
            path: PATH,
            text: "Import API keys",
        }],
        body: html! {
            h1 { "What the import would do" }
            p { "Nothing has been written yet." }
            (summary.markup())
            @if summary.repeated > 0 {
                p { (words::plural(summary.repeated, "record")) " with a value that stands in the list before: the last record with a value holds." }
            }
            @if summary.writes() {
                (visit.form_to(PATH, &content))
            } @else {
                p.notice.warning { "No record is a key: there is nothing to import." }
                p { a href=(PATH) { "Choose another list" } }
            }
            (table(&shown(records), snapshot))
            @if records.len() > SHOWN_RECORDS {
                p { "and " (words::count(records.len().saturating_sub(SHOWN_RECORDS))) " more records. Those with warnings are shown first." }
            }
        },
    }
}

/// The records to show, those with warnings first.
fn shown(records: &[PreviewedRecord]) -> Vec<&PreviewedRecord> {
    let with = records.iter().filter(|record| !record.warnings.is_empty());
    let without = records.iter().filter(|record| record.warnings.is_empty());
    with.chain(without).take(SHOWN_RECORDS).collect()
}

fn table(records: &[&PreviewedRecord], snapshot: &Snapshot) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Records" {
            table {
                caption { "The records of the list. Values are not shown." }
                thead {
                    tr {
                        th.number scope="col" { "Record" }
                        th scope="col" { "API key" }
                        th scope="col" { "What happens" }
                        th scope="col" { "State" }
                        th scope="col" { "Joins" }
                        th scope="col" { "Warnings" }
                    }
                }
                tbody {
                    @for record in records {
                        tr {
                            td.number { (words::count(record.number)) }
                            @match &record.key {
                                Some(key) => (cells(key, snapshot)),
                                None => {
                                    th scope="row" { span.quiet { "unreadable" } }
                                    td { span.badge.failed { "left out" } }
                                    td {}
                                    td {}
                                }
                            }
                            td { ul { @for warning in &record.warnings { li { (warning) } } } }
                        }
                    }
                }
            }
        }
    }
}

fn cells(key: &PreviewedKey, snapshot: &Snapshot) -> Markup {
    html! {
        th scope="row" {
            (key.name)
            @if !key.description.is_empty() { " " span.quiet { (key.description) } }
        }
        td { (effect(&key.effect, snapshot)) }
        td { (state(key, snapshot)) }
        td {
            ul { @for id in &key.plan_ids { li { (plan_name(id, snapshot)) } } }
        }
    }
}

/// The state of the key then, and before where that is another one.
fn state(key: &PreviewedKey, snapshot: &Snapshot) -> Markup {
    let word = |is_enabled| if is_enabled { "enabled" } else { "disabled" };
    let before = match &key.effect {
        ImportEffect::Overwrites(id) => snapshot.key(id).map(|known| known.is_enabled),
        ImportEffect::Creates | ImportEffect::Repeats(_) => None,
    };
    html! {
        @match before {
            Some(before) if before != key.enabled => {
                (word(before)) " → " strong { (word(key.enabled)) }
            }
            Some(_) | None => (word(key.enabled)),
        }
    }
}

fn effect(effect: &ImportEffect, snapshot: &Snapshot) -> Markup {
    html! {
        @match effect {
            ImportEffect::Creates => "created",
            ImportEffect::Overwrites(id) => {
                "overwrites " a href=(path::key(id.as_str())) { (key_name(id, snapshot)) }
            }
            ImportEffect::Repeats(number) => { "overwrites record " (words::count(*number)) }
        }
    }
}

fn key_name(id: &KeyId, snapshot: &Snapshot) -> String {
    let key = snapshot.key(id);
    key.map_or_else(|| id.to_string(), |key| format!("{} ({id})", key.name))
}

fn plan_name(id: &PlanId, snapshot: &Snapshot) -> String {
    let plan = snapshot.plan(id);
    plan.map_or_else(|| id.to_string(), |plan| plan.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: usize, effect: Option<ImportEffect>, warnings: &[&str]) -> PreviewedRecord {
        PreviewedRecord {
            number,
            key: effect.map(|effect| PreviewedKey {
                name: format!("key {number}"),
                description: String::new(),
                enabled: true,
                plan_ids: Vec::new(),
                effect,
            }),
            warnings: warnings.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    #[test]
    fn a_preview_counts_what_would_happen_and_shows_warnings_first() {
        let records = [
            record(1, Some(ImportEffect::Creates), &[]),
            record(
                2,
                Some(ImportEffect::Overwrites("k7".into())),
                &["a plan", "another"],
            ),
            record(3, None, &["no key"]),
            record(4, Some(ImportEffect::Repeats(1)), &[]),
        ];
        let summary = Summary::of(&records);
        assert_eq!(
            summary,
            Summary {
                created: 1,
                overwritten: 1,
                repeated: 1,
                left_out: 1,
                warnings: 3
            }
        );
        assert!(summary.writes());
        assert!(!Summary::of(&records[2..3]).writes());
        let order: Vec<usize> = shown(&records).iter().map(|record| record.number).collect();
        assert_eq!(order, [2, 3, 1, 4]);
    }
}
