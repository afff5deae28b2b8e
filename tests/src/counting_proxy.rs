//! An HTTP proxy in front of a DynamoDB endpoint that counts requests by operation, keeps what they asked, bills them as AWS does, and
//! delays them or makes trouble on demand.

mod bill;
mod fault;
mod item_size;
mod trouble;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_timer::Delay;
use http::header::CONTENT_LENGTH;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub use bill::Bill;
use bill::{Billed, Used};
pub use fault::Fault;
pub use item_size::of as item_bytes;
pub use trouble::Cut;
use trouble::Trouble;

use crate::dynamodb::DynamoDb;
use crate::error::Result;

/// The header with the checksum of DynamoDB's answer, which is not that of an answer with less in it.
const CHECKSUM: &str = "x-amz-crc32";

/// A proxy on loopback. It stops, with its connections, when it is dropped.
#[derive(Debug)]
pub struct CountingProxy {
    endpoint: String,
    state: Arc<State>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    target: String,
    client: Client<HttpConnector, Full<Bytes>>,
    operations: Mutex<BTreeMap<String, Operation>>,
    asked: Mutex<Option<Vec<Asked>>>,
    /// How long each request takes in addition, in nanoseconds.
    added_ns: AtomicU64,
    bill: Mutex<Option<Bill>>,
    trouble: Mutex<Trouble>,
}

/// A request as it came to the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The operation, as in `UpdateItem`.
    pub operation: String,
    /// The body, JSON.
    pub body: Bytes,
}

/// What happened to one operation, and what is to happen to its next requests.
#[derive(Debug, Default)]
struct Operation {
    requests: u64,
    faults: VecDeque<Fault>,
}

impl CountingProxy {
    /// Starts a proxy on a free port in front of the endpoint `target`, as in `http://127.0.0.1:8000`. It runs on the caller's runtime.
    ///
    /// # Errors
    ///
    /// When no port is to be had.
    pub async fn start(target: &str) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let state = Arc::new(State {
            target: target.trim_end_matches('/').to_owned(),
            client: Client::builder(TokioExecutor::new()).build(connector),
            operations: Mutex::default(),
            asked: Mutex::default(),
            added_ns: AtomicU64::new(0),
            bill: Mutex::default(),
            trouble: Mutex::default(),
        });
        let server = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self {
            endpoint,
            state,
            server,
        })
    }

    /// The URL at which it answers.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A DynamoDB client whose requests go through the proxy.
    pub fn client(&self) -> aws_sdk_dynamodb::Client {
        DynamoDb::client_of(&self.endpoint)
    }

    /// Does `fault` to each of the next `times` requests of an operation, as in `UpdateItem`, after the faults already waiting for it.
    pub fn inject(&self, operation: &str, fault: Fault, times: usize) {
        let mut operations = self.state.operations();
        let operation = operations.entry(operation.to_owned()).or_default();
        operation.faults.extend(std::iter::repeat_n(fault, times));
    }

    /// The requests of an operation so far, those with a fault included. A repetition by the SDK is a request of its own.
    pub fn count(&self, operation: &str) -> u64 {
        let operations = self.state.operations();
        operations.get(operation).map_or(0, |entry| entry.requests)
    }

    /// The requests of each operation that has had one.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let operations = self.state.operations();
        let seen = operations.iter().filter(|(_, entry)| entry.requests > 0);
        seen.map(|(name, entry)| (name.clone(), entry.requests))
            .collect()
    }

    /// The requests of all operations.
    pub fn total(&self) -> u64 {
        let operations = self.state.operations();
        operations.values().map(|entry| entry.requests).sum()
    }

    /// The requests that were passed on since the last call, in their order. The first call starts to keep them.
    pub fn take_asked(&self) -> Vec<Asked> {
        self.state.asked().replace(Vec::new()).unwrap_or_default()
    }

    /// From now on each request takes `added` longer, as if the store were further away: one half before it is passed on, the other
    /// before its answer is.
    pub fn set_distance(&self, added: Duration) {
        let added_ns = u64::try_from(added.as_nanos()).unwrap_or(u64::MAX);
        self.state.added_ns.store(added_ns, Ordering::Relaxed);
    }

    /// The bill of the requests that were answered since the last call. The first call starts it: from then on DynamoDB is asked what each
    /// request consumes, and the answer is hidden from clients that did not ask.
    pub fn take_bill(&self) -> Bill {
        self.state
            .bill()
            .replace(Bill::default())
            .unwrap_or_default()
    }

    /// From now on one request of `one_in` has a fault of any kind, drawn from `seed`. Those that are late are late by 150 to 400 ms.
    pub fn make_trouble(&self, seed: u64, one_in: u32) {
        *self.state.trouble() = Trouble::new(seed, one_in);
    }

    /// From now on requests fail from some point on.
    pub fn cut(&self, cut: Cut) {
        *self.state.trouble() = Trouble::cut(cut);
    }

    /// Ends it. How many requests had a fault.
    pub fn end_trouble(&self) -> u64 {
        std::mem::take(&mut *self.state.trouble()).count()
    }

    /// Forgets the counts and the faults that are still waiting.
    pub fn reset(&self) {
        self.state.operations().clear();
    }
}

