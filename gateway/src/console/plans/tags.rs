//! What a plan's tags say of it: further quotas, costs, alerts and the rest.

use maud::html;
use tollgate::plan::{
    ALERTS, COSTS, LEASE, MODE, ON_UNAVAILABLE, OVERDRAFT, Plan, QUOTA_RESET, QUOTAS,
    SHADOW_STAGES, SHARDS,
};

use super::super::answer::Answer;
use super::super::forms::Mistakes;
use super::super::path;
use super::super::problem::Problem;
use super::super::tags::{Entered, Setting};
use super::super::visit::Visit;
use super::{changed, page_path, resource, sub_page};

const SETTINGS: [Setting; 8] = [
    Setting {
        tag: QUOTAS,
        label: "Further quotas",
        hint: "Such as 100/minute, 1000/hour, 50000/month soft: up to four, one for each period, beside the quota of the plan. Beyond a soft one requests pass and are counted.",
    },
    Setting {
        tag: QUOTA_RESET,
        label: "When their periods begin",
        hint: "Such as 15 monday 06:00 +02:00. Empty: at 00:00 UTC, weeks on Sunday, months on the first.",
    },
    Setting {
        tag: COSTS,
        label: "What methods count for",
        hint: "Such as POST /reports=5, GET /search=2; * *=2 is for all that are not named. Empty: each request counts for one.",
    },
    Setting {
        tag: OVERDRAFT,
        label: "Overdraft",
        hint: "How many requests a quota may come below zero when a cost is told afterwards. Empty: none.",
    },
    Setting {
        tag: ALERTS,
        label: "Alerts",
        hint: "Such as 80,100,throttled: at these percentages of a key’s quota, and when a key begins to be throttled.",
    },
    Setting {
        tag: LEASE,
        label: "Leases",
        hint: "How many requests a process may charge in advance, or off.",
    },
    Setting {
        tag: SHARDS,
        label: "Shards",
        hint: "2 to 256, for keys with more than 1,000 requests a second. Not together with further quotas.",
    },
    Setting {
        tag: ON_UNAVAILABLE,
        label: "While the store does not answer",
        hint: "deny or allow. Empty: deny.",
    },
];

/// The form of the plan has it.
fn is_elsewhere(name: &str) -> bool {
    [MODE, SHADOW_STAGES].contains(&name)
}

pub(super) fn page(visit: &Visit<'_>, plan: &Plan) -> Answer {
    form_page(visit, plan, &entered(plan), &Mistakes::default())
}

pub(super) async fn save(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let mut entered = entered(plan).with_form(visit.form());
    let mistakes = entered.save(visit, &resource(plan), &plan.tags).await;
    if mistakes.is_empty() {
        let said = format!("The settings of {} were saved.", plan.name);
        return Ok(changed(visit, plan, said).await);
    }
    Ok(form_page(visit, plan, &entered, &mistakes))
}

fn entered(plan: &Plan) -> Entered {
    Entered::of_tags(&plan.tags, &SETTINGS, is_elsewhere)
}

fn form_page(visit: &Visit<'_>, plan: &Plan, entered: &Entered, mistakes: &Mistakes) -> Answer {
    let content = entered.content(&SETTINGS, &path::plan(plan.id.as_str()), mistakes);
    let body = html! {
        h1 { "Settings of " (plan.name) }
        p { "What Tollgate’s plans have beyond API Gateway’s stands in tags. Functions that are running take a change over within 30 seconds." }
        (mistakes.summary())
        (visit.form_to(&page_path(plan, "tags"), &content))
    };
    sub_page(visit, plan, "Settings", mistakes, body)
}
