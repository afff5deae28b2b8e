//! REST APIs: what they consist of, their deployments and stages.

mod api;
mod authorizer;
mod change;
mod defaults;
mod deployment;
mod detach;
mod endpoint;
mod export;
mod gateway_response;
mod import;
mod integration;
mod integration_response;
mod list;
mod lookup;
mod method;
mod method_response;
mod model;
mod request_validator;
mod resource;
mod stage;
mod test_invoke;
mod tree;
mod view;

use super::Inner;
use super::call::Call;
use super::error::ControlError;
use super::reply::Reply;
use crate::api::Verb;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

/// Makes the operations of this part: their names in the service model, where each is, and what answers it.
macro_rules! operations {
    ($($name:ident = $verb:ident $path:literal => $answer:path,)+) => {
        /// An operation of this part, by its name in the service model.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Operation {
            $($name,)+
        }

        /// Where each operation is.
        pub(super) const OPERATIONS: &[(Verb, &str, Operation)] =
            &[$((Verb::$verb, $path, Operation::$name),)+];

        pub(super) async fn answer<S: Registry + ApiRegistry, C: Clock>(
            control: &Inner<S, C>,
            operation: Operation,
            call: &Call<'_>,
        ) -> Result<Reply, ControlError> {
            match operation {
                $(Operation::$name => $answer(control, call).await,)+
            }
        }
    };
}

operations! {
    CreateRestApi = Post "/restapis" => api::create,
    GetRestApis = Get "/restapis" => api::list,
    GetRestApi = Get "/restapis/{restapi_id}" => api::get,
    PutRestApi = Put "/restapis/{restapi_id}" => import::put,
    UpdateRestApi = Patch "/restapis/{restapi_id}" => api::update,
    DeleteRestApi = Delete "/restapis/{restapi_id}" => api::delete,
    GetResources = Get "/restapis/{restapi_id}/resources" => resource::list,
    CreateResource = Post "/restapis/{restapi_id}/resources/{parent_id}" => resource::create,
    GetResource = Get "/restapis/{restapi_id}/resources/{resource_id}" => resource::get,
    UpdateResource = Patch "/restapis/{restapi_id}/resources/{resource_id}" => resource::update,
    DeleteResource = Delete "/restapis/{restapi_id}/resources/{resource_id}" => resource::delete,
    PutMethod = Put "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}" => method::put,
    GetMethod = Get "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}" => method::get,
    UpdateMethod = Patch "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}" => method::update,
    DeleteMethod = Delete "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}" => method::delete,
    TestInvokeMethod = Post "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}" => test_invoke::method,
    PutMethodResponse = Put "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}" => method_response::put,
    GetMethodResponse = Get "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}" => method_response::get,
    UpdateMethodResponse = Patch "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}" => method_response::update,
    DeleteMethodResponse = Delete "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}" => method_response::delete,
    PutIntegration = Put "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration" => integration::put,
    GetIntegration = Get "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration" => integration::get,
    UpdateIntegration = Patch "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration" => integration::update,
    DeleteIntegration = Delete "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration" => integration::delete,
    PutIntegrationResponse = Put "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}" => integration_response::put,
    GetIntegrationResponse = Get "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}" => integration_response::get,
    UpdateIntegrationResponse = Patch "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}" => integration_response::update,
    DeleteIntegrationResponse = Delete "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}" => integration_response::delete,
    CreateDeployment = Post "/restapis/{restapi_id}/deployments" => deployment::create,
    GetDeployments = Get "/restapis/{restapi_id}/deployments" => deployment::list,
    GetDeployment = Get "/restapis/{restapi_id}/deployments/{deployment_id}" => deployment::get,
    UpdateDeployment = Patch "/restapis/{restapi_id}/deployments/{deployment_id}" => deployment::update,
    DeleteDeployment = Delete "/restapis/{restapi_id}/deployments/{deployment_id}" => deployment::delete,
    CreateStage = Post "/restapis/{restapi_id}/stages" => stage::create,
    GetStages = Get "/restapis/{restapi_id}/stages" => stage::list,
    GetStage = Get "/restapis/{restapi_id}/stages/{stage_name}" => stage::get,
    GetExport = Get "/restapis/{restapi_id}/stages/{stage_name}/exports/{export_type}" => export::get,
    UpdateStage = Patch "/restapis/{restapi_id}/stages/{stage_name}" => stage::update,
    DeleteStage = Delete "/restapis/{restapi_id}/stages/{stage_name}" => stage::delete,
    FlushStageCache = Delete "/restapis/{restapi_id}/stages/{stage_name}/cache/data" => stage::flush,
    FlushStageAuthorizersCache = Delete "/restapis/{restapi_id}/stages/{stage_name}/cache/authorizers" => stage::flush,
    GetGatewayResponses = Get "/restapis/{restapi_id}/gatewayresponses" => gateway_response::list,
    PutGatewayResponse = Put "/restapis/{restapi_id}/gatewayresponses/{response_type}" => gateway_response::put,
    GetGatewayResponse = Get "/restapis/{restapi_id}/gatewayresponses/{response_type}" => gateway_response::get,
    UpdateGatewayResponse = Patch "/restapis/{restapi_id}/gatewayresponses/{response_type}" => gateway_response::update,
    DeleteGatewayResponse = Delete "/restapis/{restapi_id}/gatewayresponses/{response_type}" => gateway_response::delete,
    CreateRequestValidator = Post "/restapis/{restapi_id}/requestvalidators" => request_validator::create,
    GetRequestValidators = Get "/restapis/{restapi_id}/requestvalidators" => request_validator::list,
    GetRequestValidator = Get "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}" => request_validator::get,
    UpdateRequestValidator = Patch "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}" => request_validator::update,
    DeleteRequestValidator = Delete "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}" => request_validator::delete,
    CreateModel = Post "/restapis/{restapi_id}/models" => model::create,
    GetModels = Get "/restapis/{restapi_id}/models" => model::list,
    GetModel = Get "/restapis/{restapi_id}/models/{model_name}" => model::get,
    GetModelTemplate = Get "/restapis/{restapi_id}/models/{model_name}/default_template" => model::template,
    UpdateModel = Patch "/restapis/{restapi_id}/models/{model_name}" => model::update,
    DeleteModel = Delete "/restapis/{restapi_id}/models/{model_name}" => model::delete,
    CreateAuthorizer = Post "/restapis/{restapi_id}/authorizers" => authorizer::create,
    GetAuthorizers = Get "/restapis/{restapi_id}/authorizers" => authorizer::list,
    GetAuthorizer = Get "/restapis/{restapi_id}/authorizers/{authorizer_id}" => authorizer::get,
    UpdateAuthorizer = Patch "/restapis/{restapi_id}/authorizers/{authorizer_id}" => authorizer::update,
    DeleteAuthorizer = Delete "/restapis/{restapi_id}/authorizers/{authorizer_id}" => authorizer::delete,
}
