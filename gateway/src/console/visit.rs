//! One request of a visitor, as pages read it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, Method, Request, StatusCode, header};
use maud::{Markup, html};
use percent_encoding::percent_decode_str;
use tokio::sync::watch;
use tollgate::random::NoEntropy;
use tollgate::store::{StoreError, dynamodb::DynamoStore};
use tollgate::time::Timestamp;

use super::answer::{self, Answer};
use super::csrf::{self, Token};
use super::directory::{Directory, Snapshot};
use super::flash::Flash;
use super::forms::Fields;
use super::layout::{self, Frame, Page};
use super::path;
use super::problem::Problem;
use super::stages::StageBook;
use super::surroundings::Surroundings;
use super::usage::Feed;
use super::{Inner, ROOT};
use crate::content::Content;
use crate::http_client::HttpClient;
use crate::incoming::Hangup;

/// What htmx sends with its requests.
const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// A page: GET or HEAD.
    Show,
    /// Something to be done: POST.
    Do,
}

/// A request, and what surrounds it.
pub(super) struct Visit<'a> {
    inner: &'a Inner,
    verb: Verb,
    path: &'a str,
    /// The segments below the console's root, decoded. `None` when one of them is no text.
    segments: Option<Vec<String>>,
    query: Fields,
    /// What was sent with the form. `Err` says why it cannot be read.
    form: Result<Fields, &'static str>,
    token: Token,
    flash: Option<Flash>,
    is_partial: bool,
    hangup: Hangup,
    now: Timestamp,
}

impl<'a> Visit<'a> {
    /// # Errors
    ///
    /// When there are no random numbers for a new visitor.
    pub(super) async fn read(
        inner: &'a Inner,
        request: &'a Request<Bytes>,
        now: Timestamp,
    ) -> Result<Self, NoEntropy> {
        let path = request.uri().path();
        let verb = if *request.method() == Method::POST {
            Verb::Do
        } else {
            Verb::Show
        };
        let form = match verb {
            Verb::Show => Ok(Fields::default()),
            Verb::Do => {
                let content_type = request.headers().get(header::CONTENT_TYPE);
                Fields::of_body(content_type, request.body()).await
            }
        };
        Ok(Self {
            inner,
            verb,
            path,
            segments: segments(path),
            query: Fields::read(request.uri().query().unwrap_or("").as_bytes()),
            form,
            token: Token::of(request.headers(), &inner.new_token)?,
            flash: Flash::of(request.headers()),
            is_partial: request.headers().contains_key(HX_REQUEST),
            hangup: request.extensions().get().cloned().unwrap_or_default(),
            now,
        })
    }

    /// Refuses what no page answers, before any of them is asked.
    pub(super) fn check(&self, method: &Method) -> Result<(), Problem> {
        if ![Method::GET, Method::HEAD, Method::POST].contains(method) {
            return Err(Problem::Method(method.clone()));
        }
        if self.segments.is_none() {
            return Err(Problem::NoSuchPage);
        }
        match (self.verb, &self.form) {
            (Verb::Show, _) => Ok(()),
            (Verb::Do, Err(reason)) => Err(Problem::Form(reason)),
            (Verb::Do, Ok(form)) if self.token.is_in(form.get(csrf::FIELD)) => Ok(()),
            (Verb::Do, Ok(_)) => Err(Problem::ForeignForm),
        }
    }

