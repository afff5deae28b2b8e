//! The list of usage plans.

use std::sync::Arc;

use maud::{Markup, html};
use tollgate::plan::Plan;

use super::super::answer::Answer;
use super::super::directory::Snapshot;
use super::super::forms;
use super::super::layout::{Page, Section};
use super::super::paging::Paging;
use super::super::path;
use super::super::problem::Problem;
use super::super::stages::StageBook;
use super::super::visit::Visit;
use super::super::words;
use super::{export, shadow, show};

pub(super) async fn page(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let (snapshot, book) = tokio::try_join!(visit.snapshot(), visit.stage_book())?;
    let text = visit.query().get("q");
    let found = found(&snapshot, &book, text);
    let paging = Paging::of(visit, found.len());
    let section = Section::Plans;
    Ok(visit.page(Page {
        title: section.title(),
        section: Some(section),
        trail: &[],
        body: html! {
            div.titlebar {
                h1 { (section.title()) }
                p.actions { a.button.primary href="/console/plans/new" { "Create a usage plan" } }
            }
            p { "A usage plan says which stages its API keys open, how fast each key may go, and how many requests it has in a period." }
            @if snapshot.plans.is_empty() {
                div.empty {
                    p { "There are no usage plans yet." }
                    p { a href="/console/plans/new" { "Create the first one" } ", then put API keys into it." }
                }
            } @else {
                (forms::search(section.path(), "Search by name, id or stage", text, &html! {}))
                (forms::found(&counted(found.len())))
                div id="list" {
                    @if found.is_empty() {
                        div.empty {
                            p { "No usage plan has “" (text) "” in its name, id or stages." }
                            p { a href=(section.path()) { "Show all " (words::count(snapshot.plans.len())) } }
                        }
                    } @else {
                        (table(paging.part(&found), &snapshot, &book))
                        (paging.links(visit))
                        (export::links())
                    }
                }
            }
        },
    }))
}

/// The plans in which a text occurs, whatever the size of its letters.
fn found(snapshot: &Snapshot, book: &StageBook, text: &str) -> Vec<Arc<Plan>> {
    let lower_case = text.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&lower_case);
    let plans = snapshot.plans.iter().filter(|plan| {
        lower_case.is_empty()
            || has(&plan.name)
            || has(plan.id.as_str())
            || plan.stages.iter().any(|covered| {
                has(&covered.api_stage.to_string()) || has(&book.title(&covered.api_stage))
            })
    });
    plans.cloned().collect()
}

fn counted(count: usize) -> String {
    let noun = if count == 1 {
        "usage plan"
    } else {
        "usage plans"
    };
    format!("{} {noun} found", words::count(count))
}

fn table(plans: &[Arc<Plan>], snapshot: &Snapshot, book: &StageBook) -> Markup {
    let unlimited = || html! { span.quiet { "unlimited" } };
    html! {
        div.scroll tabindex="0" role="region" aria-label="Usage plans" {
            table {
                caption { "Limits are those of each key." }
                thead {
                    tr {
                        th scope="col" { "Usage plan" }
                        th.number scope="col" { "Rate" }
                        th.number scope="col" { "Burst" }
                        th.number scope="col" { "Quota" }
                        th scope="col" { "Stages" }
                        th.number scope="col" { "Keys" }
                    }
                }
                tbody {
                    @for plan in plans {
                        tr {
                            th scope="row" {
                                a href=(path::plan(plan.id.as_str())) { (plan.name) }
                                " " span.quiet.mono { (plan.id) } " " (shadow::badge(plan))
                            }
                            td.number {
                                @match plan.throttle {
                                    Some(throttle) => { (words::rate(throttle.rate)) " a second" },
                                    None => (unlimited()),
                                }
                            }
                            td.number {
                                @match plan.throttle {
                                    Some(throttle) => (words::number(throttle.burst)),
                                    None => (unlimited()),
                                }
                            }
                            td.number {
                                @match plan.quota {
                                    Some(quota) => (words::quota_short(quota)),
                                    None => (unlimited()),
                                }
                            }
                            td { (stages(plan, book)) }
                            td.number { (words::count(snapshot.key_count(&plan.id))) }
                        }
                    }
                }
            }
        }
    }
}

fn stages(plan: &Plan, book: &StageBook) -> Markup {
    html! {
        @if plan.stages.is_empty() {
            span.quiet { "none" }
        } @else {
            ul {
                @for covered in &plan.stages {
                    li {
                        (book.title(&covered.api_stage)) " "
                        (show::exclamation_mark(plan, &covered.api_stage, book))
                    }
                }
            }
        }
    }
}
