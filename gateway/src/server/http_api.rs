//! HTTP APIs and function URLs: the gateway only routes, and what stands in the function enforces plans.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::timeout;
use tollgate::api::RouteMatch;
use tollgate::time::{Clock, SystemClock};
use tracing::warn;

use super::answer::Fault;
use super::target::{Api, FunctionUrl, TargetId};
use crate::event::{self, ApiKind, ProxyRequest};
use crate::incoming::{self, RequestIds};
use crate::invoke::{Function, InvocationContext, InvokeError};
use crate::template::PayloadVersion;

/// The most bytes of all names and values of a request's headers, as on AWS.
const MAX_HEADER_BYTES: usize = 10_240;

/// The HTTP APIs and function URLs of a template.
#[derive(Debug)]
pub(super) struct HttpApis {
    pub(super) apis: Vec<Api>,
    pub(super) function_urls: Vec<FunctionUrl>,
    pub(super) account_id: String,
    pub(super) port: u16,
}

/// A request on its way to a function, as far as it is known.
struct Call<'a> {
    kind: ApiKind,
    api_id: &'a str,
    stage: &'a str,
    deployment_id: &'a str,
    resource_id: &'a str,
    resource_path: String,
    route_key: String,
    path_parameters: Vec<(&'a str, &'a str)>,
    path: &'a str,
    request_path: &'a str,
    stage_variables: &'a BTreeMap<String, String>,
    payload_version: PayloadVersion,
    timeout: Duration,
    function: &'a Function,
}

impl HttpApis {
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
                let RouteMatch::Found(found) = api.routes.find(&parts.method, path) else {
                    return Err(Fault::NoMethod);
                };
                let method = found.value;
                Call {
                    kind: ApiKind::Http,
                    api_id: api.api_stage.api_id.as_str(),
                    stage: api.api_stage.stage.as_str(),
                    deployment_id: &api.deployment_id,
                    resource_id: &method.resource_id,
                    route_key: found.route_key(),
                    resource_path: found
                        .template
                        .map_or_else(|| path.to_owned(), ToString::to_string),
                    path_parameters: found.parameters,
                    path,
                    request_path,
                    stage_variables: &api.stage_variables,
                    payload_version: method.payload_version,
                    timeout: method.timeout,
                    function: &method.function,
                }
            }
            TargetId::FunctionUrl(index) => {
                let url = self.function_urls.get(index).ok_or(Fault::NoApi)?;
                Call::of_function_url(url, path)
            }
        };
        let body = incoming::read(body).await?;
        self.invoke(&call, parts, &body, peer, ids).await
    }

    async fn invoke(
        &self,
        call: &Call<'_>,
        parts: &http::request::Parts,
        body: &Bytes,
        peer: SocketAddr,
        ids: &RequestIds,
    ) -> Result<Response<Full<Bytes>>, Fault> {
        let source_ip = peer.ip().to_string();
        let host_service = match call.kind {
            ApiKind::Rest | ApiKind::Http => "execute-api",
            ApiKind::FunctionUrl => "lambda-url",
        };
        let request = ProxyRequest {
            kind: call.kind,
            api_id: call.api_id,
            stage: call.stage,
            account_id: &self.account_id,
            domain_name: &format!("{}.{host_service}.localhost", call.api_id),
            domain_prefix: call.api_id,
            deployment_id: call.deployment_id,
            resource_id: call.resource_id,
            resource_path: &call.resource_path,
            route_key: &call.route_key,
            path_parameters: &call.path_parameters,
            method: &parts.method,
            path: call.path,
            request_path: call.request_path,
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body,
            source_ip: &source_ip,
            scheme: "http",
            port: self.port,
            protocol: "HTTP/1.1",
            request_id: &ids.request,
            extended_request_id: &ids.extended,
            trace_id: &ids.trace,
            time_ms: SystemClock.now().as_millis(),
            stage_variables: call.stage_variables,
            binary_media_types: &[],
            api_key: None,
            authorizer: None,
            operation_name: None,
        };
        let event = match call.payload_version {
            PayloadVersion::V1 => event::to_v1(&request),
            PayloadVersion::V2 => event::to_v2(&request),
        }
        .map_err(|error| {
            warn!(%error, "a request could not be made an event");
            Fault::Integration
        })?;
        let context = InvocationContext::new(&ids.request)
            .and_then(|context| context.with_trace_id(&ids.trace))
            .map_err(|_ids_are_plain| Fault::Integration)?;
        let name = &call.function.config().name;
        let answer = match timeout(call.timeout, call.function.invoke(event.into(), context)).await
        {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                warn!(function = name, request_id = ids.request, "{error}");
                return Err(fault_of(&error));
            }
            Err(_elapsed) => {
                warn!(
                    function = name,
                    request_id = ids.request,
                    "the function did not answer within {} ms",
                    call.timeout.as_millis()
                );
                return Err(Fault::Timeout);
            }
        };
        let accept = parts
            .headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok());
        let mapped = match call.payload_version {
            PayloadVersion::V1 => event::from_v1(&answer.payload, call.kind, &[], accept),
            PayloadVersion::V2 => event::from_v2(&answer.payload, call.kind),
        };
        let mapped = mapped.map_err(|error| {
            warn!(function = name, request_id = ids.request, "{error}");
            Fault::Integration
        })?;
        let mut response = Response::new(Full::from(mapped.body));
        *response.status_mut() = mapped.status;
        *response.headers_mut() = mapped.headers;
        Ok(response)
    }
}

impl<'a> Call<'a> {
    fn of_function_url(url: &'a FunctionUrl, path: &'a str) -> Self {
        const NO_VARIABLES: &BTreeMap<String, String> = &BTreeMap::new();
        Self {
            kind: ApiKind::FunctionUrl,
            api_id: &url.url_id,
            stage: "$default",
            deployment_id: "",
            resource_id: "",
            resource_path: path.to_owned(),
            route_key: "$default".to_owned(),
            path_parameters: Vec::new(),
            path,
            request_path: path,
            stage_variables: NO_VARIABLES,
            payload_version: PayloadVersion::V2,
            // A function URL has no time-out of its own; the function's is below it.
            timeout: Duration::from_mins(15),
            function: &url.function,
        }
    }
}

const fn fault_of(error: &InvokeError) -> Fault {
    match error {
        InvokeError::Function { .. }
        | InvokeError::Crashed { .. }
        | InvokeError::TimedOut { .. }
        | InvokeError::InitFailed { .. } => Fault::Integration,
        InvokeError::RequestTooLarge { .. } => Fault::BodyTooLarge,
        InvokeError::Overloaded { .. } | InvokeError::ShuttingDown => Fault::Unavailable,
    }
}
