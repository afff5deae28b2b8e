//! The gateway as an HTTP server: connections on one side, [`DataPlane`] on the other.

mod admin;
mod connection_timer;
mod connections;
mod data_plane;
mod host;
mod http_api;
mod store_port;
mod target;

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{debug, warn};

use crate::threads::Seats;

pub use admin::Admin;
pub(crate) use admin::guard;
use connections::{AtEnd, Connections};
pub use data_plane::DataPlane;
pub use http_api::{Access, HttpApis, HttpApisSettings};
pub use store_port::StorePort;
pub use target::{Api, FunctionUrl, Method, TargetId};

/// How long to wait when no connection can be accepted, for example because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long requests that are running may take when the server stops.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// What answers requests.
pub trait Handler: Clone + Send + Sync + 'static {
    /// The body of an answer.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>
        + From<Bytes>
        + Send
        + 'static;

    /// Whether an answer may have no end of its own. Then each request comes with a [`Hangup`](crate::incoming::Hangup), which costs it an
    /// allocation.
    const HAS_ENDLESS_ANSWERS: bool = false;

    /// Answers one request from `peer`.
    fn handle(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Response<Self::Body>> + Send;

    /// Ends answers that have no end of their own, so that nobody waits for them: the server stops.
    fn stop(&self) {}
}

/// Serves `handler` on `listener` until `stop` changes.
///
/// Then nobody can connect any more, and the requests that are there have some time to end. Those that have not are answered with 503.
/// When this returns, no request is running.
pub async fn serve(listener: TcpListener, handler: impl Handler, stop: watch::Receiver<bool>) {
    accept(listener, Connections::new(handler), stop).await;
}

/// The same, with the connections on the threads that have `seats`.
pub async fn serve_on(
    seats: &Seats,
    listener: TcpListener,
    handler: impl Handler,
    stop: watch::Receiver<bool>,
) {
    accept(listener, Connections::on(seats.clone(), handler), stop).await;
}

async fn accept(
    listener: TcpListener,
    mut connections: Connections<impl Handler>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = connections.next_end() => continue,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => connections.open(stream, peer, AtEnd::KeepAlive),
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    match listener.into_std() {
        Ok(listener) => connections.open_waiting(&listener),
        Err(error) => debug!(%error, "connections that wait are closed"),
    }
    connections.stop_endless();
    connections.end(STOP_GRACE).await;
}
