//! The function over a DynamoDB API in this process, and a server that takes its answers.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::Credentials;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tollgate::id::{KeyId, PlanId};
use tollgate::key::{EnvironmentLetter, Pepper};
use tollgate::plan::Plan;
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{ApiKey, KeyRegistry as _, PlanRegistry as _};
use tollgate::time::{Clock as _, ManualClock, Timestamp};

use crate::config::Config;
use crate::{App, HandleError, Invocation};

/// 2026-11-23T12:00:00Z.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);
const TABLE: &str = "tollgate";
pub(super) const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:control";

/// What the server does with an answer instead of taking it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    /// Answers with this status.
    Status(u16),
    /// Never answers.
    Hang,
}

/// An answer as it came to the server.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) content_type: Option<String>,
    pub(super) body: Value,
    pub(super) len: usize,
}

impl Told {
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(super) fn id(&self) -> &str {
        self.text("/PhysicalResourceId")
    }

    pub(super) fn reason(&self) -> &str {
        self.text("/Reason")
    }

    #[track_caller]
    pub(super) fn succeeded(self) -> Self {
        assert_eq!(self.text("/Status"), "SUCCESS", "{:?}", self.body);
        self
    }

    #[track_caller]
    pub(super) fn failed(self) -> Self {
        assert_eq!(self.text("/Status"), "FAILED", "{:?}", self.body);
        assert_ne!(self.reason(), "");
        self
    }
}

#[derive(Debug, Default)]
struct Inbox {
    told: Vec<Told>,
    troubles: VecDeque<Trouble>,
    lasting: Option<Trouble>,
}

/// One table, one clock, the function, and the server of its answers. All ends with the runtime of the test.
pub(super) struct TestApp {
    pub(super) store: DynamoStore,
    pub(super) client: aws_sdk_dynamodb::Client,
    pub(super) clock: ManualClock,
    pub(super) app: App<DynamoStore, ManualClock>,
    response_url: String,
    inbox: Arc<Mutex<Inbox>>,
}

impl TestApp {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(super) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let app = Self::at(&endpoint, change).await;
        create_table(&app.client, TABLE).await.unwrap();
        app
    }

    /// The function with a store that takes connections and never answers.
    pub(super) async fn start_hanging() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut connections = Vec::new();
            while let Ok((connection, _)) = listener.accept().await {
                connections.push(connection);
            }
        });
        Self::at(&endpoint, |_| {}).await
    }

    async fn at(endpoint: &str, change: impl FnOnce(&mut Config)) -> Self {
        let sdk_config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
            .endpoint_url(endpoint)
            .region(Region::new("us-east-1"))
            .load()
            .await;
        let mut config = Config {
            table: TABLE.to_owned(),
            pepper: Pepper::new(b"a pepper for the tests").unwrap(),
            environment: EnvironmentLetter::of("dev"),
            keep_values: true,
            allow_unsigned: false,
        };
        change(&mut config);
        let pepper = config.pepper.clone();
        let store = DynamoStore::new(&sdk_config, Patience::OPERATOR, TABLE, pepper);
        let clock = ManualClock::new(NOW);
        let (response_url, inbox) = serve_answers().await;
        Self {
            client: aws_sdk_dynamodb::Client::new(&sdk_config),
            app: App::new(store.clone(), clock.clone(), config),
            store,
            clock,
            response_url,
            inbox,
        }
    }

    /// Makes trouble for the next answers.
    pub(super) fn trouble(&self, troubles: &[Trouble]) {
        self.inbox.lock().unwrap().troubles.extend(troubles);
    }

    /// Makes trouble for every answer from now on, or for none.
    pub(super) fn lasting_trouble(&self, trouble: Option<Trouble>) {
        self.inbox.lock().unwrap().lasting = trouble;
    }

    /// The answers that were taken since the last time.
    pub(super) fn told(&self) -> Vec<Told> {
        std::mem::take(&mut self.inbox.lock().unwrap().told)
    }

    pub(super) fn invocation(&self, left: Duration) -> Invocation {
        Invocation {
            deadline: self.clock.now().saturating_add(left),
            function_arn: FUNCTION.to_owned(),
        }
    }

    /// Handles an event in 300 s.
    pub(super) async fn handle(&self, event: Value) -> Result<Value, HandleError> {
        self.handle_within(event, Duration::from_mins(5)).await
    }

    pub(super) async fn handle_within(
        &self,
        mut event: Value,
        left: Duration,
    ) -> Result<Value, HandleError> {
        if event.get("ResponseURL") == Some(&json!("http://127.0.0.1:9/response")) {
            event["ResponseURL"] = json!(self.response_url);
        }
        self.app.handle(event, &self.invocation(left)).await
    }

    /// Handles a request of CloudFormation, and returns what it was told.
    pub(super) async fn deploy(&self, event: &Value) -> Told {
        self.handle(event.clone()).await.unwrap();
        let told = self.told();
        assert_eq!(told.len(), 1, "{told:?}");
        told.into_iter().next().unwrap()
    }

    pub(super) async fn plan(&self, id: &str) -> Option<Plan> {
        self.store.plan_by_id(&PlanId::from(id)).await.unwrap()
    }

    pub(super) async fn key(&self, id: &str) -> Option<ApiKey> {
        self.store.key_by_id(&KeyId::from(id)).await.unwrap()
    }

    /// How many keys and plans there are.
    pub(super) async fn counts(&self) -> (u64, u64) {
        use tollgate::store::Registry as _;
        let counts = self.store.counts().await.unwrap();
        (counts.keys, counts.plans)
    }

    /// A plan and a key as the sample events make them, the key in no plan yet.
    pub(super) async fn plan_and_key(&self) -> (String, String) {
        let plan = self.deploy(&event("control-usage-plan-create")).await;
        let key = self.deploy(&event("control-api-key-create")).await;
        (
            plan.succeeded().id().to_owned(),
            key.succeeded().id().to_owned(),
        )
    }
}

