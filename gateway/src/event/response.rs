//! What a function answered, as an HTTP response.

mod v1;
mod v2;

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use thiserror::Error;

use super::body;
use super::header::end_to_end;

pub use v1::from_v1;
pub use v2::from_v2;

/// The response to send to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyResponse {
    /// The status, 200 to 599.
    pub status: StatusCode,
    /// The headers, always with a content type, never with one that concerns the connection.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// A function's answer that has no meaning as an HTTP response. AWS then answers with a 5xx of its own and logs the reason.
///
/// The messages name keys and types, never values, so they can be logged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MalformedResponse {
    /// Not JSON.
    #[error("the function's answer is not valid JSON")]
    NotJson,
    /// JSON, but not an object.
    #[error(
        "the function's answer is not a JSON object: return one with `statusCode`, `headers` and `body`"
    )]
    NotAnObject,
    /// An object without members.
    #[error(
        "the function's answer is an empty object: return one with `statusCode`, `headers` and `body`"
    )]
    Empty,
    /// A member that the format does not have.
    #[error("the function's answer has the unknown key `{key}`")]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// A member of a wrong type.
    #[error("`{key}` in the function's answer must be {expected}")]
    WrongType {
        /// The key; for a header, with its name.
        key: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A status outside 200 to 599. (AWS may pass some of 1xx; a final response cannot have such a status.)
    #[error("`statusCode` in the function's answer must be a whole number from 200 to 599")]
    BadStatus,
    /// A header name or value that HTTP does not allow.
    #[error(
        "the header `{name}` in the function's answer has a name or a value that HTTP does not allow"
    )]
    BadHeader {
        /// The name.
        name: String,
    },
    /// `isBase64Encoded` is true and the body is not base64.
    #[error("`isBase64Encoded` is true, but `body` in the function's answer is not valid base64")]
    BadBase64,
}

fn json(payload: &[u8]) -> Result<Value, MalformedResponse> {
    serde_json::from_slice(payload).map_err(|_error| MalformedResponse::NotJson)
}

/// A member's value; null counts as absent.
fn member<'v>(answer: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    answer.get(key).filter(|value| !value.is_null())
}

/// A text, number or truth value as text: AWS turns `true` in a header into `"true"`.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `statusCode`, a whole number or a text of digits; 200 when absent.
fn status(answer: &Map<String, Value>) -> Result<StatusCode, MalformedResponse> {
    let code = match member(answer, "statusCode") {
        None => return Ok(StatusCode::OK),
        Some(Value::String(text)) => text.parse().ok(),
        Some(other) => other.as_u64().and_then(|code| u16::try_from(code).ok()),
    };
    let code = code
        .filter(|code| (200..=599).contains(code))
        .ok_or(MalformedResponse::BadStatus)?;
    StatusCode::from_u16(code).map_err(|_error| MalformedResponse::BadStatus)
}

/// `isBase64Encoded`, a truth value or its text; false when absent.
fn is_base64(answer: &Map<String, Value>) -> Result<bool, MalformedResponse> {
    match member(answer, "isBase64Encoded").map(scalar) {
        None => Ok(false),
        Some(Some(text)) if text == "true" => Ok(true),
        Some(Some(text)) if text == "false" => Ok(false),
        Some(_) => Err(MalformedResponse::WrongType {
            key: "isBase64Encoded".to_owned(),
            expected: "true or false",
        }),
    }
}

/// `body`, decoded when `decode` says so.
fn body_bytes(answer: &Map<String, Value>, decode: bool) -> Result<Bytes, MalformedResponse> {
    let text = match member(answer, "body") {
        None => return Ok(Bytes::new()),
        Some(value) => scalar(value).ok_or(MalformedResponse::WrongType {
            key: "body".to_owned(),
            expected: "a string, for example of JSON",
        })?,
    };
    if decode {
        return body::decode(&text)
            .map(Bytes::from)
            .map_err(|_error| MalformedResponse::BadBase64);
    }
    Ok(Bytes::from(text))
}

/// The members of `headers` or `multiValueHeaders`; none when absent.
fn header_members<'v>(
    answer: &'v Map<String, Value>,
    key: &str,
) -> Result<Option<&'v Map<String, Value>>, MalformedResponse> {
    match member(answer, key) {
        None => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(MalformedResponse::WrongType {
            key: key.to_owned(),
            expected: "an object",
        }),
    }
}

/// A header from a function's answer; `None` when its value is null.
fn header_pair(
    name: &str,
    value: &Value,
) -> Result<Option<(HeaderName, HeaderValue)>, MalformedResponse> {
    if value.is_null() {
        return Ok(None);
    }
    let text = scalar(value).ok_or_else(|| MalformedResponse::WrongType {
        key: format!("header {name}"),
        expected: "a string, a number or a boolean",
    })?;
    let bad = || MalformedResponse::BadHeader {
        name: name.to_owned(),
    };
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_error| bad())?;
    let value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_error| bad())?;
    Ok(Some((name, value)))
}

/// Leaves out what concerns the connection, and the length, which the server counts itself; sets a missing content type.
fn complete(headers: &HeaderMap, content_type: &'static str) -> HeaderMap {
    let mut headers: HeaderMap = end_to_end(headers)
        .filter(|(name, _)| **name != header::CONTENT_LENGTH)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    headers
        .entry(header::CONTENT_TYPE)
        .or_insert(HeaderValue::from_static(content_type));
    headers
}

#[cfg(test)]
mod tests;
