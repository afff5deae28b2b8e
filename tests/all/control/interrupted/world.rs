//! What there is before an operation.

use serde_json::{Value, json};

use super::super::App;
use super::super::plans::{join, plan};

/// The ids of what there is.
pub(super) struct Ids {
    /// In Bronze and Free.
    pub(super) joe: String,
    /// In Bronze and Free.
    pub(super) jane: String,
    /// In no plan.
    pub(super) jim: String,
    /// Covers the stage `dev`.
    pub(super) bronze: String,
    /// Covers nothing.
    pub(super) free: String,
    /// Has two stages, `dev` and `test`.
    pub(super) api: String,
    pub(super) root: String,
    pub(super) users: String,
    /// Of the stages.
    pub(super) first: String,
    /// Of no stage.
    pub(super) spare: String,
    pub(super) validator: String,
    pub(super) authorizer: String,
    /// An API that no plan covers.
    pub(super) other_api: String,
}

impl Ids {
    /// The path of something in the API.
    pub(super) fn of_api(&self, rest: &str) -> String {
        format!("/restapis/{}{rest}", self.api)
    }

    /// The path of a method of the resource `/users`, or of a part of it.
    pub(super) fn method(&self, rest: &str) -> String {
        self.of_api(&format!("/resources/{}/methods{rest}", self.users))
    }
}

pub(super) const FUNCTION: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:users/invocations";

/// Makes it all.
pub(super) async fn make(app: &App) -> Ids {
    let (api, root) = api(app, "users").await;
    let at = |rest: &str| format!("/restapis/{api}{rest}");
    let users = made(
        app,
        &at(&format!("/resources/{root}")),
        json!({"pathPart": "users"}),
    )
    .await;
    mock(app, &api, &users).await;
    let validator = made(app, &at("/requestvalidators"), json!({"name": "v"})).await;
    let authorizer = json!({
        "name": "a", "type": "TOKEN", "authorizerUri": FUNCTION,
        "identitySource": "method.request.header.Authorization",
    });
    let authorizer = made(app, &at("/authorizers"), authorizer).await;
    let schema = r#"{"title": "Pet", "type": "object"}"#;
    let model = json!({"name": "Pet", "contentType": "application/json", "schema": schema});
    app.ok(201, "POST", &at("/models"), model).await;
    let path = at("/gatewayresponses/THROTTLED");
    app.ok(201, "PUT", &path, json!({"statusCode": "429"}))
        .await;
    let deployments = at("/deployments");
    let first = json!({"description": "first", "stageName": "dev"});
    let first = made(app, &deployments, first).await;
    let spare = made(app, &deployments, json!({"description": "spare"})).await;
    let stage = json!({"stageName": "test", "deploymentId": first});
    app.ok(201, "POST", &at("/stages"), stage).await;
    let (other_api, other_root) = super::world::api(app, "other").await;
    mock(app, &other_api, &other_root).await;
    let path = format!("/restapis/{other_api}/deployments");
    made(
        app,
        &path,
        json!({"stageName": "prod", "description": "only"}),
    )
    .await;

    let bronze = json!({
        "name": "Bronze",
        "throttle": {"rateLimit": 5, "burstLimit": 10},
        "quota": {"limit": 1000, "period": "DAY"},
        "apiStages": [{"apiId": api, "stage": "dev"}],
        "tags": {"team": "blue"},
    });
    let bronze = plan(app, bronze).await;
    let free = plan(app, json!({"name": "Free"})).await;
    let [joe, jane, jim] = [
        key(app, "joe").await,
        key(app, "jane").await,
        key(app, "jim").await,
    ];
    for plan in [&bronze, &free] {
        for key in [&joe, &jane] {
            join(app, plan, key).await;
        }
    }
    Ids {
        joe,
        jane,
        jim,
        bronze,
        free,
        api,
        root,
        users,
        first,
        spare,
        validator,
        authorizer,
        other_api,
    }
}

/// A key whose value is known.
async fn key(app: &App, name: &str) -> String {
    let value = format!("value-of-{name}-0123456789");
    let body = json!({"name": name, "value": value, "enabled": true, "tags": {"team": "blue"}});
    made(app, "/apikeys", body).await
}

/// The id of what a request has made.
async fn made(app: &App, path: &str, body: Value) -> String {
    let made = app.ok(201, "POST", path, body).await;
    made["id"].as_str().unwrap().to_owned()
}

/// A new API and its root.
async fn api(app: &App, name: &str) -> (String, String) {
    let api = app
        .ok(201, "POST", "/restapis", json!({"name": name}))
        .await;
    let text = |member: &str| api[member].as_str().unwrap().to_owned();
    (text("id"), text("rootResourceId"))
}

/// A method `GET` that answers by itself.
async fn mock(app: &App, api: &str, resource: &str) {
    let method = format!("/restapis/{api}/resources/{resource}/methods/GET");
    for (part, body) in [
        ("", json!({"authorizationType": "NONE"})),
        ("/responses/200", json!({})),
        ("/integration", json!({"type": "MOCK"})),
        ("/integration/responses/200", json!({})),
    ] {
        app.ok(201, "PUT", &format!("{method}{part}"), body).await;
    }
}
