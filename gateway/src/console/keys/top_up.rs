//! More requests of a quota for one key, until an instant.

use std::sync::Arc;

use maud::html;
use tollgate::plan::Plan;
use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::super::answer::Answer;
use super::super::forms::{Choice, Fields, Input, InputKind, Mistakes, select, submit};
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;
use super::{PLAN, changed, opened, page_path, sub_page, title};
use crate::management::{ManagedPlan, NoTopUp, TopUpRequest, parse_end, plan_top_up};

const REQUESTS: &str = "requests";
const UNTIL: &str = "until";
const NAME: &str = "name";

pub(super) async fn page(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let plans = with_quota(visit, key).await?;
    Ok(form(visit, key, &plans, &Mistakes::default()))
}

pub(super) async fn add(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let plans = with_quota(visit, key).await?;
    let mut mistakes = Mistakes::default();
    let sent = visit.form();
    let plan = plans.iter().find(|plan| plan.id.as_str() == sent.get(PLAN));
    if plan.is_none() {
        mistakes.note(PLAN, "Choose one of the key’s plans that have a quota.");
    }
    let request = read(sent, &mut mistakes);
    let (Some(plan), Some(request)) = (plan, request) else {
        return Ok(form(visit, key, &plans, &mistakes));
    };
    let plan = ManagedPlan::from(Plan::clone(plan));
    let planned = match plan_top_up(key, &plan, &request, visit.now()) {
        Ok(planned) => planned,
        Err(error) => {
            match error {
                NoTopUp::Passed => mistakes.note(UNTIL, "That has passed already."),
                NoTopUp::NotInPlan | NoTopUp::NoQuota => mistakes.note(PLAN, sentence(&error)),
                NoTopUp::Tags(_) | NoTopUp::Name(_) => mistakes.note(NAME, sentence(&error)),
            }
            return Ok(form(visit, key, &plans, &mistakes));
        }
    };
    match visit
        .change_tags(&super::resource(key), &planned.tags)
        .await
    {
        Ok(()) => {
            let said = format!(
                "{} may make {} more in {} until {}.",
                title(key),
                words::plural(planned.top_up.requests, "request"),
                plan.name,
                words::moment(planned.top_up.until)
            );
            Ok(changed(visit, key, said).await)
        }
        Err(refusal) => {
            mistakes.refuse(&refusal);
            Ok(form(visit, key, &plans, &mistakes))
        }
    }
}

fn sentence(error: &NoTopUp) -> String {
    format!("It cannot be noted: {error}.")
}

fn read(sent: &Fields, mistakes: &mut Mistakes) -> Option<TopUpRequest> {
    let requests = sent.get(REQUESTS).parse().ok().filter(|number| *number > 0);
    let requests = requests.ok_or_else(|| "Say how many, 1 or more.".to_owned());
    let requests = mistakes.take(REQUESTS, requests);
    let until = mistakes.take(UNTIL, end(sent.get(UNTIL)));
    let name = sent.get(NAME);
    Some(TopUpRequest {
        requests: requests?,
        until: until?,
        name: (!name.is_empty()).then(|| name.to_owned()),
    })
}

fn end(text: &str) -> Result<Option<Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    parse_end(text)
        .map(Some)
        .ok_or_else(|| "Write it like 2026-11-30 or 2026-11-29T18:00:00Z.".to_owned())
}

async fn with_quota(visit: &Visit<'_>, key: &ApiKey) -> Result<Vec<Arc<Plan>>, Problem> {
    let plans = opened::current_plans(visit, key).await?;
    let mut limited = opened::limited(key, &plans);
    limited.retain(|plan| plan.quota.is_some());
    Ok(limited)
}

fn form(visit: &Visit<'_>, key: &ApiKey, plans: &[Arc<Plan>], mistakes: &Mistakes) -> Answer {
    let sent = visit.form();
    let name = format!("Top up {}", title(key));
    if plans.is_empty() {
        let body = html! {
            h1 { (name) }
            div.empty {
                p { "There is nothing to add to: none of the key’s plans has a quota for it." }
                p { a href=(path::key(key.id.as_str())) { "Back to the key" } }
            }
        };
        return sub_page(visit, key, "Top up", mistakes, body);
    }
    let texts: Vec<(String, String)> = plans
        .iter()
        .map(|plan| {
            (
                plan.id.to_string(),
                format!("{}: {}", plan.name, words::quota(plan.quota)),
            )
        })
        .collect();
    let choices: Vec<Choice<'_>> = texts
        .iter()
        .map(|(value, text)| Choice { value, text })
        .collect();
    let input = |name, label, hint, kind, is_required| Input {
        name,
        label,
        value: sent.get(name),
        hint,
        kind,
        is_required,
    };
    let content = html! {
        (select(PLAN, "Usage plan", sent.get(PLAN), &choices, "", mistakes))
        (input(REQUESTS, "Requests to add", "", InputKind::Number { step: "1" }, true).render(mistakes))
        (input(UNTIL, "Until", "A day (UTC), which is the last one, or an instant such as 2026-11-29T18:00:00Z. Empty: to the end of the quota’s period, and never longer.", InputKind::Text, false).render(mistakes))
        (input(NAME, "Name", "Such as the number of an invoice. A second one of the same name takes the place of the first: what is sent twice adds nothing twice.", InputKind::Text, false).render(mistakes))
        p.actions { (submit("Top up")) a href=(path::key(key.id.as_str())) { "Cancel" } }
    };
    let body = html! {
        h1 { (name) }
        p { "The requests come on top of the key’s quota in the period that it is in. When they end, the quota is what it was." }
        (mistakes.summary())
        (visit.form_to(&page_path(key, "top-up"), &content))
    };
    sub_page(visit, key, "Top up", mistakes, body)
}
