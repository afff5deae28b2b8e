//! Models, request validators, authorizers and gateway responses.

use serde_json::{Value, json};

use super::{Api, FUNCTION, bad, conflict, invalid, missing, text};
use crate::control::{App, patch};

#[tokio::test]
async fn a_model_in_use_is_not_deleted() {
    let app = App::start().await;
    let api = Api::with_method(&app).await;
    let schema = r#"{"title": "Pet", "type": "object"}"#;
    let body = json!({"name": "Pet", "contentType": "application/json", "schema": schema});
    let created = app
        .ok(201, "POST", &api.path("/models"), body.clone())
        .await;
    assert_eq!(created["schema"], schema);
    let unknown = missing("Invalid model name specified: Cat");
    let empty = bad("Model schema must have at least 1 property or array items defined");
    for (verb, path, body, expected) in [
        (
            "POST",
            "/models",
            body,
            conflict("Model name already exists for this REST API"),
        ),
        (
            "POST",
            "/models",
            json!({"name": "", "contentType": "application/json"}),
            bad("Model name must be non-empty"),
        ),
        (
            "POST",
            "/models",
            json!({"name": "Cat", "contentType": "application/json"}),
            empty,
        ),
        (
            "POST",
            "/models",
            json!({"name": "Cat", "contentType": "application/xml"}),
            empty,
        ),
        (
            "POST",
            "/models",
            json!({"name": "Cat", "contentType": "application/json", "schema": "{}"}),
            empty,
        ),
        ("GET", "/models/Cat", Value::Null, unknown),
        ("DELETE", "/models/Cat", Value::Null, unknown),
        (
            "PATCH",
            "/models/Cat",
            patch("replace", "/schema", schema),
            unknown,
        ),
        (
            "PATCH",
            "/models/Pet",
            patch("replace", "/schema", ""),
            empty,
        ),
        (
            "PATCH",
            "/models/Pet",
            patch("add", "/wrong-path", "a"),
            bad(
                "Invalid patch path  '/wrong-path' specified for op 'add'. Please choose supported operations",
            ),
        ),
        (
            "PATCH",
            "/models/Pet",
            patch("replace", "/name", "a"),
            bad(
                "Invalid patch path  '/name' specified for op 'replace'. Must be one of: [/description, /schema]",
            ),
        ),
    ] {
        api.refused(verb, path, body, expected).await;
    }
    let method = api.method("/GET");
    app.ok(
        200,
        "PATCH",
        &method,
        patch("add", "/requestModels/application~1json", "Pet"),
    )
    .await;
    api.refused(
        "DELETE",
        "/models/Pet",
        Value::Null,
        conflict("Cannot delete model 'Pet', is referenced in method request: //GET"),
    )
    .await;
    app.ok(
        200,
        "PATCH",
        &method,
        patch("remove", "/requestModels/application~1json", ""),
    )
    .await;
    app.ok(202, "DELETE", &api.path("/models/Pet"), Value::Null)
        .await;
    let template = app
        .ok(
            200,
            "GET",
            &api.path("/models/Error/default_template"),
            Value::Null,
        )
        .await;
    assert_eq!(
        template["value"],
        "#set($inputRoot = $input.path('$'))\n{\n  \"message\" : \"$inputRoot.message\"\n}"
    );
}

#[tokio::test]
async fn request_validators_follow_the_recordings() {
    let app = App::start().await;
    let api = Api::create(&app).await;
    let list = api.path("/requestvalidators");
    let created = app.ok(201, "POST", &list, json!({"name": "all"})).await;
    let id = text(&created, "id");
    assert_eq!(
        created,
        json!({"id": id, "name": "all", "validateRequestBody": false, "validateRequestParameters": false})
    );
    let validator = format!("/requestvalidators/{id}");
    let changed = app
        .ok(
            200,
            "PATCH",
            &api.path(&validator),
            patch("replace", "/validateRequestBody", "true"),
        )
        .await;
    assert_eq!(changed["validateRequestBody"], true);
    for (patch, expected) in [
        (
            patch("add", "/validateRequestBody", "true"),
            "Invalid patch path  '/validateRequestBody' specified for op 'add'. Please choose supported operations",
        ),
        (
            patch("replace", "/invalidPath", "true"),
            "Invalid patch path  '/invalidPath' specified for op 'replace'. Must be one of: [/name, /validateRequestParameters, /validateRequestBody]",
        ),
        (
            patch("replace", "/name", ""),
            "Request Validator name cannot be blank",
        ),
    ] {
        api.refused("PATCH", &validator, patch, bad(expected)).await;
    }
    app.ok(202, "DELETE", &api.path(&validator), Value::Null)
        .await;
    api.refused(
        "GET",
        &validator,
        Value::Null,
        missing("Invalid Request Validator identifier specified"),
    )
    .await;
    assert_eq!(
        app.ok(200, "GET", &list, Value::Null).await,
        json!({"item": []})
    );
}

