//! A document and what its references point to.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::error::ImportError;
use super::{DOCUMENT_BYTES_MAX, EXPANDED_BYTES_MAX, yaml};

/// How many references may follow one another.
pub(super) const HOPS_MAX: usize = 32;

/// What a value costs beside its text.
const VALUE_BYTES: usize = 16;

/// The language of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Swagger 2.0.
    Swagger2,
    /// OpenAPI 3.0 or 3.1.
    OpenApi3,
}

impl Dialect {
    /// How the references to the schemas of a document begin.
    pub(super) const fn schemas(self) -> &'static str {
        match self {
            Self::Swagger2 => "#/definitions/",
            Self::OpenApi3 => "#/components/schemas/",
        }
    }
}

/// A document of which nothing but its language is known to be right.
#[derive(Debug)]
pub(super) struct Document {
    root: Map<String, Value>,
    pub(super) dialect: Dialect,
}

impl Document {
    /// Reads JSON or YAML.
    pub(super) fn read(text: &str) -> Result<Self, ImportError> {
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(ImportError::TooLong { bytes: text.len() });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // JSON is read as such for its speed. What only looks like it may be YAML.
        let value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(json) => yaml::read(text).map_err(|yaml| {
                let is_json = text.trim_start().starts_with('{');
                ImportError::Unreadable(if is_json { json.to_string() } else { yaml })
            })?,
        };
        let Value::Object(root) = value else {
            let what = "the document is no map";
            return Err(ImportError::NotOpenApi(what.to_owned()));
        };
        let dialect = dialect(&root).map_err(ImportError::NotOpenApi)?;
        Ok(Self { root, dialect })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.root.get(name).filter(|value| !value.is_null())
    }

    /// A member that is a map; nothing if it is not.
    pub(super) fn map(&self, name: &str) -> Option<&Map<String, Value>> {
        self.get(name).and_then(Value::as_object)
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.root.iter()
    }

    /// A map of reusable parts: `parameters`, `responses`, `securitySchemes` and so on.
    pub(super) fn parts(&self, swagger: &str, openapi: &str) -> Option<&Map<String, Value>> {
        match self.dialect {
            Dialect::Swagger2 => self.map(swagger),
            Dialect::OpenApi3 => self
                .map("components")
                .and_then(|components| components.get(openapi))
                .and_then(Value::as_object),
        }
    }

    fn target(&self, reference: &str) -> Option<&Value> {
        let fragment = reference.strip_prefix("#/")?;
        let fragment = percent_decode_str(fragment).decode_utf8().ok()?;
        let mut steps = fragment
            .split('/')
            .map(|step| step.replace("~1", "/").replace("~0", "~"));
        let first = steps.next()?;
        steps.try_fold(self.root.get(&first)?, |value, step| match value {
            Value::Object(members) => members.get(&step),
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }
}

/// The language and its version.
fn dialect(root: &Map<String, Value>) -> Result<Dialect, String> {
    let version = |name| root.get(name).and_then(text_of);
    if let Some(version) = version("openapi") {
        return if version.starts_with("3.0") || version.starts_with("3.1") {
            Ok(Dialect::OpenApi3)
        } else {
            Err(format!("OpenAPI {version} is not known; 3.0 and 3.1 are"))
        };
    }
    match version("swagger").as_deref() {
        Some("2.0" | "2") => Ok(Dialect::Swagger2),
        Some(version) => Err(format!("Swagger {version} is not known; 2.0 is")),
        None => Err("there is no member `openapi` or `swagger`".to_owned()),
    }
}

/// Text, or a number or a boolean as text: documents have them for one another.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The reference that a value is.
pub(super) fn reference(value: &Value) -> Option<&str> {
    value.as_object()?.get("$ref")?.as_str()
}

/// What references may still expand to.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            bytes: EXPANDED_BYTES_MAX,
        }
    }
}

/// Why a reference leads nowhere.
#[derive(Debug)]
pub(super) enum Unresolved {
    /// It points to another document, or to nothing, or in a circle.
    Missing(String),
    /// With it the document would expand to too much.
    Exhausted,
}

impl Budget {
    /// Follows references. A value that is none is what it is.
    pub(super) fn resolve<'d>(
        &mut self,
        document: &'d Document,
        value: &'d Value,
    ) -> Result<&'d Value, Unresolved> {
        let mut value = value;
        for _ in 0..HOPS_MAX {
            let Some(next) = reference(value) else {
                return Ok(value);
            };
            value = self.follow(document, next)?;
        }
        let circle = reference(value).unwrap_or_default();
        Err(Unresolved::Missing(circle.to_owned()))
    }

    /// Follows one reference.
    pub(super) fn follow<'d>(
        &mut self,
        document: &'d Document,
        reference: &str,
    ) -> Result<&'d Value, Unresolved> {
        let target = document.target(reference);
        let target = target.ok_or_else(|| Unresolved::Missing(reference.to_owned()))?;
        self.spend(target)?;
        Ok(target)
    }

    /// Pays for a copy of so many bytes.
    pub(super) fn spend_bytes(&mut self, bytes: usize) -> Result<(), Unresolved> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Unresolved::Exhausted)?;
        Ok(())
    }

    /// Pays for a copy of `value`.
    fn spend(&mut self, value: &Value) -> Result<(), Unresolved> {
        let own = match value {
            Value::String(text) => text.len(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => 0,
        };
        self.spend_bytes(own.saturating_add(VALUE_BYTES))?;
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.spend(item)),
            Value::Object(members) => members.iter().try_for_each(|(name, member)| {
                self.spend_bytes(name.len())?;
                self.spend(member)
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }
}
