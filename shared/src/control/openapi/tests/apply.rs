//! Documents become part of APIs.

use serde_json::json;

use super::super::apply::{ApplyError, create, merge, overwrite};
use super::*;
use crate::random::NoEntropy;
use crate::rest_api::{ApiRecord, EndpointType};

/// Ids in order: `id00000001` and so on, as long as they have to be.
fn ids() -> impl FnMut(usize) -> Result<String, NoEntropy> {
    let mut next = 0;
    move |len| {
        next += 1;
        Ok(format!("id{next:0width$}", width = len - 2))
    }
}

fn shop() -> Value {
    let mut document = openapi(&json!({
        "/pets": {"get": {"x-amazon-apigateway-integration": {"type": "mock"}, "x-amazon-apigateway-request-validator": "all"}},
        "/pets/{id}": {"get": {"security": [{"who": []}]}},
    }));
    document["components"] = json!({
        "schemas": {"Pet": {"type": "object"}},
        "securitySchemes": {"who": {"type": "apiKey", "name": "A", "in": "header", "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": "arn:1"}}},
    });
    document["x-amazon-apigateway-request-validators"] = json!({"all": {}});
    document["x-amazon-apigateway-binary-media-types"] = json!(["image/png", "image/jpg"]);
    document
}

fn created() -> ApiRecord {
    create(&imported(&shop()), "a1b2c3d4e5", 7, &mut ids()).unwrap()
}

fn id_of(record: &ApiRecord, path: &str) -> String {
    let resources = record.definition.resources.values();
    let found = resources.filter(|resource| resource.path == path);
    let ids: Vec<&str> = found.map(|resource| resource.id.as_str()).collect();
    assert_eq!(ids.len(), 1, "{path}");
    ids[0].to_owned()
}

#[test]
fn a_new_api_has_ids_of_aws_lengths_that_fit_together() {
    let record = created();
    assert_eq!(record.api.id, "a1b2c3d4e5");
    assert_eq!(record.api.root_resource_id, id_of(&record, "/"));
    assert_eq!(record.api.root_resource_id.len(), 10);
    assert_eq!(
        record.api.endpoint_configuration.types,
        [EndpointType::Edge]
    );
    let definition = &record.definition;
    let pets = &definition.resources[&id_of(&record, "/pets")];
    assert_eq!(pets.id.len(), 6);
    assert_eq!(pets.parent_id.as_ref(), Some(&record.api.root_resource_id));
    let get = &pets.resource_methods["GET"];
    let integration = get.method_integration.as_ref().unwrap();
    assert_eq!(integration.cache_namespace, pets.id);
    let validator = get.request_validator_id.as_ref().unwrap();
    assert_eq!(
        definition.request_validators[validator].name.as_deref(),
        Some("all")
    );
    let pet = &definition.resources[&id_of(&record, "/pets/{id}")];
    let authorizer = pet.resource_methods["GET"].authorizer_id.as_ref().unwrap();
    assert_eq!(definition.authorizers[authorizer].name, "who");
    assert_eq!(definition.models["Pet"].id.len(), 6);
}

#[test]
fn an_api_without_a_title_is_not_made() {
    let mut document = shop();
    document["info"] = json!({});
    let error = create(&imported(&document), "a", 0, &mut ids()).unwrap_err();
    assert!(matches!(
        error,
        ApplyError::Import(ImportError::NotOpenApi(_))
    ));
}

#[test]
fn overwriting_keeps_the_ids_of_what_stays_and_removes_the_rest() {
    let mut record = created();
    let before = record.clone();
    record.api.description = Some("old".to_owned());
    let twice = openapi(&json!({"/{a}": {}, "/{b}": {}}));
    overwrite(&mut record, &imported(&twice), &mut ids()).unwrap_err();
    assert_eq!(record.definition, before.definition);
    let mut document = shop();
    document["paths"] = json!({"/pets": {"post": {}}, "/new": {}});
    let mut other_ids = ids();
    let mut new_id = |len| other_ids(len).map(|id| id.replace("id", "xx"));
    overwrite(&mut record, &imported(&document), &mut new_id).unwrap();
    for path in ["/", "/pets"] {
        assert_eq!(id_of(&record, path), id_of(&before, path));
    }
    let pets = &record.definition.resources[&id_of(&record, "/pets")];
    assert_eq!(pets.resource_methods.keys().collect::<Vec<_>>(), ["POST"]);
    assert_eq!(record.definition.resources.len(), 3);
    assert_eq!(record.definition.authorizers, before.definition.authorizers);
    assert_eq!(record.definition.models, before.definition.models);
    assert_eq!(record.api.description, None);
    assert_eq!(record.api.root_resource_id, before.api.root_resource_id);
}

#[test]
fn merging_adds_and_replaces_and_keeps_the_rest() {
    let mut record = created();
    record.api.description = Some("old".to_owned());
    record.api.binary_media_types = vec!["image/heif".to_owned()];
    let before = record.clone();
    let mut document = shop();
    document["info"] = json!({"title": "new"});
    document["paths"] = json!({"/pets": {"post": {}, "get": {"operationId": "List"}}, "/new": {}});
    let mut other_ids = ids();
    let mut new_id = |len| other_ids(len).map(|id| id.replace("id", "xx"));
    merge(&mut record, &imported(&document), &mut new_id).unwrap();
    assert_eq!(record.api.name, "new");
    assert_eq!(record.api.description.as_deref(), Some("old"));
    // Recorded: those that there were come first.
    let media_types = ["image/heif", "image/png", "image/jpg"];
    assert_eq!(record.api.binary_media_types, media_types);
    let pets = &record.definition.resources[&id_of(&record, "/pets")];
    let verbs: Vec<&String> = pets.resource_methods.keys().collect();
    assert_eq!(verbs, ["GET", "POST"]);
    assert_eq!(
        pets.resource_methods["GET"].operation_name.as_deref(),
        Some("List")
    );
    let pet = id_of(&record, "/pets/{id}");
    assert_eq!(
        record.definition.resources[&pet],
        before.definition.resources[&pet]
    );
    assert_eq!(record.definition.resources.len(), 4);
    let document = openapi(&json!({"/pets/{other}": {}}));
    let error = merge(&mut record, &imported(&document), &mut new_id).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("already has a variable path part"),
        "{error}"
    );
}

#[test]
fn two_variables_below_one_resource_are_refused() {
    let document = openapi(&json!({"/a/{x}": {}, "/a/{y+}": {}}));
    let error = create(&imported(&document), "a", 0, &mut ids()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Errors found during import:\n\tUnable to create resource at path '/a/{y+}': A sibling ({x}) of this resource already has a variable path part -- only one is allowed"
    );
}

#[test]
fn importing_the_same_document_again_changes_nothing() {
    let record = created();
    let mut none = |_| -> Result<String, NoEntropy> { panic!("no new id is needed") };
    let (mut merged, mut overwritten) = (record.clone(), record.clone());
    merge(&mut merged, &imported(&shop()), &mut none).unwrap();
    assert_eq!(merged, record);
    overwrite(&mut overwritten, &imported(&shop()), &mut none).unwrap();
    assert_eq!(overwritten, record);
}
