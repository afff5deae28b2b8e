//! Requests of clients: stage, method, key and plan, then the function.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::timeout;
use tollgate::api::RouteMatch;
use tollgate::decision::{Allowance, Decision, Metered};
use tollgate::http::fields::{self, Fields};
use tollgate::http::{answer_to, sent_key, unavailable};
use tollgate::limiter::{self, Limiter};
use tollgate::plan::MethodName;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::{Clock, SystemClock};
use tracing::{info, warn};

use super::answer::Fault;
use super::request_id::{REQUEST_ID, RequestIds};
use super::target::{Api, FunctionUrl, TargetId};
use super::{Handler, body, host};
use crate::event::{self, ApiKind, ProxyRequest, RequestApiKey};
use crate::invoke::{Function, InvocationContext, InvokeError};
use crate::router::{Destination, Router};
use crate::template::PayloadVersion;

/// The most bytes of all names and values of a request's headers, as on AWS.
const MAX_HEADER_BYTES: usize = 10_240;

const APIGW_ID: HeaderName = HeaderName::from_static("x-amz-apigw-id");
const HTTP_API_REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Everything that requests can reach. Clones share it.
#[derive(Clone, Debug)]
pub struct DataPlane(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    router: Router<TargetId>,
    apis: Vec<Api>,
    function_urls: Vec<FunctionUrl>,
    limiter: Limiter<DynamoStore>,
    fields: Fields,
    account_id: String,
    port: u16,
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
    binary_media_types: &'a [String],
    payload_version: PayloadVersion,
    timeout: Duration,
    function: &'a Function,
}

impl DataPlane {
    /// The gateway of these APIs and function URLs, which answers on `port`. Plans are enforced with `limiter`.
    #[must_use]
    pub fn new(
        router: Router<TargetId>,
        apis: Vec<Api>,
        function_urls: Vec<FunctionUrl>,
        limiter: Limiter<DynamoStore>,
        account_id: String,
        port: u16,
    ) -> Self {
        Self(Arc::new(Inner {
            router,
            apis,
            function_urls,
            limiter,
            fields: Fields::All,
            account_id,
            port,
        }))
    }
}

