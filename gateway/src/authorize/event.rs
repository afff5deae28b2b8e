//! What the function is called with.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::config::EventKind;
use super::identity::Identity;
use crate::event::{self, ProxyRequest};
use crate::template::PayloadVersion;

/// The event for a request to `method_arn`.
///
/// `TOKEN`: type, ARN and token. `REQUEST`: what a proxy event has, without the body, and with empty objects where that one has null.
/// An HTTP API's has the identity besides.
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
        EventKind::Request => Value::Object(of_request(request, method_arn)?),
        EventKind::Http(PayloadVersion::V1) => http_v1(request, method_arn, identity)?,
        EventKind::Http(PayloadVersion::V2) => http_v2(request, method_arn, identity)?,
    };
    serde_json::to_vec(&event).map(Bytes::from)
}

fn of_request(
    request: &ProxyRequest<'_>,
    method_arn: &str,
) -> Result<Map<String, Value>, serde_json::Error> {
    const OBJECTS: [&str; 4] = [
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
    ];
    let mut event = without_body(&event::to_v1(&bodiless(request))?)?;
    for name in OBJECTS {
        if let Some(member) = event.get_mut(name)
            && member.is_null()
        {
            *member = Value::Object(Map::new());
        }
    }
    event.insert("type".to_owned(), "REQUEST".into());
    event.insert("methodArn".to_owned(), method_arn.into());
    Ok(event)
}

fn http_v1(
    request: &ProxyRequest<'_>,
    method_arn: &str,
    identity: &Identity,
) -> Result<Value, serde_json::Error> {
    let mut event = of_request(request, method_arn)?;
    event.remove("multiValueHeaders");
    event.remove("multiValueQueryStringParameters");
    let joined = (!identity.is_empty()).then(|| identity.values().join(","));
    event.insert("identitySource".to_owned(), joined.clone().into());
    event.insert("authorizationToken".to_owned(), joined.into());
    Ok(Value::Object(event))
}

fn http_v2(
    request: &ProxyRequest<'_>,
    route_arn: &str,
    identity: &Identity,
) -> Result<Value, serde_json::Error> {
    let mut event = without_body(&event::to_v2(&bodiless(request))?)?;
    let values = (!identity.is_empty()).then(|| identity.values());
    event.insert("type".to_owned(), "REQUEST".into());
    event.insert("routeArn".to_owned(), route_arn.into());
    event.insert("identitySource".to_owned(), values.into());
    Ok(Value::Object(event))
}

/// The request as an authorizer sees it.
fn bodiless<'a>(request: &ProxyRequest<'a>) -> ProxyRequest<'a> {
    ProxyRequest {
        body: &[],
        ..*request
    }
}

fn without_body(event: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    let mut event: Map<String, Value> = serde_json::from_slice(event)?;
    event.remove("body");
    event.remove("isBase64Encoded");
    Ok(event)
}
