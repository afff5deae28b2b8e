//! Documents in, definitions out, and back.

mod apply;
mod bounds;
mod generated;
mod import;
mod round_trip;
mod security;

use serde_json::Value;

use super::{BasePath, ImportError, ImportOptions, Imported, definition_of};
use crate::rest_api::{Integration, Method};

const OPTIONS: ImportOptions<'static> = ImportOptions {
    api_id: "a1b2c3d4e5",
    base_path: BasePath::Ignore,
    endpoint_type: None,
};

fn imported(document: &Value) -> Imported {
    definition_of(&document.to_string(), &OPTIONS).unwrap()
}

fn refused(document: &Value) -> ImportError {
    definition_of(&document.to_string(), &OPTIONS).unwrap_err()
}

fn method<'a>(imported: &'a Imported, path: &str, verb: &str) -> &'a Method {
    &imported.definition.resources[path].resource_methods[verb]
}

fn integration<'a>(imported: &'a Imported, path: &str, verb: &str) -> &'a Integration {
    method(imported, path, verb)
        .method_integration
        .as_ref()
        .unwrap()
}

/// An OpenAPI document with these paths.
fn openapi(paths: &Value) -> Value {
    serde_json::json!({
        "openapi": "3.0.1", "info": {"title": "shop", "version": "1.0"}, "paths": paths,
    })
}