impl Handler for DataPlane {
    async fn handle(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
        let started = SystemClock.now();
        let Ok(ids) = RequestIds::new(started.as_secs()) else {
            return Fault::Unavailable.response(ApiKind::Http);
        };
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let (kind, mut response) = self.0.answer(request, peer, &ids).await;
        insert_ids(&mut response, kind, &ids);
        info!(
            target: "tollgate::access",
            duration_ms = u64::try_from(SystemClock.now().saturating_since(started).as_millis())
                .unwrap_or(u64::MAX),
            request_id = ids.request,
            "{method} {path} {}",
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
        ids: &RequestIds,
    ) -> (ApiKind, Response<Full<Bytes>>) {
        let (parts, body) = request.into_parts();
        let host = match host::of(&parts) {
            Ok(host) => host,
            Err(fault) => return (ApiKind::Http, fault.response(ApiKind::Http)),
        };
        let destination = self.router.route(host, parts.uri.path());
        let kind = self.kind(&destination);
        let response = match self.forward(destination, &parts, body, peer, ids).await {
            Ok(response) => response,
            Err(fault) => fault.response(kind),
        };
        (kind, response)
    }

    fn kind(&self, destination: &Destination<'_, '_, TargetId>) -> ApiKind {
        match destination {
            Destination::Stage { target, .. }
            | Destination::UnknownStage { target }
            | Destination::FunctionUrl { target, .. } => match target {
                TargetId::Api(index) => self.apis.get(*index).map_or(ApiKind::Http, |api| api.kind),
                TargetId::FunctionUrl(_) => ApiKind::FunctionUrl,
            },
            Destination::AmbiguousStage { .. }
            | Destination::UnknownApi
            | Destination::UnknownFunctionUrl => ApiKind::Http,
        }
    }

    async fn forward(
        &self,
        destination: Destination<'_, '_, TargetId>,
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
        if !body::may_fit(&body) {
            body::drain(&parts.headers, body).await;
            return Err(Fault::BodyTooLarge);
        }
        let mut metered = None;
        let call = match destination {
            Destination::Stage {
                target: TargetId::Api(index),
                path,
                request_path,
                ..
            } => {
                let api = self.apis.get(*index).ok_or(Fault::NoApi)?;
                let RouteMatch::Found(found) = api.routes.find(&parts.method, path) else {
                    return Err(Fault::NoMethod);
                };
                let method = found.value;
                let resource_path = found
                    .template
                    .map_or_else(|| path.to_owned(), ToString::to_string);
                if method.api_key_required {
                    match self.decide(api, &resource_path, parts).await {
                        Ok(allowed) => metered = allowed,
                        Err(response) => return Ok(response),
                    }
                }
                Call {
                    kind: api.kind,
                    api_id: api.api_stage.api_id.as_str(),
                    stage: api.api_stage.stage.as_str(),
                    deployment_id: &api.deployment_id,
                    resource_id: &method.resource_id,
                    route_key: found.route_key(),
                    resource_path,
                    path_parameters: found.parameters,
                    path,
                    request_path,
                    stage_variables: &api.stage_variables,
                    binary_media_types: &api.binary_media_types,
                    payload_version: method.payload_version,
                    timeout: method.timeout,
                    function: &method.function,
                }
            }
            Destination::FunctionUrl {
                target: TargetId::FunctionUrl(index),
                path,
            } => {
                let url = self.function_urls.get(*index).ok_or(Fault::NoApi)?;
                Call::of_function_url(url, path)
            }
            Destination::UnknownStage { .. } => return Err(Fault::NoStage),
            Destination::Stage { .. }
            | Destination::FunctionUrl { .. }
            | Destination::AmbiguousStage { .. }
            | Destination::UnknownApi
            | Destination::UnknownFunctionUrl => return Err(Fault::NoApi),
        };
        let body = body::read(body).await?;
        let mut response = self
            .invoke(&call, parts, &body, peer, ids, metered.as_ref())
            .await?;
        if let Some(metered) = &metered {
            fields::insert_levels(response.headers_mut(), &metered.levels, self.fields);
        }
        Ok(response)
    }

    /// Checks the key of a request to a REST API, as API Gateway would. The error is the response to a request that may not pass.
    async fn decide(
        &self,
        api: &Api,
        resource: &str,
        parts: &http::request::Parts,
    ) -> Result<Option<Metered>, Response<Full<Bytes>>> {
        let request = limiter::Request {
            api_stage: &api.api_stage,
            method: MethodName {
                resource,
                verb: parts.method.as_str(),
            },
            key: sent_key(&parts.headers),
            cost: NonZeroU64::MIN,
            gate: None,
        };
        match self.limiter.decide(&request).await {
            Ok(Decision::Allow(Allowance::Metered(metered))) => Ok(Some(metered)),
            Ok(Decision::Allow(Allowance::Unmetered)) => Ok(None),
            Ok(Decision::Deny(denial)) => Err(answer_to(denial, self.fields)),
            Err(_logged_by_the_limiter) => Err(unavailable()),
        }
    }

    async fn invoke(
        &self,
        call: &Call<'_>,
        parts: &http::request::Parts,
        body: &Bytes,
        peer: SocketAddr,
        ids: &RequestIds,
        metered: Option<&Metered>,
    ) -> Result<Response<Full<Bytes>>, Fault> {
        let source_ip = peer.ip().to_string();
        let host_service = match call.kind {
            ApiKind::Rest | ApiKind::Http => "execute-api",
            ApiKind::FunctionUrl => "lambda-url",
        };
        let api_key = metered.zip(sent_key(&parts.headers));
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
            binary_media_types: call.binary_media_types,
            api_key: api_key.map(|(metered, value)| RequestApiKey {
                value,
                id: metered.key_id.as_str(),
            }),
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
            PayloadVersion::V1 => {
                event::from_v1(&answer.payload, call.kind, call.binary_media_types, accept)
            }
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
            binary_media_types: &[],
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

/// Adds the ids that AWS sends with every answer.
fn insert_ids(response: &mut Response<Full<Bytes>>, kind: ApiKind, ids: &RequestIds) {
    let headers = response.headers_mut();
    let mut insert = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    match kind {
        ApiKind::Rest => {
            insert(REQUEST_ID, &ids.request);
            insert(APIGW_ID, &ids.extended);
            insert(TRACE_ID, &ids.trace);
        }
        ApiKind::Http => insert(HTTP_API_REQUEST_ID, &ids.extended),
        ApiKind::FunctionUrl => {
            insert(REQUEST_ID, &ids.request);
            insert(TRACE_ID, &ids.trace);
        }
    }
}
