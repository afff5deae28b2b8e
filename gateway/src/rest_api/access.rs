//! Who may call a method, before its key is looked at.

use std::collections::BTreeMap;

use tollgate::rest_api::{self, Snapshot};
use tracing::warn;

use super::call::Exchange;
use super::failure::Failure;
use super::method::Method;
use super::services::Services;
use crate::authorize::{self, LambdaAuthorizer, Refused, Signature};
use crate::lambda::{AwsUri, Lambdas, Target};
use crate::mapping::parameters::substitute_stage_variables;

/// What a method asks of its callers.
#[derive(Debug)]
pub(super) enum Access {
    /// Nothing.
    Open,
    /// A signature. It is not verified: there are no identities here.
    Signed,
    /// That a function lets them pass.
    Authorizer {
        authorizer: Box<LambdaAuthorizer>,
        /// Or why it cannot be called.
        target: Result<Target, String>,
    },
    /// It names an authorizer that does not exist.
    Missing,
}

impl Access {
    pub(super) fn new(
        snapshot: &Snapshot,
        variables: &BTreeMap<String, String>,
        method: &rest_api::Method,
        lambdas: &Lambdas,
    ) -> Self {
        match method.authorization_type.as_str() {
            "NONE" => return Self::Open,
            "AWS_IAM" => return Self::Signed,
            _ => {}
        }
        let authorizers = &snapshot.definition.authorizers;
        let authorizer = method
            .authorizer_id
            .as_ref()
            .and_then(|id| authorizers.get(id));
        let Some(authorizer) = authorizer else {
            return Self::Missing;
        };
        let uri = authorizer.authorizer_uri.as_deref().unwrap_or_default();
        let uri = AwsUri::parse(&substitute_stage_variables(uri, variables));
        let target = uri.and_then(|uri| match uri {
            AwsUri::Function(function) => lambdas.target(&function),
            AwsUri::Invoke(_) | AwsUri::Other(_) => {
                Err("the authorizer's URI names no function".to_owned())
            }
        });
        Self::Authorizer {
            authorizer: Box::new(LambdaAuthorizer::new(authorizer)),
            target,
        }
    }

    /// Lets a request pass, or not.
    pub(super) async fn check(
        &self,
        exchange: &mut Exchange<'_>,
        method: &Method,
        services: &Services,
    ) -> Result<(), Failure> {
        match self {
            Self::Open => Ok(()),
            Self::Signed => {
                let parts = exchange.call.parts;
                let query = parts.uri.query().unwrap_or_default();
                match Signature::of(&parts.headers, query) {
                    Some(_) => Ok(()),
                    None => Err(Failure::no_method()),
                }
            }
            Self::Missing => {
                warn!(
                    request_id = exchange.call.ids.request,
                    resource = method.resource_path,
                    "a request is answered 500: the method's authorizer does not exist"
                );
                Err(Failure::refused(&Refused::AuthorizerConfiguration))
            }
            Self::Authorizer { authorizer, target } => {
                let outcome = Box::pin(ask(authorizer, target, exchange, method, services)).await;
                match outcome {
                    Ok(authorized) => {
                        exchange.authorized = Some(authorized);
                        Ok(())
                    }
                    Err(refused) => {
                        exchange.authorized = refused.answer().cloned();
                        Err(Failure::refused(&refused))
                    }
                }
            }
        }
    }
}

async fn ask(
    authorizer: &LambdaAuthorizer,
    target: &Result<Target, String>,
    exchange: &Exchange<'_>,
    method: &Method,
    services: &Services,
) -> Result<crate::authorize::Authorized, Refused> {
    let request = exchange.proxy_request(method);
    let ids = exchange.call.ids;
    let invoke = |event| authorize::call(&services.lambdas, target.as_ref(), event, ids);
    services
        .authorizers
        .authorize(authorizer, &request, &exchange.place.region, invoke)
        .await
}
