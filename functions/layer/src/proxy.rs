//! What the runtime takes for Lambda's Runtime API.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;
use tollgate::store::Ledger;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::{Clock, SystemClock};

use crate::asks::Asks;
use crate::body::Body;
use crate::config::{Config, InvokeMode};
use crate::extension;
use crate::in_flight::InFlight;
use crate::kept::Kept;
use crate::next::{REQUEST_ID, next};
use crate::plans::Plans;
use crate::response;
use crate::route::Call;
use crate::upstream::{Platform, PlatformError, Upstream, passed_on};

/// How long to wait when no connection can be taken, such as for want of descriptors.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// How long what was sent last, to the runtime or by it, may take over a connection of this machine.
const FLUSH: Duration = Duration::from_millis(10);

/// A call of the runtime could not be answered. Its connection is broken then, as if the platform were gone.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The platform does not answer.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The connection to the runtime or to the platform broke in the middle of a message.
    #[error("a message broke off")]
    Message(#[from] hyper::Error),
    /// A request of this layer's own cannot be written.
    #[error("the invocation's id cannot stand in a path")]
    Request(#[from] http::Error),
    /// An event without an id cannot be answered.
    #[error("the platform sent an event without an id")]
    NoRequestId,
    /// What was to be done with an event or an answer was not done to its end.
    #[error("a task ended too early")]
    Ended(#[from] tokio::task::JoinError),
    /// A call that this layer does not know was answered with an event, which nobody has decided.
    #[error("the platform answered an unknown call with an event")]
    Undecided,
    /// The extension is not registered.
    #[error("the platform answered the registration with {0}")]
    NotRegistered(StatusCode),
}

/// Why a proxy ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to, and so was the runtime, which may still answer.
    Asked,
    /// The runtime is gone. What it has sent still arrives.
    RuntimeGone,
}

/// Stands between a runtime and the platform.
#[derive(Debug)]
pub struct Proxy<L = DynamoStore, C = SystemClock> {
    pub(crate) platform: Platform,
    pub(crate) plans: Plans<L, C>,
    pub(crate) invoke_mode: InvokeMode,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) kept: Arc<Kept>,
    pub(crate) asks: Asks,
    is_registered: bool,
    is_snapshot: bool,
    prepared: OnceCell<()>,
    closing: watch::Sender<bool>,
}

impl<L: Ledger, C: Clock> Proxy<L, C> {
    /// A proxy in front of the platform that `config` names, in which `plans` decide.
    ///
    /// # Errors
    ///
    /// When the platform's address cannot be one.
    pub fn new(config: &Config, plans: Plans<L, C>) -> Result<Self, ProxyError> {
        Ok(Self {
            platform: Platform::new(config.runtime_api.clone())?,
            plans,
            invoke_mode: config.invoke_mode,
            in_flight: Arc::default(),
            kept: Arc::default(),
            asks: Asks::default(),
            is_registered: config.takes_leases(),
            is_snapshot: config.is_snapshot,
            prepared: OnceCell::new(),
            closing: watch::Sender::new(false),
        })
    }

