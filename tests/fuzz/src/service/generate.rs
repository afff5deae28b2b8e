//! Scripts made from the model: something to work on, and then requests with values that are right, on the edge, or anything.

use std::fmt::Write as _;

use fastrand::Rng;
use serde_json::{Map, Value};

use super::model::{self, Member, Operation, Place};
use super::values;

/// Something to work on.
const FIRST: &[&str] = &[
    r#"POST /restapis {"name":"a"}"#,
    r#"POST /restapis/<api>/resources/<root> {"pathPart":"users"}"#,
    r#"PUT /restapis/<api>/resources/<resource>/methods/GET {"authorizationType":"NONE","apiKeyRequired":true}"#,
    r#"PUT /restapis/<api>/resources/<resource>/methods/GET/integration {"type":"MOCK"}"#,
    r"PUT /restapis/<api>/resources/<resource>/methods/GET/responses/200 {}",
    r"PUT /restapis/<api>/resources/<resource>/methods/GET/integration/responses/200 {}",
    r#"POST /restapis/<api>/deployments {"stageName":"dev"}"#,
    r#"POST /restapis/<api>/requestvalidators {"name":"v","validateRequestBody":true}"#,
    r#"POST /usageplans {"name":"p","apiStages":[{"apiId":"<api>","stage":"dev"}],"throttle":{"rateLimit":5,"burstLimit":10},"quota":{"limit":100,"period":"DAY"}}"#,
    r#"POST /apikeys {"name":"k","enabled":true}"#,
    r#"POST /usageplans/<plan>/keys {"keyId":"<key>","keyType":"API_KEY"}"#,
];

/// The most requests behind those of [`FIRST`].
const REQUESTS_MAX: usize = 8;

/// How deep the values of a body are nested.
const DEPTH_MAX: usize = 6;

/// One script.
pub(crate) fn script(random: &mut Rng) -> Vec<u8> {
    let mut script = String::new();
    for line in FIRST {
        if random.u32(..16) > 0 {
            script.push_str(line);
            script.push('\n');
        }
    }
    for _ in 0..=random.usize(..REQUESTS_MAX) {
        let operations = model::operations();
        if let Some(operation) = operations.get(random.usize(..operations.len().max(1))) {
            script.push_str(&request(random, operation));
            script.push('\n');
        }
    }
    script.into_bytes()
}

fn request(random: &mut Rng, operation: &Operation) -> String {
    let members = operation.input();
    let (uri, query) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
    let mut line = format!("{} ", operation.method);
    for (place, segment) in uri.split('/').enumerate() {
        if place > 0 {
            line.push('/');
        }
        match segment
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) => line.push_str(&values::in_path(random, name)),
            None => line.push_str(segment),
        }
    }
    let mut separator = '?';
    if !query.is_empty() {
        let _ = write!(line, "?{query}");
        separator = '&';
    }
    for member in members.iter().filter(|member| member.place == Place::Query) {
        if member.is_required || random.u32(..3) == 0 {
            let value = values::in_query(random, member.name);
            let _ = write!(line, "{separator}{}={value}", member.name);
            separator = '&';
        }
    }
    if let Some(body) = body(random, &members) {
        let _ = write!(line, " {body}");
    }
    line
}

fn body(random: &mut Rng, members: &[Member]) -> Option<String> {
    if members.iter().any(|member| member.place == Place::Payload) {
        return Some(values::payload(random).to_owned());
    }
    let in_body = members.iter().filter(|member| member.place == Place::Body);
    let object = object(random, in_body, 0)?;
    Some(object.to_string())
}

fn object<'m>(
    random: &mut Rng,
    members: impl Iterator<Item = &'m Member>,
    depth: usize,
) -> Option<Value> {
    let mut object = Map::new();
    let mut has_members = false;
    for member in members {
        has_members = true;
        let is_there = if member.is_required {
            random.u32(..12) > 0
        } else {
            random.bool()
        };
        if is_there {
            object.insert(
                member.name.to_owned(),
                value(random, member.name, member.shape, depth),
            );
        }
    }
    has_members.then_some(Value::Object(object))
}

/// A value of a shape; now and then one of another.
fn value(random: &mut Rng, name: &str, shape: &str, depth: usize) -> Value {
    if depth > DEPTH_MAX || random.u32(..24) == 0 {
        return values::of_any_type(random);
    }
    let shape = model::shape(shape);
    match model::kind(shape) {
        "structure" => {
            let members = model::structure(shape);
            object(random, members.iter(), depth + 1).unwrap_or_default()
        }
        "list" => {
            let item = model::inner(shape, "member");
            let len = random.usize(..3);
            (0..len)
                .map(|_| value(random, name, item, depth + 1))
                .collect()
        }
        "map" => {
            let inner = model::inner(shape, "value");
            let len = random.usize(..3);
            let entries = (0..len).map(|_| {
                let key = values::key(random, name).to_owned();
                (key, value(random, "", inner, depth + 1))
            });
            Value::Object(entries.collect())
        }
        "boolean" => Value::Bool(random.bool()),
        "integer" | "long" | "double" | "float" | "timestamp" => values::number(random),
        _ => {
            let allowed = model::allowed(shape);
            let is_one_of = !allowed.is_empty() && random.u32(..12) > 0;
            let text = if is_one_of {
                allowed.get(random.usize(..allowed.len())).copied()
            } else {
                None
            };
            Value::from(text.unwrap_or_else(|| values::text(random, name)))
        }
    }
}
