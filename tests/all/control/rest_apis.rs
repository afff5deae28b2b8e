//! REST APIs through the management API: from a resource to a stage, and back.

mod apis;
mod integrations;
mod parts;
mod resources;
mod stages;

use serde_json::{Value, json};

use super::App;

const NO_RESOURCE: (u16, &str, &str) = (
    404,
    "NotFoundException",
    "Invalid Resource identifier specified",
);
const NO_METHOD: (u16, &str, &str) = (
    404,
    "NotFoundException",
    "Invalid Method identifier specified",
);

const FUNCTION: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:users/invocations";

/// An API of the management API, with the paths of what is in it.
struct Api<'a> {
    app: &'a App,
    id: String,
    root_id: String,
}

impl<'a> Api<'a> {
    async fn create(app: &'a App) -> Self {
        let body = app
            .ok(201, "POST", "/restapis", json!({"name": "users"}))
            .await;
        Self {
            app,
            id: text(&body, "id"),
            root_id: text(&body, "rootResourceId"),
        }
    }

    /// An API with a MOCK method `GET /`, which can be deployed.
    async fn with_method(app: &'a App) -> Self {
        let api = Self::create(app).await;
        api.mock_method("GET").await;
        api
    }

    fn path(&self, rest: &str) -> String {
        format!("/restapis/{}{rest}", self.id)
    }

    /// The path of a method of the root resource.
    fn method(&self, rest: &str) -> String {
        self.path(&format!("/resources/{}/methods{rest}", self.root_id))
    }

    async fn mock_method(&self, verb: &str) {
        let method = self.method(&format!("/{verb}"));
        let body = json!({"authorizationType": "NONE"});
        self.app.ok(201, "PUT", &method, body).await;
        let integration = format!("{method}/integration");
        let body = json!({"type": "MOCK"});
        self.app.ok(201, "PUT", &integration, body).await;
    }

    async fn deploy(&self, body: Value) -> String {
        let path = self.path("/deployments");
        text(&self.app.ok(201, "POST", &path, body).await, "id")
    }

    async fn refused(&self, method: &str, rest: &str, body: Value, expected: (u16, &str, &str)) {
        let path = self.path(rest);
        assert_refused(self.app, method, &path, body, expected).await;
    }
}

fn text(body: &Value, member: &str) -> String {
    body[member].as_str().unwrap().to_owned()
}

async fn assert_refused(
    app: &App,
    method: &str,
    path: &str,
    body: Value,
    expected: (u16, &str, &str),
) {
    let (status, kind, message) = app.refused(method, path, body).await;
    assert_eq!(
        (status, kind.as_str(), message.as_str()),
        expected,
        "{method} {path}"
    );
}

fn bad(message: &str) -> (u16, &str, &str) {
    (400, "BadRequestException", message)
}

fn invalid(message: &str) -> (u16, &str, &str) {
    (400, "ValidationException", message)
}

fn missing(message: &str) -> (u16, &str, &str) {
    (404, "NotFoundException", message)
}

fn conflict(message: &str) -> (u16, &str, &str) {
    (409, "ConflictException", message)
}
