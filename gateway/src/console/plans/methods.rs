//! Throttles of single methods in a stage of a usage plan.

use maud::{Markup, html};
use tollgate::id::ApiStage;
use tollgate::plan::{CoveredStage, Plan};

use super::super::answer::Answer;
use super::super::call::Patches;
use super::super::forms::{Fields, Input, InputKind, Mistakes, submit};
use super::super::path;
use super::super::problem::Problem;
use super::super::stages::{KnownStage, StageBook, StageKind};
use super::super::visit::Visit;
use super::super::words;
use super::settings::{rate, whole_number};
use super::{STAGE, api_path, covered_stage, page_path, reread, stage_path, sub_page};
use crate::template::DEFAULT_ROUTE;

const METHOD: &str = "method";

/// What stands for all methods.
const EVERY_METHOD: &str = "*/*";

pub(super) async fn page(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let api_stage = covered_stage(plan, visit.query().get(STAGE))?;
    form(visit, plan, &api_stage, &Mistakes::default()).await
}

pub(super) async fn set(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let fields = visit.form();
    let api_stage = covered_stage(plan, fields.get(STAGE))?;
    let mut mistakes = Mistakes::default();
    let method = fields.get(METHOD);
    let known = visit.stage_book().await?;
    if let Err(text) = can_match(method, known.get(&api_stage).map(|known| known.kind)) {
        mistakes.note(METHOD, text);
    }
    let rate = mistakes.take("rate", rate(fields.get("rate")));
    let burst = mistakes.take(
        "burst",
        whole_number("The burst", fields.get("burst"), None),
    );
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
                return Ok(back(visit, plan, &api_stage, said).await);
            }
            Err(refusal) => mistakes.refuse(&refusal),
        }
    }
    form(visit, plan, &api_stage, &mistakes).await
}

pub(super) async fn remove(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let api_stage = covered_stage(plan, visit.form().get(STAGE))?;
    let method = visit.form().get(METHOD);
    let has_throttle = plan
        .covered(&api_stage)
        .is_some_and(|covered| covered.method_throttles.contains_key(method));
    if !has_throttle {
        // The second click of two, or somebody else was first.
        let said = format!("{method} had no throttle of its own any more.");
        return Ok(back(visit, plan, &api_stage, said).await);
    }
    let mut patches = Patches::default();
    patches.remove(&throttle_path(&api_stage, method));
    match visit.patch(&api_path(plan), patches).await {
        Ok(()) => {
            let said = format!("{method} has no throttle of its own any more.");
            Ok(back(visit, plan, &api_stage, said).await)
        }
        Err(refusal) => {
            let mistakes = Mistakes::refused("The throttle was not removed", &refusal);
            form(visit, plan, &api_stage, &mistakes).await
        }
    }
}

async fn back(visit: &Visit<'_>, plan: &Plan, api_stage: &ApiStage, said: String) -> Answer {
    reread(visit, &plan.id).await;
    Answer::redirect(&stage_path(plan, "methods", api_stage)).saying(said)
}

/// Refuses the names of methods that no request has: behind `$default`, and behind a function URL, requests go by their own path.
fn can_match(method: &str, kind: Option<StageKind>) -> Result<(), &'static str> {
    if method.is_empty() {
        return Err("Choose a method.");
    }
    let is_default = method.trim_start_matches('/').starts_with(DEFAULT_ROUTE);
    match kind {
        Some(StageKind::HttpApi) if is_default => Err(
            "Requests that the route $default takes are counted by their own path, so that no request has this name. Enter */* for every method.",
        ),
        Some(StageKind::FunctionUrl) if is_default || method.contains('{') => Err(
            "A function URL has no resources: requests are counted by their own path, so that no request has this name. Enter */* for every method.",
        ),
        Some(StageKind::RestApi | StageKind::HttpApi | StageKind::FunctionUrl) | None => Ok(()),
    }
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
        @if let Some(covered) = covered { (table(visit, plan, covered)) }
        @if plan.throttle.is_none() {
            div.notice.warning {
                p { "A plan needs a throttle before its methods can have others. " a href=(page_path(plan, "edit")) { "Set the plan’s throttle" } " first." }
            }
        } @else {
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
                option value=(EVERY_METHOD) {}
                @if let Some(known) = known {
                    @for method in known.methods().filter(|method| method.can_be_throttled(known.kind)) {
                        option value=(method.plan_name()) {}
                    }
                }
            }
            @if let Some(text) = mistake { p.mistake id="mistake-method" { (text) } }
            p.hint id="hint-method" { "The resource’s path and the verb, such as " code { "/users/{id}/GET" } ". The root is " code { "//GET" } ", and " code { (EVERY_METHOD) } " is every method that has none of its own. Methods that need no key cannot be throttled." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_request_has_is_refused() {
        let is_refused = |method, kind| can_match(method, Some(kind)).is_err();
        assert!(is_refused("", StageKind::RestApi));
        assert!(is_refused("/$default/ANY", StageKind::HttpApi));
        assert!(is_refused("$default/ANY", StageKind::HttpApi));
        assert!(is_refused("/{proxy+}/ANY", StageKind::FunctionUrl));
        assert!(!is_refused("/{proxy+}/ANY", StageKind::HttpApi));
        assert!(!is_refused("*/*", StageKind::FunctionUrl));
        assert!(!is_refused("/users/GET", StageKind::FunctionUrl));
    }

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
