//! The properties of resources, read into the members of the management API.
//!
//! CloudFormation sends every number and boolean as a text.

use serde_json::{Map, Number, Value};

use crate::control::error::ControlError;
use crate::control::members::Members;

/// What every custom resource has beside its own properties.
const OF_CLOUDFORMATION: [&str; 2] = ["ServiceToken", "ServiceTimeout"];

/// A property, and the member of the management API that it becomes.
struct Property {
    name: &'static str,
    member: &'static str,
    shape: Shape,
    is_required: bool,
}

/// What a property holds.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Whole,
    Number,
    Flag,
    Object(&'static [Property]),
    Objects(&'static [Property]),
    /// Structures by names that the template chooses.
    ObjectMap(&'static [Property]),
    /// A list of `Key` and `Value`.
    Tags,
}

const fn optional(name: &'static str, member: &'static str, shape: Shape) -> Property {
    Property {
        name,
        member,
        shape,
        is_required: false,
    }
}

const fn required(name: &'static str, member: &'static str, shape: Shape) -> Property {
    Property {
        name,
        member,
        shape,
        is_required: true,
    }
}

/// The properties of one type of resource.
pub(super) struct Schema(&'static [Property]);

const THROTTLE: &[Property] = &[
    required("BurstLimit", "burstLimit", Shape::Whole),
    required("RateLimit", "rateLimit", Shape::Number),
];

const QUOTA: &[Property] = &[
    required("Limit", "limit", Shape::Whole),
    optional("Offset", "offset", Shape::Whole),
    required("Period", "period", Shape::Text),
];

const COVERED_STAGE: &[Property] = &[
    required("ApiId", "apiId", Shape::Text),
    required("Stage", "stage", Shape::Text),
    optional("Throttle", "throttle", Shape::ObjectMap(THROTTLE)),
];

const STAGE_KEY: &[Property] = &[
    optional("RestApiId", "restApiId", Shape::Text),
    optional("StageName", "stageName", Shape::Text),
];

const TAG: &[Property] = &[
    required("Key", "key", Shape::Text),
    required("Value", "value", Shape::Text),
];

pub(super) const USAGE_PLAN: Schema = Schema(&[
    optional("ApiStages", "apiStages", Shape::Objects(COVERED_STAGE)),
    optional("Description", "description", Shape::Text),
    optional("Quota", "quota", Shape::Object(QUOTA)),
    optional("Tags", "tags", Shape::Tags),
    optional("Throttle", "throttle", Shape::Object(THROTTLE)),
    optional("UsagePlanName", "name", Shape::Text),
]);

pub(super) const API_KEY: Schema = Schema(&[
    optional("CustomerId", "customerId", Shape::Text),
    optional("Description", "description", Shape::Text),
    optional("Enabled", "enabled", Shape::Flag),
    optional("GenerateDistinctId", "generateDistinctId", Shape::Flag),
    optional("Name", "name", Shape::Text),
    optional("StageKeys", "stageKeys", Shape::Objects(STAGE_KEY)),
    optional("Tags", "tags", Shape::Tags),
    optional("Value", "value", Shape::Text),
]);

pub(super) const USAGE_PLAN_KEY: Schema = Schema(&[
    required("KeyId", "keyId", Shape::Text),
    required("KeyType", "keyType", Shape::Text),
    required("UsagePlanId", "usagePlanId", Shape::Text),
]);

pub(super) const API_STAGE: Schema = Schema(&[
    required("ApiId", "apiId", Shape::Text),
    required("Stage", "stage", Shape::Text),
    optional("Throttle", "throttle", Shape::ObjectMap(THROTTLE)),
    required("UsagePlanId", "usagePlanId", Shape::Text),
]);

impl Schema {
    /// Reads the properties of a resource.
    ///
    /// # Errors
    ///
    /// `BadRequestException` that names the property which is missing, unknown, or of another type.
    pub(super) fn read(&self, properties: &Map<String, Value>) -> Result<Members, ControlError> {
        let own = properties
            .iter()
            .filter(|(name, _)| !OF_CLOUDFORMATION.contains(&name.as_str()));
        let members = structure(own, self.0, "")?;
        Ok(Members::new(members, "Properties"))
    }

    /// Reads one property of a former version of the template, as far as it can be understood: a template that was refused must not keep
    /// CloudFormation from going back to the one before it.
    pub(super) fn read_former(&self, properties: &Map<String, Value>, name: &str) -> Members {
        let property = self.0.iter().find(|property| property.name == name);
        let mut members = Map::new();
        if let (Some(property), Some(value)) = (property, properties.get(name))
            && let Ok(value) = read(value, property.shape, name)
        {
            members.insert(property.member.to_owned(), value);
        }
        Members::new(members, "OldProperties")
    }
}

fn structure<'a>(
    entries: impl Iterator<Item = (&'a String, &'a Value)>,
    known: &[Property],
    path: &str,
) -> Result<Map<String, Value>, ControlError> {
    let mut members = Map::new();
    for (name, value) in entries {
        let property = known.iter().find(|property| property.name == name);
        let property = property.ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|property| property.name).collect();
            ControlError::bad_request(format!(
                "{} is no property of this resource. Known are: {}",
                below(path, name),
                names.join(", ")
            ))
        })?;
        if !value.is_null() {
            let value = read(value, property.shape, &below(path, name))?;
            members.insert(property.member.to_owned(), value);
        }
    }
    let missing = known
        .iter()
        .find(|property| property.is_required && !members.contains_key(property.member));
    match missing {
        Some(property) => Err(ControlError::bad_request(format!(
            "{} is missing",
            below(path, property.name)
        ))),
        None => Ok(members),
    }
}

