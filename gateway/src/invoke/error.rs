//! Why an invocation has no answer.

use std::time::Duration;

use serde_json::{Value, json};

/// Why an invocation has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// The handler returned an error, or its answer was over the limit.
    #[error("the function failed with {error_type}: {message}")]
    Function {
        /// The kind, as the function names it.
        error_type: String,
        /// What went wrong, as the function says it.
        message: String,
    },
    /// The process ended with the invocation in hand.
    #[error("the function's process ended during the invocation with {reason}")]
    Crashed {
        /// The exit status or the signal.
        reason: String,
    },
    /// The function did not answer in time; its process was killed.
    #[error("the function timed out after {} ms", timeout.as_millis())]
    TimedOut {
        /// The function's own time-out.
        timeout: Duration,
    },
    /// No process could be started, or it ended before it asked for its first invocation.
    #[error("the function could not be initialised, {error_type}: {message}")]
    InitFailed {
        /// The kind: as the function reported it, or `Runtime.InvalidEntrypoint`, `Runtime.ExitError`,
        /// `Sandbox.Timedout` as on AWS.
        error_type: String,
        /// What went wrong.
        message: String,
    },
    /// As many invocations are waiting already as there is room for: of the function, or by the bytes of their events of all functions.
    #[error("too many invocations are waiting already, {waiting} of them for this function")]
    Overloaded {
        /// The waiting invocations of the function.
        waiting: usize,
    },
    /// The event is over 6 MB.
    #[error(
        "the event has {payload_bytes} bytes, and Lambda takes {} at most",
        super::MAX_PAYLOAD_BYTES
    )]
    RequestTooLarge {
        /// The event's length in bytes.
        payload_bytes: usize,
    },
    /// The function is being shut down.
    #[error("the function is shutting down")]
    ShuttingDown,
}

impl InvokeError {
    /// What Lambda answers in the place of a function that failed: an object with `errorMessage` and `errorType`. `None` where the
    /// function was not called.
    #[must_use]
    pub fn error_object(&self, request_id: &str) -> Option<Value> {
        let (error_type, message) = match self {
            Self::Function {
                error_type,
                message,
            }
            | Self::InitFailed {
                error_type,
                message,
            } => (error_type.as_str(), message.clone()),
            Self::Crashed { reason } => (
                "Runtime.ExitError",
                format!("RequestId: {request_id} Error: Runtime exited with error: {reason}"),
            ),
            Self::TimedOut { timeout } => (
                "Sandbox.Timedout",
                format!(
                    "RequestId: {request_id} Error: Task timed out after {:.2} seconds",
                    timeout.as_secs_f64()
                ),
            ),
            Self::RequestTooLarge { .. } | Self::Overloaded { .. } | Self::ShuttingDown => {
                return None;
            }
        };
        Some(json!({"errorMessage": message, "errorType": error_type}))
    }
}