impl Drop for CountingProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl State {
    fn operations(&self) -> MutexGuard<'_, BTreeMap<String, Operation>> {
        // Each change is one step, so a test that panicked has left nothing half done.
        self.operations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) -> MutexGuard<'_, Option<Vec<Asked>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bill(&self) -> MutexGuard<'_, Option<Bill>> {
        self.bill.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One half of the distance to the store.
    async fn travel(&self) {
        let half = Duration::from_nanos(self.added_ns.load(Ordering::Relaxed) / 2);
        if !half.is_zero() {
            Delay::new(half).await;
        }
    }

    /// Counts a request and takes the fault that waits for it.
    fn arrive(&self, operation: &str) -> Option<Fault> {
        let mut operations = self.operations();
        let operation = operations.entry(operation.to_owned()).or_default();
        operation.requests = operation.requests.saturating_add(1);
        let fault = operation.faults.pop_front();
        fault.or_else(|| self.trouble().draw())
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        match self.arrive(operation_of(&request)) {
            None => self.forward(request).await,
            Some(Fault::DelayRequest(delay)) => {
                tokio::time::sleep(delay).await;
                self.forward(request).await
            }
            Some(Fault::DelayAnswer(delay)) => {
                let response = self.forward(request).await;
                tokio::time::sleep(delay).await;
                response
            }
            Some(Fault::DropRequest) => Err(fault::dropped()),
            Some(Fault::DropAnswer) => {
                self.forward(request).await?;
                Err(fault::dropped())
            }
            Some(Fault::ServerError) => Ok(fault::server_error()),
            Some(Fault::Throttle) => Ok(fault::throttled()),
        }
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let operation = operation_of(&request).to_owned();
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = Uri::try_from(format!("{}{path}", self.target))?;
        let body = body.collect().await?.to_bytes();
        if let Some(asked) = &mut *self.asked() {
            let (operation, body) = (operation.clone(), body.clone());
            asked.push(Asked { operation, body });
        }
        let is_billing = self.bill().is_some();
        let billed = is_billing.then(|| Billed::new(&operation, &body)).flatten();
        let body = match &billed {
            Some(billed) => {
                parts.headers.remove(CONTENT_LENGTH);
                billed.body()
            }
            None => body,
        };
        self.travel().await;
        let request = Request::from_parts(parts, Full::new(body));
        let response = self.client.request(request).await?;
        let (mut parts, body) = response.into_parts();
        let mut body = body.collect().await?.to_bytes();
        let mut used = Used::default();
        if let Some(billed) = &billed {
            let (sum, shown) = billed.settle(parts.status, &body);
            used = sum;
            if let Some(shown) = shown {
                parts.headers.remove(CONTENT_LENGTH);
                parts.headers.remove(CHECKSUM);
                body = shown;
            }
        }
        if let Some(bill) = &mut *self.bill() {
            bill.add(&operation, used);
        }
        self.travel().await;
        Ok(Response::from_parts(parts, Full::new(body)))
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // The set ends its tasks when this task is ended, and they end the connections.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(serve(stream, Arc::clone(&state)));
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { state.answer(request).await.map_err(io::Error::other) }
    });
    // Small answers are sent at once. Where that cannot be set they are late, and still right.
    let _best_effort = stream.set_nodelay(true);
    // An error here is a connection that a fault or the client has closed.
    let _closed = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The operation that a request of DynamoDB's protocol names: `UpdateItem` of `DynamoDB_20120810.UpdateItem`.
fn operation_of<B>(request: &Request<B>) -> &str {
    let target = request.headers().get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    target
        .and_then(|target| target.rsplit('.').next())
        .unwrap_or("")
}

#[cfg(test)]
mod tests;
