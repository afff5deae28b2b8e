//! An integration's URI.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What would end the path or break the URI. Percent signs stay, because a path parameter keeps its escapes.
const NOT_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'`')
    .add(b'{')
    .add(b'}');

const STAGE_VARIABLE: &str = "${stageVariables.";

/// Replaces each `${stageVariables.name}`; one that the stage does not have becomes empty.
///
/// ```
/// # use std::collections::BTreeMap;
/// use tollgate_gateway::mapping::parameters::substitute_stage_variables;
///
/// let variables = BTreeMap::from([("host".to_owned(), "127.0.0.1:8080".to_owned())]);
/// let uri = substitute_stage_variables("http://${stageVariables.host}/users", &variables);
/// assert_eq!(uri, "http://127.0.0.1:8080/users");
/// ```
pub fn substitute_stage_variables(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(STAGE_VARIABLE) {
        out.push_str(before);
        let name = after.split_once('}').filter(|(name, _)| {
            let mut characters = name.chars();
            !name.is_empty() && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        rest = if let Some((name, after)) = name {
            out.push_str(variables.get(name).map_or("", String::as_str));
            after
        } else {
            out.push_str(STAGE_VARIABLE);
            after
        };
    }
    out.push_str(rest);
    out
}

/// Replaces each `{name}` and `{name+}` of a URI by a value of `integration.request.path.{name}`. A name without a value stays as it is.
///
/// A value stays inside the URI's path: white space, `?`, `#` and what is not ASCII are percent-encoded. Slashes and percent signs stay.
pub fn fill_placeholders(uri: &str, path: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(uri.len());
    let mut rest = uri;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let found = after.split_once('}').and_then(|(name, after)| {
            let value = path.get(name.strip_suffix('+').unwrap_or(name))?;
            Some((value, after))
        });
        rest = if let Some((value, after)) = found {
            out.extend(utf8_percent_encode(value, NOT_IN_PATH));
            after
        } else {
            out.push('{');
            after
        };
    }
    out.push_str(rest);
    out
}
