//! Schemas to models.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Import;
use crate::control::openapi::MODEL_URL;
use crate::control::openapi::document::{HOPS_MAX, reference};
use crate::control::openapi::error::ImportError;
use crate::rest_api::Model;

/// The only media type that imported models have.
const JSON: &str = "application/json";

/// The deepest schema. Stored schemas are read again by readers with a bound of their own.
const SCHEMA_DEPTH_MAX: usize = 100;

/// How many hexadecimal digits end the name of a model that stands for a schema without a name, at the least.
const DIGITS_MIN: usize = 6;

/// What a schema is once its references are followed.
enum Followed<'d> {
    /// The model of this name.
    Model(String),
    /// A schema that is no reference.
    Schema(&'d Value),
    /// Nothing that the document knows.
    Nothing,
}

impl<'d> Import<'d> {
    /// Makes a model of every schema that has a name.
    pub(super) fn read_models(&mut self) -> Result<(), ImportError> {
        let Some(schemas) = self.document.parts("definitions", "schemas") else {
            return Ok(());
        };
        for (name, schema) in schemas {
            if is_model_name(name) {
                let schema = self.schema(schema, 0)?;
                self.models.insert(name.clone(), model(name, &schema));
            } else {
                self.warnings
                    .add(format!("Model name must be alphanumeric: {name}"));
            }
        }
        Ok(())
    }

    /// The name of the model for the schema of a body: its own if it is a reference to one, else one that is made for it. The name is made from
    /// the schema, so that an import of the same document changes nothing.
    pub(super) fn model_of(&mut self, schema: &'d Value) -> Result<Option<String>, ImportError> {
        let schema = match self.followed(schema)? {
            Followed::Model(name) => return Ok(Some(name)),
            Followed::Nothing => return Ok(None),
            Followed::Schema(schema) => self.schema(schema, 0)?,
        };
        let digest = Sha256::digest(schema.to_string());
        let digits: String = digest
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 0xf])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect();
        for len in DIGITS_MIN..=digits.len() {
            let name = format!("MODEL{}", digits.get(..len).unwrap_or(&digits));
            let made = model(&name, &schema);
            let known = self
                .models
                .entry(name.clone())
                .or_insert_with(|| made.clone());
            if *known == made {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Follows references until one names a model, or to a schema that is none.
    fn followed(&mut self, schema: &'d Value) -> Result<Followed<'d>, ImportError> {
        let mut schema = schema;
        for _ in 0..HOPS_MAX {
            let Some(reference) = reference(schema) else {
                return Ok(Followed::Schema(schema));
            };
            if let Some(name) = self.model_name(reference) {
                let known = self.known_model(name);
                return Ok(known.map_or(Followed::Nothing, |name| Followed::Model(name.to_owned())));
            }
            let Some(target) = self.follow(reference)? else {
                return Ok(Followed::Nothing);
            };
            schema = target;
        }
        self.warnings
            .add("A reference leads in a circle. Ignoring.".to_owned());
        Ok(Followed::Nothing)
    }

    /// The schema with its references to models as API Gateway stores them, and what else it refers to in place of the reference.
    fn schema(&mut self, schema: &'d Value, depth: usize) -> Result<Value, ImportError> {
        if depth > SCHEMA_DEPTH_MAX {
            self.warnings.add(format!(
                "A schema is nested deeper than {SCHEMA_DEPTH_MAX} levels. Ignoring what is deeper."
            ));
            return Ok(Value::Object(Map::new()));
        }
        let deeper = depth.saturating_add(1);
        let schema = match self.followed(schema)? {
            Followed::Schema(schema) => schema,
            Followed::Nothing => return Ok(Value::Object(Map::new())),
            Followed::Model(name) => {
                let url = format!("{MODEL_URL}{}/models/{name}", self.options.api_id);
                let reference = ("$ref".to_owned(), Value::from(url));
                return Ok(Value::Object(Map::from_iter([reference])));
            }
        };
        Ok(match schema {
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.schema(item, deeper))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| Ok((name.clone(), self.schema(member, deeper)?)))
                    .collect::<Result<_, ImportError>>()?,
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
        })
    }

    /// The model that a reference names: one of the document, or one of this or another API by its URL.
    fn model_name<'r>(&self, reference: &'r str) -> Option<&'r str> {
        let name = match reference.strip_prefix(self.document.dialect.schemas()) {
            Some(name) => name,
            None => model_of_url(reference)?,
        };
        (!name.contains('/')).then_some(name)
    }

    /// The name, if there is such a model.
    fn known_model<'r>(&mut self, name: &'r str) -> Option<&'r str> {
        let schemas = self.document.parts("definitions", "schemas");
        let is_known = is_model_name(name) && schemas.is_some_and(|known| known.contains_key(name));
        if !is_known {
            self.warnings
                .add(format!("Reference to model '{name}' not found. Ignoring."));
        }
        is_known.then_some(name)
    }
}

/// The name of the model in a URL such as `https://apigateway.amazonaws.com/restapis/a1b2c3d4e5/models/Pet`.
pub(in crate::control::openapi) fn model_of_url(url: &str) -> Option<&str> {
    let (_api, name) = url.strip_prefix(MODEL_URL)?.split_once("/models/")?;
    (!name.contains('/')).then_some(name)
}

fn is_model_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric())
}

fn model(name: &str, schema: &Value) -> Model {
    Model {
        id: name.to_owned(),
        name: name.to_owned(),
        description: schema
            .get("description")
            .and_then(Value::as_str)
            .map(str::to_owned),
        schema: Some(schema.to_string()),
        content_type: JSON.to_owned(),
    }
}
