//! What the function is called with.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::config::EventKind;
use super::identity::Identity;
use crate::event::{self, ProxyRequest};

/// The event for a request to `method_arn`.
///
/// `TOKEN`: type, ARN and token. `REQUEST`: what a proxy event has, without the body, and with empty objects where that one has null.
///
/// # Errors
///
/// When the JSON cannot be written, which no request is known to cause.
pub(super) fn of(
    kind: EventKind,
    request: &ProxyRequest<'_>,
    method_arn: &str,
    identity: &Identity,
) -> Result<Bytes, serde_json::Error> {
    let event = match kind {
        EventKind::Token => json!({
            "type": "TOKEN",
            "methodArn": method_arn,
            "authorizationToken": identity.token(),
        }),
        EventKind::Request => of_request(request, method_arn)?,
    };
    serde_json::to_vec(&event).map(Bytes::from)
}

fn of_request(request: &ProxyRequest<'_>, method_arn: &str) -> Result<Value, serde_json::Error> {
    const OBJECTS: [&str; 4] = [
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
    ];
    let without_body = ProxyRequest {
        body: &[],
        ..*request
    };
    let mut event: Map<String, Value> = serde_json::from_slice(&event::to_v1(&without_body)?)?;
    event.remove("body");
    event.remove("isBase64Encoded");
    for name in OBJECTS {
        if let Some(member) = event.get_mut(name)
            && member.is_null()
        {
            *member = Value::Object(Map::new());
        }
    }
    event.insert("type".to_owned(), "REQUEST".into());
    event.insert("methodArn".to_owned(), method_arn.into());
    Ok(Value::Object(event))
}
