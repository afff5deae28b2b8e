//! The service over a real DynamoDB API in this process, on loopback.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use http::{HeaderMap, StatusCode};
use lambda_http::{Body, Request, RequestExt as _};
use serde_json::Value;
use tokio::net::TcpListener;
use tollgate::time::{ManualClock, Timestamp};
use tower::ServiceExt as _;

use crate::{App, UserStore, service};

const TABLE: &str = "users";

/// What the service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body; null when it is empty.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap()
    }
}

/// One table, one clock and the service over them. The server ends with the runtime of the test.
#[derive(Debug)]
pub(crate) struct TestApp {
    pub(crate) store: UserStore,
    pub(crate) clock: ManualClock,
    app: Arc<App>,
}

impl TestApp {
    /// A service with an empty table, at 2023-11-14T22:13:20Z.
    pub(crate) async fn start() -> Self {
        let app = Self::without_table().await;
        create_table(&app.0).await;
        app.1
    }

    /// A service whose table does not exist, so that every call to it fails.
    pub(crate) async fn start_broken() -> Self {
        Self::without_table().await.1
    }

    async fn without_table() -> (Client, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
            .endpoint_url(endpoint)
            .region(Region::new("us-east-1"))
            .retry_config(RetryConfig::disabled())
            .build();
        let client = Client::from_conf(config);
        let store = UserStore::new(client.clone(), TABLE);
        let clock = ManualClock::new(Timestamp::from_secs(1_700_000_000));
        let app = Arc::new(App::new(store.clone(), clock.clone()));
        (client, Self { store, clock, app })
    }

    /// Sends a request as a function URL would pass it on. The path may have a query.
    pub(crate) async fn send(&self, method: &str, path_and_query: &str, body: &str) -> Answer {
        let (path, query) = path_and_query
            .split_once('?')
            .unwrap_or((path_and_query, ""));
        let request = http::Request::builder()
            .method(method)
            .uri(path_and_query)
            .body(Body::from(body))
            .unwrap()
            .with_raw_http_path(path)
            .with_query_string_parameters(
                query
                    .parse::<lambda_http::aws_lambda_events::query_map::QueryMap>()
                    .unwrap(),
            );
        self.answer(request).await
    }

    /// Sends what the event in `events/{name}.json` holds.
    pub(crate) async fn send_event(&self, name: &str) -> Answer {
        let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let event = std::fs::read_to_string(path).unwrap();
        self.answer(lambda_http::request::from_str(&event).unwrap())
            .await
    }

    async fn answer(&self, request: Request) -> Answer {
        let Ok(response) = service(Arc::clone(&self.app)).oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = match &*body {
            [] => Value::Null,
            bytes => serde_json::from_slice(bytes).unwrap(),
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

async fn create_table(client: &Client) {
    let id = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S)
        .build()
        .unwrap();
    let key = KeySchemaElement::builder()
        .attribute_name("id")
        .key_type(KeyType::Hash)
        .build()
        .unwrap();
    client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(id)
        .key_schema(key)
        .send()
        .await
        .unwrap();
}