#[tokio::test]
async fn a_customised_default_shows_through_in_the_other_gateway_responses() {
    let app = App::start().await;
    let api = Api::create(&app).await;
    let template = json!({"application/json": "{\"message\":$context.error.messageString}"});
    let list = app
        .ok(200, "GET", &api.path("/gatewayresponses"), Value::Null)
        .await;
    let list = list["item"].as_array().unwrap();
    assert_eq!(list.len(), 21);
    assert!(list.is_sorted_by_key(|entry| entry["responseType"].as_str().unwrap()));
    assert!(list.iter().all(|entry| entry["defaultResponse"] == true && entry["responseTemplates"] == template));

    let default = "/gatewayresponses/DEFAULT_5XX";
    let body =
        json!({"statusCode": "599", "responseParameters": {"gatewayresponse.header.x": "'y'"}});
    let put = app.ok(201, "PUT", &api.path(default), body).await;
    assert_eq!(
        put,
        json!({
            "responseType": "DEFAULT_5XX",
            "statusCode": "599",
            "responseParameters": {"gatewayresponse.header.x": "'y'"},
            "responseTemplates": template,
            "defaultResponse": false,
        })
    );
    let of = |kind: &str| api.path(&format!("/gatewayresponses/{kind}"));
    let shown = app
        .ok(200, "GET", &of("INTEGRATION_TIMEOUT"), Value::Null)
        .await;
    assert_eq!(
        (&shown["statusCode"], &shown["defaultResponse"]),
        (&json!("599"), &json!(true))
    );
    let customised = app
        .ok(201, "PUT", &of("AUTHORIZER_FAILURE"), json!({}))
        .await;
    assert_eq!(customised["statusCode"], "500");

    let changed = app
        .ok(
            200,
            "PATCH",
            &of("DEFAULT_4XX"),
            patch("replace", "/statusCode", "444"),
        )
        .await;
    assert_eq!(
        (&changed["statusCode"], &changed["defaultResponse"]),
        (&json!("444"), &json!(false))
    );
    let quota = app.ok(200, "GET", &of("QUOTA_EXCEEDED"), Value::Null).await;
    assert_eq!(quota["statusCode"], "444");

    let kinds = "[REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY, INVALID_SIGNATURE, INVALID_API_KEY, BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, UNAUTHORIZED, INTEGRATION_TIMEOUT, ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, THROTTLED, API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN]";
    let unknown = format!(
        "1 validation error detected: Value 'FAKE' at 'responseType' failed to satisfy constraint: Member must satisfy enum value set: {kinds}"
    );
    let no_path = json!({"patchOperations": [{"op": "add", "value": "a"}]});
    let four = "/gatewayresponses/DEFAULT_4XX";
    for (verb, path, body, expected) in [
        (
            "GET",
            "/gatewayresponses/FAKE",
            Value::Null,
            invalid(&unknown),
        ),
        (
            "PUT",
            "/gatewayresponses/FAKE",
            json!({}),
            invalid(&unknown),
        ),
        (
            "DELETE",
            "/gatewayresponses/THROTTLED",
            Value::Null,
            missing("Gateway response type not defined on api"),
        ),
        (
            "PATCH",
            four,
            patch("add", "/statusCode", "400"),
            bad("Invalid patch path /statusCode"),
        ),
        (
            "PATCH",
            four,
            patch("remove", "/statusCode", ""),
            bad("Invalid patch path /statusCode"),
        ),
        ("PATCH", four, no_path, bad("Invalid patch path null")),
        (
            "PATCH",
            four,
            patch("add", "/wrongPath", "a"),
            bad("Invalid patch path /wrongPath"),
        ),
        (
            "PATCH",
            four,
            patch("replace", "/responseParameters/a", "'a'"),
            missing("Invalid parameter name specified"),
        ),
        (
            "PATCH",
            four,
            patch("replace", "/responseTemplates/application~1json", ""),
            bad("Invalid null or empty value in responseTemplates"),
        ),
        (
            "PATCH",
            four,
            patch("add", "/responseParameters/a", ""),
            bad("Invalid null or empty value in responseParameters"),
        ),
    ] {
        api.refused(verb, path, body, expected).await;
    }
    app.ok(202, "DELETE", &of("DEFAULT_4XX"), Value::Null).await;
    let shown = app.ok(200, "GET", &of("DEFAULT_4XX"), Value::Null).await;
    assert_eq!(
        (&shown["defaultResponse"], shown.get("statusCode")),
        (&json!(true), None)
    );
}

