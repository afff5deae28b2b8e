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
use tollgate::store::Ledger;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::{Clock, SystemClock};

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

/// How long the last replies to the runtime may take.
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
    /// A call that this layer does not know was answered with an event, which nobody has decided.
    #[error("the platform answered an unknown call with an event")]
    Undecided,
    /// The extension is not registered.
    #[error("the platform answered the registration with {0}")]
    NotRegistered(StatusCode),
}

/// Stands between a runtime and the platform.
#[derive(Debug)]
pub struct Proxy<L = DynamoStore, C = SystemClock> {
    platform: Platform,
    pub(crate) plans: Plans<L, C>,
    pub(crate) invoke_mode: InvokeMode,
    pub(crate) in_flight: InFlight,
    pub(crate) kept: Arc<Kept>,
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
            in_flight: InFlight::default(),
            kept: Arc::default(),
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

    /// Takes no more events, waits for the answers to those that the runtime has, for `grace` at the most, and gives back what was charged
    /// in advance.
    pub async fn close(&self, grace: Duration) {
        self.closing.send_replace(true);
        let answered = tokio::time::timeout(grace, self.in_flight.all_answered()).await;
        if answered.is_ok() && !grace.is_zero() {
            // What was passed on to the runtime last is still to be written.
            tokio::time::sleep(FLUSH).await;
        }
        self.plans.hand_back().await;
    }

    /// Where the platform answers.
    pub(crate) const fn platform(&self) -> &Platform {
        &self.platform
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
            async move {
                let answered = proxy.answer(&slot, request).await;
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

    async fn answer(
        self: &Arc<Self>,
        slot: &Slot,
        mut request: Request<Incoming>,
    ) -> Result<Response<Body>, ProxyError> {
        passed_on(request.headers_mut());
        let mut upstream = slot
            .take()
            .unwrap_or_else(|| Upstream::new(self.platform.clone()));
        let mut is_restore = false;
        let call = Call::of(request.method(), request.uri().path());
        let is_unknown = call == Call::Other;
        let _message = match call {
            // It may wait for ever.
            Call::Next | Call::Restored | Call::Other => None,
            Call::Response(_) | Call::Error(_) => Some(self.in_flight.begin()),
        };
        let request = match Call::of(request.method(), request.uri().path()) {
            Call::Next => {
                let asked = request.map(Body::from);
                let (event, upstream) = next(self, upstream, asked).await?;
                slot.put(upstream);
                return Ok(event);
            }
            Call::Response(id) => match self.in_flight.take(id) {
                Some(invocation) => response::finished(self, &invocation, request).await?,
                None => request.map(Body::from),
            },
            Call::Error(id) => {
                let _never_answered = self.in_flight.take(id);
                request.map(Body::from)
            }
            Call::Restored => {
                is_restore = true;
                request.map(Body::from)
            }
            Call::Other => request.map(Body::from),
        };
        let mut response = upstream.send(request).await?;
        if is_unknown && response.headers().contains_key(REQUEST_ID) {
            return Err(ProxyError::Undecided);
        }
        slot.put(upstream);
        passed_on(response.headers_mut());
        if is_restore && response.status().is_success() {
            // This process will not be copied again. The runtime's own hooks need not wait.
            let proxy = Arc::clone(self);
            tokio::spawn(async move {
                proxy.plans.made().await;
            });
        }
        Ok(response.map(Body::from))
    }
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