/// The event in `events/{name}.json`.
pub(super) fn event(name: &str) -> Value {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The creation in `event` with other properties.
pub(super) fn with(event: &Value, properties: &Value) -> Value {
    let mut event = event.clone();
    for (name, value) in properties.as_object().unwrap() {
        let known = event["ResourceProperties"].as_object_mut().unwrap();
        match value {
            Value::Null => known.remove(name),
            value => known.insert(name.clone(), value.clone()),
        };
    }
    event
}

/// The request `request_id` for the way from the properties of one event to those of another.
pub(super) fn update(from: &Value, to: &Value, physical_id: &str, request_id: &str) -> Value {
    let mut event = to.clone();
    event["RequestType"] = json!("Update");
    event["RequestId"] = json!(request_id);
    event["PhysicalResourceId"] = json!(physical_id);
    event["OldResourceProperties"] = from["ResourceProperties"].clone();
    event
}

/// The request to delete what `event` has made.
pub(super) fn delete(event: &Value, physical_id: &str) -> Value {
    let mut event = event.clone();
    event["RequestType"] = json!("Delete");
    event["RequestId"] = json!("00000000-0000-4000-8000-00000000dead");
    event["PhysicalResourceId"] = json!(physical_id);
    event
}

async fn serve_answers() -> (String, Arc<Mutex<Inbox>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!(
        "http://{}/response?signature=s",
        listener.local_addr().unwrap()
    );
    let inbox = Arc::new(Mutex::new(Inbox::default()));
    let kept = Arc::clone(&inbox);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let inbox = Arc::clone(&inbox);
            let service = service_fn(move |request| take(request, Arc::clone(&inbox)));
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(connection), service),
            );
        }
    });
    (url, kept)
}

async fn take(
    request: Request<Incoming>,
    inbox: Arc<Mutex<Inbox>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(request.method(), Method::PUT);
    assert_eq!(request.uri(), "/response?signature=s");
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let content_type = parts.headers.get("content-type");
    let told = Told {
        content_type: content_type.map(|value| value.to_str().unwrap().to_owned()),
        body: serde_json::from_slice(&body).unwrap(),
        len: body.len(),
    };
    let trouble = {
        let mut inbox = inbox.lock().unwrap();
        let trouble = inbox.troubles.pop_front().or(inbox.lasting);
        if trouble.is_none() {
            inbox.told.push(told);
        }
        trouble
    };
    let mut response = Response::new(Full::default());
    match trouble {
        None => {}
        Some(Trouble::Status(status)) => {
            *response.status_mut() = status.try_into().unwrap();
        }
        Some(Trouble::Hang) => std::future::pending().await,
    }
    Ok(response)
}
