//! Where a function finds the decision about its request, by the door that the request came through.

use std::collections::VecDeque;

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value};
use tollgate::authorizer::{META_PREFIX, context};
use tollgate::decision::Allowance;

use crate::event::{Door, HttpEvent};
use crate::json::{Edits, Members, Object, quoted};

/// What the names of the headers begin with in which functions behind load balancers are told. No client can send one.
const PREFIX: &str = "x-tollgate-";

/// What cannot stand in a header as it is.
const UNSAFE: &AsciiSet = &CONTROLS.add(b'%');

/// The event of a request that may pass, with the decision added, and without headers that could be taken for it.
pub(crate) fn tell(text: &Bytes, event: &HttpEvent<'_>, allowance: &Allowance) -> VecDeque<Bytes> {
    let context = context(allowance);
    let mut edits = Edits::of(text.clone());
    match event.door {
        Door::LoadBalancer { is_multi_value } => {
            let told = headers(&context, is_multi_value);
            let (place, other) = if is_multi_value {
                ("multiValueHeaders", "headers")
            } else {
                ("headers", "multiValueHeaders")
            };
            set_headers(&mut edits, &event.members, place, &told);
            set_headers(&mut edits, &event.members, other, &[]);
        }
        Door::Rest | Door::HttpV1 | Door::V2 => {
            for name in ["headers", "multiValueHeaders"] {
                set_headers(&mut edits, &event.members, name, &[]);
            }
            if let Some(value) = event.members.get("requestContext")
                && let Some(members) = Members::of(value)
                && (!context.is_empty() || members.has("authorizer"))
            {
                edits.replace(value, request_context(event.door, &members, &context));
            }
        }
    }
    edits.pieces()
}

/// Takes headers off that could be taken for ours, and adds ours, whose values are JSON.
fn set_headers(
    edits: &mut Edits,
    members: &Members<'_>,
    name: &'static str,
    added: &[(String, String)],
) {
    let Some(value) = members.get(name) else {
        if !added.is_empty() {
            let mut object = Object::new();
            for (name, value) in added {
                object.add(name, value);
            }
            edits.add_first(members, name, &object.end());
        }
        return;
    };
    let headers = Members::of(value);
    let is_forged = headers
        .as_ref()
        .is_some_and(|headers| headers.iter().any(|(name, _)| is_ours(name)));
    if !is_forged && added.is_empty() {
        return;
    }
    let mut object = Object::new();
    if let Some(headers) = &headers {
        object.add_all(headers, is_ours);
    }
    for (name, value) in added {
        object.add(name, value);
    }
    edits.replace(value, object.end());
}

/// Whether a header could be taken for one of ours: in CGI's form, and in those of its heirs, every mark is an underscore.
fn is_ours(name: &str) -> bool {
    let mut bytes = name.bytes().map(|byte| match byte {
        byte if byte.is_ascii_alphanumeric() => byte.to_ascii_lowercase(),
        _ => b'-',
    });
    PREFIX
        .bytes()
        .all(|expected| bytes.next() == Some(expected))
}

fn request_context(door: Door, members: &Members<'_>, context: &Map<String, Value>) -> String {
    let there = members.object("authorizer");
    let authorizer = match door {
        // API Gateway hands numbers on as texts in the format 1.0.
        Door::Rest | Door::HttpV1 => merged(there.as_ref(), context, |value| quoted(&text(value))),
        Door::V2 | Door::LoadBalancer { .. } => {
            let lambda = there.as_ref().and_then(|there| there.object("lambda"));
            let mut object = Object::new();
            if let Some(there) = &there {
                object.add_all(there, |name| name == "lambda");
            }
            if !context.is_empty() || lambda.is_some() {
                object.add(
                    "lambda",
                    &merged(lambda.as_ref(), context, Value::to_string),
                );
            }
            object.end()
        }
    };
    let identity = match door {
        Door::Rest => identity(members.object("identity").as_ref(), context),
        Door::HttpV1 | Door::V2 | Door::LoadBalancer { .. } => None,
    };
    let mut written = Object::new();
    written.add_all(members, |name| {
        name == "authorizer" || (name == "identity" && identity.is_some())
    });
    written.add("authorizer", &authorizer);
    if let Some(identity) = &identity {
        written.add("identity", identity);
    }
    written.end()
}

fn merged(
    there: Option<&Members<'_>>,
    context: &Map<String, Value>,
    json: impl Fn(&Value) -> String,
) -> String {
    let mut object = Object::new();
    if let Some(there) = there {
        object.add_all(there, is_of_a_decision);
    }
    for (name, value) in context {
        object.add(name, &json(value));
    }
    object.end()
}

/// Whether a member of an authorizer's context says something of a decision: it must not be taken for this one.
fn is_of_a_decision(name: &str) -> bool {
    matches!(
        name,
        "keyId" | "planId" | "customerId" | "remaining" | "wouldRefuse"
    ) || name.starts_with(META_PREFIX)
}

/// `identity` of a REST API, with the key's id as API Gateway adds it.
fn identity(there: Option<&Members<'_>>, context: &Map<String, Value>) -> Option<String> {
    let key_id = context.get("keyId")?;
    let mut object = Object::new();
    if let Some(there) = there {
        object.add_all(there, |name| name == "apiKeyId");
    }
    object.add("apiKeyId", &key_id.to_string());
    Some(object.end())
}

/// `x-tollgate-key-id` of `keyId`, `x-tollgate-meta-tenant` of `meta_tenant`, with values that are JSON.
fn headers(context: &Map<String, Value>, is_multi_value: bool) -> Vec<(String, String)> {
    let told = context.iter().map(|(name, value)| {
        let text = text(value);
        let value = quoted(&utf8_percent_encode(&text, UNSAFE).to_string());
        let value = if is_multi_value {
            format!("[{value}]")
        } else {
            value
        };
        (header_name(name), value)
    });
    told.collect()
}

fn header_name(name: &str) -> String {
    let mut header = PREFIX.to_owned();
    if let Some(note) = name.strip_prefix(META_PREFIX) {
        header.push_str("meta-");
        header.push_str(&note.replace('_', "-").to_ascii_lowercase());
        return header;
    }
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            header.push('-');
        }
        header.push(letter.to_ascii_lowercase());
    }
    header
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mark_makes_a_header_of_a_client_one_of_ours() {
        for name in [
            "x-tollgate-key-id",
            "X_Tollgate_Key_Id",
            "x.tollgate.customer.id",
            "x-tollgate.plan-id",
            "x~tollgate~meta~tenant",
        ] {
            assert!(is_ours(name), "{name}");
        }
        for name in ["x-tollgate", "x-tollgated", "tollgate-key-id", "x-api-key"] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
