//! Rotating a key: it gets a new value, and the values before work on until the client has changed over.

use std::sync::Arc;

use maud::{Markup, html};
use serde_json::Value;
use tollgate::control::parse_overlap;
use tollgate::key::KeyValue;
use tollgate::plan::Plan;
use tollgate::store::ApiKey;

use super::super::answer::Answer;
use super::super::call::{Patches, Refusal};
use super::super::forms::{Choice, Mistakes, select, submit};
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;
use super::made::{notice_of, without_value};
use super::state::KeyState;
use super::{api_path, opened, page_path, reread, sub_page, title};

/// The field that says what becomes of the values before.
const OLD: &str = "old";

/// What becomes of the values before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Former {
    /// They work on for so many days.
    EndIn { days: u16 },
    /// They end at once.
    EndNow,
}

impl Former {
    const ALL: [Self; 4] = [
        Self::EndIn { days: 7 },
        Self::EndIn { days: 1 },
        Self::EndIn { days: 30 },
        Self::EndNow,
    ];

    /// What stands in the form, and in the patch operation.
    fn value(self) -> String {
        match self {
            Self::EndIn { days } => format!("{days}d"),
            Self::EndNow => "now".to_owned(),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|known| known.value() == text)
            .ok_or_else(|| "Say what becomes of the value that the client has.".to_owned())
    }

    /// As a choice of the form.
    fn text(self) -> String {
        match self {
            Self::EndIn { days } => {
                format!("works on for {}", words::plural(days.into(), "day"))
            }
            Self::EndNow => "ends at once".to_owned(),
        }
    }
}

pub(super) async fn page(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    form(visit, key, Former::EndIn { days: 7 }, &Mistakes::default()).await
}

pub(super) async fn rotate(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let mut mistakes = Mistakes::default();
    let Some(former) = mistakes.take(OLD, Former::parse(visit.form().get(OLD))) else {
        return form(visit, key, Former::EndIn { days: 7 }, &mistakes).await;
    };
    match carry_out(visit, key, former).await {
        Ok(value) => Ok(rotated(visit, key, former, &value).await),
        Err(refusal) => {
            mistakes.refuse(&refusal);
            form(visit, key, former, &mistakes).await
        }
    }
}

/// Has a new value made, and tells it.
async fn carry_out(visit: &Visit<'_>, key: &ApiKey, former: Former) -> Result<KeyValue, Refusal> {
    let mut patches = Patches::default();
    patches.add("/tollgate:values", "");
    patches.replace("/tollgate:overlap", former.value());
    let path = api_path(&key.id);
    let rotated = visit
        .call(http::Method::PATCH, &path, &patches.into_body())
        .await?;
    let value = rotated.get("value").and_then(Value::as_str);
    value
        .and_then(|text| KeyValue::parse(text).ok())
        .ok_or_else(without_value)
}

/// The answer to the form itself, for the value is shown in it.
async fn rotated(visit: &Visit<'_>, key: &ApiKey, former: Former, value: &KeyValue) -> Answer {
    let notice = notice_of(visit, &key.id, value).await;
    reread(visit, &key.id).await;
    let ends = match former {
        Former::EndNow => {
            "The value before it ends: it stops at its next request, or within a second.".to_owned()
        }
        Former::EndIn { .. } => {
            // Every choice is an overlap.
            let overlap = parse_overlap(&former.value()).unwrap_or_default();
            let end = visit.now().saturating_add(overlap);
            let end = key.expires_at.map_or(end, |expires_at| expires_at.min(end));
            format!("The value before it works until {}.", words::moment(end))
        }
    };
    let body = html! {
        h1 { (title(key)) " was rotated" }
        p { "The key has another value. Its id, its usage plans and what it has used are as they were." }
        (notice)
        p { (ends) }
        p.actions { a.button.primary href=(path::key(key.id.as_str())) { "Go on to the key" } }
    };
    sub_page(visit, key, "Rotated", &Mistakes::default(), body)
}

async fn form(
    visit: &Visit<'_>,
    key: &ApiKey,
    chosen: Former,
    mistakes: &Mistakes,
) -> Result<Answer, Problem> {
    let plans = opened::current_plans(visit, key).await?;
    let texts = Former::ALL.map(|former| (former.value(), former.text()));
    let choices: Vec<Choice<'_>> = texts
        .iter()
        .map(|(value, text)| Choice { value, text })
        .collect();
    let hint = "A client that has both values for a while need not change over at one instant. Choose the last for a value that has leaked.";
    let content = html! {
        (select(OLD, "The value that the client has", &chosen.value(), &choices, hint, mistakes))
        p.actions { (submit("Rotate the API key")) a href=(path::key(key.id.as_str())) { "Cancel" } }
    };
    let body = html! {
        h1 { "Rotate " (title(key)) }
        (mistakes.summary())
        (what_happens(visit, key, &plans))
        (visit.form_to(&page_path(key, "rotate"), &content))
    };
    Ok(sub_page(
        visit,
        key,
        &format!("Rotate {}", title(key)),
        mistakes,
        body,
    ))
}

fn what_happens(visit: &Visit<'_>, key: &ApiKey, plans: &[Arc<Plan>]) -> Markup {
    let state = KeyState::of(key.enabled, key.expires_at, visit.now());
    html! {
        p { "The key gets a new value. It is the same key, in the same usage plans:" }
        @if plans.is_empty() {
            p { "none, so that it opens nothing." }
        } @else {
            ul { @for plan in plans { li { (plan.name) } } }
        }
        ul {
            li { "The new value is shown on the next page." }
            @if plans.iter().any(|plan| plan.quota.is_some() || plan.throttle.is_some()) {
                li { "All values of the key have its limits together: what was used stays used, and nobody has them twice." }
            }
            @match state {
                KeyState::Enabled => {}
                KeyState::Disabled => li { "This key is disabled, and stays so." },
                KeyState::Expired => li { "This key has expired, and the new value with it: edit when it expires." },
            }
        }
    }
}

#[cfg(test)]
mod tests;
