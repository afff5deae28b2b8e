//! AWS Lambda's Runtime API, version 2018-06-01, and its Extensions API, over HTTP/1.1.
//!
//! A function's process asks for its next invocation and posts the answer here, exactly as it does on Lambda. One
//! process slot has one listener. This module speaks the protocol; which invocation a process gets, and what becomes of
//! its answer, is up to the [`Environment`] behind the connection.
//!
//! Source of the rules: "Using the Lambda runtime API for custom runtimes" in the AWS Lambda Developer Guide.

mod body;
mod delivery;
mod extension;
mod reply;
mod route;
mod service;
mod streaming;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use delivery::{Counted, Delivery};
pub use extension::{
    EventKind, ExtensionEvent, ExtensionHost, ExtensionRefusal, Registered, Registration, Tracing,
};

/// The largest buffered answer in bytes: 6 MB and the 100 bytes that AWS allows for its own wrapping.
pub const MAX_ANSWER_BYTES: usize = 6_291_556;

/// The largest streamed answer in bytes. AWS allows 200 MB; the answer is held in memory here, so the bound is lower.
pub const MAX_STREAMED_ANSWER_BYTES: usize = 20 * 1024 * 1024;

/// How much of an error report without JSON is shown, in characters.
const MAX_PLAIN_MESSAGE_CHARS: usize = 1_000;

/// What a process receives from `GET /runtime/invocation/next`.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: HeaderValue,
    /// `Lambda-Runtime-Deadline-Ms`: when the function times out, in milliseconds since the Unix epoch.
    pub deadline_ms: u64,
    /// `Lambda-Runtime-Invoked-Function-Arn`.
    pub function_arn: HeaderValue,
    /// `Lambda-Runtime-Trace-Id`, left out when there is none.
    pub trace_id: Option<HeaderValue>,
    /// The event.
    pub payload: Bytes,
}

/// An error that a function reports about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FunctionError {
    /// The kind of error, as the function or its runtime names it.
    pub error_type: String,
    /// What went wrong, for the operator.
    #[serde(rename = "errorMessage")]
    pub message: String,
}

impl FunctionError {
    /// Reads an error report: JSON where it is JSON, else its text. A kind that it does not name is the header's.
    fn of_report(header: Option<&HeaderValue>, content: &[u8]) -> Self {
        let mut error: Self = serde_json::from_slice(content).unwrap_or_else(|_| Self {
            error_type: String::new(),
            message: String::from_utf8_lossy(content)
                .chars()
                .take(MAX_PLAIN_MESSAGE_CHARS)
                .collect(),
        });
        if error.error_type.is_empty() {
            let named = header.and_then(|name| name.to_str().ok());
            named
                .unwrap_or("Runtime.UnknownReason")
                .clone_into(&mut error.error_type);
        }
        error
    }
}

/// How an invocation ended: the answer's payload, or the function's error.
pub type Outcome = Result<Bytes, FunctionError>;

/// Why a call of a process is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request id is not that of the invocation which the process has in hand. Answered with 400.
    #[error("the request id is not that of the current invocation")]
    UnknownRequestId,
    /// The call does not fit the state of the process, such as a second poll before an answer. Answered with 403.
    #[error("the call is not allowed in the present state of the environment")]
    InvalidState,
}

/// What stands behind one process's Runtime API.
pub trait Environment: ExtensionHost {
    /// Waits for the next invocation. Dropping the future means that the process has stopped waiting.
    ///
    /// # Errors
    ///
    /// [`Refusal::InvalidState`] when the process has an invocation in hand, or when a newer poll took this one's place.
    fn next(&self) -> impl Future<Output = Result<Invocation, Refusal>> + Send;

    /// Whether the process has the invocation with this request id in hand.
    fn is_current(&self, request_id: &str) -> bool;

    /// Ends the invocation with this request id.
    ///
    /// # Errors
    ///
    /// [`Refusal::UnknownRequestId`] when the process does not have that invocation in hand.
    fn complete(&self, request_id: &str, outcome: Outcome) -> Result<(), Refusal>;

    /// Takes the invocation with this request id back: the connection by which the process was to get it ended before anything of it was
    /// sent.
    fn undelivered(&self, request_id: &str);

    /// Notes that the process could not initialise.
    ///
    /// # Errors
    ///
    /// [`Refusal::InvalidState`] when the process had finished its initialisation.
    fn fail_init(&self, error: FunctionError) -> Result<(), Refusal>;
}

/// Serves one connection of a process until either side closes it.
///
/// Requests may be pipelined and the connection is kept alive. What is not HTTP is answered with 400 and closed.
pub async fn serve_connection<E: Environment>(stream: TcpStream, environment: Arc<E>) {
    // Small answers must not wait for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a Runtime API connection has no TCP_NODELAY");
    }
    serve_stream(stream, environment).await;
}

async fn serve_stream<S, E>(stream: S, environment: Arc<E>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    E: Environment,
{
    let delivery = Arc::new(Delivery::default());
    let service = service_fn(|request| {
        let (environment, delivery) = (Arc::clone(&environment), Arc::clone(&delivery));
        async move {
            let reply = service::respond(environment.as_ref(), request).await;
            delivery.begins(reply::request_id(&reply));
            Ok::<_, std::convert::Infallible>(reply)
        }
    });
    let stream = Counted::new(stream, Arc::clone(&delivery));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a Runtime API connection ended early");
    }
    if let Some(request_id) = delivery.unsent() {
        environment.undelivered(&request_id);
    }
}
