//! API Gateway's service model: which operations there are, what they take and what they answer. `read-model` has written it.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::Answer;

/// The model.
static MODEL: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../model.json")).unwrap_or_default());

/// The error types of the model, and those of the framework in front of API Gateway.
const ERROR_TYPES: &[(&str, &[u16])] = &[
    ("AccessDeniedException", &[403]),
    ("BadRequestException", &[400, 405]),
    ("ConflictException", &[409]),
    ("IncompleteSignatureException", &[403]),
    ("LimitExceededException", &[429]),
    ("MissingAuthenticationTokenException", &[403]),
    ("NotFoundException", &[404]),
    ("RequestEntityTooLargeException", &[413]),
    ("SerializationException", &[400]),
    ("TooManyRequestsException", &[429]),
    ("ValidationException", &[400]),
];

/// An operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    /// `/apikeys/{api_Key}`, with a query for some.
    pub(crate) uri: &'static str,
    status: u16,
    input: Option<&'static str>,
    output: Option<&'static str>,
}

/// A member of what an operation takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    /// Its name in the request.
    pub(crate) name: &'static str,
    pub(crate) shape: &'static str,
    pub(crate) place: Place,
    pub(crate) is_required: bool,
}

/// Where a member stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the JSON of the body.
    Body,
    /// It is the body.
    Payload,
    Query,
    /// In the path or in a header field.
    Elsewhere,
}

/// Part of the model; null where there is none.
fn part(value: &'static Value, name: &str) -> &'static Value {
    value.get(name).unwrap_or(&Value::Null)
}

fn text(value: &'static Value, name: &str) -> &'static str {
    part(value, name).as_str().unwrap_or_default()
}

fn members(shape: &'static Value) -> impl Iterator<Item = (&'static String, &'static Value)> {
    part(shape, "members").as_object().into_iter().flatten()
}

/// A shape, by its name.
pub(crate) fn shape(name: &str) -> &'static Value {
    part(part(&MODEL, "shapes"), name)
}

/// The shape that a shape has as its `member`, `key` or `value`.
pub(crate) fn inner(shape: &'static Value, name: &str) -> &'static str {
    text(part(shape, name), "shape")
}

/// The kind of a shape: `string`, `structure`.
pub(crate) fn kind(shape: &'static Value) -> &'static str {
    text(shape, "type")
}

/// What a string may be.
pub(crate) fn allowed(shape: &'static Value) -> Vec<&'static str> {
    let members = part(shape, "enum").as_array();
    let texts = members.into_iter().flatten();
    texts.filter_map(Value::as_str).collect()
}

/// The members of a structure, as they stand in JSON.
pub(crate) fn structure(shape: &'static Value) -> Vec<Member> {
    let required = part(shape, "required").as_array();
    let is_required =
        |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    let payload = text(shape, "payload");
    members(shape)
        .map(|(name, member)| {
            let location_name = text(member, "locationName");
            Member {
                name: if location_name.is_empty() {
                    name
                } else {
                    location_name
                },
                shape: text(member, "shape"),
                place: match text(member, "location") {
                    "" if payload == name => Place::Payload,
                    "" => Place::Body,
                    "querystring" => Place::Query,
                    _ => Place::Elsewhere,
                },
                is_required: is_required(name),
            }
        })
        .collect()
}

/// All operations, by name.
pub(crate) fn operations() -> &'static [Operation] {
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let all = part(&MODEL, "operations").as_object();
        let all = all.into_iter().flat_map(Map::iter);
        all.map(|(name, operation)| {
            let http = part(operation, "http");
            let shape = |place| Some(inner(operation, place)).filter(|name| !name.is_empty());
            Operation {
                name,
                method: text(http, "method"),
                uri: text(http, "requestUri"),
                status: part(http, "responseCode")
                    .as_u64()
                    .and_then(|status| u16::try_from(status).ok())
                    .unwrap_or(200),
                input: shape("input"),
                output: shape("output"),
            }
        })
        .collect()
    });
    &OPERATIONS
}

/// A path and its query. What stands behind `#` is not sent.
pub(crate) fn parted(path: &str) -> (&str, &str) {
    let path = path.split('#').next().unwrap_or_default();
    path.split_once('?').unwrap_or((path, ""))
}

/// The operation of a request.
pub(crate) fn operation(method: &str, path: &str) -> Option<&'static Operation> {
    let (path, query) = parted(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_import = method == "POST"
        && (path == "/apikeys" || path == "/restapis")
        && query.split('&').any(|part| part == "mode=import");
    operations().iter().find(|operation| {
        let (uri, wanted) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
        operation.method == method && (wanted == "mode=import") == is_import && fits(uri, path)
    })
}

fn fits(uri: &str, path: &str) -> bool {
    if uri == "/tags/{resource_arn}" {
        return path
            .strip_prefix("/tags/")
            .is_some_and(|arn| !arn.is_empty());
    }
    let (mut parts, mut segments) = (uri.split('/'), path.split('/'));
    loop {
        match (parts.next(), segments.next()) {
            (None, None) => return true,
            (Some(part), Some(segment)) => {
                let is_variable = part.starts_with('{') && !segment.is_empty();
                if !is_variable && part != segment {
                    return false;
                }
            }
            (Some(_), None) | (None, Some(_)) => return false,
        }
    }
}

impl Operation {
    /// What the operation takes.
    pub(crate) fn input(&self) -> Vec<Member> {
        self.input
            .map(|name| structure(shape(name)))
            .unwrap_or_default()
    }

    /// The shape of its answer, but for answers that are documents.
    fn output_shape(&self) -> Option<&'static Value> {
        let shape = shape(self.output?);
        part(shape, "payload").is_null().then_some(shape)
    }

    /// Holds a success against the model.
    ///
    /// # Errors
    ///
    /// What is not as the model says.
    pub(crate) fn check(&self, answer: &Answer) -> Result<(), String> {
        if answer.status != self.status {
            return Err(format!(
                "{} is answered with {}, not with {}",
                self.name, answer.status, self.status
            ));
        }
        if self.output.is_none() {
            return if answer.body.is_empty() {
                Ok(())
            } else {
                Err(format!("{} is answered with a body", self.name))
            };
        }
        let Some(shape) = self.output_shape() else {
            return Ok(());
        };
        let body: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| format!("{} is answered with no JSON: {error}", self.name))?;
        differs(shape, &body, self.name)
    }
}

