//! The gateway as an HTTP server: connections on one side, [`DataPlane`] on the other.

mod admin;
mod answer;
mod connection_timer;
mod data_plane;
mod host;
mod http_api;
mod target;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{debug, warn};

pub use admin::Admin;
pub(crate) use admin::guard;
use connection_timer::ConnectionTimer;
pub use data_plane::DataPlane;
pub use http_api::{Access, HttpApis, HttpApisSettings};
pub use target::{Api, FunctionUrl, Method, TargetId};

/// How long a client may take to send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait when no connection can be accepted, for example because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long requests that are running may take when the server stops.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// What answers requests.
pub trait Handler: Clone + Send + Sync + 'static {
    /// Answers one request from `peer`.
    fn handle(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// Serves `handler` on `listener` until `stop` changes, then lets running requests end for a while.
pub async fn serve(listener: TcpListener, handler: impl Handler, mut stop: watch::Receiver<bool>) {
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "a connection keeps its delay");
        }
        let handler = handler.clone();
        let service = service_fn(move |request| {
            let handler = handler.clone();
            async move { Ok::<_, Infallible>(handler.handle(request, peer).await) }
        });
        let connection = http1::Builder::new()
            // Answers are short: one copy costs less than a list of pieces does.
            .writev(false)
            .timer(ConnectionTimer::default())
            // A client may end its side of the connection once it has sent its request.
            .half_close(true)
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, %peer, "a connection ended early");
            }
        });
    }
    if tokio::time::timeout(STOP_GRACE, connections.shutdown())
        .await
        .is_err()
    {
        warn!("requests that were still running are given up");
    }
}
