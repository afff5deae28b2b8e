//! Answers in the payload format 1.0.

use http::header::{HeaderMap, HeaderName};
use serde_json::{Map, Value};

use super::{
    MalformedResponse, ProxyResponse, body_bytes, complete, header_members, header_pair, is_base64,
    json, status,
};
use crate::event::{ApiKind, body};

const KEYS: [&str; 5] = [
    "statusCode",
    "headers",
    "multiValueHeaders",
    "body",
    "isBase64Encoded",
];

/// Headers that a REST API sends to the client under another name, as observed of AWS.
const REMAPPED: [(&str, &str); 5] = [
    ("connection", "x-amzn-remapped-connection"),
    ("content-length", "x-amzn-remapped-content-length"),
    ("date", "x-amzn-remapped-date"),
    ("server", "x-amzn-remapped-server"),
    ("www-authenticate", "x-amzn-remapped-www-authenticate"),
];

/// Reads a function's answer in the payload format 1.0.
///
/// - Every member may be absent, but not all of them: the status is then 200, the body empty. Null counts as absent.
/// - `multiValueHeaders` come first, then what `headers` adds to them; names are compared without regard to case.
/// - Numbers and truth values stand for their texts.
/// - A REST API decodes a body with `isBase64Encoded` only when its binary media types name the first media range of
///   `accept`, the request's header; with `*/*` among them, always. Other kinds always decode.
/// - A REST API sends `Date`, `Server`, `WWW-Authenticate`, `Connection` and `Content-Length` on as `x-amzn-remapped-…`.
///
/// # Errors
///
/// A [`MalformedResponse`] for everything else, such as an unknown key. AWS answers 502 `Internal server error` then.
pub fn from_v1(
    payload: &[u8],
    kind: ApiKind,
    binary_media_types: &[String],
    accept: Option<&str>,
) -> Result<ProxyResponse, MalformedResponse> {
    let answer = json(payload)?;
    let answer = answer.as_object().ok_or(MalformedResponse::NotAnObject)?;
    if answer.is_empty() {
        return Err(MalformedResponse::Empty);
    }
    if let Some(key) = answer.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(MalformedResponse::UnknownKey { key: key.clone() });
    }
    let accepts_binary = match kind {
        ApiKind::Rest => {
            let first = accept
                .and_then(|accept| accept.split(',').next())
                .unwrap_or_default();
            body::is_binary(first, binary_media_types)
        }
        ApiKind::Http | ApiKind::FunctionUrl => true,
    };
    let mut headers = merged_headers(answer)?;
    match kind {
        ApiKind::Rest => remap(&mut headers),
        ApiKind::Http | ApiKind::FunctionUrl => {}
    }
    Ok(ProxyResponse {
        status: status(answer)?,
        headers: complete(&headers, "application/json"),
        body: body_bytes(answer, is_base64(answer)? && accepts_binary)?,
    })
}

fn merged_headers(answer: &Map<String, Value>) -> Result<HeaderMap, MalformedResponse> {
    let mut merged = HeaderMap::new();
    for (name, values) in header_members(answer, "multiValueHeaders")?
        .into_iter()
        .flatten()
    {
        let values = values
            .as_array()
            .ok_or_else(|| MalformedResponse::WrongType {
                key: format!("multiValueHeaders.{name}"),
                expected: "a list",
            })?;
        for value in values {
            if let Some((name, value)) = header_pair(name, value)? {
                merged.append(name, value);
            }
        }
    }
    for (name, value) in header_members(answer, "headers")?.into_iter().flatten() {
        if let Some((name, value)) = header_pair(name, value)?
            && !merged.get_all(&name).iter().any(|present| present == value)
        {
            merged.append(name, value);
        }
    }
    Ok(merged)
}

fn remap(headers: &mut HeaderMap) {
    for (from, to) in REMAPPED {
        if let Some(value) = headers.remove(from) {
            headers.insert(HeaderName::from_static(to), value);
        }
    }
}
