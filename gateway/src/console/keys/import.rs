//! Importing a list of keys: the form, what would happen, and what has happened.

mod preview;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Method;
use maud::{Markup, html};
use serde_json::Value;
use tollgate::id::KeyId;

use super::super::answer::Answer;
use super::super::directory::Snapshot;
use super::super::forms::{Fields, Input, InputKind, Mistakes, submit};
use super::super::layout::{Crumb, Page, Section};
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;

/// The form for a list.
pub(super) const PATH: &str = "/console/keys/import";

const PREVIEW: &str = "/console/keys/import/preview";

/// The field for a file.
const FILE: &str = "file";

/// The field for a list that is pasted.
const PASTED: &str = "list";

/// The field that takes a list from its preview to the import. It is encoded: browsers change the ends of lines in fields.
const ENCODED: &str = "encoded";

/// The longest list that still fits into a form when it is encoded, in bytes.
const MAX_LIST_BYTES: usize = 7_000_000;

/// How many keys are named after an import.
const NAMED_KEYS: usize = 100;

/// What stands above a refusal.
const STOPPED: &str = "The import stopped, and may have written a part of the list";

const EXAMPLE: &str = "\
Name,key,Description,Enabled,UsageplanIds
joe-black,a-value-of-20-characters-or-more,Joe's laptop,TRUE,\"a1b2c3,d4e5f6\"
jane-roe,another-value-of-20-characters,,FALSE,";

pub(super) fn page(visit: &Visit<'_>) -> Answer {
    visit.page(form(visit, "", &Mistakes::default()))
}

/// Shows what the list would do. Nothing is written.
pub(super) async fn preview(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let fields = visit.form();
    let pasted = fields.raw(PASTED);
    let mut mistakes = Mistakes::default();
    let Some(list) = mistakes.take(PASTED, list(fields)) else {
        return Ok(visit.page_again(form(visit, pasted, &mistakes)));
    };
    match visit.surroundings().control.preview_import(&list).await {
        Ok(records) if records.is_empty() => {
            mistakes.note(PASTED, "The list has no records below its header.");
        }
        Ok(records) => {
            let snapshot = visit.snapshot().await?;
            let encoded = URL_SAFE_NO_PAD.encode(&list);
            return Ok(visit.page(preview::page(visit, &records, &encoded, &snapshot)));
        }
        Err(error) => mistakes.note(PASTED, format!("{error}.")),
    }
    Ok(visit.page_again(form(visit, pasted, &mistakes)))
}

/// The list that was sent, as a file or as a text.
fn list(fields: &Fields) -> Result<Bytes, String> {
    // Browsers send an empty file when none was chosen.
    let file = fields.file(FILE).filter(|bytes| !bytes.is_empty());
    let pasted = fields.raw(PASTED);
    let list = match (file, pasted.trim().is_empty()) {
        (Some(_), false) => return Err("Choose a file or paste a list, but not both.".to_owned()),
        (None, true) => return Err("Choose a file, or paste a list.".to_owned()),
        (Some(bytes), true) => bytes.clone(),
        (None, false) => Bytes::from(pasted.to_owned()),
    };
    if list.len() > MAX_LIST_BYTES {
        return Err("The list is longer than 7 MB: import it in parts.".to_owned());
    }
    Ok(list)
}

/// Imports the list of a preview.
pub(super) async fn carry_out(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let list = URL_SAFE_NO_PAD
        .decode(visit.form().get(ENCODED))
        .map_err(|_not_encoded| Problem::Form("the list in it is damaged"))?;
    let path = "/apikeys?mode=import&format=csv";
    let before = visit.snapshot().await?;
    let imported = visit.call_with(Method::POST, path, Bytes::from(list)).await;
    // Also after a refusal: an import that stops has written what came before. What is done is done, so a list that is old is no failure.
    let snapshot = match visit.directory().reload().await {
        Ok(snapshot) => snapshot,
        Err(error) => {
            tracing::warn!(%error, "the console could not read the keys again that were imported");
            before
        }
    };
    match imported {
        Ok(imported) => {
            let texts = |member| texts(&imported, member);
            Ok(visit.page(result(&texts("ids"), &texts("warnings"), &snapshot)))
        }
        Err(refusal) => {
            let mistakes = Mistakes::refused(STOPPED, &refusal);
            Ok(visit.page_again(form(visit, "", &mistakes)))
        }
    }
}

