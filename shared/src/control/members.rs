//! Members of a body in JSON, by type. Other types are refused with the texts of AWS's framework.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::{ControlError, Kind};

/// The members of a structure. Those that are `null` count as absent; unknown ones are ignored.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    /// Where the structure stands, such as `createApiKeyInput`.
    path: String,
    members: Map<String, Value>,
}

impl Members {
    /// Reads a body. An empty one has no members.
    ///
    /// # Errors
    ///
    /// `SerializationException` when it is not JSON, or not an object.
    pub(super) fn read(body: &[u8], input: &str) -> Result<Self, ControlError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self {
                path: input.to_owned(),
                members: Map::new(),
            });
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self {
                path: input.to_owned(),
                members,
            }),
            Ok(other) => Err(unexpected(&other, "structure")),
            Err(error) => Err(ControlError::new(
                Kind::Serialization,
                format!("the body is not JSON: {error}"),
            )),
        }
    }

    /// Members that were read elsewhere; `path` is what errors call their structure.
    pub(super) fn new(members: Map<String, Value>, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            members,
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn one<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, ControlError> {
        self.get(name)
            .map(|value| read(value).ok_or_else(|| unexpected(value, wanted)))
            .transpose()
    }

    fn map<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<BTreeMap<String, T>>, ControlError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let Value::Object(entries) = value else {
            return Err(unexpected(value, "map"));
        };
        let mut map = BTreeMap::new();
        for (key, value) in entries {
            let value = read(value).ok_or_else(|| unexpected(value, wanted))?;
            map.insert(key.clone(), value);
        }
        Ok(Some(map))
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ControlError> {
        self.one(name, "String", |value| value.as_str().map(str::to_owned))
    }

    /// A text; an empty one counts as absent.
    pub(super) fn filled_text(&self, name: &str) -> Result<Option<String>, ControlError> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    /// True or false.
    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, ControlError> {
        self.one(name, "Boolean", Value::as_bool)
    }

    /// A whole number.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, ControlError> {
        self.one(name, "Integer", Value::as_i64)
    }

    /// A number.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, ControlError> {
        self.one(name, "Double", Value::as_f64)
    }

    /// Texts by name. `null` is an empty one, as API Gateway reads templates (recorded).
    pub(super) fn text_map(
        &self,
        name: &str,
    ) -> Result<Option<BTreeMap<String, String>>, ControlError> {
        self.map(name, "String", |value| match value {
            Value::Null => Some(String::new()),
            other => other.as_str().map(str::to_owned),
        })
    }

    /// Booleans by name.
    pub(super) fn boolean_map(
        &self,
        name: &str,
    ) -> Result<Option<BTreeMap<String, bool>>, ControlError> {
        self.map(name, "Boolean", Value::as_bool)
    }

    /// Lists of texts by name.
    pub(super) fn text_lists(
        &self,
        name: &str,
    ) -> Result<Option<BTreeMap<String, Vec<String>>>, ControlError> {
        self.map(name, "String", |value| {
            let values = value.as_array()?.iter();
            values
                .map(|value| value.as_str().map(str::to_owned))
                .collect()
        })
    }

    /// Structures by name.
    pub(super) fn object_map(
        &self,
        name: &str,
    ) -> Result<Option<BTreeMap<String, Self>>, ControlError> {
        let path = format!("{}.{name}", self.path);
        self.map(name, "structure", |value| Self::of(value, path.clone()))
    }

    /// A list of texts.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, ControlError> {
        let Some(values) = self.list(name)? else {
            return Ok(None);
        };
        values
            .iter()
            .map(|value| {
                let text = value.as_str().map(str::to_owned);
                text.ok_or_else(|| unexpected(value, "String"))
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A structure.
    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, ControlError> {
        let path = format!("{}.{name}", self.path);
        self.one(name, "structure", |value| Self::of(value, path.clone()))
    }

    /// A list of structures.
    pub(super) fn objects(&self, name: &str) -> Result<Option<Vec<Self>>, ControlError> {
        let Some(values) = self.list(name)? else {
            return Ok(None);
        };
        values
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let place = index.saturating_add(1);
                let path = format!("{}.{name}.{place}.member", self.path);
                Self::of(value, path).ok_or_else(|| unexpected(value, "structure"))
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The JSON value itself.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }

    /// One of the texts `known`, such as the members of an enum; `parse` reads it.
    ///
    /// # Errors
    ///
    /// `ValidationException` with the framework's text.
    pub(super) fn choice<T>(
        &self,
        name: &str,
        known: &[T],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ControlError>
    where
        T: std::fmt::Display,
    {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let known: Vec<String> = known.iter().map(ToString::to_string).collect();
        parse(&text).map(Some).ok_or_else(|| {
            ControlError::validation(&[format!(
                "Value '{text}' at '{}.{name}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
                self.path,
                known.join(", ")
            )])
        })
    }

    /// A text that has to be there.
    ///
    /// # Errors
    ///
    /// `ValidationException` with the framework's text.
    pub(super) fn required_text(&self, name: &str) -> Result<String, ControlError> {
        self.text(name)?.ok_or_else(|| self.missing(name))
    }

    /// The error for a member that is not there.
    pub(super) fn missing(&self, name: &str) -> ControlError {
        ControlError::validation(&[format!(
            "Value null at '{}.{name}' failed to satisfy constraint: Member must not be null",
            self.path
        )])
    }

    fn of(value: &Value, path: String) -> Option<Self> {
        let members = value.as_object()?.clone();
        Some(Self { path, members })
    }

    fn list(&self, name: &str) -> Result<Option<&Vec<Value>>, ControlError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(values)) => Ok(Some(values)),
            Some(other) => Err(unexpected(other, "list")),
        }
    }
}

/// The framework's text for a value of another type than `wanted`.
fn unexpected(value: &Value, wanted: &str) -> ControlError {
    let message = match value {
        Value::Null => format!("null can not be converted to an {wanted}"),
        Value::Bool(_) => class("java.lang.Boolean", wanted),
        Value::Number(_) => class(
            "com.amazon.coral.value.json.numbers.TruncatingBigNumber",
            wanted,
        ),
        Value::String(_) => class("java.lang.String", wanted),
        Value::Array(_) => "Start of list found where not expected".to_owned(),
        Value::Object(_) => "Start of structure or map found where not expected.".to_owned(),
    };
    ControlError::new(Kind::Serialization, message)
}

fn class(class: &str, wanted: &str) -> String {
    format!("class {class} can not be converted to an {wanted}")
}
