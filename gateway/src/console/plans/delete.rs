//! Deleting a usage plan, after saying what that breaks.

use http::Method;
use maud::{Markup, html};
use serde_json::Value;
use tollgate::plan::{CoveredStage, Plan};
use tollgate::store::PlanRegistry as _;

use super::super::answer::Answer;
use super::super::call::{Patches, Refusal};
use super::super::forms::{Mistakes, danger_button};
use super::super::layout::Section;
use super::super::path;
use super::super::problem::Problem;
use super::super::stages::StageBook;
use super::super::visit::Visit;
use super::super::words;
use super::{Members, api_path, page_path, reread, sub_page};

/// How many stages are removed at a time.
const STAGES_AT_ONCE: usize = 50;

/// How many keys are named.
const NAMED_KEYS: usize = 10;

pub(super) async fn page(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    confirmation(visit, plan, &Mistakes::default()).await
}

pub(super) async fn delete(visit: &Visit<'_>, plan: &Plan) -> Result<Answer, Problem> {
    let carried_out = carry_out(visit, plan).await;
    reread(visit, &plan.id).await;
    let deleted = || {
        let said = format!("The usage plan {} was deleted.", plan.name);
        Answer::redirect(Section::Plans.path()).saying(said)
    };
    let Err(stop) = carried_out else {
        return Ok(deleted());
    };
    let (left, mistakes) = match visit.store().plan_by_id(&plan.id).await {
        Ok(None) => return Ok(deleted()),
        Ok(Some(left)) => {
            let mistakes = stop.told(plan, Some(&left));
            (left, mistakes)
        }
        Err(_) => (plan.clone(), stop.told(plan, None)),
    };
    // What was done is told, although the table may not say what the plan's keys are.
    match confirmation(visit, &left, &mistakes).await {
        Ok(page) => Ok(page),
        Err(_) => Ok(without_consequences(visit, &left, &mistakes)),
    }
}

fn without_consequences(visit: &Visit<'_>, plan: &Plan, mistakes: &Mistakes) -> Answer {
    let body = html! {
        h1 { "Delete " (plan.name) "?" }
        (mistakes.summary())
        p { a href=(path::plan(plan.id.as_str())) { "Back to " (plan.name) } }
    };
    sub_page(visit, plan, "Delete", mistakes, body)
}

/// Where deleting has stopped.
struct Stop {
    refusal: Refusal,
    /// Whether the plan itself was to be deleted, which takes its keys out of it one by one.
    may_have_lost_keys: bool,
}

impl Stop {
    /// What is gone, and what is left of the plan, if that is known.
    fn told(&self, before: &Plan, left: Option<&Plan>) -> Mistakes {
        let Some(left) = left else {
            let mut mistakes = Mistakes::refused("It is not known what was deleted", &self.refusal);
            mistakes.note_whole(format!(
                "{} The table does not say what is left of the usage plan. Open its page before you go on.",
                self.refusal.message
            ));
            return mistakes;
        };
        let is_gone = |covered: &&CoveredStage| left.covered(&covered.api_stage).is_none();
        let gone = before.stages.iter().filter(is_gone).count();
        if gone == 0 && !self.may_have_lost_keys {
            return Mistakes::refused("Nothing was deleted", &self.refusal);
        }
        let mut mistakes = Mistakes::refused("The usage plan was not deleted", &self.refusal);
        let stages = match gone {
            0 => "Its stages are as they were".to_owned(),
            gone => format!(
                "{} of its {} were removed, which its keys no longer open",
                words::count(gone),
                counted(before.stages.len(), "stage", "stages")
            ),
        };
        let keys = if self.may_have_lost_keys {
            ", and some of its keys may have left it"
        } else {
            ""
        };
        mistakes.note_whole(format!(
            "{} {stages}{keys}. Delete it again to go on, or add what it has lost on its page.",
            self.refusal.message
        ));
        mistakes
    }
}

