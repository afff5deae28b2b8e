//! A method, compiled.

use tollgate::id::ApiStage;
use tollgate::plan::MethodName;
use tollgate::rest_api::{self, Resource, Snapshot, Stage};
use tracing::warn;

use super::access::Access;
use super::integration::Integration;
use super::services::Services;
use super::validation::Validation;
use crate::shared_throttle::SharedGate;

/// What methods are compiled from, apart from themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) api_stage: &'a ApiStage,
    pub(super) stage: &'a Stage,
    pub(super) snapshot: &'a Snapshot,
    pub(super) services: &'a Services,
}

/// A method that can answer requests.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) resource_id: String,
    pub(super) resource_path: String,
    pub(super) operation_name: Option<String>,
    pub(super) access: Access,
    pub(super) api_key_required: bool,
    /// The limits that all callers share.
    pub(super) gate: SharedGate,
    pub(super) validation: Option<Validation>,
    pub(super) integration: Integration,
}

impl Method {
    pub(super) fn new(scope: Scope<'_>, resource: &Resource, method: &rest_api::Method) -> Self {
        let Scope {
            api_stage,
            stage,
            snapshot,
            services,
        } = scope;
        let name = MethodName {
            resource: &resource.path,
            verb: &method.http_method,
        };
        let settings = &stage.method_settings;
        let mut integration = Integration::new(scope, method);
        let validation = Validation::new(snapshot, method).unwrap_or_else(|why| {
            integration = Integration::misconfigured(why);
            None
        });
        if let Some(why) = integration.misconfiguration() {
            warn!(
                api.stage = %api_stage,
                resource = resource.path,
                method = method.http_method,
                "the method will be answered 500: {why}"
            );
        }
        Self {
            resource_id: resource.id.clone(),
            resource_path: resource.path.clone(),
            operation_name: method.operation_name.clone(),
            access: Access::new(snapshot, &stage.variables, method, &services.lambdas),
            api_key_required: method.api_key_required,
            gate: services
                .throttles
                .gate(api_stage, name, settings, services.now()),
            validation,
            integration,
        }
    }
}
