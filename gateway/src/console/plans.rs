//! Usage plans: the list, one plan, its settings, its stages and its keys.

mod delete;
mod edit;
mod export;
mod list;
mod members;
mod methods;
mod settings;
mod shadow;
mod show;
mod stage_list;
mod tags;
mod unprotected;

use maud::Markup;
use tollgate::id::{ApiStage, PlanId};
use tollgate::plan::Plan;
use tollgate::store::{ApiKey, Page, PageRequest, PlanRegistry as _, StoreError};

use super::answer::Answer;
use super::forms::Mistakes;
use super::layout::{self, Crumb, Section};
use super::path;
use super::problem::Problem;
use super::visit::{Verb, Visit};
use super::words;

/// The field of a form or a query that names a stage, as `api:stage`.
const STAGE: &str = "stage";

pub(super) async fn answer(visit: &Visit<'_>, below: &[&str]) -> Result<Answer, Problem> {
    match (visit.verb(), below) {
        (Verb::Show, []) => list::page(visit).await,
        (Verb::Show, ["new"]) => edit::new_page(visit).await,
        (Verb::Show, ["quota-words"]) => Ok(settings::quota_words(visit)),
        (Verb::Show, ["export", format]) => export::file(visit, format).await,
        (Verb::Do, []) => edit::create(visit).await,
        (verb, [id, rest @ ..]) => {
            let plan = visit.store().plan_by_id(&PlanId::from(*id)).await?;
            match (plan, verb, rest) {
                (Some(plan), verb, rest) => of_plan(visit, &plan, verb, rest).await,
                // The second click of two, or somebody else was first.
                (None, Verb::Do, ["delete"]) => Ok(Answer::redirect(Section::Plans.path())
                    .saying(format!("The usage plan {id} was gone already."))),
                (None, _, _) => Err(Problem::NotFound(format!("usage plan {id}"))),
            }
        }
    }
}

async fn of_plan(
    visit: &Visit<'_>,
    plan: &Plan,
    verb: Verb,
    rest: &[&str],
) -> Result<Answer, Problem> {
    match (verb, rest) {
        (Verb::Show, []) => show::page(visit, plan).await,
        (Verb::Show, ["edit"]) => Ok(edit::page(visit, plan)),
        (Verb::Do, ["edit"]) => edit::save(visit, plan).await,
        (Verb::Show, ["tags"]) => Ok(tags::page(visit, plan)),
        (Verb::Do, ["tags"]) => tags::save(visit, plan).await,
        (Verb::Show, ["delete"]) => delete::page(visit, plan).await,
        (Verb::Do, ["delete"]) => delete::delete(visit, plan).await,
        (Verb::Show, ["stages", "add"]) => stage_list::add_page(visit, plan).await,
        (Verb::Do, ["stages", "add"]) => stage_list::add(visit, plan).await,
        (Verb::Show, ["stages", "remove"]) => stage_list::remove_page(visit, plan).await,
        (Verb::Do, ["stages", "remove"]) => stage_list::remove(visit, plan).await,
        (Verb::Show, ["stages", "unprotected"]) => unprotected::page(visit, plan).await,
        (Verb::Show, ["methods"]) => methods::page(visit, plan).await,
        (Verb::Do, ["methods", "set"]) => methods::set(visit, plan).await,
        (Verb::Do, ["methods", "remove"]) => methods::remove(visit, plan).await,
        (Verb::Show, ["keys", "add"]) => members::add_page(visit, plan).await,
        (Verb::Do, ["keys", "add"]) => members::add(visit, plan).await,
        (Verb::Do, ["keys", "remove"]) => members::remove(visit, plan).await,
        _ => Err(Problem::NoSuchPage),
    }
}

/// The plan's path in the management API.
fn api_path(plan: &Plan) -> String {
    format!("/usageplans/{}", path::segment(plan.id.as_str()))
}

/// The plan as the resource of its tags: what an ARN has behind the account.
fn resource(plan: &Plan) -> String {
    format!("/usageplans/{}", plan.id)
}

/// A page of the plan's: `stages/add`.
fn page_path(plan: &Plan, below: &str) -> String {
    format!("{}/{below}", path::plan(plan.id.as_str()))
}

/// A page of the plan's that is about one of its stages.
fn stage_path(plan: &Plan, below: &str, api_stage: &ApiStage) -> String {
    let text = api_stage.to_string();
    path::with_query(&page_path(plan, below), [(STAGE, text.as_str())])
}

/// The stage that the query or the form names, and that the plan covers.
fn covered_stage(plan: &Plan, text: &str) -> Result<ApiStage, Problem> {
    ApiStage::parse(text)
        .filter(|api_stage| plan.covered(api_stage).is_some())
        .ok_or_else(|| Problem::NotFound(format!("stage {text} in the usage plan {}", plan.name)))
}

/// After a change of the plan: its page, which shows the change.
async fn changed(visit: &Visit<'_>, plan: &Plan, said: String) -> Answer {
    reread(visit, &plan.id).await;
    Answer::redirect(&path::plan(plan.id.as_str())).saying(said)
}

/// Reads a plan again that was changed, created or deleted. What is done is done: a list that is old for some seconds is no failure of it.
async fn reread(visit: &Visit<'_>, id: &PlanId) {
    if let Err(error) = visit.directory().reread_plan(id).await {
        tracing::warn!(%error, "the console could not read a plan again that it has changed");
    }
}

/// How many keys a page that asks for confirmation reads.
const READ_MEMBERS: u32 = 100;

/// The keys of a plan, as they are in the table now.
struct Members {
    /// Those that joined last.
    first: Vec<ApiKey>,
    has_more: bool,
}

impl Members {
    async fn read(visit: &Visit<'_>, plan: &Plan) -> Result<Self, StoreError> {
        let page = PageRequest {
            limit: READ_MEMBERS,
            after: None,
        };
        let reading = visit.store().plan_members(&plan.id, &page, None);
        let Page { entries, next } = Box::pin(reading).await?;
        Ok(Self {
            first: entries,
            has_more: next.is_some(),
        })
    }

    /// `1 API key is`, `more than 100 API keys are`.
    fn counted(&self, one: &str, many: &str) -> String {
        let count = self.first.len();
        let more = if self.has_more { "more than " } else { "" };
        let text = if count == 1 && !self.has_more {
            one
        } else {
            many
        };
        format!("{more}{} {text}", words::count(count))
    }
}

/// A page below the plan's; once more, where there are mistakes.
fn sub_page(
    visit: &Visit<'_>,
    plan: &Plan,
    title: &str,
    mistakes: &Mistakes,
    body: Markup,
) -> Answer {
    let path = path::plan(plan.id.as_str());
    let page = layout::Page {
        title,
        section: Some(Section::Plans),
        trail: &[Crumb {
            path: &path,
            text: &plan.name,
        }],
        body,
    };
    if mistakes.is_empty() {
        visit.page(page)
    } else {
        visit.page_again(page)
    }
}
