//! The keys of a usage plan.

use std::sync::Arc;

use http::{Method, StatusCode};
use maud::{Markup, html};
use serde_json::{Value, json};
use tollgate::id::KeyId;
use tollgate::plan::Plan;

use super::super::answer::Answer;
use super::super::directory::{ListedKey, Snapshot};
use super::super::forms::{self, Mistakes};
use super::super::paging::Paging;
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;
use super::{api_path, page_path, sub_page};

/// The field that names a key, by its id.
const KEY: &str = "key";

/// The part of the plan's page that shows its keys.
pub(super) fn section(visit: &Visit<'_>, plan: &Plan, snapshot: &Snapshot) -> Markup {
    let members: Vec<Arc<ListedKey>> = snapshot
        .keys
        .iter()
        .filter(|key| key.plan_ids.contains(&plan.id))
        .cloned()
        .collect();
    let paging = Paging::of(visit, members.len());
    html! {
        div.titlebar {
            h2 id="keys" { "API keys" }
            p.actions { a.button href=(page_path(plan, "keys/add")) { "Add API keys" } }
        }
        @if members.is_empty() {
            div.empty {
                p { "No API key is in this plan." }
                p { a href=(page_path(plan, "keys/add")) { "Add API keys" } ", or " a href=(path::with_query("/console/keys/new", [("plan", plan.id.as_str())])) { "create one" } "." }
            }
        } @else {
            (table(visit, paging.part(&members), &format!("{} in this plan, newest first.", keys(members.len())), |key| {
                let content = html! {
                    input type="hidden" name=(KEY) value=(key.id);
                    button.small.danger type="submit" {
                        "Remove" span.visually-hidden { " " (key.name) " from the plan" }
                    }
                };
                visit.form_to(&page_path(plan, "keys/remove"), &content)
            }))
            (paging.links(visit))
        }
    }
}

fn keys(count: usize) -> String {
    let noun = if count == 1 { "API key" } else { "API keys" };
    format!("{} {noun}", words::count(count))
}

/// Keys to be added, found by name, id or customer.
pub(super) async fn add_page(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let snapshot = visit.snapshot().await?;
    let text = visit.query().get("q");
    let found: Vec<Arc<ListedKey>> = snapshot
        .search_keys(text)
        .filter(|key| !key.plan_ids.contains(&plan.id))
        .cloned()
        .collect();
    let paging = Paging::of(visit, found.len());
    let path = page_path(plan, "keys/add");
    let body = html! {
        h1 { "Add API keys to " (plan.name) }
        @if snapshot.keys.is_empty() {
            div.empty { p { "There are no API keys yet." } p { a href="/console/keys/new" { "Create the first one" } "." } }
        } @else {
            (forms::search(&path, "Search by name, id or customer", text, &html! {}))
            (forms::found(&format!("{} found", keys(found.len()))))
            div id="list" {
                @if found.is_empty() {
                    div.empty { p { "No API key outside of this plan fits the search." } p { a href=(path) { "Show all" } } }
                } @else {
                    (table(visit, paging.part(&found), &format!("{} not in this plan.", keys(found.len())), |key| {
                        let content = html! {
                            input type="hidden" name=(KEY) value=(key.id);
                            button.small type="submit" {
                                "Add" span.visually-hidden { " " (key.name) " to the plan" }
                            }
                        };
                        visit.form_to(&path, &content)
                    }))
                    (paging.links(visit))
                }
            }
        }
        p { a href=(path::plan(plan.id.as_str())) { "Back to " (plan.name) } }
    };
    Ok(sub_page(
        visit,
        plan,
        "Add API keys",
        &Mistakes::default(),
        body,
    ))
}

fn table(
    visit: &Visit<'_>,
    keys: &[Arc<ListedKey>],
    caption: &str,
    action: impl Fn(&ListedKey) -> Markup,
) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="API keys" {
            table {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" { "API key" }
                        th scope="col" { "Customer" }
                        th scope="col" { "State" }
                        th scope="col" { "Created" }
                        th scope="col" { span.visually-hidden { "Actions" } }
                    }
                }
                tbody {
                    @for key in keys {
                        tr {
                            th scope="row" {
                                a href=(path::key(key.id.as_str())) { (key.name) }
                                " " span.quiet.mono { (key.id) }
                            }
                            td { (key.customer_id.as_deref().unwrap_or("")) }
                            td { (state(key, visit)) }
                            td { (words::instant(key.created_at, visit.now())) }
                            td { (action(key)) }
                        }
                    }
                }
            }
        }
    }
}

fn state(key: &ListedKey, visit: &Visit<'_>) -> &'static str {
    match (key.is_enabled, key.is_usable(visit.now())) {
        (false, _) => "disabled",
        (true, false) => "expired",
        (true, true) => "enabled",
    }
}

pub(super) async fn add(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let id = KeyId::from(visit.form().get(KEY));
    let body = json!({"keyId": id.as_str(), "keyType": "API_KEY"});
    let called = visit
        .call(Method::POST, &format!("{}/keys", api_path(plan)), &body)
        .await;
    reread_key(visit, &id).await;
    let back = Answer::redirect(&page_path(plan, "keys/add"));
    Ok(match called {
        Ok(_value) => {
            let name = name(visit, &id).await;
            back.saying(format!("{name} is in {} now.", plan.name))
        }
        Err(refusal) => back.warning(refusal.message),
    })
}

pub(super) async fn remove(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let id = KeyId::from(visit.form().get(KEY));
    let name = name(visit, &id).await;
    let path = format!("{}/keys/{}", api_path(plan), path::segment(id.as_str()));
    let called = visit.call(Method::DELETE, &path, &Value::Null).await;
    reread_key(visit, &id).await;
    let back = Answer::redirect(&path::plan(plan.id.as_str()));
    Ok(match called {
        Ok(_nothing) => back.saying(format!("{name} is no longer in {}.", plan.name)),
        // The second click of two, or somebody else was first.
        Err(refusal) if refusal.status == StatusCode::NOT_FOUND => {
            back.saying(format!("{name} was not in {} any more.", plan.name))
        }
        Err(refusal) => back.warning(refusal.message),
    })
}

/// Reads a key again that was changed. What is done is done: a list that is old for some seconds is no failure of it.
async fn reread_key(visit: &Visit<'_>, id: &KeyId) {
    if let Err(error) = visit.directory().reread_key(id).await {
        tracing::warn!(%error, "the console could not read a key again that it has changed");
    }
}

/// The key's name for people; its id when nobody knows it.
async fn name(visit: &Visit<'_>, id: &KeyId) -> String {
    let snapshot = visit.snapshot().await;
    match snapshot.ok().and_then(|snapshot| snapshot.key(id).cloned()) {
        Some(key) => format!("{} ({id})", key.name),
        None => id.to_string(),
    }
}
