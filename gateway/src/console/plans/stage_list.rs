//! Adding stages to a usage plan, and removing them.

use maud::{Markup, html};
use tollgate::id::ApiStage;
use tollgate::plan::Plan;

use super::super::answer::Answer;
use super::super::call::Patches;
use super::super::forms::{Input, InputKind, Mistakes, danger_button, submit};
use super::super::path;
use super::super::problem::Problem;
use super::super::stages::{KnownStage, StageBook};
use super::super::visit::Visit;
use super::super::words;
use super::{Members, STAGE, api_path, changed, covered_stage, page_path, stage_path, sub_page};

/// The field for a stage that is not in the list.
const OTHER: &str = "other";

pub(super) async fn add_page(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let book = visit.stage_book().await?;
    Ok(form(visit, plan, &book, &Mistakes::default()))
}

pub(super) async fn add(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let book = visit.stage_book().await?;
    let mut mistakes = Mistakes::default();
    let chosen = mistakes.take(
        OTHER,
        chosen(visit.form().get(STAGE), visit.form().get(OTHER)),
    );
    if let Some(api_stage) = chosen {
        let mut patches = Patches::default();
        patches.add("/apiStages", api_stage.to_string());
        match visit.patch(&api_path(plan), patches).await {
            Ok(()) => {
                let said = format!(
                    "The keys of {} open {} now.",
                    plan.name,
                    book.title(&api_stage)
                );
                return Ok(changed(visit, plan, said).await);
            }
            Err(refusal) => mistakes.refuse(&refusal),
        }
    }
    Ok(form(visit, plan, &book, &mistakes))
}

/// The stage that was typed, or else the one that was chosen.
fn chosen(listed: &str, typed: &str) -> Result<ApiStage, String> {
    let (text, separator) = if typed.is_empty() {
        (listed, ':')
    } else {
        (typed, '/')
    };
    if text.is_empty() {
        return Err("Choose a stage, or enter one.".to_owned());
    }
    let parts = text.split_once(separator).or_else(|| text.split_once(':'));
    let is_part = |part: &&str| !part.is_empty() && !part.contains(['/', ':', '#']);
    parts
        .filter(|(api, stage)| is_part(api) && is_part(stage))
        .map(|(api, stage)| ApiStage::new(api, stage))
        .ok_or_else(|| {
            "Enter the API's id and the stage's name with a slash between them, such as a1b2c3d4e5/prod.".to_owned()
        })
}

fn form(visit: &Visit<'_>, plan: &Plan, book: &StageBook, mistakes: &Mistakes) -> Answer {
    let offered: Vec<&KnownStage> = book
        .all()
        .iter()
        .filter(|known| plan.covered(&known.api_stage).is_none())
        .collect();
    let chosen = visit.form().get(STAGE);
    let other = Input {
        name: OTHER,
        label: "Another stage",
        value: visit.form().get(OTHER),
        hint: "The API's id and the stage's name, such as a1b2c3d4e5/prod, for an API that is not known here. A function URL has the stage $default.",
        kind: InputKind::Text,
        is_required: false,
    };
    let content = html! {
        @if offered.is_empty() {
            p { "The plan covers every stage that is known here." }
        } @else {
            fieldset {
                legend { "Stage" }
                @for known in offered {
                    (radio(known, book, chosen))
                }
            }
        }
        (other.render(mistakes))
        p.actions { (submit("Add the stage")) a href=(path::plan(plan.id.as_str())) { "Cancel" } }
    };
    let body = html! {
        h1 { "Add a stage to " (plan.name) }
        p { "A key can be in one plan for each stage: a stage is refused when a key of this plan has another plan for it." }
        (mistakes.summary())
        (visit.form_to(&page_path(plan, "stages/add"), &content))
    };
    sub_page(visit, plan, "Add a stage", mistakes, body)
}

