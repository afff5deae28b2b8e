//! What a function answered, or why there is no answer.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::incoming::RequestIds;
use crate::invoke::InvokeError;

/// A function's answer. An error of the function's own is one too, with the members `errorMessage` and `errorType`.
#[derive(Clone, Debug)]
pub(in crate::rest_api) struct Invoked {
    /// What the function returned.
    pub(in crate::rest_api) payload: Bytes,
    /// Whether it failed.
    pub(in crate::rest_api) is_error: bool,
}

/// Why a function could not be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::rest_api) enum LambdaFailure {
    /// The event is over 6 MB.
    #[error("the event has {bytes} bytes, more than a function takes")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Too many invocations wait already, or the gateway ends.
    #[error("it takes no invocations now")]
    Unavailable,
    /// The endpoint does not answer.
    #[error("the endpoint of --lambda-endpoint does not answer: {0}")]
    Unreachable(String),
    /// The endpoint has no such function, or does not let it be called.
    #[error("the endpoint of --lambda-endpoint answered {status}: {message}")]
    Refused {
        /// Its status.
        status: StatusCode,
        /// The beginning of its body.
        message: String,
    },
    /// The call cannot be written, or its answer not be read.
    #[error("it cannot be called: {0}")]
    Unusable(String),
}

impl Invoked {
    pub(super) fn answered(payload: Bytes) -> Self {
        Self {
            payload,
            is_error: false,
        }
    }

    /// What the function says of its error, if it says something.
    pub(in crate::rest_api) fn error_message(&self) -> Option<String> {
        let answer: Value = serde_json::from_slice(&self.payload).ok()?;
        let message = answer.get("errorMessage")?.as_str()?;
        Some(message.to_owned())
    }

    /// What Lambda would answer for this error.
    pub(super) fn of_error(error: &InvokeError, ids: &RequestIds) -> Result<Self, LambdaFailure> {
        let failed = |error_type: &str, message: &str| {
            let payload = json!({"errorMessage": message, "errorType": error_type});
            Ok(Self {
                payload: payload.to_string().into(),
                is_error: true,
            })
        };
        match error {
            InvokeError::Function {
                error_type,
                message,
            }
            | InvokeError::InitFailed {
                error_type,
                message,
            } => failed(error_type, message),
            InvokeError::Crashed { reason } => failed(
                "Runtime.ExitError",
                &format!(
                    "RequestId: {} Error: Runtime exited with error: {reason}",
                    ids.request
                ),
            ),
            InvokeError::TimedOut { timeout } => failed(
                "Sandbox.Timedout",
                &format!(
                    "RequestId: {} Error: Task timed out after {:.2} seconds",
                    ids.request,
                    timeout.as_secs_f64()
                ),
            ),
            InvokeError::RequestTooLarge { payload_bytes } => Err(LambdaFailure::TooLarge {
                bytes: *payload_bytes,
            }),
            InvokeError::Overloaded { .. } | InvokeError::ShuttingDown => {
                Err(LambdaFailure::Unavailable)
            }
        }
    }
}
