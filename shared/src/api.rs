//! What an API offers: methods on paths, and which of them answers a request.
//!
//! - [`Verb`]: `ANY`, or one HTTP method.
//! - [`PathTemplate`]: `/users/{id}`, `/files/{proxy+}`.
//! - [`Routes`]: a set of both, and the choice between them that API Gateway would make.
//! - [`MethodPatterns`]: the list in the variable `TOLLGATE_PUBLIC`.
//!
//! Paths are matched as the client sent them, with their percent-escapes: an escaped slash never separates segments, and a
//! literal segment is compared byte by byte. Where REST APIs and HTTP APIs differ, [`Routing`] says which of the two is meant.

mod pattern;
mod routes;
mod template;
mod verb;

pub(crate) use pattern::is_ambiguous;
pub use pattern::{MethodPattern, MethodPatterns, ParseMethodPatternsError};
pub use routes::{Found, Route, RouteConflict, RouteMatch, Routes};
pub use template::{ParsePathTemplateError, PathTemplate, Segment};
pub use verb::{ParseVerbError, Verb};

/// Whose routing rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Routing {
    /// A REST API. Slashes doubled before the first segment and slashes after the last one do not count: AWS answers
    /// `/stage//users` and `/stage/users/` from the resource `/users`, and leaves the trailing slash out of a greedy variable.
    RestApi,
    /// An HTTP API. Every slash counts: `/users/` is not `/users`. (AWS does not document this; it is what its users report.)
    HttpApi,
}

impl Routing {
    /// The part of `path` that segments are cut from; `None` when it does not begin with a slash.
    fn significant(self, path: &str) -> Option<&str> {
        let rest = path.strip_prefix('/')?;
        Some(match self {
            Self::RestApi => rest.trim_start_matches('/').trim_end_matches('/'),
            Self::HttpApi => rest,
        })
    }
}

/// What is left of a path while its segments are taken off one by one. A segment may be empty (`/a//b`).
#[derive(Clone, Copy, Debug)]
struct Remaining<'p>(Option<&'p str>);

impl<'p> Remaining<'p> {
    /// The whole of `path`; `None` when it does not begin with a slash, as in `OPTIONS *`.
    fn of(path: &'p str, routing: Routing) -> Option<Self> {
        let rest = routing.significant(path)?;
        Some(Self((!rest.is_empty()).then_some(rest)))
    }

    fn is_empty(self) -> bool {
        self.0.is_none()
    }

    /// All that is left, slashes included, when that is something: what a greedy variable takes.
    fn greedy(self) -> Option<&'p str> {
        self.0.filter(|rest| !rest.is_empty())
    }

    /// The next segment and what follows it.
    fn split(self) -> Option<(&'p str, Self)> {
        let rest = self.0?;
        Some(match rest.split_once('/') {
            Some((segment, rest)) => (segment, Self(Some(rest))),
            None => (rest, Self(None)),
        })
    }
}
