//! What functions answer, as responses to clients.

use http::header;
use serde_json::Value;
use tollgate_gateway::event::{ApiKind, MalformedResponse, ProxyResponse, from_v1, from_v2};

use super::{OF_CONNECTION, check};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "answer",
    words: &[
        "{\"statusCode\":200}",
        "\"statusCode\":",
        "\"headers\":{",
        "\"multiValueHeaders\":{",
        "\"body\":",
        "\"cookies\":[",
        "\"isBase64Encoded\":true",
        "\"content-length\":\"5\"",
        "\"transfer-encoding\":\"chunked\"",
        "\"connection\":\"close\"",
        "\"x-a\":\"b\"",
        "\"set-cookie\":",
        "\"a\\r\\nb\"",
        "\"\\u000d\\u000a\"",
        "\"aGk=\"",
        "null",
        "true",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"",
        "204",
        "101",
        "599",
        "600",
        "\"200\"",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 16,
        bytes_per_byte: 256,
    },
    weight: 1,
    check: read,
};

fn read(input: &[u8]) -> Result<Seen, String> {
    let parsed: Option<Value> = serde_json::from_slice(input).ok();
    let binary = ["*/*".to_owned()];
    let mut told = String::new();
    let mut is_refused = true;
    for kind in [ApiKind::Rest, ApiKind::Http, ApiKind::FunctionUrl] {
        let responses = [
            from_v1(input, kind, &binary, Some("image/png")),
            from_v2(input, kind),
        ];
        for response in responses {
            match response {
                Ok(response) => {
                    is_refused = false;
                    let parsed = parsed.as_ref().ok_or("what is not JSON is an answer")?;
                    fit_to_send(&response)?;
                    body(&response, parsed)?;
                    told.push_str(" taken");
                }
                Err(error) => {
                    told.push_str(&word(&error));
                }
            }
        }
    }
    Ok(if is_refused {
        Seen::refused(&told)
    } else {
        Seen::taken(&told)
    })
}

fn word(error: &MalformedResponse) -> String {
    let told = format!("{error:?}");
    told.split(' ').next().unwrap_or_default().to_owned()
}

/// No field splits the response or speaks for the connection, and the server counts the length itself.
fn fit_to_send(response: &ProxyResponse) -> Result<(), String> {
    let status = response.status.as_u16();
    check((200..=599).contains(&status), || {
        format!("a client gets the status {status}")
    })?;
    check(response.headers.contains_key(header::CONTENT_TYPE), || {
        "a client gets no content type".to_owned()
    })?;
    for (name, value) in &response.headers {
        check(
            !value
                .as_bytes()
                .iter()
                .any(|byte| matches!(byte, b'\r' | b'\n' | 0)),
            || format!("the field `{name}` ends its line"),
        )?;
        let is_the_servers =
            name == header::CONTENT_LENGTH || OF_CONNECTION.contains(&name.as_str());
        check(!is_the_servers, || {
            format!("a function sets the field `{name}`")
        })?;
    }
    Ok(())
}

/// A text that is not in base64 is sent as it is.
fn body(response: &ProxyResponse, parsed: &Value) -> Result<(), String> {
    let member = |name: &str| parsed.get(name).unwrap_or(&Value::Null);
    let has_status = !member("statusCode").is_null();
    let is_text = member("isBase64Encoded").is_null();
    if let (true, true, Some(text)) = (has_status, is_text, member("body").as_str()) {
        check(response.body == text.as_bytes(), || {
            "a body is not what the function has said".to_owned()
        })?;
    }
    Ok(())
}
