//! `HTTP` and `HTTP_PROXY`: a backend that speaks HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use tokio::time::timeout;
use tollgate::rest_api::{self, IntegrationKind};
use tracing::warn;

use super::super::call::Exchange;
use super::super::failure::Failure;
use super::super::mapped::{BackendAnswers, Endpoint, MappedRequest, RequestMapping, to_text};
use super::super::media_type;
use super::super::services::Services;
use crate::event::{self, end_to_end, is_binary};
use crate::http_client::{BackendAnswer, SendError};
use crate::mapping::parameters::{fill_placeholders, substitute_stage_variables};

/// Header fields that a client of the API does not get as the backend sent them. As recorded of AWS.
const REMAPPED: [&str; 5] = [
    "connection",
    "content-length",
    "date",
    "server",
    "x-amzn-requestid",
];

#[derive(Debug)]
pub(super) struct HttpBackend {
    /// `None`: the client's.
    method: Option<Method>,
    /// With its placeholders.
    uri: String,
    request: RequestMapping,
    /// `None` for a proxy integration: the backend's answer is the client's.
    answers: Option<BackendAnswers>,
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
    ) -> Result<Response<Bytes>, Failure> {
        let request = self.request(exchange)?;
        exchange.log(|| format!("Endpoint request URI: {}", request.uri()));
        exchange.log(|| format!("Sending request to {}", request.uri()));
        let answer = send(request, exchange, longest, services).await?;
        exchange.log(|| format!("Received response. Status: {}", answer.status.as_u16()));
        match &self.answers {
            None => Ok(handed_on(exchange, answer)),
            Some(answers) => {
                let selection = answer.status.as_str().to_owned();
                let endpoint = Endpoint {
                    headers: answer.headers,
                    body: answer.body,
                };
                answers.answer(exchange, &selection, &endpoint)
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
        let mut own = |name: &'static str, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers
                    .entry(HeaderName::from_static(name))
                    .or_insert(value);
            }
        };
        own("user-agent", &format!("AmazonAPIGateway_{}", call.api_id));
        own("x-amzn-apigateway-api-id", call.api_id);
        own("x-amzn-trace-id", &call.ids.trace);
        if self.is_proxy() {
            own("x-forwarded-port", &exchange.place.port.to_string());
            own("x-forwarded-proto", "http");
            let before = exchange.header(&HeaderName::from_static("x-forwarded-for"));
            let addresses = match before {
                Some(before) => format!("{before}, {}", call.source_ip),
                None => call.source_ip.to_owned(),
            };
            set(headers, "x-forwarded-for", &[addresses]);
        }
    }
}

async fn send(
    request: Request<Bytes>,
    exchange: &Exchange<'_>,
    longest: Duration,
    services: &Services,
) -> Result<BackendAnswer, Failure> {
    let request_id = &exchange.call.ids.request;
    let authority = request.uri().authority().map(ToString::to_string);
    let backend = authority.unwrap_or_default();
    match timeout(longest, services.client.send(request)).await {
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
                longest.as_millis()
            );
            Err(Failure::timed_out())
        }
    }
}

/// The client's header fields, without those that concern its connection.
fn proxy_headers(exchange: &Exchange<'_>) -> HeaderMap {
    let replaced = [
        header::HOST,
        header::CONTENT_LENGTH,
        header::EXPECT,
        header::MAX_FORWARDS,
    ];
    end_to_end(&exchange.call.parts.headers)
        .filter(|(name, _)| !replaced.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The client's query as it was sent, unless mappings add to it.
fn proxy_query(exchange: &Exchange<'_>, mapped: &MappedRequest) -> String {
    let sent = exchange.call.parts.uri.query().unwrap_or_default();
    if mapped.query.is_empty() {
        return sent.to_owned();
    }
    let mut query = event::query_parameters(sent).unwrap_or_default();
    query.extend(mapped.query.clone());
    encoded(&query)
}

fn encoded(query: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (name, values) in query {
        for value in values {
            text.append_pair(name, value);
        }
    }
    text.finish()
}

/// The address of a request: placeholders are filled in, and `query` joins a query that the URI has already.
fn uri(template: &str, path: &BTreeMap<String, String>, query: &str) -> Result<Uri, String> {
    let mut text = fill_placeholders(template, path);
    if !query.is_empty() {
        text.push(if text.contains('?') { '&' } else { '?' });
        text.push_str(query);
    }
    let uri: Uri = text.parse().map_err(|error| format!("{text}: {error}"))?;
    if uri.host().is_none() || uri.scheme().is_none() {
        return Err(format!("{text}: it names no host"));
    }
    Ok(uri)
}

fn set(headers: &mut HeaderMap, name: &str, values: &[String]) {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
        return;
    };
    headers.remove(&name);
    for value in values {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(name.clone(), value);
        }
    }
}

/// A proxy integration's answer.
fn handed_on(exchange: &Exchange<'_>, answer: BackendAnswer) -> Response<Bytes> {
    let mut headers: HeaderMap = end_to_end(&answer.headers)
        .filter(|(name, _)| !REMAPPED.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for name in REMAPPED {
        if let Some(value) = answer.headers.get(name)
            && let Ok(name) = HeaderName::try_from(format!("x-amzn-remapped-{name}"))
        {
            headers.insert(name, value.clone());
        }
    }
    headers
        .entry(header::CONTENT_TYPE)
        .or_insert(HeaderValue::from_static(media_type::JSON));
    let body = client_body(exchange, &headers, answer.body);
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    response
}

/// What is no text goes through undamaged only where the API's binary media types name it; the client has to accept it, else it gets
/// Base64.
fn client_body(exchange: &Exchange<'_>, headers: &HeaderMap, body: Bytes) -> Bytes {
    if std::str::from_utf8(&body).is_ok() {
        return body;
    }
    let binary_media_types = &exchange.served.binary_media_types;
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    if !is_binary(content_type.unwrap_or_default(), binary_media_types) {
        return String::from_utf8_lossy(&body).into_owned().into();
    }
    let accept = exchange.header(&header::ACCEPT).unwrap_or_default();
    if is_binary(
        accept.split(',').next().unwrap_or_default(),
        binary_media_types,
    ) {
        return body;
    }
    to_text(&body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_both_queries_make_the_address() {
        let path = BTreeMap::from([("proxy".to_owned(), "a/b c".to_owned())]);
        let made = |template, query| uri(template, &path, query).map(|uri| uri.to_string());
        assert_eq!(
            made("http://h:1/x/{proxy}", "q=1").unwrap(),
            "http://h:1/x/a/b%20c?q=1"
        );
        assert_eq!(made("http://h/x?a=1", "q=1").unwrap(), "http://h/x?a=1&q=1");
        assert_eq!(made("http://h/x", "").unwrap(), "http://h/x");
        assert!(made("http://", "").is_err());
        assert!(made("/only/a/path", "").is_err());
    }

    #[test]
    fn a_query_keeps_all_values_of_a_name() {
        let values = ["1".to_owned(), "b c".to_owned()];
        let query = BTreeMap::from([("a".to_owned(), values.to_vec())]);
        assert_eq!(encoded(&query), "a=1&a=b+c");
    }
}
