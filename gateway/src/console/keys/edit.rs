//! Changing what is known about a key.

use http::StatusCode;
use maud::html;
use tollgate::store::ApiKey;

use super::super::answer::Answer;
use super::super::call::Refusal;
use super::super::forms::{Mistakes, submit};
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::settings::{Entered, Settings};
use super::{PARTLY_SAVED, api_path, changed, page_path, reread, sub_page, title};

/// The field that says which state of the key the form shows.
const SEEN: &str = "seen";

pub(super) fn page(visit: &Visit<'_>, key: &ApiKey) -> Answer {
    form(visit, key, &Entered::of_key(key), &Mistakes::default())
}

pub(super) async fn save(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let entered = Entered::of_form(visit.form());
    let mut mistakes = Mistakes::default();
    let settings = entered.read(&Entered::of_key(key), visit.now(), &mut mistakes);
    if visit.form().get(SEEN) != seen(key) {
        mistakes.refuse(&changed_meanwhile());
    } else if let Some(settings) = settings {
        match carry_out(visit, key, &settings).await {
            Ok(()) => {
                let said = format!("The API key {} was saved.", settings.name);
                return Ok(changed(visit, key, said).await);
            }
            Err(NotSaved::Nothing(refusal)) => mistakes.refuse(&refusal),
            Err(NotSaved::Part(refusal)) => {
                reread(visit, &key.id).await;
                // The form is of the key as it is now, or else the next one would be of a key that was changed elsewhere.
                let current = super::key(visit, key.id.as_str()).await?;
                let mistakes = Mistakes::refused(PARTLY_SAVED, &refusal);
                return Ok(form(visit, &current, &entered, &mistakes));
            }
        }
    }
    Ok(form(visit, key, &entered, &mistakes))
}

/// Which state of the key a form was made from.
fn seen(key: &ApiKey) -> String {
    key.updated_at.as_nanos().to_string()
}

fn changed_meanwhile() -> Refusal {
    Refusal {
        status: StatusCode::CONFLICT,
        message: "The key was changed elsewhere after this form was opened. Compare it with the page of the key, and save once more to have it as it is here.".to_owned(),
    }
}

/// How far saving has got.
enum NotSaved {
    /// The key is as it was.
    Nothing(Refusal),
    /// All but the tags, or some of them, was saved.
    Part(Refusal),
}

async fn carry_out(visit: &Visit<'_>, key: &ApiKey, settings: &Settings) -> Result<(), NotSaved> {
    let patches = settings.patches(key);
    let tags = settings.tag_changes(&key.tags);
    // Tags are set and taken away in two steps.
    let is_one_step = patches.is_empty() && tags.len() < 2;
    let tags_refused = if is_one_step {
        NotSaved::Nothing
    } else {
        NotSaved::Part
    };
    visit
        .patch(&api_path(&key.id), patches)
        .await
        .map_err(NotSaved::Nothing)?;
    visit
        .change_tags(&super::resource(key), &tags)
        .await
        .map_err(tags_refused)
}

fn form(visit: &Visit<'_>, key: &ApiKey, entered: &Entered, mistakes: &Mistakes) -> Answer {
    let content = html! {
        input type="hidden" name=(SEEN) value=(seen(key));
        (entered.inputs(mistakes))
        p.actions { (submit("Save")) a href=(path::key(key.id.as_str())) { "Cancel" } }
    };
    let body = html! {
        h1 { "Edit " (title(key)) }
        (mistakes.summary())
        (visit.form_to(&page_path(key, "edit"), &content))
        p.quiet { "To give the client another value, rotate the key." }
    };
    sub_page(visit, key, &format!("Edit {}", title(key)), mistakes, body)
}
