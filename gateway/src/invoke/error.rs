//! Why an invocation has no answer.

use std::time::Duration;

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
    /// As many invocations as the queue holds are waiting already.
    #[error("the function has {waiting} invocations waiting already")]
    Overloaded {
        /// The waiting invocations.
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
