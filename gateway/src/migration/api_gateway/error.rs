//! Why one side could not be read or changed.

use std::error::Error;

use aws_sdk_apigateway::error::{ProvideErrorMetadata, SdkError};
use http::StatusCode;
use tollgate::logs::causes;

/// What a number that is reached is called. Trying again does not help.
const LIMIT_EXCEEDED: &str = "LimitExceededException";

/// What an error is called that says that there is no such thing.
const NOT_FOUND: &str = "NotFoundException";

/// Why one side could not be read or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} at {place}: {kind}")]
pub struct MigrationError {
    /// Which side.
    pub place: String,
    /// The operation, by its name in the service model.
    pub operation: &'static str,
    /// Why.
    pub kind: MigrationErrorKind,
}

/// Why one side could not be read or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrationErrorKind {
    /// What was asked for cannot be done; other things can.
    #[error("{message}")]
    Refused {
        /// The kind of error, such as `ConflictException`.
        code: String,
        /// Why.
        message: String,
    },
    /// Too many calls, again and again.
    #[error("it asks to be called less often: {0}")]
    Throttled(String),
    /// The caller may not do this.
    #[error("{0}")]
    Denied(String),
    /// No answer, or a fault on the other side.
    #[error("{0}")]
    Unanswered(String),
    /// The answer makes no sense.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

impl MigrationErrorKind {
    pub(super) fn of<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let SdkError::ServiceError(service) = error else {
            return Self::Unanswered(causes(error));
        };
        let code = service.err().code().unwrap_or_default().to_owned();
        let message = match service.err().message() {
            Some(message) => message.to_owned(),
            None if code.is_empty() => causes(error),
            None => code.clone(),
        };
        match StatusCode::from_u16(service.raw().status().as_u16()) {
            Ok(StatusCode::TOO_MANY_REQUESTS) if code != LIMIT_EXCEEDED => Self::Throttled(message),
            Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Self::Denied(message),
            Ok(status) if status.is_client_error() => Self::Refused { code, message },
            Ok(_) | Err(_) => Self::Unanswered(message),
        }
    }

    /// Whether it is about the one thing that was asked for, and not about all that could be.
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::Refused { .. } => true,
            Self::Throttled(_) | Self::Denied(_) | Self::Unanswered(_) | Self::Unreadable(_) => {
                false
            }
        }
    }
}

impl MigrationError {
    /// Whether what was asked for does not exist.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(&self.kind, MigrationErrorKind::Refused { code, .. } if code == NOT_FOUND)
    }
}
