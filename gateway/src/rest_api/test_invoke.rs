//! `TestInvokeMethod`: one method of an API as it is being edited, without key, plan and authorizer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method as Verb, Request, Response, Uri};
use tollgate::api::{PathTemplate, Routing};
use tollgate::control::{TestInvocation, TestInvocationResult};
use tollgate::id::ApiStage;
use tollgate::rest_api::{CacheClusterStatus, Stage};

use super::RestApis;
use super::call::{Call, Exchange, Source};
use super::context;
use super::failure::Failure;
use super::method::{Method, Scope};
use super::served::Served;
use crate::content::Content;
use crate::event;
use crate::incoming::RequestIds;

/// The stage that API Gateway says such a request is for.
const STAGE: &str = "test-invoke-stage";

/// The most bytes of an answer that is shown.
const MAX_ANSWER_BYTES: usize = 10 * 1024 * 1024;

impl RestApis {
    /// `None` when there is no such method, or no request can be made of the invocation.
    pub(super) async fn test(&self, invocation: TestInvocation) -> Option<TestInvocationResult> {
        let started = self.services.now();
        let ids = RequestIds::new(started.as_secs());
        let resources = &invocation.snapshot.definition.resources;
        let resource = resources.get(&invocation.resource_id)?;
        let spec = resource
            .resource_methods
            .get(&invocation.http_method)
            .or_else(|| resource.resource_methods.get("ANY"))?;
        let stage = stage(&invocation);
        let api_id = invocation.snapshot.api.id.as_str();
        let api_stage = ApiStage::new(api_id, STAGE);
        let scope = Scope {
            api_stage: &api_stage,
            stage: &stage,
            snapshot: &invocation.snapshot,
            services: &self.services,
        };
        let method = Method::new(scope, resource, spec);
        let served = Served::without_methods(scope);
        let path_with_query = invocation.path_with_query_string.as_deref();
        let path_with_query = path_with_query
            .filter(|path| path.starts_with('/'))
            .unwrap_or(&resource.path);
        let parts = parts(&invocation, path_with_query)?;
        let path = path_with_query.split('?').next().unwrap_or_default();
        let template: Option<PathTemplate> = resource.path.parse().ok();
        let path_parameters = template
            .as_ref()
            .and_then(|template| template.parameters(path, Routing::RestApi));
        let call = Call {
            api_id,
            stage: STAGE,
            path,
            request_path: path,
            parts: &parts,
            source: Source::TestInvocation,
            ids: &ids,
            arrived_at: started,
        };
        let mut exchange = Exchange::new(call, &self.place, &served).logged();
        exchange.method = Some(&method);
        exchange.path_parameters = path_parameters.unwrap_or_default();
        exchange.body = Bytes::from(invocation.body.clone());
        log_request(&exchange, &resource.path);
        let outcome = match self.integrate(&exchange, &method).await {
            Ok(response) => whole(response).await,
            Err(failure) => Err(failure),
        };
        let has_succeeded = outcome.is_ok();
        let response = outcome.unwrap_or_else(|failure| failed(failure, &exchange));
        let latency = self.services.now().saturating_since(started);
        log_response(&exchange, &response, has_succeeded);
        let when = event::log_time(started.as_millis());
        let mut log = format!("Execution log for request {}\n", ids.request);
        for line in exchange.into_log() {
            // Writing to a String cannot fail.
            let _ = writeln!(log, "{when} : {line}");
        }
        Some(result(&response, log, latency.as_millis()))
    }
}

/// An answer that came in parts, read to its end.
async fn whole(response: Response<Content>) -> Result<Response<Bytes>, Failure> {
    let (parts, content) = response.into_parts();
    let body = content.read(MAX_ANSWER_BYTES).await;
    let body = body.ok_or_else(Failure::internal)?;
    Ok(Response::from_parts(parts, body))
}

