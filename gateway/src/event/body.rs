//! Bodies: as text, or as base64.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header;

use super::{ApiKind, ProxyRequest, header as headers};

/// A body as it stands in an event.
pub(super) struct EventBody<'a> {
    /// `None` when the body is empty.
    pub(super) text: Option<Cow<'a, str>>,
    pub(super) is_base64: bool,
}

/// The body of a request, by the rule of its kind of API.
///
/// A REST API encodes what its binary media types name; other bodies that are not UTF-8 are repaired, as AWS does, and so are
/// damaged. HTTP APIs and function URLs encode what is not text by its media type, or is not UTF-8.
pub(super) fn of_request<'a>(request: &ProxyRequest<'a>) -> EventBody<'a> {
    if request.body.is_empty() {
        return EventBody {
            text: None,
            is_base64: false,
        };
    }
    let content_type = headers::value(request.headers, &header::CONTENT_TYPE).unwrap_or_default();
    let is_base64 = match request.kind {
        ApiKind::Rest => is_binary(&content_type, request.binary_media_types),
        ApiKind::Http | ApiKind::FunctionUrl => {
            !is_text(&content_type) || std::str::from_utf8(request.body).is_err()
        }
    };
    let text = if is_base64 {
        Cow::Owned(STANDARD.encode(request.body))
    } else {
        String::from_utf8_lossy(request.body)
    };
    EventBody {
        text: Some(text),
        is_base64,
    }
}

/// The bytes of a base64 text.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    STANDARD.decode(text)
}

/// Whether a REST API's binary media types name `media_type`, which may have parameters. `*/*` names all, even none.
pub(crate) fn is_binary(media_type: &str, binary_media_types: &[String]) -> bool {
    let essence = essence(media_type);
    binary_media_types
        .iter()
        .any(|named| match named.strip_suffix("/*") {
            Some("*") => true,
            Some(kind) => essence
                .split_once('/')
                .is_some_and(|(ours, _)| ours.eq_ignore_ascii_case(kind)),
            None => named.eq_ignore_ascii_case(essence),
        })
}

/// Whether HTTP APIs and function URLs hand on a body of this media type as text.
fn is_text(content_type: &str) -> bool {
    const TEXT: [&str; 3] = [
        "application/javascript",
        "application/json",
        "application/xml",
    ];
    let essence = essence(content_type).to_ascii_lowercase();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || TEXT.contains(&essence.as_str())
}

fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}
