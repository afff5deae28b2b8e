//! API keys: the list, one key, its plans, its value, and lists of keys to import.

mod activity;
mod create;
mod delete;
mod edit;
mod import;
mod limits;
mod list;
mod made;
mod memberships;
mod opened;
mod reveal;
mod rotate;
mod settings;
mod show;
mod state;
mod tags;
mod top_up;

use maud::Markup;
use tollgate::id::KeyId;
use tollgate::store::{ApiKey, KeyRegistry as _};

use super::answer::Answer;
use super::forms::Mistakes;
use super::layout::{Crumb, Page, Section};
use super::path;
use super::problem::Problem;
use super::visit::{Verb, Visit};

/// The field of a form or a query that names a plan, by its id.
const PLAN: &str = "plan";

/// What stands above a refusal when a part was written before it.
const PARTLY_SAVED: &str = "Only a part was saved";

/// No key has a longer id, in bytes.
const MAX_ID_LEN: usize = 512;

/// The form for a new key.
const NEW: &str = "/console/keys/new";

pub(super) async fn answer(visit: &Visit<'_>, below: &[&str]) -> Result<Answer, Problem> {
    match (visit.verb(), below) {
        (Verb::Show, []) => list::page(visit).await,
        (Verb::Do, []) => create::create(visit).await,
        (Verb::Show, ["new"]) => create::page(visit).await,
        (Verb::Show, ["import"]) => Ok(import::page(visit)),
        (Verb::Do, ["import"]) => import::carry_out(visit).await,
        (Verb::Do, ["import", "preview"]) => import::preview(visit).await,
        // Whoever opens the address of an answer once more has sent no list.
        (Verb::Show, ["import", "preview"]) => Ok(Answer::redirect(import::PATH)),
        (verb, [id, rest @ ..]) => {
            let key = key(visit, id).await?;
            of_key(visit, &key, verb, rest).await
        }
    }
}

async fn of_key(
    visit: &Visit<'_>,
    key: &ApiKey,
    verb: Verb,
    rest: &[&str],
) -> Result<Answer, Problem> {
    match (verb, rest) {
        (Verb::Show, []) => show::page(visit, key).await,
        (Verb::Show, ["edit"]) => Ok(edit::page(visit, key)),
        (Verb::Do, ["edit"]) => edit::save(visit, key).await,
        (Verb::Do, ["disable"]) => state::switch(visit, key, false).await,
        (Verb::Do, ["enable"]) => state::switch(visit, key, true).await,
        (Verb::Do, ["reveal"]) => reveal::reveal(visit, key).await,
        (Verb::Show, ["disable" | "enable" | "reveal"]) => {
            Ok(Answer::redirect(&path::key(key.id.as_str())))
        }
        (Verb::Show, ["tags"]) => Ok(tags::page(visit, key)),
        (Verb::Do, ["tags"]) => tags::save(visit, key).await,
        (Verb::Show, ["top-up"]) => top_up::page(visit, key).await,
        (Verb::Do, ["top-up"]) => top_up::add(visit, key).await,
        (Verb::Show, ["rotate"]) => rotate::page(visit, key).await,
        (Verb::Do, ["rotate"]) => rotate::rotate(visit, key).await,
        (Verb::Show, ["delete"]) => delete::page(visit, key).await,
        (Verb::Do, ["delete"]) => delete::delete(visit, key).await,
        (Verb::Show, ["plans", "add"]) => memberships::add_page(visit, key).await,
        (Verb::Do, ["plans", "add"]) => memberships::add(visit, key).await,
        (Verb::Show, ["plans", "remove"]) => memberships::remove_page(visit, key).await,
        (Verb::Do, ["plans", "remove"]) => memberships::remove(visit, key).await,
        _ => Err(Problem::NoSuchPage),
    }
}

/// The key as it is in the table now.
async fn key(visit: &Visit<'_>, id: &str) -> Result<ApiKey, Problem> {
    // A table refuses to look for a longer one.
    if id.len() > MAX_ID_LEN {
        return Err(Problem::NoSuchPage);
    }
    let key = visit.store().key_by_id(&KeyId::from(id)).await?;
    key.ok_or_else(|| Problem::NotFound(format!("API key {id}")))
}

/// What people call a key: by its name, and by its id when it has none.
fn title(key: &ApiKey) -> &str {
    if key.name.is_empty() {
        key.id.as_str()
    } else {
        &key.name
    }
}

/// The key's path in the management API.
fn api_path(id: &KeyId) -> String {
    format!("/apikeys/{}", path::segment(id.as_str()))
}

/// The key as the resource of its tags: what an ARN has behind the account.
fn resource(key: &ApiKey) -> String {
    format!("/apikeys/{}", key.id)
}

/// A page of the key's: `plans/add`.
fn page_path(key: &ApiKey, below: &str) -> String {
    format!("{}/{below}", path::key(key.id.as_str()))
}

/// After a change of the key: its page, which shows the change.
async fn changed(visit: &Visit<'_>, key: &ApiKey, said: String) -> Answer {
    reread(visit, &key.id).await;
    Answer::redirect(&path::key(key.id.as_str())).saying(said)
}

/// Reads a key again that was changed, created or deleted. What is done is done: a list that is old for some seconds is no failure of it.
async fn reread(visit: &Visit<'_>, id: &KeyId) {
    if let Err(error) = visit.directory().reread_key(id).await {
        tracing::warn!(%error, "the console could not read a key again that it has changed");
    }
}

/// A page below the key's; once more, where there are mistakes.
fn sub_page(
    visit: &Visit<'_>,
    key: &ApiKey,
    title: &str,
    mistakes: &Mistakes,
    body: Markup,
) -> Answer {
    let path = path::key(key.id.as_str());
    let page = Page {
        title,
        section: Some(Section::Keys),
        trail: &[Crumb {
            path: &path,
            text: self::title(key),
        }],
        body,
    };
    if mistakes.is_empty() {
        visit.page(page)
    } else {
        visit.page_again(page)
    }
}
