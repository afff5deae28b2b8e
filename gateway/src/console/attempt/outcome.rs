//! What has come of a request, on a page.

use http::StatusCode;
use maud::{Markup, html};
use tollgate::id::ApiStage;

use super::send::{Body, Received};
use super::steps;
use super::wanted::Wanted;
use crate::explain::{Explanation, Verdict, words};

/// A request that was tried.
pub(super) struct Outcome {
    /// Method, path and stage.
    title: String,
    before: Explanation,
    end: End,
}

enum End {
    Sent {
        /// Or why there is none.
        answer: Result<Received, String>,
        /// Or why it could not be read.
        after: Result<Explanation, String>,
    },
    Unsent(Unsent),
}

/// Why a request was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    /// No gateway runs here.
    NoGateway,
    /// Somebody wanted to have it explained only.
    NotWanted,
    /// The value of the key that was chosen is not kept.
    ValueNotKept,
}

impl Unsent {
    const fn reason(self) -> &'static str {
        match self {
            Self::NoGateway => {
                "Nothing was sent, because no gateway runs here: this is what the table says."
            }
            Self::NotWanted => "Nothing was sent, and nothing was charged.",
            Self::ValueNotKept => {
                "Nothing was sent: the value of this key is not kept. Type it below to send the request."
            }
        }
    }
}

impl Outcome {
    pub(super) fn sent(
        wanted: &Wanted<'_>,
        before: Explanation,
        answer: Result<Received, String>,
        after: Result<Explanation, String>,
    ) -> Self {
        Self {
            title: title(wanted),
            before,
            end: End::Sent { answer, after },
        }
    }

    pub(super) fn unsent(wanted: &Wanted<'_>, before: Explanation, unsent: Unsent) -> Self {
        Self {
            title: title(wanted),
            before,
            end: End::Unsent(unsent),
        }
    }

    pub(super) fn render(&self) -> Markup {
        html! {
            h1 { (self.title) }
            @match &self.end {
                End::Unsent(unsent) => {
                    div.notice role="status" {
                        p { (unsent.reason()) }
                        (steps::verdict(&self.before.verdict))
                    }
                    h2 { "Step by step" }
                    (steps::render(&self.before))
                }
                End::Sent { answer, after } => {
                    (received(answer))
                    @if let Ok(answer) = answer { (disagreement(&self.before, answer)) }
                    h2 { "Before the request" }
                    (steps::verdict(&self.before.verdict))
                    (steps::render(&self.before))
                    h2 { "After the request" }
                    (afterwards(after))
                }
            }
        }
    }
}

fn afterwards(after: &Result<Explanation, String>) -> Markup {
    html! {
        @match after {
            Ok(after) => {
                p { "What the same request would meet now." }
                (steps::verdict(&after.verdict))
                details {
                    summary { "Step by step" }
                    (steps::render(after))
                }
            }
            Err(why) => { p.notice.warning { "What the same request would meet now could not be read. " (why) } }
        }
    }
}

fn title(wanted: &Wanted<'_>) -> String {
    let ApiStage { api_id, stage } = &wanted.api_stage;
    let method = &wanted.method;
    format!(
        "{method} {} on {api_id}, stage {stage}",
        wanted.path_and_query()
    )
}

fn received(answer: &Result<Received, String>) -> Markup {
    html! {
        @match answer {
            Err(why) => { p.notice.failed role="alert" { (why) } }
            Ok(received) => {
                @let class = if received.status.is_success() { "notice done" } else { "notice failed" };
                div class=(class) role="status" {
                    p { strong { (received.status) } ", after " (words::wait(received.took)) }
                }
                (body(&received.body))
                details {
                    summary { "Header fields of the answer" }
                    dl.facts {
                        @for (name, value) in &received.headers {
                            dt { code { (name) } }
                            dd { code { (value) } }
                        }
                    }
                }
            }
        }
    }
}

fn body(body: &Body) -> Markup {
    html! {
        @match body {
            Body::Empty => { p { "The body is empty." } }
            Body::Bytes(count) => { p { "The body has " (count) " bytes that are no text." } }
            Body::Text { shown, is_cut } => {
                pre.answer tabindex="0" role="region" aria-label="Body of the answer" { code { (shown) } }
                @if *is_cut { p.quiet { "This is the beginning of it." } }
            }
        }
    }
}

/// Says why an answer may be another one than was to be expected.
fn disagreement(before: &Explanation, answer: &Received) -> Markup {
    let is_expected = match &before.verdict {
        Verdict::Refused(expected) => expected.status == answer.status,
        Verdict::Passes => answer.status != StatusCode::TOO_MANY_REQUESTS,
        Verdict::Open | Verdict::NotKnown(_) => true,
    };
    html! {
        @if !is_expected {
            p.notice.warning {
                "This is not what the table let expect: another request or a change came in between, the gateway had charged requests of this key in advance, or a limit was reached that all callers share."
            }
        }
    }
}
