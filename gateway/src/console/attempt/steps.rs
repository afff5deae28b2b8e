//! An explanation on a page.

use maud::{Markup, html};

use crate::console::words;
use crate::explain::words as told;
use crate::explain::{Answer, Explanation, Finding, Level, Step, Verdict};

/// The steps one after another.
pub(super) fn render(explanation: &Explanation) -> Markup {
    html! {
        ol.steps { @for step in &explanation.steps { (item(step)) } }
        @if !explanation.execution_log.is_empty() {
            details {
                summary { "In the words of API Gateway's execution log" }
                @for line in &explanation.execution_log { p { code { (line) } } }
            }
        }
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
            Verdict::Passes => { p { (told::PASSES) } }
            Verdict::Open => { p { (told::OPEN) } }
            Verdict::Refused(answer) => { (refused(answer)) }
            Verdict::NotKnown(answer) => {
                p { (told::NOT_KNOWN) }
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
            p { (told::customised(&kind.to_string())) }
        }
        @if let Some(wait) = answer.retry_after {
            p { (told::another_try(wait)) }
        }
    }
}
