//! Resources and methods as lists within lists.

use maud::{Markup, html};
use tollgate::id::ApiStage;

use super::tree::{Branch, Method, Tree};
use super::{Change, Difference};
use crate::console::path;

pub(super) fn render(tree: &Tree, api_stage: &ApiStage) -> Markup {
    let root = &tree.root;
    // Paths of HTTP APIs begin anywhere: then `/` itself is nothing.
    let is_only_above = root.methods.is_empty() && root.change == Change::None;
    html! {
        @if is_only_above && root.branches.is_empty() {
            p.empty { "It has no methods, so it answers nothing." }
        } @else {
            ul.tree {
                @if is_only_above {
                    @for below in root.branches.values() { (branch(below, api_stage)) }
                } @else {
                    (branch(root, api_stage))
                }
            }
        }
    }
}

fn branch(shown: &Branch, api_stage: &ApiStage) -> Markup {
    html! {
        li {
            p.resource {
                code { (shown.part) }
                @if let Some(text) = in_words(shown.change) {
                    " " span.badge.warning { (text) }
                }
            }
            @if !shown.methods.is_empty() {
                ul.methods aria-label={ "Methods of " (shown.path) } {
                    @for method in &shown.methods { (method_item(shown, method, api_stage)) }
                }
            }
            @if !shown.branches.is_empty() {
                ul aria-label={ "Resources below " (shown.path) } {
                    @for below in shown.branches.values() { (branch(below, api_stage)) }
                }
            }
        }
    }
}

fn method_item(branch: &Branch, method: &Method, api_stage: &ApiStage) -> Markup {
    let is_open = !method.is_key_required && method.access.is_none();
    html! {
        li {
            strong.verb { (method.verb) }
            " "
            @if method.is_key_required {
                span.badge.done { "API key required" }
            } @else if is_open {
                span.badge.warning { "⚠ no key required" }
            } @else {
                span.badge { "no key required" }
            }
            @if let Some(access) = &method.access { " authorizer: " (access) }
            " → " (method.integration)
            @if let Some(text) = in_words(method.change) {
                " " span.badge.warning { (text) }
            }
            @if method.change != Change::Added {
                " "
                a href=(try_address(branch, method, api_stage)) {
                    "Try it" span.visually-hidden { ": " (method.verb) " " (branch.path) }
                }
            }
            @if !method.differences.is_empty() {
                ul {
                    @for difference in &method.differences { (difference_item(difference)) }
                }
            }
        }
    }
}

fn difference_item(difference: &Difference) -> Markup {
    let Difference {
        what,
        deployed,
        edited,
    } = difference;
    html! {
        li { (what) ": deployed " strong { (deployed) } ", edited " strong { (edited) } }
    }
}

fn try_address(branch: &Branch, method: &Method, api_stage: &ApiStage) -> String {
    let stage = api_stage.to_string();
    let verb = if method.verb == "ANY" {
        "GET"
    } else {
        &method.verb
    };
    let path = if branch.path.starts_with('/') {
        branch.path.as_str()
    } else {
        "/"
    };
    let query = [("stage", stage.as_str()), ("method", verb), ("path", path)];
    path::with_query("/console/try", query)
}

const fn in_words(change: Change) -> Option<&'static str> {
    match change {
        Change::None => None,
        Change::Added => Some("added, not deployed yet"),
        Change::Removed => Some("removed, still served"),
        Change::Edited => Some("edited, served as it was"),
    }
}
