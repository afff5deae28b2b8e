//! A GitHub on loopback.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Publishes keys on loopback, and counts who asks.
pub(super) struct FakeGitHub {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    status: StatusCode,
    list: Vec<u8>,
    asked: usize,
}

impl FakeGitHub {
    pub(super) async fn start(list: Vec<u8>) -> Self {
        let state = Arc::new(Mutex::new(State {
            status: StatusCode::OK,
            list,
            asked: 0,
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&shared);
                let answer = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    assert_eq!(request.headers()["user-agent"], "tollgate");
                    let mut state = shared.lock().unwrap();
                    state.asked += 1;
                    let mut response = Response::new(Full::new(Bytes::from(state.list.clone())));
                    *response.status_mut() = state.status;
                    async move { Ok::<_, Infallible>(response) }
                });
                let connection = http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
            }
        });
        Self { url, state }
    }

    pub(super) fn publish(&self, list: Vec<u8>) {
        let mut state = self.state.lock().unwrap();
        state.list = list;
        state.status = StatusCode::OK;
    }

    pub(super) fn fail(&self) {
        self.state.lock().unwrap().status = StatusCode::BAD_GATEWAY;
    }

    pub(super) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }
}
