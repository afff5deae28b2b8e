//! Requests of clients: which API or function URL they are for, and who answers.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tollgate::time::{Clock, SystemClock, Timestamp};
use tracing::{Level, enabled, info};

use super::http_api::HttpApis;
use super::target::TargetId;
use super::{Handler, host};
use crate::content::Content;
use crate::fault::{Door, Fault};
use crate::incoming::{REQUEST_ID, RequestIds};
use crate::rest_api::{Call, Denied, RestApis, Source};
use crate::router::{Destination, Router};

const HTTP_API_REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// The target of the line for each request.
const ACCESS: &str = "tollgate::access";

/// Everything that requests can reach. Clones share it.
#[derive(Clone, Debug)]
pub struct DataPlane(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    router: Router<TargetId>,
    http_apis: HttpApis,
    rest_apis: Arc<RestApis>,
}

impl DataPlane {
    /// The gateway of these APIs and function URLs.
    #[must_use]
    pub fn new(router: Router<TargetId>, http_apis: HttpApis, rest_apis: Arc<RestApis>) -> Self {
        Self(Arc::new(Inner {
            router,
            http_apis,
            rest_apis,
        }))
    }
}

impl Handler for DataPlane {
    type Body = Content;

    async fn handle(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Content> {
        let started = SystemClock.now();
        let ids = RequestIds::new(started.as_secs());
        if !enabled!(target: ACCESS, Level::INFO) {
            return self.0.answer(request, peer, started, &ids).await;
        }
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let response = self.0.answer(request, peer, started, &ids).await;
        let denied: Option<&Denied> = response.extensions().get();
        info!(
            target: ACCESS,
            duration_ms = u64::try_from(SystemClock.now().saturating_since(started).as_millis())
                .unwrap_or(u64::MAX),
            request_id = ids.request,
            key.id = denied.and_then(|denied| denied.key_id.as_ref()).map(display),
            plan.id = denied.and_then(|denied| denied.plan_id.as_ref()).map(display),
            decision = denied.map(|denied| denied.decision),
            limit = denied.and_then(|denied| denied.limit),
            retry_after_ms = denied.and_then(|denied| denied.retry_after_ms),
            "{method} {} {}",
            uri.path(),
            response.status().as_u16(),
        );
        response
    }
}

impl Inner {
    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        arrived_at: Timestamp,
        ids: &RequestIds,
    ) -> Response<Content> {
        let (parts, body) = request.into_parts();
        let destination = match host::of(&parts) {
            Ok(host) => self.router.route(host, parts.uri.path()),
            Err(fault) => return with_ids(fault.response(Door::HttpApi), Door::HttpApi, ids),
        };
        let (target, path, request_path) = match destination {
            Destination::RestApi {
                api_id,
                stage,
                path,
                request_path,
            } => {
                let call = Call {
                    api_id: &api_id,
                    stage,
                    path,
                    request_path: &request_path,
                    parts: &parts,
                    source: Source::Client(peer.ip()),
                    ids,
                    arrived_at,
                };
                return self.rest_apis.answer(call, body).await;
            }
            Destination::Stage {
                target,
                path,
                request_path,
                ..
            } => (*target, path, request_path),
            Destination::FunctionUrl { target, path } => (*target, path, path),
            Destination::UnknownStage { target } => {
                let door = target.door();
                return with_ids(Fault::NoStage.response(door), door, ids);
            }
            Destination::AmbiguousStage { .. }
            | Destination::UnknownApi
            | Destination::UnknownFunctionUrl => {
                return with_ids(Fault::NoApi.response(Door::HttpApi), Door::HttpApi, ids);
            }
        };
        let door = target.door();
        let forwarded = self
            .http_apis
            .forward(target, path, request_path, &parts, body, peer, ids);
        // In a place of its own: what is answered here stays small, and is moved often.
        let outcome = Box::pin(forwarded).await;
        let response = outcome.unwrap_or_else(|fault| fault.response(door));
        with_ids(response, door, ids)
    }
}

/// Adds the ids that AWS sends with every answer of an HTTP API or a function URL.
fn with_ids(
    mut response: Response<Full<Bytes>>,
    door: Door,
    ids: &RequestIds,
) -> Response<Content> {
    let headers = response.headers_mut();
    let mut insert = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    match door {
        Door::HttpApi => insert(HTTP_API_REQUEST_ID, &ids.extended),
        Door::FunctionUrl => {
            insert(REQUEST_ID, &ids.request);
            insert(TRACE_ID, &ids.trace);
        }
    }
    response.map(Content::from)
}
