//! Answers that the gateway makes itself, as an API's gateway responses shape them.
//!
//! A kind that is not customised takes what its family has, `DEFAULT_4XX` or `DEFAULT_5XX`, and what neither has comes from API
//! Gateway's own: the kind's status, and the body `{"message":$context.error.messageString}`.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use tollgate::http::Form;
use tollgate::rest_api::{GatewayResponse, GatewayResponseKind};
use tracing::warn;

use super::call::Exchange;
use super::failure::{Beyond, Failure};
use super::media_type;
use crate::mapping::parameters::{ParameterMapping, Target};
use crate::mapping::{Input, substitution};

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The gateway responses of a stage that were customised.
#[derive(Debug, Default)]
pub(super) struct GatewayResponses(BTreeMap<GatewayResponseKind, Shape>);

#[derive(Debug)]
struct Shape {
    status: Option<StatusCode>,
    parameters: Vec<ParameterMapping>,
    templates: BTreeMap<String, String>,
}

impl GatewayResponses {
    pub(super) fn new(responses: &BTreeMap<GatewayResponseKind, GatewayResponse>) -> Self {
        let shapes = responses
            .iter()
            .map(|(kind, response)| (*kind, Shape::new(*kind, response)));
        Self(shapes.collect())
    }

    /// The answer to a request that failed.
    pub(super) fn answer(&self, failure: Failure, exchange: &Exchange<'_>) -> Response<Bytes> {
        match self.shape(failure.kind, failure.status) {
            Some(shape) => shape.answer(failure, exchange),
            None => default_answer(failure),
        }
    }

    fn shape(&self, kind: GatewayResponseKind, status: StatusCode) -> Option<&Shape> {
        customised(&self.0, kind, status).map(|(_, shape)| shape)
    }
}

/// What applies to an answer of this kind and status, of those that were customised, with its name.
pub(crate) fn customised<T>(
    responses: &BTreeMap<GatewayResponseKind, T>,
    kind: GatewayResponseKind,
    status: StatusCode,
) -> Option<(&GatewayResponseKind, &T)> {
    // What AWS makes without a kind of its own belongs to the family of its status.
    let family = kind.family().unwrap_or(if status.is_server_error() {
        GatewayResponseKind::Default5xx
    } else {
        GatewayResponseKind::Default4xx
    });
    responses
        .get_key_value(&kind)
        .or_else(|| responses.get_key_value(&family))
}

impl Shape {
    fn new(kind: GatewayResponseKind, response: &GatewayResponse) -> Self {
        let mut parameters = Vec::new();
        for (target, source) in &response.response_parameters {
            match ParameterMapping::of_gateway_response(target, source) {
                Ok(mapping) => parameters.push(mapping),
                Err(error) => warn!(
                    gateway_response = kind.as_str(),
                    "the header field `{target}` is left out: {error}"
                ),
            }
        }
        Self {
            status: response
                .status_code
                .as_deref()
                .and_then(|status| status.parse().ok()),
            parameters,
            templates: response.response_templates.clone(),
        }
    }

    fn answer(&self, failure: Failure, exchange: &Exchange<'_>) -> Response<Bytes> {
        let parameters = exchange.parameters();
        let context = exchange.context(Some(&failure));
        let input = Input {
            body: "",
            parameters: &parameters,
            context: &context,
            stage_variables: &exchange.served.variables,
        };
        let accept = exchange.header(&header::ACCEPT);
        let template = media_type::for_answer(&self.templates, accept);
        let status = self.status.unwrap_or(failure.status);
        let mut response = default_answer(failure.without_problem());
        *response.status_mut() = status;
        if let Some((media_type, template)) = template {
            *response.body_mut() = substitution::substitute(template, &input).into();
            if let Ok(value) = HeaderValue::from_str(media_type) {
                response.headers_mut().insert(header::CONTENT_TYPE, value);
            }
        }
        for mapping in &self.parameters {
            let Target::Header(name) = &mapping.target else {
                continue;
            };
            // What cannot be evaluated, or is no header field, is left out.
            let values = mapping.source.evaluate(&input).ok().flatten();
            let text = values.map(|values| values.join(","));
            if let Some(text) = text
                && let Ok(name) = HeaderName::from_bytes(name.as_bytes())
                && let Ok(value) = HeaderValue::from_str(&text)
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// `{"message":…}`
fn message_body(message: Option<&str>) -> Bytes {
    let mut body = Vec::with_capacity(message.map_or(0, str::len).saturating_add(16));
    body.extend_from_slice(br#"{"message":"#);
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(&mut body, &message);
    body.push(b'}');
    body.into()
}

/// API Gateway's own answer.
pub(crate) fn default_answer(failure: Failure) -> Response<Bytes> {
    let Beyond { fields, problem } = failure.beyond.map_or_else(Beyond::default, |own| *own);
    let (form, body) = match (problem, failure.body, failure.message) {
        (Some(problem), _, _) => (Form::Problem, Bytes::from(problem)),
        (None, Some(body), _) => (Form::Aws, Bytes::from_static(body.as_bytes())),
        (None, None, message) => (Form::Aws, message_body(message.as_deref())),
    };
    let mut response = Response::new(body);
    *response.status_mut() = failure.status;
    *response.headers_mut() = fields;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, form.content_type());
    headers.insert(ERROR_TYPE, HeaderValue::from_static(failure.error_type));
    response
}
