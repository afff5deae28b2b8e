//! The alerts of the last time, told or owed.

use std::cmp::Reverse;

use maud::{Markup, html};
use tollgate::alert::Occasion;
use tollgate::plan::ALERTS;
use tollgate::store::{AlertOutbox as _, AlertState, KeptAlert};

use super::super::answer::Answer;
use super::super::directory::Snapshot;
use super::super::layout::{Page, Section};
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;
use super::{key_path, plan_path};

pub(super) const PATH: &str = "/console/usage/alerts";

/// How many alerts in each state are shown at the most.
const SHOWN: u32 = 100;

pub(super) async fn answer(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let snapshot = visit.snapshot().await?;
    let mut alerts = Vec::new();
    for state in AlertState::ALL {
        alerts.extend(visit.store().alerts(state, SHOWN).await?);
    }
    alerts.sort_by_key(|kept| Reverse(kept.alert.raised_at));
    Ok(visit.page(Page {
        title: "Alerts",
        section: Some(Section::Usage),
        trail: &[],
        body: html! {
            h1 { "Alerts" }
            @if alerts.is_empty() {
                p.empty {
                    "There is no alert. Plans ask for them with the tag " code { (ALERTS) } ", such as " code { "80,100,throttled" } "."
                }
            } @else {
                (table(visit, &snapshot, &alerts))
                p.hint {
                    "An alert is raised once for each key, plan, threshold and window of the quota, and once for each key, plan and hour in which requests are throttled. The last "
                    (SHOWN) " of each state are shown."
                }
            }
        },
    }))
}

fn table(visit: &Visit<'_>, snapshot: &Snapshot, alerts: &[KeptAlert]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Alerts" {
            table {
                caption { "Alerts, the newest first" }
                thead {
                    tr {
                        th scope="col" { "Raised" }
                        th scope="col" { "Key" }
                        th scope="col" { "Plan" }
                        th scope="col" { "About" }
                        th scope="col" { "State" }
                    }
                }
                tbody {
                    @for kept in alerts {
                        @let meter = &kept.alert.meter;
                        tr {
                            td { (words::instant(kept.alert.raised_at, visit.now())) }
                            td {
                                @match snapshot.key(&meter.key_id) {
                                    Some(key) => a href=(key_path(&meter.key_id)) { (key.name) },
                                    None => (meter.key_id.as_str()),
                                }
                            }
                            td {
                                @match snapshot.plan(&meter.plan_id) {
                                    Some(plan) => a href=(plan_path(&meter.plan_id)) { (plan.name) },
                                    None => (meter.plan_id.as_str()),
                                }
                            }
                            td { (about(&kept.alert.occasion)) }
                            td { (state(kept)) }
                        }
                    }
                }
            }
        }
    }
}

fn about(occasion: &Occasion) -> Markup {
    html! {
        @match occasion {
            Occasion::Quota(quota) => {
                (quota.percent) " % of the quota: " (words::number(quota.used)) " of " (words::number(quota.limit))
                " in the " (words::period_noun(quota.period)) " from " (quota.first)
            },
            Occasion::Throttled { hour } => { "throttled in the hour from " (words::moment(hour.start())) },
        }
    }
}

fn state(kept: &KeptAlert) -> Markup {
    let told: Vec<&str> = kept.told.iter().map(|channel| channel.as_str()).collect();
    html! {
        @match kept.state {
            AlertState::Told if told.is_empty() => "kept",
            AlertState::Told => { "told: " (told.join(", ")) },
            AlertState::Owed => "not everybody is told yet",
            AlertState::GivenUp => "given up",
        }
    }
}
