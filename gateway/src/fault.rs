//! Answers that the gateway makes itself for HTTP APIs and function URLs, with the texts of each of the two. REST APIs answer for
//! themselves.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use crate::incoming::BodyError;

/// By which of the two a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    HttpApi,
    FunctionUrl,
}

/// Why the gateway answers a request itself, apart from plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No API or function URL has this address.
    NoApi,
    /// The API has no such stage.
    NoStage,
    /// No method matches.
    NoMethod,
    /// The header fields are too long.
    HeadersTooLarge,
    /// The body is too long.
    BodyTooLarge,
    /// The request names no proper host, or its body did not arrive whole.
    BadRequest,
    /// The request lacks what its authorizer needs.
    Unauthorized,
    /// The caller may not call the method.
    Forbidden,
    /// The method's authorizer failed, or is not simulated.
    Authorizer,
    /// The function failed, or its answer makes no sense.
    Integration,
    /// The function did not answer in time.
    Timeout,
    /// The gateway cannot take the request now.
    Unavailable,
}

impl From<BodyError> for Fault {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLong => Self::BodyTooLarge,
            BodyError::Broken => Self::BadRequest,
        }
    }
}

impl Fault {
    /// The status.
    pub(crate) const fn status(self) -> StatusCode {
        let (status, _) = self.parts();
        status
    }

    /// The body: `{"message":"…"}`.
    pub(crate) fn body(self, door: Door) -> String {
        let (_, message) = self.parts();
        // As AWS writes it there.
        let has_capital = self == Self::Forbidden && door == Door::FunctionUrl;
        let member = if has_capital { "Message" } else { "message" };
        // The texts are ours, and none has a character that JSON would have to escape.
        format!(r#"{{"{member}":"{message}"}}"#)
    }

    const fn parts(self) -> (StatusCode, &'static str) {
        match self {
            Self::NoApi | Self::NoStage | Self::NoMethod => (StatusCode::NOT_FOUND, "Not Found"),
            Self::HeadersTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "Request Header Fields Too Large",
            ),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::BadRequest => (StatusCode::BAD_REQUEST, "Bad Request"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::Authorizer => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Self::Integration => (StatusCode::BAD_GATEWAY, "Internal Server Error"),
            Self::Timeout => (StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }

    pub(crate) fn response(self, door: Door) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.body(door)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        match self {
            Self::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::NoApi
            | Self::NoStage
            | Self::NoMethod
            | Self::HeadersTooLarge
            | Self::BodyTooLarge
            | Self::BadRequest
            | Self::Unauthorized
            | Self::Forbidden
            | Self::Authorizer
            | Self::Integration
            | Self::Timeout => {}
        }
        response
    }
}
