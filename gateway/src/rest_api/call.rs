//! A request to a REST API, and how far it has got.

use std::net::IpAddr;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use http::HeaderName;
use http::request::Parts;
use serde_json::{Map, Value};
use tollgate::authorizer::META_PREFIX;
use tollgate::decision::Metered;
use tollgate::http::sent_key;
use tollgate::rest_api::ApiKeySource;
use tollgate::time::Timestamp;

use super::denied::Denied;
use super::method::Method;
use super::served::Served;
use crate::authorize::{Authorized, UsageIdentifierKey};
use crate::event::{ApiKind, ProxyRequest, RequestApiKey};
use crate::incoming::RequestIds;

/// A request as it arrived, and the address by which it names its API.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The API's id.
    pub api_id: &'a str,
    /// The stage.
    pub stage: &'a str,
    /// The path after the stage as sent. It begins with one slash.
    pub path: &'a str,
    /// The path with the stage, as a client of AWS would have sent it.
    pub request_path: &'a str,
    /// Method, URI and header fields.
    pub parts: &'a Parts,
    /// Where it comes from.
    pub source: Source,
    /// The request's ids.
    pub ids: &'a RequestIds,
    /// When it arrived.
    pub arrived_at: Timestamp,
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A client at this address.
    Client(IpAddr),
    /// `TestInvokeMethod`. API Gateway says `test-invoke-source-ip` where the address stands.
    TestInvocation,
}

/// What is the same for every request.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) account_id: String,
    pub(super) region: String,
    pub(super) port: u16,
}

/// A request on its way through a stage.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    pub(super) call: Call<'a>,
    pub(super) place: &'a Place,
    pub(super) served: &'a Served,
    /// `None` until one is found.
    pub(super) method: Option<&'a Method>,
    /// The values of the path's variables, with their escapes.
    pub(super) path_parameters: Vec<(&'a str, &'a str)>,
    /// What the authorizer said, for a method that has one.
    pub(super) authorized: Option<Authorized>,
    /// Who was charged, for a method that requires a key.
    pub(super) metered: Option<Metered>,
    /// Why it was denied, if it was.
    pub(super) denied: Option<Denied>,
    pub(super) body: Bytes,
    /// Made when something asks for it.
    domain_name: OnceLock<String>,
    /// Made when something asks for it.
    source_ip: OnceLock<String>,
    /// The authorizer's context with the notes of the key. Made when something asks for it.
    noted: OnceLock<Map<String, Value>>,
    /// What happens, line by line, where somebody wants to know.
    log: Option<Mutex<Vec<String>>>,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(call: Call<'a>, place: &'a Place, served: &'a Served) -> Self {
        Self {
            call,
            place,
            served,
            method: None,
            path_parameters: Vec::new(),
            authorized: None,
            metered: None,
            denied: None,
            body: Bytes::new(),
            domain_name: OnceLock::new(),
            source_ip: OnceLock::new(),
            noted: OnceLock::new(),
            log: None,
        }
    }

    /// The host of the API.
    pub(super) fn domain_name(&self) -> &str {
        let of_api = || format!("{}.execute-api.localhost", self.call.api_id);
        self.domain_name.get_or_init(of_api)
    }

    /// The client's address.
    pub(super) fn source_ip(&self) -> &str {
        match self.call.source {
            Source::Client(address) => self.source_ip.get_or_init(|| address.to_string()),
            Source::TestInvocation => "test-invoke-source-ip",
        }
    }

    /// The same, with a log.
    pub(super) fn logged(self) -> Self {
        Self {
            log: Some(Mutex::default()),
            ..self
        }
    }

    /// Adds a line to the log, if there is one.
    pub(super) fn log(&self, line: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            // A panic cannot leave half a line.
            let mut lines = log.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(line());
        }
    }

    /// The lines of the log.
    pub(super) fn into_log(self) -> Vec<String> {
        self.log.map_or_else(Vec::new, |log| {
            log.into_inner().unwrap_or_else(PoisonError::into_inner)
        })
    }

    /// The value of a request's header field, when it is text; the last one where there are several.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&'a str> {
        let mut values = self.call.parts.headers.get_all(name).iter();
        values.next_back().and_then(|value| value.to_str().ok())
    }

    /// The key that the request came with: in its header, or as its authorizer says.
    pub(super) fn api_key(&self) -> Option<&str> {
        match self.served.api_key_source {
            ApiKeySource::Header => sent_key(&self.call.parts.headers),
            ApiKeySource::Authorizer => self
                .authorized
                .as_ref()
                .and_then(Authorized::usage_identifier_key)
                .map(UsageIdentifierKey::expose),
        }
    }

    /// What stands in an event as `requestContext.authorizer`, and in templates as `$context.authorizer`: what the authorizer has said, and
    /// the key's notes as Tollgate's own authorizer tells them.
    pub(super) fn authorizer_context(&self) -> Option<&Map<String, Value>> {
        let said = self.authorized.as_ref().map(Authorized::context);
        let metadata = self.metered.as_ref().map(|metered| &metered.metadata);
        let Some(metadata) = metadata.filter(|metadata| !metadata.is_empty()) else {
            return said;
        };
        Some(self.noted.get_or_init(|| {
            let mut context = said.cloned().unwrap_or_default();
            context.extend(
                metadata
                    .iter()
                    .map(|(name, text)| (format!("{META_PREFIX}{name}"), Value::from(text))),
            );
            context
        }))
    }

    /// The request as an event is made from it.
    pub(super) fn proxy_request<'r>(&'r self, method: &'r Method) -> ProxyRequest<'r> {
        let api_key = self.metered.as_ref().zip(self.api_key());
        ProxyRequest {
            kind: ApiKind::Rest,
            api_id: self.call.api_id,
            stage: self.call.stage,
            account_id: &self.place.account_id,
            domain_name: self.domain_name(),
            domain_prefix: self.call.api_id,
            deployment_id: &self.served.deployment_id,
            resource_id: &method.resource_id,
            resource_path: &method.resource_path,
            route_key: "",
            path_parameters: &self.path_parameters,
            method: &self.call.parts.method,
            path: self.call.path,
            request_path: self.call.request_path,
            query: self.call.parts.uri.query().unwrap_or_default(),
            headers: &self.call.parts.headers,
            body: &self.body,
            source_ip: self.source_ip(),
            scheme: "http",
            port: self.place.port,
            protocol: "HTTP/1.1",
            request_id: &self.call.ids.request,
            extended_request_id: &self.call.ids.extended,
            trace_id: &self.call.ids.trace,
            time_ms: self.call.arrived_at.as_millis(),
            stage_variables: &self.served.variables,
            binary_media_types: &self.served.binary_media_types,
            api_key: api_key.map(|(metered, value)| RequestApiKey {
                value,
                id: metered.key_id.as_str(),
            }),
            authorizer: self.authorizer_context(),
            caller: None,
            operation_name: method.operation_name.as_deref(),
        }
    }
}
