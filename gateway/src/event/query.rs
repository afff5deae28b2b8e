//! The query of an event.

use std::collections::BTreeMap;

/// Decoded values by decoded name, in the order of the query; `None` when it has no parameters.
///
/// `+` is a space. Bytes that are not UTF-8 are repaired.
pub(crate) fn parameters(query: &str) -> Option<BTreeMap<String, Vec<String>>> {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters
            .entry(name.into_owned())
            .or_default()
            .push(value.into_owned());
    }
    (!parameters.is_empty()).then_some(parameters)
}
