//! `tollgate connect`: a proxy on this machine for clients of API Gateway.
//!
//! The AWS CLI, boto3 and Terraform sign their requests for `apigateway`, and a function URL wants them signed for `lambda`. The proxy
//! takes what they send, puts another signature in the place of theirs, and hands the answers back. Whoever can reach it acts with
//! the credentials of whoever started it, so it is on the loopback address and answers no web page.

use std::net::SocketAddr;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::json;
use tracing::info;

use crate::event;
use crate::incoming::{self, BodyError};
use crate::invoke::MAX_PAYLOAD_BYTES;
use crate::remote::{CallError, CallErrorKind, Client};
use crate::server::{Handler, guard};

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// What a signature leaves in a request, apart from `Authorization`.
const SIGNATURE_FIELDS: [&str; 3] = ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

/// Sends what it gets to a management API, signed for it.
#[derive(Clone, Debug)]
pub struct Connector {
    client: Client,
}

impl Connector {
    /// Sends to what `client` reaches.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        if let Err(refusal) = guard::check(&parts) {
            return refused(
                StatusCode::FORBIDDEN,
                "AccessDeniedException",
                refusal.message(),
            );
        }
        if !incoming::may_fit(&body) {
            incoming::drain(&parts.headers, body).await;
            return too_large();
        }
        let body = match incoming::read(body).await {
            Ok(body) if body.len() <= MAX_PAYLOAD_BYTES => body,
            Ok(_) | Err(BodyError::TooLong) => return too_large(),
            Err(BodyError::Broken) => {
                return refused(
                    StatusCode::BAD_REQUEST,
                    "BadRequestException",
                    "the body did not arrive whole",
                );
            }
        };
        let path = parts.uri.into_parts().path_and_query;
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        let headers = without_signature(&parts.headers);
        match self.client.send(parts.method, path, headers, body).await {
            Ok(answer) => {
                let mut response = Response::new(Full::new(answer.body));
                *response.status_mut() = answer.status;
                *response.headers_mut() = event::handed_on(&answer.headers);
                response
            }
            Err(error) => no_answer(&error),
        }
    }
}

impl Handler for Connector {
    type Body = Full<Bytes>;

    async fn handle(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Full<Bytes>> {
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let response = self.answer(request).await;
        info!(target: "tollgate::connect", "{method} {path} {}", response.status().as_u16());
        response
    }
}

/// The fields of a request that go on: not the client's signature, and not what concerns its own connection.
fn without_signature(headers: &HeaderMap) -> HeaderMap {
    let mut headers = event::handed_on(headers);
    for name in [header::AUTHORIZATION, header::HOST, header::EXPECT] {
        headers.remove(name);
    }
    for name in SIGNATURE_FIELDS {
        headers.remove(name);
    }
    headers
}

/// What clients make of it is an error of the service, with its cause.
fn no_answer(error: &CallError) -> Response<Full<Bytes>> {
    let (status, error_type) = match error.kind {
        CallErrorKind::NoCredentials(_) | CallErrorKind::Request(_) => {
            (StatusCode::FORBIDDEN, "UnrecognizedClientException")
        }
        CallErrorKind::TimedOut(_) => (StatusCode::GATEWAY_TIMEOUT, "ServiceUnavailableException"),
        CallErrorKind::Unreachable(_)
        | CallErrorKind::Denied(_)
        | CallErrorKind::CredentialsRefused(_)
        | CallErrorKind::Throttled(_)
        | CallErrorKind::Failed { .. }
        | CallErrorKind::NotManagement(_) => {
            (StatusCode::BAD_GATEWAY, "ServiceUnavailableException")
        }
    };
    refused(status, error_type, &error.to_string())
}

fn too_large() -> Response<Full<Bytes>> {
    refused(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLargeException",
        "the body is longer than the 6 MB that Lambda takes",
    )
}

fn refused(status: StatusCode, error_type: &'static str, message: &str) -> Response<Full<Bytes>> {
    let body = json!({ "message": message }).to_string();
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(ERROR_TYPE, HeaderValue::from_static(error_type));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
