//! A backend's answer, as it is rewritten for the client.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use regex_lite::Regex;
use tollgate::rest_api::{self, ContentHandling, IntegrationResponse};
use tracing::warn;

use super::super::call::Exchange;
use super::super::context;
use super::super::failure::Failure;
use super::super::media_type;
use super::{parameters, to_binary, to_text};
use crate::event::is_binary;
use crate::mapping::parameters::{ParameterMapping, Target};
use crate::mapping::{Bounds, Input, Parameters, Template};

/// Header fields that a mapping cannot set: they reach the client under another name. As observed of AWS.
const REMAPPED: [&str; 14] = [
    "authorization",
    "connection",
    "content-length",
    "content-md5",
    "date",
    "expect",
    "host",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "trailer",
    "upgrade",
    "user-agent",
    "www-authenticate",
];

/// The answers that an integration knows, in the order of their statuses.
#[derive(Debug)]
pub(in crate::rest_api) struct BackendAnswers(Vec<Selectable>);

#[derive(Debug)]
struct Selectable {
    /// `None` for the default.
    pattern: Option<Regex>,
    status: StatusCode,
    parameters: Vec<ParameterMapping>,
    templates: BTreeMap<String, Template>,
    content_handling: Option<ContentHandling>,
}

/// What a backend has answered.
#[derive(Debug, Default)]
pub(in crate::rest_api) struct Endpoint {
    pub(in crate::rest_api) headers: HeaderMap,
    pub(in crate::rest_api) body: Bytes,
}

impl BackendAnswers {
    /// Reads patterns, mappings and templates.
    ///
    /// # Errors
    ///
    /// The first that cannot be read, as a sentence for the log.
    pub(in crate::rest_api) fn new(spec: &rest_api::Integration) -> Result<Self, String> {
        let answers = spec.integration_responses.values();
        Ok(Self(
            answers.map(Selectable::new).collect::<Result<_, _>>()?,
        ))
    }

    /// The answer to the client. `selection` is what the patterns are matched with: the backend's status, or a function's error message.
    pub(in crate::rest_api) fn answer(
        &self,
        exchange: &Exchange<'_>,
        selection: &str,
        endpoint: &Endpoint,
    ) -> Result<Response<Bytes>, Failure> {
        let Some(selected) = self.select(selection) else {
            warn!(
                request_id = exchange.call.ids.request,
                "no integration response fits `{selection}`, and there is no default one"
            );
            return Err(Failure::configuration());
        };
        selected.answer(exchange, endpoint)
    }

    fn select(&self, selection: &str) -> Option<&Selectable> {
        let fits = |answer: &&Selectable| {
            let pattern = answer.pattern.as_ref();
            pattern.is_some_and(|pattern| pattern.is_match(selection))
        };
        let fitting = self.0.iter().find(fits);
        fitting.or_else(|| self.0.iter().find(|answer| answer.pattern.is_none()))
    }
}

impl Selectable {
    fn new(spec: &IntegrationResponse) -> Result<Self, String> {
        let status = &spec.status_code;
        let pattern = spec.selection_pattern.as_deref();
        let pattern = pattern.filter(|pattern| !pattern.is_empty());
        let templates = spec.response_templates.iter().map(|(media_type, text)| {
            let template = Template::parse(text).map_err(|error| {
                format!("the response template of {status} for {media_type}: {error}")
            })?;
            Ok((media_type.clone(), template))
        });
        Ok(Self {
            pattern: pattern.map(whole).transpose()?,
            status: status
                .parse()
                .map_err(|_no_status| format!("`{status}` is no status"))?,
            parameters: parameters(&spec.response_parameters, ParameterMapping::of_response)?,
            templates: templates.collect::<Result<_, String>>()?,
            content_handling: spec.content_handling,
        })
    }

    fn answer(
        &self,
        exchange: &Exchange<'_>,
        endpoint: &Endpoint,
    ) -> Result<Response<Bytes>, Failure> {
        let body = self.converted(exchange, endpoint)?;
        let accept = exchange.header(&header::ACCEPT);
        let chosen = media_type::for_answer(&self.templates, accept);
        let media_type = chosen.map_or(media_type::JSON, |(media_type, _)| media_type);
        let constant = chosen.and_then(|(_, template)| template.constant());
        if self.parameters.is_empty() && chosen.is_some() == constant.is_some() {
            // Nothing reads the exchange, so what could be read of it need not be made.
            let body = constant.cloned().unwrap_or(body);
            return Ok(response(self.status, HeaderMap::new(), media_type, body));
        }
        let text = String::from_utf8_lossy(&body);
        let failed = |error: &dyn std::error::Error| {
            warn!(
                request_id = exchange.call.ids.request,
                "the integration response of {} fails: {error}",
                self.status.as_u16()
            );
            Failure::internal()
        };
        let context = exchange.context(None);
        let mut headers = HeaderMap::new();
        let of_answer = Parameters {
            headers: context::headers(&endpoint.headers),
            ..Parameters::default()
        };
        let input = Input {
            body: &text,
            parameters: &of_answer,
            context: &context,
            stage_variables: &exchange.served.variables,
        };
        for mapping in &self.parameters {
            // A body that is not JSON has no parameters.
            let values = mapping.source.evaluate(&input).ok().flatten();
            if let (Target::Header(name), Some(values)) = (&mapping.target, values) {
                set(&mut headers, name, &values);
            }
        }
        let mut status = self.status;
        let body = match chosen {
            None => body,
            Some((_, template)) => {
                let of_request = exchange.parameters();
                let input = Input {
                    parameters: &of_request,
                    ..input
                };
                let rendered = template
                    .render(&input, Bounds::default())
                    .map_err(|error| failed(&error))?;
                for (name, values) in &rendered.overrides.response_headers {
                    set(&mut headers, name, values);
                }
                if let Some(overridden) = rendered.overrides.response_status {
                    status = StatusCode::from_u16(overridden).map_err(|error| failed(&error))?;
                }
                rendered.text.into()
            }
        };
        Ok(response(status, headers, media_type, body))
    }

