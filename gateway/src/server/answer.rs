//! Answers that the gateway makes itself, with the texts of each kind of API.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use crate::event::ApiKind;
use crate::incoming::BodyError;

pub(super) const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Why the gateway answers a request itself, apart from plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
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
    /// Status, error type and text. Those of REST APIs are AWS's; HTTP APIs and function URLs send no error type.
    const fn parts(self, kind: ApiKind) -> (StatusCode, &'static str, &'static str) {
        match (self, kind) {
            (Self::NoApi, _)
            | (Self::NoStage | Self::NoMethod, ApiKind::Http | ApiKind::FunctionUrl) => {
                (StatusCode::NOT_FOUND, "NotFoundException", "Not Found")
            }
            (Self::NoStage, ApiKind::Rest) => {
                (StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden")
            }
            (Self::NoMethod, ApiKind::Rest) => (
                StatusCode::FORBIDDEN,
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            ),
            (Self::HeadersTooLarge, _) => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "BadRequestException",
                "Request Header Fields Too Large",
            ),
            (Self::BodyTooLarge, ApiKind::Rest) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestTooLargeException",
                "HTTP content length exceeded 10485760 bytes.",
            ),
            (Self::BodyTooLarge, ApiKind::Http | ApiKind::FunctionUrl) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestTooLargeException",
                "Request Entity Too Large",
            ),
            (Self::BadRequest, _) => (
                StatusCode::BAD_REQUEST,
                "BadRequestException",
                "Bad Request",
            ),
            (Self::Unauthorized, _) => (
                StatusCode::UNAUTHORIZED,
                "UnauthorizedException",
                "Unauthorized",
            ),
            (Self::Forbidden, _) => (StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden"),
            (Self::Authorizer, _) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "AuthorizerConfigurationException",
                "Internal Server Error",
            ),
            (Self::Integration, ApiKind::Rest) => (
                StatusCode::BAD_GATEWAY,
                "InternalServerErrorException",
                "Internal server error",
            ),
            (Self::Integration, ApiKind::Http | ApiKind::FunctionUrl) => (
                StatusCode::BAD_GATEWAY,
                "InternalServerErrorException",
                "Internal Server Error",
            ),
            (Self::Timeout, _) => (
                StatusCode::GATEWAY_TIMEOUT,
                "InternalServerErrorException",
                "Endpoint request timed out",
            ),
            (Self::Unavailable, _) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailableException",
                "Service Unavailable",
            ),
        }
    }

    pub(super) fn response(self, kind: ApiKind) -> Response<Full<Bytes>> {
        let (status, error_type, message) = self.parts(kind);
        // The texts are ours, and none has a character that JSON would have to escape.
        // As AWS writes it there.
        let has_capital = self == Self::Forbidden && kind == ApiKind::FunctionUrl;
        let member = if has_capital { "Message" } else { "message" };
        let mut response = Response::new(Full::from(format!(r#"{{"{member}":"{message}"}}"#)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        match kind {
            ApiKind::Rest => {
                headers.insert(ERROR_TYPE, HeaderValue::from_static(error_type));
            }
            ApiKind::Http | ApiKind::FunctionUrl => {}
        }
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