fn texts(answer: &Value, member: &str) -> Vec<String> {
    let texts = answer.get(member).and_then(Value::as_array);
    let texts = texts.into_iter().flatten();
    texts
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

fn form(visit: &Visit<'_>, pasted: &str, mistakes: &Mistakes) -> Page<'static> {
    let pasted = Input {
        name: PASTED,
        label: "Or paste the list",
        value: pasted,
        hint: "A header, and a line for each key.",
        kind: InputKind::Lines,
        is_required: false,
    };
    Page {
        title: "Import API keys",
        section: Some(Section::Keys),
        trail: &[],
        body: html! {
            h1 { "Import API keys" }
            p { "Keys that your clients have already, as a list of comma-separated values, in the form that API Gateway imports. What the list would do is shown before anything is written." }
            (mistakes.summary())
            form method="post" action=(PREVIEW) enctype="multipart/form-data" {
                (visit.token_field())
                div.field {
                    label for={ "field-" (FILE) } { "File" }
                    input type="file" id={ "field-" (FILE) } name=(FILE) accept=".csv,text/csv,text/plain";
                }
                (pasted.render(mistakes))
                p.actions { (submit("Show what it would do")) a href=(Section::Keys.path()) { "Cancel" } }
            }
            h2 { "What the list looks like" }
            pre tabindex="0" role="region" aria-label="An example" { (EXAMPLE) }
            ul {
                li { code { "Name" } " and " code { "key" } ", the value, are required; the order of the columns does not matter." }
                li { "Without " code { "Enabled" } " a key is enabled." }
                li { "Ids of usage plans stand between quotation marks when there are several." }
                li { "A value that a key has already overwrites that key’s name, description and state; it keeps its id and its plans." }
            }
        },
    }
}

fn result(ids: &[String], warnings: &[String], snapshot: &Snapshot) -> Page<'static> {
    let mut seen = BTreeSet::new();
    let ids: Vec<KeyId> = ids
        .iter()
        .filter(|id| seen.insert(id.as_str()))
        .map(|id| KeyId::from(id.as_str()))
        .collect();
    Page {
        title: "Imported",
        section: Some(Section::Keys),
        trail: &[Crumb {
            path: PATH,
            text: "Import API keys",
        }],
        body: html! {
            h1 { (words::plural(u64::try_from(ids.len()).unwrap_or(u64::MAX), "API key")) " imported" }
            @if warnings.is_empty() {
                p.notice.done role="status" { "There were no warnings." }
            } @else {
                div.notice.warning role="status" {
                    h2 { (words::plural(u64::try_from(warnings.len()).unwrap_or(u64::MAX), "warning")) }
                    ul { @for warning in warnings { li { (warning) } } }
                }
            }
            (imported(&ids, snapshot))
            p.actions {
                a.button.primary href=(Section::Keys.path()) { "Go on to the keys" }
                a href=(PATH) { "Import another list" }
            }
        },
    }
}

fn imported(ids: &[KeyId], snapshot: &Snapshot) -> Markup {
    html! {
        @if !ids.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Imported keys" {
                table {
                    caption { "The keys that were created or overwritten." }
                    thead { tr { th scope="col" { "API key" } th scope="col" { "Id" } } }
                    tbody {
                        @for id in ids.iter().take(NAMED_KEYS) {
                            tr {
                                th scope="row" {
                                    a href=(path::key(id.as_str())) {
                                        @match snapshot.key(id) {
                                            Some(key) => (key.name),
                                            None => (id),
                                        }
                                    }
                                }
                                td.mono { (id) }
                            }
                        }
                    }
                }
            }
            @if ids.len() > NAMED_KEYS {
                p { "and " (words::count(ids.len().saturating_sub(NAMED_KEYS))) " more." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pasted: &str, file: Option<&'static [u8]>) -> Fields {
        let mut fields = Fields::default();
        fields.push(PASTED.to_owned(), pasted.to_owned());
        if let Some(bytes) = file {
            fields.push_file(FILE.to_owned(), Bytes::from_static(bytes));
        }
        fields
    }

    #[test]
    fn a_list_is_a_file_or_a_text() {
        let of = |pasted, file| list(&fields(pasted, file));
        assert_eq!(of("Name,key", None), Ok(Bytes::from("Name,key")));
        assert_eq!(
            of(" ", Some(b"\xff,key")),
            Ok(Bytes::from_static(b"\xff,key"))
        );
        assert_eq!(of("Name,key", Some(b"")), Ok(Bytes::from("Name,key")));
        assert!(of("Name,key", Some(b"x")).is_err());
        assert!(of("", Some(b"")).is_err() && of("", None).is_err());
    }
}