    /// The body, converted as the answer asks for, or as the client accepts. API Gateway's table is in "Content type conversions in API
    /// Gateway".
    fn converted(&self, exchange: &Exchange<'_>, endpoint: &Endpoint) -> Result<Bytes, Failure> {
        let binary_media_types = &exchange.served.binary_media_types;
        if endpoint.body.is_empty() {
            return Ok(Bytes::new());
        }
        let content_type = endpoint.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let is_payload_binary = is_binary(content_type.unwrap_or_default(), binary_media_types);
        let wants_binary = match self.content_handling {
            Some(ContentHandling::ConvertToBinary) => true,
            Some(ContentHandling::ConvertToText) => false,
            None => {
                let first = exchange.header(&header::ACCEPT).unwrap_or_default();
                let first = first.split(',').next().unwrap_or_default();
                is_binary(first, binary_media_types)
            }
        };
        match (is_payload_binary, wants_binary) {
            (true, true) | (false, false) => Ok(endpoint.body.clone()),
            (true, false) => Ok(to_text(&endpoint.body)),
            (false, true) => to_binary(&endpoint.body).ok_or_else(|| {
                warn!(
                    request_id = exchange.call.ids.request,
                    "the backend's answer is to be made binary, and is not Base64"
                );
                Failure::internal()
            }),
        }
    }
}

/// An answer, with a media type unless its header fields have one.
fn response(
    status: StatusCode,
    mut headers: HeaderMap,
    media_type: &str,
    body: Bytes,
) -> Response<Bytes> {
    if let Ok(media_type) = HeaderValue::from_str(media_type) {
        headers.entry(header::CONTENT_TYPE).or_insert(media_type);
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A pattern that has to fit the whole text, as in Java.
fn whole(pattern: &str) -> Result<Regex, String> {
    // Alone first: with an anchor around it, `a)|(b` would be an expression.
    Regex::new(pattern)
        .and_then(|_| Regex::new(&format!("^(?:{pattern})$")))
        .map_err(|error| format!("the selection pattern `{pattern}`: {error}"))
}

/// Sets a header field for the client. What HTTP does not allow is left out.
fn set(headers: &mut HeaderMap, name: &str, values: &[String]) {
    let small = name.to_ascii_lowercase();
    let name = if REMAPPED.contains(&small.as_str()) {
        format!("x-amzn-remapped-{small}")
    } else {
        small
    };
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
        return;
    };
    if crate::event::is_hop_by_hop(&name) {
        return;
    }
    replace(headers, &name, values);
}

/// Gives a header field these values and no other. Values that HTTP does not allow are left out.
pub(in crate::rest_api) fn replace(headers: &mut HeaderMap, name: &HeaderName, values: &[String]) {
    headers.remove(name);
    for value in values {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(name.clone(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(patterns: &[(&str, Option<&str>)]) -> BackendAnswers {
        let answers = patterns.iter().map(|(status, pattern)| {
            Selectable::new(&IntegrationResponse {
                status_code: (*status).to_owned(),
                selection_pattern: pattern.map(str::to_owned),
                ..IntegrationResponse::default()
            })
        });
        BackendAnswers(answers.collect::<Result<_, _>>().unwrap())
    }

    #[test]
    fn a_pattern_has_to_fit_the_whole_text() {
        let answers = answers(&[
            ("200", None),
            ("400", Some("4\\d{2}")),
            ("500", Some(".*Error.*")),
        ]);
        let selected = |text| answers.select(text).map(|answer| answer.status.as_u16());
        assert_eq!(selected("404"), Some(400));
        assert_eq!(selected("4040"), Some(200));
        assert_eq!(selected("an Error occurred"), Some(500));
        assert_eq!(selected("200"), Some(200));
    }

    #[test]
    fn without_a_default_nothing_fits_what_no_pattern_fits() {
        let answers = answers(&[("400", Some("4..")), ("500", Some("5.."))]);
        assert!(answers.select("200").is_none());
        assert!(answers.select("503").is_some());
    }

    #[test]
    fn a_pattern_cannot_break_out_of_its_group() {
        assert!(whole("a)|(b").is_err());
        assert!(whole("a|b").unwrap().is_match("b"));
        assert!(!whole("a|b").unwrap().is_match("ab"));
    }

    #[test]
    fn what_concerns_the_connection_is_sent_under_another_name_or_not_at_all() {
        let mut headers = HeaderMap::new();
        set(&mut headers, "Server", &["x".to_owned()]);
        set(&mut headers, "Transfer-Encoding", &["chunked".to_owned()]);
        set(&mut headers, "X-A", &["1".to_owned(), "2".to_owned()]);
        set(&mut headers, "bad name", &["1".to_owned()]);
        let names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-amzn-remapped-server", "x-a"]);
        assert_eq!(headers.get_all("x-a").iter().count(), 2);
    }
}
