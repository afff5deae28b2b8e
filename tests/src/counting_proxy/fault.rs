//! The trouble that the proxy makes, and how it answers then.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;

use crate::error::Error;

/// What the proxy does to a request instead of passing it on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Waits, then passes the request on: it is done late.
    DelayRequest(Duration),
    /// Passes the request on, then waits before it passes the answer back: it is done, and the caller may have given up.
    DelayAnswer(Duration),
    /// Closes the connection without passing the request on: it is not done.
    DropRequest,
    /// Passes the request on, then closes the connection without the answer: it is done, and the caller cannot know.
    DropAnswer,
    /// Answers 500 `InternalServerError` without passing the request on.
    ServerError,
    /// Answers 400 `ThrottlingException` without passing the request on.
    Throttle,
}

/// hyper closes a connection without an answer when its service fails.
pub(super) fn dropped() -> Error {
    io::Error::from(io::ErrorKind::ConnectionAborted).into()
}

/// The answer of a DynamoDB that failed.
pub(super) fn server_error() -> Response<Full<Bytes>> {
    refusal(
        StatusCode::INTERNAL_SERVER_ERROR,
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"injected"}"#,
    )
}

/// The answer of a DynamoDB that asks to be called less often.
pub(super) fn throttled() -> Response<Full<Bytes>> {
    refusal(
        StatusCode::BAD_REQUEST,
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"injected"}"#,
    )
}

fn refusal(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    response
}
