//! A request on its way to a function.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use http::request::Parts;
use tollgate::api::RouteMatch;
use tollgate::time::{Clock, SystemClock};

use super::{Access, HttpApis};
use crate::event::{ApiKind, ProxyRequest};
use crate::fault::Fault;
use crate::incoming::RequestIds;
use crate::lambda::Target;
use crate::server::target::{Api, FunctionUrl};
use crate::template::{InvokeMode, PayloadVersion};

/// The account that events of a function URL name whose callers are not known.
const ANONYMOUS: &str = "anonymous";

/// What a request is for, as far as it is known before the function is asked.
pub(super) struct Call<'a> {
    kind: ApiKind,
    api_id: &'a str,
    account_id: &'a str,
    stage: &'a str,
    deployment_id: &'a str,
    resource_id: &'a str,
    resource_path: Cow<'a, str>,
    route_key: String,
    path_parameters: Vec<(&'a str, &'a str)>,
    path: &'a str,
    request_path: &'a str,
    stage_variables: &'a BTreeMap<String, String>,
    domain_name: String,
    pub(super) payload_version: PayloadVersion,
    pub(super) invoke_mode: InvokeMode,
    pub(super) timeout: Duration,
    pub(super) access: &'a Access,
    pub(super) target: &'a Target,
}

impl<'a> Call<'a> {
    /// The call of the route that `path` and the verb choose.
    ///
    /// # Errors
    ///
    /// [`Fault::NoMethod`] when there is none.
    pub(super) fn of_route(
        apis: &'a HttpApis,
        api: &'a Api,
        path: &'a str,
        request_path: &'a str,
        method: &http::Method,
    ) -> Result<Self, Fault> {
        let RouteMatch::Found(found) = api.routes.find(method, path) else {
            return Err(Fault::NoMethod);
        };
        let method = found.value;
        let api_id = api.api_stage.api_id.as_str();
        Ok(Self {
            kind: ApiKind::Http,
            api_id,
            account_id: &apis.account_id,
            stage: api.api_stage.stage.as_str(),
            deployment_id: &api.deployment_id,
            resource_id: &method.resource_id,
            route_key: found.route_key(),
            resource_path: found
                .template
                .map_or(Cow::Borrowed(path), |template| template.to_string().into()),
            path_parameters: found.parameters,
            path,
            request_path,
            stage_variables: &api.stage_variables,
            domain_name: format!("{api_id}.execute-api.localhost"),
            payload_version: method.payload_version,
            invoke_mode: InvokeMode::Buffered,
            timeout: method.timeout,
            access: &method.access,
            target: &method.target,
        })
    }

    /// The call of a function's own URL.
    pub(super) fn of_function_url(apis: &'a HttpApis, url: &'a FunctionUrl, path: &'a str) -> Self {
        const NO_VARIABLES: &BTreeMap<String, String> = &BTreeMap::new();
        Self {
            kind: ApiKind::FunctionUrl,
            api_id: &url.url_id,
            account_id: match url.access {
                Access::Open => ANONYMOUS,
                Access::Signed | Access::Authorizer { .. } | Access::NotSimulated(_) => {
                    &apis.account_id
                }
            },
            stage: "$default",
            deployment_id: "",
            resource_id: "",
            resource_path: Cow::Borrowed(path),
            route_key: "$default".to_owned(),
            path_parameters: Vec::new(),
            path,
            request_path: path,
            stage_variables: NO_VARIABLES,
            domain_name: format!("{}.lambda-url.localhost", url.url_id),
            payload_version: PayloadVersion::V2,
            invoke_mode: url.invoke_mode,
            // A function URL has no time-out of its own; the function's is below it.
            timeout: Duration::from_mins(15),
            access: &url.access,
            target: &url.target,
        }
    }

    /// The request as an event is made from it, before anything is known of its caller.
    pub(super) fn proxy_request(
        &'a self,
        parts: &'a Parts,
        body: &'a [u8],
        source_ip: &'a str,
        port: u16,
        ids: &'a RequestIds,
    ) -> ProxyRequest<'a> {
        ProxyRequest {
            kind: self.kind,
            api_id: self.api_id,
            stage: self.stage,
            account_id: self.account_id,
            domain_name: &self.domain_name,
            domain_prefix: self.api_id,
            deployment_id: self.deployment_id,
            resource_id: self.resource_id,
            resource_path: &self.resource_path,
            route_key: &self.route_key,
            path_parameters: &self.path_parameters,
            method: &parts.method,
            path: self.path,
            request_path: self.request_path,
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body,
            source_ip,
            scheme: "http",
            port,
            protocol: "HTTP/1.1",
            request_id: &ids.request,
            extended_request_id: &ids.extended,
            trace_id: &ids.trace,
            time_ms: SystemClock.now().as_millis(),
            stage_variables: self.stage_variables,
            binary_media_types: &[],
            api_key: None,
            authorizer: None,
            caller: None,
            operation_name: None,
        }
    }
}
