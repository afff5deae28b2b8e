//! An HTTP proxy in front of a DynamoDB endpoint that counts requests by operation, keeps what they asked, and makes trouble on demand.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::dynamodb::DynamoDb;
use crate::error::{Error, Result};

/// What the proxy does to a request instead of passing it on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Waits, then passes the request on: it is done late.
    DelayRequest(Duration),
    /// Passes the request on, then waits before it passes the answer back: it is done, and the caller may have given up.
    DelayAnswer(Duration),
    /// Closes the connection without passing the request on: it is not done.
    DropRequest,
    /// Passes the request on, then closes the connection without the answer: it is done, and the caller cannot know.
    DropAnswer,
    /// Answers 500 `InternalServerError` without passing the request on.
    ServerError,
    /// Answers 400 `ThrottlingException` without passing the request on.
    Throttle,
}

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
        let state = Arc::new(State {
            target: target.trim_end_matches('/').to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            operations: Mutex::default(),
            asked: Mutex::default(),
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

    /// Counts a request and takes the fault that waits for it.
    fn arrive(&self, operation: &str) -> Option<Fault> {
        let mut operations = self.operations();
        let operation = operations.entry(operation.to_owned()).or_default();
        operation.requests = operation.requests.saturating_add(1);
        operation.faults.pop_front()
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
            Some(Fault::DropRequest) => Err(dropped()),
            Some(Fault::DropAnswer) => {
                self.forward(request).await?;
                Err(dropped())
            }
            Some(Fault::ServerError) => Ok(refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"injected"}"#,
            )),
            Some(Fault::Throttle) => Ok(refusal(
                StatusCode::BAD_REQUEST,
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"injected"}"#,
            )),
        }
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let operation = operation_of(&request).to_owned();
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = Uri::try_from(format!("{}{path}", self.target))?;
        let body = body.collect().await?.to_bytes();
        if let Some(asked) = &mut *self.asked() {
            let body = body.clone();
            asked.push(Asked { operation, body });
        }
        let body = Full::new(body);
        let response = self
            .client
            .request(Request::from_parts(parts, body))
            .await?;
        let (parts, body) = response.into_parts();
        let body = Full::new(body.collect().await?.to_bytes());
        Ok(Response::from_parts(parts, body))
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

/// hyper closes a connection without an answer when its service fails.
fn dropped() -> Error {
    io::Error::from(io::ErrorKind::ConnectionAborted).into()
}

fn refusal(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    response
}

#[cfg(test)]
mod tests;
