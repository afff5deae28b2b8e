//! Answers in the form that a door understands: those that this layer gives, and what it adds to those of functions.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use serde_json::{Map, Value, json};
use tollgate::http::fields::COST;

use crate::event::Door;
use crate::json::{Edits, Members, Object, quoted};

/// What stands between the head of a streamed answer and its body.
pub(crate) const DELIMITER: [u8; 8] = [0; 8];

/// An answer of this layer as the result of a Lambda proxy integration.
pub(crate) fn proxy_result(answer: &Response<String>, door: Door) -> Bytes {
    let mut result = head(answer, door);
    result.insert("body".to_owned(), answer.body().as_str().into());
    result.insert("isBase64Encoded".to_owned(), false.into());
    Value::Object(result).to_string().into()
}

/// The same where answers are streamed: the head, the delimiter and the body.
pub(crate) fn streamed(answer: &Response<String>, door: Door) -> Bytes {
    let mut text = Value::Object(head(answer, door)).to_string().into_bytes();
    text.extend_from_slice(&DELIMITER);
    text.extend_from_slice(answer.body().as_bytes());
    text.into()
}

fn head(answer: &Response<String>, door: Door) -> Map<String, Value> {
    let status = answer.status();
    let mut head = Map::new();
    head.insert("statusCode".to_owned(), status.as_u16().into());
    if let Door::LoadBalancer { .. } = door {
        head.insert("statusDescription".to_owned(), status.to_string().into());
    }
    let headers = texts(answer.headers()).map(|(name, value)| {
        let value = if has_lists(door) {
            json!([value])
        } else {
            json!(value)
        };
        (name.as_str().to_owned(), value)
    });
    head.insert(place(door).to_owned(), headers.collect());
    head
}

/// The member in which this layer writes headers.
const fn place(door: Door) -> &'static str {
    if has_lists(door) {
        "multiValueHeaders"
    } else {
        "headers"
    }
}

/// Whether the door wants lists of a header's values. API Gateway takes both, and merges them.
const fn has_lists(door: Door) -> bool {
    match door {
        Door::LoadBalancer { is_multi_value } => is_multi_value,
        Door::Rest | Door::HttpV1 | Door::V2 => false,
    }
}

/// The fields of this layer's are texts all.
fn texts(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &str)> {
    headers
        .iter()
        .filter_map(|(name, value)| Some((name, value.to_str().ok()?)))
}

/// The head of a function's answer: a whole proxy result, or what stands before the body of one that is streamed.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    text: &'a Bytes,
    members: Members<'a>,
}

impl<'a> Head<'a> {
    /// `None` when the text is no result of a proxy integration: the door makes of it what it likes.
    pub(crate) fn of_result(text: &'a Bytes) -> Option<Self> {
        Self::of_streamed(text).filter(|head| head.members.has("statusCode"))
    }

    /// `None` when the text is no object. A status need not be said where an answer is streamed.
    pub(crate) fn of_streamed(text: &'a Bytes) -> Option<Self> {
        let members = Members::read(text)?;
        Some(Self { text, members })
    }

    /// What the function says to this layer alone.
    pub(crate) fn said(&self) -> HeaderMap {
        let mut said = HeaderMap::new();
        let places = ["headers", "multiValueHeaders"];
        let mut values = places.into_iter().filter_map(|place| {
            let headers = self.members.object(place)?;
            let mut headers = headers.iter();
            let (_, value) = headers.find(|(name, _)| name.eq_ignore_ascii_case(COST.as_str()))?;
            serde_json::from_str(value.get()).ok()
        });
        if let Some(value) = values.next() {
            said.insert(COST, cost(&value));
        }
        said
    }

    /// The head without what is for this layer alone.
    pub(crate) fn plain(&self, door: Door) -> VecDeque<Bytes> {
        self.with(&HeaderMap::new(), door)
    }

