//! The headers of an event.

use std::collections::BTreeMap;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{ApiKind, ProxyRequest};

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PORT: &str = "x-forwarded-port";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const TRACE_ID: &str = "x-amzn-trace-id";

/// Headers by name, with all their values in the order of the request.
pub(super) type Headers = BTreeMap<String, Vec<String>>;

/// The headers of a request as its API hands them on, with those that AWS adds.
///
/// Names: a REST API keeps the client's spelling, which the HTTP server here has not kept, so each word gets a capital
/// (`X-Api-Key`), the most common spelling. The other kinds use small letters. Values that are not UTF-8 are repaired.
///
/// Headers about the connection are left out, as is `Content-Length` for a REST API (absent from recorded events).
pub(super) fn of_request(request: &ProxyRequest<'_>) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in end_to_end(request.headers) {
        if request.kind == ApiKind::Rest && name == header::CONTENT_LENGTH {
            continue;
        }
        headers
            .entry(spelling(request.kind, name.as_str()))
            .or_default()
            .push(lossy(value.as_bytes()));
    }

    let forwarded_for = headers
        .entry(spelling(request.kind, FORWARDED_FOR))
        .or_default();
    let mut addresses = std::mem::take(forwarded_for);
    addresses.push(request.source_ip.to_owned());
    forwarded_for.push(addresses.join(", "));

    for (name, value) in [
        (FORWARDED_PORT, request.port.to_string()),
        (FORWARDED_PROTO, request.scheme.to_owned()),
        (TRACE_ID, request.trace_id.to_owned()),
    ] {
        headers.insert(spelling(request.kind, name), vec![value]);
    }
    headers
}

/// The value of one header, repaired; the last one when there are several.
pub(super) fn value(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers
        .get_all(name)
        .iter()
        .next_back()
        .map(|value| lossy(value.as_bytes()))
}

/// The header fields of a message without those that concern one connection only: those that always do, and those that its
/// `Connection` field names.
pub(crate) fn end_to_end(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    let connection = headers.get_all(header::CONNECTION);
    let named: Vec<&[u8]> = connection
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .collect();
    headers.iter().filter(move |(name, _)| {
        let name_bytes = name.as_str().as_bytes();
        !is_hop_by_hop(name)
            && !named
                .iter()
                .any(|option| option.eq_ignore_ascii_case(name_bytes))
    })
}

/// The header fields of a message that is handed on: those of one connection are left out, and so is its length, which whoever sends the
/// new message says.
pub(crate) fn handed_on(headers: &HeaderMap) -> HeaderMap {
    end_to_end(headers)
        .filter(|(name, _)| *name != header::CONTENT_LENGTH)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Whether a header concerns one connection only, whatever the message says.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    const NAMES: [&str; 8] = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    NAMES.contains(&name.as_str())
}

fn lossy(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

fn spelling(kind: ApiKind, name: &str) -> String {
    match kind {
        ApiKind::Rest => capitalised(name),
        ApiKind::Http | ApiKind::FunctionUrl => name.to_owned(),
    }
}

/// A header's name with a capital at the start of each word: `X-Api-Key`.
pub(crate) fn capitalised(name: &str) -> String {
    let mut at_start = true;
    name.chars()
        .map(|character| {
            let written = if at_start {
                character.to_ascii_uppercase()
            } else {
                character
            };
            at_start = character == '-';
            written
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_connection_field_names_concerns_the_connection_alone() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("connection", " x-other "),
            ("x-hop", "1"),
            ("x-other", "2"),
            ("x-kept", "3"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("x-kept", "4"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let kept: Vec<_> = end_to_end(&headers)
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        assert_eq!(kept, [("x-kept", &b"3"[..]), ("x-kept", &b"4"[..])]);
    }
}
