//! The tags of a key that have no form of their own.

use maud::html;
use tollgate::control::EXPIRES_AT_TAG;
use tollgate::metadata::META;
use tollgate::overrides::{BURST, QUOTA, RATE};
use tollgate::scope::{MORE_SCOPES, SCOPES};
use tollgate::store::ApiKey;

use super::super::answer::Answer;
use super::super::forms::Mistakes;
use super::super::path;
use super::super::problem::Problem;
use super::super::tags::Entered;
use super::super::visit::Visit;
use super::{changed, page_path, resource, sub_page, title};

/// The form of the key has it.
fn is_elsewhere(name: &str) -> bool {
    let is_one = [EXPIRES_AT_TAG, SCOPES, RATE, BURST, QUOTA].contains(&name);
    is_one || [META, MORE_SCOPES].iter().any(|it| name.starts_with(it))
}

pub(super) fn page(visit: &Visit<'_>, key: &ApiKey) -> Answer {
    form_page(visit, key, &entered(key), &Mistakes::default())
}

pub(super) async fn save(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let mut entered = entered(key).with_form(visit.form());
    let mistakes = entered.save(visit, &resource(key), &key.tags).await;
    if mistakes.is_empty() {
        let said = format!("The tags of {} were saved.", title(key));
        return Ok(changed(visit, key, said).await);
    }
    Ok(form_page(visit, key, &entered, &mistakes))
}

fn entered(key: &ApiKey) -> Entered {
    Entered::of_tags(&key.tags, &[], is_elsewhere)
}

fn form_page(visit: &Visit<'_>, key: &ApiKey, entered: &Entered, mistakes: &Mistakes) -> Answer {
    let content = entered.content(&[], &path::key(key.id.as_str()), mistakes);
    let body = html! {
        h1 { "Tags of " (title(key)) }
        p { "Among them are limits that the key has in one plan alone, and what was added to a quota for a while. Expiry, scopes, notes and limits for all plans are in the form " a href=(page_path(key, "edit")) { "Edit" } "." }
        (mistakes.summary())
        (visit.form_to(&page_path(key, "tags"), &content))
    };
    sub_page(visit, key, "Tags", mistakes, body)
}
