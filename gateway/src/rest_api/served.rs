//! A stage, compiled from the snapshot that it points to. It never changes.

use std::collections::BTreeMap;

use tollgate::api::{PathTemplate, Routes, Routing, Verb};
use tollgate::id::ApiStage;
use tollgate::rest_api::{ApiKeySource, Snapshot, Stage};
use tracing::warn;

use super::gateway_response::GatewayResponses;
use super::method::{Method, Scope};
use super::services::Services;

/// A stage that requests can be answered from.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) api_stage: ApiStage,
    pub(super) deployment_id: String,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) binary_media_types: Vec<String>,
    pub(super) api_key_source: ApiKeySource,
    pub(super) routes: Routes<Method>,
    pub(super) gateway_responses: GatewayResponses,
}

impl Served {
    /// Compiles a stage. What cannot be carried out is logged, and answered 500 when a request needs it.
    pub(super) fn new(
        api_stage: &ApiStage,
        stage: &Stage,
        snapshot: &Snapshot,
        services: &Services,
    ) -> Self {
        let scope = Scope {
            api_stage,
            stage,
            snapshot,
            services,
        };
        let mut served = Self::without_methods(scope);
        let routes = &mut served.routes;
        for resource in snapshot.definition.resources.values() {
            for method in resource.resource_methods.values() {
                let compiled = Method::new(scope, resource, method);
                if let Err(why) =
                    insert_method(routes, &resource.path, &method.http_method, compiled)
                {
                    warn!(
                        api.stage = %api_stage,
                        resource = resource.path,
                        method = method.http_method,
                        "the method is not served: {why}"
                    );
                }
            }
        }
        served
    }

    /// The stage without anything that answers.
    pub(super) fn without_methods(scope: Scope<'_>) -> Self {
        let snapshot = scope.snapshot;
        Self {
            api_stage: scope.api_stage.clone(),
            deployment_id: scope.stage.deployment_id.clone(),
            variables: scope.stage.variables.clone(),
            binary_media_types: snapshot.api.binary_media_types.clone(),
            api_key_source: snapshot.api.api_key_source,
            routes: Routes::new(Routing::RestApi),
            gateway_responses: GatewayResponses::new(&snapshot.definition.gateway_responses),
        }
    }
}

/// Adds a method of a REST API to others.
///
/// # Errors
///
/// What is wrong with it, or which other method it conflicts with, as a sentence.
pub(crate) fn insert_method<T>(
    routes: &mut Routes<T>,
    path: &str,
    verb: &str,
    method: T,
) -> Result<(), String> {
    let verb: Verb = verb.parse().map_err(|error| format!("{error}"))?;
    let template: PathTemplate = path.parse().map_err(|error| format!("{error}"))?;
    routes
        .insert(verb, template, method)
        .map_err(|error| error.to_string())
}
