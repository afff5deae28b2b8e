//! The admin port: loopback only.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;

use super::Handler;

/// Answers `GET /ready` with 200 once the gateway takes requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Admin;

impl Handler for Admin {
    async fn handle(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Full<Bytes>> {
        let (status, body) = match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/ready") => (StatusCode::OK, r#"{"ready":true}"#),
            (_, "/ready") => (
                StatusCode::METHOD_NOT_ALLOWED,
                r#"{"message":"Method Not Allowed"}"#,
            ),
            _ => (StatusCode::NOT_FOUND, r#"{"message":"Not Found"}"#),
        };
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        response
    }
}
