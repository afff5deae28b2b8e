//! Deleting a usage plan, after saying what that breaks.

use http::Method;
use maud::{Markup, html};
use serde_json::Value;
use tollgate::plan::Plan;

use super::super::answer::Answer;
use super::super::call::{Patches, Refusal};
use super::super::directory::Snapshot;
use super::super::forms::{Mistakes, danger_button};
use super::super::layout::Section;
use super::super::path;
use super::super::problem::Problem;
use super::super::stages::StageBook;
use super::super::visit::Visit;
use super::super::words;
use super::{api_path, page_path, sub_page};

/// How many keys are named.
const NAMED_KEYS: usize = 10;

pub(super) async fn page(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    confirmation(visit, plan, &Mistakes::default()).await
}

pub(super) async fn delete(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    match carry_out(visit, plan).await {
        Ok(()) => {
            visit.directory().reread_plan(&plan.id).await?;
            let said = format!("The usage plan {} was deleted.", plan.name);
            Ok(Answer::redirect(Section::Plans.path()).saying(said))
        }
        Err(refusal) => {
            let mut mistakes = Mistakes::default();
            mistakes.refuse(&refusal);
            visit.directory().reread_plan(&plan.id).await?;
            confirmation(visit, plan, &mistakes).await
        }
    }
}

/// The management API deletes no plan that covers stages, as API Gateway.
async fn carry_out(visit: &Visit<'_>, plan: &Plan) -> Result<(), Refusal> {
    let api_path = api_path(plan);
    let mut patches = Patches::default();
    for covered in &plan.stages {
        patches.remove_value("/apiStages", covered.api_stage.to_string());
    }
    visit.patch(&api_path, patches).await?;
    visit
        .call(Method::DELETE, &api_path, &Value::Null)
        .await
        .map(|_nothing| ())
}

async fn confirmation(
    visit: &Visit<'_>,
    plan: &Plan,
    mistakes: &Mistakes,
) -> Result<Answer, Problem> {
    let (snapshot, book) = tokio::try_join!(visit.snapshot(), visit.stage_book())?;
    let content = html! {
        p.actions {
            (danger_button("Delete the usage plan"))
            a href=(path::plan(plan.id.as_str())) { "Keep it" }
        }
    };
    let body = html! {
        h1 { "Delete " (plan.name) "?" }
        (mistakes.summary())
        (consequences(plan, &snapshot, &book))
        (visit.form_to(&page_path(plan, "delete"), &content))
    };
    Ok(sub_page(visit, plan, "Delete", mistakes, body))
}

fn consequences(plan: &Plan, snapshot: &Snapshot, book: &StageBook) -> Markup {
    let members: Vec<_> = snapshot
        .keys
        .iter()
        .filter(|key| key.plan_ids.contains(&plan.id))
        .collect();
    let alone = members.iter().filter(|key| key.plan_ids.len() == 1).count();
    html! {
        div.notice.warning {
            h2 { "What this breaks" }
            @if members.is_empty() {
                p { "No API key is in this plan: no client loses anything." }
            } @else {
                p {
                    (counted(members.len(), "key is in this plan and loses", "keys are in this plan and lose"))
                    " what it opens. Requests with these keys are answered with 403 Forbidden from then on, unless another plan of the key covers the stage."
                }
                @if alone > 0 {
                    p { (counted(alone, "of them has", "of them have")) " no other plan, and opens nothing any more." }
                }
                ul {
                    @for key in members.iter().take(NAMED_KEYS) {
                        li { a href=(path::key(key.id.as_str())) { (key.name) } " " span.mono { (key.id) } }
                    }
                    @if members.len() > NAMED_KEYS {
                        li { "and " (words::count(members.len().saturating_sub(NAMED_KEYS))) " more" }
                    }
                }
            }
            @if !plan.stages.is_empty() {
                p { "Stages that the plan closes for them:" }
                ul { @for covered in &plan.stages { li { (book.title(&covered.api_stage)) } } }
            }
            p { "The keys themselves stay. What they have used of this plan is no longer shown. This cannot be undone." }
        }
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    let text = if count == 1 { one } else { many };
    format!("{} {text}", words::count(count))
}