fn read(value: &Value, shape: Shape, path: &str) -> Result<Value, ControlError> {
    match shape {
        Shape::Text => text(value, path).map(Value::String),
        Shape::Whole => scalar(value, path, "a whole number", |text| {
            let number: i64 = text.parse().ok()?;
            Some(Value::from(number))
        }),
        Shape::Number => scalar(value, path, "a number", |text| {
            let number: f64 = text.parse().ok()?;
            Number::from_f64(number).map(Value::Number)
        }),
        Shape::Flag => scalar(value, path, "true or false", |text| match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        }),
        Shape::Object(known) => {
            let entries = object(value, path)?;
            structure(entries.iter(), known, path).map(Value::Object)
        }
        Shape::Objects(known) => objects(value, known, path).map(Value::Array),
        Shape::ObjectMap(known) => {
            let mut map = Map::new();
            for (name, value) in object(value, path)? {
                let path = below(path, name);
                let members = structure(object(value, &path)?.iter(), known, &path)?;
                map.insert(name.clone(), Value::Object(members));
            }
            Ok(Value::Object(map))
        }
        Shape::Tags => {
            let mut tags = Map::new();
            for tag in objects(value, TAG, path)? {
                let part = |name: &str| tag.get(name).cloned().unwrap_or_default();
                let key = part("key").as_str().unwrap_or_default().to_owned();
                if tags.insert(key.clone(), part("value")).is_some() {
                    return Err(ControlError::bad_request(format!(
                        "{path} has the key {key} more than once"
                    )));
                }
            }
            Ok(Value::Object(tags))
        }
    }
}

fn objects(value: &Value, known: &[Property], path: &str) -> Result<Vec<Value>, ControlError> {
    let Value::Array(values) = value else {
        return Err(must_be(path, "a list"));
    };
    values
        .iter()
        .enumerate()
        .map(|(place, value)| {
            let path = format!("{path}[{place}]");
            structure(object(value, &path)?.iter(), known, &path).map(Value::Object)
        })
        .collect()
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, ControlError> {
    value.as_object().ok_or_else(|| must_be(path, "an object"))
}

/// A text. Numbers and booleans are texts to CloudFormation.
fn text(value: &Value, path: &str) -> Result<String, ControlError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(must_be(path, "a text")),
    }
}

fn scalar(
    value: &Value,
    path: &str,
    wanted: &str,
    parse: impl Fn(&str) -> Option<Value>,
) -> Result<Value, ControlError> {
    text(value, path)
        .ok()
        .and_then(|text| parse(text.trim()))
        .ok_or_else(|| must_be(path, wanted))
}

/// The value itself is not shown: it may be a secret in the wrong place.
fn must_be(path: &str, wanted: &str) -> ControlError {
    ControlError::bad_request(format!("{path} must be {wanted}"))
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
