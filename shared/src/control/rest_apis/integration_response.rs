//! How answers of backends become answers of methods.

use http::StatusCode;

use super::integration::check::{check_content_types, invalid_mapping};
use super::{lookup, view};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::patch::{self, Op, Patch};
use crate::control::reply::Reply;
use crate::rest_api::{ContentHandling, Definition, Integration, IntegrationResponse};
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

pub(super) async fn put<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("putIntegrationResponseInput")?;
    let status_code = call.path("status_code");
    lookup::check_status(status_code)?;
    let response = read(&members, status_code)?;
    control
        .change_api_or(call, lookup::no_resource, |edit| {
            let integration = integration_of(&mut edit.record.definition, call)?;
            check(&response)?;
            integration
                .integration_responses
                .insert(status_code.to_owned(), response.clone());
            Ok(())
        })
        .await?;
    Reply::created(&view::integration_response(&response)?)
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let status_code = call.path("status_code");
    lookup::check_status(status_code)?;
    let api = control.api_or(call, lookup::no_resource).await?;
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    let method = lookup::method(&api.record.definition, resource_id, verb)?;
    let responses = &lookup::integration(method)?.integration_responses;
    let response = responses.get(status_code).ok_or_else(lookup::no_response)?;
    Reply::ok(&view::integration_response(response)?)
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let status_code = call.path("status_code");
    let patches = call.patches_and(
        "updateIntegrationResponseInput",
        lookup::status_violation(status_code),
    )?;
    let response = control
        .change_api_or(call, lookup::no_resource, |edit| {
            let integration = integration_of(&mut edit.record.definition, call)?;
            let response = integration.integration_responses.get_mut(status_code);
            let response = response.ok_or_else(lookup::no_response)?;
            apply(response, &patches)?;
            check(response)?;
            Ok(response.clone())
        })
        .await?;
    Reply::ok(&view::integration_response(&response)?)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let status_code = call.path("status_code");
    lookup::check_status(status_code)?;
    let (resource_id, verb) = (call.path("resource_id"), call.path("http_method"));
    control
        .change_api_or(call, lookup::no_resource, |edit| {
            let definition = &mut edit.record.definition;
            // Other than for the rest, a method that is not there counts as an integration that is not (recorded).
            let resource = lookup::resource_mut(definition, resource_id)?;
            let method = resource.resource_methods.get_mut(verb);
            let method = method.ok_or_else(lookup::no_integration)?;
            let responses = &mut lookup::integration_mut(method)?.integration_responses;
            let removed = responses.remove(status_code);
            removed.map(|_| ()).ok_or_else(lookup::no_response)
        })
        .await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn integration_of<'a>(
    definition: &'a mut Definition,
    call: &Call<'_>,
) -> Result<&'a mut Integration, ControlError> {
    let method = lookup::method_mut(
        definition,
        call.path("resource_id"),
        call.path("http_method"),
    )?;
    lookup::integration_mut(method)
}

fn read(members: &Members, status_code: &str) -> Result<IntegrationResponse, ControlError> {
    Ok(IntegrationResponse {
        status_code: status_code.to_owned(),
        selection_pattern: members.text("selectionPattern")?,
        response_parameters: members.text_map("responseParameters")?.unwrap_or_default(),
        response_templates: members.text_map("responseTemplates")?.unwrap_or_default(),
        content_handling: members.choice(
            "contentHandling",
            ContentHandling::ALL,
            ContentHandling::parse,
        )?,
    })
}

fn check(response: &IntegrationResponse) -> Result<(), ControlError> {
    check_content_types(&response.response_templates)?;
    for (target, source) in &response.response_parameters {
        let named = target
            .strip_prefix("method.response.header.")
            .is_some_and(|name| !name.is_empty());
        let mapped = ["integration.response.", "context.", "stageVariables."]
            .iter()
            .any(|prefix| source.starts_with(prefix));
        let quoted = source.len() >= 2 && source.starts_with('\'') && source.ends_with('\'');
        if !named || !(mapped || quoted) {
            let invalid = if named { source } else { target };
            return Err(invalid_mapping(invalid));
        }
    }
    Ok(())
}

fn apply(response: &mut IntegrationResponse, patches: &[Patch]) -> Result<(), ControlError> {
    for patch in patches {
        let segments = patch.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (segments.as_slice(), patch.op) {
            (["responseParameters", name], _) => patch.change_entry(
                &mut response.response_parameters,
                name,
                patch.text().to_owned(),
                patch::no_such_parameter,
            )?,
            (["responseTemplates", content_type], _) => patch.change_entry(
                &mut response.response_templates,
                content_type,
                patch.text().to_owned(),
                patch::no_such_content_type,
            )?,
            (["selectionPattern"], Op::Replace) => {
                response.selection_pattern = Some(patch.text().to_owned());
            }
            (["contentHandling"], Op::Replace) => {
                response.content_handling = patch.one_of(ContentHandling::parse)?;
            }
            (["contentHandling"], Op::Remove) => response.content_handling = None,
            (_, Op::Add | Op::Remove | Op::Replace | Op::Move | Op::Test | Op::Copy) => {
                return Err(patch.invalid_path());
            }
        }
    }
    Ok(())
}
