//! What answers a request that may pass.

mod http;
mod lambda;
mod lambda_proxy;
mod mock;

use std::time::Duration;

use ::http::Response;
use tollgate::rest_api::{self, IntegrationKind};
use tracing::warn;

use super::call::Exchange;
use super::failure::Failure;
use super::method::{Method, Scope};
use super::services::Services;
use crate::content::Content;
use crate::lambda::{AwsUri, Target};
use crate::mapping::parameters::substitute_stage_variables;
use http::HttpBackend;
use lambda::Lambda;
use mock::Mock;

/// An integration, compiled.
#[derive(Debug)]
pub(super) struct Integration {
    timeout: Duration,
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    LambdaProxy(Target),
    Lambda(Box<Lambda>),
    Http(Box<HttpBackend>),
    Mock(Box<Mock>),
    /// It cannot answer, for this reason.
    Misconfigured(String),
}

impl Integration {
    pub(super) fn new(scope: Scope<'_>, method: &rest_api::Method) -> Self {
        let Some(spec) = &method.method_integration else {
            return Self::misconfigured("it has no integration".to_owned());
        };
        Self {
            timeout: Duration::from_millis(u64::from(spec.timeout_in_millis)),
            backend: backend(scope, spec).unwrap_or_else(Backend::Misconfigured),
        }
    }

    /// One that answers every request 500, and says in the log why.
    pub(super) fn misconfigured(why: String) -> Self {
        Self {
            timeout: Duration::ZERO,
            backend: Backend::Misconfigured(why),
        }
    }

    /// Why requests are answered 500, if they are.
    pub(super) fn misconfiguration(&self) -> Option<&str> {
        match &self.backend {
            Backend::Misconfigured(why) => Some(why),
            Backend::LambdaProxy(_) | Backend::Lambda(_) | Backend::Http(_) | Backend::Mock(_) => {
                None
            }
        }
    }

    /// Whether answers carry the trace id: not what the gateway makes up itself, and not what it only hands on. Recorded of AWS.
    pub(super) fn has_trace(&self) -> bool {
        match &self.backend {
            Backend::LambdaProxy(_) | Backend::Lambda(_) => true,
            Backend::Http(backend) => !backend.is_proxy(),
            Backend::Mock(_) | Backend::Misconfigured(_) => false,
        }
    }

    pub(super) async fn answer(
        &self,
        exchange: &Exchange<'_>,
        method: &Method,
        services: &Services,
    ) -> Result<Response<Content>, Failure> {
        let whole = match &self.backend {
            Backend::LambdaProxy(target) => {
                lambda_proxy::answer(target, self.timeout, exchange, method, services).await
            }
            Backend::Lambda(lambda) => lambda.answer(exchange, self.timeout, services).await,
            Backend::Http(backend) => {
                return backend.answer(exchange, self.timeout, services).await;
            }
            Backend::Mock(mock) => mock.answer(exchange),
            Backend::Misconfigured(why) => {
                exchange.log(|| format!("Execution failed due to configuration error: {why}"));
                warn!(
                    request_id = exchange.call.ids.request,
                    resource = method.resource_path,
                    "a request is answered 500: {why}"
                );
                Err(Failure::configuration())
            }
        };
        whole.map(|response| response.map(Content::from))
    }
}

fn backend(scope: Scope<'_>, spec: &rest_api::Integration) -> Result<Backend, String> {
    match spec.kind {
        IntegrationKind::AwsProxy | IntegrationKind::Aws => of_aws(scope, spec),
        IntegrationKind::Http | IntegrationKind::HttpProxy => {
            HttpBackend::new(spec, &scope.stage.variables)
                .map(|backend| Backend::Http(Box::new(backend)))
        }
        IntegrationKind::Mock => Ok(Backend::Mock(Box::new(Mock::new(spec)?))),
    }
}

fn of_aws(scope: Scope<'_>, spec: &rest_api::Integration) -> Result<Backend, String> {
    let uri = spec.uri.as_deref().unwrap_or_default();
    let uri = substitute_stage_variables(uri, &scope.stage.variables);
    let function = match AwsUri::parse(&uri)? {
        AwsUri::Function(function) => Some(function),
        AwsUri::Invoke(function) => function,
        AwsUri::Other(service) => {
            return Err(format!(
                "`{service}` is not simulated: of AWS's services only functions are called"
            ));
        }
    };
    if spec.http_method.as_deref() != Some("POST") {
        return Err("a function is called with POST: set the integration's HTTP method".to_owned());
    }
    let target = function
        .map(|function| scope.services.lambdas.target(&function))
        .transpose()?;
    match (spec.kind, target) {
        (IntegrationKind::AwsProxy, Some(target)) => Ok(Backend::LambdaProxy(target)),
        (IntegrationKind::AwsProxy, None) => {
            Err("an AWS_PROXY integration names its function".to_owned())
        }
        (
            IntegrationKind::Aws
            | IntegrationKind::Http
            | IntegrationKind::HttpProxy
            | IntegrationKind::Mock,
            target,
        ) => Ok(Backend::Lambda(Box::new(Lambda::new(spec, target)?))),
    }
}
