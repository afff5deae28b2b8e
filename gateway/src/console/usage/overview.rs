//! All plans: what was admitted and refused of each.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use maud::{Markup, html};
use tollgate::id::PlanId;
use tollgate::plan::Plan;

use super::super::answer::Answer;
use super::super::directory::Snapshot;
use super::super::layout::{Page, Section};
use super::super::paging::Paging;
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;
use super::meters::{self, Meter};
use super::period::Days;
use super::{alerts, plan_path, refusals};
use crate::tally::{Counts, Tally};

const PATH: &str = "/console/usage";

pub(super) async fn answer(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let snapshot = visit.snapshot().await?;
    let sought = visit.query().get("q").to_lowercase();
    let plans: Vec<&Arc<Plan>> = snapshot
        .plans
        .iter()
        .filter(|plan| {
            plan.name.to_lowercase().contains(&sought)
                || plan.id.as_str().to_lowercase().contains(&sought)
        })
        .collect();
    let paging = Paging::of(visit, plans.len());
    let shown = paging.part(&plans);
    let today = used_today(visit, &snapshot, shown).await?;
    let tally = visit.surroundings().tally.as_ref();
    let days = Days::of(visit);
    let counted = tally.map(|tally| by_plan(tally, days));
    Ok(visit.page(Page {
        title: Section::Usage.title(),
        section: Some(Section::Usage),
        trail: &[],
        body: html! {
            div.titlebar {
                h1 { (Section::Usage.title()) }
                p.actions {
                    a.button href=(alerts::PATH) { "Alerts" }
                    @if tally.is_some() {
                        a.button href="/console/usage/live" { "Live view" }
                        a.button href=(path::with_query("/console/usage/usage.csv", days.query().iter().map(|(name, value)| (*name, value.as_str())))) {
                            "Export as CSV"
                        }
                    }
                }
            }
            @if let Some(counted) = &counted { (cards(counted, days)) }
            @if snapshot.plans.is_empty() {
                p.empty { "There is no usage plan yet. " a href="/console/plans/new" { "Create one" } ", and put keys into it." }
            } @else {
                form.inline method="get" action=(PATH) role="search" {
                    div.field {
                        label for="q" { "Search by name or id" }
                        input id="q" name="q" type="search" value=(visit.query().get("q"));
                    }
                    button type="submit" { "Search" }
                }
                (table(visit, &snapshot, shown, today.as_ref(), counted.as_ref()))
                (paging.links(visit))
                @if today.is_none() {
                    p.hint {
                        "Admitted requests are counted key by key, and these plans have more keys than a page reads. The page of a plan shows its keys, and its export has all of them."
                    }
                }
            }
            (refusals::source(visit))
        },
    }))
}

/// What the running gateway has counted, plan by plan.
fn by_plan(tally: &Tally, days: Days) -> BTreeMap<Option<PlanId>, Counts> {
    tally.sums(days.from, days.today, |_, plan_id, _| {
        Some(plan_id.cloned())
    })
}

fn cards(counted: &BTreeMap<Option<PlanId>, Counts>, days: Days) -> Markup {
    let all: Counts = counted.values().copied().sum();
    html! {
        h2 { "Decided by this gateway in " (days.words()) }
        div.cards {
            @for (words, number) in [
                ("admitted", all.passed()),
                ("throttled", all.throttled),
                ("refused because the quota was used up", all.quota_exceeded),
                ("forbidden: no key that opens the stage", all.forbidden),
                ("refused because the table did not answer", all.store_failed),
            ] {
                div.card { p.figure { (words::number(number)) } p { (words) } }
            }
        }
        h2 { "Usage plans" }
    }
}

/// The requests of today for each plan that is shown, from the meters of its keys; `None` when there are too many to read.
async fn used_today(
    visit: &Visit<'_>,
    snapshot: &Snapshot,
    shown: &[&Arc<Plan>],
) -> Result<Option<HashMap<PlanId, u64>>, Problem> {
    let keys = shown.iter().map(|plan| snapshot.key_count(&plan.id));
    if keys.sum::<usize>() > meters::MOST {
        return Ok(None);
    }
    let today = Days::of(visit).today;
    let mut wanted = Vec::new();
    for plan in shown {
        let members = snapshot
            .keys
            .iter()
            .filter(|key| key.plan_ids.contains(&plan.id));
        wanted.extend(members.map(|key| (key.as_ref(), plan.as_ref())));
    }
    let plan_ids: Vec<PlanId> = wanted.iter().map(|(_, plan)| plan.id.clone()).collect();
    let meters = Meter::read_all(visit.store(), wanted, today, visit.now()).await?;
    let mut used: HashMap<PlanId, u64> = HashMap::new();
    for (plan_id, meter) in plan_ids.into_iter().zip(meters) {
        let sum = used.entry(plan_id).or_default();
        *sum = sum.saturating_add(meter.used_today());
    }
    Ok(Some(used))
}

fn table(
    visit: &Visit<'_>,
    snapshot: &Snapshot,
    shown: &[&Arc<Plan>],
    today: Option<&HashMap<PlanId, u64>>,
    counted: Option<&BTreeMap<Option<PlanId>, Counts>>,
) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Usage of plans" {
            table {
                caption { "Requests for each plan" }
                thead {
                    tr {
                        th scope="col" { "Plan" }
                        th scope="col" { "Quota of each key" }
                        th.number scope="col" { "Keys" }
                        @if today.is_some() { th.number scope="col" { "Admitted today" } }
                        @if counted.is_some() { th.number scope="col" { "Admitted here" } }
                        (refusals::heads(visit))
                    }
                }
                tbody {
                    @for plan in shown {
                        @let counts = counted.and_then(|counted| counted.get(&Some(plan.id.clone())));
                        tr {
                            th scope="row" { a href=(plan_path(&plan.id)) { (plan.name) } }
                            td { (plan.quota.map_or_else(|| "none".to_owned(), words::quota_short)) }
                            td.number { (words::count(snapshot.key_count(&plan.id))) }
                            @if let Some(today) = today {
                                td.number { (words::number(today.get(&plan.id).copied().unwrap_or(0))) }
                            }
                            @if counted.is_some() {
                                td.number { (words::number(counts.copied().unwrap_or_default().passed())) }
                            }
                            (refusals::cells(visit, counts))
                        }
                    }
                }
            }
        }
        @if shown.is_empty() { p.empty { "No plan has this text in its name or id." } }
    }
}
