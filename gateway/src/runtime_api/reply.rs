//! The answers that a process gets from its Runtime API.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

use super::{Invocation, MAX_ANSWER_BYTES, Refusal};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE_MS: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");

/// The type of every answer.
pub(super) type Reply = Response<Full<Bytes>>;

/// 202: the answer or the error report was taken.
pub(super) fn accepted() -> Reply {
    json(
        StatusCode::ACCEPTED,
        Bytes::from_static(br#"{"status":"OK"}"#),
    )
}

/// 200 with the event.
pub(super) fn invocation(invocation: Invocation) -> Reply {
    let mut reply = json(StatusCode::OK, invocation.payload);
    let headers = reply.headers_mut();
    headers.insert(REQUEST_ID, invocation.request_id);
    headers.insert(DEADLINE_MS, HeaderValue::from(invocation.deadline_ms));
    headers.insert(FUNCTION_ARN, invocation.function_arn);
    if let Some(trace_id) = invocation.trace_id {
        headers.insert(TRACE_ID, trace_id);
    }
    reply
}

/// The request id of the invocation that a reply carries, if it does.
pub(super) fn request_id(reply: &Reply) -> Option<&HeaderValue> {
    reply.headers().get(REQUEST_ID)
}

/// 400 or 403, by the reason.
pub(super) fn refused(refusal: Refusal) -> Reply {
    match refusal {
        Refusal::UnknownRequestId => error(
            StatusCode::BAD_REQUEST,
            "InvalidRequestID",
            "Invalid request ID",
        ),
        Refusal::InvalidState => error(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            &refusal.to_string(),
        ),
    }
}

/// 413: the answer is over the limit.
pub(super) fn too_large(limit_bytes: usize) -> Reply {
    error(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLarge",
        &too_large_message(limit_bytes),
    )
}

/// The sentence about an answer over the limit.
pub(super) fn too_large_message(limit_bytes: usize) -> String {
    if limit_bytes == MAX_ANSWER_BYTES {
        // Clients compare this text: it is what Lambda sends.
        format!(
            "Response payload size exceeded maximum allowed payload size ({limit_bytes} bytes)."
        )
    } else {
        format!("The streamed response is longer than {limit_bytes} bytes.")
    }
}

/// An error with Lambda's two fields.
pub(super) fn error(status: StatusCode, error_type: &str, message: &str) -> Reply {
    let body = serde_json::json!({ "errorMessage": message, "errorType": error_type });
    json(status, Bytes::from(body.to_string()))
}

/// JSON of a value.
pub(super) fn value(status: StatusCode, value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(body) => json(status, body.into()),
        Err(cause) => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceError",
            &cause.to_string(),
        ),
    }
}

fn json(status: StatusCode, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, JSON);
    reply
}
