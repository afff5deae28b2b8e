//! HTTP APIs and function URLs: the gateway routes and asks authorizers, and what stands in the function enforces plans.

mod access;
mod call;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::timeout;
use tollgate::time::Clock;
use tracing::warn;

use super::target::{Api, FunctionUrl, TargetId};
use crate::authorize::Authorizers;
use crate::event::{self, ApiKind, MalformedResponse, ProxyResponse};
use crate::fault::Fault;
use crate::incoming::{self, RequestIds};
use crate::lambda::{Invoked, LambdaFailure, Lambdas};
use crate::template::{InvokeMode, PayloadVersion};
use call::Call;

pub use access::Access;

/// The most bytes of all names and values of a request's headers, as on AWS.
const MAX_HEADER_BYTES: usize = 10_240;

/// The type of a streamed answer that names none.
const OCTET_STREAM: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The HTTP APIs and function URLs of a template.
#[derive(Debug)]
pub struct HttpApis {
    apis: Vec<Api>,
    function_urls: Vec<FunctionUrl>,
    lambdas: Lambdas,
    authorizers: Authorizers,
    account_id: String,
    region: String,
    port: u16,
}

/// What HTTP APIs and function URLs are served with.
#[derive(Debug)]
pub struct HttpApisSettings {
    /// The HTTP APIs, in the order of their [`TargetId`]s.
    pub apis: Vec<Api>,
    /// The function URLs, in the order of their [`TargetId`]s.
    pub function_urls: Vec<FunctionUrl>,
    /// Where their functions run.
    pub lambdas: Lambdas,
    /// The account that they say they are in.
    pub account_id: String,
    /// The region that they say they are in.
    pub region: String,
    /// The port of the gateway.
    pub port: u16,
}

impl HttpApis {
    /// `clock` says when an authorizer's answer is too old.
    #[must_use]
    pub fn new(settings: HttpApisSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            apis: settings.apis,
            function_urls: settings.function_urls,
            lambdas: settings.lambdas,
            authorizers: Authorizers::new(clock),
            account_id: settings.account_id,
            region: settings.region,
            port: settings.port,
        }
    }

    /// Answers a request for `target`.
    ///
    /// # Errors
    ///
    /// The [`Fault`] that the gateway answers itself.
    #[expect(
        clippy::too_many_arguments,
        reason = "a request is known by its parts here"
    )]
    pub(super) async fn forward(
        &self,
        target: TargetId,
        path: &str,
        request_path: &str,
        parts: &http::request::Parts,
        body: Incoming,
        peer: SocketAddr,
        ids: &RequestIds,
    ) -> Result<Response<Full<Bytes>>, Fault> {
        let header_bytes: usize = parts
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len().saturating_add(value.len()))
            .sum();
        if header_bytes > MAX_HEADER_BYTES {
            return Err(Fault::HeadersTooLarge);
        }
        if !incoming::may_fit(&body) {
            incoming::drain(&parts.headers, body).await;
            return Err(Fault::BodyTooLarge);
        }
        let call = match target {
            TargetId::Api(index) => {
                let api = self.apis.get(index).ok_or(Fault::NoApi)?;
                Call::of_route(self, api, path, request_path, &parts.method)?
            }
            TargetId::FunctionUrl(index) => {
                let url = self.function_urls.get(index).ok_or(Fault::NoApi)?;
                Call::of_function_url(self, url, path)
            }
        };
        let body = incoming::read(body).await?;
        let source_ip = peer.ip().to_string();
        let request = call.proxy_request(parts, &body, &source_ip, self.port, ids);
        let caller = call
            .access
            .check(self, &request, call.payload_version, ids)
            .await?;
        let request = caller.described_in(&request, &self.account_id);
        let event = match call.payload_version {
            PayloadVersion::V1 => event::to_v1(&request),
            PayloadVersion::V2 => event::to_v2(&request),
        }
        .map_err(|error| {
            warn!(%error, "a request could not be made an event");
            Fault::Integration
        })?;
        let answer = self.invoke(&call, event.into(), ids).await?;
        let accept = parts
            .headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok());
        let mapped = mapped(&call, request.kind, &answer, accept).map_err(|error| {
            let function = call.target.name();
            warn!(function, request_id = ids.request, "{error}");
            Fault::Integration
        })?;
        let mut response = Response::new(Full::from(mapped.body));
        *response.status_mut() = mapped.status;
        *response.headers_mut() = mapped.headers;
        Ok(response)
    }

    async fn invoke(
        &self,
        call: &Call<'_>,
        event: Bytes,
        ids: &RequestIds,
    ) -> Result<Invoked, Fault> {
        let function = call.target.name();
        let invocation = self.lambdas.invoke(call.target, event, ids);
        match timeout(call.timeout, invocation).await {
            Ok(Ok(answer)) if answer.is_error => {
                let shown = answer.shown();
                warn!(
                    function,
                    request_id = ids.request,
                    "the function failed: {shown}"
                );
                Err(Fault::Integration)
            }
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => {
                warn!(
                    function,
                    request_id = ids.request,
                    "the function was not called: {failure}"
                );
                Err(fault_of(&failure))
            }
            Err(_elapsed) => {
                warn!(
                    function,
                    request_id = ids.request,
                    "the function did not answer within {} ms",
                    call.timeout.as_millis()
                );
                Err(Fault::Timeout)
            }
        }
    }
}

/// The answer as a response. A stream without status and header fields is sent on as it is.
fn mapped(
    call: &Call<'_>,
    kind: ApiKind,
    answer: &Invoked,
    accept: Option<&str>,
) -> Result<ProxyResponse, MalformedResponse> {
    let mapped = match call.payload_version {
        PayloadVersion::V1 => event::from_v1(&answer.payload, kind, &[], accept),
        PayloadVersion::V2 => event::from_v2(&answer.payload, kind),
    };
    match (mapped, call.invoke_mode) {
        (Err(MalformedResponse::NotJson), InvokeMode::ResponseStream) => Ok(ProxyResponse {
            status: http::StatusCode::OK,
            headers: [(header::CONTENT_TYPE, OCTET_STREAM)].into_iter().collect(),
            body: answer.payload.clone(),
        }),
        (mapped, InvokeMode::Buffered | InvokeMode::ResponseStream) => mapped,
    }
}

const fn fault_of(failure: &LambdaFailure) -> Fault {
    match failure {
        LambdaFailure::TooLarge { .. } => Fault::BodyTooLarge,
        LambdaFailure::Unavailable => Fault::Unavailable,
        LambdaFailure::Unreachable(_)
        | LambdaFailure::Refused { .. }
        | LambdaFailure::Unusable(_) => Fault::Integration,
    }
}
