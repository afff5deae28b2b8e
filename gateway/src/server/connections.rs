//! The connections of a server, from their first request to the end of the server.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::Handler;
use super::connection_timer::ConnectionTimer;
use crate::incoming::Hangup;
use crate::threads::Seats;

/// How long a client may take to send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the answers to requests that are given up may take to be sent.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// How far the server has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Serving,
    /// Each connection ends with the request that it has, if any.
    Ending,
    /// Requests that are still running are answered with 503.
    GivingUp,
}

/// What becomes of a connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtEnd {
    /// It takes another request.
    KeepAlive,
    /// It is closed.
    Close,
}

/// All connections of one server.
#[derive(Debug)]
pub(super) struct Connections<H> {
    handler: H,
    /// Where connections are served.
    seats: Seats,
    tasks: JoinSet<()>,
    phase: watch::Sender<Phase>,
}

impl<H: Handler> Connections<H> {
    pub(super) fn new(handler: H) -> Self {
        Self::on(Seats::default(), handler)
    }

    pub(super) fn on(seats: Seats, handler: H) -> Self {
        Self {
            handler,
            seats,
            tasks: JoinSet::new(),
            phase: watch::Sender::new(Phase::Serving),
        }
    }

    /// Comes back when a connection has ended. Never, while there is none.
    pub(super) async fn next_end(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Serves a connection.
    pub(super) fn open(&mut self, stream: TcpStream, peer: SocketAddr, at_end: AtEnd) {
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "a connection keeps its delay");
        }
        let (handler, phase) = (self.handler.clone(), self.phase.subscribe());
        let serve = move |stream| run(stream, peer, handler, phase, at_end);
        if let Err(error) = self.seats.serve(&mut self.tasks, stream, serve) {
            debug!(%error, %peer, "a connection could not be handed to its thread");
        }
    }

    /// Serves those who have connected already and sent something, for one request each. The others are let go.
    pub(super) fn open_waiting(&mut self, listener: &std::net::TcpListener) {
        while let Ok((stream, peer)) = listener.accept() {
            let has_sent = stream.set_nonblocking(true).is_ok()
                && stream.peek(&mut [0]).is_ok_and(|bytes| bytes > 0);
            if !has_sent {
                continue;
            }
            match TcpStream::from_std(stream) {
                Ok(stream) => self.open(stream, peer, AtEnd::Close),
                Err(error) => debug!(%error, "a connection could not be taken"),
            }
        }
    }

    /// Ends answers that have no end of their own.
    pub(super) fn stop_endless(&self) {
        self.handler.stop();
    }

    /// Lets running requests end within the grace, and answers the others with 503. Returns when all connections are closed.
    pub(super) async fn end(mut self, grace: Duration) {
        self.phase.send_replace(Phase::Ending);
        if tokio::time::timeout(grace, self.all_ends()).await.is_err() {
            warn!("requests that were still running are given up");
            self.phase.send_replace(Phase::GivingUp);
            if tokio::time::timeout(LAST_ANSWERS, self.all_ends())
                .await
                .is_err()
            {
                debug!("a client did not take its last answer");
            }
        }
        self.tasks.shutdown().await;
    }

    async fn all_ends(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn run<H: Handler>(
    stream: TcpStream,
    peer: SocketAddr,
    handler: H,
    mut phase: watch::Receiver<Phase>,
    at_end: AtEnd,
) {
    let is_given_up = Arc::new(AtomicBool::new(false));
    let given_up = Arc::clone(&is_given_up);
    let hangup = Hangup::default();
    let gone = hangup.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        if H::HAS_ENDLESS_ANSWERS {
            request.extensions_mut().insert(hangup.clone());
        }
        let answer = answer(handler.clone(), request, peer, Arc::clone(&given_up));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let connection = http1::Builder::new()
        // Answers are short: one copy costs less than a list of pieces does.
        .writev(false)
        .timer(ConnectionTimer::default())
        // A client may end its side of the connection once it has sent its request.
        .half_close(true)
        .keep_alive(at_end == AtEnd::KeepAlive)
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    debug!(%error, %peer, "a connection ended early");
                }
                return;
            }
            () = gone.wanted(), if H::HAS_ENDLESS_ANSWERS => {
                debug!(%peer, "a client took nothing of what was sent to it");
                return;
            }
            changed = phase.changed() => {
                let now = if changed.is_ok() { *phase.borrow_and_update() } else { Phase::GivingUp };
                match (now, at_end) {
                    (Phase::Serving, _) | (Phase::Ending, AtEnd::Close) => {}
                    (Phase::Ending, AtEnd::KeepAlive) => connection.as_mut().graceful_shutdown(),
                    (Phase::GivingUp, _) => {
                        // The connection is polled next, and its request with it.
                        is_given_up.store(true, Ordering::Relaxed);
                        if changed.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
}

/// The handler's answer, or 503 when the request is given up before there is one.
async fn answer<H: Handler>(
    handler: H,
    request: Request<Incoming>,
    peer: SocketAddr,
    is_given_up: Arc<AtomicBool>,
) -> Response<H::Body> {
    let mut handled = pin!(handler.handle(request, peer));
    std::future::poll_fn(|context| match handled.as_mut().poll(context) {
        Poll::Pending if is_given_up.load(Ordering::Relaxed) => Poll::Ready(unavailable()),
        polled => polled,
    })
    .await
}

fn unavailable<B: From<Bytes>>() -> Response<B> {
    let body = Bytes::from_static(br#"{"message":"Service Unavailable"}"#);
    let mut response = Response::new(B::from(body));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::RETRY_AFTER, "1"),
        (header::CONNECTION, "close"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
