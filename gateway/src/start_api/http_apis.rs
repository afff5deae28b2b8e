//! The HTTP APIs of a template and the URLs of its functions, ready to be routed to.

use std::time::Duration;

use tollgate::api::{Routes, Routing};
use tollgate::id::ApiStage;

use super::StartError;
use crate::authorize::LambdaAuthorizer;
use crate::lambda::{FunctionName, Lambdas, Target};
use crate::local::short_id;
use crate::server::{Access, Api, FunctionUrl, Method};
use crate::template::{
    ApiSpec, FunctionSpec, FunctionUrlAuth, FunctionUrlSpec, LambdaAuthorizerSpec, MethodSpec,
    RouteAuthorization, Template,
};

/// How long an integration may take, as on AWS where nothing else is said.
const INTEGRATION_TIMEOUT_MS: u64 = 29_000;

/// An HTTP API with its routes. Routes of functions that the gateway does not know are left out.
pub(super) fn api(
    spec: &ApiSpec,
    template: &Template,
    lambdas: &Lambdas,
) -> Result<Api, StartError> {
    let mut routes = Routes::new(Routing::HttpApi);
    for method in &spec.methods {
        let function = template
            .functions
            .iter()
            .find(|function| function.logical_id == method.function_logical_id);
        let Some(function) = function else {
            continue;
        };
        insert(&mut routes, spec, method, function, lambdas).map_err(|cause| {
            StartError::Route {
                logical_id: spec.logical_id.clone(),
                line: method.line,
                cause,
            }
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
    function: &FunctionSpec,
    lambdas: &Lambdas,
) -> Result<(), String> {
    let method = Method {
        target: target(function, lambdas)?,
        access: access(api, &spec.authorization, lambdas)?,
        payload_version: spec.payload_version,
        timeout: Duration::from_millis(spec.timeout_ms.unwrap_or(INTEGRATION_TIMEOUT_MS)),
        resource_id: short_id(&format!("{}{}", api.id, spec.path), 6),
    };
    spec.insert_into(routes, method)
}

/// The URL of a function.
pub(super) fn function_url(
    function: &FunctionSpec,
    url: &FunctionUrlSpec,
    lambdas: &Lambdas,
) -> Result<FunctionUrl, StartError> {
    let target = target(function, lambdas).map_err(|cause| StartError::Route {
        logical_id: function.logical_id.clone(),
        line: function.line,
        cause,
    })?;
    Ok(FunctionUrl {
        url_id: url.id.clone(),
        target,
        access: match url.auth {
            FunctionUrlAuth::None => Access::Open,
            FunctionUrlAuth::AwsIam => Access::Signed,
        },
        invoke_mode: url.invoke_mode,
    })
}

fn target(function: &FunctionSpec, lambdas: &Lambdas) -> Result<Target, String> {
    lambdas.target(&FunctionName {
        name: function.name.clone(),
        qualifier: None,
    })
}

fn access(
    api: &ApiSpec,
    authorization: &RouteAuthorization,
    lambdas: &Lambdas,
) -> Result<Access, String> {
    Ok(match authorization {
        RouteAuthorization::Open => Access::Open,
        RouteAuthorization::Signed => Access::Signed,
        RouteAuthorization::NotSimulated(name) => Access::NotSimulated(name.clone()),
        RouteAuthorization::Lambda(name) => {
            let authorizer = api
                .authorizers
                .iter()
                .find(|authorizer| authorizer.name == *name)
                .ok_or_else(|| format!("its authorizer `{name}` does not exist"))?;
            Access::Authorizer {
                authorizer: Box::new(LambdaAuthorizer::of_http_api(authorizer)),
                target: authorizing_function(authorizer, lambdas),
            }
        }
    })
}

/// The function of an authorizer, or what to log when its route is called.
fn authorizing_function(
    authorizer: &LambdaAuthorizerSpec,
    lambdas: &Lambdas,
) -> Result<Target, String> {
    let arn = &authorizer.function_arn;
    let function = FunctionName::parse(arn)
        .ok_or_else(|| format!("its FunctionArn `{arn}` names no function"))?;
    lambdas.target(&function)
}
