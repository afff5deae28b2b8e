//! The list of APIs.

use std::collections::BTreeSet;

use maud::{Markup, html};
use tollgate::id::ApiStage;

use super::address;
use crate::console::answer::Answer;
use crate::console::directory::Snapshot;
use crate::console::layout::{Page, Section};
use crate::console::paging::Paging;
use crate::console::path;
use crate::console::problem::Problem;
use crate::console::stages::KnownStage;
use crate::console::visit::Visit;
use crate::console::words;

/// How many of the plans that cover a stage are named.
const MAX_PLANS: usize = 5;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let snapshot = visit.snapshot().await?;
    let book = visit.stage_book().await?;
    let stages = book.all();
    let paging = Paging::of(visit, stages.len());
    // A plan may cover stages of APIs on AWS, of which the table knows no more than that.
    let others: BTreeSet<&ApiStage> = snapshot
        .plans
        .iter()
        .flat_map(|plan| &plan.stages)
        .map(|covered| &covered.api_stage)
        .filter(|api_stage| book.get(api_stage).is_none())
        .collect();
    Ok(visit.page(Page {
        title: Section::Apis.title(),
        section: Some(Section::Apis),
        trail: &[],
        body: html! {
            h1 { (Section::Apis.title()) }
            @if stages.is_empty() && others.is_empty() {
                div.empty {
                    p { "There are no APIs yet." }
                    p {
                        "Start the gateway with a template that declares one, or create a REST API with "
                        code { "aws apigateway create-rest-api" } " and deploy it to a stage."
                    }
                }
            }
            @if !stages.is_empty() { (table(paging.part(stages), &snapshot)) (paging.links(visit)) }
            @if !others.is_empty() { (others_list(&others, &snapshot)) }
        },
    }))
}

fn table(stages: &[KnownStage], snapshot: &Snapshot) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Stages of APIs" {
            table {
                caption { "Each stage with its methods, and the usage plans whose keys open it." }
                thead {
                    tr {
                        th scope="col" { "API" }
                        th scope="col" { "Stage" }
                        th scope="col" { "Kind" }
                        th.number scope="col" { "Methods" }
                        th scope="col" { "Without a key" }
                        th scope="col" { "Usage plans" }
                    }
                }
                tbody { @for stage in stages { (row(stage, snapshot)) } }
            }
        }
    }
}

fn row(stage: &KnownStage, snapshot: &Snapshot) -> Markup {
    let api_stage = &stage.api_stage;
    let open = stage.open_methods().count();
    let plans = plans_of(api_stage, snapshot);
    let is_covered = snapshot
        .plans
        .iter()
        .any(|plan| plan.covered(api_stage).is_some());
    html! {
        tr {
            th scope="row" {
                a href=(address(api_stage)) { (stage.api_name) }
                " " span.quiet.mono { (api_stage.api_id) }
            }
            td { (api_stage.stage) }
            td { (stage.kind.as_str()) }
            td.number {
                @match &stage.methods {
                    Some(methods) => (words::count(methods.len())),
                    None => span.quiet { "not known" },
                }
            }
            td {
                @if stage.methods.is_none() {
                    span.quiet { "not known" }
                } @else if open == 0 {
                    "none"
                } @else if is_covered {
                    span.badge.warning { "⚠ " (words::count(open)) " that no plan limits" }
                } @else {
                    (words::count(open))
                }
            }
            td { (plans) }
        }
    }
}

/// Links to the plans that cover a stage, or to the newest of them.
pub(super) fn plans_of(api_stage: &ApiStage, snapshot: &Snapshot) -> Markup {
    let covering: Vec<_> = snapshot
        .plans
        .iter()
        .filter(|plan| plan.covered(api_stage).is_some())
        .collect();
    let others = covering.len().saturating_sub(MAX_PLANS);
    html! {
        @if covering.is_empty() { span.quiet { "none" } }
        @for (place, plan) in covering.iter().take(MAX_PLANS).enumerate() {
            @if place > 0 { ", " }
            a href=(path::plan(plan.id.as_str())) { (plan.name) }
        }
        @if others > 0 { " and " (words::count(others)) " more" }
    }
}

fn others_list(others: &BTreeSet<&ApiStage>, snapshot: &Snapshot) -> Markup {
    html! {
        h2 { "Stages that only plans name" }
        p {
            "Usage plans cover these too. Their methods do not stand in this table: they belong to HTTP APIs, function URLs or load balancers on AWS."
        }
        ul {
            @for api_stage in others {
                li { code { (api_stage) } ", covered by " (plans_of(api_stage, snapshot)) }
            }
        }
    }
}
