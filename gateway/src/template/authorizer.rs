//! What protects an API beside its keys, listed as not simulated: without it, the local API is more open than the deployed one.

use super::{NotSimulated, error::TemplateError, field::Field};

/// What protects the methods of an API: its authorizers and its resource policy.
pub(super) fn leave_out_of_api(
    properties: &Field<'_>,
    logical_id: &str,
    not_simulated: &mut Vec<NotSimulated>,
) -> Result<(), TemplateError> {
    let Some(auth) = properties.get("Auth")? else {
        return Ok(());
    };
    for member in ["DefaultAuthorizer", "Authorizers", "ResourcePolicy"] {
        if let Some(field) = auth.get(member)? {
            not_simulated.push(entry(logical_id, format!("Auth.{member}"), &field));
        }
    }
    Ok(())
}

/// What protects the method of an event: `Auth.Authorizer`, unless it is `NONE`.
pub(super) fn leave_out_of_event(
    properties: &Field<'_>,
    event: &str,
    not_simulated: &mut Vec<NotSimulated>,
) -> Result<(), TemplateError> {
    let Some(auth) = properties.get("Auth")? else {
        return Ok(());
    };
    match auth.get("Authorizer")? {
        Some(field) if field.text()? != "NONE" => {
            not_simulated.push(entry(event, "Auth.Authorizer".to_owned(), &field));
        }
        Some(_) | None => {}
    }
    Ok(())
}

/// What protects a function URL: `FunctionUrlConfig.AuthType`, unless it is `NONE`.
pub(super) fn leave_out_of_url(
    properties: &Field<'_>,
    logical_id: &str,
    not_simulated: &mut Vec<NotSimulated>,
) -> Result<(), TemplateError> {
    let Some(config) = properties.get("FunctionUrlConfig")? else {
        return Ok(());
    };
    match config.get("AuthType")? {
        Some(field) if field.text()? != "NONE" => {
            let what = format!("FunctionUrlConfig.AuthType {}", field.text()?);
            not_simulated.push(entry(logical_id, what, &field));
        }
        Some(_) | None => {}
    }
    Ok(())
}

fn entry(logical_id: &str, what: String, field: &Field<'_>) -> NotSimulated {
    NotSimulated {
        logical_id: logical_id.to_owned(),
        resource_type: what,
        line: field.line(),
    }
}
