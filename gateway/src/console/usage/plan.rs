//! One plan: its days, and its keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use maud::{Markup, html};
use tollgate::id::KeyId;
use tollgate::plan::Plan;
use tollgate::quota::Day;

use super::super::answer::Answer;
use super::super::directory::ListedKey;
use super::super::layout::{Page, Section};
use super::super::paging::Paging;
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;
use super::meters::{self, Meter};
use super::period::Days;
use super::{find_plan, key_path, plan_path, refusals};
use crate::tally::{Client, Counts};

pub(super) async fn answer(visit: &Visit<'_>, id: &str) -> Result<Answer, Problem> {
    let snapshot = visit.snapshot().await?;
    let plan = find_plan(&snapshot, id)?;
    let days = Days::of(visit);
    let keys: Vec<&Arc<ListedKey>> = snapshot
        .keys
        .iter()
        .filter(|key| key.plan_ids.contains(&plan.id))
        .collect();
    let paging = Paging::of(visit, keys.len());
    let shown = paging.part(&keys);
    let wanted = shown.iter().map(|key| (key.as_ref(), plan)).collect();
    let meters = Meter::read_all(visit.store(), wanted, days.from, visit.now()).await?;
    let counted = Counted::of(visit, plan, days);
    let used = (shown.len() == keys.len()).then(|| used_by_day(&meters));
    let here = plan_path(&plan.id);
    let query = days.query();
    let query = || query.iter().map(|(name, value)| (*name, value.as_str()));
    Ok(visit.page(Page {
        title: &plan.name,
        section: Some(Section::Usage),
        trail: &[],
        body: html! {
            div.titlebar {
                h1 { "Usage of " (plan.name) }
                p.actions {
                    a.button href=(path::with_query(&format!("{here}/usage.csv"), query())) { "Export all keys as CSV" }
                    a.button href=(path::plan(plan.id.as_str())) { "The plan" }
                }
            }
            p { (words::throttle(plan.throttle)) ". " (words::quota(plan.quota)) "." }
            (days.form(&here))
            (by_day(visit, days, used.as_ref(), &counted))
            (refusals::source(visit))
            h2 { "API keys" }
            @if keys.is_empty() {
                p.empty { "No key is in this plan. " a href=(path::plan(plan.id.as_str())) { "Add one to the plan" } "." }
            } @else {
                (by_key(visit, shown, &meters, &counted))
                (paging.links(visit))
            }
        },
    }))
}

/// What the running gateway has counted of a plan. Nothing where none runs.
#[derive(Default)]
struct Counted {
    days: BTreeMap<Day, Counts>,
    clients: BTreeMap<KeyId, Counts>,
}

impl Counted {
    fn of(visit: &Visit<'_>, plan: &Plan, days: Days) -> Self {
        let Some(tally) = &visit.surroundings().tally else {
            return Self::default();
        };
        let sums = tally.sums(days.from, days.today, |day, plan_id, client| {
            (plan_id == Some(&plan.id)).then(|| (day, client.clone()))
        });
        let mut counted = Self::default();
        for ((day, client), counts) in sums {
            counted.days.entry(day).or_default().add(counts);
            match client {
                Client::Key(key_id) => counted.clients.entry(key_id).or_default().add(counts),
                Client::Unknown | Client::Others => {}
            }
        }
        counted
    }
}

fn used_by_day(meters: &[Meter]) -> BTreeMap<Day, u64> {
    let days = meters::sum(meters).into_iter();
    days.map(|day| (day.day, day.used)).collect()
}

