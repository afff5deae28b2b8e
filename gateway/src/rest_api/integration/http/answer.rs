//! What a client gets of a backend's answer that is handed on.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};

use crate::content::Content;
use crate::event::{end_to_end, is_binary};
use crate::http_client::{BackendAnswer, Streamed};
use crate::incoming::REQUEST_ID;
use crate::rest_api::call::Exchange;
use crate::rest_api::mapped::to_text;
use crate::rest_api::media_type;

/// Header fields that a client of the API does not get as the backend sent them, and what they are called then. As recorded of AWS.
const REMAPPED: [(HeaderName, HeaderName); 5] = [
    (
        header::CONNECTION,
        HeaderName::from_static("x-amzn-remapped-connection"),
    ),
    (
        header::CONTENT_LENGTH,
        HeaderName::from_static("x-amzn-remapped-content-length"),
    ),
    (
        header::DATE,
        HeaderName::from_static("x-amzn-remapped-date"),
    ),
    (
        header::SERVER,
        HeaderName::from_static("x-amzn-remapped-server"),
    ),
    (
        REQUEST_ID,
        HeaderName::from_static("x-amzn-remapped-x-amzn-requestid"),
    ),
];

/// A proxy integration's answer.
pub(super) fn whole(exchange: &Exchange<'_>, answer: BackendAnswer) -> Response<Content> {
    let headers = handed_on(&answer.headers);
    let body = client_body(exchange, &headers, answer.body);
    let mut response = Response::new(body.into());
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    response
}

/// A proxy integration's answer that is handed on as it comes: what is no text needs no binary media type.
pub(super) fn streamed(answer: Response<Streamed>) -> Response<Content> {
    let headers = handed_on(answer.headers());
    let mut response = answer.map(|body| Content::Streamed(Box::new(body)));
    *response.headers_mut() = headers;
    response
}

/// The header fields of a backend's answer, as a client gets them.
fn handed_on(sent: &HeaderMap) -> HeaderMap {
    let remapped = REMAPPED;
    let mut headers: HeaderMap = end_to_end(sent)
        .filter(|(name, _)| remapped.iter().all(|(from, _)| from != *name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (from, to) in remapped {
        if let Some(value) = sent.get(from) {
            headers.insert(to, value.clone());
        }
    }
    headers
        .entry(header::CONTENT_TYPE)
        .or_insert(HeaderValue::from_static(media_type::JSON));
    headers
}

/// What is no text goes through undamaged only where the API's binary media types name it; the client has to accept it, else it gets
/// Base64.
fn client_body(exchange: &Exchange<'_>, headers: &HeaderMap, body: Bytes) -> Bytes {
    if std::str::from_utf8(&body).is_ok() {
        return body;
    }
    let binary_media_types = &exchange.served.binary_media_types;
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    if !is_binary(content_type.unwrap_or_default(), binary_media_types) {
        return String::from_utf8_lossy(&body).into_owned().into();
    }
    let accept = exchange.header(&header::ACCEPT).unwrap_or_default();
    if is_binary(
        accept.split(',').next().unwrap_or_default(),
        binary_media_types,
    ) {
        return body;
    }
    to_text(&body)
}
