//! Integrations, their answers, and those of methods.

use serde_json::{Value, json};

use super::{Api, FUNCTION, NO_METHOD, bad, conflict, invalid, missing};
use crate::control::{App, patch};

#[tokio::test]
async fn an_integration_has_the_defaults_of_its_kind() {
    let app = App::start().await;
    let api = Api::create(&app).await;
    let method = format!("/resources/{}/methods/GET", api.root_id);
    let integration = format!("{method}/integration");
    api.refused("PUT", &integration, json!({"type": "MOCK"}), NO_METHOD)
        .await;
    app.ok(
        201,
        "PUT",
        &api.path(&method),
        json!({"authorizationType": "NONE"}),
    )
    .await;
    api.refused(
        "GET",
        &integration,
        Value::Null,
        missing("Invalid Integration identifier specified"),
    )
    .await;
    api.refused(
        "PUT",
        &integration,
        json!({"type": "HTTPS_PROXY"}),
        invalid("1 validation error detected: Value 'HTTPS_PROXY' at 'putIntegrationInput.type' failed to satisfy constraint: Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]"),
    ).await;
    api.refused(
        "PUT",
        &integration,
        json!({"type": "MOCK", "requestParameters": {"integration.request.path.a": true}}),
        (
            400,
            "SerializationException",
            "class java.lang.Boolean can not be converted to an String",
        ),
    )
    .await;
    api.refused(
        "PUT",
        &integration,
        json!({"type": "MOCK", "requestParameters": {"integration.request.path.a": "true"}}),
        bad("Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: true]"),
    ).await;

    let path = api.path(&integration);
    let http = app
        .ok(
            201,
            "PUT",
            &path,
            json!({"type": "HTTP", "httpMethod": "POST", "uri": "http://example.com"}),
        )
        .await;
    assert_eq!(
        http,
        json!({
            "type": "HTTP",
            "httpMethod": "POST",
            "uri": "http://example.com",
            "connectionType": "INTERNET",
            "passthroughBehavior": "WHEN_NO_MATCH",
            "timeoutInMillis": 29_000,
            "cacheNamespace": api.root_id,
            "cacheKeyParameters": [],
        })
    );
    let proxy = app
        .ok(
            201,
            "PUT",
            &path,
            json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": FUNCTION}),
        )
        .await;
    assert!(proxy.get("connectionType").is_none());
    let changed = app
        .ok(
            200,
            "PATCH",
            &path,
            json!({"patchOperations": [
                {"op": "replace", "path": "/timeoutInMillis", "value": "1000"},
                {"op": "add", "path": "/requestTemplates/application~1json", "value": "{}"},
                {"op": "replace", "path": "/passthroughBehavior", "value": "NEVER"},
            ]}),
        )
        .await;
    assert_eq!(changed["timeoutInMillis"], 1_000);
    assert_eq!(
        changed["requestTemplates"],
        json!({"application/json": "{}"})
    );
    app.ok(204, "DELETE", &path, Value::Null).await;
    api.refused(
        "DELETE",
        &integration,
        Value::Null,
        missing("Invalid Integration identifier specified"),
    )
    .await;
}

#[tokio::test]
async fn answers_of_methods_and_integrations_follow_the_recordings() {
    let app = App::start().await;
    let api = Api::with_method(&app).await;
    let method = format!("/resources/{}/methods/GET", api.root_id);
    let response = format!("{method}/responses/200");
    let created = app.ok(201, "PUT", &api.path(&response), json!({})).await;
    assert_eq!(created, json!({"statusCode": "200"}));
    api.refused(
        "PUT",
        &response,
        json!({}),
        conflict("Response already exists for this resource"),
    )
    .await;
    let changed = app
        .ok(
            201,
            "PATCH",
            &api.path(&response),
            json!({"patchOperations": [
                {"op": "add", "path": "/responseParameters/method.response.header.my-header", "value": "true"},
                {"op": "add", "path": "/responseModels/application~1json", "value": "Empty"},
            ]}),
        )
        .await;
    assert_eq!(
        changed,
        json!({
            "statusCode": "200",
            "responseParameters": {"method.response.header.my-header": true},
            "responseModels": {"application/json": "Empty"},
        })
    );
    let operation = "Member must satisfy enum value set: [add, remove, move, test, replace, copy]";
    let status = r"Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\d\d";
    let both = format!(
        "2 validation errors detected: Value 'wrong_op' at 'updateMethodResponseInput.patchOperations.1.member.op' failed to satisfy constraint: {operation}; {status}"
    );
    let alone = format!("1 validation error detected: {status}");
    let no_response = missing("Invalid Response status code specified");
    let wrong = format!("{method}/responses/wrong");
    for (path, patch, expected) in [
        (
            &response,
            patch("remove", "/responseParameters/other", ""),
            missing("Invalid parameter name specified"),
        ),
        (
            &response,
            patch("replace", "/responseModels/other", ""),
            missing("Content-Type specified was not found"),
        ),
        (
            &response,
            patch("add", "/wrong/method.response.header.my-header", ""),
            bad("Invalid patch path /wrong/method.response.header.my-header"),
        ),
        (
            &format!("{method}/responses/201"),
            patch("add", "/responseModels/a", ""),
            no_response,
        ),
        (
            &wrong,
            patch("add", "/responseModels/a", ""),
            invalid(&alone),
        ),
        (
            &wrong,
            patch("wrong_op", "/responseModels/a", ""),
            invalid(&both),
        ),
    ] {
        api.refused("PATCH", path, patch, expected).await;
    }

    let response = format!("{method}/integration/responses/200");
    let path = api.path(&response);
    let body = json!({"selectionPattern": "", "responseTemplates": {"application/json": null}});
    let created = app.ok(201, "PUT", &path, body.clone()).await;
    assert_eq!(
        created,
        json!({"statusCode": "200", "selectionPattern": "", "responseTemplates": {"application/json": null}})
    );
    let changed = app
        .ok(
            200,
            "PATCH",
            &path,
            patch("replace", "/selectionPattern", "2.."),
        )
        .await;
    assert_eq!(changed["selectionPattern"], "2..");
    api.refused(
        "PUT",
        &response,
        json!({"responseTemplates": {"123": "123"}}),
        bad("Validation Result: warnings : [], errors : [Invalid content type specified: 123]"),
    )
    .await;
    let other = format!(
        "/resources/{}/methods/POST/integration/responses/200",
        api.root_id
    );
    api.refused(
        "DELETE",
        &other,
        Value::Null,
        missing("Invalid Integration identifier specified"),
    )
    .await;
    api.refused("GET", &other, Value::Null, NO_METHOD).await;
    app.ok(204, "DELETE", &path, Value::Null).await;
    api.refused("GET", &response, Value::Null, no_response)
        .await;
    api.refused("DELETE", &response, Value::Null, no_response)
        .await;
}

#[tokio::test]
async fn without_a_gateway_no_method_can_be_tested() {
    let app = App::start().await;
    let api = Api::with_method(&app).await;
    let method = api.method("/GET");
    let (status, kind, _) = app.refused("POST", &method, json!({})).await;
    assert_eq!((status, kind.as_str()), (400, "BadRequestException"));
    let post = format!("/resources/{}/methods/POST", api.root_id);
    api.refused("POST", &post, json!({}), NO_METHOD).await;
}
