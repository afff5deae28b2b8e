//! Throttles of single methods in a stage of a usage plan.

use maud::{Markup, html};
use tollgate::id::ApiStage;
use tollgate::plan::{CoveredStage, Plan};

use super::super::answer::Answer;
use super::super::call::Patches;
use super::super::forms::{Fields, Input, InputKind, Mistakes, submit};
use super::super::path;
use super::super::problem::Problem;
use super::super::stages::{KnownStage, StageBook};
use super::super::visit::Visit;
use super::super::words;
use super::settings::{rate, whole_number};
use super::{STAGE, api_path, covered_stage, page_path, stage_path, sub_page};

const METHOD: &str = "method";

pub(super) async fn page(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let api_stage = covered_stage(plan, visit.query().get(STAGE))?;
    form(visit, plan, &api_stage, &Mistakes::default()).await
}

pub(super) async fn set(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let fields = visit.form();
    let api_stage = covered_stage(plan, fields.get(STAGE))?;
    let mut mistakes = Mistakes::default();
    let method = fields.get(METHOD);
    if method.is_empty() {
        mistakes.note(METHOD, "Choose a method.");
    }
    let rate = mistakes.take("rate", rate(fields.get("rate")));
    let burst = mistakes.take("burst", whole_number("The burst", fields.get("burst")));
    if let (Some(rate), Some(burst), true) = (rate, burst, mistakes.is_empty()) {
        let base = throttle_path(&api_stage, method);
        let mut patches = Patches::default();
        patches.replace(
            &format!("{base}/rateLimit"),
            rate.as_per_second().to_string(),
        );
        patches.replace(&format!("{base}/burstLimit"), burst.to_string());
        match visit.patch(&api_path(plan), patches).await {
            Ok(()) => {
                let said = format!("The throttle of {method} was saved.");
                return back(visit, plan, &api_stage, said).await;
            }
            Err(refusal) => mistakes.refuse(&refusal),
        }
    }
    form(visit, plan, &api_stage, &mistakes).await
}

pub(super) async fn remove(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let api_stage = covered_stage(plan, visit.form().get(STAGE))?;
    let method = visit.form().get(METHOD);
    let mut patches = Patches::default();
    patches.remove(&throttle_path(&api_stage, method));
    match visit.patch(&api_path(plan), patches).await {
        Ok(()) => {
            let said = format!("{method} has no throttle of its own any more.");
            back(visit, plan, &api_stage, said).await
        }
        Err(refusal) => {
            let mut mistakes = Mistakes::default();
            mistakes.refuse(&refusal);
            form(visit, plan, &api_stage, &mistakes).await
        }
    }
}

async fn back(
    visit: &Visit<'_>,
    plan: &Plan,
    api_stage: &ApiStage,
    said: String,
) -> Result<Answer, Problem> {
    visit.directory().reread_plan(&plan.id).await?;
    Ok(Answer::redirect(&stage_path(plan, "methods", api_stage)).saying(said))
}

/// The path of a method's throttle in patch operations, where slashes in names are `~1`.
fn throttle_path(api_stage: &ApiStage, method: &str) -> String {
    let method = method.replace('~', "~0").replace('/', "~1");
    format!("/apiStages/{api_stage}/throttle/{method}")
}

async fn form(
    visit: &Visit<'_>,
    plan: &Plan,
    api_stage: &ApiStage,
    mistakes: &Mistakes,
) -> Result<Answer, Problem> {
    let book = visit.stage_book().await?;
    let title = book.title(api_stage);
    let covered = plan.covered(api_stage);
    let body = html! {
        h1 { "Method throttles of " (title) }
        p {
            "A method with a throttle of its own has a bucket of its own for each key, in place of the plan’s. The plan’s: "
            (words::throttle(plan.throttle)) "."
        }
        (mistakes.summary())
        @if plan.throttle.is_none() {
            div.notice.warning {
                p { "A plan needs a throttle before its methods can have others. " a href=(page_path(plan, "edit")) { "Set the plan’s throttle" } " first." }
            }
        } @else {
            @if let Some(covered) = covered { (table(visit, plan, covered)) }
            (inputs(visit, plan, api_stage, &book, mistakes))
        }
        p { a href=(path::plan(plan.id.as_str())) { "Back to " (plan.name) } }
    };
    Ok(sub_page(visit, plan, "Method throttles", mistakes, body))
}

