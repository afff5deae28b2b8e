//! REST APIs: what they consist of, their deployments and stages.

mod api;
mod change;
mod defaults;
mod deployment;
mod endpoint;
mod integration;
mod list;
mod lookup;
mod method;
mod resource;
mod stage;
mod tree;
mod view;

use super::Inner;
use super::call::Call;
use super::error::ControlError;
use super::reply::Reply;
use crate::api::Verb;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

/// An operation of this part, by its name in the service model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    CreateRestApi,
    GetRestApi,
    GetRestApis,
    DeleteRestApi,
    CreateResource,
    GetResource,
    GetResources,
    UpdateResource,
    DeleteResource,
    PutMethod,
    GetMethod,
    UpdateMethod,
    DeleteMethod,
    PutIntegration,
    GetIntegration,
    UpdateIntegration,
    DeleteIntegration,
    CreateDeployment,
    GetDeployment,
    GetDeployments,
    UpdateDeployment,
    DeleteDeployment,
    GetStage,
}

/// Where each operation is.
pub(super) const OPERATIONS: &[(Verb, &str, Operation)] = {
    use Operation as O;
    &[
        (Verb::Post, "/restapis", O::CreateRestApi),
        (Verb::Get, "/restapis", O::GetRestApis),
        (Verb::Get, "/restapis/{restapi_id}", O::GetRestApi),
        (Verb::Delete, "/restapis/{restapi_id}", O::DeleteRestApi),
        (
            Verb::Get,
            "/restapis/{restapi_id}/resources",
            O::GetResources,
        ),
        (
            Verb::Post,
            "/restapis/{restapi_id}/resources/{parent_id}",
            O::CreateResource,
        ),
        (
            Verb::Get,
            "/restapis/{restapi_id}/resources/{resource_id}",
            O::GetResource,
        ),
        (
            Verb::Patch,
            "/restapis/{restapi_id}/resources/{resource_id}",
            O::UpdateResource,
        ),
        (
            Verb::Delete,
            "/restapis/{restapi_id}/resources/{resource_id}",
            O::DeleteResource,
        ),
        (
            Verb::Put,
            "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}",
            O::PutMethod,
        ),
        (
            Verb::Get,
            "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}",
            O::GetMethod,
        ),
        (
            Verb::Patch,
            "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}",
            O::UpdateMethod,
        ),
        (
            Verb::Delete,
            "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}",
            O::DeleteMethod,
        ),
        (
            Verb::Put,
            "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration",
            O::PutIntegration,
        ),
        (
            Verb::Get,
            "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration",
            O::GetIntegration,
        ),
        (
            Verb::Patch,
            "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration",
            O::UpdateIntegration,
        ),
        (
            Verb::Delete,
            "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration",
            O::DeleteIntegration,
        ),
        (
            Verb::Post,
            "/restapis/{restapi_id}/deployments",
            O::CreateDeployment,
        ),
        (
            Verb::Get,
            "/restapis/{restapi_id}/deployments",
            O::GetDeployments,
        ),
        (
            Verb::Get,
            "/restapis/{restapi_id}/deployments/{deployment_id}",
            O::GetDeployment,
        ),
        (
            Verb::Patch,
            "/restapis/{restapi_id}/deployments/{deployment_id}",
            O::UpdateDeployment,
        ),
        (
            Verb::Delete,
            "/restapis/{restapi_id}/deployments/{deployment_id}",
            O::DeleteDeployment,
        ),
        (
            Verb::Get,
            "/restapis/{restapi_id}/stages/{stage_name}",
            O::GetStage,
        ),
    ]
};

pub(super) async fn answer<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    operation: Operation,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    match operation {
        Operation::CreateRestApi => api::create(control, call).await,
        Operation::GetRestApi => api::get(control, call).await,
        Operation::GetRestApis => api::list(control, call).await,
        Operation::DeleteRestApi => api::delete(control, call).await,
        Operation::CreateResource => resource::create(control, call).await,
        Operation::GetResource => resource::get(control, call).await,
        Operation::GetResources => resource::list(control, call).await,
        Operation::UpdateResource => resource::update(control, call).await,
        Operation::DeleteResource => resource::delete(control, call).await,
        Operation::PutMethod => method::put(control, call).await,
        Operation::GetMethod => method::get(control, call).await,
        Operation::UpdateMethod => method::update(control, call).await,
        Operation::DeleteMethod => method::delete(control, call).await,
        Operation::PutIntegration => integration::put(control, call).await,
        Operation::GetIntegration => integration::get(control, call).await,
        Operation::UpdateIntegration => integration::update(control, call).await,
        Operation::DeleteIntegration => integration::delete(control, call).await,
        Operation::CreateDeployment => deployment::create(control, call).await,
        Operation::GetDeployment => deployment::get(control, call).await,
        Operation::GetDeployments => deployment::list(control, call).await,
        Operation::UpdateDeployment => deployment::update(control, call).await,
        Operation::DeleteDeployment => deployment::delete(control, call).await,
        Operation::GetStage => stage::get(control, call).await,
    }
}
