//! Deleting a key, after saying what that breaks.

use std::sync::Arc;

use http::Method;
use maud::{Markup, html};
use serde_json::Value;
use tollgate::plan::Plan;
use tollgate::quota::Day;
use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::super::answer::Answer;
use super::super::forms::{Mistakes, danger_button};
use super::super::layout::Section;
use super::super::path;
use super::super::problem::Problem;
use super::super::stages::StageBook;
use super::super::visit::Visit;
use super::super::words;
use super::activity::{self, Activity};
use super::state::KeyState;
use super::{api_path, opened, page_path, reread, sub_page, title};

pub(super) async fn page(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    confirmation(visit, key, &Mistakes::default()).await
}

pub(super) async fn delete(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let deleted = visit
        .call(Method::DELETE, &api_path(&key.id), &Value::Null)
        .await;
    reread(visit, &key.id).await;
    match deleted {
        Ok(_nothing) => {
            let said = format!("The API key {} ({}) was deleted.", title(key), key.id);
            Ok(Answer::redirect(Section::Keys.path()).saying(said))
        }
        Err(refusal) => {
            let mut mistakes = Mistakes::default();
            mistakes.refuse(&refusal);
            confirmation(visit, key, &mistakes).await
        }
    }
}

async fn confirmation(
    visit: &Visit<'_>,
    key: &ApiKey,
    mistakes: &Mistakes,
) -> Result<Answer, Problem> {
    let today = Day::of(visit.now());
    let (plans, book, activity) = tokio::try_join!(
        opened::current_plans(visit, key),
        visit.stage_book(),
        activity::of_key(visit.store(), &key.id, &key.plan_ids, today)
    )?;
    let content = html! {
        p.actions {
            (danger_button("Delete the API key"))
            a href=(path::key(key.id.as_str())) { "Keep it" }
        }
    };
    let body = html! {
        h1 { "Delete " (title(key)) "?" }
        (mistakes.summary())
        (consequences(visit, key, &plans, &book))
        (use_of(activity, visit.now()))
        @if key.enabled {
            p { "To stop the key and be able to change your mind, disable it on " a href=(path::key(key.id.as_str())) { "its page" } " instead." }
        }
        (visit.form_to(&page_path(key, "delete"), &content))
    };
    Ok(sub_page(
        visit,
        key,
        &format!("Delete {}", title(key)),
        mistakes,
        body,
    ))
}

fn consequences(visit: &Visit<'_>, key: &ApiKey, plans: &[Arc<Plan>], book: &StageBook) -> Markup {
    let state = KeyState::of(key.enabled, key.expires_at, visit.now());
    html! {
        div.notice.warning {
            h2 { "What this breaks" }
            @if plans.is_empty() {
                p { "The key is in no usage plan and opens nothing: no client loses anything." }
            } @else {
                p { "The key leaves these usage plans:" }
                ul {
                    @for plan in plans {
                        li { a href=(path::plan(plan.id.as_str())) { (plan.name) } " " span.mono { (plan.id) } }
                    }
                }
                @if opened::stages(plans).is_empty() {
                    p { "They cover no stage, so that it opens nothing." }
                } @else {
                    @if state == KeyState::Enabled {
                        p { "Requests with it are answered with 403 Forbidden from then on, at these stages:" }
                    } @else {
                        p { "It is " (state.as_str()) ", and its requests are refused already. It could not be used again at these stages:" }
                    }
                    (opened::list(plans, book))
                }
            }
            p { "What it has used is no longer shown, and its value cannot be brought back. This cannot be undone." }
        }
    }
}

fn use_of(activity: Activity, now: Timestamp) -> Markup {
    html! {
        p {
            "Last used: " (activity.last_used(now))
            @if activity.today() > 0 { ", with " (words::plural(activity.today(), "request")) " so far" }
            "."
        }
    }
}
