//! Models to schemas.

use serde_json::{Map, Value};

use crate::control::openapi::document::Dialect;
use crate::control::openapi::import::model_of_url;
use crate::rest_api::Snapshot;

/// The schemas of all models, by name. A model without a schema takes anything.
pub(super) fn of(snapshot: &Snapshot, dialect: Dialect) -> Map<String, Value> {
    let models = &snapshot.definition.models;
    models
        .iter()
        .map(|(name, model)| {
            let schema = model
                .schema
                .as_deref()
                .and_then(|schema| serde_json::from_str(schema).ok())
                .unwrap_or_else(|| Value::Object(Map::new()));
            (name.clone(), with_local_references(schema, dialect))
        })
        .collect()
}

/// The reference to a model.
pub(super) fn reference(name: &str, dialect: Dialect) -> Value {
    let target = format!("{}{name}", dialect.schemas());
    Value::Object(Map::from_iter([("$ref".to_owned(), Value::from(target))]))
}

/// References to models are URLs in the store, and point into the document in an export.
fn with_local_references(schema: Value, dialect: Dialect) -> Value {
    match schema {
        Value::Object(members) => {
            let model = members
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(model_of_url);
            if let Some(model) = model {
                return reference(model, dialect);
            }
            Value::Object(
                members
                    .into_iter()
                    .map(|(name, member)| (name, with_local_references(member, dialect)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .map(|item| with_local_references(item, dialect))
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema,
    }
}
