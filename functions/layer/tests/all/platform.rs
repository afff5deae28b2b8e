//! A Lambda Runtime API that hands out events and keeps what it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// A call that is none for an event.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Told {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// An event, or what comes in its place.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    Event {
        id: String,
        headers: Vec<(&'static str, &'static str)>,
        payload: Bytes,
    },
    /// The platform fails.
    Status(u16),
    /// The connection breaks.
    Break,
}

#[derive(Debug, Default)]
struct State {
    next: Mutex<VecDeque<Next>>,
    told: Mutex<Vec<Told>>,
    /// How many wait for an event, and how many of those have left before there was one.
    waiting: Mutex<(usize, usize)>,
    /// What the connections' bytes were, as far as they came piece by piece.
    pieces: Mutex<Vec<Bytes>>,
    replies: Mutex<BTreeMap<String, StatusCode>>,
    changed: Notify,
}

/// The platform. It ends with this value.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) authority: String,
    state: Arc<State>,
    _server: JoinSet<()>,
}

impl Platform {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let state = Arc::<State>::default();
        let mut server = JoinSet::new();
        let serving = Arc::clone(&state);
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self {
            authority,
            state,
            _server: server,
        }
    }

    /// Hands out an event, under the id.
    pub(crate) fn send(&self, id: &str, payload: impl Into<Bytes>) {
        self.send_next(Next::Event {
            id: id.to_owned(),
            headers: Vec::new(),
            payload: payload.into(),
        });
    }

    pub(crate) fn send_next(&self, next: Next) {
        self.state.next.lock().unwrap().push_back(next);
        self.state.changed.notify_waiters();
    }

    /// Answers calls to this path with this status from now on.
    pub(crate) fn reply(&self, path: &str, status: StatusCode) {
        let mut replies = self.state.replies.lock().unwrap();
        replies.insert(path.to_owned(), status);
    }

    /// What was told at the path, as soon as it was.
    pub(crate) async fn told_at(&self, path: &str) -> Told {
        self.when(|state| {
            let told = state.told.lock().unwrap();
            told.iter().find(|told| told.path == path).cloned()
        })
        .await
    }

    /// The answer to an invocation.
    pub(crate) async fn answer(&self, id: &str) -> Told {
        self.told_at(&format!("/2018-06-01/runtime/invocation/{id}/response"))
            .await
    }

    pub(crate) fn all_told(&self) -> Vec<Told> {
        self.state.told.lock().unwrap().clone()
    }

    /// Waits until so many have asked for events and wait.
    pub(crate) async fn until_waiting(&self, count: usize) {
        self.when(|state| (state.waiting.lock().unwrap().0 == count).then_some(()))
            .await;
    }

    /// Waits until so many have left who had waited for events.
    pub(crate) async fn until_left(&self, count: usize) {
        self.when(|state| (state.waiting.lock().unwrap().1 == count).then_some(()))
            .await;
    }

    /// Waits until a body has come so far that it ends with these bytes.
    pub(crate) async fn until_piece(&self, end: &[u8]) {
        self.when(|state| {
            let pieces = state.pieces.lock().unwrap();
            let last = pieces.last()?;
            last.ends_with(end).then_some(())
        })
        .await;
    }

    async fn when<T>(&self, found: impl Fn(&State) -> Option<T>) -> T {
        loop {
            let changed = self.state.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            if let Some(found) = found(&self.state) {
                return found;
            }
            changed.await;
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    stream.set_nodelay(true).unwrap();
    let service = service_fn(|request| answer(Arc::clone(&state), request));
    let _broken = http1::Builder::new()
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Counts one who waits for an event, for as long as it lives.
struct Waiting(Arc<State>, bool);

impl Waiting {
    fn new(state: &Arc<State>) -> Self {
        state.waiting.lock().unwrap().0 += 1;
        state.changed.notify_waiters();
        Self(Arc::clone(state), false)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting.lock().unwrap();
        waiting.0 -= 1;
        if !self.1 {
            waiting.1 += 1;
        }
        self.0.changed.notify_waiters();
    }
}

async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, &'static str> {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/2018-06-01/runtime/invocation/next" => next(&state).await,
        "/2020-01-01/extension/event/next" => {
            tell(&state, request).await?;
            std::future::pending().await
        }
        _ => {
            let body = tell(&state, request).await?;
            let status = state.replies.lock().unwrap().get(&path).copied();
            let is_answer = path.ends_with("/response") || path.ends_with("/error");
            let usual = if is_answer {
                StatusCode::ACCEPTED
            } else {
                StatusCode::OK
            };
            let response = Response::builder()
                .status(status.unwrap_or(usual))
                .header("lambda-extension-identifier", "an-extension")
                .header("x-path", path);
            Ok(response.body(Full::new(body)).unwrap())
        }
    }
}

async fn next(state: &Arc<State>) -> Result<Response<Full<Bytes>>, &'static str> {
    let mut waiting = Waiting::new(state);
    let next = loop {
        let changed = state.changed.notified();
        let mut changed = std::pin::pin!(changed);
        changed.as_mut().enable();
        let next = state.next.lock().unwrap().pop_front();
        match next {
            Some(next) => break next,
            None => changed.await,
        }
    };
    waiting.1 = true;
    match next {
        Next::Event {
            id,
            headers,
            payload,
        } => {
            let mut response = Response::builder()
                .header("content-type", "application/json")
                .header("lambda-runtime-aws-request-id", id)
                .header("lambda-runtime-deadline-ms", "1795435203000");
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(Full::new(payload)).unwrap())
        }
        Next::Status(status) => {
            let response = Response::builder().status(status);
            Ok(response.body(Full::from("{}")).unwrap())
        }
        Next::Break => Err("broken"),
    }
}

async fn tell(state: &State, request: Request<Incoming>) -> Result<Bytes, &'static str> {
    let (head, mut body) = request.into_parts();
    let mut whole = Vec::new();
    let mut trailers = None;
    while let Some(frame) = body.frame().await {
        match frame.map_err(|_broken| "broken")?.into_data() {
            Ok(data) => {
                whole.extend_from_slice(&data);
                state.pieces.lock().unwrap().push(data);
                state.changed.notify_waiters();
            }
            Err(other) => trailers = other.into_trailers().ok(),
        }
    }
    let body = Bytes::from(whole);
    state.told.lock().unwrap().push(Told {
        method: head.method,
        path: head.uri.to_string(),
        headers: head.headers,
        body: body.clone(),
        trailers,
    });
    state.changed.notify_waiters();
    Ok(body)
}
