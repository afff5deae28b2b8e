//! Creating a usage plan, and changing its settings.

use http::{Method, StatusCode};
use maud::{Markup, html};
use serde_json::Value;
use tollgate::id::{ApiStage, PlanId};
use tollgate::plan::Plan;

use super::super::answer::Answer;
use super::super::forms::{Mistakes, submit};
use super::super::layout::{Page, Section};
use super::super::path;
use super::super::problem::Problem;
use super::super::stages::StageBook;
use super::super::visit::Visit;
use super::settings::Entered;
use super::{STAGE, api_path, changed, page_path, reread, shadow, sub_page};

/// With more stages a list to tick is no help: they are added one by one.
const MAX_LISTED_STAGES: usize = 30;

pub(super) async fn new_page(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let book = visit.stage_book().await?;
    let entered = Entered::of_new_plan();
    Ok(visit.page(Page {
        title: "Create a usage plan",
        section: Some(Section::Plans),
        trail: &[],
        body: new_form(visit, &entered, &book, &Mistakes::default()),
    }))
}

pub(super) async fn create(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let entered = Entered::of_form(visit.form());
    let mut mistakes = Mistakes::default();
    let stages: Option<Vec<ApiStage>> = visit.form().all(STAGE).map(ApiStage::parse).collect();
    if stages.is_none() {
        mistakes.note_whole("One of the stages is not written as api:stage. Choose them again.");
    }
    let settings = entered.read(None, &mut mistakes);
    if let (Some(settings), Some(stages)) = (settings, stages) {
        let body = settings.body(&stages);
        match visit.call(Method::POST, "/usageplans", &body).await {
            Ok(created) => {
                let id = created
                    .get("id")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                reread(visit, &PlanId::from(id)).await;
                let said = format!("The usage plan {} was created.", settings.name);
                return Ok(Answer::redirect(&path::plan(id)).saying(said));
            }
            Err(refusal) => mistakes.refuse(&refusal),
        }
    }
    let book = visit.stage_book().await?;
    Ok(visit.page_again(Page {
        title: "Create a usage plan",
        section: Some(Section::Plans),
        trail: &[],
        body: new_form(visit, &entered, &book, &mistakes),
    }))
}

fn new_form(visit: &Visit<'_>, entered: &Entered, book: &StageBook, mistakes: &Mistakes) -> Markup {
    let listed = book.all();
    let is_ticked = |api_stage: &str| visit.form().all(STAGE).any(|text| text == api_stage);
    let content = html! {
        (entered.inputs(mistakes, visit.now()))
        @if !listed.is_empty() && listed.len() <= MAX_LISTED_STAGES {
            fieldset {
                legend { "Stages that its keys open" }
                @for known in listed {
                    @let text = known.api_stage.to_string();
                    div.field.tick {
                        input type="checkbox" id={ "stage-" (text) } name=(STAGE) value=(text) checked[is_ticked(&text)];
                        label for={ "stage-" (text) } {
                            (book.title(&known.api_stage)) " " span.quiet { (known.kind.as_str()) }
                        }
                    }
                }
                p.hint { "Others can be added afterwards." }
            }
        }
        p.actions { (submit("Create the usage plan")) a href=(Section::Plans.path()) { "Cancel" } }
    };
    html! {
        h1 { "Create a usage plan" }
        (mistakes.summary())
        (visit.form_to(Section::Plans.path(), &content))
    }
}

pub(super) fn page(visit: &Visit<'_>, plan: &Plan) -> Answer {
    let entered = Entered::of_plan(plan);
    form_page(visit, plan, &entered, &Mistakes::default())
}

pub(super) async fn save(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let mut mistakes = Mistakes::default();
    let entered = Entered::of_edit(visit.form(), plan, &mut mistakes);
    if let Some(settings) = entered.read(Some(plan), &mut mistakes) {
        let patches = settings.patches(plan);
        let is_partial = !patches.is_empty();
        match visit.patch(&api_path(plan), patches).await {
            Ok(()) => match shadow::save(visit, plan, settings.is_shadow).await {
                Ok(()) => {
                    let said = format!("The usage plan {} was saved.", settings.name);
                    return Ok(changed(visit, plan, said).await);
                }
                Err(refusal) if is_partial => {
                    reread(visit, &plan.id).await;
                    mistakes = Mistakes::refused("Only a part was saved", &refusal);
                }
                Err(refusal) => mistakes.refuse(&refusal),
            },
            Err(refusal)
                if refusal.status == StatusCode::BAD_REQUEST
                    && settings.takes_throttle_of_methods(plan) => mistakes.note_whole(
                "The plan’s throttle cannot go while methods have throttles of their own. Remove those first: they are beside the stages on the plan’s page.",
            ),
            Err(refusal) => mistakes.refuse(&refusal),
        }
    }
    Ok(form_page(visit, plan, &entered, &mistakes))
}

fn form_page(visit: &Visit<'_>, plan: &Plan, entered: &Entered, mistakes: &Mistakes) -> Answer {
    let path = path::plan(plan.id.as_str());
    let content = html! {
        // After a mistake as well: who saves again has seen what the plan has now.
        (Entered::of_plan(plan).carried())
        (entered.inputs(mistakes, visit.now()))
        p.actions { (submit("Save")) a href=(path) { "Cancel" } }
    };
    sub_page(
        visit,
        plan,
        "Edit",
        mistakes,
        html! {
            h1 { "Edit " (plan.name) }
            p { "The limits are those of each key. Functions that are running take new ones over within 30 seconds." }
            (mistakes.summary())
            (visit.form_to(&page_path(plan, "edit"), &content))
        },
    )
}
