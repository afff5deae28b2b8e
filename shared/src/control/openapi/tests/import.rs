//! What a document says, part by part.

use serde_json::json;

use super::*;
use crate::rest_api::{
    ApiKeySource, ConnectionType, ContentHandling, EndpointType, GatewayResponseKind,
    IntegrationKind,
};

#[test]
fn the_api_itself_is_described_by_info_and_extensions() {
    let mut document = openapi(&json!({}));
    let members = json!({
        "info": {"title": "shop", "version": 1, "description": "sells"},
        "x-amazon-apigateway-api-key-source": "AUTHORIZER",
        "x-amazon-apigateway-binary-media-types": ["image/png"],
        "x-amazon-apigateway-minimum-compression-size": 1024,
        "x-amazon-apigateway-policy": {"Version": "2012-10-17"},
        "servers": [{"url": "/", "x-amazon-apigateway-endpoint-configuration": {"vpcEndpointIds": ["vpce-1"], "disableExecuteApiEndpoint": true}}],
        "x-amazon-apigateway-gateway-responses": {"THROTTLED": {"statusCode": 420, "responseParameters": {"gatewayresponse.header.a": "'b'"}, "responseTemplates": {"text/plain": "slow"}}},
        "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": true, "validateRequestParameters": false}},
    });
    document
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    let imported = imported(&document);
    assert_eq!(imported.warnings, [""; 0]);
    let api = &imported.api;
    assert_eq!(api.name.as_deref(), Some("shop"));
    assert_eq!(api.version.as_deref(), Some("1"));
    assert_eq!(api.description.as_deref(), Some("sells"));
    assert_eq!(api.api_key_source, Some(ApiKeySource::Authorizer));
    assert_eq!(api.binary_media_types, Some(vec!["image/png".to_owned()]));
    assert_eq!(api.minimum_compression_size, Some(1024));
    assert_eq!(api.policy.as_deref(), Some(r#"{"Version":"2012-10-17"}"#));
    assert_eq!(api.vpc_endpoint_ids, Some(vec!["vpce-1".to_owned()]));
    assert_eq!(api.disable_execute_api_endpoint, Some(true));
    let throttled = &imported.definition.gateway_responses[&GatewayResponseKind::Throttled];
    assert_eq!(throttled.status_code.as_deref(), Some("420"));
    assert_eq!(throttled.response_templates["text/plain"], "slow");
    let validator = &imported.definition.request_validators["all"];
    assert!(validator.validate_request_body && !validator.validate_request_parameters);
    assert_eq!(imported.definition.resources.len(), 1);
}

#[test]
fn every_path_has_the_resources_that_lead_to_it() {
    let imported = imported(&openapi(&json!({"/a/{id}/b": {"get": {}}, "/c/": {}})));
    let resources = &imported.definition.resources;
    let paths: Vec<&str> = resources.keys().map(String::as_str).collect();
    assert_eq!(paths, ["/", "/a", "/a/{id}", "/a/{id}/b", "/c"]);
    assert_eq!(resources["/a/{id}/b"].parent_id.as_deref(), Some("/a/{id}"));
    assert_eq!(resources["/a"].path_part.as_deref(), Some("a"));
    assert!(resources["/a"].resource_methods.is_empty());
}

#[test]
fn a_base_path_is_ignored_prepended_or_split_as_recorded() {
    let url = "servers: [{url: 'https://example.com/base-url/part/'}]";
    let variable = "servers: [{url: 'https://example.com/{basePath}', variables: {basePath: {default: /base-var}}}]";
    let cases = [
        (url, BasePath::Ignore, "/test"),
        (url, BasePath::Prepend, "/base-url/part/test"),
        (url, BasePath::Split, "/part/test"),
        (variable, BasePath::Prepend, "/base-var/test"),
        (variable, BasePath::Split, "/test"),
    ];
    for (servers, base_path, expected) in cases {
        let document = format!(
            "openapi: 3.0.1\ninfo: {{title: x}}\n{servers}\npaths: {{/test: {{get: {{}}}}}}\n"
        );
        let options = ImportOptions {
            base_path,
            ..OPTIONS
        };
        let imported = definition_of(&document, &options).unwrap();
        let last = imported.definition.resources.keys().last().unwrap();
        assert_eq!(last, expected, "{servers} {base_path:?}");
    }
    let swagger = "swagger: '2.0'\nbasePath: /v1\npaths: {/x: {}}\n";
    let options = ImportOptions {
        base_path: BasePath::Prepend,
        endpoint_type: Some(EndpointType::Regional),
        ..OPTIONS
    };
    let imported = definition_of(swagger, &options).unwrap();
    assert!(imported.definition.resources.contains_key("/v1/x"));
    assert_eq!(
        imported.api.endpoint_types,
        Some(vec![EndpointType::Regional])
    );
}

#[test]
fn parameters_of_path_and_operation_become_request_parameters() {
    let mut document = openapi(&json!({"/a/{id}": {
        "parameters": [
            {"name": "page", "in": "query", "required": true},
            {"$ref": "#/components/parameters/trace"},
        ],
        "get": {
            "operationId": "GetA",
            "parameters": [
                {"name": "page", "in": "query"},
                {"name": "id", "in": "path", "required": true},
                {"name": "session", "in": "cookie"},
            ],
        },
        "x-amazon-apigateway-any-method": {},
    }}));
    document["components"] =
        json!({"parameters": {"trace": {"name": "x-trace", "in": "header", "required": true}}});
    let imported = imported(&document);
    let get = method(&imported, "/a/{id}", "GET");
    assert_eq!(get.operation_name.as_deref(), Some("GetA"));
    let parameters: Vec<(&str, bool)> = get
        .request_parameters
        .iter()
        .map(|(name, required)| (name.as_str(), *required))
        .collect();
    let expected = [
        ("method.request.header.x-trace", true),
        ("method.request.path.id", true),
        ("method.request.querystring.page", false),
    ];
    assert_eq!(parameters, expected);
    let any = method(&imported, "/a/{id}", "ANY");
    assert_eq!(any.http_method, "ANY");
    // The path's variables are there without being declared, as recorded.
    assert!(any.request_parameters["method.request.path.id"]);
    assert_eq!(imported.warnings.len(), 1, "{:?}", imported.warnings);
    assert!(imported.warnings[0].contains("'session' in 'cookie'"));
}

#[test]
fn schemas_become_models_that_refer_to_one_another_by_url() {
    let mut document = openapi(&json!({"/p": {"post": {
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}}},
        "responses": {"200": {
            "headers": {"X-A": {"schema": {"type": "string"}}, "X-B": {"required": true}},
            "content": {"application/xml": {"schema": {"type": "object"}}},
        }},
    }}}));
    document["components"] = json!({"schemas": {
        "Person": {"type": "object", "description": "Somebody", "properties": {"house": {"$ref": "#/components/schemas/House"}}},
        "House": {"type": "object", "properties": {
            "people": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}},
            "owner": {"$ref": "#/components/schemas/Person/properties/house"},
            "lost": {"$ref": "#/components/schemas/Nobody"},
        }},
        "no_name": {"type": "object"},
    }});
    let imported = imported(&document);
    let models = &imported.definition.models;
    let url = "https://apigateway.amazonaws.com/restapis/a1b2c3d4e5/models/";
    let schema: Value = serde_json::from_str(models["House"].schema.as_deref().unwrap()).unwrap();
    let expected = json!({"type": "object", "properties": {
        "people": {"type": "array", "items": {"$ref": format!("{url}Person")}},
        "owner": {"$ref": format!("{url}House")},
        "lost": {},
    }});
    assert_eq!(schema, expected);
    assert_eq!(models["Person"].description.as_deref(), Some("Somebody"));
    let post = method(&imported, "/p", "POST");
    assert_eq!(post.request_models["application/json"], "Person");
    let response = &post.method_responses["200"];
    assert!(!response.response_parameters["method.response.header.X-A"]);
    assert!(response.response_parameters["method.response.header.X-B"]);
    let made = &response.response_models["application/xml"];
    assert!(
        made.starts_with("MODEL") && models.contains_key(made),
        "{made}"
    );
    assert_eq!(
        imported.warnings,
        [
            "Reference to model 'Nobody' not found. Ignoring.",
            "Model name must be alphanumeric: no_name",
        ]
    );
}

