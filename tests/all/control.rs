//! The management API in this process, on the embedded DynamoDB: requests as API Gateway's clients send them.

mod cost;
mod import;
mod interrupted;
mod keys;
mod managed;
mod openapi;
mod plans;
mod rest_apis;
mod usage;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request};
use serde_json::Value;
use tests::DynamoDb;
use tollgate::control::{Control, NoGateway, Settings, UnmanagedStages, account_limit_of_aws};
use tollgate::key::{EnvironmentLetter, Pepper};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::time::{ManualClock, Timestamp};

/// A Monday at noon, in UTC.
const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

const ACCOUNT: &str = "123456789012";

/// The management API of a fresh table, with a clock that the test drives.
struct App {
    control: Control<DynamoStore, ManualClock>,
    store: DynamoStore,
    clock: ManualClock,
    _database: DynamoDb,
}

/// What the management API answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    /// `null` for an empty body.
    body: Value,
}

impl App {
    /// With plans that may cover any stage, and without AWS's limits on numbers.
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With settings other than those of [`App::start`].
    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let database = DynamoDb::embedded().unwrap();
        let endpoint = database.endpoint().to_owned();
        Self::at(database, &endpoint, change).await
    }

    /// With a store that is reached through `endpoint`, such as a proxy in front of `database`.
    async fn at(database: DynamoDb, endpoint: &str, change: impl FnOnce(&mut Settings)) -> Self {
        Self::patient(database, endpoint, Patience::OPERATOR, change).await
    }

    /// [`App::at`], with another patience with the store.
    async fn patient(
        database: DynamoDb,
        endpoint: &str,
        patience: Patience,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let table = database.fresh_table_name();
        create_table(&database.client(), &table).await.unwrap();
        let sdk_config = tollgate_gateway::local::sdk_config(endpoint, "us-east-1");
        let pepper = Pepper::new(b"a pepper for the tests").unwrap();
        let store = DynamoStore::new(&sdk_config, patience, table, pepper);
        let clock = ManualClock::new(NOW);
        let mut settings = Settings {
            region: "us-east-1".to_owned(),
            account_id: ACCOUNT.to_owned(),
            environment: EnvironmentLetter::of("test"),
            keep_values: true,
            aws_limits: false,
            account_limit: account_limit_of_aws(),
            unmanaged_stages: UnmanagedStages::Any,
        };
        change(&mut settings);
        let gateway = Arc::new(NoGateway);
        let control = Control::new(store.clone(), clock.clone(), settings, gateway).unwrap();
        Self {
            control,
            store,
            clock,
            _database: database,
        }
    }

    /// Sends a request. A body of `null` is none.
    async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() {
            Bytes::new()
        } else {
            Bytes::from(body.to_string())
        };
        self.send_bytes(method, path, body).await
    }

    /// Sends a body as it is.
    async fn send_bytes(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "application/json")
            .body(body.into())
            .unwrap();
        let response = self.control.answer(request).await;
        let (parts, body) = response.into_parts();
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).unwrap()
        };
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    /// Sends a request which has to be carried out with `status`. Its body.
    async fn ok(&self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let answer = self.send(method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        answer.body
    }

    /// Sends a request which has to be refused. The status, the type and the text of the error.
    async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String, String) {
        let answer = self.send(method, path, body).await;
        assert!(answer.status >= 400, "{method} {path}: {}", answer.body);
        answer.error()
    }
}

impl Answer {
    /// The status, the type and the text of an error.
    fn error(&self) -> (u16, String, String) {
        let error_type = self.headers.get("x-amzn-errortype");
        let error_type = error_type.map_or("", |value| value.to_str().unwrap());
        let message = self.body.get("message").or(self.body.get("Message"));
        let message = message.and_then(Value::as_str).unwrap_or_default();
        (self.status, error_type.to_owned(), message.to_owned())
    }
}

/// The names of an object's members.
fn members(object: &Value) -> BTreeSet<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// The path of the page that follows, of a list whose path has a query. A position has no other mark that clients escape.
fn next_page(path: &str, page: &Value) -> String {
    let position = page["position"].as_str().unwrap();
    format!("{path}&position={}", position.replace('#', "%23"))
}

/// One patch operation.
fn patch(op: &str, path: &str, value: &str) -> Value {
    serde_json::json!({"patchOperations": [{"op": op, "path": path, "value": value}]})
}

#[tokio::test]
async fn an_unknown_operation_is_refused_as_a_request_without_a_signature() {
    let app = App::start().await;
    let (status, error_type, _) = app.refused("GET", "/nothing", Value::Null).await;
    assert_eq!(status, 403);
    assert_eq!(error_type, "MissingAuthenticationTokenException");
}

#[tokio::test]
async fn a_trailing_slash_is_no_other_resource() {
    let app = App::start().await;
    for path in ["/account", "/account/"] {
        let account = app.ok(200, "GET", path, Value::Null).await;
        let known = ["apiKeyVersion", "features", "throttleSettings"];
        assert_eq!(members(&account), known.into(), "{path}");
    }
}
