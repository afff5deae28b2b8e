//! The value of a key, when it is asked for with a click. No page that is shown with GET has one in it.

use maud::{Markup, html};
use tollgate::key::KeyValue;
use tollgate::store::{ApiKey, KeyRegistry as _};

use super::super::answer::Answer;
use super::super::forms::Mistakes;
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::{page_path, sub_page, title};

/// The part of a key's page that reveals its value.
pub(super) async fn part(visit: &Visit<'_>, key: &ApiKey) -> Result<Markup, Problem> {
    let is_kept = visit.store().key_value(&key.id).await?.is_some();
    let action = page_path(key, "reveal");
    Ok(html! {
        @if is_kept {
            div id="value" aria-live="polite" {
                form method="post" action=(action) hx-post=(action) hx-target="#value" {
                    (visit.token_field())
                    button.small type="submit" { "Reveal the value" }
                }
            }
        } @else {
            (not_kept())
        }
    })
}

pub(super) async fn reveal(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let value = visit.store().key_value(&key.id).await?;
    let back = path::key(key.id.as_str());
    let content = html! {
        @match &value {
            Some(value) => (value_line(value)),
            None => (not_kept()),
        }
        p { a href=(back) { "Hide it" } }
    };
    if visit.is_partial() {
        return Ok(Answer::fragment(content));
    }
    let body = html! {
        h1 { "The value of " (title(key)) }
        (content)
    };
    Ok(sub_page(
        visit,
        key,
        &format!("Value of {}", title(key)),
        &Mistakes::default(),
        body,
    ))
}

/// A value, with a button that copies it.
pub(super) fn value_line(value: &KeyValue) -> Markup {
    html! {
        p.actions {
            code id="key-value" { (value.expose()) }
            button.small type="button" hidden data-copy="#key-value" { "Copy" }
        }
    }
}

fn not_kept() -> Markup {
    html! { p { "The value was not kept: only its hash is stored, and nobody can reveal it. When it is lost, rotate the key." } }
}