fn radio(known: &KnownStage, book: &StageBook, chosen: &str) -> Markup {
    let text = known.api_stage.to_string();
    let open = known.open_methods().count();
    html! {
        div.field.tick {
            input type="radio" id={ "stage-" (text) } name=(STAGE) value=(text) checked[text == chosen];
            label for={ "stage-" (text) } {
                (book.title(&known.api_stage)) " "
                span.quiet { (known.kind.as_str()) ", " code { (text) } }
                @if open > 0 {
                    " " span.badge.warning { "! " (words::count(open)) " without a key" }
                }
            }
        }
    }
}

pub(super) async fn remove_page(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let api_stage = covered_stage(plan, visit.query().get(STAGE))?;
    removal(visit, plan, &api_stage, &Mistakes::default()).await
}

pub(super) async fn remove(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let text = visit.form().get(STAGE);
    let book = visit.stage_book().await?;
    if let Some(api_stage) = ApiStage::parse(text)
        && plan.covered(&api_stage).is_none()
    {
        // The second click of two, or somebody else was first.
        let title = book.title(&api_stage);
        let said = format!("The keys of {} did not open {title} any more.", plan.name);
        return Ok(changed(visit, plan, said).await);
    }
    let api_stage = covered_stage(plan, text)?;
    let mut patches = Patches::default();
    patches.remove_value("/apiStages", api_stage.to_string());
    match visit.patch(&api_path(plan), patches).await {
        Ok(()) => {
            let title = book.title(&api_stage);
            let said = format!("The keys of {} no longer open {title}.", plan.name);
            Ok(changed(visit, plan, said).await)
        }
        Err(refusal) => {
            let mistakes = Mistakes::refused("The stage was not removed", &refusal);
            removal(visit, plan, &api_stage, &mistakes).await
        }
    }
}

async fn removal(
    visit: &Visit<'_>,
    plan: &Plan,
    api_stage: &ApiStage,
    mistakes: &Mistakes,
) -> Result<Answer, Problem> {
    let (members, book) = tokio::try_join!(Members::read(visit, plan), visit.stage_book())?;
    let title = book.title(api_stage);
    let throttles = plan
        .covered(api_stage)
        .map_or(0, |covered| covered.method_throttles.len());
    let content = html! {
        input type="hidden" name=(STAGE) value=(api_stage.to_string());
        p.actions { (danger_button("Remove the stage")) a href=(path::plan(plan.id.as_str())) { "Keep it" } }
    };
    let body = html! {
        h1 { "Remove " (title) " from " (plan.name) "?" }
        (mistakes.summary())
        div.notice.warning {
            h2 { "What this breaks" }
            @if members.first.is_empty() {
                p { "No API key is in this plan: no client loses anything." }
            } @else {
                p {
                    (members.counted("API key of this plan no longer opens", "API keys of this plan no longer open"))
                    " " (title) ": requests with " @if members.first.len() == 1 { "it" } @else { "them" } " are answered with 403 Forbidden there."
                }
            }
            @if throttles > 0 {
                p { (words::count(throttles)) " method " @if throttles == 1 { "throttle of this stage goes" } @else { "throttles of this stage go" } " with it." }
            }
        }
        (visit.form_to(&stage_path(plan, "stages/remove", api_stage), &content))
    };
    Ok(sub_page(visit, plan, "Remove a stage", mistakes, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_goes_before_what_is_chosen() {
        let stage = |listed, typed| chosen(listed, typed).map(|stage| stage.to_string());
        assert_eq!(stage("users:dev", "").unwrap(), "users:dev");
        assert_eq!(stage("users:dev", "a1b2/prod").unwrap(), "a1b2:prod");
        assert_eq!(stage("", "a1b2/$default").unwrap(), "a1b2:$default");
        // As the command line and the management API write it.
        assert_eq!(stage("", "a1b2:prod").unwrap(), "a1b2:prod");
        for wrong in ["a1b2", "a1b2/", "/prod", "a/b/c", "a:b/c", "a/b#c"] {
            assert!(stage("", wrong).is_err(), "{wrong}");
        }
        assert!(stage("", "").is_err());
    }
}
