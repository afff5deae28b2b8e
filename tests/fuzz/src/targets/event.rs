//! Requests as events of Lambda. An input is a method and a path, header fields, an empty line and the body, as HTTP/1.1 has them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};
use tollgate_gateway::event::{ApiKind, ProxyRequest, to_v1, to_v2};

use super::{OF_CONNECTION, check};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "event",
    words: &[
        "GET /",
        "POST /",
        "/users/7",
        "%2F",
        "%2f..",
        "?a=1&a=2",
        "&b",
        "=",
        "+",
        "%zz",
        ";",
        "\r\n",
        "\n\n",
        "content-type: ",
        "application/json",
        "application/octet-stream",
        "image/png",
        "text/plain; charset=utf-8",
        "cookie: a=1; b=2",
        "connection: x-hop",
        "x-hop: 1",
        "transfer-encoding: chunked",
        "te: trailers",
        "x-forwarded-for: 10.0.0.1",
        "x-amzn-trace-id: Root=1",
        "content-length: 1",
        "user-agent: ",
        "host: h",
        "accept: */*",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 18,
        bytes_per_byte: 128,
    },
    weight: 2,
    check: construct,
};

/// An input, taken apart.
struct Parts<'i> {
    method: Method,
    path: &'i str,
    query: &'i str,
    headers: HeaderMap,
    body: &'i [u8],
}

fn construct(input: &[u8]) -> Result<Seen, String> {
    let Some(parts) = parts(input) else {
        return Ok(Seen::refused("no request"));
    };
    let binary = [
        "image/png".to_owned(),
        "application/octet-stream".to_owned(),
    ];
    let mut told = String::new();
    for kind in [ApiKind::Rest, ApiKind::Http, ApiKind::FunctionUrl] {
        let stage_variables = BTreeMap::new();
        let request = request(kind, &parts, &binary, &stage_variables);
        for event in [to_v1(&request), to_v2(&request)] {
            let event = event.map_err(|error| format!("an event cannot be written: {error}"))?;
            let event: Value = serde_json::from_slice(&event)
                .map_err(|error| format!("an event is not JSON: {error}"))?;
            headers(&event)?;
            body(kind, &event, parts.body)?;
            told.push_str(if is_base64(&event) {
                " base64"
            } else {
                " text"
            });
        }
        if kind == ApiKind::Rest {
            let event: Value = to_v1(&request)
                .and_then(|event| serde_json::from_slice(&event))
                .map_err(|error| error.to_string())?;
            let path = event.get("path").and_then(Value::as_str);
            check(path == Some(parts.path), || {
                "a REST API's event has another path".to_owned()
            })?;
            query(&event)?;
        }
    }
    told.push_str(if parts.query.is_empty() { "" } else { " query" });
    Ok(Seen::taken(&told))
}

fn object<'e>(event: &'e Value, name: &str) -> Option<&'e Map<String, Value>> {
    event.get(name)?.as_object()
}

fn is_base64(event: &Value) -> bool {
    event.get("isBase64Encoded") == Some(&Value::Bool(true))
}

fn parts(input: &[u8]) -> Option<Parts<'_>> {
    let mut rest = input;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (line, after) = match end {
            Some(end) => (rest.get(..end)?, rest.get(end.checked_add(1)?..)?),
            None => (rest, &[] as &[u8]),
        };
        rest = after;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    };
    let (method, target) = std::str::from_utf8(line()?).ok()?.split_once(' ')?;
    let uri: http::Uri = target.parse().ok()?;
    let path = target.split('?').next().unwrap_or_default();
    if !path.starts_with('/') || path.starts_with("//") || uri.authority().is_some() {
        return None;
    }
    let mut headers = HeaderMap::new();
    loop {
        let field = line()?;
        if field.is_empty() {
            break;
        }
        let end = field.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(field.get(..end)?).ok()?;
        let value = field.get(end.checked_add(1)?..)?.trim_ascii();
        headers.append(name, HeaderValue::from_bytes(value).ok()?);
    }
    Some(Parts {
        method: Method::from_bytes(method.as_bytes()).ok()?,
        path,
        query: target.split_once('?').map_or("", |(_, query)| query),
        headers,
        body: rest,
    })
}

fn request<'a>(
    kind: ApiKind,
    parts: &'a Parts<'a>,
    binary_media_types: &'a [String],
    stage_variables: &'a BTreeMap<String, String>,
) -> ProxyRequest<'a> {
    ProxyRequest {
        kind,
        api_id: "abc123",
        stage: "test",
        account_id: "111111111111",
        domain_name: "abc123.execute-api.localhost",
        domain_prefix: "abc123",
        deployment_id: "dep1",
        resource_id: "res1",
        resource_path: "/{proxy+}",
        route_key: "ANY /{proxy+}",
        path_parameters: &[],
        method: &parts.method,
        path: parts.path,
        request_path: parts.path,
        query: parts.query,
        headers: &parts.headers,
        body: parts.body,
        source_ip: "127.0.0.1",
        scheme: "http",
        port: 3000,
        protocol: "HTTP/1.1",
        request_id: "req1",
        extended_request_id: "ext1",
        trace_id: "Root=1-2-3",
        time_ms: 1_722_641_683_123,
        stage_variables,
        binary_media_types,
        api_key: None,
        authorizer: None,
        caller: None,
        operation_name: None,
    }
}

/// What concerns the connection stays there, and the trace's id is the gateway's.
fn headers(event: &Value) -> Result<(), String> {
    for (name, value) in object(event, "headers").into_iter().flatten() {
        let name = name.to_ascii_lowercase();
        let is_of_connection = OF_CONNECTION.contains(&name.as_str());
        check(!is_of_connection, || {
            format!("an event has the header `{name}`")
        })?;
        check(name != "x-amzn-trace-id" || value == "Root=1-2-3", || {
            "a client has set the trace's id".to_owned()
        })?;
    }
    Ok(())
}

/// A body that is in base64 is whole; so is one of text, but for what a REST API repairs.
fn body(kind: ApiKind, event: &Value, sent: &[u8]) -> Result<(), String> {
    let text = event
        .get("body")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_whole = if is_base64(event) {
        STANDARD.decode(text).is_ok_and(|bytes| bytes == sent)
    } else {
        match kind {
            ApiKind::Rest => text == String::from_utf8_lossy(sent),
            ApiKind::Http | ApiKind::FunctionUrl => text.as_bytes() == sent,
        }
    };
    check(is_whole, || {
        format!("a body of {} bytes is not whole", sent.len())
    })
}

/// One value of each query parameter is the last of all.
fn query(event: &Value) -> Result<(), String> {
    let one = object(event, "queryStringParameters");
    let all = object(event, "multiValueQueryStringParameters");
    check(one.map(Map::len) == all.map(Map::len), || {
        "the two lists of query parameters differ".to_owned()
    })?;
    for (name, value) in one.into_iter().flatten() {
        let last = all
            .and_then(|all| all.get(name)?.as_array()?.last())
            .unwrap_or(&Value::Null);
        check(last == value, || {
            format!("the query parameter `{name}` is not the last of its values")
        })?;
    }
    Ok(())
}
