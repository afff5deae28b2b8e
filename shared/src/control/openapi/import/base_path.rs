//! The base path of a document.

use serde_json::Value;

use crate::control::openapi::document::{Dialect, Document, text_of};

/// What becomes of a document's base path: Swagger's `basePath`, or the path of OpenAPI's first server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BasePath {
    /// It is left out: the stage takes its place.
    #[default]
    Ignore,
    /// All of it begins the paths of the resources.
    Prepend,
    /// All of it but its first segment does, whose place the stage takes.
    Split,
}

impl BasePath {
    /// Reads the value of the parameter `basepath`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "ignore" => Some(Self::Ignore),
            "prepend" => Some(Self::Prepend),
            "split" => Some(Self::Split),
            _ => None,
        }
    }

    /// The segments that begin every path.
    pub(super) fn segments(self, document: &Document) -> Vec<String> {
        let skip = match self {
            Self::Ignore => return Vec::new(),
            Self::Prepend => 0,
            Self::Split => 1,
        };
        let base = match document.dialect {
            Dialect::Swagger2 => document.get("basePath").and_then(text_of),
            Dialect::OpenApi3 => document
                .get("servers")
                .and_then(Value::as_array)
                .and_then(|servers| servers.first())
                .and_then(server_path),
        };
        let base = base.unwrap_or_default();
        base.split('/')
            .filter(|segment| !segment.is_empty())
            .skip(skip)
            .map(str::to_owned)
            .collect()
    }
}

/// The path of a server's URL, with the defaults of its variables.
fn server_path(server: &Value) -> Option<String> {
    let url = server.get("url")?.as_str()?;
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url,
    };
    let segments = path.split('/').map(|segment| {
        segment
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
            .and_then(|name| server.get("variables")?.get(name)?.get("default"))
            .and_then(text_of)
            .unwrap_or_else(|| segment.to_owned())
    });
    Some(segments.collect::<Vec<_>>().join("/"))
}
