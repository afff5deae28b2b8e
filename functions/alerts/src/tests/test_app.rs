//! The function with everything around it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::tests::DynamoDb;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tollgate::alert::{Alert, Webhook};
use tollgate::key::{KeyValue, Pepper};
use tollgate::meter::MeterId;
use tollgate::plan::ALERTS;
use tollgate::quota::{Period, Quota};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{
    AlertOutbox as _, AlertState, KeyRegistry as _, NewKey, NewPlan, PlanRegistry as _,
};
use tollgate::time::{Clock as _, ManualClock, Timestamp};

use crate::config::{Config, EventBus};
use crate::{App, Outlets};

/// 2026-11-23T12:00:00Z.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);
pub(super) const SECRET: &str = "a secret for the tests";
const TABLE: &str = "tollgate";

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) fields: HeaderMap,
    body: Bytes,
}

impl Received {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A server that takes what comes.
#[derive(Clone)]
struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
    answer: Arc<Mutex<(u16, &'static str)>>,
}

impl Receiver {
    async fn start(body: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let receiver = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            received: Arc::default(),
            answer: Arc::new(Mutex::new((200, body))),
        };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let receiver = serving.clone();
                let service = service_fn(move |request| receiver.clone().take(request));
                let builder = hyper::server::conn::http1::Builder::new();
                tokio::spawn(builder.serve_connection(TokioIo::new(connection), service));
            }
        });
        receiver
    }

    async fn take(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        self.received.lock().unwrap().push(Received {
            fields: parts.headers,
            body,
        });
        let (status, body) = *self.answer.lock().unwrap();
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = status.try_into().unwrap();
        Ok(response)
    }
}

/// One table, one clock, an event bus, a webhook, and the function.
pub(super) struct TestApp {
    pub(super) store: DynamoStore,
    pub(super) clock: ManualClock,
    pub(super) app: App<DynamoStore, ManualClock, Outlets<ManualClock>>,
    database: DynamoDb,
    config: Config,
    bus: Receiver,
    hook: Receiver,
}

