//! No document makes the import panic, nor take more than it may.

use proptest::prelude::*;
use serde_json::json;

use super::super::{DOCUMENT_BYTES_MAX, apply};
use super::*;
use crate::random::NoEntropy;

/// Reads a document, and makes an API of it if it is one.
fn tried(document: &str) {
    let Ok(imported) = definition_of(document, &OPTIONS) else {
        return;
    };
    assert!(imported.warnings.len() <= 200);
    let mut next = 0;
    let mut new_id = |_| -> Result<String, NoEntropy> {
        next += 1;
        Ok(format!("id{next}"))
    };
    // It may be refused.
    let _ = apply::create(&imported, "a", 0, &mut new_id);
}

/// Names that mean something in documents, so that random ones reach deep.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "$ref",
        "paths",
        "/",
        "/a",
        "/a/{b}",
        "/{c+}",
        "get",
        "x-amazon-apigateway-any-method",
        "parameters",
        "name",
        "in",
        "requestBody",
        "content",
        "application/json",
        "schema",
        "responses",
        "200",
        "default",
        "headers",
        "security",
        "securitySchemes",
        "components",
        "schemas",
        "A",
        "B",
        "servers",
        "url",
        "variables",
        "info",
        "title",
        "type",
        "x-amazon-apigateway-integration",
        "x-amazon-apigateway-authorizer",
        "x-amazon-apigateway-request-validators",
        "x-amazon-apigateway-gateway-responses",
        "statusCode",
        "responseTemplates",
        "requestParameters",
        "properties",
        "items",
    ];
    prop_oneof![4 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

fn leaf() -> impl Strategy<Value = Value> {
    let known = [
        "#/paths/~1a",
        "#/components/schemas/A",
        "#/components/schemas/A/properties/B",
        "#/components/schemas/B/items",
        "#/",
        "#",
        "other.yaml#/x",
        "https://apigateway.amazonaws.com/restapis/x/models/A",
        "path",
        "query",
        "header",
        "body",
        "mock",
        "http",
        "token",
        "apiKey",
        "/{basePath}",
        "true",
        "200",
    ];
    prop_oneof![
        4 => proptest::sample::select(known.to_vec()).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => "\\PC{0,6}".prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(8, 96, 6, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => proptest::collection::btree_map(name(), inner, 0..6)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        tried(&text);
    }

    #[test]
    fn any_yaml_is_read_or_refused(text in "[\\[\\]{}:&*!|>?,#%'\"<\\- \\na-c1~]{0,200}") {
        tried(&text);
        tried(&format!("openapi: 3.0.1\npaths:\n  /a:\n    get: {text}"));
    }

    #[test]
    fn any_tree_in_a_document_is_read_or_refused(
        paths in tree(), components in tree(), rest in tree(), swagger in any::<bool>(),
    ) {
        let mut document = if swagger {
            json!({"swagger": "2.0", "paths": paths, "definitions": components, "parameters": components})
        } else {
            json!({"openapi": "3.1.0", "paths": paths, "components": components})
        };
        if let (Value::Object(rest), Some(members)) = (rest, document.as_object_mut()) {
            for (name, value) in rest {
                members.entry(name).or_insert(value);
            }
        }
        tried(&document.to_string());
    }
}

#[test]
fn a_document_beyond_six_megabytes_is_refused_unread() {
    let document = " ".repeat(DOCUMENT_BYTES_MAX + 1);
    let error = definition_of(&document, &OPTIONS).unwrap_err();
    assert_eq!(
        error,
        ImportError::TooLong {
            bytes: DOCUMENT_BYTES_MAX + 1
        }
    );
}

#[test]
fn references_in_a_circle_lead_nowhere() {
    let mut document = openapi(&json!({
        "/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}, "/c": {"$ref": "#/paths/~1c"},
    }));
    document["components"] = json!({"schemas": {"A": {"properties": {"x": {"$ref": "#/components/schemas/A/properties/x"}}}}});
    let imported = imported(&document);
    assert!(
        imported.definition.resources["/a"]
            .resource_methods
            .is_empty()
    );
    assert_eq!(imported.warnings.len(), 4, "{:?}", imported.warnings);
}

#[test]
fn a_schema_that_contains_itself_without_a_name_ends() {
    let mut document = openapi(&json!({}));
    document["components"] = json!({"schemas": {"A": {"properties": {
        "x": {"properties": {"y": {"$ref": "#/components/schemas/A/properties/x"}}},
    }}}});
    let imported = imported(&document);
    assert!(imported.definition.models["A"].schema.is_some());
    assert_eq!(imported.warnings.len(), 1, "{:?}", imported.warnings);
}

#[test]
fn references_cannot_multiply_a_document_without_bound() {
    let template = "x".repeat(100_000);
    let big = json!({"get": {"x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": template}}}});
    let paths: serde_json::Map<String, Value> = (0..10_000)
        .map(|index| (format!("/p{index}"), json!({"$ref": "#/x-big"})))
        .collect();
    let mut document = openapi(&Value::Object(paths));
    document["x-big"] = big;
    assert!(matches!(refused(&document), ImportError::Unreadable(_)));

    // The document's own lists are copied into each method as well.
    let paths: serde_json::Map<String, Value> = (0..10_000)
        .map(|index| (format!("/p{index}"), json!({"get": {}})))
        .collect();
    let mut document = openapi(&Value::Object(paths));
    document["components"] = json!({"securitySchemes": {"who": {"type": "apiKey", "x-amazon-apigateway-authorizer": {"type": "token"}}}});
    document["security"] = json!([{"who": ["x".repeat(100_000)]}]);
    assert!(matches!(refused(&document), ImportError::Unreadable(_)));
}

#[test]
fn a_path_of_many_segments_does_not_become_many_long_paths() {
    let long = "/a".repeat(100_000);
    assert!(matches!(
        refused(&openapi(&json!({long: {}}))),
        ImportError::Refused(_)
    ));
    let paths: serde_json::Map<String, Value> = (0..2_000)
        .map(|index| (format!("/p{index}{}", "/a".repeat(1_000)), json!({})))
        .collect();
    assert!(matches!(
        refused(&openapi(&Value::Object(paths))),
        ImportError::Unreadable(_)
    ));
}

#[test]
fn the_base_path_counts_in_the_length_of_a_path() {
    let mut document = openapi(&json!({"/users": {}}));
    let read = |document: &Value| {
        let options = ImportOptions {
            base_path: BasePath::Prepend,
            ..OPTIONS
        };
        definition_of(&document.to_string(), &options)
    };
    document["servers"] = json!([{"url": format!("https://x.example{}", "/a".repeat(1_021))}]);
    let imported = read(&document).unwrap();
    let mut paths = imported.definition.resources.keys();
    assert!(paths.any(|path| path.len() == 2_048));
    document["servers"] = json!([{"url": format!("https://x.example{}", "/a".repeat(1_022))}]);
    assert!(matches!(read(&document), Err(ImportError::Refused(_))));
    // A path counts as the resource has it, with the slash that the document may leave out.
    let mut document = openapi(&json!({"usr": {}}));
    document["servers"] = json!([{"url": format!("https://x.example/b{}", "/a".repeat(1_021))}]);
    assert!(read(&document).is_ok());
    document["servers"] = json!([{"url": format!("https://x.example/bc{}", "/a".repeat(1_021))}]);
    assert!(matches!(read(&document), Err(ImportError::Refused(_))));
}
