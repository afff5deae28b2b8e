//! Why a request is not done, and how that is answered: one mapping for all routes.

use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use lambda_http::Body;
use serde_json::json;
use thiserror::Error;
use tollgate::logs::causes;

use crate::store::StoreError;
use crate::validation::Invalid;

/// Why a request is not done.
#[derive(Debug, Error)]
pub(crate) enum RequestError {
    /// The body or a parameter is not as it must be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The API has no such path.
    #[error("no such path: this API serves /users, /users/{{id}}, /reports/users and /health")]
    UnknownPath,
    /// The path is known, the method is not one of `allow`.
    #[error("this path accepts {allow} only")]
    MethodNotAllowed {
        /// The methods of the path, as the field `Allow` lists them.
        allow: &'static str,
    },
    /// The path is for those whom an authorizer let pass, and this request did not come through one.
    #[error("Forbidden")]
    NotAuthorized,
    /// No user has the id.
    #[error("no user has this id")]
    UnknownUser,
    /// The table could not be read or written.
    #[error("the users cannot be reached at present, try again in a second")]
    Store(#[from] StoreError),
    /// The operating system gave no randomness for an id.
    #[error("no id can be made at present, try again in a second")]
    NoRandomness(#[from] getrandom::Error),
    /// An answer could not be written as JSON.
    #[error("the answer could not be written")]
    Unwritable(#[from] serde_json::Error),
}

impl RequestError {
    /// The answer to the caller. The causes of failures that are not the caller's go to the log only.
    pub(crate) fn into_response(self) -> Response<Body> {
        match &self {
            Self::Invalid(_) => self.response(StatusCode::BAD_REQUEST),
            Self::NotAuthorized => self.response(StatusCode::FORBIDDEN),
            Self::UnknownPath | Self::UnknownUser => self.response(StatusCode::NOT_FOUND),
            Self::MethodNotAllowed { allow } => {
                let allow = HeaderValue::from_static(allow);
                let mut response = self.response(StatusCode::METHOD_NOT_ALLOWED);
                response.headers_mut().insert(ALLOW, allow);
                response
            }
            Self::Store(error) => {
                tracing::error!(cause = causes(error), "the users table failed");
                self.unavailable()
            }
            Self::NoRandomness(error) => {
                tracing::error!(
                    cause = causes(error),
                    "the operating system gave no randomness"
                );
                self.unavailable()
            }
            Self::Unwritable(error) => {
                tracing::error!(cause = causes(error), "an answer could not be written");
                self.response(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    fn unavailable(&self) -> Response<Body> {
        let mut response = self.response(StatusCode::SERVICE_UNAVAILABLE);
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }

    fn response(&self, status: StatusCode) -> Response<Body> {
        let body = json!({ "message": self.to_string() }).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Error)]
    #[error("outer")]
    struct Outer(#[source] std::fmt::Error);

    #[test]
    fn the_log_line_names_every_cause() {
        let inner = std::fmt::Error;
        assert_eq!(causes(&Outer(inner)), format!("outer: {inner}"));
    }
}
