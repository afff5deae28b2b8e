//! Creating a key.

use std::sync::Arc;

use http::StatusCode;
use maud::{Markup, html};
use tollgate::id::PlanId;
use tollgate::key::KeyValue;
use tollgate::plan::Plan;

use super::super::answer::Answer;
use super::super::directory::Snapshot;
use super::super::forms::{Choice, Fields, Mistakes, checkbox, select, submit};
use super::super::layout::{Page, Section};
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::made::{Made, NotMade, make, value_notice};
use super::settings::Entered;
use super::{NEW, PARTLY_SAVED, PLAN, opened};

/// With more plans a list to tick is no help: one is chosen, and others are added afterwards.
const MAX_LISTED_PLANS: usize = 30;

/// The field for a value of one's own.
const VALUE: &str = "value";

pub(super) async fn page(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let snapshot = visit.snapshot().await?;
    let form = Form {
        entered: &Entered::default(),
        is_enabled: true,
        plan_ids: &plan_ids(visit.query()),
        mistakes: &Mistakes::default(),
    };
    Ok(visit.page(form.page(visit, &snapshot)))
}

pub(super) async fn create(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let fields = visit.form();
    let entered = Entered::of_form(fields);
    let is_enabled = fields.is_ticked("enabled");
    let plan_ids = plan_ids(fields);
    let mut mistakes = Mistakes::default();
    let settings = entered.read(&Entered::default(), visit.now(), &mut mistakes);
    let value = mistakes.take(VALUE, own_value(fields.get(VALUE)));
    if let (Some(settings), Some(value)) = (settings, value) {
        let body = settings.body(value.as_ref(), is_enabled);
        match make(visit, &body, &plan_ids).await {
            Ok(made) => return created(visit, &settings.name, &made, &plan_ids).await,
            Err(not_made) => explain(not_made, &mut mistakes),
        }
    }
    let snapshot = visit.snapshot().await?;
    let form = Form {
        entered: &entered,
        is_enabled,
        plan_ids: &plan_ids,
        mistakes: &mistakes,
    };
    Ok(visit.page_again(form.page(visit, &snapshot)))
}

/// The plans that a form or a query names, each once.
fn plan_ids(fields: &Fields) -> Vec<PlanId> {
    let mut ids: Vec<PlanId> = Vec::new();
    for text in fields.all(PLAN).filter(|text| !text.is_empty()) {
        let id = PlanId::from(text);
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// A value that somebody has chosen. Nothing entered: one is generated.
fn own_value(text: &str) -> Result<Option<KeyValue>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    KeyValue::parse(text)
        .map(Some)
        .map_err(|error| format!("{error}."))
}

fn explain(not_made: NotMade, mistakes: &mut Mistakes) {
    match not_made {
        NotMade::Key(refusal) if refusal.status == StatusCode::CONFLICT => {
            let text = format!(
                "{} Another key has this value: enter another one, or none for a generated value.",
                refusal.message
            );
            mistakes.note(VALUE, text);
        }
        NotMade::Key(refusal) => mistakes.refuse(&refusal),
        NotMade::Plan(id, refusal) => {
            mistakes.note(PLAN, format!("Usage plan {id}: {}", refusal.message));
        }
        NotMade::Left(refusal) => *mistakes = Mistakes::refused(PARTLY_SAVED, &refusal),
    }
}

/// What a form for a new key has in it.
struct Form<'a> {
    entered: &'a Entered,
    is_enabled: bool,
    plan_ids: &'a [PlanId],
    mistakes: &'a Mistakes,
}

