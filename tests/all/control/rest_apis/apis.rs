//! APIs themselves: what they may be, their lists, and operations on APIs that are not there.

use serde_json::{Value, json};

use super::{Api, FUNCTION, NO_RESOURCE, assert_refused, bad, invalid, text};
use crate::control::{ACCOUNT, App, patch};

#[tokio::test]
async fn a_new_api_has_the_defaults_of_aws() {
    let app = App::start().await;
    let mut body = app
        .ok(201, "POST", "/restapis", json!({"name": "users"}))
        .await;
    let members = body.as_object_mut().unwrap();
    let id = members.remove("id").unwrap();
    let root_id = members.remove("rootResourceId").unwrap();
    assert_eq!(id.as_str().unwrap().len(), 10);
    assert_eq!(root_id.as_str().unwrap().len(), 10);
    assert_eq!(
        body,
        json!({
            "name": "users",
            "createdDate": 1_795_435_200,
            "apiKeySource": "HEADER",
            "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
            "disableExecuteApiEndpoint": false,
            "apiStatus": "AVAILABLE",
        })
    );
    let path = format!("/restapis/{}/models", id.as_str().unwrap());
    let models = app.ok(200, "GET", &path, Value::Null).await;
    let names: Vec<&Value> = models["item"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 2);
    assert_eq!(
        (&names[0]["name"], &names[1]["name"]),
        (&json!("Empty"), &json!("Error"))
    );
}

#[tokio::test]
async fn what_an_api_may_not_be_is_refused_with_the_recorded_texts() {
    let app = App::start().await;
    for (body, expected) in [
        (
            json!({"name": "a", "description": ""}),
            bad("Description cannot be an empty string"),
        ),
        (
            json!({"name": "a", "minimumCompressionSize": -1}),
            bad("Invalid minimum compression size, must be between 0 and 10485760"),
        ),
        (
            json!({"name": "a", "endpointConfiguration": {"types": []}}),
            bad("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED."),
        ),
        (
            json!({"name": "a", "endpointConfiguration": {"types": ["EDGE", "REGIONAL"]}}),
            bad("Cannot create an api with multiple Endpoint Types."),
        ),
        (
            json!({"name": "a", "endpointConfiguration": {"types": ["PRIVATE"], "ipAddressType": "ipv4"}}),
            bad("Only dualstack ipAddressType is supported for Private APIs."),
        ),
        (
            json!({"name": "a", "description": "", "endpointConfiguration": {"types": ["wrong"], "ipAddressType": "wrong"}}),
            invalid(
                "2 validation errors detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]; Value 'wrong' at 'createRestApiInput.endpointConfiguration.ipAddressType' failed to satisfy constraint: Member must satisfy enum value set: [ipv4, dualstack]",
            ),
        ),
    ] {
        assert_refused(&app, "POST", "/restapis", body, expected).await;
    }
}

#[tokio::test]
async fn an_update_of_an_api_follows_the_recordings() {
    let app = App::start().await;
    let api = Api::create(&app).await;
    let path = api.path("");
    let changed = app
        .ok(
            200,
            "PATCH",
            &path,
            json!({"patchOperations": [
                {"op": "add", "path": "/binaryMediaTypes/image~1png"},
                {"op": "add", "path": "/binaryMediaTypes/image~1jpeg"},
                {"op": "replace", "path": "/binaryMediaTypes/image~1png", "value": "image/gif"},
                {"op": "replace", "path": "/description", "value": "mine"},
                {"op": "replace", "path": "/apiKeySource", "value": "AUTHORIZER"},
                {"op": "replace", "path": "/minimumCompressionSize", "value": "10"},
                {"op": "replace", "path": "/endpointConfiguration/types/EDGE", "value": "PRIVATE"},
            ]}),
        )
        .await;
    assert_eq!(
        changed["binaryMediaTypes"],
        json!(["image/jpeg", "image/gif"])
    );
    assert_eq!(changed["tags"], json!({}));
    assert_eq!(changed["minimumCompressionSize"], 10);
    assert_eq!(
        changed["endpointConfiguration"],
        json!({"types": ["PRIVATE"], "ipAddressType": "dualstack"})
    );
    let removed = app
        .ok(
            200,
            "PATCH",
            &path,
            json!({"patchOperations": [
                {"op": "remove", "path": "/description"},
                {"op": "replace", "path": "/minimumCompressionSize"},
                {"op": "remove", "path": "/binaryMediaTypes/image~1gif"},
            ]}),
        )
        .await;
    assert!(removed.get("description").is_none());
    assert!(removed.get("minimumCompressionSize").is_none());
    assert_eq!(removed["binaryMediaTypes"], json!(["image/jpeg"]));

    for (patch, expected) in [
        (
            patch("add", "/minimumCompressionSize", "10"),
            "Invalid patch operation specified. Must be one of: [replace]",
        ),
        (
            patch("replace", "/minimumCompressionSize", "-1"),
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            patch("replace", "/minimumCompressionSize", "test"),
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            patch("add", "/binaryMediaTypes", "image/gif"),
            "Invalid patch path /binaryMediaTypes",
        ),
        (
            patch("replace", "/endpointConfiguration/ipAddressType", "ipv4"),
            "Only dualstack ipAddressType is supported for Private APIs.",
        ),
        (
            patch("replace", "/endpointConfiguration/ipAddressType", "wrong"),
            "ipAddressType must be either ipv4 or dualstack.",
        ),
        (
            patch("replace", "/endpointConfiguration/types/0", "wrong"),
            "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
        ),
        (
            patch("copy", "/endpointConfiguration/types/0", "EDGE"),
            "Invalid patch operation specified. Must be 'add'|'remove'|'replace'",
        ),
    ] {
        api.refused("PATCH", "", patch, bad(expected)).await;
    }
}