    /// Makes ready what the first event needs, while the runtime starts: [`Proxy::serve`] passes no event on before. What is unique to a
    /// process is not made while the process may still be copied.
    pub async fn prepared(&self) {
        let preparing = self.prepared.get_or_init(|| async {
            let registering = async {
                if self.is_registered
                    && let Err(error) = extension::register(&self.platform).await
                {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the platform will not say when the environment ends: what was charged in advance is not given back then"
                    );
                }
            };
            let making = async {
                if !self.is_snapshot {
                    self.plans.made().await;
                }
            };
            tokio::join!(registering, making);
        });
        preparing.await;
    }

    /// Answers the runtime, for as long as it is polled.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(Arc::clone(&self).connection(stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take a connection of the runtime");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Takes no more events, waits for what is still to come, for `grace` at the most, and gives back what was charged in advance.
    pub async fn close(&self, ending: Ending, grace: Duration) {
        self.closing.send_replace(true);
        let to_come = async {
            match ending {
                Ending::Asked => {
                    self.in_flight.all_answered().await;
                    // What was passed on to the runtime last is still to be written.
                    tokio::time::sleep(FLUSH).await;
                }
                Ending::RuntimeGone => {
                    // What it has sent last is still to be read.
                    tokio::time::sleep(FLUSH).await;
                    self.in_flight.all_arrived().await;
                }
            }
        };
        let _all_has_come = tokio::time::timeout(grace, to_come).await;
        self.plans.hand_back().await;
    }

    /// Waits until the process is about to end.
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        // The sender lives as long as this.
        let _closed = closing.wait_for(|is_closing| *is_closing).await;
    }

    async fn connection(self: Arc<Self>, stream: TcpStream) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "messages to the runtime may be delayed");
        }
        let slot = Arc::new(Slot::default());
        let service = service_fn(move |request| {
            let proxy = Arc::clone(&self);
            let slot = Arc::clone(&slot);
            let called = proxy.called(&slot, request);
            async move {
                let answered = proxy.reply(&slot, called).await;
                answered.inspect_err(|error| {
                    tracing::warn!(
                        error = error as &dyn std::error::Error,
                        "a call of the runtime is not answered"
                    );
                })
            }
        });
        let served = http1::Builder::new()
            .preserve_header_case(true)
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = served.await {
            tracing::debug!(%error, "a connection of the runtime broke");
        }
    }

    /// Takes a call. An answer is on its way when this returns, and arrives whatever becomes of the runtime: when that has ended by then,
    /// nothing waits for the reply, not even once.
    fn called(self: &Arc<Self>, slot: &Slot, mut request: Request<Incoming>) -> Called {
        passed_on(request.headers_mut());
        let call = Call::of(request.method(), request.uri().path());
        let is_result = matches!(call, Call::Response(_));
        match call {
            Call::Next => Called::Next(request),
            Call::Restored => Called::Restored(request),
            Call::Other => Called::Other(request),
            Call::Response(id) | Call::Error(id) => {
                let id = id.to_owned();
                let message = self.in_flight.begin();
                let upstream = self.upstream(slot);
                let proxy = Arc::clone(self);
                Called::Answer(tokio::spawn(async move {
                    let _message = message;
                    let passed = proxy.pass_answer(&id, is_result, upstream, request).await;
                    passed.inspect_err(|error| {
                        let error: &dyn std::error::Error = error;
                        tracing::warn!(error, "an answer was not passed on");
                    })
                }))
            }
        }
    }

    fn upstream(&self, slot: &Slot) -> Upstream {
        slot.take()
            .unwrap_or_else(|| Upstream::new(self.platform.clone()))
    }

    async fn reply(
        self: &Arc<Self>,
        slot: &Slot,
        called: Called,
    ) -> Result<Response<Body>, ProxyError> {
        let mut response = match called {
            Called::Next(request) => {
                let upstream = self.upstream(slot);
                let (event, upstream) = next(self, upstream, request.map(Body::from)).await?;
                slot.put(upstream);
                return Ok(event);
            }
            Called::Answer(passing) => {
                let (response, upstream) = passing.await??;
                slot.put(upstream);
                response
            }
            Called::Restored(request) => {
                let mut upstream = self.upstream(slot);
                let response = upstream.send(request.map(Body::from)).await?;
                slot.put(upstream);
                if response.status().is_success() {
                    // This process will not be copied again. The runtime's own hooks need not wait.
                    let proxy = Arc::clone(self);
                    tokio::spawn(async move {
                        proxy.plans.made().await;
                    });
                }
                response
            }
            Called::Other(request) => {
                let mut upstream = self.upstream(slot);
                let response = upstream.send(request.map(Body::from)).await?;
                if response.headers().contains_key(REQUEST_ID) {
                    return Err(ProxyError::Undecided);
                }
                slot.put(upstream);
                response
            }
        };
        passed_on(response.headers_mut());
        Ok(response.map(Body::from))
    }

    /// Passes the runtime's answer to an invocation on: its result, or an error.
    async fn pass_answer(
        &self,
        id: &str,
        is_result: bool,
        mut upstream: Upstream,
        request: Request<Incoming>,
    ) -> Passed {
        let invocation = self.in_flight.take(id);
        self.kept.forget(id);
        let request = match invocation.filter(|_| is_result) {
            Some(invocation) => response::finished(self, &invocation, request).await?,
            None => request.map(Body::from),
        };
        let response = upstream.send(request).await?;
        Ok((response, upstream))
    }
}

/// What the platform has said to an answer, and the connection that it came over.
type Passed = Result<(Response<Incoming>, Upstream), ProxyError>;

/// A call of the runtime that has been taken.
#[derive(Debug)]
enum Called {
    Next(Request<Incoming>),
    /// An answer to an invocation, which is being passed on.
    Answer(JoinHandle<Passed>),
    Restored(Request<Incoming>),
    Other(Request<Incoming>),
}

/// The connection to the platform that belongs to one of the runtime.
#[derive(Debug, Default)]
struct Slot(Mutex<Option<Upstream>>);

impl Slot {
    fn take(&self) -> Option<Upstream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, upstream: Upstream) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(upstream);
    }
}