    /// The head with these fields in it, in place of the function's own, and without what is for this layer alone.
    pub(crate) fn with(&self, fields: &HeaderMap, door: Door) -> VecDeque<Bytes> {
        let is_replaced = |name: &str| {
            name.eq_ignore_ascii_case(COST.as_str())
                || fields
                    .keys()
                    .any(|field| name.eq_ignore_ascii_case(field.as_str()))
        };
        let mut edits = Edits::of(self.text.clone());
        for name in ["headers", "multiValueHeaders"] {
            let has_ours = name == place(door) && !fields.is_empty();
            let there = self.members.object(name);
            let loses = there
                .as_ref()
                .is_some_and(|there| there.iter().any(|(name, _)| is_replaced(name)));
            if !has_ours && !loses {
                continue;
            }
            let mut object = Object::new();
            if let Some(there) = &there {
                object.add_all(there, is_replaced);
            }
            if has_ours {
                for (name, value) in texts(fields) {
                    let value = quoted(value);
                    let value = if has_lists(door) {
                        format!("[{value}]")
                    } else {
                        value
                    };
                    object.add(name.as_str(), &value);
                }
            }
            match self.members.get(name) {
                Some(value) => edits.replace(value, object.end()),
                None => edits.add_first(&self.members, name, &object.end()),
            }
        }
        edits.pieces()
    }
}

/// A cost as a field: functions may write it as a text or as a number, and in a list. What is neither cannot be read as a number later.
fn cost(value: &Value) -> HeaderValue {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => return values.first().map_or(UNREADABLE, cost),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    };
    HeaderValue::try_from(text).unwrap_or(UNREADABLE)
}

const UNREADABLE: HeaderValue = HeaderValue::from_static("?");

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pieces: &VecDeque<Bytes>) -> Value {
        let bytes: Vec<u8> = pieces.iter().flatten().copied().collect();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn fields() -> HeaderMap {
        HeaderMap::from_iter([(
            HeaderName::from_static("ratelimit"),
            HeaderValue::from_static("\"quota\";r=1"),
        )])
    }

    const MULTI_VALUE: Door = Door::LoadBalancer {
        is_multi_value: true,
    };

    #[test]
    fn fields_come_to_where_the_door_reads_them() {
        let cases = [
            (
                Door::V2,
                r#"{"statusCode":200}"#,
                json!({"statusCode": 200, "headers": {"ratelimit": "\"quota\";r=1"}}),
            ),
            (
                Door::Rest,
                r#"{"statusCode":200,"headers":null,"multiValueHeaders":{"a":["b"],"RateLimit":["x"]}}"#,
                json!({"statusCode": 200, "headers": {"ratelimit": "\"quota\";r=1"}, "multiValueHeaders": {"a": ["b"]}}),
            ),
            (
                MULTI_VALUE,
                r#"{"statusCode":"200","headers":{"a":"b"}}"#,
                json!({"statusCode": "200", "headers": {"a": "b"}, "multiValueHeaders": {"ratelimit": ["\"quota\";r=1"]}}),
            ),
        ];
        for (door, text, expected) in cases {
            let text = Bytes::from_static(text.as_bytes());
            let head = Head::of_result(&text).unwrap();
            assert_eq!(joined(&head.with(&fields(), door)), expected);
        }
    }

    #[test]
    fn a_cost_is_read_however_it_is_written_and_taken_off() {
        let written = [
            r#"{"statusCode":200,"headers":{"X-Tollgate-Cost":"40","a":"b"}}"#,
            r#"{"statusCode":200,"headers":{"x-tollgate-cost":40,"a":"b"}}"#,
            r#"{"statusCode":200,"headers":{"a":"b"},"multiValueHeaders":{"X-TOLLGATE-COST":["40"]}}"#,
        ];
        for text in written {
            let text = Bytes::from_static(text.as_bytes());
            let head = Head::of_result(&text).unwrap();
            assert_eq!(head.said()[COST], "40");
            let answer = joined(&head.with(&HeaderMap::new(), Door::V2));
            assert_eq!(answer["headers"], json!({"a": "b"}));
            assert_eq!(
                answer.get("multiValueHeaders").unwrap_or(&json!({})),
                &json!({})
            );
        }
        let odd =
            Bytes::from_static(br#"{"statusCode":200,"headers":{"x-tollgate-cost":{"a":"\n"}}}"#);
        assert!(Head::of_result(&odd).unwrap().said().contains_key(COST));
    }

    #[test]
    fn what_is_no_proxy_result_is_not_touched() {
        for text in [
            "\"hello\"",
            "{\"status\":200}",
            "[1]",
            "",
            "{\"statusCode\":",
        ] {
            let text = Bytes::from_static(text.as_bytes());
            assert!(Head::of_result(&text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn an_answer_that_needs_no_change_is_the_same_piece() {
        let text = Bytes::from_static(br#"{"statusCode":200,"body":"x"}"#);
        let head = Head::of_result(&text).unwrap();
        let pieces = head.with(&HeaderMap::new(), Door::V2);
        assert_eq!(pieces, std::slice::from_ref(&text));
    }
}
