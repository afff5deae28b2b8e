//! Errors, as API Gateway's clients know them.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;

use crate::store::{RegistryError, StoreError, StoreErrorKind};

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// How long a client waits before it tries again, in seconds.
const RETRY_AFTER_S: u64 = 1;

/// Why an operation was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ControlError {
    kind: Kind,
    message: String,
}

/// The type of an error: those of the service model, and those of the framework in front of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    BadRequest,
    NotFound,
    Conflict,
    LimitExceeded,
    TooManyRequests,
    ServiceUnavailable,
    /// A member breaks a constraint of the service model.
    Validation,
    /// A member has another JSON type, or the body is not JSON.
    Serialization,
    /// The signature cannot be read.
    IncompleteSignature,
    /// No operation has this method and path.
    UnknownOperation,
    /// A fault of ours.
    Internal,
}

impl Kind {
    const fn parts(self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "BadRequestException"),
            Self::NotFound => (StatusCode::NOT_FOUND, "NotFoundException"),
            Self::Conflict => (StatusCode::CONFLICT, "ConflictException"),
            Self::LimitExceeded => (StatusCode::TOO_MANY_REQUESTS, "LimitExceededException"),
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
            Self::ServiceUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailableException",
            ),
            Self::Validation => (StatusCode::BAD_REQUEST, "ValidationException"),
            Self::Serialization => (StatusCode::BAD_REQUEST, "SerializationException"),
            Self::IncompleteSignature => (StatusCode::FORBIDDEN, "IncompleteSignatureException"),
            Self::UnknownOperation => {
                (StatusCode::FORBIDDEN, "MissingAuthenticationTokenException")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        }
    }

    /// The framework's errors have their text in another member than the service's own, as recorded from AWS.
    const fn message_member(self) -> &'static str {
        match self {
            Self::Validation | Self::Serialization => "Message",
            Self::BadRequest
            | Self::NotFound
            | Self::Conflict
            | Self::LimitExceeded
            | Self::TooManyRequests
            | Self::ServiceUnavailable
            | Self::IncompleteSignature
            | Self::UnknownOperation
            | Self::Internal => "message",
        }
    }
}

impl ControlError {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// 400 `BadRequestException`.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, message)
    }

    /// 404 `NotFoundException`.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// 409 `ConflictException`.
    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    /// 400 `ValidationException` with the text of the framework, for one or several broken constraints.
    pub(super) fn validation(violations: &[String]) -> Self {
        let count = violations.len();
        let errors = if count == 1 { "error" } else { "errors" };
        let message = format!(
            "{count} validation {errors} detected: {}",
            violations.join("; ")
        );
        Self::new(Kind::Validation, message)
    }

    /// What API Gateway says to a method and path that are no operation: it looks for a signature first, and for the operation never.
    pub(super) fn unknown_operation(method: &Method, path: &str) -> Self {
        Self::new(
            Kind::UnknownOperation,
            format!("no operation of the management API is {method} {path}"),
        )
    }

    /// What it says.
    pub(super) fn into_message(self) -> String {
        self.message
    }

    #[cfg(test)]
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let (status, error_type) = self.kind.parts();
        let body = json!({ self.kind.message_member(): self.message });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(ERROR_TYPE, HeaderValue::from_static(error_type));
        match self.kind {
            Kind::LimitExceeded | Kind::TooManyRequests | Kind::ServiceUnavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
            }
            Kind::BadRequest
            | Kind::NotFound
            | Kind::Conflict
            | Kind::Validation
            | Kind::Serialization
            | Kind::IncompleteSignature
            | Kind::UnknownOperation
            | Kind::Internal => {}
        }
        response
    }
}

impl From<StoreError> for ControlError {
    fn from(error: StoreError) -> Self {
        let (kind, message) = match error.kind() {
            // The caller's mistake, and nothing for the log.
            StoreErrorKind::InvalidPosition => return Self::bad_request(error.to_string()),
            StoreErrorKind::Throttled => (
                Kind::TooManyRequests,
                "the store asks for fewer requests; try again",
            ),
            StoreErrorKind::Unavailable => (
                Kind::ServiceUnavailable,
                "the store does not answer; try again",
            ),
            StoreErrorKind::Broken => (Kind::Internal, "the store refused; see the log"),
        };
        tracing::warn!(%error, "the store did not carry out an operation of the management API");
        Self::new(kind, message)
    }
}

impl From<RegistryError> for ControlError {
    fn from(error: RegistryError) -> Self {
        let kind = match error {
            RegistryError::Store(error) => return error.into(),
            RegistryError::NoSuchKey(_)
            | RegistryError::NoSuchPlan(_)
            | RegistryError::NotInPlan { .. }
            | RegistryError::NoSuchStage(_) => Kind::NotFound,
            RegistryError::ValueTaken
            | RegistryError::IdTaken(_)
            | RegistryError::StageTaken { .. } => Kind::Conflict,
            RegistryError::NoQuota(_)
            | RegistryError::HasStages { .. }
            | RegistryError::TooLarge(_) => Kind::BadRequest,
            RegistryError::Contended => Kind::TooManyRequests,
        };
        Self::new(kind, error.to_string())
    }
}
