//! Authorizers.

mod check;

use http::StatusCode;

use super::change::new_part_id;
use super::{list, view};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::patch::{Op, Patch};
use crate::control::reply::Reply;
use crate::rest_api::{Authorizer, AuthorizerKind, Definition, jwt_configuration};
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

/// What a change may name.
const PATHS: [&str; 10] = [
    "/name",
    "/type",
    "/authType",
    "/authorizerUri",
    "/authorizerCredentials",
    "/authorizerResultTtlInSeconds",
    "/identitySource",
    "/identityValidationExpression",
    "/jwtConfiguration",
    "/providerARNs",
];

pub(super) async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let new = read(&call.members("createAuthorizerInput")?)?;
    let authorizer = control
        .change_api_or(call, unknown_api, |edit| {
            let definition = &mut edit.record.definition;
            let id = new_part_id(|id| definition.authorizers.contains_key(id))?;
            let authorizer = Authorizer { id, ..new.clone() };
            insert(definition, authorizer)
        })
        .await?;
    Reply::created(&authorizer)
}

pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    let authorizers = &api.record.definition.authorizers;
    let authorizer = authorizers.get(call.path("authorizer_id"));
    Reply::ok(authorizer.ok_or_else(unknown)?)
}

pub(super) async fn list<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    list::page(
        call,
        api.record.definition.authorizers.values(),
        |authorizer| authorizer.id.clone(),
        view::plain,
    )
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let patches = call.patches("updateAuthorizerInput")?;
    let id = call.path("authorizer_id");
    let authorizer = control
        .change_api(call, |edit| {
            let definition = &mut edit.record.definition;
            let authorizer = definition.authorizers.get(id).ok_or_else(unknown)?;
            let mut authorizer = authorizer.clone();
            apply(&mut authorizer, &patches)?;
            insert(definition, authorizer)
        })
        .await?;
    Reply::ok(&authorizer)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let id = call.path("authorizer_id");
    control
        .change_api(call, |edit| remove(&mut edit.record.definition, id))
        .await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

fn unknown() -> ControlError {
    ControlError::not_found("Invalid Authorizer identifier specified")
}

/// What creating an authorizer of an unknown API is answered with (recorded).
fn unknown_api() -> ControlError {
    ControlError::conflict(
        "Unable to complete operation due to concurrent modification. Please try again later.",
    )
}

fn invalid_jwt(error: &serde_json::Error) -> ControlError {
    ControlError::bad_request(format!("Invalid jwtConfiguration: {error}"))
}

fn read(members: &Members) -> Result<Authorizer, ControlError> {
    let kind = members
        .choice("type", AuthorizerKind::ALL, AuthorizerKind::parse)?
        .ok_or_else(|| members.missing("type"))?;
    let ttl_s = match members.integer("authorizerResultTtlInSeconds")? {
        Some(ttl_s) => Some(check::ttl_s(ttl_s)?),
        None => check::default_ttl_s(kind),
    };
    Ok(Authorizer {
        id: String::new(),
        name: members.required_text("name")?,
        kind,
        provider_arns: members.texts("providerARNs")?.unwrap_or_default(),
        auth_type: members
            .filled_text("authType")?
            .or_else(|| Some(check::auth_type(kind).to_owned())),
        authorizer_uri: members.filled_text("authorizerUri")?,
        authorizer_credentials: members.filled_text("authorizerCredentials")?,
        identity_source: members.filled_text("identitySource")?,
        identity_validation_expression: members.filled_text("identityValidationExpression")?,
        authorizer_result_ttl_in_seconds: ttl_s,
        jwt_configuration: members
            .value("jwtConfiguration")
            .map(jwt_configuration)
            .transpose()
            .map_err(|error| invalid_jwt(&error))?,
    })
}

/// Puts an authorizer in, if it may be as it is.
fn insert(definition: &mut Definition, authorizer: Authorizer) -> Result<Authorizer, ControlError> {
    check::check(&authorizer)?;
    let taken = definition
        .authorizers
        .values()
        .any(|other| other.name == authorizer.name && other.id != authorizer.id);
    if taken {
        return Err(ControlError::conflict(format!(
            "Authorizer name must be unique. Authorizer {} already exists in this RestApi.",
            authorizer.name
        )));
    }
    definition
        .authorizers
        .insert(authorizer.id.clone(), authorizer.clone());
    Ok(authorizer)
}

fn remove(definition: &mut Definition, id: &str) -> Result<(), ControlError> {
    let authorizer = definition.authorizers.get(id).ok_or_else(unknown)?;
    for resource in definition.resources.values() {
        let mut methods = resource.resource_methods.values();
        if let Some(method) = methods.find(|method| method.authorizer_id.as_deref() == Some(id)) {
            return Err(ControlError::conflict(format!(
                "Cannot delete authorizer '{}', is referenced in method: {}/{}",
                authorizer.name, resource.path, method.http_method
            )));
        }
    }
    definition.authorizers.remove(id);
    Ok(())
}

fn apply(authorizer: &mut Authorizer, patches: &[Patch]) -> Result<(), ControlError> {
    for patch in patches {
        match (patch.op, patch.path.as_str()) {
            (Op::Replace, path) => replace(authorizer, path, patch)?,
            (Op::Add, "/identitySource") => authorizer.identity_source = patch.optional_text(),
            (Op::Remove, "/identitySource") => authorizer.identity_source = None,
            (Op::Add, "/providerARNs") => {
                let arns = &mut authorizer.provider_arns;
                if !arns.iter().any(|arn| arn == patch.text()) {
                    arns.push(patch.text().to_owned());
                }
            }
            (Op::Remove, "/providerARNs") => {
                authorizer.provider_arns.retain(|arn| arn != patch.text());
            }
            (Op::Add | Op::Remove | Op::Move | Op::Test | Op::Copy, _) => {
                return Err(patch.unsupported_op());
            }
        }
    }
    Ok(())
}

fn replace(authorizer: &mut Authorizer, path: &str, patch: &Patch) -> Result<(), ControlError> {
    let text = patch.optional_text();
    match path {
        "/name" => patch.text().clone_into(&mut authorizer.name),
        "/type" => {
            if let Some(kind) = patch.one_of(AuthorizerKind::parse)? {
                authorizer.kind = kind;
            }
        }
        "/authType" => authorizer.auth_type = text,
        "/authorizerUri" => authorizer.authorizer_uri = text,
        "/authorizerCredentials" => authorizer.authorizer_credentials = text,
        "/identitySource" => authorizer.identity_source = text,
        "/identityValidationExpression" => authorizer.identity_validation_expression = text,
        "/authorizerResultTtlInSeconds" => {
            // What is no number is outside the bounds, too.
            let ttl_s = patch.text().parse().unwrap_or(-1);
            authorizer.authorizer_result_ttl_in_seconds = Some(check::ttl_s(ttl_s)?);
        }
        "/providerARNs" => {
            let arns = patch.text().split(',').map(str::trim);
            authorizer.provider_arns = arns
                .filter(|arn| !arn.is_empty())
                .map(str::to_owned)
                .collect();
        }
        "/jwtConfiguration" => {
            authorizer.jwt_configuration = text
                .map(|text| jwt_configuration(&serde_json::from_str(&text)?))
                .transpose()
                .map_err(|error| invalid_jwt(&error))?;
        }
        _ => return Err(patch.unknown_path(&PATHS)),
    }
    Ok(())
}
