//! Events in the payload format 2.0.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{ApiKind, IamCaller, ProxyRequest, body, header, query, time};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: &'a str,
    raw_path: Cow<'a, str>,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_string_parameters: Option<BTreeMap<String, String>>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_parameters: Option<BTreeMap<&'a str, Cow<'a, str>>>,
    is_base64_encoded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_variables: Option<&'a BTreeMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Authorizer<'a>>,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'a str,
    time: String,
    time_epoch: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Authorizer<'a> {
    Iam(Iam<'a>),
    Lambda(&'a Map<String, Value>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Iam<'a> {
    access_key: &'a str,
    account_id: &'a str,
    caller_id: &'a str,
    cognito_identity: (),
    principal_org_id: (),
    user_arn: &'a str,
    user_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: Cow<'a, str>,
    protocol: &'a str,
    source_ip: &'a str,
    user_agent: String,
}

/// The event in the payload format 2.0, as JSON. What is missing is absent, not null.
///
/// `rawPath` has the stage unless that is `$default`. An HTTP API decodes it; a function URL keeps the escapes. Cookies stand
/// in `cookies`; for a function URL in the header `cookie` as well. Headers and query parameters that occur several times are
/// joined with commas. AWS does not document that HTTP APIs decode the path; it is what users report of them.
///
/// # Errors
///
/// When the JSON cannot be written, which no request is known to cause.
pub fn to_v2(request: &ProxyRequest<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let mut headers = header::of_request(request);
    let cookies = headers
        .get("cookie")
        .map(|lines| split_cookies(lines))
        .unwrap_or_default();
    match request.kind {
        ApiKind::Http => drop(headers.remove("cookie")),
        ApiKind::Rest | ApiKind::FunctionUrl => {}
    }
    let body = body::of_request(request);
    serde_json::to_vec(&Event {
        version: "2.0",
        route_key: request.route_key,
        raw_path: request.full_path(),
        raw_query_string: request.query,
        cookies,
        headers: joined(headers),
        query_string_parameters: query::parameters(request.query).map(joined),
        request_context: RequestContext {
            account_id: request.account_id,
            api_id: request.api_id,
            authorizer: authorizer(request),
            domain_name: request.domain_name,
            domain_prefix: request.domain_prefix,
            http: Http {
                method: request.method.as_str(),
                path: request.full_path(),
                protocol: request.protocol,
                source_ip: request.source_ip,
                user_agent: header::value(request.headers, &http::header::USER_AGENT)
                    .unwrap_or_default(),
            },
            request_id: request.request_id,
            route_key: request.route_key,
            stage: request.stage,
            time: time::request_time(request.time_ms),
            time_epoch: request.time_ms,
        },
        body: body.text,
        path_parameters: request.parameters(),
        is_base64_encoded: body.is_base64,
        stage_variables: request.variables(),
    })
}

fn authorizer<'a>(request: &ProxyRequest<'a>) -> Option<Authorizer<'a>> {
    let iam = |caller: IamCaller<'a>| {
        Authorizer::Iam(Iam {
            access_key: caller.access_key,
            account_id: caller.account_id,
            caller_id: caller.user_id,
            cognito_identity: (),
            principal_org_id: (),
            user_arn: caller.user_arn,
            user_id: caller.user_id,
        })
    };
    let lambda = request.authorizer.map(Authorizer::Lambda);
    lambda.or_else(|| request.caller.map(iam))
}

fn split_cookies(lines: &[String]) -> Vec<String> {
    let pairs = lines.iter().flat_map(|line| line.split(';'));
    pairs
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(str::to_owned)
        .collect()
}

fn joined(values: BTreeMap<String, Vec<String>>) -> BTreeMap<String, String> {
    values
        .into_iter()
        .map(|(name, values)| (name, values.join(",")))
        .collect()
}
