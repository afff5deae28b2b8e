//! The stages that a key opens, and through which plan.

use std::sync::Arc;

use maud::{Markup, html};
use tollgate::id::{ApiStage, PlanId};
use tollgate::plan::Plan;
use tollgate::store::{ApiKey, PlanRegistry as _, StoreError};

use super::super::directory::Snapshot;
use super::super::path;
use super::super::stages::StageBook;
use super::super::visit::Visit;
use super::super::words;

/// The plans with these ids, in their order. One that is not known yet is left out.
pub(super) fn plans(snapshot: &Snapshot, ids: &[PlanId]) -> Vec<Arc<Plan>> {
    let plans = ids.iter().filter_map(|id| snapshot.plan(id));
    plans.cloned().collect()
}

/// The plans that a key is in, as they are in the table now: what a confirmation says is not some seconds old.
///
/// # Errors
///
/// When the store does not answer.
pub(super) async fn current_plans(
    visit: &Visit<'_>,
    key: &ApiKey,
) -> Result<Vec<Arc<Plan>>, StoreError> {
    let mut plans = Vec::with_capacity(key.plan_ids.len());
    for id in &key.plan_ids {
        // Boxed: calls of the store are large, and each page would carry them.
        plans.extend(Box::pin(visit.store().plan_by_id(id)).await?.map(Arc::new));
    }
    Ok(plans)
}

/// The plans as they are for a key: with the limits of its own that it has.
pub(super) fn limited(key: &ApiKey, plans: &[Arc<Plan>]) -> Vec<Arc<Plan>> {
    let limited = plans.iter().map(|plan| {
        let own = key.limits_in(&plan.id);
        if own.is_empty() {
            return Arc::clone(plan);
        }
        Arc::new(Plan {
            throttle: own.throttle(plan.throttle),
            quota: own.quota(plan.quota).map(|quota| quota.usual()),
            ..Plan::clone(plan)
        })
    });
    limited.collect()
}

/// The stages that these plans open, each with its plan.
pub(super) fn stages(plans: &[Arc<Plan>]) -> Vec<(&ApiStage, &Arc<Plan>)> {
    let stages = plans.iter().flat_map(|plan| {
        let covered = plan.stages.iter();
        covered.map(move |covered| (&covered.api_stage, plan))
    });
    stages.collect()
}

/// The stages as a list.
pub(super) fn list(plans: &[Arc<Plan>], book: &StageBook) -> Markup {
    html! {
        ul {
            @for (api_stage, plan) in stages(plans) {
                li { (book.title(api_stage)) " " span.quiet { "through " (plan.name) } }
            }
        }
    }
}

/// The stages with their limits.
pub(super) fn table(plans: &[Arc<Plan>], book: &StageBook) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Stages" {
            table {
                caption { "What requests with this key reach, and how many of them." }
                thead {
                    tr {
                        th scope="col" { "Stage" }
                        th scope="col" { "Kind" }
                        th scope="col" { "Through the plan" }
                        th scope="col" { "Throttle" }
                        th scope="col" { "Quota" }
                    }
                }
                tbody {
                    @for (api_stage, plan) in stages(plans) {
                        tr {
                            th scope="row" { (book.title(api_stage)) " " span.quiet.mono { (api_stage) } }
                            td {
                                @match book.get(api_stage) {
                                    Some(known) => (known.kind.as_str()),
                                    None => span.quiet { "not known here" },
                                }
                            }
                            td { a href=(path::plan(plan.id.as_str())) { (plan.name) } }
                            td { (throttle(plan)) }
                            td { (quota(plan)) }
                        }
                    }
                }
            }
        }
    }
}

/// The plan's throttle in a cell of a table.
pub(super) fn throttle(plan: &Plan) -> String {
    plan.throttle
        .map_or_else(|| "unlimited".to_owned(), words::throttle_short)
}

/// The plan's quota in a cell of a table.
pub(super) fn quota(plan: &Plan) -> String {
    plan.quota
        .map_or_else(|| "unlimited".to_owned(), words::quota_short)
}
