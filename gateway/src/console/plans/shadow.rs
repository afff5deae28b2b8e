//! Whether a plan is in shadow mode.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tollgate::plan::{MODE, Mode, Plan, SHADOW_STAGES};

use super::super::call::Refusal;
use super::super::visit::Visit;

/// What the tag says of a plan that is.
pub(super) const ON: &str = "shadow";

/// Whether the plan is, in all of its stages.
pub(super) fn is_on(plan: &Plan) -> bool {
    plan.tags.get(MODE).map(|text| text.parse()) == Some(Ok(Mode::Shadow))
}

/// A mark beside the name of a plan that is, in all of its stages or some.
pub(super) fn badge(plan: &Plan) -> Markup {
    html! {
        @if is_on(plan) {
            span.badge.warning { "shadow mode" }
        } @else if plan.tags.contains_key(SHADOW_STAGES) {
            span.badge.warning { "shadow mode in some stages" }
        }
    }
}

/// What becomes of requests beyond the limits.
pub(super) fn words(plan: &Plan) -> String {
    match plan.tags.get(SHADOW_STAGES) {
        _ if is_on(plan) => {
            "Shadow mode: nothing is refused. Requests beyond the limits pass, and are counted and logged.".to_owned()
        }
        Some(stages) => format!(
            "Refused, but in the stages {stages}: there they pass, and are counted and logged."
        ),
        None => "Refused.".to_owned(),
    }
}

/// Saves whether the plan is, when that differs.
pub(super) async fn save(visit: &Visit<'_>, plan: &Plan, is_shadow: bool) -> Result<(), Refusal> {
    if is_shadow == is_on(plan) {
        return Ok(());
    }
    let mode = is_shadow.then(|| ON.to_owned());
    let changes = BTreeMap::from([(MODE.to_owned(), mode)]);
    visit.change_tags(&super::resource(plan), &changes).await
}
