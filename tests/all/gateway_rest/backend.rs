//! An HTTP server for integrations. It says what it was asked, and speaks Lambda's Invoke API.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Bytes that are not UTF-8.
pub(super) const BINARY: [u8; 6] = [0, 159, 146, 150, 255, 10];

/// The server. It stops when it is dropped.
pub(super) struct Backend {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    server: tokio::task::JoinHandle<()>,
}

impl Backend {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let connections = Arc::new(AtomicUsize::new(0));
        let counters = (Arc::clone(&calls), Arc::clone(&connections));
        let server = tokio::spawn(async move {
            let (calls, connections) = counters;
            let mut running = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let calls = Arc::clone(&calls);
                let service = service_fn(move |request| {
                    calls.fetch_add(1, Ordering::SeqCst);
                    async move { Ok::<_, Infallible>(answer(request).await) }
                });
                running.spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ended = connection
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self {
            address,
            calls,
            connections,
            server,
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests so far.
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// The connections so far.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let path = parts.uri.path();
    if let Some(function) = path.strip_prefix("/2015-03-31/functions/") {
        let name = function.strip_suffix("/invocations").unwrap();
        return invoke(name, parts.uri.query(), &body);
    }
    match path {
        "/binary" => response(200, "image/png", &BINARY),
        "/silent" => std::future::pending().await,
        "/created" => {
            let mut response = response(201, "text/plain", b"made");
            let headers = response.headers_mut();
            headers.append("x-a", "1".parse().unwrap());
            headers.append("x-a", "2".parse().unwrap());
            headers.insert("server", "backend".parse().unwrap());
            headers.insert("connection", "keep-alive".parse().unwrap());
            response
        }
        "/missing" => response(404, "application/json", br#"{"why":"none"}"#),
        _ => {
            let echo = json!({
                "method": parts.method.as_str(),
                "path": path,
                "query": parts.uri.query(),
                "headers": headers(&parts.headers),
                "body": String::from_utf8_lossy(&body),
                "length": body.len(),
            });
            response(200, "application/json", echo.to_string().as_bytes())
        }
    }
}

/// What functions answer. Their event is in `event`.
fn invoke(name: &str, query: Option<&str>, body: &Bytes) -> Response<Full<Bytes>> {
    let event: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let answer = match name {
        "echo" => {
            json!({"statusCode": 201, "body": json!({"event": event, "query": query}).to_string()})
        }
        "values" => json!({
            "headers": {"x-solo": "1", "x-many": "solo"},
            "multiValueHeaders": {"x-many": ["1", "2"]},
        }),
        "image" => json!({
            "headers": {"content-type": "image/png"}, "body": "AJ+Slv8K", "isBase64Encoded": true,
        }),
        "wrong" => json!("no object"),
        "plain" => json!({"got": event}),
        "authorizer" => return authorize(&event),
        "failing" => {
            let error = br#"{"errorMessage":"Not found: joe","errorType":"Error"}"#;
            let mut response = response(200, "application/json", error);
            let unhandled = "Unhandled".parse().unwrap();
            response
                .headers_mut()
                .insert("x-amz-function-error", unhandled);
            return response;
        }
        _ => {
            return response(
                404,
                "application/json",
                br#"{"Message":"Function not found"}"#,
            );
        }
    };
    response(200, "application/json", answer.to_string().as_bytes())
}

/// Lets `allow` and what begins with `key-` pass, the second with that key.
fn authorize(event: &Value) -> Response<Full<Bytes>> {
    let token = event["authorizationToken"].as_str().unwrap_or_default();
    let effect = if token == "allow" || token.starts_with("key-") {
        "Allow"
    } else {
        "Deny"
    };
    let mut answer = json!({
        "principalId": "joe",
        "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]},
        ]},
        "context": {"tier": "gold"},
    });
    if let Some(key) = token.strip_prefix("key-") {
        answer["usageIdentifierKey"] = key.into();
    }
    response(200, "application/json", answer.to_string().as_bytes())
}

fn headers(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        let values = all.entry(name.to_string()).or_default();
        values.push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    all
}

fn response(status: u16, content_type: &str, body: &[u8]) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(Full::new(Bytes::copy_from_slice(body)))
        .unwrap()
}
