//! Parameter mappings: one parameter of a request or an answer, made from what another request or answer holds.
//!
//! From "API Gateway API request and response data mapping reference" of API Gateway's developer guide.

mod evaluate;
mod uri;

use std::fmt;

pub(super) use self::evaluate::context_text;
pub use self::{
    evaluate::EvaluateMappingError,
    uri::{fill_placeholders, substitute_stage_variables},
};
use super::JsonPath;

/// One entry of `requestParameters` or `responseParameters`.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterMapping {
    /// What is set.
    pub target: Target,
    /// From what.
    pub source: Source,
}

/// A parameter that a mapping sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A header of the integration's request, or of the answer to the client.
    Header(String),
    /// A query parameter of the integration's request.
    Query(String),
    /// A placeholder of the integration's URI.
    Path(String),
}

/// Where a mapping takes its value from. In a request these are the client's parameters and body, in a response the integration's.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// `'text'`
    Static(String),
    /// `stageVariables.{name}`
    StageVariable(String),
    /// `context.{path}`
    Context(String),
    /// `method.request.path.{name}`
    Path(String),
    /// `method.request.querystring.{name}`: the last value.
    Query(String),
    /// `method.request.multivaluequerystring.{name}`: every value.
    MultiValueQuery(String),
    /// `method.request.header.{name}`, `integration.response.header.{name}`: the last value.
    Header(String),
    /// `method.request.multivalueheader.{name}`, `integration.response.multivalueheader.{name}`: every value, joined with commas.
    MultiValueHeader(String),
    /// `method.request.body`, `integration.response.body`
    Body,
    /// `method.request.body.{JSONPath}`, `integration.response.body.{JSONPath}`
    BodyPath(JsonPath),
}

/// Why a mapping cannot be read. Shown as API Gateway's `BadRequestException` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseMappingError {
    /// The expression that is wrong, target or source.
    pub expression: String,
    /// What to write instead.
    pub hint: String,
    is_target: bool,
}

impl fmt::Display for ParseMappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_target {
            "expression parameter"
        } else {
            "expression"
        };
        write!(
            f,
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping {what} specified: {}]",
            self.expression
        )
    }
}

impl std::error::Error for ParseMappingError {}

/// The prefixes of what a source may name.
struct Sources {
    /// Of the message that is read, with a dot at the end; and whether it is a request, which has a path and a query too.
    message: &'static str,
    is_request: bool,
    has_body: bool,
    hint: &'static str,
}

const OF_REQUEST: Sources = Sources {
    message: "method.request.",
    is_request: true,
    has_body: true,
    hint: "write `'text'`, `method.request.{path|querystring|multivaluequerystring|header|multivalueheader}.{name}`, \
           `method.request.body[.{JSONPath}]`, `stageVariables.{name}` or `context.{name}`",
};
const OF_RESPONSE: Sources = Sources {
    message: "integration.response.",
    is_request: false,
    has_body: true,
    hint: "write `'text'`, `integration.response.{header|multivalueheader}.{name}`, `integration.response.body[.{JSONPath}]`, \
           `stageVariables.{name}` or `context.{name}`",
};
const OF_GATEWAY_RESPONSE: Sources = Sources {
    message: "method.request.",
    is_request: true,
    has_body: false,
    hint: "write `'text'`, `method.request.{path|querystring|header}.{name}`, `stageVariables.{name}` or `context.{name}`",
};

impl ParameterMapping {
    /// A mapping of an integration's `requestParameters`: `integration.request.header.X` from `method.request.querystring.y`.
    ///
    /// # Errors
    ///
    /// The target or the source is none that API Gateway knows.
    pub fn of_request(target: &str, source: &str) -> Result<Self, ParseMappingError> {
        let location = target.strip_prefix("integration.request.");
        let target_of = |location: &str| {
            let (location, name) = location.split_once('.')?;
            let make: fn(String) -> Target = match location {
                "header" => Target::Header,
                "querystring" => Target::Query,
                "path" => Target::Path,
                _ => return None,
            };
            (!name.is_empty()).then(|| make(name.to_owned()))
        };
        Self::new(
            target,
            location.and_then(target_of),
            "write `integration.request.{header|querystring|path}.{name}`",
            source,
            &OF_REQUEST,
        )
    }

    /// A mapping of an integration response's `responseParameters`: `method.response.header.X` from `integration.response.header.Y`.
    ///
    /// # Errors
    ///
    /// The target or the source is none that API Gateway knows.
    pub fn of_response(target: &str, source: &str) -> Result<Self, ParseMappingError> {
        Self::new(
            target,
            header(target, "method.response.header."),
            "write `method.response.header.{name}`",
            source,
            &OF_RESPONSE,
        )
    }

    /// A mapping of a gateway response's `responseParameters`: `gatewayresponse.header.X` from `'text'`.
    ///
    /// # Errors
    ///
    /// The target or the source is none that API Gateway knows.
    pub fn of_gateway_response(target: &str, source: &str) -> Result<Self, ParseMappingError> {
        Self::new(
            target,
            header(target, "gatewayresponse.header."),
            "write `gatewayresponse.header.{name}`",
            source,
            &OF_GATEWAY_RESPONSE,
        )
    }

    fn new(
        target_text: &str,
        target: Option<Target>,
        target_hint: &str,
        source: &str,
        sources: &Sources,
    ) -> Result<Self, ParseMappingError> {
        let target = target.ok_or_else(|| ParseMappingError {
            expression: target_text.to_owned(),
            hint: target_hint.to_owned(),
            is_target: true,
        })?;
        let source = Source::parse(source, sources).map_err(|hint| ParseMappingError {
            expression: source.to_owned(),
            hint,
            is_target: false,
        })?;
        Ok(Self { target, source })
    }
}

fn header(target: &str, prefix: &str) -> Option<Target> {
    let name = target.strip_prefix(prefix)?;
    (!name.is_empty()).then(|| Target::Header(name.to_owned()))
}

impl Source {
    /// A source as it stands behind `$` in a gateway response's template.
    pub(super) fn parse_of_gateway_response(text: &str) -> Option<Self> {
        Self::parse(text, &OF_GATEWAY_RESPONSE).ok()
    }

    /// Err is a hint.
    fn parse(text: &str, sources: &Sources) -> Result<Self, String> {
        let unknown = || sources.hint.to_owned();
        if let Some(text) = text.strip_prefix('\'') {
            let text = text.strip_suffix('\'').ok_or_else(unknown)?;
            return Ok(Self::Static(text.to_owned()));
        }
        let named = |make: fn(String) -> Self, name: &str| {
            if name.is_empty() {
                return Err(unknown());
            }
            Ok(make(name.to_owned()))
        };
        if let Some(name) = text.strip_prefix("stageVariables.") {
            return named(Self::StageVariable, name);
        }
        if let Some(path) = text.strip_prefix("context.") {
            return named(Self::Context, path);
        }
        let part = text.strip_prefix(sources.message).ok_or_else(unknown)?;
        if sources.has_body && part == "body" {
            return Ok(Self::Body);
        }
        let (location, name) = part.split_once('.').ok_or_else(unknown)?;
        match location {
            "header" => named(Self::Header, name),
            "multivalueheader" => named(Self::MultiValueHeader, name),
            "path" if sources.is_request => named(Self::Path, name),
            "querystring" if sources.is_request => named(Self::Query, name),
            "multivaluequerystring" if sources.is_request => named(Self::MultiValueQuery, name),
            "body" if sources.has_body && !name.is_empty() => name
                .parse()
                .map(Self::BodyPath)
                .map_err(|error: super::ParseJsonPathError| error.to_string()),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests;
