//! A request as it is rewritten for an integration.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header;
use tollgate::rest_api::{self, ContentHandling};
use tracing::warn;

use super::super::call::Exchange;
use super::super::failure::Failure;
use super::super::media_type;
use super::{parameters, to_binary, to_text};
use crate::event::is_binary;
use crate::mapping::parameters::{EvaluateMappingError, ParameterMapping, Target};
use crate::mapping::{Bounds, Input, RenderError, Template};

/// What becomes of a body for whose media type there is no template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passthrough {
    WhenNoMatch,
    WhenNoTemplates,
    Never,
}

/// How requests are rewritten for an integration.
#[derive(Debug)]
pub(in crate::rest_api) struct RequestMapping {
    parameters: Vec<ParameterMapping>,
    templates: BTreeMap<String, Template>,
    passthrough: Passthrough,
    content_handling: Option<ContentHandling>,
}

/// What an integration gets.
#[derive(Debug, Default)]
pub(in crate::rest_api) struct MappedRequest {
    /// Header fields by the name that they were given.
    pub(in crate::rest_api) headers: BTreeMap<String, Vec<String>>,
    pub(in crate::rest_api) query: BTreeMap<String, Vec<String>>,
    /// Values for the placeholders of the URI.
    pub(in crate::rest_api) path: BTreeMap<String, String>,
    pub(in crate::rest_api) body: Bytes,
    /// Whether a template has made the body.
    pub(in crate::rest_api) is_rendered: bool,
}

impl RequestMapping {
    /// Reads mappings and templates.
    ///
    /// # Errors
    ///
    /// The first that cannot be read, as a sentence for the log.
    pub(in crate::rest_api) fn new(spec: &rest_api::Integration) -> Result<Self, String> {
        let templates = spec.request_templates.iter().map(|(media_type, text)| {
            let template = Template::parse(text)
                .map_err(|error| format!("the request template for {media_type}: {error}"))?;
            Ok((media_type.clone(), template))
        });
        Ok(Self {
            parameters: parameters(&spec.request_parameters, ParameterMapping::of_request)?,
            templates: templates.collect::<Result<_, String>>()?,
            passthrough: match spec.passthrough_behavior.as_str() {
                "WHEN_NO_TEMPLATES" => Passthrough::WhenNoTemplates,
                "NEVER" => Passthrough::Never,
                _ => Passthrough::WhenNoMatch,
            },
            content_handling: spec.content_handling,
        })
    }

    /// Whether there is nothing to evaluate for a proxy integration.
    pub(in crate::rest_api) fn has_no_parameters(&self) -> bool {
        self.parameters.is_empty()
    }

    /// The parameters alone, as a proxy integration takes them.
    pub(in crate::rest_api) fn parameters(
        &self,
        exchange: &Exchange<'_>,
    ) -> Result<MappedRequest, Failure> {
        if self.has_no_parameters() {
            return Ok(MappedRequest::default());
        }
        let text = String::from_utf8_lossy(&exchange.body);
        let parameters = exchange.parameters();
        let context = exchange.context(None);
        let input = Input {
            body: &text,
            parameters: &parameters,
            context: &context,
            stage_variables: &exchange.served.variables,
        };
        self.evaluated(&input)
    }

    /// Parameters and body.
    pub(in crate::rest_api) fn apply(
        &self,
        exchange: &Exchange<'_>,
    ) -> Result<MappedRequest, Failure> {
        let content_type = exchange.header(&header::CONTENT_TYPE);
        let template = media_type::for_body(&self.templates, content_type);
        let may_pass = match self.passthrough {
            Passthrough::WhenNoMatch => true,
            Passthrough::WhenNoTemplates => self.templates.is_empty(),
            Passthrough::Never => false,
        };
        if template.is_none() && !may_pass {
            return Err(Failure::unsupported_media_type());
        }
        let body = self.converted(exchange, content_type)?;
        let constant = template.and_then(Template::constant);
        if self.parameters.is_empty() && template.is_some() == constant.is_some() {
            // Nothing reads the request, so what could be read of it need not be made.
            return Ok(MappedRequest {
                body: constant.cloned().unwrap_or(body),
                is_rendered: template.is_some(),
                ..MappedRequest::default()
            });
        }
        let text = String::from_utf8_lossy(&body);
        let parameters = exchange.parameters();
        let context = exchange.context(None);
        let input = Input {
            body: &text,
            parameters: &parameters,
            context: &context,
            stage_variables: &exchange.served.variables,
        };
        let mut mapped = self.evaluated(&input)?;
        let Some(template) = template else {
            mapped.body = body;
            return Ok(mapped);
        };
        let rendered = template
            .render(&input, Bounds::default())
            .map_err(|error| unrendered(exchange, &error))?;
        mapped.is_rendered = true;
        mapped.body = rendered.text.into();
        mapped.headers.extend(rendered.overrides.request_headers);
        mapped.query.extend(rendered.overrides.request_query);
        for (name, values) in rendered.overrides.request_path {
            mapped.path.insert(name, values.join(","));
        }
        Ok(mapped)
    }

    fn evaluated(&self, input: &Input<'_>) -> Result<MappedRequest, Failure> {
        let mut mapped = MappedRequest::default();
        for mapping in &self.parameters {
            let values = mapping
                .source
                .evaluate(input)
                .map_err(|error| match error {
                    EvaluateMappingError::BodyIsNotJson { .. } => {
                        Failure::not_json("Invalid JSON in request body")
                    }
                    EvaluateMappingError::Bound(_) => Failure::internal(),
                })?;
            let Some(values) = values else { continue };
            match &mapping.target {
                Target::Header(name) => drop(mapped.headers.insert(name.clone(), values)),
                Target::Query(name) => drop(mapped.query.insert(name.clone(), values)),
                Target::Path(name) => drop(mapped.path.insert(name.clone(), values.join(","))),
            }
        }
        Ok(mapped)
    }

    /// The body, converted as the integration asks for. API Gateway's table is in "Content type conversions in API Gateway".
    fn converted(
        &self,
        exchange: &Exchange<'_>,
        content_type: Option<&str>,
    ) -> Result<Bytes, Failure> {
        let binary_media_types = &exchange.served.binary_media_types;
        let is_binary = is_binary(content_type.unwrap_or_default(), binary_media_types);
        let body = &exchange.body;
        match (self.content_handling, is_binary) {
            (Some(ContentHandling::ConvertToText), true) => Ok(to_text(body)),
            (Some(ContentHandling::ConvertToBinary), false) => to_binary(body).ok_or_else(|| {
                warn!(
                    request_id = exchange.call.ids.request,
                    "the body is to be made binary, and is not Base64"
                );
                Failure::internal()
            }),
            (Some(ContentHandling::ConvertToText) | None, _)
            | (Some(ContentHandling::ConvertToBinary), true) => Ok(body.clone()),
        }
    }
}

fn unrendered(exchange: &Exchange<'_>, error: &RenderError) -> Failure {
    match error {
        RenderError::BodyIsNotJson { message } => {
            Failure::not_json(format!("Could not parse request body into json: {message}"))
        }
        RenderError::Call { .. }
        | RenderError::OverriddenTwice { .. }
        | RenderError::BadStatus { .. }
        | RenderError::TooLong { .. }
        | RenderError::TooManySteps { .. }
        | RenderError::TooDeep { .. } => {
            warn!(
                request_id = exchange.call.ids.request,
                "the request template fails: {error}"
            );
            Failure::internal()
        }
    }
}
