//! Who asks: the parts of a request that an authorizer names as its identity sources.

use std::fmt;

use http::{HeaderName, HeaderValue};

use crate::event::{ApiKind, ProxyRequest};

/// A place in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IdentitySource {
    /// `method.request.header.NAME`. Names of headers have no case.
    Header(HeaderName),
    /// `method.request.querystring.NAME`, in the case that is written.
    Query(String),
    /// `stageVariables.NAME`, in the case that is written.
    StageVariable(String),
    /// `context.NAME`.
    Context(String),
}

impl IdentitySource {
    /// Reads one expression. `None` when it names no place.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let named = |prefix: &str| text.strip_prefix(prefix).filter(|name| !name.is_empty());
        if let Some(name) = named("method.request.header.") {
            return HeaderName::from_bytes(name.as_bytes())
                .ok()
                .map(Self::Header);
        }
        named("method.request.querystring.")
            .map(|name| Self::Query(name.to_owned()))
            .or_else(|| named("stageVariables.").map(|name| Self::StageVariable(name.to_owned())))
            .or_else(|| named("context.").map(|name| Self::Context(name.to_owned())))
    }

    /// Reads one expression of an HTTP API: `$request.header.NAME`, `$request.querystring.NAME`, `$stageVariables.NAME` or
    /// `$context.NAME`. `None` when it names no place.
    pub(super) fn parse_http(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('$')?;
        if rest.starts_with("request.") {
            return Self::parse(&format!("method.{rest}"));
        }
        Self::parse(rest)
    }

    /// What stands there; of several values what an event has, which is the last, and for HTTP APIs all of them. `None` when there is
    /// nothing.
    fn read(&self, request: &ProxyRequest<'_>) -> Option<String> {
        match self {
            Self::Header(name) => {
                let values = request.headers.get_all(name).iter();
                let text =
                    |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
                one_value(request.kind, values.map(text))
            }
            Self::Query(name) => {
                let values = form_urlencoded::parse(request.query.as_bytes())
                    .filter(|(found, _)| found == name)
                    .map(|(_, value)| value.into_owned());
                one_value(request.kind, values)
            }
            Self::StageVariable(name) => request.stage_variables.get(name).cloned(),
            Self::Context(name) => context(name, request),
        }
        .filter(|value| !value.is_empty())
    }
}

/// One value of several.
fn one_value(kind: ApiKind, values: impl Iterator<Item = String>) -> Option<String> {
    match kind {
        ApiKind::Rest => values.last(),
        ApiKind::Http | ApiKind::FunctionUrl => {
            values.reduce(|joined, value| format!("{joined},{value}"))
        }
    }
}

/// A variable of `$context`. `None` for those that no request has here.
fn context(name: &str, request: &ProxyRequest<'_>) -> Option<String> {
    let text = match name {
        "accountId" => request.account_id,
        "apiId" => request.api_id,
        "deploymentId" => request.deployment_id,
        "domainName" => request.domain_name,
        "domainPrefix" => request.domain_prefix,
        "extendedRequestId" => request.extended_request_id,
        "httpMethod" => request.method.as_str(),
        "identity.sourceIp" => request.source_ip,
        "identity.userAgent" => {
            let agent = IdentitySource::Header(http::header::USER_AGENT);
            return agent.read(request);
        }
        "operationName" => request.operation_name?,
        "path" => request.request_path,
        "protocol" => request.protocol,
        "requestId" => request.request_id,
        "requestTimeEpoch" => return Some(request.time_ms.to_string()),
        "resourceId" => request.resource_id,
        "resourcePath" => request.resource_path,
        "routeKey" if request.kind == ApiKind::Http => request.route_key,
        "stage" => request.stage,
        _ => return None,
    };
    Some(text.to_owned())
}

/// The values of an authorizer's identity sources, in their order. They are secrets: `Debug` shows how many there are.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Identity(Vec<String>);

impl Identity {
    /// Reads all sources. `None` when one of them is missing or empty.
    pub(super) fn read(sources: &[IdentitySource], request: &ProxyRequest<'_>) -> Option<Self> {
        let values = sources.iter().map(|source| source.read(request));
        values.collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether the authorizer names no source.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first value: the token of a `TOKEN` authorizer.
    pub(super) fn token(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    pub(super) fn values(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} values)", self.0.len())
    }
}
