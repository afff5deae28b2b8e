//! The form of a request.

use std::collections::BTreeSet;

use maud::{Markup, html};
use tollgate::id::{ApiStage, KeyId};

use super::wanted::{LISTED_PREFIX, METHODS, NO_KEY, TYPED, headers_without_key};
use crate::console::directory::Snapshot;
use crate::console::forms::{Choice, Fields, Input, InputKind, Mistakes, select};
use crate::console::problem::Problem;
use crate::console::stages::StageBook;
use crate::console::visit::Visit;
use crate::console::words;

/// How many keys the list has at the most: a longer one helps nobody.
const MAX_LISTED: usize = 100;

/// Whether the request is to be sent, and not only explained.
pub(super) fn asks_to_send(fields: &Fields) -> bool {
    fields.get("action") != "explain"
}

/// The form with what was entered. What was typed as the value of a key is not entered again.
pub(super) async fn render(
    visit: &Visit<'_>,
    entered: &Fields,
    mistakes: &Mistakes,
) -> Result<Markup, Problem> {
    let headers = headers_without_key(entered.raw("headers"));
    let snapshot = visit.snapshot().await?;
    let book = visit.stage_book().await?;
    let chosen_key = chosen_key(entered);
    let stages = stage_choices(&book, &snapshot, entered.get("stage"));
    let keys = key_choices(&snapshot, &chosen_key);
    let method = match entered.get("method") {
        "" => "GET",
        method => method,
    };
    let path = match entered.get("path") {
        "" => "/",
        path => path,
    };
    let can_send = visit.surroundings().data_plane_url.is_some();
    let shown = snapshot.keys.len().min(MAX_LISTED);
    let hint = if shown < snapshot.keys.len() {
        format!(
            "The {} newest of {} keys. For another one, follow “Try it” on the key's page, or type its value.",
            words::count(shown),
            words::count(snapshot.keys.len())
        )
    } else {
        String::new()
    };
    let methods = METHODS.map(|text| Choice { value: text, text });
    Ok(visit.form_to(
        "/console/try",
        &html! {
            div.grid {
                (select("stage", "Stage", entered.get("stage"), &choices(&stages), "", mistakes))
                (select("method", "Method", method, &methods, "", mistakes))
            }
            (Input {
                name: "path",
                label: "Path",
                value: path,
                hint: "After the stage, with a query if there is one: /users?limit=5",
                kind: InputKind::Text,
                is_required: true,
            }.render(mistakes))
            fieldset {
                legend { "API key" }
                (select("key", "Key", &chosen_key, &choices(&keys), &hint, mistakes))
                div.field {
                    label for="field-value" { "Or its value" }
                    input type="password" id="field-value" name="value" autocomplete="off" aria-describedby="hint-value";
                    p.hint id="hint-value" { "It is sent as x-api-key and forgotten: you type it again for another request." }
                }
            }
            details open[has_more(entered)] {
                summary { "Header fields and body" }
                (lines("headers", "Header fields", &headers, "One a line: content-type: application/json", mistakes))
                (lines("body", "Body", entered.raw("body"), "", mistakes))
            }
            div.actions {
                @if can_send {
                    button.primary type="submit" name="action" value="send" { "Send and explain" }
                    button type="submit" name="action" value="explain" { "Explain only" }
                } @else {
                    button.primary type="submit" name="action" value="explain" { "Explain" }
                }
            }
        },
    ))
}

fn lines(
    name: &'static str,
    label: &'static str,
    value: &str,
    hint: &'static str,
    mistakes: &Mistakes,
) -> Markup {
    let input = Input {
        name,
        label,
        value,
        hint,
        kind: InputKind::Lines,
        is_required: false,
    };
    input.render(mistakes)
}

fn has_more(entered: &Fields) -> bool {
    !entered.get("headers").is_empty() || !entered.get("body").is_empty()
}

/// The key as the list has it. Links name a key by its id alone.
fn chosen_key(entered: &Fields) -> String {
    match entered.get("key") {
        listed @ (NO_KEY | TYPED) => listed.to_owned(),
        listed if listed.starts_with(LISTED_PREFIX) => listed.to_owned(),
        id => format!("{LISTED_PREFIX}{id}"),
    }
}

fn choices(pairs: &[(String, String)]) -> Vec<Choice<'_>> {
    let choices = pairs.iter().map(|(value, text)| Choice { value, text });
    choices.collect()
}

/// The stages that are known, and those that only plans name.
fn stage_choices(book: &StageBook, snapshot: &Snapshot, chosen: &str) -> Vec<(String, String)> {
    let known = book.all().iter().map(|stage| {
        let text = format!("{} ({})", book.title(&stage.api_stage), stage.kind.as_str());
        (stage.api_stage.to_string(), text)
    });
    let mut choices: Vec<_> = known.collect();
    let covered = snapshot.plans.iter().flat_map(|plan| &plan.stages);
    let mut others: BTreeSet<ApiStage> = covered.map(|covered| covered.api_stage.clone()).collect();
    others.extend(ApiStage::parse(chosen));
    let unknown = others.iter().filter(|other| book.get(other).is_none());
    choices.extend(unknown.map(|other| (other.to_string(), other.to_string())));
    choices
}

/// The newest keys, and the one that is chosen.
fn key_choices(snapshot: &Snapshot, chosen: &str) -> Vec<(String, String)> {
    let mut choices = vec![
        (NO_KEY.to_owned(), "none".to_owned()),
        (TYPED.to_owned(), "the value typed below".to_owned()),
    ];
    let chosen = chosen.strip_prefix(LISTED_PREFIX).map(KeyId::from);
    let newest = snapshot.keys.iter().take(MAX_LISTED);
    let asked_for = chosen.as_ref().and_then(|id| snapshot.key(id));
    for key in newest.chain(asked_for) {
        let value = format!("{LISTED_PREFIX}{}", key.id);
        if choices.iter().all(|(known, _)| *known != value) {
            let state = if key.is_enabled { "" } else { ", disabled" };
            choices.push((value, format!("{} ({}{state})", key.name, key.id)));
        }
    }
    choices
}
