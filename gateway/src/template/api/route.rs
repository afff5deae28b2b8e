//! The verb and the path of a route.

use super::{ApiKind, DEFAULT_ROUTE, VERBS};
use crate::template::{error::TemplateError, field::Field};

/// The verb and the path of an event.
pub(super) fn of_event(
    event: &Field<'_>,
    properties: Option<&Field<'_>>,
    kind: ApiKind,
) -> Result<(String, String), TemplateError> {
    let (path, verb) = match properties {
        Some(properties) => (properties.get("Path")?, properties.get("Method")?),
        None => (None, None),
    };
    let owner = properties.unwrap_or(event);
    match (path, verb, kind) {
        (Some(path), Some(verb), _) => Ok((verb_text(&verb)?, path_text(&path, kind)?)),
        (None, None, ApiKind::Http) => Ok(("ANY".to_owned(), DEFAULT_ROUTE.to_owned())),
        (Some(path), None, ApiKind::Http) if path.text()? == DEFAULT_ROUTE => {
            Ok(("ANY".to_owned(), DEFAULT_ROUTE.to_owned()))
        }
        (Some(_), None, _) => Err(owner.missing("Method")),
        (None, _, _) => Err(owner.missing("Path")),
    }
}

fn verb_text(verb: &Field<'_>) -> Result<String, TemplateError> {
    let text = verb.text()?.to_ascii_uppercase();
    if matches!(text.as_str(), "*" | "X-AMAZON-APIGATEWAY-ANY-METHOD") {
        return Ok("ANY".to_owned());
    }
    if VERBS.contains(&text.as_str()) {
        return Ok(text);
    }
    let verbs = VERBS.join(", ");
    Err(verb.error(
        format!("must be one of {verbs}, found {}", verb.shown()),
        "write an HTTP method such as GET, or ANY",
    ))
}

fn path_text(path: &Field<'_>, kind: ApiKind) -> Result<String, TemplateError> {
    let text = path.text()?;
    if text.starts_with('/') || (kind == ApiKind::Http && text == DEFAULT_ROUTE) {
        return Ok(text.to_owned());
    }
    Err(path.error(
        format!("must begin with `/`, found {}", path.shown()),
        "write a path such as `/users/{id}`",
    ))
}
