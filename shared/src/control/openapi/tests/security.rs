//! Which methods need a key, and which an authorizer.

use serde_json::json;

use super::*;
use crate::rest_api::AuthorizerKind;

fn with_schemes(paths: &Value) -> Value {
    let mut document = openapi(paths);
    document["components"] = json!({"securitySchemes": {
        "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
        "token": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": "arn:1", "authorizerResultTtlInSeconds": 60}},
        "request": {"type": "apiKey", "name": "X-Api-Key", "in": "header",
            "x-amazon-apigateway-authorizer": {"type": "request", "authorizerUri": "arn:2", "identitySource": "method.request.header.A"}},
        "pool": {"type": "apiKey", "name": "Who", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
            "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["arn:3"]}},
        "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
        "basic": {"type": "http", "scheme": "basic"},
    }});
    document
}

#[test]
fn a_key_is_required_where_its_scheme_is_named() {
    let imported = imported(&with_schemes(&json!({"/a": {
        "get": {"security": [{"api_key": []}]},
        "put": {"security": [{"api_key": [], "token": []}]},
        "post": {},
    }})));
    assert!(method(&imported, "/a", "GET").api_key_required);
    assert_eq!(method(&imported, "/a", "GET").authorization_type, "NONE");
    assert!(!method(&imported, "/a", "POST").api_key_required);
    let both = method(&imported, "/a", "PUT");
    assert!(both.api_key_required);
    assert_eq!(both.authorizer_id.as_deref(), Some("token"));
    assert_eq!(both.authorization_type, "CUSTOM");
}

#[test]
fn the_document_s_requirement_holds_unless_the_operation_has_its_own() {
    let mut document = with_schemes(&json!({"/a": {
        "get": {}, "put": {"security": []}, "post": {"security": [{"api_key": []}]},
    }}));
    document["security"] = json!([{"request": []}]);
    let imported = imported(&document);
    // Recorded: an apiKey scheme with an authorizer is the authorizer, and no key is needed.
    let get = method(&imported, "/a", "GET");
    assert_eq!(get.authorizer_id.as_deref(), Some("request"));
    assert!(!get.api_key_required);
    assert_eq!(method(&imported, "/a", "PUT").authorizer_id, None);
    assert!(method(&imported, "/a", "POST").api_key_required);
}

#[test]
fn authorizers_are_made_whether_they_are_used_or_not() {
    let imported = imported(&with_schemes(&json!({})));
    let authorizers = &imported.definition.authorizers;
    let kinds: Vec<AuthorizerKind> = authorizers.values().map(|it| it.kind).collect();
    let expected = [
        AuthorizerKind::CognitoUserPools,
        AuthorizerKind::Request,
        AuthorizerKind::Token,
    ];
    assert_eq!(kinds, expected);
    let token = &authorizers["token"];
    assert_eq!(
        token.identity_source.as_deref(),
        Some("method.request.header.Authorization")
    );
    assert_eq!(token.auth_type.as_deref(), Some("custom"));
    assert_eq!(token.authorizer_result_ttl_in_seconds, Some(60));
    let request = &authorizers["request"];
    assert_eq!(
        request.identity_source.as_deref(),
        Some("method.request.header.A")
    );
    assert_eq!(request.authorizer_result_ttl_in_seconds, None);
    assert_eq!(authorizers["pool"].provider_arns, ["arn:3"]);
}

#[test]
fn signatures_scopes_and_unknown_schemes_are_told_apart() {
    let imported = imported(&with_schemes(&json!({"/a": {
        "get": {"security": [{"sigv4": []}]},
        "put": {"security": [{"pool": ["email"]}]},
        "post": {"security": [{"basic": []}, {"nobody": []}]},
        "delete": {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}},
        "head": {"security": [{"token": []}], "x-amazon-apigateway-auth": {"type": "none"}},
    }})));
    assert_eq!(method(&imported, "/a", "GET").authorization_type, "AWS_IAM");
    let put = method(&imported, "/a", "PUT");
    assert_eq!(put.authorization_type, "COGNITO_USER_POOLS");
    assert_eq!(put.authorization_scopes, ["email"]);
    let post = method(&imported, "/a", "POST");
    assert_eq!(
        (post.authorization_type.as_str(), post.api_key_required),
        ("NONE", false)
    );
    assert_eq!(imported.warnings.len(), 2, "{:?}", imported.warnings);
    assert_eq!(
        method(&imported, "/a", "DELETE").authorization_type,
        "AWS_IAM"
    );
    let head = method(&imported, "/a", "HEAD");
    assert_eq!(
        (head.authorization_type.as_str(), &head.authorizer_id),
        ("NONE", &None)
    );
}

#[test]
fn an_authorizer_of_an_unknown_kind_is_refused() {
    let mut document = openapi(&json!({}));
    document["components"] = json!({"securitySchemes": {
        "odd": {"type": "apiKey", "x-amazon-apigateway-authorizer": {"type": "oracle"}},
    }});
    assert!(matches!(refused(&document), ImportError::Refused(errors) if errors.len() == 1));
}

#[test]
fn a_jwt_configuration_that_is_none_is_left_out() {
    let with = |configuration: Value| {
        let mut document = openapi(&json!({}));
        document["components"] = json!({"securitySchemes": {"jwt": {"type": "oauth2",
            "x-amazon-apigateway-authorizer": {"type": "jwt", "jwtConfiguration": configuration}}}});
        imported(&document)
    };
    let configuration =
        json!({"issuers": [{"issuer": "https://issuer.example", "audiences": ["a"]}]});
    let right = with(configuration.clone());
    assert_eq!(right.warnings, [""; 0]);
    let authorizer = &right.definition.authorizers["jwt"];
    assert_eq!(authorizer.jwt_configuration, Some(configuration));
    let wrong = with(json!({"issuers": [{"issuer": ["a"]}]}));
    assert_eq!(wrong.warnings.len(), 1, "{:?}", wrong.warnings);
    assert_eq!(wrong.definition.authorizers["jwt"].jwt_configuration, None);
}