fn stage(invocation: &TestInvocation) -> Stage {
    Stage {
        deployment_id: String::new(),
        client_certificate_id: None,
        stage_name: STAGE.to_owned(),
        description: None,
        cache_cluster_enabled: false,
        cache_cluster_size: None,
        cache_cluster_status: CacheClusterStatus::NotAvailable,
        method_settings: BTreeMap::new(),
        variables: invocation.stage_variables.clone(),
        documentation_version: None,
        access_log_settings: None,
        canary_settings: None,
        tracing_enabled: false,
        web_acl_arn: None,
        tags: BTreeMap::new(),
        created_date: 0,
        last_updated_date: 0,
    }
}

fn parts(invocation: &TestInvocation, path_with_query: &str) -> Option<Parts> {
    let mut request = Request::new(());
    *request.method_mut() = Verb::from_bytes(invocation.http_method.as_bytes()).ok()?;
    *request.uri_mut() = path_with_query.parse::<Uri>().ok().or_else(|| {
        // Braces of the resource's own path, which stands in for one that was not given.
        let escaped = path_with_query.replace('{', "%7B").replace('}', "%7D");
        escaped.parse().ok()
    })?;
    for (name, value) in &invocation.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok();
        let value = HeaderValue::from_str(value).ok();
        if let (Some(name), Some(value)) = (name, value) {
            request.headers_mut().append(name, value);
        }
    }
    Some(request.into_parts().0)
}

fn failed(failure: Failure, exchange: &Exchange<'_>) -> Response<Bytes> {
    let message = failure.message.clone().unwrap_or_default();
    exchange.log(|| format!("Execution failed: {message}"));
    exchange.served.gateway_responses.answer(failure, exchange)
}

fn log_request(exchange: &Exchange<'_>, resource_path: &str) {
    let call = &exchange.call;
    let parameters = exchange.parameters();
    let single = |map: &BTreeMap<String, Vec<String>>| {
        let pairs = map
            .iter()
            .map(|(name, values)| format!("{name}={}", values.join(",")));
        format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
    };
    let path = parameters.path.iter();
    let path = path.map(|(name, value)| format!("{name}={value}"));
    let path = format!("{{{}}}", path.collect::<Vec<_>>().join(", "));
    let body = String::from_utf8_lossy(&exchange.body);
    let request_id = &call.ids.request;
    for line in [
        format!("Starting execution for request: {request_id}"),
        format!(
            "HTTP Method: {}, Resource Path: {resource_path}",
            call.parts.method
        ),
        format!("Method request path: {path}"),
        format!("Method request query string: {}", single(&parameters.query)),
        format!("Method request headers: {}", single(&parameters.headers)),
        format!("Method request body before transformations: {body}"),
    ] {
        exchange.log(|| line);
    }
}

fn log_response(exchange: &Exchange<'_>, response: &Response<Bytes>, has_succeeded: bool) {
    let body = String::from_utf8_lossy(response.body());
    exchange.log(|| format!("Method response body after transformations: {body}"));
    exchange.log(|| {
        let headers = context::headers(response.headers());
        let pairs = headers
            .iter()
            .map(|(name, values)| format!("{name}={}", values.join(",")));
        format!(
            "Method response headers: {{{}}}",
            pairs.collect::<Vec<_>>().join(", ")
        )
    });
    if has_succeeded {
        exchange.log(|| "Successfully completed execution".to_owned());
    }
    exchange.log(|| {
        format!(
            "Method completed with status: {}",
            response.status().as_u16()
        )
    });
}

fn result(response: &Response<Bytes>, log: String, latency_ms: u128) -> TestInvocationResult {
    let multi_value_headers = context::headers(response.headers());
    let headers = multi_value_headers
        .iter()
        .filter_map(|(name, values)| Some((name.clone(), values.last()?.clone())));
    TestInvocationResult {
        status: response.status().as_u16(),
        body: String::from_utf8_lossy(response.body()).into_owned(),
        headers: headers.collect(),
        multi_value_headers,
        log,
        latency: u64::try_from(latency_ms).unwrap_or(u64::MAX),
    }
}
