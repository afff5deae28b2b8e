//! The usage plans of a key.

use std::sync::Arc;

use http::Method;
use maud::{Markup, html};
use serde_json::Value;
use tollgate::id::{ApiStage, PlanId};
use tollgate::plan::Plan;
use tollgate::store::{ApiKey, PlanRegistry as _};

use super::super::answer::Answer;
use super::super::forms::{self, Mistakes};
use super::super::paging::Paging;
use super::super::path;
use super::super::problem::Problem;
use super::super::stages::StageBook;
use super::super::visit::Visit;
use super::super::words;
use super::{MAX_ID_LEN, PLAN, changed, made, opened, page_path, sub_page, title};

/// The part of the key's page that shows its plans.
pub(super) fn section(key: &ApiKey, plans: &[Arc<Plan>]) -> Markup {
    html! {
        div.titlebar {
            h2 id="plans" { "Usage plans" }
            p.actions { a.button href=(page_path(key, "plans/add")) { "Add to a usage plan" } }
        }
        @if plans.is_empty() {
            p.quiet { "The key is in no usage plan." }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Usage plans" {
                table {
                    caption { "The plans that the key is in." }
                    thead {
                        tr {
                            th scope="col" { "Usage plan" }
                            th scope="col" { "Throttle" }
                            th scope="col" { "Quota" }
                            th scope="col" { span.visually-hidden { "Actions" } }
                        }
                    }
                    tbody {
                        @for plan in plans {
                            tr {
                                th scope="row" {
                                    a href=(path::plan(plan.id.as_str())) { (plan.name) } " " span.quiet.mono { (plan.id) }
                                }
                                td { (opened::throttle(plan)) }
                                td { (opened::quota(plan)) }
                                td {
                                    a.button.small.danger href=(remove_path(key, plan)) {
                                        "Remove" span.visually-hidden { " the key from " (plan.name) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The confirmation before the key leaves a plan.
fn remove_path(key: &ApiKey, plan: &Plan) -> String {
    path::with_query(&page_path(key, "plans/remove"), [(PLAN, plan.id.as_str())])
}

/// The plan of a form or a query, as it is in the table now.
async fn plan(visit: &Visit<'_>, id: &str) -> Result<Arc<Plan>, Problem> {
    let not_found = || Problem::NotFound(format!("usage plan {id}"));
    if id.is_empty() || id.len() > MAX_ID_LEN {
        return Err(not_found());
    }
    let plan = visit.store().plan_by_id(&PlanId::from(id)).await?;
    plan.map(Arc::new).ok_or_else(not_found)
}

/// Plans to be joined, found by name or id.
pub(super) async fn add_page(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let (snapshot, book) = tokio::try_join!(visit.snapshot(), visit.stage_book())?;
    let text = visit.query().get("q");
    let lower_case = text.to_lowercase();
    let own = opened::plans(&snapshot, &key.plan_ids);
    let found: Vec<Arc<Plan>> = snapshot
        .plans
        .iter()
        .filter(|plan| !key.plan_ids.contains(&plan.id))
        .filter(|plan| {
            plan.name.to_lowercase().contains(&lower_case)
                || plan.id.as_str().to_lowercase().contains(&lower_case)
        })
        .cloned()
        .collect();
    let paging = Paging::of(visit, found.len());
    let path = page_path(key, "plans/add");
    let body = html! {
        h1 { "Add " (title(key)) " to a usage plan" }
        @if snapshot.plans.is_empty() {
            div.empty { p { "There are no usage plans yet." } p { a href="/console/plans/new" { "Create the first one" } "." } }
        } @else {
            (forms::search(&path, "Search by name or id", text, &html! {}))
            div id="list" {
                @if found.is_empty() {
                    div.empty { p { "No other usage plan fits the search." } p { a href=(path) { "Show all" } } }
                } @else {
                    (table(visit, key, paging.part(&found), &own, &book))
                    (paging.links(visit))
                }
            }
        }
        p { a href=(path::key(key.id.as_str())) { "Back to " (title(key)) } }
    };
    Ok(sub_page(
        visit,
        key,
        &format!("Add {} to a usage plan", title(key)),
        &Mistakes::default(),
        body,
    ))
}

fn table(
    visit: &Visit<'_>,
    key: &ApiKey,
    plans: &[Arc<Plan>],
    own: &[Arc<Plan>],
    book: &StageBook,
) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Usage plans" {
            table {
                caption { "Plans that the key is not in. It can be in one plan for each stage." }
                thead {
                    tr {
                        th scope="col" { "Usage plan" }
                        th scope="col" { "Throttle" }
                        th scope="col" { "Quota" }
                        th scope="col" { "Opens" }
                        th scope="col" { span.visually-hidden { "Actions" } }
                    }
                }
                tbody {
                    @for plan in plans {
                        tr {
                            th scope="row" {
                                a href=(path::plan(plan.id.as_str())) { (plan.name) }
                                " " span.quiet.mono { (plan.id) }
                            }
                            td { (opened::throttle(plan)) }
                            td { (opened::quota(plan)) }
                            td { (stages(plan, book)) }
                            td { (action(visit, key, plan, own, book)) }
                        }
                    }
                }
            }
        }
    }
}

fn stages(plan: &Plan, book: &StageBook) -> Markup {
    const NAMED: usize = 5;
    html! {
        @if plan.stages.is_empty() {
            span.quiet { "nothing" }
        } @else {
            ul {
                @for covered in plan.stages.iter().take(NAMED) { li { (book.title(&covered.api_stage)) } }
                @if plan.stages.len() > NAMED {
                    li { "and " (words::count(plan.stages.len().saturating_sub(NAMED))) " more" }
                }
            }
        }
    }
}

/// The button, or why the plan would refuse the key.
fn action(
    visit: &Visit<'_>,
    key: &ApiKey,
    plan: &Plan,
    own: &[Arc<Plan>],
    book: &StageBook,
) -> Markup {
    let content = html! {
        input type="hidden" name=(PLAN) value=(plan.id);
        button.small type="submit" { "Add" span.visually-hidden { " the key to " (plan.name) } }
    };
    html! {
        @match conflict(plan, own) {
            Some((other, api_stage)) => {
                span.quiet { (book.title(api_stage)) " is in " (other.name) " already" }
            }
            None => (visit.form_to(&page_path(key, "plans/add"), &content)),
        }
    }
}

/// The plan of the key that covers a stage of `plan` already, and that stage.
fn conflict<'a>(plan: &Plan, own: &'a [Arc<Plan>]) -> Option<(&'a Plan, &'a ApiStage)> {
    own.iter()
        .find_map(|other| Some((other.as_ref(), other.shared_stage(plan)?)))
}

pub(super) async fn add(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let plan = plan(visit, visit.form().get(PLAN)).await?;
    match made::join(visit, &key.id, &plan.id).await {
        Ok(()) => {
            let said = format!("{} is in {} now.", title(key), plan.name);
            Ok(changed(visit, key, said).await)
        }
        Err(refusal) => {
            let back = page_path(key, "plans/add");
            Ok(Answer::redirect(&back).warning(refusal.message))
        }
    }
}

pub(super) async fn remove_page(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let plan = plan(visit, visit.query().get(PLAN)).await?;
    if !key.plan_ids.contains(&plan.id) {
        let missing = format!("key {} in the usage plan {}", title(key), plan.name);
        return Err(Problem::NotFound(missing));
    }
    confirmation(visit, key, &plan, &Mistakes::default()).await
}

pub(super) async fn remove(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let plan = plan(visit, visit.form().get(PLAN)).await?;
    let path = format!(
        "/usageplans/{}/keys/{}",
        path::segment(plan.id.as_str()),
        path::segment(key.id.as_str())
    );
    match visit.call(Method::DELETE, &path, &Value::Null).await {
        Ok(_nothing) => {
            let said = format!("{} is no longer in {}.", title(key), plan.name);
            Ok(changed(visit, key, said).await)
        }
        Err(refusal) => {
            let mut mistakes = Mistakes::default();
            mistakes.refuse(&refusal);
            confirmation(visit, key, &plan, &mistakes).await
        }
    }
}

async fn confirmation(
    visit: &Visit<'_>,
    key: &ApiKey,
    plan: &Arc<Plan>,
    mistakes: &Mistakes,
) -> Result<Answer, Problem> {
    let book = visit.stage_book().await?;
    let plans = std::slice::from_ref(plan);
    let content = html! {
        input type="hidden" name=(PLAN) value=(plan.id);
        p.actions {
            (forms::danger_button("Remove the key from the plan"))
            a href=(path::key(key.id.as_str())) { "Keep it there" }
        }
    };
    let text = format!("Remove {} from {}", title(key), plan.name);
    let body = html! {
        h1 { (text) "?" }
        (mistakes.summary())
        div.notice.warning {
            h2 { "What this breaks" }
            @if plan.stages.is_empty() {
                p { "The plan covers no stage: the key opens as much as before." }
            } @else {
                p { "Requests with the key are answered with 403 Forbidden from then on, at these stages:" }
                (opened::list(plans, &book))
            }
            p { "The key stays, and can be added again." }
        }
        (visit.form_to(&page_path(key, "plans/remove"), &content))
    };
    Ok(sub_page(visit, key, &text, mistakes, body))
}
