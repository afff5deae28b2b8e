//! Requests and answers on their way through mappings.

mod answer;
mod request;

pub(super) use answer::{BackendAnswers, Endpoint, replace};
pub(super) use request::{MappedRequest, RequestMapping};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::mapping::parameters::ParameterMapping;

/// Reads all mappings of one map.
///
/// # Errors
///
/// The first that cannot be read, as a sentence for the log.
fn parameters<E: std::fmt::Display>(
    map: &std::collections::BTreeMap<String, String>,
    read: impl Fn(&str, &str) -> Result<ParameterMapping, E>,
) -> Result<Vec<ParameterMapping>, String> {
    map.iter()
        .map(|(target, source)| {
            read(target, source).map_err(|error| format!("the mapping of `{target}`: {error}"))
        })
        .collect()
}

/// A body as Base64.
pub(super) fn to_text(body: &[u8]) -> Bytes {
    STANDARD.encode(body).into()
}

/// The bytes that a Base64 body stands for.
fn to_binary(body: &[u8]) -> Option<Bytes> {
    STANDARD.decode(body.trim_ascii()).ok().map(Bytes::from)
}
