//! The control function, as CloudFormation, operators and the daily schedule use it.

use std::convert::Infallible;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tollgate::key::EnvironmentLetter;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{KeyFilter, KeyRegistry as _, PageRequest, PlanRegistry as _};
use tollgate::time::{Clock as _, ManualClock};

use super::tables::{Tables, event, pepper};

/// The control function over the tables, as its events drive it.
pub(super) struct Controlled {
    app: control::App<DynamoStore, ManualClock>,
    clock: ManualClock,
    /// What the proxy does not see.
    registry: DynamoStore,
    response_url: String,
}

impl Controlled {
    pub(super) async fn start(tables: &Tables) -> Self {
        let config = control::config::Config {
            table: tables.tollgate.clone(),
            pepper: pepper(),
            environment: EnvironmentLetter::of("dev"),
            keep_values: true,
            allow_unsigned: false,
        };
        let store = tables.store_at(tables.proxy.endpoint());
        Self {
            app: control::App::new(store, tables.clock.clone(), config),
            clock: tables.clock.clone(),
            registry: tables.store_at(tables.database.endpoint()),
            response_url: take_answers().await,
        }
    }

    pub(super) async fn handle(&self, mut event: Value) -> Value {
        if event.get("ResponseURL").is_some() {
            event["ResponseURL"] = json!(self.response_url);
        }
        let invocation = control::Invocation {
            deadline: self.clock.now().saturating_add(Duration::from_mins(5)),
            function_arn: "arn:aws:lambda:us-east-1:000000000000:function:control".to_owned(),
        };
        self.app.handle(event, &invocation).await.unwrap()
    }

    /// Handles a creation with some other properties, and returns it.
    pub(super) async fn create(&self, name: &str, properties: Value) -> Value {
        let mut event = control_event(name);
        for (name, value) in properties.as_object().unwrap() {
            event["ResourceProperties"][name] = value.clone();
        }
        self.handle(event.clone()).await;
        event
    }

    pub(super) async fn update(&self, created: &Value, physical_id: &str) {
        let mut event = created.clone();
        event["RequestType"] = json!("Update");
        event["PhysicalResourceId"] = json!(physical_id);
        event["OldResourceProperties"] = event["ResourceProperties"].clone();
        self.handle(event).await;
    }

    pub(super) async fn delete(&self, created: &Value, physical_id: &str) {
        let mut event = created.clone();
        event["RequestType"] = json!("Delete");
        event["PhysicalResourceId"] = json!(physical_id);
        self.handle(event).await;
    }

    /// The ids of the one plan and the one key.
    pub(super) async fn made(&self) -> (String, String) {
        let page = PageRequest {
            limit: 2,
            after: None,
        };
        let plans = self.registry.plans(&page).await.unwrap().entries;
        let keys = self
            .registry
            .keys(&page, &KeyFilter::default())
            .await
            .unwrap()
            .entries;
        assert_eq!((plans.len(), keys.len()), (1, 1));
        (plans[0].id.to_string(), keys[0].id.to_string())
    }

    /// Leaves a meter behind whose key and plan are gone.
    pub(super) async fn orphan(&self, tables: &Tables) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        tables
            .database
            .client()
            .put_item()
            .table_name(&tables.tollgate)
            .item("pk", text("M#gone#gone"))
            .item("sk", text("METER"))
            .send()
            .await
            .unwrap();
    }
}

pub(super) fn control_event(name: &str) -> Value {
    serde_json::from_str(&event(name)).unwrap()
}

/// A server that takes what is put to it, if it tells of success.
async fn take_answers() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let service = hyper::service::service_fn(async |request: Request<Incoming>| {
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let told: Value = serde_json::from_slice(&body).unwrap();
                let mut response = Response::new(Full::<Bytes>::default());
                if told["Status"] != "SUCCESS" {
                    // Whoever waits for the function then fails.
                    *response.status_mut() = StatusCode::CONFLICT;
                }
                Ok::<_, Infallible>(response)
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(connection), service),
            );
        }
    });
    url
}
