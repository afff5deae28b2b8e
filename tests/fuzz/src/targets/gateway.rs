//! Whole requests of clients, over a socket, and what a function answers them. The first line of an input is a method and a path, behind a
//! line of `---` stands the function's answer.

use std::cell::RefCell;

use http::{HeaderMap, Method, StatusCode, Uri, header};
use tests::Answer;
use tollgate_gateway::event::{ApiKind, MalformedResponse, ProxyResponse, from_v1, from_v2};

use super::check;
use crate::front::{Front, HTTP_API, V1};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "gateway",
    words: &[
        "GET ",
        "HEAD ",
        "POST ",
        "OPTIONS ",
        "/_aws/execute-api/hhh/",
        "/_aws/execute-api/hhh/v1/",
        "/_aws/lambda-url/fn/",
        "?a=1",
        "%2F",
        "..",
        "//",
        "\n---\n",
        "{\"statusCode\":200,",
        "\"statusCode\":204",
        "\"statusCode\":304",
        "\"headers\":{",
        "\"content-length\":\"5\"",
        "\"transfer-encoding\":\"chunked\"",
        "\"x-a\":\"b\"",
        "\"a\\r\\nb\"",
        "\"\\u0085\"",
        "\"body\":",
        "\"cookies\":[\"a=1\"]",
        "\"isBase64Encoded\":true",
        "}",
        ",",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 21,
        bytes_per_byte: 256,
    },
    weight: 4,
    check: serve,
};

/// What the gateway itself sets.
const OWN_FIELDS: [&str; 7] = [
    "apigw-requestid",
    "connection",
    "content-length",
    "date",
    "x-amz-apigw-id",
    "x-amzn-requestid",
    "x-amzn-trace-id",
];

thread_local! {
    static FRONT: RefCell<Option<Front>> = const { RefCell::new(None) };
}

fn serve(input: &[u8]) -> Result<Seen, String> {
    let rule = b"\n---\n";
    let end = input.windows(rule.len()).position(|window| window == rule);
    let (line, payload) = match end {
        Some(end) => (
            input.get(..end).unwrap_or_default(),
            input
                .get(end.saturating_add(rule.len())..)
                .unwrap_or_default(),
        ),
        None => (input, &[] as &[u8]),
    };
    let line = std::str::from_utf8(line).unwrap_or_default();
    let Some((method, path)) = line.split_once(' ') else {
        return Ok(Seen::refused("no request"));
    };
    let is_request = Method::from_bytes(method.as_bytes()).is_ok()
        && path.starts_with('/')
        && path
            .parse::<Uri>()
            .is_ok_and(|uri| uri.authority().is_none());
    // CONNECT asks for a tunnel, which is another protocol from there on.
    if !is_request || method == "CONNECT" {
        return Ok(Seen::refused("no request"));
    }
    // Everything else is a REST API's, and none is there.
    let Some(meant) = meant(path, payload) else {
        return Ok(Seen::refused("no function"));
    };
    FRONT.with_borrow_mut(|kept| {
        let front = match kept.take() {
            Some(front) => front,
            None => Front::start().map_err(|error| error.to_string())?,
        };
        let answer = front.send(method, path, payload)?;
        let seen = held_against(method, &meant, &answer)?;
        *kept = Some(front);
        Ok(seen)
    })
}

/// The answer is what the function's own means, whole and with nothing else in it.
fn held_against(
    method: &str,
    meant: &Result<ProxyResponse, MalformedResponse>,
    answer: &Answer,
) -> Result<Seen, String> {
    match meant {
        Ok(response) => {
            check(answer.status == response.status, || {
                format!("the status is {}, not {}", answer.status, response.status)
            })?;
            fields(answer, response)?;
            body(method, answer, response)?;
            Ok(Seen::taken(&format!(
                "{:?}",
                response.status.canonical_reason()
            )))
        }
        Err(error) => {
            let is_own = [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::BAD_GATEWAY]
                .contains(&answer.status);
            check(is_own, || {
                format!("{error}, and the status is {}", answer.status)
            })?;
            Ok(Seen::refused(&error.to_string()))
        }
    }
}

/// What a function's answer means where the request arrives; `None` where there is no function.
fn meant(path: &str, payload: &[u8]) -> Option<Result<ProxyResponse, MalformedResponse>> {
    let path = path.split('?').next().unwrap_or_default();
    if let Some(rest) = path.strip_prefix(HTTP_API) {
        // Slashes doubled after the API do not count.
        let rest = rest.trim_start_matches('/').strip_prefix(V1);
        return Some(if rest.is_some_and(|rest| !rest.is_empty()) {
            from_v1(payload, ApiKind::Http, &[], None)
        } else {
            from_v2(payload, ApiKind::Http)
        });
    }
    path.starts_with("/_aws/lambda-url/fn/")
        .then(|| from_v2(payload, ApiKind::FunctionUrl))
}

fn fields(answer: &Answer, response: &ProxyResponse) -> Result<(), String> {
    for name in answer.headers.keys() {
        let is_meant = response.headers.contains_key(name) || OWN_FIELDS.contains(&name.as_str());
        check(is_meant, || {
            format!("a client gets the field `{name}`, which nobody has set")
        })?;
    }
    for name in response.headers.keys() {
        // White space around a value is not part of it on the way.
        let values = |headers: &HeaderMap| -> Vec<Vec<u8>> {
            let values = headers.get_all(name).iter();
            values
                .map(|value| value.as_bytes().trim_ascii().to_vec())
                .collect()
        };
        let (came, meant) = (values(&answer.headers), values(&response.headers));
        check(came == meant || OWN_FIELDS.contains(&name.as_str()), || {
            format!("the field `{name}` has other values than the function has set")
        })?;
    }
    Ok(())
}

fn body(method: &str, answer: &Answer, response: &ProxyResponse) -> Result<(), String> {
    let is_without = method == "HEAD"
        || matches!(
            response.status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::RESET_CONTENT
        );
    if is_without {
        return Ok(());
    }
    check(
        answer.body == String::from_utf8_lossy(&response.body),
        || "a client gets another body".to_owned(),
    )?;
    let len = answer.header(header::CONTENT_LENGTH.as_str());
    check(
        len == Some(response.body.len().to_string().as_str()),
        || {
            format!(
                "a body of {} bytes has the length {len:?}",
                response.body.len()
            )
        },
    )
}
