//! A proxy in front of a platform, over a store with one plan and one key.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use layer::config::{Config, InvokeMode};
use layer::plans::{Plans, Standing};
use layer::proxy::Proxy;
use tests::{CountingProxy, DynamoDb, sample, sdk_config, workspace_root};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tollgate::bucket::Throttle;
use tollgate::http::UsagePlanLayer;
use tollgate::key::Pepper;
use tollgate::limiter::{Limiter, Options};
use tollgate::plan::OnUnavailable;
use tollgate::quota::{Period, Quota};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{NewKey, NewPlan};
use tollgate::time::{ManualClock, Timestamp};

use crate::platform::Platform;
use crate::runtime::Runtime;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

pub(crate) const PEPPER: &str = "a pepper for the tests";

/// A request to create a user, as each front door hands it to a function.
pub(crate) const EVENTS: [&str; 5] = [
    "rest-create",
    "http-api-v1-create",
    "users-create",
    "function-url-create",
    "alb-create",
];

/// A sample event.
pub(crate) fn event(name: &str) -> String {
    let path = workspace_root().join("events").join(format!("{name}.json"));
    std::fs::read_to_string(path).unwrap()
}

/// A store with a plan that covers what the sample events came to, and with their key in it.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) database: DynamoDb,
    /// What the limiter asks of the store.
    pub(crate) store: CountingProxy,
    pub(crate) table: String,
}

impl Shop {
    pub(crate) async fn open(burst: u64, quota: u64) -> Self {
        let database = DynamoDb::embedded().unwrap();
        let table = database.fresh_table_name();
        create_table(&database.client(), &table).await.unwrap();
        let store = CountingProxy::start(database.endpoint()).await.unwrap();
        let shop = Self {
            database,
            store,
            table,
        };
        let registry = shop.store_at(shop.database.endpoint());
        let usual = sample::plan().unwrap();
        let plan = NewPlan {
            throttle: usual
                .throttle
                .map(|throttle| Throttle { burst, ..throttle }),
            quota: Some(Quota::new(quota, Period::Month, 0).unwrap()),
            ..usual
        };
        let key = NewKey {
            customer_id: Some("customer-7 %\u{e9}".to_owned()),
            tags: BTreeMap::from([("tollgate:meta:Tenant_1".to_owned(), "acme".to_owned())]),
            ..sample::key().unwrap()
        };
        sample::sell(&registry, &plan, &key, NOW).await.unwrap();
        shop
    }

    fn store_at(&self, endpoint: &str) -> DynamoStore {
        let table = self.table.clone();
        DynamoStore::new(&sdk_config(endpoint), Patience::OPERATOR, table, pepper())
    }

    /// The tower layer: a process of its own, for what it remembers.
    pub(crate) fn tower(&self, clock: &ManualClock) -> UsagePlanLayer<DynamoStore, ManualClock> {
        let options = Options {
            deadline: Duration::from_mins(5),
            ..Options::default()
        };
        let store = self.store_at(self.store.endpoint());
        let limiter = Limiter::with_options(store, clock.clone(), pepper(), options).unwrap();
        UsagePlanLayer::new(limiter).public("GET /users".parse().unwrap())
    }
}

fn pepper() -> Pepper {
    Pepper::new(PEPPER.as_bytes()).unwrap()
}

pub(crate) type TestProxy = Proxy<DynamoStore, ManualClock>;
pub(crate) type TestStanding = Standing<DynamoStore, ManualClock>;

/// A configuration for a platform, with nothing that decides.
pub(crate) fn config(platform: &Platform) -> Config {
    Config {
        runtime_api: platform.authority.clone(),
        on_unavailable: OnUnavailable::Deny,
        invoke_mode: InvokeMode::Buffered,
        is_snapshot: false,
        settings: Ok(None),
    }
}

/// A platform, a proxy and what it decides by.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) shop: Shop,
    pub(crate) clock: ManualClock,
    pub(crate) platform: Platform,
    pub(crate) address: SocketAddr,
    _server: JoinSet<()>,
}

impl Desk {
    /// A plan with room for all that a test does.
    pub(crate) async fn start() -> Self {
        Self::with_plan(1_000, 10_000).await
    }

    pub(crate) async fn with_plan(burst: u64, quota: u64) -> Self {
        Self::with(burst, quota, |_| {}).await
    }

    pub(crate) async fn with(burst: u64, quota: u64, change: impl FnOnce(&mut Config)) -> Self {
        let shop = Shop::open(burst, quota).await;
        let clock = ManualClock::new(NOW);
        let layer = shop.tower(&clock);
        let plans = Plans::new(move || std::future::ready(Standing::Decides(layer.clone())));
        let platform = Platform::start().await;
        let mut config = config(&platform);
        change(&mut config);
        let (_proxy, address, server) = serve(&config, plans).await;
        Self {
            shop,
            clock,
            platform,
            address,
            _server: server,
        }
    }

    /// Someone who asks for events.
    pub(crate) fn runtime(&self) -> Runtime {
        Runtime::new(self.address)
    }

    /// Sends an event that the runtime gets and answers, and returns what it got and what the platform was told.
    pub(crate) async fn round(
        &self,
        id: &str,
        event: &str,
        answer: impl Into<Bytes>,
    ) -> (serde_json::Value, crate::platform::Told) {
        self.platform.send(id, event.to_owned());
        let runtime = self.runtime();
        let got = runtime.next().await;
        assert_eq!(got.id(), id);
        runtime.answer(id, answer).await;
        (got.json(), self.platform.answer(id).await)
    }

    /// Sends an event that the runtime must not get, and returns what the platform was told.
    pub(crate) async fn refused(&self, id: &str, event: &str) -> crate::platform::Told {
        self.platform.send(id, event.to_owned());
        let runtime = self.runtime();
        let told = async {
            let told = self.platform.answer(id).await;
            self.platform.until_waiting(1).await;
            told
        };
        let told = tokio::select! {
            got = runtime.next() => panic!("the runtime got {got:?}"),
            told = told => told,
        };
        // The next event must not go to a runtime that has left.
        self.platform.until_waiting(0).await;
        told
    }
}

pub(crate) async fn serve(
    config: &Config,
    plans: Plans<DynamoStore, ManualClock>,
) -> (Arc<TestProxy>, SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = Arc::new(Proxy::new(config, plans).unwrap());
    let serving = Arc::clone(&proxy);
    let mut server = JoinSet::new();
    server.spawn(async move {
        let _never = serving.serve(listener).await;
    });
    (proxy, address, server)
}