#[test]
fn swagger_takes_media_types_from_consumes_and_produces() {
    let document = json!({
        "swagger": "2.0", "info": {"title": "x", "version": "1"}, "produces": ["text/csv"],
        "definitions": {"Pet": {"type": "object"}},
        "responses": {"ok": {"description": "", "schema": {"$ref": "#/definitions/Pet"}}},
        "paths": {"/p": {"post": {
            "consumes": ["application/json", "application/xml"],
            "parameters": [
                {"in": "body", "name": "Pet", "schema": {"$ref": "#/definitions/Pet"}},
                {"in": "formData", "name": "file"},
            ],
            "responses": {"200": {"$ref": "#/responses/ok"}, "default": {}},
        }}},
    });
    let imported = imported(&document);
    let post = method(&imported, "/p", "POST");
    assert_eq!(post.request_models.len(), 2);
    assert_eq!(post.request_models["application/xml"], "Pet");
    assert_eq!(
        post.method_responses["200"].response_models["text/csv"],
        "Pet"
    );
    assert_eq!(post.method_responses.len(), 1);
    assert_eq!(imported.warnings.len(), 2, "{:?}", imported.warnings);
}

#[test]
fn an_integration_is_read_whole() {
    let imported = imported(&openapi(
        &json!({"/a": {"get": {"x-amazon-apigateway-integration": {
            "type": "http", "httpMethod": "post", "uri": "https://example.com/{id}", "credentials": "arn:aws:iam::1:role/r",
            "connectionType": "VPC_LINK", "connectionId": "l1",
            "requestParameters": {"integration.request.path.id": "method.request.path.id", "integration.request.header.n": true},
            "requestTemplates": {"application/json": "{}"}, "passthroughBehavior": "when_no_templates",
            "contentHandling": "CONVERT_TO_TEXT", "timeoutInMillis": 1000, "cacheNamespace": "c", "cacheKeyParameters": ["method.request.path.id"],
            "tlsConfig": {"insecureSkipVerification": true}, "responseTransferMode": "BUFFERED",
            "responses": {
                "default": {"statusCode": 200},
                "5\\d{2}": {"statusCode": "500", "responseParameters": {"method.response.header.a": "'b'"}, "responseTemplates": {"application/json": "x"}, "contentHandling": "CONVERT_TO_BINARY"},
            },
        }}}}),
    ));
    let read = integration(&imported, "/a", "GET");
    assert_eq!(read.kind, IntegrationKind::Http);
    assert_eq!(read.http_method.as_deref(), Some("POST"));
    assert_eq!(read.connection_type, Some(ConnectionType::VpcLink));
    assert_eq!(read.passthrough_behavior, "WHEN_NO_TEMPLATES");
    assert_eq!(read.timeout_in_millis, 1_000);
    assert_eq!(read.cache_namespace, "c");
    assert_eq!(read.content_handling, Some(ContentHandling::ConvertToText));
    assert!(read.tls_config.unwrap().insecure_skip_verification);
    assert_eq!(read.request_parameters.len(), 1);
    assert_eq!(read.integration_responses["200"].selection_pattern, None);
    let other = &read.integration_responses["500"];
    assert_eq!(other.selection_pattern.as_deref(), Some("5\\d{2}"));
    assert_eq!(
        other.content_handling,
        Some(ContentHandling::ConvertToBinary)
    );
    // Recorded from API Gateway.
    assert_eq!(
        imported.warnings,
        [
            "Invalid format for 'requestParameters'. Expected type string for property 'integration.request.header.n' of resource '/a' and method 'GET' but got 'true'"
        ]
    );
}