/// The management API deletes no plan that covers stages, as API Gateway, and removes no more of them at a time than fit one transaction.
async fn carry_out(visit: &Visit<'_>, plan: &Plan) -> Result<(), Stop> {
    let stop = |may_have_lost_keys| {
        move |refusal| Stop {
            refusal,
            may_have_lost_keys,
        }
    };
    let api_path = api_path(plan);
    for stages in plan.stages.chunks(STAGES_AT_ONCE) {
        let mut patches = Patches::default();
        for covered in stages {
            patches.remove_value("/apiStages", covered.api_stage.to_string());
        }
        visit.patch(&api_path, patches).await.map_err(stop(false))?;
    }
    visit
        .call(Method::DELETE, &api_path, &Value::Null)
        .await
        .map(|_nothing| ())
        .map_err(stop(true))
}

async fn confirmation(
    visit: &Visit<'_>,
    plan: &Plan,
    mistakes: &Mistakes,
) -> Result<Answer, Problem> {
    let (members, book) = tokio::try_join!(Members::read(visit, plan), visit.stage_book())?;
    let content = html! {
        p.actions {
            (danger_button("Delete the usage plan"))
            a href=(path::plan(plan.id.as_str())) { "Keep it" }
        }
    };
    let body = html! {
        h1 { "Delete " (plan.name) "?" }
        (mistakes.summary())
        (consequences(plan, &members, &book))
        (visit.form_to(&page_path(plan, "delete"), &content))
    };
    Ok(sub_page(visit, plan, "Delete", mistakes, body))
}

fn consequences(plan: &Plan, members: &Members, book: &StageBook) -> Markup {
    let keys = &members.first;
    let alone = keys.iter().filter(|key| key.plan_ids.len() == 1).count();
    let is_more = members.has_more || keys.len() > NAMED_KEYS;
    html! {
        div.notice.warning {
            h2 { "What this breaks" }
            @if keys.is_empty() {
                p { "No API key is in this plan: no client loses anything." }
            } @else {
                p {
                    (members.counted("key is in this plan and loses", "keys are in this plan and lose"))
                    " what it opens. Requests with these keys are answered with 403 Forbidden from then on, at the stages below."
                }
                @if alone > 0 {
                    p {
                        @if members.has_more { "Of the " (words::count(keys.len())) " that joined last, " }
                        (counted(alone, "has", "have")) " no other plan, and " @if alone == 1 { "opens" } @else { "open" } " nothing any more."
                    }
                }
                ul {
                    @for key in keys.iter().take(NAMED_KEYS) {
                        li { a href=(path::key(key.id.as_str())) { (key.name) } " " span.mono { (key.id) } }
                    }
                    @if is_more { li { "and more: " a href={ (path::plan(plan.id.as_str())) "#keys" } { "all keys of the plan" } } }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::StatusCode;
    use tollgate::id::ApiStage;
    use tollgate::time::Timestamp;

    use super::*;

    fn plan(stages: &[&str]) -> Plan {
        Plan {
            id: "g".into(),
            name: "Gold".to_owned(),
            description: None,
            product_code: None,
            throttle: None,
            quota: None,
            stages: stages
                .iter()
                .map(|stage| CoveredStage::new(ApiStage::new("a", *stage)))
                .collect(),
            tags: BTreeMap::new(),
            created_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn a_plan_that_was_deleted_by_half_says_what_is_gone() {
        let told = |left: Option<&Plan>, may_have_lost_keys| {
            let refusal = Refusal {
                status: StatusCode::TOO_MANY_REQUESTS,
                message: "Too many requests.".to_owned(),
            };
            let stop = Stop {
                refusal,
                may_have_lost_keys,
            };
            let mistakes = stop.told(&plan(&["dev", "prod"]), left);
            mistakes.summary().into_string()
        };
        let whole = plan(&["dev", "prod"]);
        assert!(told(Some(&whole), false).contains("Nothing was deleted"));
        let half = told(Some(&plan(&["prod"])), false);
        assert!(half.contains("The usage plan was not deleted"), "{half}");
        assert!(half.contains("1 of its 2 stages were removed"), "{half}");
        assert!(!half.contains("may have left"), "{half}");
        let emptied = told(Some(&plan(&[])), true);
        assert!(emptied.contains("2 of its 2 stages"), "{emptied}");
        assert!(emptied.contains("keys may have left it"), "{emptied}");
        assert!(told(None, true).contains("It is not known what was deleted"));
    }
}
