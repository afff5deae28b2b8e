//! Whether a plan is in shadow mode.

use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};
use tollgate::plan::{MODE, Mode, Plan, SHADOW_STAGES};

use super::super::call::Refusal;
use super::super::path;
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
    // Only what follows the account says which resource it is.
    let arn = format!("arn:aws:apigateway:us-east-1::/usageplans/{}", plan.id);
    let path = format!("/tags/{}", path::segment(&arn));
    let done = if is_shadow {
        let body = json!({"tags": {MODE: ON}});
        visit.call(Method::PUT, &path, &body).await
    } else {
        let path = path::with_query(&path, [("tagKeys", MODE)]);
        visit.call(Method::DELETE, &path, &Value::Null).await
    };
    done.map(|_nothing| ())
}
