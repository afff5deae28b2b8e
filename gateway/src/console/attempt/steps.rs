//! An explanation on a page.

use maud::{Markup, html};

use crate::console::words;
use crate::explain::{Answer, Explanation, Finding, Level, Step, Verdict};

/// The steps one after another.
pub(super) fn render(explanation: &Explanation) -> Markup {
    html! {
        ol.steps { @for step in &explanation.steps { (item(step)) } }
    }
}

fn item(step: &Step) -> Markup {
    html! {
        li {
            strong { (step.subject.title()) }
            " "
            @match step.finding {
                Finding::Passes => { span.badge.done { "✓ passes" } }
                Finding::Refuses => { span.badge.failed { "✗ refuses" } }
                Finding::Open => { span.badge.warning { "? open" } }
                Finding::NotAsked => { span.badge { "not asked" } }
            }
            p { (step.words) }
            @if let Some(level) = step.level { (meter(step.subject.title(), level)) }
        }
    }
}

fn meter(what: &str, level: Level) -> Markup {
    let text = format!(
        "{} of {}",
        words::number(level.left),
        words::number(level.of)
    );
    html! {
        // A meter without a range would show nothing.
        @if level.of > 0 {
            meter min="0" max=(level.of) value=(level.left) aria-label={ "Left, " (what) } { (text) }
        }
        " " span.quiet { (text) " left" }
    }
}

/// How it ends, in a sentence or two.
pub(super) fn verdict(verdict: &Verdict) -> Markup {
    html! {
        @match verdict {
            Verdict::Passes => { p { "The request passes: what stands behind the method answers." } }
            Verdict::Open => {
                p { "What is marked as open decides; all else lets the request pass." }
            }
            Verdict::Refused(answer) => { (refused(answer)) }
            Verdict::NotKnown(answer) => {
                p { "Whether the request passes is not known here: what is marked as open decides. Where that leaves it to the key:" }
                (refused(answer))
            }
        }
    }
}

fn refused(answer: &Answer) -> Markup {
    html! {
        p {
            "The request is refused with " strong { (answer.status) }
            @match &answer.body {
                Some(body) => { " and the body " code { (body) } "." }
                None => { " and a body that a template of the API makes." }
            }
        }
        @if let Some(kind) = answer.gateway_response {
            p { "The API has customised this answer: its gateway response " (kind) " applies." }
        }
        @if let Some(wait) = answer.retry_after {
            p { "Another try can help in " (crate::explain::words::wait(wait)) "." }
        }
    }
}
