//! What is exported and imported again is what it was, as far as documents can say it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::apply::{create, overwrite};
use super::super::export::{ExportOptions, ExportType, Extensions, export, version};
use super::generated::{api, definition};
use super::*;
use crate::random::NoEntropy;
use crate::rest_api::{ApiKeySource, ApiRecord, Definition, Snapshot};

fn options(export_type: ExportType, extensions: Extensions) -> ExportOptions<'static> {
    ExportOptions {
        export_type,
        extensions,
        stage_name: "dev",
        region: "us-east-1",
    }
}

/// Imports `document` over another API with the same parts: the ids of those that stay are kept, so that the result is the same.
fn imported_again(document: &str, snapshot: &Snapshot) -> Snapshot {
    let imported = definition_of(document, &OPTIONS).unwrap();
    assert_eq!(imported.warnings, [""; 0], "{document}");
    let mut api = snapshot.api.clone();
    "another".clone_into(&mut api.name);
    api.version = None;
    api.api_key_source = ApiKeySource::Header;
    let mut record = ApiRecord {
        api,
        definition: snapshot.definition.clone(),
        deployments: BTreeMap::new(),
        stages: BTreeMap::new(),
    };
    let mut none = |_| -> Result<String, NoEntropy> { panic!("a part is new: {document}") };
    overwrite(&mut record, &imported, &mut none).unwrap();
    Snapshot {
        api: record.api,
        definition: record.definition,
    }
}

/// Swagger has one schema for all media types of a body, and no required headers in answers.
fn as_swagger_can_say(definition: &mut Definition) {
    fn one_media_type(models: &mut BTreeMap<String, String>) {
        let model = models.values().next().cloned();
        *models = model
            .map(|model| ("application/json".to_owned(), model))
            .into_iter()
            .collect();
    }
    let resources = definition.resources.values_mut();
    for method in resources.flat_map(|resource| resource.resource_methods.values_mut()) {
        one_media_type(&mut method.request_models);
        for response in method.method_responses.values_mut() {
            one_media_type(&mut response.response_models);
            response
                .response_parameters
                .values_mut()
                .for_each(|always| *always = false);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn openapi_in_json_and_yaml(api in api(), definition in definition()) {
        let snapshot = Snapshot { api, definition };
        let document = export(&snapshot, &options(ExportType::Oas30, Extensions::ALL));
        prop_assert_eq!(&imported_again(&document.to_json(), &snapshot), &snapshot);
        prop_assert_eq!(&imported_again(&document.to_yaml(), &snapshot), &snapshot);
    }

    #[test]
    fn swagger_in_json_and_yaml(api in api(), mut definition in definition()) {
        as_swagger_can_say(&mut definition);
        let snapshot = Snapshot { api, definition };
        let document = export(&snapshot, &options(ExportType::Swagger, Extensions::ALL));
        prop_assert_eq!(&imported_again(&document.to_json(), &snapshot), &snapshot);
        prop_assert_eq!(&imported_again(&document.to_yaml(), &snapshot), &snapshot);
    }
}

/// An API as API Gateway's own export was recorded from.
fn petstore() -> Snapshot {
    let document = serde_json::json!({
        "swagger": "2.0", "info": {"title": "PetStore", "version": "1.0"},
        "definitions": {"Pet": {"type": "object"}, "Pets": {"type": "array", "items": {"$ref": "#/definitions/Pet"}}},
        "securityDefinitions": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        "paths": {"/pets/{petId}": {"get": {
            "operationId": "GetPet", "security": [{"key": []}], "parameters": [{"name": "type", "in": "query", "type": "string"}],
            "responses": {"200": {"schema": {"$ref": "#/definitions/Pets"}, "headers": {"Access-Control-Allow-Origin": {"type": "string"}}}},
            "x-amazon-apigateway-integration": {"type": "http", "httpMethod": "GET", "uri": "http://example.com/pets", "responses": {"default": {"statusCode": "200"}}},
        }}},
    });
    let imported = imported(&document);
    let mut next = 0;
    let mut new_id = |_| -> Result<String, NoEntropy> {
        next += 1;
        Ok(format!("id{next}"))
    };
    let record = create(&imported, "a1b2c3d4e5", 1_445_371_667, &mut new_id);
    let record = record.unwrap();
    Snapshot {
        api: record.api,
        definition: record.definition,
    }
}

fn exported(export_type: ExportType, extensions: Extensions) -> Value {
    let document = export(&petstore(), &options(export_type, extensions));
    serde_json::from_str(&document.to_json()).unwrap()
}

#[test]
fn an_openapi_export_has_the_form_that_was_recorded() {
    let expected = serde_json::json!({
        "openapi": "3.0.1", "info": {"title": "PetStore", "version": "1.0"},
        "servers": [{"url": "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/{basePath}", "variables": {"basePath": {"default": "dev"}}}],
        "paths": {"/pets/{petId}": {"get": {
            "operationId": "GetPet", "security": [{"api_key": []}],
            "parameters": [
                {"name": "petId", "in": "path", "required": true, "schema": {"type": "string"}},
                {"name": "type", "in": "query", "schema": {"type": "string"}},
            ],
            "responses": {"200": {
                "description": "200 response", "headers": {"Access-Control-Allow-Origin": {"schema": {"type": "string"}}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pets"}}},
            }},
        }}},
        "components": {
            "schemas": {"Pet": {"type": "object"}, "Pets": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}},
            "securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        },
    });
    assert_eq!(exported(ExportType::Oas30, Extensions::default()), expected);
}

#[test]
fn a_swagger_export_has_the_form_that_was_recorded() {
    let expected = serde_json::json!({
        "swagger": "2.0", "info": {"title": "PetStore", "version": "1.0"},
        "host": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", "basePath": "/dev", "schemes": ["https"],
        "paths": {"/pets/{petId}": {"get": {
            "operationId": "GetPet", "security": [{"api_key": []}], "produces": ["application/json"],
            "parameters": [
                {"name": "petId", "in": "path", "required": true, "type": "string"},
                {"name": "type", "in": "query", "required": false, "type": "string"},
            ],
            "responses": {"200": {
                "description": "200 response", "headers": {"Access-Control-Allow-Origin": {"type": "string"}},
                "schema": {"$ref": "#/definitions/Pets"},
            }},
            "x-amazon-apigateway-integration": {
                "type": "http", "httpMethod": "GET", "uri": "http://example.com/pets", "passthroughBehavior": "when_no_match",
                "responses": {"default": {"statusCode": "200"}},
            },
        }}},
        "definitions": {"Pet": {"type": "object"}, "Pets": {"type": "array", "items": {"$ref": "#/definitions/Pet"}}},
        "securityDefinitions": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
    });
    let integrations = Extensions::default().with("integrations");
    assert_eq!(exported(ExportType::Swagger, integrations), expected);
}

#[test]
fn an_api_without_a_version_has_its_date_as_recorded() {
    let mut snapshot = petstore();
    snapshot.api.version = None;
    assert_eq!(version(&snapshot.api), "2015-10-20T20:07:47Z");
}