#[test]
fn an_integration_has_the_defaults_that_were_recorded() {
    let integration_of = |kind: &str| {
        let imported = imported(&openapi(
            &json!({"/a": {"get": {"x-amazon-apigateway-integration": {"type": kind}}}}),
        ));
        integration(&imported, "/a", "GET").clone()
    };
    let mock = integration_of("mock");
    assert_eq!(mock.passthrough_behavior, "WHEN_NO_MATCH");
    assert_eq!(mock.timeout_in_millis, 29_000);
    assert_eq!(mock.connection_type, None);
    assert_eq!(mock.cache_namespace, "/a");
    assert_eq!(integration_of("aws_proxy").connection_type, None);
    let proxy = integration_of("HTTP_PROXY");
    assert_eq!(proxy.connection_type, Some(ConnectionType::Internet));
}

#[test]
fn what_cannot_be_an_api_is_refused_with_aws_texts() {
    for document in [
        json!([]),
        json!({}),
        json!({"openapi": "4.0"}),
        json!({"swagger": "1.2"}),
    ] {
        assert_eq!(refused(&document).answer(), "Invalid OpenAPI input.");
    }
    let unevaluated = openapi(
        &json!({"/a": {"get": {"x-amazon-apigateway-integration": {"type": "aws", "uri": {"Fn::Sub": "x"}}}}}),
    );
    assert_eq!(
        refused(&unevaluated).answer(),
        "Unable to parse API definition because of a malformed integration at path /a."
    );
    let paths = openapi(&json!({"/a b": {}, "/{x+}/y": {}}));
    let rule = "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.";
    assert_eq!(
        refused(&paths).answer(),
        format!(
            "Errors found during import:\n\tUnable to create resource at path '/a b': {rule}\n\tUnable to create resource at path '/{{x+}}/y': {rule}"
        )
    );
    let kind =
        openapi(&json!({"/a": {"get": {"x-amazon-apigateway-integration": {"type": "ftp"}}}}));
    assert!(
        refused(&kind)
            .answer()
            .contains("'GET' for resource at path '/a'")
    );
}

#[test]
fn what_is_not_known_is_warned_of() {
    let mut document = openapi(&json!({"/a": {
        "trace": {}, "x-mine": 1, "x-amazon-apigateway-cors": {},
        "get": {"x-amazon-apigateway-request-validator": "none", "operationID": "x", "responses": {"4XX": {}}},
    }}));
    document["x-amazon-apigateway-cors"] = json!({});
    document["x-mine"] = json!({});
    document["x-amazon-apigateway-gateway-responses"] = json!({"TEAPOT": {}});
    let warnings = imported(&document).warnings;
    let about = [
        "trace",
        "apigateway-cors' of resource",
        "'none'",
        "operationID",
        "4XX",
        "apigateway-cors' is",
        "TEAPOT",
    ];
    assert_eq!(warnings.len(), about.len(), "{warnings:?}");
    for name in about {
        assert!(
            warnings.iter().any(|warning| warning.contains(name)),
            "{name}: {warnings:?}"
        );
    }
}
