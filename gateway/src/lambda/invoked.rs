//! What a function answered, or why there is no answer.

use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use crate::incoming::RequestIds;
use crate::invoke::InvokeError;

/// A function's answer. An error of the function's own is one too, with the members `errorMessage` and `errorType`.
#[derive(Clone)]
pub struct Invoked {
    /// What the function returned.
    pub payload: Bytes,
    /// Whether it failed.
    pub is_error: bool,
}

/// Why a function could not be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LambdaFailure {
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

/// Shows how long the answer is: it may hold secrets.
impl fmt::Debug for Invoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invoked")
            .field("payload_bytes", &self.payload.len())
            .field("is_error", &self.is_error)
            .finish()
    }
}

/// The beginning of an event or an answer, for logs.
pub(crate) fn shown(payload: &[u8]) -> String {
    let text = String::from_utf8_lossy(payload);
    text.chars().take(1_000).collect()
}

impl Invoked {
    pub(super) fn answered(payload: Bytes) -> Self {
        Self {
            payload,
            is_error: false,
        }
    }

    /// Whether `payload` is what functions report their errors with, and nothing else.
    pub(super) fn is_error_document(payload: &[u8]) -> bool {
        const MEMBERS: [&str; 5] = [
            "errorType",
            "errorMessage",
            "stackTrace",
            "trace",
            "requestId",
        ];
        let Ok(Value::Object(members)) = serde_json::from_slice(payload) else {
            return false;
        };
        let has = |name: &str| members.get(name).is_some_and(Value::is_string);
        has("errorType")
            && has("errorMessage")
            && members.keys().all(|name| MEMBERS.contains(&name.as_str()))
    }

    /// The beginning of the answer, for logs.
    pub fn shown(&self) -> String {
        shown(&self.payload)
    }

    /// What the function says of its error, if it says something.
    pub fn error_message(&self) -> Option<String> {
        let answer: Value = serde_json::from_slice(&self.payload).ok()?;
        let message = answer.get("errorMessage")?.as_str()?;
        Some(message.to_owned())
    }

    /// What Lambda would answer for this error.
    pub(super) fn of_error(error: &InvokeError, ids: &RequestIds) -> Result<Self, LambdaFailure> {
        if let Some(object) = error.error_object(&ids.request) {
            return Ok(Self {
                payload: object.to_string().into(),
                is_error: true,
            });
        }
        Err(match error {
            InvokeError::RequestTooLarge { payload_bytes } => LambdaFailure::TooLarge {
                bytes: *payload_bytes,
            },
            InvokeError::Function { .. }
            | InvokeError::InitFailed { .. }
            | InvokeError::Crashed { .. }
            | InvokeError::TimedOut { .. }
            | InvokeError::Overloaded { .. }
            | InvokeError::ShuttingDown => LambdaFailure::Unavailable,
        })
    }
}