#[tokio::test]
async fn an_authorizer_in_use_is_not_deleted() {
    let app = App::start().await;
    let api = Api::with_method(&app).await;
    let list = api.path("/authorizers");
    let body = json!({"name": "tokens", "type": "TOKEN", "authorizerUri": FUNCTION, "identitySource": "method.request.header.Authorization"});
    let created = app.ok(201, "POST", &list, body.clone()).await;
    let id = text(&created, "id");
    assert_eq!(created["authorizerResultTtlInSeconds"], 300);
    api.refused(
        "POST",
        "/authorizers",
        body,
        conflict(
            "Authorizer name must be unique. Authorizer tokens already exists in this RestApi.",
        ),
    )
    .await;
    let method = api.method("/GET");
    let custom = json!({"patchOperations": [
        {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
        {"op": "replace", "path": "/authorizerId", "value": id},
    ]});
    let changed = app.ok(200, "PATCH", &method, custom).await;
    assert_eq!(changed["authorizerId"], json!(id));
    let authorizer = format!("/authorizers/{id}");
    let (status, kind, _) = app
        .refused("DELETE", &api.path(&authorizer), Value::Null)
        .await;
    assert_eq!((status, kind.as_str()), (409, "ConflictException"));
    let changed = app
        .ok(
            200,
            "PATCH",
            &api.path(&authorizer),
            patch("replace", "/authorizerResultTtlInSeconds", "0"),
        )
        .await;
    assert_eq!(changed["authorizerResultTtlInSeconds"], 0);
    app.ok(
        200,
        "PATCH",
        &method,
        patch("replace", "/authorizationType", "NONE"),
    )
    .await;
    app.ok(202, "DELETE", &api.path(&authorizer), Value::Null)
        .await;
    api.refused(
        "GET",
        &authorizer,
        Value::Null,
        missing("Invalid Authorizer identifier specified"),
    )
    .await;
}

#[tokio::test]
async fn a_jwt_configuration_is_answered_as_the_service_model_has_it() {
    let app = App::start().await;
    let api = Api::with_method(&app).await;
    let issuer = json!({"issuer": "https://issuer.example", "audiences": ["a"]});
    let configuration = json!({"issuers": [issuer], "defaultAlgorithms": ["RS256"]});
    let body = |configuration: &Value| json!({"name": "jwt", "type": "JWT", "jwtConfiguration": configuration});
    for wrong in [
        json!({"issuers": null, "defaultAlgorithms": "RS256"}),
        json!({"issuers": [{"issuer": 1, "audiences": []}]}),
        json!({"issuers": [{"issuer": "i"}]}),
        json!({"defaultAlgorithms": ["HS256"]}),
        json!([]),
    ] {
        let (status, kind, _) = app
            .refused("POST", &api.path("/authorizers"), body(&wrong))
            .await;
        assert_eq!(
            (status, kind.as_str()),
            (400, "BadRequestException"),
            "{wrong}"
        );
    }
    let mut with_more = configuration.clone();
    with_more["more"] = json!({"a": 1});
    let path = api.path("/authorizers");
    let created = app.ok(201, "POST", &path, body(&with_more)).await;
    assert_eq!(created["jwtConfiguration"], configuration);
}
