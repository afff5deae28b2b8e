//! The APIs of a template, ready to be routed to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tollgate::api::{RouteConflict, Routes, Routing};
use tollgate::http::fields::Fields;
use tollgate::id::ApiStage;
use tollgate::limiter::Limiter;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::SystemClock;

use super::{StartApi, StartError};
use crate::invoke::Function;
use crate::local;
use crate::rest_api::{RestApis, RestApisSettings};
use crate::router::{ApiAddress, FunctionUrlAddress, RestApiAddress, Router};
use crate::server::{Api, DataPlane, FunctionUrl, Method, TargetId};
use crate::template::{ApiKind, ApiSpec, DEFAULT_ROUTE, FunctionSpec, MethodSpec, Template};

/// How long an integration may take, as on AWS where nothing else is said.
const INTEGRATION_TIMEOUT_MS: u64 = 29_000;

/// The REST APIs in the store, with the functions of the template.
pub(super) fn rest_apis(
    functions: &BTreeMap<String, Arc<Function>>,
    store: DynamoStore,
    limiter: Limiter<DynamoStore>,
    arguments: &StartApi,
    port: u16,
) -> Arc<RestApis> {
    let settings = RestApisSettings {
        store,
        limiter,
        functions: functions
            .values()
            .map(|function| (function.config().name.clone(), Function::clone(function)))
            .collect(),
        lambda_endpoint: arguments.lambda_endpoint.clone(),
        fields: if arguments.strict_aws {
            Fields::AwsOnly
        } else {
            Fields::All
        },
        account_id: local::ACCOUNT_ID.to_owned(),
        region: local::REGION.to_owned(),
        port,
    };
    RestApis::new(settings, Arc::new(SystemClock))
}

pub(super) fn data_plane(
    template: &Template,
    functions: &BTreeMap<String, Arc<Function>>,
    rest_apis: Arc<RestApis>,
    port: u16,
) -> Result<DataPlane, StartError> {
    let mut addresses = Vec::new();
    let mut apis = Vec::new();
    let mut rest_addresses = Vec::new();
    for spec in &template.apis {
        match spec.kind {
            ApiKind::Http => {}
            ApiKind::Rest => {
                rest_addresses.push(RestApiAddress {
                    api_id: spec.id.clone(),
                    stages: vec![spec.stage.clone()],
                });
                continue;
            }
        }
        addresses.push(ApiAddress {
            api_id: spec.id.clone(),
            stages: vec![spec.stage.clone()],
            target: TargetId::Api(apis.len()),
        });
        apis.push(api(spec, functions)?);
    }
    let mut url_addresses = Vec::new();
    let mut function_urls = Vec::new();
    for spec in &template.functions {
        let (Some(_), Some(function)) = (&spec.url, functions.get(&spec.logical_id)) else {
            continue;
        };
        let url_id = url_id(spec);
        url_addresses.push(FunctionUrlAddress {
            url_id: url_id.clone(),
            function_name: spec.name.clone(),
            target: TargetId::FunctionUrl(function_urls.len()),
        });
        function_urls.push(FunctionUrl {
            url_id,
            function: Function::clone(function),
        });
    }
    let router = Router::new(addresses, rest_addresses, url_addresses)?;
    let account_id = local::ACCOUNT_ID.to_owned();
    Ok(DataPlane::new(
        router,
        apis,
        function_urls,
        rest_apis,
        account_id,
        port,
    ))
}

fn api(spec: &ApiSpec, functions: &BTreeMap<String, Arc<Function>>) -> Result<Api, StartError> {
    let mut routes = Routes::new(Routing::HttpApi);
    for method in &spec.methods {
        let Some(function) = functions.get(&method.function_logical_id) else {
            continue;
        };
        insert(&mut routes, spec, method, function).map_err(|cause| StartError::Route {
            logical_id: spec.logical_id.clone(),
            line: method.line,
            cause,
        })?;
    }
    Ok(Api {
        api_stage: ApiStage::new(spec.id.as_str(), spec.stage.as_str()),
        deployment_id: short_id(&format!("{}/{}", spec.id, spec.stage), 6),
        routes,
        stage_variables: spec.stage_variables.clone(),
    })
}

fn insert(
    routes: &mut Routes<Method>,
    api: &ApiSpec,
    spec: &MethodSpec,
    function: &Arc<Function>,
) -> Result<(), String> {
    let method = Method {
        function: Function::clone(function),
        payload_version: spec.payload_version,
        timeout: Duration::from_millis(spec.timeout_ms.unwrap_or(INTEGRATION_TIMEOUT_MS)),
        resource_id: short_id(&format!("{}{}", api.id, spec.path), 6),
    };
    let conflict = |conflict: RouteConflict| conflict.to_string();
    if spec.path == DEFAULT_ROUTE {
        return routes.insert_default(method).map_err(conflict);
    }
    let verb = spec.verb.parse().map_err(|error| format!("{error}"))?;
    let template = spec.path.parse().map_err(|error| format!("{error}"))?;
    routes.insert(verb, template, method).map_err(conflict)
}

/// The id of a function's URL: it stands for the API in plans.
pub(super) fn url_id(function: &FunctionSpec) -> String {
    short_id(&function.logical_id, 32)
}

/// An id like AWS's that is the same at every start.
fn short_id(name: &str, len: usize) -> String {
    Sha256::digest(name)
        .iter()
        .map(|byte| char::from_digit(u32::from(byte % 36), 36).unwrap_or('0'))
        .take(len)
        .collect()
}
