//! `HTTP` and `HTTP_PROXY`: a backend that speaks HTTP.

mod answer;
mod request;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use tokio::time::timeout;
use tollgate::rest_api::{self, IntegrationKind, ResponseTransferMode};
use tracing::warn;

use super::super::call::Exchange;
use super::super::failure::Failure;
use super::super::mapped::{BackendAnswers, Endpoint, MappedRequest, RequestMapping};
use super::super::media_type;
use super::super::pipeline::TRACE_ID;
use super::super::services::Services;
use crate::content::Content;
use crate::http_client::SendError;
use crate::mapping::parameters::substitute_stage_variables;
use request::{encoded, proxy_headers, proxy_query, set, uri};

const API_ID: HeaderName = HeaderName::from_static("x-amzn-apigateway-api-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

#[derive(Debug)]
pub(super) struct HttpBackend {
    /// `None`: the client's.
    method: Option<Method>,
    /// With its placeholders.
    uri: String,
    request: RequestMapping,
    /// `None` for a proxy integration: the backend's answer is the client's.
    answers: Option<BackendAnswers>,
    /// Whether a proxy integration's answer is handed on as it comes.
    is_streamed: bool,
}

impl HttpBackend {
    pub(super) fn new(
        spec: &rest_api::Integration,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let uri = spec.uri.as_deref().ok_or("it has no URI")?;
        let uri = substitute_stage_variables(uri, variables);
        let uri = if uri.contains("://") {
            uri
        } else {
            format!("http://{uri}")
        };
        let method = match spec.http_method.as_deref() {
            None | Some("ANY") => None,
            Some(verb) => Some(
                Method::from_bytes(verb.as_bytes())
                    .map_err(|_no_verb| format!("`{verb}` is no HTTP method"))?,
            ),
        };
        Ok(Self {
            method,
            uri,
            request: RequestMapping::new(spec)?,
            is_streamed: match spec.response_transfer_mode {
                Some(ResponseTransferMode::Stream) => spec.kind == IntegrationKind::HttpProxy,
                Some(ResponseTransferMode::Buffered) | None => false,
            },
            answers: match spec.kind {
                IntegrationKind::HttpProxy => None,
                IntegrationKind::Http
                | IntegrationKind::Aws
                | IntegrationKind::AwsProxy
                | IntegrationKind::Mock => Some(BackendAnswers::new(spec)?),
            },
        })
    }

    pub(super) fn is_proxy(&self) -> bool {
        self.answers.is_none()
    }

    pub(super) async fn answer(
        &self,
        exchange: &Exchange<'_>,
        longest: Duration,
        services: &Services,
    ) -> Result<Response<Content>, Failure> {
        let request = self.request(exchange)?;
        exchange.log(|| format!("Endpoint request URI: {}", request.uri()));
        exchange.log(|| format!("Sending request to {}", request.uri()));
        let backend = Backend::of(&request, exchange, longest);
        if self.is_streamed {
            let answer = backend.wait_for(services.client.open(request)).await?;
            exchange.log(|| format!("Received response. Status: {}", answer.status().as_u16()));
            return Ok(answer::streamed(answer));
        }
        let answer = backend.wait_for(services.client.send(request)).await?;
        exchange.log(|| format!("Received response. Status: {}", answer.status.as_u16()));
        match &self.answers {
            None => Ok(answer::whole(exchange, answer)),
            Some(answers) => {
                let selection = answer.status.as_str().to_owned();
                let endpoint = Endpoint {
                    headers: answer.headers,
                    body: answer.body,
                };
                let mapped = answers.answer(exchange, &selection, &endpoint)?;
                Ok(mapped.map(Content::from))
            }
        }
    }

    fn request(&self, exchange: &Exchange<'_>) -> Result<Request<Bytes>, Failure> {
        let (mapped, mut headers, query) = if self.is_proxy() {
            let mapped = self.request.parameters(exchange)?;
            let query = proxy_query(exchange, &mapped);
            let mapped = MappedRequest {
                body: exchange.body.clone(),
                ..mapped
            };
            (mapped, proxy_headers(exchange), query)
        } else {
            let mapped = self.request.apply(exchange)?;
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(media_type::JSON));
            let content_type = exchange.call.parts.headers.get(header::CONTENT_TYPE);
            let content_type = content_type.filter(|_| !mapped.is_rendered).cloned();
            headers.insert(
                header::CONTENT_TYPE,
                content_type.unwrap_or(HeaderValue::from_static(media_type::JSON)),
            );
            let query = encoded(&mapped.query);
            (mapped, headers, query)
        };
        self.insert_own(exchange, &mut headers);
        for (name, values) in &mapped.headers {
            set(&mut headers, name, values);
        }
        let uri = uri(&self.uri, &mapped.path, &query).map_err(|why| {
            warn!(
                request_id = exchange.call.ids.request,
                "the integration has no address: {why}"
            );
            Failure::configuration()
        })?;
        let method = self.method.clone();
        let method = method.unwrap_or_else(|| exchange.call.parts.method.clone());
        let has_body = !matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
        let mut request = Request::new(if has_body { mapped.body } else { Bytes::new() });
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// What API Gateway adds to every request. A client's own `User-Agent` goes before it.
    fn insert_own(&self, exchange: &Exchange<'_>, headers: &mut HeaderMap) {
        let call = &exchange.call;
        let mut own = |name: HeaderName, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                if name == header::USER_AGENT {
                    headers.entry(name).or_insert(value);
                } else {
                    headers.insert(name, value);
                }
            }
        };
        own(
            header::USER_AGENT,
            &format!("AmazonAPIGateway_{}", call.api_id),
        );
        own(API_ID, call.api_id);
        own(TRACE_ID, &call.ids.trace);
        if self.is_proxy() {
            own(FORWARDED_PORT, &exchange.place.port.to_string());
            own(FORWARDED_PROTO, "http");
            let source_ip = exchange.source_ip();
            let addresses = match exchange.header(&FORWARDED_FOR) {
                Some(before) => HeaderValue::try_from(format!("{before}, {source_ip}")),
                None => HeaderValue::from_str(source_ip),
            };
            match addresses {
                Ok(addresses) => headers.insert(FORWARDED_FOR, addresses),
                Err(_no_field) => headers.remove(FORWARDED_FOR),
            };
        }
    }
}

/// A backend that is asked, for the log.
struct Backend<'a> {
    request_id: &'a str,
    authority: Option<Authority>,
    longest: Duration,
}

impl<'a> Backend<'a> {
    fn of(request: &Request<Bytes>, exchange: &Exchange<'a>, longest: Duration) -> Self {
        Self {
            request_id: &exchange.call.ids.request,
            authority: request.uri().authority().cloned(),
            longest,
        }
    }

    async fn wait_for<T>(
        &self,
        answer: impl Future<Output = Result<T, SendError>>,
    ) -> Result<T, Failure> {
        let request_id = self.request_id;
        let backend = self.authority.as_ref().map(Authority::as_str);
        match timeout(self.longest, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(SendError::Unreachable(why))) => {
                warn!(request_id, backend, "the backend cannot be reached: {why}");
                Err(Failure::unreachable())
            }
            Ok(Err(SendError::TooLong)) => {
                warn!(request_id, backend, "the backend's answer is over 10 MB");
                Err(Failure::internal())
            }
            Err(_elapsed) => {
                warn!(
                    request_id,
                    backend,
                    "the backend did not answer within {} ms",
                    self.longest.as_millis()
                );
                Err(Failure::timed_out())
            }
        }
    }
}