    /// The segments of the path below `/console`.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.segments.iter().flatten().map(String::as_str).collect()
    }

    pub(super) const fn verb(&self) -> Verb {
        self.verb
    }

    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether htmx asks, and not the browser itself.
    pub(super) const fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// What stands in the address behind the question mark.
    pub(super) const fn query(&self) -> &Fields {
        &self.query
    }

    /// What was sent with the form. A form that could not be read has no fields: it was refused before.
    pub(super) fn form(&self) -> &Fields {
        const NOTHING: &Fields = &Fields::NONE;
        self.form.as_ref().unwrap_or(NOTHING)
    }

    pub(super) const fn surroundings(&self) -> &'a Surroundings {
        &self.inner.surroundings
    }

    /// The table, to be read. Changes go through [`Visit::call`].
    pub(super) const fn store(&self) -> &'a DynamoStore {
        &self.inner.surroundings.store
    }

    /// What sends requests to the gateway, for somebody who tries one.
    pub(super) const fn client(&self) -> &'a HttpClient {
        &self.inner.client
    }

    /// What those see who watch the gateway that runs here; `None` where none does.
    pub(super) const fn feed(&self) -> Option<&'a Feed> {
        self.inner.feed.as_ref()
    }

    /// Ends the connection that this visitor has come by.
    pub(super) const fn hangup(&self) -> &Hangup {
        &self.hangup
    }

    /// Changes when answers without an end have to end.
    pub(super) fn stop(&self) -> watch::Receiver<bool> {
        self.inner.stop.subscribe()
    }

    pub(super) const fn directory(&self) -> &'a Directory {
        &self.inner.directory
    }

    /// All keys and plans, as they were some seconds ago, with every change that was made through the console.
    pub(super) async fn snapshot(&self) -> Result<Arc<Snapshot>, StoreError> {
        self.inner.directory.snapshot().await
    }

    /// The stages that plans can cover, and what they serve.
    pub(super) async fn stage_book(&self) -> Result<Arc<StageBook>, StoreError> {
        self.inner.stages.book().await
    }

    /// The address of this page with `name` set to `value` in its query, or without `name` when that is empty.
    pub(super) fn address_with(&self, name: &str, value: &str) -> String {
        let others = self.query.pairs().filter(|(known, _)| *known != name);
        path::with_query(self.path, others.chain([(name, value)]))
    }

    /// A form that is sent with POST, with its token.
    pub(super) fn form_to(&self, action: &str, content: &Markup) -> Markup {
        html! {
            form method="post" action=(action) { (self.token.field()) (content) }
        }
    }

    /// The hidden field that a form has to have, for forms which are made otherwise.
    pub(super) fn token_field(&self) -> Markup {
        self.token.field()
    }

    /// A page.
    pub(super) fn page(&self, page: Page<'_>) -> Answer {
        self.page_with(StatusCode::OK, page)
    }

    /// A form once more, because of what was entered.
    pub(super) fn page_again(&self, page: Page<'_>) -> Answer {
        self.page_with(StatusCode::UNPROCESSABLE_ENTITY, page)
    }

    pub(super) fn page_with(&self, status: StatusCode, page: Page<'_>) -> Answer {
        let frame = Frame {
            path: self.path,
            place: &self.inner.surroundings.place,
            flash: self.flash.as_ref(),
            is_error: !status.is_success(),
        };
        Answer::html(status, layout::render(page, frame))
    }

    /// The answer with its cookies, and with the fields that each answer has.
    pub(super) fn finish(&self, answer: Answer) -> http::Response<Content> {
        let Answer {
            mut response,
            flash,
            shows_flash,
        } = answer;
        let flash_cookie = match (&flash, &self.flash) {
            (Some(flash), _) => flash.cookie(),
            // A script that swaps in a part of the page does not show it.
            (None, Some(_)) if shows_flash && !self.is_partial => Flash::clearing_cookie(),
            (None, Some(_) | None) => None,
        };
        let token_cookie = shows_flash.then(|| self.token.cookie()).flatten();
        for cookie in [token_cookie, flash_cookie].into_iter().flatten() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        answer::secure(&mut response);
        response
    }
}

/// The segments below the console's root, decoded.
fn segments(path: &str) -> Option<Vec<String>> {
    path.strip_prefix(ROOT)
        .unwrap_or("")
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| {
            let text = percent_decode_str(segment).decode_utf8().ok()?;
            Some(text.into_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_and_stay_apart() {
        let texts = |path| segments(path).unwrap();
        assert_eq!(texts("/console"), [""; 0]);
        assert_eq!(texts("/console/plans/"), ["plans"]);
        assert_eq!(
            texts("/console/apis/a%2Fb/%24default"),
            ["apis", "a/b", "$default"]
        );
        assert_eq!(segments("/console/%ff"), None);
    }
}
