//! The port of the embedded store: for programs on this machine, and for no web page.
//!
//! The store itself answers whoever asks, whatever the signature, and lets web pages read the answers. So it listens where nobody
//! would look, and this port hands on to it what may come from a program.

use std::net::SocketAddr;

use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tracing::warn;

use super::Handler;
use super::admin::guard;
use crate::content::Content;
use crate::event;
use crate::http_client::{HttpClient, SendError};

/// The most bytes of a request: DynamoDB's own limit.
const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;

/// Hands requests on to a store.
#[derive(Clone, Debug)]
pub struct StorePort {
    client: HttpClient,
    store: Authority,
}

impl StorePort {
    /// The port of the store that listens at `store`.
    ///
    /// # Errors
    ///
    /// When that is no address of a URL.
    pub fn new(store: SocketAddr) -> Result<Self, http::uri::InvalidUri> {
        Ok(Self {
            client: HttpClient::default(),
            store: store.to_string().parse()?,
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Content> {
        let (parts, body) = request.into_parts();
        if let Err(refusal) = guard::check_with_containers(&parts) {
            return refused(
                StatusCode::FORBIDDEN,
                "AccessDeniedException",
                refusal.message(),
            );
        }
        let Ok(body) = Limited::new(body, MAX_REQUEST_BYTES).collect().await else {
            return refused(
                StatusCode::PAYLOAD_TOO_LARGE,
                "ValidationException",
                "the request did not arrive whole, or is longer than 16 MB",
            );
        };
        let mut handed_on = Request::new(body.to_bytes());
        *handed_on.method_mut() = parts.method;
        *handed_on.headers_mut() = event::handed_on(&parts.headers);
        handed_on.headers_mut().remove(header::HOST);
        handed_on.headers_mut().remove(header::EXPECT);
        let mut uri = parts.uri.into_parts();
        (uri.scheme, uri.authority) = (Some(Scheme::HTTP), Some(self.store.clone()));
        let answer = match Uri::from_parts(uri) {
            Ok(uri) => {
                *handed_on.uri_mut() = uri;
                self.client.open(handed_on).await
            }
            Err(error) => Err(SendError::Unreachable(error.to_string())),
        };
        match answer {
            Ok(answer) => {
                let headers = event::handed_on(answer.headers());
                let mut response = answer.map(|body| Content::Streamed(Box::new(body)));
                *response.headers_mut() = headers;
                response
            }
            Err(SendError::Unreachable(why)) => {
                warn!("the embedded store cannot be reached: {why}");
                unavailable()
            }
            Err(SendError::TooLong) => unavailable(),
        }
    }
}

impl Handler for StorePort {
    type Body = Content;

    async fn handle(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Content> {
        self.answer(request).await
    }
}

fn unavailable() -> Response<Content> {
    refused(
        StatusCode::SERVICE_UNAVAILABLE,
        "ServiceUnavailable",
        "the embedded store has stopped",
    )
}

/// In the form of DynamoDB's errors.
fn refused(status: StatusCode, error_type: &str, message: &str) -> Response<Content> {
    let body = serde_json::json!({"__type": error_type, "message": message}).to_string();
    let mut response = Response::new(Content::from(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    response
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio::sync::watch;

    use super::*;
    use crate::embedded::Embedded;
    use crate::server::serve;

    /// The embedded store behind its port, which is returned.
    async fn start() -> (Embedded, SocketAddr, watch::Sender<bool>) {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let inner = TcpListener::bind(any).await.unwrap();
        let port = StorePort::new(inner.local_addr().unwrap()).unwrap();
        let embedded = Embedded::start(inner, None).unwrap();
        let listener = TcpListener::bind(any).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stopping, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, port, stopped));
        (embedded, address, stopping)
    }

    #[tokio::test]
    async fn programs_reach_the_store_and_web_pages_do_not() {
        let (embedded, address, _stopping) = start().await;
        let config = crate::local::sdk_config(&format!("http://{address}"), crate::local::REGION);
        let tables = aws_sdk_dynamodb::Client::new(&config).list_tables().send();
        assert_eq!(tables.await.unwrap().table_names(), [""; 0]);
        for (method, name, value) in [
            ("OPTIONS", "origin", "https://evil.example"),
            ("POST", "origin", "https://evil.example"),
            ("POST", "host", "evil.example:8000"),
            ("POST", "sec-fetch-site", "cross-site"),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(format!("http://{address}/"))
                .header(name, value)
                .header("x-amz-target", "DynamoDB_20120810.ListTables")
                .body(Bytes::from("{}"));
            let answer = HttpClient::default().send(request.unwrap()).await.unwrap();
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
            let allowed = header::ACCESS_CONTROL_ALLOW_ORIGIN;
            assert!(!answer.headers.contains_key(allowed), "{name}: {value}");
        }
        embedded.stop().await;
    }
}
