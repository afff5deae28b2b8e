//! Answers of the console, and the header fields that each of them has.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use maud::Markup;
use tokio::sync::mpsc;
use tollgate::random::NoEntropy;

use super::flash::Flash;
use crate::content::Content;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What holds for every answer, whatever is in it.
const SECURITY_FIELDS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// An answer, before its visit adds cookies to it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: Response<Content>,
    /// What the next page says.
    pub(super) flash: Option<Flash>,
    /// Whether it shows what the page before has left to say.
    pub(super) shows_flash: bool,
}

impl Answer {
    /// A whole page. [`Visit::page`](super::visit::Visit::page) makes it.
    pub(super) fn html(status: StatusCode, html: Markup) -> Self {
        let mut answer = Self::new(Content::from(Bytes::from(html.into_string())), HTML);
        *answer.response.status_mut() = status;
        answer.shows_flash = true;
        answer
    }

    /// A part of a page, for a script that swaps it in.
    pub(super) fn fragment(html: Markup) -> Self {
        Self::new(Content::from(Bytes::from(html.into_string())), HTML)
    }

    /// Another page, to be asked for with GET.
    pub(super) fn redirect(path: &str) -> Self {
        let mut response = Response::new(Content::from(Bytes::new()));
        // Paths are made of encoded segments, which a field can have. Any other leads to the first page.
        let location = HeaderValue::from_str(path)
            .unwrap_or_else(|_no_field| HeaderValue::from_static(super::FIRST_PAGE));
        *response.status_mut() = StatusCode::SEE_OTHER;
        response.headers_mut().insert(header::LOCATION, location);
        Self {
            response,
            flash: None,
            shows_flash: false,
        }
    }

    /// Something that stays as it is under its address.
    pub(super) fn asset(content_type: &'static str, bytes: &'static [u8]) -> Self {
        let content_type = HeaderValue::from_static(content_type);
        let mut answer = Self::new(Content::from(Bytes::from_static(bytes)), content_type);
        answer.response.headers_mut().insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        );
        answer
    }

    /// A file to be kept, under a name of letters, digits, dots and dashes.
    pub(super) fn download(
        content_type: &'static str,
        name: &str,
        content: impl Into<Content>,
    ) -> Self {
        let content_type = HeaderValue::from_static(content_type);
        let mut answer = Self::new(content.into(), content_type);
        let plain: String = name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
            .collect();
        if let Ok(disposition) = format!("attachment; filename=\"{plain}\"").parse() {
            let headers = answer.response.headers_mut();
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        answer
    }

    /// Server-sent events, as they come through the channel.
    pub(super) fn events(receiver: mpsc::Receiver<Bytes>) -> Self {
        let content_type = HeaderValue::from_static("text/event-stream");
        Self::new(Content::Pushed(receiver), content_type)
    }

    /// Lets the next page say that something is done.
    pub(super) fn saying(mut self, text: impl Into<String>) -> Self {
        self.flash = Some(Flash::done(text));
        self
    }

    /// Lets the next page say that something could not be done.
    pub(super) fn warning(mut self, text: impl Into<String>) -> Self {
        self.flash = Some(Flash::failed(text));
        self
    }

    fn new(content: Content, content_type: HeaderValue) -> Self {
        let mut response = Response::new(content);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        Self {
            response,
            flash: None,
            shows_flash: false,
        }
    }
}

/// Adds what holds for every answer. Nothing is kept that does not ask for it.
pub(super) fn secure(response: &mut Response<Content>) {
    let headers = response.headers_mut();
    for (name, value) in SECURITY_FIELDS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
}

/// Without random numbers there is no form that could be trusted.
pub(super) fn without_entropy(error: &NoEntropy) -> Response<Content> {
    tracing::warn!(%error, "the console has no random numbers");
    let mut response = Response::new(Content::from(Bytes::from_static(
        b"The console has no random numbers to work with.\n",
    )));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    secure(&mut response);
    response
}