impl TestApp {
    /// With the key `client` in the plan `bronze` of 1,000 requests a day, which has this tag.
    pub(super) async fn start(alerts: &str) -> Self {
        let database = DynamoDb::embedded().unwrap();
        let sdk_config = ::tests::sdk_config(database.endpoint());
        let client = database.client();
        create_table(&client, TABLE).await.unwrap();
        let pepper = Pepper::new(b"a pepper for the tests").unwrap();
        let store = DynamoStore::new(&sdk_config, Patience::OPERATOR, TABLE, pepper.clone());
        sell(&store, alerts).await;
        let bus = Receiver::start(r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#).await;
        let hook = Receiver::start("").await;
        let config = Config {
            table: TABLE.to_owned(),
            pepper,
            event_bus: Some(EventBus {
                name: "alerts".to_owned(),
                endpoint: bus.url.clone(),
            }),
            webhook: Some(Webhook::new(&hook.url, SECRET.as_bytes()).unwrap()),
        };
        Self::over(store, ManualClock::new(NOW), database, config, bus, hook)
    }

    fn over(
        store: DynamoStore,
        clock: ManualClock,
        database: DynamoDb,
        config: Config,
        bus: Receiver,
        hook: Receiver,
    ) -> Self {
        let sdk_config = ::tests::sdk_config(database.endpoint());
        let outlets = Outlets::new(&sdk_config, clock.clone(), &config).unwrap();
        Self {
            app: App::new(store.clone(), clock.clone(), outlets),
            store,
            clock,
            database,
            config,
            bus,
            hook,
        }
    }

    /// The same function in another process, which remembers nothing.
    pub(super) fn restart(&self) -> Self {
        Self::over(
            self.store.clone(),
            self.clock.clone(),
            self.database.clone(),
            self.config.clone(),
            self.bus.clone(),
            self.hook.clone(),
        )
    }

    pub(super) async fn handle(&self, event: &Value) -> Value {
        let deadline = self.clock.now().saturating_add(Duration::from_mins(1));
        self.app.handle(event, deadline).await.unwrap()
    }

    pub(super) async fn take(&self, records: &[Value]) -> Value {
        self.handle(&stream(records)).await
    }

    /// What the stream brings after alerts were kept.
    pub(super) async fn follow(&self) {
        for state in AlertState::ALL {
            for it in self.store.alerts(state, 100).await.unwrap() {
                self.take(&[kept(&it.alert)]).await;
            }
        }
    }

    pub(super) async fn schedule(&self) -> Value {
        let event = json!({ "source": "aws.events", "detail-type": "Scheduled Event" });
        self.handle(&event).await
    }

    /// Makes the item what it was before anybody was told.
    pub(super) async fn owe_again(&self, alert: &Alert) {
        let text = |text: String| AttributeValue::S(text);
        self.database
            .client()
            .update_item()
            .table_name(TABLE)
            .key("pk", text(format!("AL#{}", alert.meter)))
            .key("sk", text(alert.name()))
            .update_expression("SET list_pk = :owed, told = :nobody")
            .expression_attribute_values(":owed", text("ALERT#OWED".to_owned()))
            .expression_attribute_values(":nobody", AttributeValue::L(Vec::new()))
            .send()
            .await
            .unwrap();
    }

    pub(super) fn hook_answers(&self, status: u16) {
        self.hook.answer.lock().unwrap().0 = status;
    }

    pub(super) fn refuse_events(&self) {
        let refused = r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException"}]}"#;
        self.bus.answer.lock().unwrap().1 = refused;
    }

    pub(super) fn events(&self) -> Vec<Received> {
        self.bus.received.lock().unwrap().clone()
    }

    pub(super) fn hooks(&self) -> Vec<Received> {
        self.hook.received.lock().unwrap().clone()
    }
}

async fn sell(store: &DynamoStore, alerts: &str) {
    let tags = BTreeMap::from([(ALERTS.to_owned(), alerts.to_owned())]);
    let plan = NewPlan {
        id: Some("bronze".into()),
        name: "Bronze".to_owned(),
        description: None,
        product_code: None,
        throttle: None,
        quota: Quota::new(1_000, Period::Day, 0).ok(),
        stages: Vec::new(),
        tags,
    };
    store.create_plan(&plan, NOW).await.unwrap();
    let key = NewKey {
        id: Some("client".into()),
        customer_id: Some("customer-7".to_owned()),
        ..NewKey::new(
            "Joe Black",
            KeyValue::parse("a-key-of-a-good-length").unwrap(),
        )
    };
    store.create_key(&key, NOW).await.unwrap();
}

pub(super) fn meter() -> MeterId {
    MeterId {
        key_id: "client".into(),
        plan_id: "bronze".into(),
    }
}

/// An event of the stream with these records.
pub(super) fn stream(records: &[Value]) -> Value {
    json!({ "Records": records })
}

/// The record of a charge after which so much is used.
pub(super) fn charged(number: u32, window: u32, used: i64) -> Value {
    json!({
        "eventID": number.to_string(),
        "eventName": "MODIFY",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": { "pk": { "S": "M#client#bronze" }, "sk": { "S": "METER" } },
            "NewImage": {
                "pk": { "S": "M#client#bronze" },
                "sk": { "S": "METER" },
                "win": { "N": window.to_string() },
                "used": { "N": used.to_string() },
            },
            "SequenceNumber": number.to_string(),
        },
    })
}

/// The record of an alert that was kept.
pub(super) fn kept(alert: &Alert) -> Value {
    let pk = format!("AL#{}", alert.meter);
    json!({
        "eventID": alert.id(),
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": { "Keys": { "pk": { "S": pk }, "sk": { "S": alert.name() } } },
    })
}
