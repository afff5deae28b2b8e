//! Methods.

mod check;
mod update;

use std::collections::BTreeMap;

use http::StatusCode;

use super::{lookup, view};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::reply::Reply;
use crate::rest_api::Method;
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

pub(super) use check::check_model;

pub(super) async fn put<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("putMethodInput")?;
    let verb = call.path("http_method");
    let resource_id = call.path("resource_id");
    let method = read(&members, verb)?;
    let method = control
        .change_api_or(call, lookup::no_resource, |edit| {
            let definition = &mut edit.record.definition;
            let taken = lookup::resource(definition, resource_id)?
                .resource_methods
                .contains_key(verb);
            lookup::verb(verb)?;
            if taken {
                return Err(ControlError::conflict(
                    "Method already exists for this resource",
                ));
            }
            let mut method = method.clone();
            check::settle(definition, &mut method)?;
            lookup::resource_mut(definition, resource_id)?
                .resource_methods
                .insert(verb.to_owned(), method.clone());
            Ok(method)
        })
        .await?;
    Reply::created(&view::method(&method)?)
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api_or(call, lookup::no_resource).await?;
    let definition = &api.record.definition;
    let method = lookup::method(
        definition,
        call.path("resource_id"),
        call.path("http_method"),
    )?;
    Reply::ok(&view::method(method)?)
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let patches = call.patches("updateMethodInput")?;
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    let method = control
        .change_api_or(call, lookup::no_resource, |edit| {
            let definition = &mut edit.record.definition;
            let mut method = lookup::method(definition, resource_id, verb)?.clone();
            update::apply(&mut method, &patches)?;
            check::settle(definition, &mut method)?;
            *lookup::method_mut(definition, resource_id, verb)? = method.clone();
            Ok(method)
        })
        .await?;
    Reply::ok(&view::method(&method)?)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    control
        .change_api_or(call, lookup::no_resource, |edit| {
            let resource = lookup::resource_mut(&mut edit.record.definition, resource_id)?;
            let removed = resource.resource_methods.remove(verb);
            removed.map(|_| ()).ok_or_else(lookup::no_method)
        })
        .await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn read(members: &Members, verb: &str) -> Result<Method, ControlError> {
    Ok(Method {
        http_method: verb.to_owned(),
        authorization_type: members.required_text("authorizationType")?,
        authorizer_id: members.text("authorizerId")?,
        api_key_required: members.boolean("apiKeyRequired")?.unwrap_or(false),
        request_validator_id: members.filled_text("requestValidatorId")?,
        operation_name: members.filled_text("operationName")?,
        request_parameters: members
            .boolean_map("requestParameters")?
            .unwrap_or_default(),
        request_models: members.text_map("requestModels")?.unwrap_or_default(),
        method_responses: BTreeMap::new(),
        method_integration: None,
        authorization_scopes: members.texts("authorizationScopes")?.unwrap_or_default(),
    })
}
