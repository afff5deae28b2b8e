//! The request as it is really sent, to the port of the gateway.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode};
use tollgate::time::Clock;

use super::wanted::Wanted;
use crate::console::path;
use crate::explain::{DeclaredKind, DeclaredStage};
use crate::http_client::{HttpClient, SendError};
use crate::router::DEFAULT_STAGE;

/// The longest wait for an answer: longer than an integration of an API may take. A function behind a URL may take longer, and is not waited
/// for.
const TIMEOUT: Duration = Duration::from_secs(35);

/// How much of a body is shown, in characters.
const MAX_SHOWN: usize = 16_384;

/// Stands where the value of a key was.
const MASK: &str = "•••";

/// An answer, as a page may show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) status: StatusCode,
    /// Names and values.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) took: Duration,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Empty,
    Text {
        shown: String,
        /// Whether there is more of it.
        is_cut: bool,
    },
    /// So many bytes that are no text.
    Bytes(usize),
}

/// Where the gateway at `base` takes the request: by the path that names the API and the stage, whatever else has the same stage.
pub(super) fn address(base: &str, declared: &[DeclaredStage], wanted: &Wanted<'_>) -> String {
    let api_stage = &wanted.api_stage;
    let known = declared.iter().find(|stage| stage.api_stage == *api_stage);
    let api = || {
        format!(
            "/_aws/execute-api/{}",
            path::segment(api_stage.api_id.as_str())
        )
    };
    let prefix = match known.map(|stage| &stage.kind) {
        Some(DeclaredKind::FunctionUrl { function_name }) => {
            format!("/_aws/lambda-url/{}", path::segment(function_name))
        }
        // It has no segment of its own.
        Some(DeclaredKind::HttpApi) if api_stage.stage.as_str() == DEFAULT_STAGE => api(),
        Some(DeclaredKind::HttpApi) | None => {
            format!("{}/{}", api(), path::segment(api_stage.stage.as_str()))
        }
    };
    format!("{base}{prefix}{}", wanted.path_and_query())
}

/// Sends the request with the value of a key.
///
/// # Errors
///
/// A sentence that says why there is no answer.
pub(super) async fn send(
    client: &HttpClient,
    address: &str,
    wanted: &Wanted<'_>,
    value: Option<&str>,
    clock: &dyn Clock,
) -> Result<Received, String> {
    let mut request = Request::builder().method(&wanted.method).uri(address);
    if let Some(headers) = request.headers_mut() {
        headers.clone_from(&wanted.headers);
        if let Some(value) = value {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_invalid| "The value of the key cannot stand in a header.".to_owned())?;
            value.set_sensitive(true);
            headers.insert("x-api-key", value);
        }
    }
    let request = request
        .body(wanted.body.clone())
        .map_err(|error| format!("The request cannot be made: {error}."))?;
    let started = clock.now();
    let sent = tokio::time::timeout(TIMEOUT, client.send(request)).await;
    let took = clock.now().saturating_since(started);
    match sent {
        Ok(Ok(answer)) => Ok(Received {
            status: answer.status,
            headers: answer
                .headers
                .iter()
                .map(|(name, field)| {
                    let text = String::from_utf8_lossy(field.as_bytes());
                    (name.to_string(), masked(&text, value))
                })
                .collect(),
            body: body(&answer.body, value),
            took,
        }),
        Ok(Err(SendError::Unreachable(why))) => Err(format!("The gateway did not answer: {why}.")),
        Ok(Err(SendError::TooLong)) => Err("The answer is over 10 MB.".to_owned()),
        Err(_elapsed) => Err(format!(
            "There was no answer within {} s.",
            TIMEOUT.as_secs()
        )),
    }
}

fn body(bytes: &Bytes, value: Option<&str>) -> Body {
    if bytes.is_empty() {
        return Body::Empty;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Body::Bytes(bytes.len());
    };
    // Before it is cut, so that no part of the value is left.
    let text = masked(text, value);
    match text.char_indices().nth(MAX_SHOWN) {
        None => Body::Text {
            shown: text,
            is_cut: false,
        },
        Some((end, _)) => Body::Text {
            shown: text.get(..end).unwrap_or_default().to_owned(),
            is_cut: true,
        },
    }
}

/// The text without the value of the key, which a function may have sent back.
fn masked(text: &str, value: Option<&str>) -> String {
    match value {
        Some(value) if !value.is_empty() => text.replace(value, MASK),
        Some(_) | None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_shown_without_the_key_and_cut_at_a_length() {
        let shown = |bytes: &'static [u8]| body(&Bytes::from_static(bytes), Some("secret"));
        assert_eq!(shown(b""), Body::Empty);
        assert_eq!(shown(b"\xff\xfe"), Body::Bytes(2));
        let Body::Text { shown, is_cut } = shown(b"{\"x-api-key\":\"secret\"}") else {
            panic!();
        };
        assert_eq!((shown.as_str(), is_cut), ("{\"x-api-key\":\"•••\"}", false));
        let mut long = "é".repeat(MAX_SHOWN - 3);
        long.push_str("secret");
        let Body::Text { shown, is_cut } = body(&Bytes::from(long.clone()), Some("secret")) else {
            panic!();
        };
        assert!(!is_cut && shown.ends_with(MASK));
        long.push_str("more");
        let Body::Text { shown, is_cut } = body(&Bytes::from(long), Some("secret")) else {
            panic!();
        };
        assert!(is_cut && shown.ends_with(MASK));
    }
}
