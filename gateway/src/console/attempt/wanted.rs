//! What is entered in the form, as a request.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tollgate::id::{ApiStage, KeyId};

use crate::console::forms::{Fields, Mistakes};
use crate::explain::target;

/// The methods that a request may have.
pub(super) const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// The header field that carries keys.
const API_KEY: &str = "x-api-key";

/// Stands for no key in the list of keys.
pub(super) const NO_KEY: &str = "";

/// Stands for a value that is typed.
pub(super) const TYPED: &str = "typed";

/// Stands before the id of a key in the list.
pub(super) const LISTED_PREFIX: &str = "id:";

/// The most header fields of a request. The gateway reads 100, with those that are set by whoever sends it.
const MAX_HEADERS: usize = 90;

/// A request to be tried.
pub(super) struct Wanted<'a> {
    pub(super) api_stage: ApiStage,
    pub(super) method: Method,
    /// The path after the stage.
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) key: ChosenKey<'a>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The key that the request is to carry.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum ChosenKey<'a> {
    None,
    /// A value, which is a secret.
    Typed(&'a str),
    Listed(KeyId),
}

/// Shows no value.
impl fmt::Debug for ChosenKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Typed(_) => f.write_str("Typed(..)"),
            Self::Listed(id) => f.debug_tuple("Listed").field(id).finish(),
        }
    }
}

impl<'a> Wanted<'a> {
    /// `None` when there are mistakes.
    pub(super) fn read(fields: &'a Fields, mistakes: &mut Mistakes) -> Option<Self> {
        let api_stage =
            ApiStage::parse(fields.get("stage")).ok_or_else(|| "Choose a stage.".to_owned());
        let method = METHODS
            .into_iter()
            .find(|known| *known == fields.get("method"))
            .and_then(|known| known.parse().ok())
            .ok_or_else(|| "Choose a method.".to_owned());
        let api_stage = mistakes.take("stage", api_stage);
        let method = mistakes.take("method", method);
        let target = mistakes.take("path", target(fields.get("path")));
        let key = mistakes.take("key", key(fields));
        let headers = mistakes.take("headers", headers(fields.raw("headers")));
        let (path, query) = target?;
        Some(Self {
            api_stage: api_stage?,
            method: method?,
            path,
            query,
            key: key?,
            headers: headers?,
            body: Bytes::copy_from_slice(fields.raw("body").as_bytes()),
        })
    }

    /// The path with the query.
    pub(super) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

fn key(fields: &Fields) -> Result<ChosenKey<'_>, String> {
    match (fields.get("key"), fields.get("value")) {
        (NO_KEY, "") => Ok(ChosenKey::None),
        // Somebody who types a value means it.
        (NO_KEY | TYPED, value) if !value.is_empty() => match HeaderValue::from_str(value) {
            Ok(_) => Ok(ChosenKey::Typed(value)),
            Err(_) => Err("The value has characters that a header cannot have.".to_owned()),
        },
        (TYPED, _) => Err("Type the value of the key, or choose another one.".to_owned()),
        (listed, "") => match listed.strip_prefix(LISTED_PREFIX) {
            Some(id) => Ok(ChosenKey::Listed(id.into())),
            None => Err("Choose a key.".to_owned()),
        },
        (_, _) => Err("Choose a key or type a value, not both.".to_owned()),
    }
}

/// The lines that may be shown again: those that carry no key.
pub(super) fn headers_without_key(text: &str) -> String {
    let is_key = |line: &str| line.trim_start().to_ascii_lowercase().starts_with(API_KEY);
    let lines: Vec<&str> = text.lines().filter(|line| !is_key(line)).collect();
    lines.join("\n")
}

/// One field a line. Those that say how the request is sent are not for people to set.
fn headers(text: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (place, line) in (1_u32..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        // The line itself is not repeated: it may be the value of a key.
        let (name, value) = line.split_once(':').ok_or_else(|| {
            format!("Line {place} is no header field: write it as in content-type: text/plain.")
        })?;
        let name: HeaderName = name.trim().parse().map_err(|_invalid| {
            format!("Line {place} does not begin with the name of a header field.")
        })?;
        if name == API_KEY {
            return Err("Choose the key above: it is sent as x-api-key.".to_owned());
        }
        if [
            header::HOST,
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
            header::CONNECTION,
        ]
        .contains(&name)
        {
            return Err(format!("{name} is set by whoever sends the request."));
        }
        let value = HeaderValue::from_str(value.trim()).map_err(|_invalid| {
            format!("The value of {name} has characters that a header cannot have.")
        })?;
        // A map of very many fields panics.
        if headers.len() >= MAX_HEADERS {
            return Err(format!("Enter {MAX_HEADERS} header fields at the most."));
        }
        headers.append(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_as_many_header_fields_as_the_gateway_reads() {
        let text = |count: usize| {
            let lines: Vec<String> = (0..count).map(|n| format!("x{n}: b")).collect();
            lines.join("\n")
        };
        assert_eq!(headers(&text(MAX_HEADERS)).unwrap().len(), MAX_HEADERS);
        for count in [MAX_HEADERS + 1, 40_000] {
            assert!(headers(&text(count)).is_err(), "{count}");
        }
    }
}
