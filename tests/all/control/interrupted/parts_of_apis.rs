//! APIs, what belongs to them, deployments and stages.

use serde_json::{Value, json};

use super::super::{App, patch};
use super::keys_and_plans::ask;
use super::world::{FUNCTION, Ids};
use super::{Ask, Case, Leaves, interrupt_each, say};

#[tokio::test]
async fn whole_apis() {
    interrupt_each(&[
        Case::new(
            "CreateRestApi",
            ask!(_ids => "POST", "/restapis".to_owned(), json!({"name": "new"})),
        )
        .leaves(Leaves::Another),
        Case::new(
            "ImportRestApi",
            ask!(_ids => "POST", "/restapis?mode=import".to_owned(), document()),
        )
        .leaves(Leaves::Another),
        Case::new(
            "PutRestApi",
            ask!(ids => "PUT", ids.of_api("?mode=overwrite"), document()),
        ),
        Case::new(
            "UpdateRestApi",
            ask!(ids => "PATCH", ids.of_api(""), patch("replace", "/name", "named anew")),
        ),
        Case::new(
            "TagResource of an API",
            ask!(ids => "PUT", format!("/tags/arn:aws:apigateway:us-east-1::/restapis/{}", ids.api), json!({"tags": {"team": "red"}})),
        ),
        Case::new(
            "DeleteRestApi",
            ask!(ids => "DELETE", format!("/restapis/{}", ids.other_api), Value::Null),
        ),
    ])
    .await;
}

#[tokio::test]
async fn deployments_and_stages() {
    interrupt_each(&[
        Case::new(
            "CreateDeployment",
            ask!(ids => "POST", ids.of_api("/deployments"), json!({"description": "new"})),
        )
        .leaves(Leaves::Another),
        Case::new(
            "CreateDeployment to a stage that there is",
            ask!(ids => "POST", ids.of_api("/deployments"), json!({"description": "new", "stageName": "dev"})),
        )
        .leaves(Leaves::Another),
        Case::new(
            "CreateDeployment to a new stage",
            ask!(ids => "POST", ids.of_api("/deployments"), json!({"description": "new", "stageName": "new"})),
        )
        .leaves(Leaves::Another),
        Case::new(
            "UpdateDeployment",
            ask!(ids => "PATCH", ids.of_api(&format!("/deployments/{}", ids.first)), patch("replace", "/description", "described anew")),
        ),
        Case::new(
            "DeleteDeployment",
            ask!(ids => "DELETE", ids.of_api(&format!("/deployments/{}", ids.spare)), Value::Null),
        ),
        Case::new(
            "CreateStage",
            ask!(ids => "POST", ids.of_api("/stages"), json!({"stageName": "new", "deploymentId": ids.first})),
        ),
        Case::new(
            "UpdateStage",
            ask!(ids => "PATCH", ids.of_api("/stages/dev"), patch("replace", "/deploymentId", &ids.spare)),
        ),
        Case::new(
            "DeleteStage",
            ask!(ids => "DELETE", ids.of_api("/stages/test"), Value::Null),
        ),
    ])
    .await;
}

#[tokio::test]
async fn resources_and_methods() {
    interrupt_each(&[
        Case::new(
            "CreateResource",
            ask!(ids => "POST", ids.of_api(&format!("/resources/{}", ids.root)), json!({"pathPart": "new"})),
        ),
        Case::new(
            "UpdateResource",
            ask!(ids => "PATCH", ids.of_api(&format!("/resources/{}", ids.users)), patch("replace", "/pathPart", "people")),
        ),
        Case::new(
            "DeleteResource",
            ask!(ids => "DELETE", ids.of_api(&format!("/resources/{}", ids.users)), Value::Null),
        ),
        Case::new(
            "PutMethod",
            ask!(ids => "PUT", ids.method("/POST"), json!({"authorizationType": "NONE"})),
        ),
        Case::new(
            "UpdateMethod",
            ask!(ids => "PATCH", ids.method("/GET"), patch("replace", "/apiKeyRequired", "true")),
        ),
        Case::new(
            "DeleteMethod",
            ask!(ids => "DELETE", ids.method("/GET"), Value::Null),
        ),
        Case::new(
            "PutIntegration",
            ask!(ids => "PUT", ids.method("/GET/integration"), json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": FUNCTION})),
        ),
        Case::new(
            "DeleteIntegrationResponse",
            ask!(ids => "DELETE", ids.method("/GET/integration/responses/200"), Value::Null),
        ),
    ])
    .await;
}

#[tokio::test]
async fn models_validators_authorizers_and_gateway_responses() {
    interrupt_each(&[
        Case::new(
            "CreateModel",
            ask!(ids => "POST", ids.of_api("/models"), json!({"name": "New", "contentType": "application/json", "schema": "{\"type\": \"object\", \"title\": \"New\"}"})),
        ),
        Case::new(
            "DeleteModel",
            ask!(ids => "DELETE", ids.of_api("/models/Pet"), Value::Null),
        ),
        Case::new(
            "CreateRequestValidator",
            ask!(ids => "POST", ids.of_api("/requestvalidators"), json!({"name": "new"})),
        )
        .leaves(Leaves::Another),
        Case::new(
            "DeleteRequestValidator",
            ask!(ids => "DELETE", ids.of_api(&format!("/requestvalidators/{}", ids.validator)), Value::Null),
        ),
        Case::new(
            "UpdateAuthorizer",
            ask!(ids => "PATCH", ids.of_api(&format!("/authorizers/{}", ids.authorizer)), patch("replace", "/name", "named anew")),
        ),
        Case::new(
            "DeleteAuthorizer",
            ask!(ids => "DELETE", ids.of_api(&format!("/authorizers/{}", ids.authorizer)), Value::Null),
        ),
        Case::new(
            "UpdateGatewayResponse",
            ask!(ids => "PATCH", ids.of_api("/gatewayresponses/THROTTLED"), patch("replace", "/statusCode", "430")),
        ),
        Case::new(
            "DeleteGatewayResponse",
            ask!(ids => "DELETE", ids.of_api("/gatewayresponses/THROTTLED"), Value::Null),
        ),
    ])
    .await;
}

fn document() -> Value {
    json!({
        "openapi": "3.0.1",
        "info": {"title": "imported", "version": "1.0"},
        "paths": {"/pets": {"get": {
            "responses": {"200": {"description": ""}},
            "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}},
        }}},
    })
}
