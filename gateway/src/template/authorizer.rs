//! What protects an API beside its keys and is not simulated.
//!
//! Without it, a REST API is more open here than where it is deployed. Routes of an HTTP API that need it answer 500.

use super::{
    NotSimulated,
    api::{ApiKind, not_simulated_authorizers},
    error::TemplateError,
    field::Field,
};

/// What protects the methods of an API: authorizers and, of a REST API, its resource policy.
pub(super) fn leave_out_of_api(
    kind: ApiKind,
    properties: &Field<'_>,
    logical_id: &str,
    not_simulated: &mut Vec<NotSimulated>,
) -> Result<(), TemplateError> {
    let Some(auth) = properties.get("Auth")? else {
        return Ok(());
    };
    match kind {
        ApiKind::Rest => {
            for member in ["DefaultAuthorizer", "Authorizers", "ResourcePolicy"] {
                if let Some(field) = auth.get(member)? {
                    not_simulated.push(entry(logical_id, format!("Auth.{member}"), &field));
                }
            }
        }
        ApiKind::Http => {
            for (name, field) in not_simulated_authorizers(&auth)? {
                not_simulated.push(entry(
                    logical_id,
                    format!("Auth.Authorizers.{name}"),
                    &field,
                ));
            }
        }
    }
    Ok(())
}

/// What protects the method of an event of a REST API: `Auth.Authorizer`, unless it is `NONE`.
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

fn entry(logical_id: &str, what: String, field: &Field<'_>) -> NotSimulated {
    NotSimulated {
        logical_id: logical_id.to_owned(),
        resource_type: what,
        line: field.line(),
    }
}
