//! The management API of the gateway's admin port, over a real socket, on the embedded store.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Uri};
use tests::{DynamoDb, HttpClient, Result as HarnessResult};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tollgate::control::{Control, NoGateway};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::time::SystemClock;
use tollgate_gateway::local;
use tollgate_gateway::server::{Admin, serve};

use super::memory::settings;
use super::{Answer, Service};

/// However busy the machine is: what takes longer than this is not answered at all.
const PATIENCE: Duration = Duration::from_mins(5);

/// A management API, its clients and its store. It runs in the thread that asks it.
pub(crate) struct HttpService {
    runtime: Runtime,
    client: HttpClient,
    _stop: watch::Sender<bool>,
    _database: DynamoDb,
}

impl HttpService {
    /// On a fresh table.
    pub(crate) fn start() -> HarnessResult<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let database = DynamoDb::embedded()?;
        let (client, stop) = runtime.block_on(listening(&database))?;
        Ok(Self {
            runtime,
            client,
            _stop: stop,
            _database: database,
        })
    }
}

async fn listening(database: &DynamoDb) -> HarnessResult<(HttpClient, watch::Sender<bool>)> {
    create_table(&database.client(), local::TABLE).await?;
    let patience = Patience {
        attempt_timeout: PATIENCE,
        attempts: 1,
    };
    let sdk_config = local::sdk_config(database.endpoint(), local::REGION);
    let store = DynamoStore::new(&sdk_config, patience, local::TABLE, local::pepper()?);
    // No integration is called: an input may name any host.
    let control = Control::new(store, SystemClock, settings(), Arc::new(NoGateway))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let client = HttpClient::new(format!("http://{}", listener.local_addr()?));
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(listener, Admin::new(control), stopped));
    Ok((client, stop))
}

impl Service for HttpService {
    fn send(&mut self, method: &str, path: &str, body: Vec<u8>) -> Result<Option<Answer>, String> {
        let is_request = Method::from_bytes(method.as_bytes()).is_ok()
            && path.starts_with('/')
            && path
                .parse::<Uri>()
                .is_ok_and(|uri| uri.authority().is_none());
        // CONNECT asks for a tunnel, which is another protocol from there on.
        if !is_request || method == "CONNECT" {
            return Ok(None);
        }
        let fields = [("accept", "application/json")];
        let answer = self.runtime.block_on(async {
            let answer = self.client.send(method, path, &fields, body);
            tokio::time::timeout(PATIENCE, answer).await
        });
        let answer = answer
            .map_err(|_elapsed| "there is no answer".to_owned())?
            .map_err(|error| format!("there is no answer: {error}"))?;
        let text = |name: &str| answer.header(name).map(str::to_owned);
        Ok(Some(Answer {
            status: answer.status.as_u16(),
            content_type: text("content-type"),
            error_type: text("x-amzn-errortype"),
            body: answer.body.into_bytes(),
        }))
    }
}
