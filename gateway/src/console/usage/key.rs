//! One key: its plans, with what is left of each quota and when it runs out.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tollgate::id::PlanId;
use tollgate::plan::Plan;
use tollgate::quota::Day;

use super::super::answer::Answer;
use super::super::directory::ListedKey;
use super::super::layout::{Page, Section};
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;
use super::meters::{Meter, WindowUsed};
use super::period::Days;
use super::projection::Projection;
use super::{chart, export, find_key, key_path, plan, plan_path, refusals};
use crate::tally::{Client, Counts};

/// What was counted of one key, by plan and day; `None` is where no plan covers the stage.
type Counted = BTreeMap<(Option<PlanId>, Day), Counts>;

pub(super) async fn answer(visit: &Visit<'_>, id: &str) -> Result<Answer, Problem> {
    let snapshot = visit.snapshot().await?;
    let key = find_key(&snapshot, id)?;
    let days = Days::of(visit);
    let plans = export::plans_of(&snapshot, key);
    let wanted = plans.iter().map(|plan| (key, *plan)).collect();
    let meters = Meter::read_all(visit.store(), wanted, days.from, visit.now()).await?;
    let counted = counted(visit, key, days);
    let forbidden: Counts = counted
        .iter()
        .filter(|((plan_id, _), _)| plan_id.is_none())
        .map(|(_, counts)| *counts)
        .sum();
    let here = key_path(&key.id);
    let query = days.query();
    let query = query.iter().map(|(name, value)| (*name, value.as_str()));
    Ok(visit.page(Page {
        title: &key.name,
        section: Some(Section::Usage),
        trail: &[],
        body: html! {
            div.titlebar {
                h1 { "Usage of " (key.name) }
                p.actions {
                    a.button href=(path::with_query(&format!("{here}/usage.csv"), query)) { "Export as CSV" }
                    a.button href=(path::key(key.id.as_str())) { "The key" }
                }
            }
            (days.form(&here))
            @if plans.is_empty() {
                p.empty { "The key is in no usage plan, so it opens no stage. " a href=(path::key(key.id.as_str())) { "Add it to a plan" } "." }
            }
            @for (plan, meter) in plans.iter().zip(&meters) {
                (of_plan(visit, plan, meter, days, &counted))
            }
            @if forbidden.refused() > 0 {
                p.notice.warning {
                    (words::plural(forbidden.refused(), "request")) " with this key were forbidden: it was disabled, expired, or in no plan for the stage."
                }
            }
            (refusals::source(visit))
        },
    }))
}

fn counted(visit: &Visit<'_>, key: &ListedKey, days: Days) -> Counted {
    let Some(tally) = &visit.surroundings().tally else {
        return Counted::new();
    };
    tally.sums(days.from, days.today, |day, plan_id, client| match client {
        Client::Key(key_id) => (*key_id == key.id).then(|| (plan_id.cloned(), day)),
        Client::Unknown | Client::Others => None,
    })
}

fn of_plan(visit: &Visit<'_>, plan: &Plan, meter: &Meter, days: Days, counted: &Counted) -> Markup {
    html! {
        h2 { "In the plan " a href=(plan_path(&plan.id)) { (plan.name) } }
        @match meter.window() {
            Some(used) => (of_window(visit, meter, &used)),
            None => p { "The plan has no quota: requests are counted, and their number is not limited." },
        }
        (of_further(visit, plan, meter))
        (by_day(visit, plan, meter, days, counted))
    }
}

fn of_further(visit: &Visit<'_>, plan: &Plan, meter: &Meter) -> Markup {
    let further = meter.further(plan, visit.now());
    html! {
        @if !further.is_empty() {
            div.scroll tabindex="0" role="region" aria-label={ "Further quotas of " (plan.name) } {
                table {
                    caption { "Further quotas, in the periods that count now" }
                    thead {
                        tr {
                            th scope="col" { "Quota" }
                            th.number scope="col" { "Used" }
                            th.number scope="col" { "Left" }
                            th.number scope="col" { "Beyond" }
                            th scope="col" { "Starts again" }
                        }
                    }
                    tbody {
                        @for quota in &further {
                            tr {
                                th scope="row" { (words::number(quota.limit)) " a " (quota.every) @if quota.overage.is_some() { ", soft" } }
                                td.number { (words::number(quota.used)) }
                                td.number { (words::number(quota.remaining())) }
                                td.number { (words::number(quota.overage.unwrap_or(0))) }
                                td { (words::moment(quota.resets_at)) ", " (words::distance(quota.resets_at, visit.now())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn of_window(visit: &Visit<'_>, meter: &Meter, used: &WindowUsed) -> Markup {
    let projection = Projection::new(used.used, used.remaining, used.window, visit.now());
    html! {
        dl.facts {
            dt { "Quota" }
            dd { (meter.quota().map_or_else(String::new, words::quota_short)) }
            dt { "Left now" }
            dd { (words::number(used.remaining)) " of " (words::number(used.limit)) " " (plan::gauge(used.limit, used.remaining)) }
            dt { "Admitted since " (used.window.first) }
            dd { (words::number(used.used)) }
            dt { "Starts again" }
            dd { (words::moment(used.window.resets_at())) ", " (words::distance(used.window.resets_at(), visit.now())) }
            dt { "Projected" }
            dd { (projected(projection, visit)) }
        }
        (chart::burn_down(used, projection, visit.now()))
    }
}

/// The projection in words.
fn projected(projection: Projection, visit: &Visit<'_>) -> Markup {
    html! {
        @match projection {
            Projection::Unused => "Nothing was used yet, so there is no rate to go by.",
            Projection::UsedUp => strong { "The quota is used up. Requests are refused until it starts again." },
            Projection::RunsOut { at } => {
                strong { "At the mean rate so far, the quota is used up on " (words::moment(at)) }
                ", " (words::distance(at, visit.now())) "."
            },
            Projection::Lasts { left } => {
                "At the mean rate so far, it lasts until it starts again, with about " (words::number(left)) " left."
            },
        }
    }
}

/// The days on which there was something, the latest first.
fn by_day(visit: &Visit<'_>, plan: &Plan, meter: &Meter, days: Days, counted: &Counted) -> Markup {
    let counts_of = |day: Day| counted.get(&(Some(plan.id.clone()), day));
    let shown: Vec<_> = meter
        .days()
        .into_iter()
        .rev()
        .filter(|day| day.used > 0 || counts_of(day.day).is_some())
        .collect();
    html! {
        @if shown.is_empty() {
            p.empty { "No request in " (days.words()) "." }
        } @else {
            div.scroll tabindex="0" role="region" aria-label={ "Usage of " (plan.name) " by day" } {
                table {
                    caption { "Requests in " (days.words()) ", days with none left out (UTC)" }
                    thead {
                        tr {
                            th scope="col" { "Day" }
                            th.number scope="col" { "Admitted" }
                            @if meter.quota().is_some() { th.number scope="col" { "Left at its end" } }
                            (refusals::heads(visit))
                        }
                    }
                    tbody {
                        @for day in shown {
                            tr {
                                th scope="row" { (day.day) }
                                td.number { (words::number(day.used)) }
                                @if let Some(remaining) = day.remaining { td.number { (words::number(remaining)) } }
                                (refusals::cells(visit, counts_of(day.day)))
                            }
                        }
                    }
                }
            }
        }
    }
}
