//! All that an event is made from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The kind of front door that a request came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApiKind {
    /// An API Gateway REST API.
    Rest,
    /// An API Gateway HTTP API.
    Http,
    /// A Lambda function URL.
    FunctionUrl,
}

/// The API key of a request, after it was checked.
#[derive(Clone, Copy)]
pub struct RequestApiKey<'a> {
    /// The value that the client sent. It becomes part of the event, as on AWS, and never of a log.
    pub value: &'a str,
    /// The key's id.
    pub id: &'a str,
}

/// An IAM identity that has signed a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IamCaller<'a> {
    /// The id of the access key that the request was signed with.
    pub access_key: &'a str,
    /// The account that the identity is in, 12 digits.
    pub account_id: &'a str,
    /// The identity's ARN.
    pub user_arn: &'a str,
    /// The identity's id, `AIDA…`.
    pub user_id: &'a str,
}

/// A routed request, with what the gateway knows about its API.
///
/// What one format has no place for is ignored there.
#[derive(Clone, Copy)]
pub struct ProxyRequest<'a> {
    /// The kind of front door.
    pub kind: ApiKind,
    /// The API's id; a function URL's id.
    pub api_id: &'a str,
    /// The stage; `$default` for a function URL.
    pub stage: &'a str,
    /// The AWS account, 12 digits; `anonymous` for a function URL without authorization.
    pub account_id: &'a str,
    /// The host that the API answers at.
    pub domain_name: &'a str,
    /// The first label of that host.
    pub domain_prefix: &'a str,
    /// The deployment that the stage points to.
    pub deployment_id: &'a str,
    /// The resource's id. Not used for an HTTP API, whose events have the route key there.
    pub resource_id: &'a str,
    /// The resource's path, `/users/{id}`.
    pub resource_path: &'a str,
    /// The route key of an HTTP API, `GET /users/{id}` or `$default`; `$default` for a function URL.
    pub route_key: &'a str,
    /// The path's variables, with the escapes of the client.
    pub path_parameters: &'a [(&'a str, &'a str)],
    /// The method.
    pub method: &'a Method,
    /// The path after the stage as sent, beginning with exactly one slash.
    pub path: &'a str,
    /// The path as sent, with the stage where the client sent one.
    pub request_path: &'a str,
    /// The query as sent, without `?`; empty when there is none.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
    /// The client's address.
    pub source_ip: &'a str,
    /// `http` or `https`: sent on as `X-Forwarded-Proto`.
    pub scheme: &'a str,
    /// The gateway's port: sent on as `X-Forwarded-Port`.
    pub port: u16,
    /// The protocol and its version, `HTTP/1.1`.
    pub protocol: &'a str,
    /// The request's id.
    pub request_id: &'a str,
    /// The id that AWS also sends as `x-amz-apigw-id`.
    pub extended_request_id: &'a str,
    /// The value of `X-Amzn-Trace-Id`, which replaces the client's.
    pub trace_id: &'a str,
    /// When the request arrived: milliseconds since the epoch.
    pub time_ms: u64,
    /// The stage's variables.
    pub stage_variables: &'a BTreeMap<String, String>,
    /// The REST API's binary media types, `image/png` or `*/*`.
    pub binary_media_types: &'a [String],
    /// The key, when the method requires one.
    pub api_key: Option<RequestApiKey<'a>>,
    /// What a Lambda authorizer returned as context.
    pub authorizer: Option<&'a Map<String, Value>>,
    /// Who has signed the request, when the method asks for that.
    pub caller: Option<IamCaller<'a>>,
    /// The method's operation name.
    pub operation_name: Option<&'a str>,
}

impl<'a> ProxyRequest<'a> {
    /// The path with its stage, as the kind of API writes it: HTTP APIs decode it, the others keep the escapes.
    pub(super) fn full_path(&self) -> Cow<'a, str> {
        self.decoded(self.request_path)
    }

    /// `text` as the kind of API hands it on: HTTP APIs decode escapes, the others keep them.
    pub(super) fn decoded(&self, text: &'a str) -> Cow<'a, str> {
        match self.kind {
            ApiKind::Rest | ApiKind::FunctionUrl => Cow::Borrowed(text),
            ApiKind::Http => percent_decode_str(text).decode_utf8_lossy(),
        }
    }

    /// The path's variables; `None` when there are none.
    pub(super) fn parameters(&self) -> Option<BTreeMap<&'a str, Cow<'a, str>>> {
        let parameters = || {
            self.path_parameters
                .iter()
                .map(|(name, value)| (*name, self.decoded(value)))
        };
        (!self.path_parameters.is_empty()).then(|| parameters().collect())
    }

    /// The stage's variables; `None` when there are none.
    pub(super) fn variables(&self) -> Option<&'a BTreeMap<String, String>> {
        (!self.stage_variables.is_empty()).then_some(self.stage_variables)
    }
}

impl fmt::Debug for RequestApiKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestApiKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Shows what identifies the request. Headers, query and body may hold secrets.
impl fmt::Debug for ProxyRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyRequest")
            .field("kind", &self.kind)
            .field("api_id", &self.api_id)
            .field("stage", &self.stage)
            .field("method", &self.method)
            .field("request_path", &self.request_path)
            .field("request_id", &self.request_id)
            .field("api_key", &self.api_key)
            .finish_non_exhaustive()
    }
}
