//! The list of API keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use maud::{Markup, html};
use tollgate::id::PlanId;
use tollgate::quota::Day;

use super::super::answer::Answer;
use super::super::directory::{ListedKey, Snapshot};
use super::super::forms::{self, Choice, Input, InputKind, Mistakes};
use super::super::layout::{Page, Section};
use super::super::paging::Paging;
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;
use super::activity::{self, Activity};
use super::state::KeyState;
use super::{NEW, PLAN, import};

/// The field of the query that says which state keys are in.
const STATE: &str = "enabled";

/// With more plans a list to choose from is no help: part of a name is entered instead.
const MAX_LISTED_PLANS: usize = 100;

pub(super) async fn page(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let snapshot = visit.snapshot().await?;
    let section = Section::Keys;
    let found = found(visit, &snapshot);
    let paging = Paging::of(visit, found.len());
    let part = paging.part(&found);
    let today = Day::of(visit.now());
    let wanted: Vec<_> = part
        .iter()
        .map(|key| (&key.id, key.plan_ids.as_slice()))
        .collect();
    let activities = activity::of_keys(visit.store(), &wanted, today).await?;
    let rows: Vec<_> = part.iter().zip(activities).collect();
    Ok(visit.page(Page {
        title: section.title(),
        section: Some(section),
        trail: &[],
        body: html! {
            div.titlebar {
                h1 { (section.title()) }
                p.actions {
                    a.button.primary href=(NEW) { "Create an API key" }
                    a.button href=(import::PATH) { "Import a list" }
                }
            }
            p { "A client sends its key as " code { "x-api-key" } ". What the key opens, and how much of it, its usage plans say." }
            @if snapshot.keys.is_empty() {
                div.empty {
                    p { "There are no API keys yet." }
                    p { a href=(NEW) { "Create the first one" } ", or " a href=(import::PATH) { "import a list" } " of keys that your clients have already." }
                }
            } @else {
                (forms::search(section.path(), "Search by name, id or customer", visit.query().get("q"), &filters(visit, &snapshot)))
                div id="list" {
                    @if found.is_empty() {
                        div.empty {
                            p { "No API key fits the search." }
                            p { a href=(section.path()) { "Show all " (words::count(snapshot.keys.len())) } }
                        }
                    } @else {
                        (table(visit, &rows, found.len(), &snapshot))
                        (paging.links(visit))
                    }
                }
            }
        },
    }))
}

/// The keys that fit the search and the filters, newest first.
fn found(visit: &Visit<'_>, snapshot: &Snapshot) -> Vec<Arc<ListedKey>> {
    let query = visit.query();
    let state = query.get(STATE);
    let plans = plans_named(snapshot, query.get(PLAN));
    snapshot
        .search_keys(query.get("q"))
        .filter(|key| state.is_empty() || state_of(key, visit).as_str() == state)
        .filter(|key| {
            plans
                .as_ref()
                .is_none_or(|plans| key.plan_ids.iter().any(|id| plans.contains(id)))
        })
        .cloned()
        .collect()
}

fn state_of(key: &ListedKey, visit: &Visit<'_>) -> KeyState {
    KeyState::of(key.is_enabled, key.expires_at, visit.now())
}

/// The plan with this id, or those in whose names the text occurs. `None`: any plan or none.
fn plans_named(snapshot: &Snapshot, text: &str) -> Option<BTreeSet<PlanId>> {
    if text.is_empty() {
        return None;
    }
    if let Some(plan) = snapshot.plan(&PlanId::from(text)) {
        return Some(BTreeSet::from([plan.id.clone()]));
    }
    let lower_case = text.to_lowercase();
    let plans = snapshot.plans.iter();
    let named = plans.filter(|plan| plan.name.to_lowercase().contains(&lower_case));
    Some(named.map(|plan| plan.id.clone()).collect())
}

fn filters(visit: &Visit<'_>, snapshot: &Snapshot) -> Markup {
    let none = Mistakes::default();
    let any = |text| Choice { value: "", text };
    let state = |state: KeyState| Choice {
        value: state.as_str(),
        text: state.as_str(),
    };
    let states: Vec<Choice<'_>> = std::iter::once(any("any"))
        .chain(KeyState::ALL.map(state))
        .collect();
    let chosen = visit.query().get(PLAN);
    html! {
        (forms::select(STATE, "State", visit.query().get(STATE), &states, "", &none))
        @if snapshot.plans.len() <= MAX_LISTED_PLANS {
            @let plans = snapshot.plans.iter().map(|plan| Choice { value: plan.id.as_str(), text: &plan.name });
            @let plans: Vec<Choice<'_>> = std::iter::once(any("any or none")).chain(plans).collect();
            (forms::select(PLAN, "Usage plan", chosen, &plans, "", &none))
        } @else {
            (Input { name: PLAN, label: "Usage plan, by name or id", value: chosen, hint: "", kind: InputKind::Text, is_required: false }.render(&none))
        }
    }
}

fn table(
    visit: &Visit<'_>,
    rows: &[(&Arc<ListedKey>, Activity)],
    total: usize,
    snapshot: &Snapshot,
) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="API keys" {
            table {
                caption {
                    (words::plural(u64::try_from(total).unwrap_or(u64::MAX), "key")) ", newest first. "
                    "Use is what the plans that a key is in have counted, by days in UTC."
                }
                thead {
                    tr {
                        th scope="col" { "API key" }
                        th scope="col" { "Customer" }
                        th scope="col" { "State" }
                        th scope="col" { "Usage plans" }
                        th scope="col" { "Last used" }
                        th.number scope="col" { "Used today" }
                    }
                }
                tbody {
                    @for (key, activity) in rows {
                        tr {
                            th scope="row" {
                                a href=(path::key(key.id.as_str())) { (name(key)) }
                                " " span.quiet.mono { (key.id) }
                            }
                            td { (key.customer_id.as_deref().unwrap_or("")) }
                            td { (state_of(key, visit).badge()) }
                            td { (plans(key, snapshot)) }
                            td { (activity.last_used(visit.now())) }
                            td.number { (words::number(activity.today())) }
                        }
                    }
                }
            }
        }
    }
}

fn name(key: &ListedKey) -> &str {
    if key.name.is_empty() {
        "(no name)"
    } else {
        &key.name
    }
}

fn plans(key: &ListedKey, snapshot: &Snapshot) -> Markup {
    html! {
        @if key.plan_ids.is_empty() {
            span.quiet { "none" }
        } @else {
            ul {
                @for id in &key.plan_ids {
                    li {
                        a href=(path::plan(id.as_str())) {
                            @match snapshot.plan(id) {
                                Some(plan) => (plan.name),
                                None => (id),
                            }
                        }
                    }
                }
            }
        }
    }
}
