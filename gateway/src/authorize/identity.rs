//! Who asks: the parts of a request that an authorizer names as its identity sources.

use std::fmt;

use http::HeaderName;

use crate::event::ProxyRequest;

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

    /// What stands there; the last value when there are several, as in an event. `None` when there is nothing.
    fn read(&self, request: &ProxyRequest<'_>) -> Option<String> {
        match self {
            Self::Header(name) => {
                let last = request.headers.get_all(name).iter().next_back()?;
                Some(String::from_utf8_lossy(last.as_bytes()).into_owned())
            }
            Self::Query(name) => form_urlencoded::parse(request.query.as_bytes())
                .filter(|(found, _)| found == name)
                .last()
                .map(|(_, value)| value.into_owned()),
            Self::StageVariable(name) => request.stage_variables.get(name).cloned(),
            Self::Context(name) => context(name, request),
        }
        .filter(|value| !value.is_empty())
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
