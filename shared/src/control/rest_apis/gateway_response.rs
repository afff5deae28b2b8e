//! What the gateway answers by itself: defaults, and what operators make of them.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::list;
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::patch::{self, Op, Patch};
use crate::control::reply::Reply;
use crate::rest_api::{Definition, GatewayResponse, GatewayResponseKind};
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

/// The body where nothing else is said (recorded).
const DEFAULT_TEMPLATE: &str = "{\"message\":$context.error.messageString}";

/// The order in which API Gateway lists the kinds in its errors (recorded).
const KINDS: [GatewayResponseKind; 21] = {
    use GatewayResponseKind as K;
    [
        K::RequestTooLarge,
        K::ResourceNotFound,
        K::AuthorizerConfigurationError,
        K::MissingAuthenticationToken,
        K::BadRequestBody,
        K::InvalidSignature,
        K::InvalidApiKey,
        K::BadRequestParameters,
        K::AuthorizerFailure,
        K::Unauthorized,
        K::IntegrationTimeout,
        K::AccessDenied,
        K::Default4xx,
        K::Default5xx,
        K::WafFiltered,
        K::QuotaExceeded,
        K::Throttled,
        K::ApiConfigurationError,
        K::UnsupportedMediaType,
        K::IntegrationFailure,
        K::ExpiredToken,
    ]
};

pub(super) async fn put<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("putGatewayResponseInput")?;
    let kind = kind(call)?;
    let response = GatewayResponse {
        status_code: members.filled_text("statusCode")?,
        response_parameters: members.text_map("responseParameters")?.unwrap_or_default(),
        response_templates: members
            .text_map("responseTemplates")?
            .filter(|templates| !templates.is_empty())
            .unwrap_or_else(default_templates),
    };
    check_status(response.status_code.as_deref())?;
    let shown = control
        .change_api(call, |edit| {
            let definition = &mut edit.record.definition;
            definition.gateway_responses.insert(kind, response.clone());
            Ok(shown(definition, kind))
        })
        .await?;
    Reply::created(&shown)
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let kind = kind(call)?;
    let api = control.api(call).await?;
    Reply::ok(&shown(&api.record.definition, kind))
}

pub(super) async fn list<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    let mut kinds = KINDS;
    kinds.sort_by_key(|kind| kind.as_str());
    list::page(
        call,
        kinds.into_iter(),
        |kind| kind.as_str().to_owned(),
        |kind| Ok(shown(&api.record.definition, kind)),
    )
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let violation = kind_violation(call);
    let patches = call.patches_and("updateGatewayResponseInput", violation)?;
    let kind = kind(call)?;
    let shown = control
        .change_api(call, |edit| {
            let definition = &mut edit.record.definition;
            // What was not customised begins as the default of its own.
            let customised = definition.gateway_responses.get(&kind).cloned();
            let mut response = customised.unwrap_or_else(|| GatewayResponse {
                response_templates: default_templates(),
                ..GatewayResponse::default()
            });
            apply(&mut response, &patches)?;
            definition.gateway_responses.insert(kind, response);
            Ok(shown(definition, kind))
        })
        .await?;
    Reply::ok(&shown)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let kind = kind(call)?;
    control
        .change_api(call, |edit| {
            let removed = edit.record.definition.gateway_responses.remove(&kind);
            removed
                .map(|_| ())
                .ok_or_else(|| ControlError::not_found("Gateway response type not defined on api"))
        })
        .await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

fn kind_violation(call: &Call<'_>) -> Option<String> {
    let name = call.path("response_type");
    if GatewayResponseKind::parse(name).is_some() {
        return None;
    }
    let known: Vec<&str> = KINDS.iter().map(|kind| kind.as_str()).collect();
    Some(format!(
        "Value '{name}' at 'responseType' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
        known.join(", ")
    ))
}

fn kind(call: &Call<'_>) -> Result<GatewayResponseKind, ControlError> {
    GatewayResponseKind::parse(call.path("response_type"))
        .ok_or_else(|| ControlError::validation(kind_violation(call).as_slice()))
}

fn default_templates() -> BTreeMap<String, String> {
    BTreeMap::from([("application/json".to_owned(), DEFAULT_TEMPLATE.to_owned())])
}

/// A response as it would be given: the customised one, or the one of its family, or the default.
fn shown(definition: &Definition, kind: GatewayResponseKind) -> Value {
    let customised = definition.gateway_responses.get(&kind);
    let family = kind
        .family()
        .and_then(|family| definition.gateway_responses.get(&family));
    let given = customised.or(family);
    let status = given
        .and_then(|response| response.status_code.clone())
        .or_else(|| kind.default_status().map(|status| status.to_string()));
    let parameters = given.map(|response| response.response_parameters.clone());
    let templates = given.map(|response| response.response_templates.clone());
    let mut shown = json!({
        "responseType": kind,
        "responseParameters": parameters.unwrap_or_default(),
        "responseTemplates": templates.unwrap_or_else(default_templates),
        "defaultResponse": customised.is_none(),
    });
    if let (Some(status), Some(members)) = (status, shown.as_object_mut()) {
        members.insert("statusCode".to_owned(), status.into());
    }
    shown
}

fn check_status(status_code: Option<&str>) -> Result<(), ControlError> {
    match status_code {
        Some(status) if !matches!(status.parse(), Ok(100..=599_u16)) => Err(
            ControlError::bad_request(format!("Invalid status code specified: {status}")),
        ),
        Some(_) | None => Ok(()),
    }
}

fn apply(response: &mut GatewayResponse, patches: &[Patch]) -> Result<(), ControlError> {
    for patch in patches {
        let segments = patch.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["statusCode"] if patch.op == Op::Replace => {
                response.status_code = patch.optional_text();
                check_status(response.status_code.as_deref())?;
            }
            ["responseParameters", name] => {
                check_value(patch, "responseParameters")?;
                patch.change_strictly(
                    &mut response.response_parameters,
                    name,
                    patch.text().to_owned(),
                    patch::no_such_parameter,
                )?;
            }
            ["responseTemplates", content_type] => {
                check_value(patch, "responseTemplates")?;
                patch.change_strictly(
                    &mut response.response_templates,
                    content_type,
                    patch.text().to_owned(),
                    patch::no_such_content_type,
                )?;
            }
            _ => return Err(patch.invalid_path()),
        }
    }
    Ok(())
}

fn check_value(patch: &Patch, member: &str) -> Result<(), ControlError> {
    match patch.op {
        Op::Add | Op::Replace if patch.text().is_empty() => Err(ControlError::bad_request(
            format!("Invalid null or empty value in {member}"),
        )),
        Op::Add | Op::Replace | Op::Remove | Op::Move | Op::Test | Op::Copy => Ok(()),
    }
}