impl Form<'_> {
    fn page(&self, visit: &Visit<'_>, snapshot: &Snapshot) -> Page<'static> {
        let content = html! {
            (self.entered.inputs(self.mistakes))
            (self.own_value())
            (checkbox("enabled", "Enabled: the key may be used at once", self.is_enabled))
            @if !snapshot.plans.is_empty() { (self.plans(&snapshot.plans)) }
            p.actions { (submit("Create the API key")) a href=(Section::Keys.path()) { "Cancel" } }
        };
        Page {
            title: "Create an API key",
            section: Some(Section::Keys),
            trail: &[],
            body: html! {
                h1 { "Create an API key" }
                (self.mistakes.summary())
                (visit.form_to(Section::Keys.path(), &content))
            },
        }
    }

    /// The field for a value of one's own. What was typed is not in the page when the form is shown again.
    fn own_value(&self) -> Markup {
        let mistake = self.mistakes.of(VALUE);
        let described_by = if mistake.is_some() {
            "hint-value mistake-value"
        } else {
            "hint-value"
        };
        html! {
            div.field {
                label for={ "field-" (VALUE) } { "Value of your own" }
                input type="password" id={ "field-" (VALUE) } name=(VALUE) autocomplete="off" aria-describedby=(described_by) aria-invalid=[mistake.map(|_| "true")];
                @if let Some(text) = mistake { p.mistake id="mistake-value" { (text) } }
                p.hint id="hint-value" {
                    "20 to 128 characters without spaces, such as one that the client has already. Leave it empty, and a value is generated. You type it again when the form comes back."
                }
            }
        }
    }

    fn plans(&self, plans: &[Arc<Plan>]) -> Markup {
        if plans.len() > MAX_LISTED_PLANS {
            return self.choice_of_plans(plans);
        }
        html! {
            fieldset id={ "field-" (PLAN) } {
                legend { "Usage plans" }
                @if let Some(text) = self.mistakes.of(PLAN) { p.mistake { (text) } }
                @for plan in plans {
                    div.field.tick {
                        input type="checkbox" id={ "plan-" (plan.id) } name=(PLAN) value=(plan.id) checked[self.plan_ids.contains(&plan.id)];
                        label for={ "plan-" (plan.id) } {
                            (plan.name) " " span.quiet { (opened::throttle(plan)) "; " (opened::quota(plan)) }
                        }
                    }
                }
                p.hint { "A key opens the stages of its plans, and can be in one plan for each stage. Others can be added afterwards." }
            }
        }
    }

    fn choice_of_plans(&self, plans: &[Arc<Plan>]) -> Markup {
        let none = Choice {
            value: "",
            text: "none",
        };
        let plans = plans.iter().map(|plan| Choice {
            value: plan.id.as_str(),
            text: &plan.name,
        });
        let choices: Vec<Choice<'_>> = std::iter::once(none).chain(plans).collect();
        let chosen = self.plan_ids.first().map_or("", PlanId::as_str);
        let hint = "The key opens the stages of its plan. Others can be added afterwards.";
        select(PLAN, "Usage plan", chosen, &choices, hint, self.mistakes)
    }
}

/// The answer to the form itself: the value stands in no address, in no cookie, and in no page that could be asked for again.
async fn created(
    visit: &Visit<'_>,
    name: &str,
    made: &Made,
    plan_ids: &[PlanId],
) -> Result<Answer, Problem> {
    let value = value_notice(visit, made).await;
    let opens = match tokio::try_join!(visit.snapshot(), visit.stage_book()) {
        Ok((snapshot, book)) => opens(&opened::plans(&snapshot, plan_ids), &book, made),
        // The value is what matters here.
        Err(error) => {
            tracing::warn!(%error, "the console could not read what a new key opens");
            html! {}
        }
    };
    let page = path::key(made.id.as_str());
    Ok(visit.page_with(
        StatusCode::CREATED,
        Page {
            title: "Created",
            section: Some(Section::Keys),
            trail: &[],
            body: html! {
                h1 { (name) " was created" }
                (value)
                (opens)
                p.actions {
                    a.button.primary href=(page) { "Go on to the key" }
                    a href=(NEW) { "Create another one" }
                }
            },
        },
    ))
}

fn opens(plans: &[Arc<Plan>], book: &super::super::stages::StageBook, made: &Made) -> Markup {
    html! {
        @if opened::stages(plans).is_empty() {
            p {
                "It opens nothing yet: "
                a href={ (path::key(made.id.as_str())) "/plans/add" } { "add it to a usage plan" }
                " that covers a stage."
            }
        } @else {
            p { "It opens:" }
            (opened::list(plans, book))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::call::Refusal;
    use super::*;

    #[test]
    fn a_value_of_ones_own_is_checked_before_it_is_sent() {
        assert_eq!(own_value(""), Ok(None));
        assert!(own_value("value-of-twenty-chars-1").unwrap().is_some());
        assert_eq!(
            own_value("short"),
            Err("API Key value should be at least 20 characters.".to_owned())
        );
    }

    #[test]
    fn a_refusal_stands_beside_what_it_is_about() {
        let refusal = |status| Refusal {
            status,
            message: "API Key already exists.".to_owned(),
        };
        let mistakes = |not_made| {
            let mut mistakes = Mistakes::default();
            explain(not_made, &mut mistakes);
            mistakes
        };
        let taken = mistakes(NotMade::Key(refusal(StatusCode::CONFLICT)));
        assert!(
            taken
                .of(VALUE)
                .unwrap()
                .starts_with("API Key already exists.")
        );
        let plan = mistakes(NotMade::Plan("p1".into(), refusal(StatusCode::CONFLICT)));
        assert!(plan.of(PLAN).is_some() && plan.of(VALUE).is_none());
        let left = mistakes(NotMade::Left(refusal(StatusCode::CONFLICT)));
        let summary = left.summary().into_string();
        assert!(summary.contains(PARTLY_SAVED), "{summary}");
        let whole = mistakes(NotMade::Key(refusal(StatusCode::TOO_MANY_REQUESTS)));
        assert!(!whole.is_empty() && whole.of(VALUE).is_none());
    }

    #[test]
    fn a_plan_is_joined_once() {
        let fields = Fields::read(b"plan=b&plan=&plan=g&plan=b");
        assert_eq!(plan_ids(&fields), ["b".into(), "g".into()]);
    }
}
