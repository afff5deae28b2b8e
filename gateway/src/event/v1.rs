//! Events in the payload format 1.0.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::header::{self, Headers};
use super::{ApiKind, ProxyRequest, body, query, time};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    resource: &'a str,
    path: Cow<'a, str>,
    http_method: &'a str,
    headers: BTreeMap<&'a str, &'a str>,
    multi_value_headers: &'a Headers,
    query_string_parameters: Option<BTreeMap<&'a str, &'a str>>,
    multi_value_query_string_parameters: Option<&'a BTreeMap<String, Vec<String>>>,
    path_parameters: Option<BTreeMap<&'a str, Cow<'a, str>>>,
    stage_variables: Option<&'a BTreeMap<String, String>>,
    request_context: RequestContext<'a>,
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_id: Option<&'a str>,
    domain_name: &'a str,
    domain_prefix: &'a str,
    extended_request_id: &'a str,
    http_method: &'a str,
    identity: Identity<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_name: Option<&'a str>,
    path: Cow<'a, str>,
    protocol: &'a str,
    request_id: &'a str,
    request_time: String,
    request_time_epoch: u64,
    resource_id: &'a str,
    resource_path: &'a str,
    stage: &'a str,
}

/// Callers with Cognito credentials are not simulated: what describes them is null, as AWS has it for others.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    access_key: Option<&'a str>,
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<&'a str>,
    caller: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cognito_amr: Option<()>,
    cognito_authentication_provider: (),
    cognito_authentication_type: (),
    cognito_identity_id: (),
    cognito_identity_pool_id: (),
    principal_org_id: (),
    source_ip: &'a str,
    user: Option<&'a str>,
    user_agent: Option<String>,
    user_arn: Option<&'a str>,
}

/// The event in the payload format 1.0, as JSON.
///
/// A REST API's event has no `version`, and its `path` has no stage and keeps its escapes. An HTTP API's event has `version`
/// `1.0`, the route key as `resourceId`, small letters in header names, and a decoded `path` with the stage. A function URL
/// has no such format; it is treated as an HTTP API.
///
/// # Errors
///
/// When the JSON cannot be written, which no request is known to cause.
pub fn to_v1(request: &ProxyRequest<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let headers = header::of_request(request);
    let query = query::parameters(request.query);
    let body = body::of_request(request);
    let method = request.method.as_str();
    let (version, path, deployment_id, resource_id) = match request.kind {
        ApiKind::Rest => (
            None,
            Cow::Borrowed(request.path),
            Some(request.deployment_id),
            request.resource_id,
        ),
        ApiKind::Http | ApiKind::FunctionUrl => {
            (Some("1.0"), request.full_path(), None, request.route_key)
        }
    };
    serde_json::to_vec(&Event {
        version,
        resource: request.resource_path,
        path,
        http_method: method,
        headers: last_values(&headers),
        multi_value_headers: &headers,
        query_string_parameters: query.as_ref().map(last_values),
        multi_value_query_string_parameters: query.as_ref(),
        path_parameters: request.parameters(),
        stage_variables: request.variables(),
        request_context: RequestContext {
            account_id: request.account_id,
            api_id: request.api_id,
            authorizer: request.authorizer,
            deployment_id,
            domain_name: request.domain_name,
            domain_prefix: request.domain_prefix,
            extended_request_id: request.extended_request_id,
            http_method: method,
            identity: identity(request),
            operation_name: request.operation_name,
            path: request.full_path(),
            protocol: request.protocol,
            request_id: request.request_id,
            request_time: time::request_time(request.time_ms),
            request_time_epoch: request.time_ms,
            resource_id,
            resource_path: request.resource_path,
            stage: request.stage,
        },
        body: body.text,
        is_base64_encoded: body.is_base64,
    })
}

fn identity<'a>(request: &ProxyRequest<'a>) -> Identity<'a> {
    Identity {
        access_key: request.caller.map(|caller| caller.access_key),
        account_id: request.caller.map(|caller| caller.account_id),
        api_key: request.api_key.map(|key| key.value),
        api_key_id: request.api_key.map(|key| key.id),
        caller: request.caller.map(|caller| caller.user_id),
        cognito_amr: match request.kind {
            ApiKind::Rest => None,
            ApiKind::Http | ApiKind::FunctionUrl => Some(()),
        },
        cognito_authentication_provider: (),
        cognito_authentication_type: (),
        cognito_identity_id: (),
        cognito_identity_pool_id: (),
        principal_org_id: (),
        source_ip: request.source_ip,
        user: request.caller.map(|caller| caller.user_id),
        user_agent: header::value(request.headers, &http::header::USER_AGENT),
        user_arn: request.caller.map(|caller| caller.user_arn),
    }
}

/// The last of the values of each name.
fn last_values(values: &BTreeMap<String, Vec<String>>) -> BTreeMap<&str, &str> {
    values
        .iter()
        .filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str())))
        .collect()
}
