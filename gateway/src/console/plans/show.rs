//! One usage plan.

use maud::{Markup, html};
use tollgate::id::ApiStage;
use tollgate::plan::{CoveredStage, Plan, QUOTA_RESET};

use super::super::answer::Answer;
use super::super::layout::{Page, Section};
use super::super::path;
use super::super::problem::Problem;
use super::super::stages::StageBook;
use super::super::visit::Visit;
use super::super::words;
use super::{members, page_path, shadow, stage_path, unprotected};

pub(super) async fn page(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let (snapshot, book) = tokio::try_join!(visit.snapshot(), visit.stage_book())?;
    Ok(visit.page(Page {
        title: &plan.name,
        section: Some(Section::Plans),
        trail: &[],
        body: html! {
            div.titlebar {
                h1 { (plan.name) " " (shadow::badge(plan)) }
                p.actions {
                    a.button href=(page_path(plan, "edit")) { "Edit" }
                    a.button href=(page_path(plan, "tags")) { "Settings" }
                    a.button.danger href=(page_path(plan, "delete")) { "Delete" }
                }
            }
            @if let Some(text) = &plan.description { p { (text) } }
            (facts(visit, plan))
            (stages(plan, &book))
            (members::section(visit, plan, &snapshot))
            (tags(plan))
        },
    }))
}

fn facts(visit: &Visit<'_>, plan: &Plan) -> Markup {
    html! {
        dl.facts {
            dt { "Id" } dd.mono { (plan.id) }
            dt { "Throttle" } dd { (words::throttle(plan.throttle)) "." }
            dt { "Quota" } dd { (words::quota(plan.quota)) "." }
            @if let Some(quota) = plan.quota {
                dt { "Next reset" } dd { (words::next_reset(quota, visit.now())) "." }
            }
            dt { "Beyond the limits" } dd { (shadow::words(plan)) }
            @if !plan.further_quotas().is_empty() {
                dt { "Further quotas" }
                dd {
                    (plan.further_quotas()) "."
                    @if let Some(begin) = plan.tags.get(QUOTA_RESET) { " They begin " (begin) "." }
                }
            }
            @if let Some(code) = &plan.product_code { dt { "Product code" } dd { (code) } }
            dt { "Created" } dd { (words::instant(plan.created_at, visit.now())) }
            dt { "Usage" } dd { a href={ "/console/usage/plans/" (path::segment(plan.id.as_str())) } { "What its keys have used" } }
        }
    }
}

fn stages(plan: &Plan, book: &StageBook) -> Markup {
    html! {
        div.titlebar {
            h2 id="stages" { "Stages" }
            p.actions { a.button href=(page_path(plan, "stages/add")) { "Add a stage" } }
        }
        @if plan.stages.is_empty() {
            div.empty {
                p { "The keys of this plan open nothing: it covers no stage." }
                p { a href=(page_path(plan, "stages/add")) { "Add a stage" } " of an API." }
            }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Stages" {
                table {
                    caption { "What the keys of this plan open." }
                    thead {
                        tr {
                            th scope="col" { "Stage" }
                            th scope="col" { "Kind" }
                            th scope="col" { "Open methods" }
                            th scope="col" { "Method throttles" }
                            th scope="col" { span.visually-hidden { "Actions" } }
                        }
                    }
                    tbody { @for covered in &plan.stages { (stage_row(plan, covered, book)) } }
                }
            }
        }
    }
}

fn stage_row(plan: &Plan, covered: &CoveredStage, book: &StageBook) -> Markup {
    let api_stage = &covered.api_stage;
    let title = book.title(api_stage);
    html! {
        tr {
            th scope="row" { (title) " " span.quiet.mono { (api_stage) } }
            td {
                @match book.get(api_stage) {
                    Some(known) => (known.kind.as_str()),
                    None => span.quiet { "not known here" },
                }
            }
            td {
                @match book.get(api_stage) {
                    None => span.quiet { "not known here" },
                    Some(known) if known.methods.is_none() => span.quiet { "not known" },
                    Some(known) if known.open_methods().next().is_none() => "none",
                    Some(_) => (exclamation_mark(plan, api_stage, book)),
                }
            }
            td {
                @if !covered.method_throttles.is_empty() {
                    ul {
                        @for (name, method) in &covered.method_throttles {
                            li { code { (name) } ": " (words::throttle_short(method.throttle)) }
                        }
                    }
                }
                a href=(stage_path(plan, "methods", api_stage)) {
                    "Set" span.visually-hidden { " the method throttles of " (title) }
                }
            }
            td {
                a.button.small.danger href=(stage_path(plan, "stages/remove", api_stage)) {
                    "Remove" span.visually-hidden { " the stage " (title) }
                }
            }
        }
    }
}

/// A link to the explanation, where a stage has methods that anybody may call. Nothing where it has none, or nothing is known of it.
pub(super) fn exclamation_mark(plan: &Plan, api_stage: &ApiStage, book: &StageBook) -> Markup {
    let open = book
        .get(api_stage)
        .map_or(0, |known| known.open_methods().count());
    let path = path::with_query(
        &page_path(plan, "stages/unprotected"),
        [
            (unprotected::API, api_stage.api_id.as_str()),
            (unprotected::STAGE_NAME, api_stage.stage.as_str()),
        ],
    );
    html! {
        @if open > 0 {
            a.badge.warning href=(path) {
                span aria-hidden="true" { "! " }
                @if open == 1 { "1 method needs no key" } @else { (words::count(open)) " methods need no key" }
            }
        }
    }
}

fn tags(plan: &Plan) -> Markup {
    html! {
        h2 id="tags" { "Tags" }
        @if plan.tags.is_empty() {
            p.quiet { "The plan has no tags." }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Tags" {
                table {
                    caption { "Tags whose names start with " code { "tollgate:" } " change how Tollgate works." }
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Value" } } }
                    tbody {
                        @for (name, value) in &plan.tags {
                            tr { th scope="row" { code { (name) } } td { (value) } }
                        }
                    }
                }
            }
        }
    }
}