#[tokio::test]
async fn an_unknown_api_is_named_as_each_operation_names_it() {
    let app = App::start().await;
    let unknown = format!("Invalid API identifier specified {ACCOUNT}:nothing000");
    let unknown = (404, "NotFoundException", unknown.as_str());
    let method = "/restapis/nothing000/resources/aaaaaa/methods/GET";
    let validators = "/restapis/nothing000/requestvalidators";
    let no_validator = (
        404,
        "NotFoundException",
        "Invalid Request Validator identifier specified",
    );
    let authorizer = json!({"name": "a", "type": "TOKEN", "authorizerUri": FUNCTION});
    for (verb, path, body, expected) in [
        ("GET", "/restapis/nothing000", Value::Null, unknown),
        ("DELETE", "/restapis/nothing000", Value::Null, unknown),
        (
            "PATCH",
            "/restapis/nothing000",
            patch("replace", "/name", "a"),
            unknown,
        ),
        (
            "GET",
            "/restapis/nothing000/resources",
            Value::Null,
            unknown,
        ),
        (
            "POST",
            "/restapis/nothing000/resources/aaaaaa",
            json!({"pathPart": "a"}),
            NO_RESOURCE,
        ),
        (
            "PUT",
            method,
            json!({"authorizationType": "NONE"}),
            NO_RESOURCE,
        ),
        (
            "PATCH",
            method,
            patch("replace", "/apiKeyRequired", "true"),
            NO_RESOURCE,
        ),
        ("POST", method, json!({}), NO_RESOURCE),
        (
            "GET",
            &format!("{method}/integration"),
            Value::Null,
            NO_RESOURCE,
        ),
        (
            "GET",
            &format!("{method}/integration/responses/200"),
            Value::Null,
            NO_RESOURCE,
        ),
        (
            "POST",
            "/restapis/nothing000/deployments",
            json!({}),
            unknown,
        ),
        ("GET", "/restapis/nothing000/stages", Value::Null, unknown),
        (
            "GET",
            "/restapis/nothing000/gatewayresponses",
            Value::Null,
            unknown,
        ),
        (
            "DELETE",
            "/restapis/nothing000/gatewayresponses/THROTTLED",
            Value::Null,
            unknown,
        ),
        ("GET", "/restapis/nothing000/models", Value::Null, unknown),
        (
            "GET",
            "/restapis/nothing000/authorizers",
            Value::Null,
            unknown,
        ),
        (
            "POST",
            "/restapis/nothing000/authorizers",
            authorizer,
            (
                409,
                "ConflictException",
                "Unable to complete operation due to concurrent modification. Please try again later.",
            ),
        ),
        ("GET", validators, Value::Null, unknown),
        (
            "POST",
            validators,
            json!({}),
            (
                400,
                "BadRequestException",
                "Invalid REST API identifier specified",
            ),
        ),
        (
            "GET",
            &format!("{validators}/aaaaaa"),
            Value::Null,
            no_validator,
        ),
        (
            "DELETE",
            &format!("{validators}/aaaaaa"),
            Value::Null,
            no_validator,
        ),
    ] {
        assert_refused(&app, verb, path, body, expected).await;
    }
}

#[tokio::test]
async fn apis_and_resources_are_listed_in_pages() {
    let app = App::start().await;
    let api = Api::create(&app).await;
    for _ in 0..3 {
        Api::create(&app).await;
    }
    for part in ["c", "a", "b"] {
        let path = api.path(&format!("/resources/{}", api.root_id));
        app.ok(201, "POST", &path, json!({"pathPart": part})).await;
    }
    for (list, count) in [("/restapis", 4), (api.path("/resources").as_str(), 4)] {
        let mut seen = Vec::new();
        let mut path = format!("{list}?limit=2");
        loop {
            let page = app.ok(200, "GET", &path, Value::Null).await;
            let entries = page["item"].as_array().unwrap();
            assert!(entries.len() <= 2);
            seen.extend(entries.iter().map(|entry| text(entry, "id")));
            let Some(position) = page.get("position") else {
                break;
            };
            // Everything that could not stand in a query as it is.
            let position = position.as_str().unwrap();
            let position = position.replace('%', "%25").replace('#', "%23");
            let position = position.replace('&', "%26").replace('+', "%2B");
            path = format!("{list}?limit=2&position={position}");
        }
        assert_eq!(seen.len(), count, "{list}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count, "{list}");
    }
    let page = app
        .ok(200, "GET", &api.path("/resources?limit=-1"), Value::Null)
        .await;
    assert_eq!(page, json!({"item": []}));
}

#[tokio::test]
async fn a_clone_has_what_its_source_consists_of() {
    let app = App::start().await;
    let api = Api::with_method(&app).await;
    let body = json!({"name": "copy", "cloneFrom": api.id, "description": "the second"});
    let clone = app.ok(201, "POST", "/restapis", body).await;
    assert_ne!(clone["id"], json!(api.id));
    assert_eq!(clone["name"], "copy");
    let path = format!("/restapis/{}/resources?embed=methods", text(&clone, "id"));
    let resources = app.ok(200, "GET", &path, Value::Null).await;
    let method = &resources["item"][0]["resourceMethods"]["GET"];
    assert_eq!(method["methodIntegration"]["type"], "MOCK");
    assert_eq!(resources["item"][0]["id"], clone["rootResourceId"]);
}
