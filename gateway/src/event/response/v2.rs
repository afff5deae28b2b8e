//! Answers in the payload format 2.0.

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use serde_json::{Map, Value};

use super::{
    MalformedResponse, ProxyResponse, body_bytes, complete, header_members, header_pair, is_base64,
    json, member, status,
};
use crate::event::ApiKind;

/// Reads a function's answer in the payload format 2.0.
///
/// JSON without `statusCode` is the body of a 200 with the content type `application/json`; of a JSON string, its text. With
/// `statusCode`, `headers`, `cookies` and `body` are read, a body with `isBase64Encoded` is decoded, and other keys are
/// ignored. A missing content type is then `text/plain; charset=utf-8` on an HTTP API (as observed) and `application/json` on
/// a function URL.
///
/// # Errors
///
/// A [`MalformedResponse`] when this is not possible. An HTTP API answers 500 `Internal Server Error` then, a function URL 502.
pub fn from_v2(payload: &[u8], kind: ApiKind) -> Result<ProxyResponse, MalformedResponse> {
    let answer = json(payload)?;
    let with_status = answer
        .as_object()
        .filter(|answer| member(answer, "statusCode").is_some());
    let Some(answer) = with_status else {
        let body = match answer {
            Value::String(text) => Bytes::from(text),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => Bytes::copy_from_slice(payload.trim_ascii()),
        };
        let headers = complete(&HeaderMap::new(), "application/json");
        return Ok(ProxyResponse {
            status: StatusCode::OK,
            headers,
            body,
        });
    };

    let mut headers = HeaderMap::new();
    for (name, value) in header_members(answer, "headers")?.into_iter().flatten() {
        if let Some((name, value)) = header_pair(name, value)? {
            headers.append(name, value);
        }
    }
    for cookie in cookies(answer)? {
        headers.append(header::SET_COOKIE, cookie);
    }
    let content_type = match kind {
        ApiKind::Http => "text/plain; charset=utf-8",
        ApiKind::Rest | ApiKind::FunctionUrl => "application/json",
    };
    Ok(ProxyResponse {
        status: status(answer)?,
        headers: complete(&headers, content_type),
        body: body_bytes(answer, is_base64(answer)?)?,
    })
}

fn cookies(answer: &Map<String, Value>) -> Result<Vec<HeaderValue>, MalformedResponse> {
    let wrong = || MalformedResponse::WrongType {
        key: "cookies".to_owned(),
        expected: "a list of strings",
    };
    let Some(value) = member(answer, "cookies") else {
        return Ok(Vec::new());
    };
    value
        .as_array()
        .ok_or_else(wrong)?
        .iter()
        .map(|cookie| {
            let text = cookie.as_str().ok_or_else(wrong)?;
            HeaderValue::from_bytes(text.as_bytes()).map_err(|_error| {
                MalformedResponse::BadHeader {
                    name: "set-cookie".to_owned(),
                }
            })
        })
        .collect()
}
