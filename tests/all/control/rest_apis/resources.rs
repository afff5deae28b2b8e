//! Resources and methods.

use serde_json::{Value, json};

use super::{Api, NO_METHOD, NO_RESOURCE, bad, conflict, text};
use crate::control::{App, patch};

#[tokio::test]
async fn a_resource_is_made_renamed_and_removed_with_those_below() {
    let app = App::start().await;
    let api = Api::create(&app).await;
    let below = |id: &str| api.path(&format!("/resources/{id}"));
    let pets = app
        .ok(
            201,
            "POST",
            &below(&api.root_id),
            json!({"pathPart": "pets"}),
        )
        .await;
    let pets_id = text(&pets, "id");
    assert_eq!(pets_id.len(), 6);
    assert_eq!(
        pets,
        json!({"id": pets_id, "parentId": api.root_id, "pathPart": "pets", "path": "/pets"})
    );
    app.ok(201, "POST", &below(&pets_id), json!({"pathPart": "{id}"}))
        .await;
    let renamed = app
        .ok(
            200,
            "PATCH",
            &below(&pets_id),
            patch("replace", "/pathPart", "dogs"),
        )
        .await;
    assert_eq!(renamed["path"], "/dogs");
    let list = app
        .ok(200, "GET", &api.path("/resources"), Value::Null)
        .await;
    let paths: Vec<&Value> = list["item"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["path"])
        .collect();
    assert_eq!(paths, ["/", "/dogs", "/dogs/{id}"]);

    let resource = format!("/resources/{pets_id}");
    for (patch, expected) in [
        (
            patch("replace", "/invalid", "a"),
            bad(
                "Invalid patch path  '/invalid' specified for op 'replace'. Must be one of: [/parentId, /pathPart]",
            ),
        ),
        (
            patch("remove", "/pathPart", "a"),
            bad(
                "Invalid patch path  '/pathPart' specified for op 'remove'. Please choose supported operations",
            ),
        ),
        (
            patch("add", "/pathPart", "a"),
            bad(
                "Invalid patch path  '/pathPart' specified for op 'add'. Please choose supported operations",
            ),
        ),
        (patch("replace", "/parentId", "nothing"), NO_RESOURCE),
    ] {
        api.refused("PATCH", &resource, patch, expected).await;
    }
    app.ok(202, "DELETE", &below(&pets_id), Value::Null).await;
    api.refused("DELETE", &resource, Value::Null, NO_RESOURCE)
        .await;
    let list = app
        .ok(200, "GET", &api.path("/resources"), Value::Null)
        .await;
    assert_eq!(list, json!({"item": [{"id": api.root_id, "path": "/"}]}));
}

#[tokio::test]
async fn a_method_may_only_name_what_there_is() {
    let app = App::start().await;
    let api = Api::create(&app).await;
    let any = format!("/resources/{}/methods/ANY", api.root_id);
    let authorizer = "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.";
    for (body, expected) in [
        (json!({"authorizationType": "CUSTOM"}), bad(authorizer)),
        (
            json!({"authorizationType": "NONE", "requestValidatorId": "validator"}),
            bad("Invalid Request Validator identifier specified"),
        ),
        (
            json!({"authorizationType": "NONE", "requestModels": {"application/json": "petModel"}}),
            bad("Invalid model identifier specified: petModel"),
        ),
        (
            json!({"authorizationType": "NONE", "requestParameters": {"method.request.querystring.q": true, "method.request.header.q": true}}),
            bad("Parameter names must be unique across querystring, header and path"),
        ),
    ] {
        api.refused("PUT", &any, body, expected).await;
    }
    let fetch = format!("/resources/{}/methods/FETCH", api.root_id);
    let none = json!({"authorizationType": "NONE"});
    api.refused("PUT", &fetch, none.clone(), bad("Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY")).await;
    api.refused(
        "PUT",
        "/resources/nothing/methods/GET",
        none.clone(),
        NO_RESOURCE,
    )
    .await;
    api.refused(
        "PATCH",
        &any,
        patch("replace", "/apiKeyRequired", "true"),
        NO_METHOD,
    )
    .await;

    let method = api.method("/ANY");
    let put = app.ok(201, "PUT", &method, none.clone()).await;
    assert_eq!(
        put,
        json!({"httpMethod": "ANY", "authorizationType": "NONE", "apiKeyRequired": false})
    );
    api.refused(
        "PUT",
        &any,
        none,
        conflict("Method already exists for this resource"),
    )
    .await;
    for (patch, expected) in [
        (
            patch("add", "/apiKeyRequired", "true"),
            "Invalid patch operation specified. Must be one of: [replace]",
        ),
        (
            patch("replace", "/httpMethod", "POST"),
            "Invalid patch path /httpMethod",
        ),
        (
            patch("add", "/requestParameters", "a"),
            "Invalid patch path /requestParameters",
        ),
        (
            patch("add", "/requestModels/application/json", "Empty"),
            "Invalid patch path /requestModels/application/json",
        ),
        (patch("replace", "/authorizationType", "CUSTOM"), authorizer),
        (
            patch("replace", "/requestValidatorId", "a"),
            "Invalid Request Validator identifier specified",
        ),
    ] {
        api.refused("PATCH", &any, patch, bad(expected)).await;
    }
    // An authorizer for a method that asks none is forgotten, and what is not "true" is false.
    let kept = app
        .ok(
            200,
            "PATCH",
            &method,
            patch("replace", "/authorizerId", "abc123"),
        )
        .await;
    assert_eq!(kept, put);
    let kept = app
        .ok(
            200,
            "PATCH",
            &method,
            patch("replace", "/apiKeyRequired", "whatever"),
        )
        .await;
    assert_eq!(kept, put);
    let changed = app
        .ok(
            200,
            "PATCH",
            &method,
            json!({"patchOperations": [
                {"op": "add", "path": "/requestParameters/method.request.querystring.optional", "value": "true"},
                {"op": "add", "path": "/requestModels/application~1json", "value": "Empty"},
                {"op": "replace", "path": "/apiKeyRequired", "value": "true"},
            ]}),
        )
        .await;
    assert_eq!(
        changed["requestModels"],
        json!({"application/json": "Empty"})
    );
    assert_eq!(
        changed["requestParameters"],
        json!({"method.request.querystring.optional": true})
    );
    assert_eq!(changed["apiKeyRequired"], true);
    app.ok(204, "DELETE", &method, Value::Null).await;
    api.refused("DELETE", &any, Value::Null, NO_METHOD).await;
    api.refused("GET", &any, Value::Null, NO_METHOD).await;
}
