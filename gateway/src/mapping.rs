//! Mapping templates and parameter mappings: how a request is rewritten on its way to an integration, and the answer on its way back.
//!
//! A [`Template`] is written in the part of Apache Velocity 1.x that API Gateway's users write: references with properties, methods and
//! indexes, `#set`, `#if`, `#foreach`, `#define`, `#break`, `#stop`, comments, and the variables `$input`, `$context`,
//! `$stageVariables` and `$util`. `#macro`, `#parse`, `#include` and `#evaluate` are refused when the template is read.
//!
//! Where API Gateway differs from Velocity, API Gateway is followed:
//! - What is not there is an empty string, when the search began at a variable that is defined: `$input.path('$.missing')`,
//!   `$context.missing` and `$map.missing` print nothing, equal `""`, and count as true in `#if`. A variable that was never set prints as
//!   written, and is false.
//! - `$input.json` of what is not there is `""`, with the quotes. An empty body reads as `{}`.
//! - A map prints as Java prints it, `{a=1, b=[{"c":2}]}`; a list that came from JSON prints as JSON.
//! - `#foreach` ends after 1,000 rounds.
//!
//! Nothing here reads a clock or does I/O, and a template is bounded in time, memory and depth by [`Bounds`].

mod budget;
mod error;
mod json;
mod jsonpath;
mod method;
mod overrides;
pub mod parameters;
mod parse;
mod render;
pub mod substitution;
mod syntax;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

use bytes::Bytes;

pub use self::{
    budget::Bounds,
    error::{ParseTemplateError, Position, RenderError},
    jsonpath::{JsonPath, ParseJsonPathError},
    overrides::Overrides,
};
use self::{parse::Parsed, render::Renderer, syntax::Node};

/// The longest template, in bytes; API Gateway's quota is 300 KB.
pub const TEMPLATE_BYTES_MAX: usize = 300 * 1024;

/// A parsed mapping template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    parsed: Parsed,
    /// What it gives, when that does not depend on what it reads.
    constant: Option<Bytes>,
}

/// What a template or a parameter mapping reads.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The body: of the request for a request template, of the integration's answer for a response template.
    pub body: &'a str,
    /// The request's parameters; for an integration's answer, its headers.
    pub parameters: &'a Parameters,
    /// `$context`, an object.
    pub context: &'a serde_json::Value,
    /// `$stageVariables`.
    pub stage_variables: &'a BTreeMap<String, String>,
}

/// A request's parameters. Where one value is asked for and there are several, the last one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// By the name in the resource's path.
    pub path: BTreeMap<String, String>,
    /// Decoded.
    pub query: BTreeMap<String, Vec<String>>,
    /// By the name as sent. A name is found as written, else in any case.
    pub headers: BTreeMap<String, Vec<String>>,
}

impl Parameters {
    /// All values of a header.
    pub fn header(&self, name: &str) -> Option<&[String]> {
        let in_any_case = || {
            let mut headers = self.headers.iter();
            headers
                .find(|(header, _)| header.eq_ignore_ascii_case(name))
                .map(|(_, values)| values)
        };
        let values = self.headers.get(name).or_else(in_any_case)?;
        Some(values)
    }

    /// One value, looked for in path, query and headers, in this order.
    fn any(&self, name: &str) -> Option<&str> {
        let in_path = self.path.get(name);
        let in_query = || self.query.get(name).and_then(|values| values.last());
        let in_headers = || self.header(name).and_then(<[String]>::last);
        in_path
            .or_else(in_query)
            .or_else(in_headers)
            .map(String::as_str)
    }
}

/// What a template gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text, as it stands: the template's leading and trailing white space is in it.
    pub text: String,
    /// What the template set in `$context.requestOverride` and `$context.responseOverride`.
    pub overrides: Overrides,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// The text is longer than [`TEMPLATE_BYTES_MAX`], is no Velocity, uses a directive that is not supported, or nests more than 50 deep.
    pub fn parse(text: &str) -> Result<Self, ParseTemplateError> {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(ParseTemplateError {
                position: Position::START,
                message: format!("the template is longer than {TEMPLATE_BYTES_MAX} bytes"),
                hint: "do the work in the integration".to_owned(),
            });
        }
        let parsed = parse::parse(text)?;
        let texts = parsed.nodes.iter().map(|node| {
            if let Node::Text(text) = node {
                Some(&**text)
            } else {
                None
            }
        });
        let constant = texts.collect::<Option<String>>().map(Bytes::from);
        Ok(Self { parsed, constant })
    }

    /// What the template gives when it is plain text: the same for every input, and without overrides.
    #[must_use]
    pub fn constant(&self) -> Option<&Bytes> {
        self.constant.as_ref()
    }

    /// Applies the template.
    ///
    /// # Errors
    ///
    /// The body is not JSON and the template walks it, a method fails, an override is set twice or is no status, or a bound is reached.
    pub fn render(&self, input: &Input<'_>, bounds: Bounds) -> Result<Rendered, RenderError> {
        Renderer::new(&self.parsed, input, bounds)?.run()
    }
}
