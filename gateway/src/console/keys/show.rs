//! One API key.

use std::sync::Arc;

use maud::{Markup, html};
use tollgate::overrides::is_override;
use tollgate::plan::Plan;
use tollgate::quota::Day;
use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::super::answer::Answer;
use super::super::layout::{Page, Section};
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;
use super::activity::{self, Activity};
use super::state::{self, KeyState};
use super::{memberships, opened, page_path, reveal, title};

pub(super) async fn page(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let today = Day::of(visit.now());
    let (plans, book, activity) = tokio::try_join!(
        opened::current_plans(visit, key),
        visit.stage_book(),
        activity::of_key(visit.store(), &key.id, &key.plan_ids, today)
    )?;
    let value = reveal::part(visit, key).await?;
    Ok(visit.page(Page {
        title: title(key),
        section: Some(Section::Keys),
        trail: &[],
        body: html! {
            div.titlebar {
                h1 { (title(key)) }
                div.actions {
                    a.button href=(page_path(key, "edit")) { "Edit" }
                    (state::button(visit, key))
                    a.button href=(page_path(key, "rotate")) { "Rotate" }
                    a.button href=(page_path(key, "top-up")) { "Top up" }
                    a.button href=(page_path(key, "tags")) { "Tags" }
                    a.button.danger href=(page_path(key, "delete")) { "Delete" }
                }
            }
            @if let Some(text) = &key.description { p { (text) } }
            (facts(visit, key, activity, &value))
            (opens(key, &plans, &book))
            (memberships::section(key, &plans))
            (tags(key))
        },
    }))
}

fn facts(visit: &Visit<'_>, key: &ApiKey, activity: Activity, value: &Markup) -> Markup {
    let now = visit.now();
    html! {
        dl.facts {
            dt { "Id" } dd.mono { (key.id) }
            dt { "State" } dd { (KeyState::of(key.enabled, key.expires_at, now).badge()) }
            dt { "Value" } dd { (value) }
            @if !key.former_values.is_empty() {
                dt { "Values before it" }
                dd { (former_values(key, now)) }
            }
            @if let Some(customer) = &key.customer_id { dt { "Customer id" } dd { (customer) } }
            dt { "Expires" }
            dd {
                @match key.expires_at {
                    Some(instant) => (words::instant(instant, now)),
                    None => "never",
                }
            }
            dt { "Last used" }
            dd { (activity.last_used(now)) span.quiet { ", as its plans have counted" } }
            dt { "Used today" } dd { (words::plural(activity.today(), "request")) }
            dt { "Usage" } dd { a href={ "/console/usage/keys/" (path::segment(key.id.as_str())) } { "What it has used, day by day" } }
            dt { "Created" } dd { (words::instant(key.created_at, now)) }
            dt { "Last changed" } dd { (words::instant(key.updated_at, now)) }
        }
    }
}

/// The values that rotation has replaced, the last first.
fn former_values(key: &ApiKey, now: Timestamp) -> Markup {
    html! {
        ul {
            @for former in key.former_values.iter().rev() {
                li {
                    "number " (former.number) ", "
                    @if former.expires_at <= now { "ended " } @else { "works until " }
                    (words::instant(former.expires_at, now))
                }
            }
        }
    }
}

fn opens(key: &ApiKey, plans: &[Arc<Plan>], book: &super::super::stages::StageBook) -> Markup {
    html! {
        h2 id="stages" { "Stages that it opens" }
        @if opened::stages(plans).is_empty() {
            div.empty {
                p { "The key opens nothing: it is in no usage plan that covers a stage." }
                p { a href=(page_path(key, "plans/add")) { "Add it to a usage plan" } "." }
            }
        } @else {
            (opened::table(&opened::limited(key, plans), book))
            @if key.tags.keys().any(|name| is_override(name)) {
                p.hint { "The key has limits of its own, which are those that hold. They stand in its tags, with what was added to a quota for a while." }
            }
        }
    }
}

fn tags(key: &ApiKey) -> Markup {
    html! {
        @if !key.tags.is_empty() {
            h2 id="tags" { "Tags" }
            div.scroll tabindex="0" role="region" aria-label="Tags" {
                table {
                    caption { "Tags whose names start with " code { "tollgate:" } " are Tollgate’s own." }
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Value" } } }
                    tbody {
                        @for (name, value) in &key.tags {
                            tr { th scope="row" { code { (name) } } td { (value) } }
                        }
                    }
                }
            }
        }
    }
}
