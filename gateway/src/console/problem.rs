//! Why a page cannot be shown, or something was not done.

use http::{HeaderValue, Method, StatusCode, header};
use maud::html;
use tollgate::store::{StoreError, StoreErrorKind};

use super::answer::Answer;
use super::call::Refusal;
use super::layout::Page;
use super::visit::Visit;

/// What keeps a page from being shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// No page has this address.
    #[error("There is no page at this address.")]
    NoSuchPage,
    /// What the page is about is not there, or not any more.
    #[error("There is no {0}. It may have been deleted meanwhile.")]
    NotFound(String),
    /// Pages are shown with GET, and forms sent with POST.
    #[error("Pages do not answer requests with the method {0}.")]
    Method(Method),
    /// The form was not sent from a page of this visitor's.
    #[error(
        "The form was not sent from a page of this console, or the page is from before the browser was closed. Nothing was changed."
    )]
    ForeignForm,
    /// The form cannot be read.
    #[error("The form did not arrive as a browser sends it: {0}.")]
    Form(&'static str),
    /// The management API refuses a change that has no form to go back to.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// As many watch as can.
    #[error("As many watch the gateway as can at once.")]
    Crowded,
    /// The table does not answer.
    #[error("{}", told(.0))]
    Store(#[from] StoreError),
}

fn told(error: &StoreError) -> String {
    match error.kind() {
        StoreErrorKind::Throttled => {
            "The table asks to be called less often. Try again in a moment.".to_owned()
        }
        StoreErrorKind::Unavailable => {
            "The table does not answer. Try again in a moment.".to_owned()
        }
        StoreErrorKind::Broken | StoreErrorKind::InvalidPosition => {
            format!("The table refused the request: {error}")
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPage | Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::ForeignForm => StatusCode::FORBIDDEN,
            Self::Form(_) => StatusCode::BAD_REQUEST,
            Self::Refused(refusal) => refusal.status,
            Self::Crowded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(error) => match error.kind() {
                StoreErrorKind::Throttled | StoreErrorKind::Unavailable => {
                    StatusCode::SERVICE_UNAVAILABLE
                }
                StoreErrorKind::Broken | StoreErrorKind::InvalidPosition => {
                    StatusCode::INTERNAL_SERVER_ERROR
                }
            },
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::NoSuchPage | Self::NotFound(_) => "Not found",
            Self::Method(_) => "Method not allowed",
            Self::ForeignForm => "The form was refused",
            Self::Form(_) => "The form cannot be read",
            Self::Refused(_) => "Not done",
            Self::Crowded => "No place left",
            Self::Store(_) => "The table does not answer",
        }
    }

    /// What to do about it.
    fn advice(&self) -> &'static str {
        match self {
            Self::NoSuchPage | Self::NotFound(_) | Self::Method(_) => {
                "The pages of the console are in the menu above."
            }
            Self::ForeignForm => "Go back, reload the page, and send the form again.",
            Self::Form(_) | Self::Refused(_) => "Go back, and change what you have entered.",
            Self::Crowded => "Close the live view in another window, or try again later.",
            Self::Store(_) => "Reload the page when the table can be reached again.",
        }
    }

    /// The page that says so.
    pub(super) fn answer(&self, visit: &Visit<'_>) -> Answer {
        if let Self::Store(error) = self {
            tracing::warn!(%error, "the store did not answer the console");
        }
        let title = self.title();
        let mut answer = visit.page_with(
            self.status(),
            Page {
                title,
                section: None,
                trail: &[],
                body: html! {
                    h1 { (title) }
                    p.notice.failed role="alert" { (self) }
                    p { (self.advice()) }
                },
            },
        );
        if matches!(self, Self::Method(_)) {
            let allowed = HeaderValue::from_static("GET, HEAD, POST");
            answer.response.headers_mut().insert(header::ALLOW, allowed);
        }
        answer
    }
}
