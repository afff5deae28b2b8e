//! One request of a process, answered.

use std::net::Ipv4Addr;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body::Body;

use super::body::{ReadError, read_whole};
use super::reply::{self, Reply};
use super::route::{Route, RouteError, route};
use super::{
    Environment, FunctionError, MAX_ANSWER_BYTES, MAX_STREAMED_ANSWER_BYTES, Outcome, extension,
    streaming,
};

const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";

/// Answers one request.
pub(super) async fn respond<E, B>(environment: &E, request: Request<B>) -> Reply
where
    E: Environment,
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let (parts, body) = request.into_parts();
    if is_of_a_web_page(&parts.headers) {
        return reply::error(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "The Lambda Runtime API is for the function's own process.",
        );
    }
    match route(&parts.method, parts.uri.path()) {
        Ok(Route::Next) => match environment.next().await {
            Ok(invocation) => reply::invocation(invocation),
            Err(refusal) => reply::refused(refusal),
        },
        Ok(Route::Response(request_id)) => {
            take_response(environment, request_id, &parts.headers, body).await
        }
        Ok(Route::Error(request_id)) => {
            take_error(environment, Some(request_id), &parts.headers, body).await
        }
        Ok(Route::InitError) => take_error(environment, None, &parts.headers, body).await,
        Ok(Route::Register) => extension::register(environment, &parts.headers, body).await,
        Ok(Route::NextEvent) => extension::next_event(environment, &parts.headers).await,
        Ok(Route::ExtensionError) => extension::take_error(environment, &parts.headers, body).await,
        Err(RouteError::UnknownPath) => reply::error(
            StatusCode::NOT_FOUND,
            "UnknownPath",
            "The Lambda Runtime API has no such path.",
        ),
        Err(RouteError::WrongMethod) => reply::error(
            StatusCode::METHOD_NOT_ALLOWED,
            "WrongMethod",
            "The Lambda Runtime API has another method for this path.",
        ),
    }
}

/// Whether a browser may have sent it: from a page of another origin, or under a name of the internet that was pointed at this machine.
fn is_of_a_web_page(headers: &HeaderMap) -> bool {
    let is_foreign = |host: &HeaderValue| {
        let host = host.to_str().unwrap_or_default();
        let name = host.split(':').next().unwrap_or_default();
        name.contains('.') && name.parse::<Ipv4Addr>().is_err()
    };
    headers.contains_key(ORIGIN)
        || headers.contains_key("sec-fetch-site")
        || headers.get_all(HOST).iter().any(is_foreign)
}

async fn take_response<E, B>(
    environment: &E,
    request_id: &str,
    headers: &HeaderMap,
    body: B,
) -> Reply
where
    E: Environment,
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let streamed = headers
        .get(RESPONSE_MODE)
        .is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"streaming"));
    let limit_bytes = if !environment.is_current(request_id) {
        0
    } else if streamed {
        MAX_STREAMED_ANSWER_BYTES
    } else {
        MAX_ANSWER_BYTES
    };
    let whole = match read_whole(body, limit_bytes).await {
        Ok(whole) => whole,
        Err(ReadError::Broken(cause)) => return broken(&cause),
        Err(ReadError::TooLarge) => {
            let too_large = FunctionError {
                error_type: "Function.ResponseSizeTooLarge".to_owned(),
                message: reply::too_large_message(limit_bytes),
            };
            return match environment.complete(request_id, Err(too_large)) {
                Ok(()) => reply::too_large(limit_bytes),
                Err(refusal) => reply::refused(refusal),
            };
        }
    };
    let outcome = if whole.trailers.contains_key(ERROR_TYPE) {
        Err(streaming::trailer_error(&whole.trailers))
    } else if streamed && streaming::has_prelude(headers.get(CONTENT_TYPE)) {
        streaming::proxy_answer(&whole.content)
    } else {
        Ok(whole.content)
    };
    completed(environment, request_id, outcome)
}

async fn take_error<E, B>(
    environment: &E,
    request_id: Option<&str>,
    headers: &HeaderMap,
    body: B,
) -> Reply
where
    E: Environment,
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let content = match read_whole(body, MAX_ANSWER_BYTES).await {
        Ok(whole) => whole.content,
        Err(ReadError::TooLarge) => Bytes::from_static(b"The error report is over 6 MB."),
        Err(ReadError::Broken(cause)) => return broken(&cause),
    };
    let error = FunctionError::of_report(headers.get(ERROR_TYPE), &content);
    match request_id {
        Some(request_id) => completed(environment, request_id, Err(error)),
        None => match environment.fail_init(error) {
            Ok(()) => reply::accepted(),
            Err(refusal) => reply::refused(refusal),
        },
    }
}

fn completed<E: Environment>(environment: &E, request_id: &str, outcome: Outcome) -> Reply {
    match environment.complete(request_id, outcome) {
        Ok(()) => reply::accepted(),
        Err(refusal) => reply::refused(refusal),
    }
}

fn broken(cause: &str) -> Reply {
    reply::error(
        StatusCode::BAD_REQUEST,
        "InvalidRequest",
        &format!("The body could not be read: {cause}."),
    )
}
