//! Streamed answers, turned into ordinary proxy answers.
//!
//! A streamed answer to an HTTP integration is a JSON prelude (`statusCode`, `headers`, `cookies`), eight NUL bytes and
//! the raw body. What comes out is the JSON that a buffered function would have sent, so that there is one form behind
//! this module. Source: "Response streaming for Lambda functions" in the AWS Lambda Developer Guide.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

use super::FunctionError;

const DELIMITER: [u8; 8] = [0; 8];
const CONTENT_TYPE: &[u8] = b"application/vnd.awslambda.http-integration-response";

/// A prelude stands in the first 16 KiB on Lambda; here only the delimiter's search is bounded by it.
const MAX_PRELUDE_BYTES: usize = 16 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prelude {
    #[serde(default = "status_ok")]
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, HeaderValues>,
    #[serde(default)]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    cookies: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum HeaderValues {
    One(String),
    Many(Vec<String>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProxyAnswer<'a> {
    status_code: u16,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    body: std::borrow::Cow<'a, str>,
    is_base64_encoded: bool,
}

fn status_ok() -> u16 {
    200
}

/// Whether a streamed answer of this content type starts with a prelude.
pub(super) fn has_prelude(content_type: Option<&HeaderValue>) -> bool {
    content_type.is_some_and(|value| value.as_bytes().starts_with(CONTENT_TYPE))
}

/// The JSON of an ordinary proxy answer. Bodies that are not UTF-8 are encoded in base64.
///
/// # Errors
///
/// `Runtime.InvalidStreamingResponse` when the delimiter is missing or the prelude is not valid.
pub(super) fn proxy_answer(content: &Bytes) -> Result<Bytes, FunctionError> {
    let searched = content.get(..MAX_PRELUDE_BYTES).unwrap_or(content.as_ref());
    let (prelude, body) = searched
        .windows(DELIMITER.len())
        .position(|window| window == DELIMITER)
        .and_then(|end| {
            let body = end.checked_add(DELIMITER.len())?;
            Some((content.get(..end)?, content.get(body..)?))
        })
        .ok_or_else(|| invalid("its prelude does not end with eight NUL bytes"))?;
    let prelude: Prelude = serde_json::from_slice(prelude)
        .map_err(|error| invalid(&format!("its prelude is not valid: {error}")))?;
    let (body, is_base64_encoded) = match std::str::from_utf8(body) {
        Ok(text) => (text.into(), false),
        Err(_) => (BASE64_STANDARD.encode(body).into(), true),
    };
    let mut multi_value_headers = prelude.multi_value_headers;
    if !prelude.cookies.is_empty() {
        // REST APIs know no `cookies`; HTTP APIs ignore `multiValueHeaders`.
        multi_value_headers.insert("set-cookie".to_owned(), prelude.cookies.clone());
    }
    let answer = ProxyAnswer {
        status_code: prelude.status_code,
        headers: prelude
            .headers
            .into_iter()
            .map(|(name, values)| match values {
                HeaderValues::One(value) => (name, value),
                HeaderValues::Many(values) => (name, values.join(", ")),
            })
            .collect(),
        multi_value_headers,
        cookies: prelude.cookies,
        body,
        is_base64_encoded,
    };
    serde_json::to_vec(&answer)
        .map(Bytes::from)
        .map_err(|error| invalid(&error.to_string()))
}

/// The error that a function reported in the trailers of an answer it had begun.
pub(super) fn trailer_error(trailers: &HeaderMap) -> FunctionError {
    let text = |name: &str| trailers.get(name).and_then(|value| value.to_str().ok());
    let body = text("lambda-runtime-function-error-body").unwrap_or_default();
    let decoded = BASE64_STANDARD.decode(body).unwrap_or_default();
    FunctionError {
        error_type: text("lambda-runtime-function-error-type")
            .unwrap_or("Runtime.StreamError")
            .to_owned(),
        message: serde_json::from_slice::<FunctionError>(&decoded).map_or_else(
            |_| String::from_utf8_lossy(&decoded).into_owned(),
            |error| error.message,
        ),
    }
}

fn invalid(reason: &str) -> FunctionError {
    FunctionError {
        error_type: "Runtime.InvalidStreamingResponse".to_owned(),
        message: format!("The streamed response cannot be read: {reason}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn streamed(prelude: &str, body: &[u8]) -> Bytes {
        let mut content = prelude.as_bytes().to_vec();
        content.extend_from_slice(&DELIMITER);
        content.extend_from_slice(body);
        Bytes::from(content)
    }

    #[test]
    fn keeps_status_headers_cookies_and_text() {
        let content = streamed(
            r#"{"statusCode":201,"headers":{"content-type":"text/plain","vary":["a","b"]},"cookies":["c=1","d=2"]}"#,
            "grüß".as_bytes(),
        );
        let answer: Value = serde_json::from_slice(&proxy_answer(&content).unwrap()).unwrap();
        assert_eq!(
            answer,
            json!({
                "statusCode": 201,
                "headers": { "content-type": "text/plain", "vary": "a, b" },
                "multiValueHeaders": { "set-cookie": ["c=1", "d=2"] },
                "cookies": ["c=1", "d=2"],
                "body": "grüß",
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn encodes_a_binary_body_and_keeps_nul_bytes_in_it() {
        let body = [0xff, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let answer = proxy_answer(&streamed("{}", &body)).unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["statusCode"], 200);
        assert_eq!(answer["isBase64Encoded"], true);
        assert_eq!(answer["body"], BASE64_STANDARD.encode(body));
    }

    #[test]
    fn refuses_an_answer_without_delimiter_or_with_a_broken_prelude() {
        for content in [
            Bytes::from_static(b"{\"statusCode\":200}"),
            streamed("{not json", b""),
            streamed(r#"{"statusCode":"x"}"#, b""),
            Bytes::new(),
        ] {
            let error = proxy_answer(&content).unwrap_err();
            assert_eq!(error.error_type, "Runtime.InvalidStreamingResponse");
        }
    }

    #[test]
    fn reads_the_error_in_the_trailers() {
        let mut trailers = HeaderMap::new();
        trailers.insert(
            "lambda-runtime-function-error-type",
            HeaderValue::from_static("Runtime.StreamError"),
        );
        let body = BASE64_STANDARD.encode(r#"{"errorMessage":"broke off"}"#);
        trailers.insert(
            "lambda-runtime-function-error-body",
            HeaderValue::from_str(&body).unwrap(),
        );
        let error = trailer_error(&trailers);
        assert_eq!(error.error_type, "Runtime.StreamError");
        assert_eq!(error.message, "broke off");
    }
}