fn table(visit: &Visit<'_>, plan: &Plan, covered: &CoveredStage) -> Markup {
    let removing = |name: &str| {
        let content = html! {
            input type="hidden" name=(STAGE) value=(covered.api_stage.to_string());
            input type="hidden" name=(METHOD) value=(name);
            button.small.danger type="submit" {
                "Remove" span.visually-hidden { " the throttle of " (name) }
            }
        };
        visit.form_to(&page_path(plan, "methods/remove"), &content)
    };
    html! {
        @if covered.method_throttles.is_empty() {
            p.quiet { "No method of this stage has a throttle of its own." }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Method throttles" {
                table {
                    caption { "Throttles of each key." }
                    thead {
                        tr {
                            th scope="col" { "Method" }
                            th.number scope="col" { "Rate" }
                            th.number scope="col" { "Burst" }
                            th scope="col" { span.visually-hidden { "Actions" } }
                        }
                    }
                    tbody {
                        @for (name, method) in &covered.method_throttles {
                            tr {
                                th scope="row" { code { (name) } }
                                td.number { (words::rate(method.throttle.rate)) " a second" }
                                td.number { (words::number(method.throttle.burst)) }
                                td { (removing(name)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn inputs(
    visit: &Visit<'_>,
    plan: &Plan,
    api_stage: &ApiStage,
    book: &StageBook,
    mistakes: &Mistakes,
) -> Markup {
    let fields: &Fields = visit.form();
    let input = |name, label, hint, kind| {
        let input = Input {
            name,
            label,
            value: fields.get(name),
            hint,
            kind,
            is_required: true,
        };
        input.render(mistakes)
    };
    let any = InputKind::Number { step: "any" };
    let whole = InputKind::Number { step: "1" };
    let content = html! {
        input type="hidden" name=(STAGE) value=(api_stage.to_string());
        (method_input(fields.get(METHOD), book.get(api_stage), mistakes))
        div.grid {
            (input("rate", "Rate, requests a second", "", any))
            (input("burst", "Burst, requests", "", whole))
        }
        (submit("Set the throttle"))
    };
    html! {
        h2 { "Set a throttle" }
        (visit.form_to(&page_path(plan, "methods/set"), &content))
    }
}

/// A field for the name of a method, which offers those that are known.
fn method_input(value: &str, known: Option<&KnownStage>, mistakes: &Mistakes) -> Markup {
    let mistake = mistakes.of(METHOD);
    html! {
        div.field.wrong[mistake.is_some()] {
            label for="field-method" { "Method " span.quiet { "(required)" } }
            input type="text" id="field-method" name=(METHOD) value=(value) list="methods" required autocomplete="off"
                aria-describedby={ @if mistake.is_some() { "mistake-method " } "hint-method" }
                aria-invalid=[mistake.map(|_| "true")];
            datalist id="methods" {
                @if let Some(known) = known {
                    @for method in known.methods.iter() { option value=(method.plan_name()) {} }
                }
            }
            @if let Some(text) = mistake { p.mistake id="mistake-method" { (text) } }
            p.hint id="hint-method" { "The resource’s path and the verb, such as " code { "/users/{id}/GET" } ". The root is " code { "//GET" } "." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slashes_of_a_method_are_written_as_json_pointers_have_them() {
        let stage = ApiStage::new("users", "dev");
        assert_eq!(
            throttle_path(&stage, "/users/{id}/GET"),
            "/apiStages/users:dev/throttle/~1users~1{id}~1GET"
        );
        assert_eq!(
            throttle_path(&stage, "/a~b/GET"),
            "/apiStages/users:dev/throttle/~1a~0b~1GET"
        );
    }
}
