//! OpenAPI and Swagger documents, made an API and exported again.

use std::collections::BTreeMap;

use tollgate::control::openapi::export::{ExportOptions, ExportType, Extensions, export};
use tollgate::control::openapi::{BasePath, ImportOptions, apply, definition_of};
use tollgate::random::NoEntropy;
use tollgate::rest_api::Snapshot;

use super::{check, text};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "openapi",
    words: &[
        "openapi: 3.0.1\n",
        "swagger: \"2.0\"\n",
        "info:",
        "title:",
        "version:",
        "paths:",
        "/:",
        "/users/{id}:",
        "/{proxy+}:",
        "get:",
        "post:",
        "x-amazon-apigateway-any-method:",
        "x-amazon-apigateway-integration:",
        "x-amazon-apigateway-authorizer:",
        "x-amazon-apigateway-request-validators:",
        "x-amazon-apigateway-gateway-responses:",
        "x-amazon-apigateway-binary-media-types:",
        "x-amazon-apigateway-api-key-source: HEADER",
        "x-amazon-apigateway-auth:",
        "parameters:",
        "name:",
        "in: path",
        "in: query",
        "in: body",
        "required: true",
        "schema:",
        "$ref:",
        "\"#/components/schemas/User\"",
        "\"#/definitions/User\"",
        "components:",
        "definitions:",
        "schemas:",
        "type: object",
        "properties:",
        "items:",
        "allOf:",
        "requestBody:",
        "content:",
        "application/json:",
        "responses:",
        "default:",
        "\"200\":",
        "headers:",
        "security:",
        "securitySchemes:",
        "api_key: []",
        "servers:",
        "url:",
        "basePath:",
        "type: aws_proxy",
        "type: mock",
        "uri:",
        "requestTemplates:",
        "statusCode:",
        "&a ",
        "*a",
        "<<: *a",
        "- ",
        ": ",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 20,
        // Each resource has its whole path, 2,048 bytes at the most, in what is read, made and exported.
        bytes_per_byte: 16_384,
    },
    weight: 8,
    check: import,
};

fn import(input: &[u8]) -> Result<Seen, String> {
    let text = text(input);
    let options = |base_path| ImportOptions {
        api_id: "a1b2c3",
        base_path,
        endpoint_type: None,
    };
    let mut seen = Seen::refused("");
    for base_path in [BasePath::Ignore, BasePath::Split] {
        let imported = match definition_of(&text, &options(base_path)) {
            Ok(imported) => imported,
            Err(error) => return Ok(Seen::refused(&error.to_string())),
        };
        check(
            definition_of(&text, &options(base_path)).as_ref() == Ok(&imported),
            || "it is read in two ways".to_owned(),
        )?;
        let mut next = 0;
        let mut new_id = |_| -> Result<String, NoEntropy> {
            next += 1;
            Ok(format!("id{next}"))
        };
        let record = match apply::create(&imported, "a1b2c3", 0, &mut new_id) {
            Ok(record) => record,
            Err(error) => return Ok(Seen::refused(&error.to_string())),
        };
        let resources = &record.definition.resources;
        check(resources.contains_key(&record.api.root_resource_id), || {
            "an API has no root".to_owned()
        })?;
        for (id, resource) in resources {
            check(resource.id == *id && resource.path.starts_with('/'), || {
                format!("a resource has the path `{}`", resource.path)
            })?;
        }
        let paths: BTreeMap<&str, &str> = resources
            .iter()
            .map(|(id, resource)| (resource.path.as_str(), id.as_str()))
            .collect();
        check(paths.len() == resources.len(), || {
            "two resources have one path".to_owned()
        })?;
        seen = Seen::taken(&format!(
            "{} {}",
            resources.len() > 1,
            imported.warnings.join(" ")
        ));
        exported(&Snapshot {
            api: record.api,
            definition: record.definition,
        })?;
    }
    Ok(seen)
}

/// What is exported is a document that can be imported.
fn exported(snapshot: &Snapshot) -> Result<(), String> {
    for export_type in [ExportType::Oas30, ExportType::Swagger] {
        let options = ExportOptions {
            export_type,
            extensions: Extensions::ALL,
            stage_name: "dev",
            region: "us-east-1",
        };
        let document = export(snapshot, &options).to_json();
        let options = ImportOptions {
            api_id: "a1b2c3",
            base_path: BasePath::Ignore,
            endpoint_type: None,
        };
        if let Err(error) = definition_of(&document, &options) {
            return Err(format!("what is exported cannot be imported: {error}"));
        }
    }
    Ok(())
}
