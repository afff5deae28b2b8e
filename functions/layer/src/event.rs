//! What an event is: a request of a client, or something else, which is none of this layer's business.

use bytes::Bytes;
use http::Request;

use crate::json::{Members, Object};

/// The front doors, by what their events look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// A REST API.
    Rest,
    /// An HTTP API with the payload format 1.0.
    HttpV1,
    /// An HTTP API with the payload format 2.0, or a function URL.
    V2,
    /// A load balancer.
    LoadBalancer {
        /// Whether its target group sends, and wants, several values of a header.
        is_multi_value: bool,
    },
}

/// What an event is.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// No request of a client: it passes as it is.
    Other,
    /// A request that cannot be read. It must not pass: nobody knows who sent it.
    Unreadable(Door),
    /// A request.
    Http(Box<HttpEvent<'a>>),
}

/// A request of a client.
#[derive(Debug)]
pub(crate) struct HttpEvent<'a> {
    pub(crate) door: Door,
    pub(crate) members: Members<'a>,
    /// The request without its body, as a service of `lambda_http` gets it.
    pub(crate) head: Request<()>,
}

/// The member that is not read: it may be 6 MB, and no decision depends on it.
const BODY: &str = "body";

impl<'a> Event<'a> {
    pub(crate) fn read(text: &'a Bytes) -> Self {
        let Some(members) = Members::read(text) else {
            return Self::of_no_object(text);
        };
        let Some(door) = door(&members) else {
            return Self::Other;
        };
        let mut without_body = Object::new();
        without_body.add_all(&members, |name| name == BODY);
        match lambda_http::request::from_str(&without_body.end()) {
            Ok(request) => Self::Http(Box::new(HttpEvent {
                door,
                members,
                head: request.map(|_empty| ()),
            })),
            Err(_shows_a_part_of_the_event) => Self::Unreadable(door),
        }
    }

    /// What is no JSON object is no request, unless a more lenient reader than this one might see one in it.
    fn of_no_object(text: &[u8]) -> Self {
        let contains = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
        let begins_otherwise = text
            .trim_ascii_start()
            .first()
            .is_some_and(|byte| b"[\"-0123456789tfn".contains(byte));
        if !begins_otherwise && (contains(b"requestContext") || contains(b"httpMethod")) {
            Self::Unreadable(Door::V2)
        } else {
            Self::Other
        }
    }
}

/// `None` when the event comes through no door that clients' requests come through.
fn door(members: &Members<'_>) -> Option<Door> {
    // An authorizer is asked about a request, and its answer is no answer to one.
    if members.has("methodArn") || members.has("routeArn") {
        return None;
    }
    let context = members.object("requestContext");
    let context_has = |name| context.as_ref().is_some_and(|context| context.has(name));
    // A WebSocket API: plans are enforced when the connection is made, by an authorizer.
    if context_has("connectionId") {
        return None;
    }
    if context_has("elb") {
        return Some(Door::LoadBalancer {
            is_multi_value: members.has("multiValueHeaders"),
        });
    }
    if context_has("http") {
        return Some(Door::V2);
    }
    if context_has("httpMethod") || members.has("httpMethod") {
        return Some(if members.has("version") {
            Door::HttpV1
        } else {
            Door::Rest
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> Bytes {
        let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).unwrap().into()
    }

    #[test]
    fn each_door_is_known_by_its_events() {
        let multi_value = alb_with_many_values();
        let cases = [
            (sample("rest-create"), Door::Rest),
            (sample("http-api-v1-create"), Door::HttpV1),
            (sample("users-create"), Door::V2),
            (sample("function-url-create"), Door::V2),
            (sample("alb-create"), load_balancer(false)),
            (multi_value, load_balancer(true)),
        ];
        for (text, expected) in cases {
            let Event::Http(event) = Event::read(&text) else {
                panic!("{expected:?} is no request");
            };
            assert_eq!(event.door, expected);
            assert_eq!(event.head.method(), "POST");
            assert_eq!(
                event.head.headers()["x-api-key"],
                "sample-api-key-of-joe-black"
            );
        }
    }

    const fn load_balancer(is_multi_value: bool) -> Door {
        Door::LoadBalancer { is_multi_value }
    }

    fn alb_with_many_values() -> Bytes {
        let mut event: serde_json::Value = serde_json::from_slice(&sample("alb-create")).unwrap();
        let headers = event["headers"].take();
        event.as_object_mut().unwrap().remove("headers");
        let values = headers.as_object().unwrap().iter();
        event["multiValueHeaders"] = values
            .map(|(name, value)| (name.clone(), serde_json::json!([value])))
            .collect();
        event.to_string().into()
    }

    #[test]
    fn what_is_no_request_of_a_client_passes() {
        let samples = [
            "authorizer-http-v1",
            "authorizer-http-v2",
            "authorizer-rest-request",
            "authorizer-rest-token",
            "authorizer-websocket-connect",
            "control-daily",
            "control-api-key-create",
        ];
        for name in samples {
            assert!(matches!(Event::read(&sample(name)), Event::Other), "{name}");
        }
        let texts = [
            r#"{"Records":[{"eventSource":"aws:sqs","body":"{\"httpMethod\":\"GET\"}"}]}"#,
            r#"{"requestContext":{"eventType":"MESSAGE","connectionId":"c=","routeKey":"$default"}}"#,
            r#"{"requestContext":"httpMethod"}"#,
            r#"["httpMethod"]"#,
            "null",
            "7",
            "",
            "{",
        ];
        for text in texts {
            let text = Bytes::from_static(text.as_bytes());
            assert!(matches!(Event::read(&text), Event::Other), "{text:?}");
        }
    }

    #[test]
    fn what_may_be_a_request_and_cannot_be_read_is_none_that_passes() {
        let texts: [&[u8]; 6] = [
            br#"{"httpMethod":7}"#,
            br#"{"httpMethod":"GET","headers":{"x\ny":"z"},"requestContext":{"httpMethod":"GET"}}"#,
            br#"{"requestContext":{"http":{}}}"#,
            br#"{"requestContext":{"elb":{}},"httpMethod":"G T","headers":{}}"#,
            b"{\"requestContext\":{\"http\":{\"method\":\"GET\"}},\"headers\":{\"a\":\"\xff\"}}",
            br#"{"httpMethod":"GET","#,
        ];
        for text in texts {
            let text = Bytes::from_static(text);
            let event = Event::read(&text);
            assert!(matches!(event, Event::Unreadable(_)), "{text:?}: {event:?}");
        }
    }
}