/// What in a value the shape does not allow. Members that are not there are not missed: API Gateway leaves out what is empty.
fn differs(shape: &'static Value, value: &Value, place: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{place} is no {what}: `{value}`"));
    match (kind(shape), value) {
        ("structure", Value::Object(object)) => {
            let members = structure(shape);
            for (name, value) in object {
                let member = members.iter().find(|member| member.name == name);
                let Some(member) = member else {
                    return Err(format!("{place}.{name} is not in the model"));
                };
                differs(self::shape(member.shape), value, &format!("{place}.{name}"))?;
            }
            Ok(())
        }
        ("list", Value::Array(items)) => {
            let item_shape = self::shape(inner(shape, "member"));
            items
                .iter()
                .try_for_each(|item| differs(item_shape, item, &format!("{place}[]")))
        }
        ("map", Value::Object(entries)) => {
            let value_shape = self::shape(inner(shape, "value"));
            // API Gateway answers empty templates with null (recorded).
            let may_be_null = place.ends_with("Templates");
            entries
                .values()
                .filter(|value| !(may_be_null && value.is_null()))
                .try_for_each(|value| differs(value_shape, value, &format!("{place}.*")))
        }
        ("string", Value::String(text)) => {
            let allowed = allowed(shape);
            if allowed.is_empty() || allowed.contains(&text.as_str()) {
                return Ok(());
            }
            wrong(&format!("member of {allowed:?}"))
        }
        ("boolean", Value::Bool(_)) | ("double" | "float" | "timestamp", Value::Number(_)) => {
            Ok(())
        }
        ("integer" | "long", Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(()),
        (kind, _) => wrong(kind),
    }
}

/// Holds an error against what API Gateway's clients understand.
///
/// # Errors
///
/// What they would not.
pub(crate) fn check_error(answer: &Answer) -> Result<(), String> {
    let told = || {
        let body = String::from_utf8_lossy(&answer.body);
        format!(
            "{}: `{}`",
            answer.status,
            body.chars().take(300).collect::<String>()
        )
    };
    let error_type = answer.error_type.as_deref().unwrap_or_default();
    let known = ERROR_TYPES.iter().find(|(name, _)| *name == error_type);
    if known.is_none_or(|(_, statuses)| !statuses.contains(&answer.status)) {
        return Err(format!("an error is of the type {error_type}: {}", told()));
    }
    if answer.content_type.as_deref() != Some("application/json") {
        return Err(format!("an error is not JSON: {}", told()));
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let messages: Vec<&Value> = ["message", "Message"]
        .iter()
        .filter_map(|name| body.get(name))
        .collect();
    let has_one = matches!(messages.as_slice(), [Value::String(text)] if !text.is_empty());
    if has_one && body.as_object().is_some_and(|body| body.len() == 1) {
        Ok(())
    } else {
        Err(format!("an error does not say one thing: {}", told()))
    }
}
