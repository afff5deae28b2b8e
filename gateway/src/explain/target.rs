//! The path of a request, as people write it.

use http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What cannot stand in a path as it is. People write it all the same.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'|');

/// The path and the query, encoded where they have to be.
///
/// # Errors
///
/// A sentence that says what to write instead.
pub(crate) fn target(text: &str) -> Result<(String, Option<String>), String> {
    if !text.starts_with('/') {
        return Err("A path begins with a slash, after the stage: /users.".to_owned());
    }
    // In a query braces are braces.
    let path = text.split('?').next().unwrap_or(text);
    if let Some(variable) = variable(path) {
        return Err(format!("Put a value in place of {variable}."));
    }
    let encoded = utf8_percent_encode(text, ENCODED).to_string();
    let uri: Uri = encoded
        .parse()
        .map_err(|error| format!("This is no path: {error}."))?;
    Ok((uri.path().to_owned(), uri.query().map(str::to_owned)))
}

/// `{id}` of `/users/{id}`.
fn variable(path: &str) -> Option<&str> {
    let start = path.find('{')?;
    let rest = path.get(start..)?;
    rest.get(..=rest.find('}')?)
}
