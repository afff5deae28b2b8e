//! What an event is: a request of a client, or something else, which is none of this layer's business.

use std::panic::catch_unwind;

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

/// The members on which no decision depends. The body may be 6 MB; and of the query and of most headers clients choose what they like,
/// of which no URL can be made.
const NOT_READ: [&str; 8] = [
    "body",
    "cookies",
    "headers",
    "multiValueHeaders",
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "rawQueryString",
    "isBase64Encoded",
];

/// The headers on which a decision, and the form of its answer, depend.
const READ_HEADERS: [&str; 2] = ["x-api-key", "accept"];

/// Stands for the host in the URL that is made of a request: a client's own need not be one.
const HOST: (&str, &str) = ("host", "\"localhost\"");

/// The longest path that is read, in bytes. Front doors take less.
const MAX_PATH_LEN: usize = 32 * 1024;

impl<'a> Event<'a> {
    pub(crate) fn read(text: &'a Bytes) -> Self {
        let Some(members) = Members::read(text) else {
            return Self::of_no_object(text);
        };
        let Some(door) = door(&members) else {
            return Self::Other;
        };
        match has_path(&members).then(|| head(&members)).flatten() {
            Some(head) => Self::Http(Box::new(HttpEvent {
                door,
                members,
                head,
            })),
            None => Self::Unreadable(door),
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

/// Whether there is a path of which a URL can be made.
fn has_path(members: &Members<'_>) -> bool {
    let path = members.get("rawPath").or_else(|| members.get("path"));
    let path = path.and_then(|value| serde_json::from_str::<String>(value.get()).ok());
    path.is_some_and(|path| path.starts_with('/') && path.len() <= MAX_PATH_LEN)
}

/// The request as a service of `lambda_http` gets it, as far as a decision depends on it. `None` when it cannot be read.
fn head(members: &Members<'_>) -> Option<Request<()>> {
    let headers = members.object("headers");
    let lists = members.object("multiValueHeaders");
    let is_read = |name: &str| {
        READ_HEADERS
            .iter()
            .any(|read| name.eq_ignore_ascii_case(read))
    };
    // All values of a header, or the last of them: of a key that was sent twice, one is not taken for the only one.
    let is_listed = |name: &str| {
        lists.as_ref().is_some_and(|lists| {
            lists
                .iter()
                .any(|(listed, _)| listed.eq_ignore_ascii_case(name))
        })
    };
    let mut event = Object::new();
    event.add_all(members, |name| NOT_READ.contains(&name));
    let mut single = Object::new();
    single.add(HOST.0, HOST.1);
    if let Some(headers) = &headers {
        single.add_all(headers, |name| !is_read(name) || is_listed(name));
    }
    event.add("headers", &single.end());
    if let Some(lists) = &lists {
        let mut listed = Object::new();
        listed.add_all(lists, |name| !is_read(name));
        event.add("multiValueHeaders", &listed.end());
    }
    let event = event.end();
    // It makes a URL, and panics where it cannot: no client may end a process with that.
    let read = catch_unwind(|| lambda_http::request::from_str(&event));
    let request = read.ok()?.ok()?;
    Some(request.map(|_empty| ()))
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
    fn no_header_query_or_path_of_a_client_is_too_odd_to_be_decided() {
        let long = format!("/{}", "a".repeat(100_000));
        for name in [
            "rest-create",
            "http-api-v1-create",
            "users-create",
            "function-url-create",
            "alb-create",
        ] {
            for host in [
                "1.2.3.999",
                "xn--a.example",
                "a:99999",
                "a%",
                "[",
                "",
                "\u{7f}",
            ] {
                let mut event: serde_json::Value = serde_json::from_slice(&sample(name)).unwrap();
                for place in ["headers", "multiValueHeaders"] {
                    if let Some(headers) = event.get_mut(place).and_then(|it| it.as_object_mut()) {
                        let listed = |text: &str| match place {
                            "headers" => serde_json::json!(text),
                            _ => serde_json::json!([text]),
                        };
                        headers.insert("Host".to_owned(), listed(host));
                        headers.insert("x-forwarded-proto".to_owned(), listed("\""));
                        headers.insert("x\ny".to_owned(), listed("z"));
                    }
                }
                event["rawQueryString"] = "a=<\"> \u{1f389}".into();
                event["queryStringParameters"] = serde_json::json!({"<": "\""});
                event["cookies"] = serde_json::json!(["\n"]);
                let text = Bytes::from(event.to_string());
                let Event::Http(read) = Event::read(&text) else {
                    panic!("{name}, {host}");
                };
                assert_eq!(
                    read.head.headers()["x-api-key"],
                    "sample-api-key-of-joe-black"
                );
            }
            for path in ["", "a", "@example.com/", "//", "/\u{0}", "/[", &long] {
                let mut event: serde_json::Value = serde_json::from_slice(&sample(name)).unwrap();
                for member in ["path", "rawPath"] {
                    if let Some(value) = event.get_mut(member) {
                        *value = path.into();
                    }
                }
                let text = Bytes::from(event.to_string());
                let is_path = path.starts_with('/') && path.len() < 100_000;
                let event = Event::read(&text);
                assert_eq!(
                    matches!(event, Event::Http(_)),
                    is_path,
                    "{name}, {path:.20}"
                );
            }
        }
    }

    #[test]
    fn a_key_that_was_sent_twice_is_not_the_last_of_both() {
        let mut event: serde_json::Value = serde_json::from_slice(&sample("rest-create")).unwrap();
        event["multiValueHeaders"] = serde_json::json!({"X-Api-Key": ["other", "sample"]});
        let text = Bytes::from(event.to_string());
        let Event::Http(read) = Event::read(&text) else {
            panic!("it is a request");
        };
        let keys = read.head.headers().get_all("x-api-key");
        assert_eq!(keys.iter().count(), 2);
    }

    #[test]
    fn what_may_be_a_request_and_cannot_be_read_is_none_that_passes() {
        let texts: [&[u8]; 6] = [
            br#"{"httpMethod":7}"#,
            br#"{"httpMethod":"GET","path":"/","headers":{"x-api-key":7},"requestContext":{"httpMethod":"GET"}}"#,
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