/// The days on which there was something, the latest first. `used` is what all keys have used, where it was read.
fn by_day(
    visit: &Visit<'_>,
    days: Days,
    used: Option<&BTreeMap<Day, u64>>,
    counted: &Counted,
) -> Markup {
    let has_tally = visit.surroundings().tally.is_some();
    let all = (days.from.number()..=days.today.number()).map(Day::from_number);
    let used_on = |day: &Day| used.and_then(|used| used.get(day)).copied().unwrap_or(0);
    let shown: Vec<Day> = all
        .rev()
        .filter(|day| used_on(day) > 0 || counted.days.contains_key(day))
        .collect();
    html! {
        h2 { "By day" }
        @if used.is_none() {
            p {
                "Admitted requests are counted key by key, and this plan has more keys than a page reads. The keys are below, "
                "and the export has all of them."
            }
        }
        p.hint { "Of keys that have left the plan or were deleted, the table tells no days: they are missing here and in the export." }
        @if used.is_some() || has_tally {
            @if shown.is_empty() {
                p.empty { "No request in " (days.words()) "." }
            } @else {
                (rows_by_day(visit, days, &shown, used, counted))
            }
        }
    }
}

fn rows_by_day(
    visit: &Visit<'_>,
    days: Days,
    shown: &[Day],
    used: Option<&BTreeMap<Day, u64>>,
    counted: &Counted,
) -> Markup {
    let has_tally = visit.surroundings().tally.is_some();
    html! {
        div.scroll tabindex="0" role="region" aria-label="Usage by day" {
            table {
                caption { "Requests of the keys that are in the plan now, in " (days.words()) ", days with none left out (UTC)" }
                thead {
                    tr {
                        th scope="col" { "Day" }
                        @if used.is_some() { th.number scope="col" { "Admitted" } }
                        @if has_tally { th.number scope="col" { "Admitted here" } }
                        (refusals::heads(visit))
                    }
                }
                tbody {
                    @for day in shown {
                        @let counts = counted.days.get(day);
                        tr {
                            th scope="row" { (day) }
                            @if let Some(used) = used { td.number { (words::number(used.get(day).copied().unwrap_or(0))) } }
                            @if has_tally { td.number { (words::number(counts.copied().unwrap_or_default().passed())) } }
                            (refusals::cells(visit, counts))
                        }
                    }
                }
            }
        }
    }
}

fn by_key(
    visit: &Visit<'_>,
    shown: &[&Arc<ListedKey>],
    meters: &[Meter],
    counted: &Counted,
) -> Markup {
    let has_quota = meters.iter().any(|meter| meter.quota().is_some());
    html! {
        div.scroll tabindex="0" role="region" aria-label="Usage by key" {
            table {
                caption { "What each key has used, as the table has it now" }
                thead {
                    tr {
                        th scope="col" { "Key" }
                        th scope="col" { "Customer" }
                        th.number scope="col" { "Admitted today" }
                        @if has_quota {
                            th.number scope="col" { "Left of the quota" }
                            th scope="col" { "Used up" }
                        }
                        (refusals::heads(visit))
                    }
                }
                tbody {
                    @for (key, meter) in shown.iter().zip(meters) {
                        tr {
                            th scope="row" { a href=(key_path(&key.id)) { (key.name) } }
                            td { (key.customer_id.as_deref().unwrap_or("")) }
                            td.number { (words::number(meter.used_today())) }
                            @match meter.window() {
                                Some(window) => {
                                    td.number { (words::number(window.remaining)) }
                                    td { (gauge(window.limit, window.remaining)) }
                                }
                                None => @if has_quota { td.number {} td {} },
                            }
                            (refusals::cells(visit, counted.clients.get(&key.id)))
                        }
                    }
                }
            }
        }
    }
}

/// How much of a quota is used, for the eye. Whoever does not see it has the number beside it.
pub(super) fn gauge(limit: u64, remaining: u64) -> Markup {
    let used = limit.saturating_sub(remaining);
    let percent = u128::from(used)
        .saturating_mul(100)
        .checked_div(u128::from(limit))
        .unwrap_or(100);
    html! {
        meter min="0" max="100" low="80" high="95" optimum="0" value=(percent) aria-label="Used up" {}
        " " (percent) " %"
    }
}
