//! What API Gateway asks an authorizer.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue};
use serde::Deserialize;

use super::AnswerForm;
use super::answer::Form;
use crate::http::{key_header, sent_key, without_stage};
use crate::id::ApiStage;

/// The route of a WebSocket API on which an authorizer is asked.
const CONNECT: &str = "$connect";

/// The route of an HTTP API for what no other one takes.
const DEFAULT_ROUTE: &str = "$default";

/// An event of an authorizer, of any kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    version: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    method_arn: Option<String>,
    route_arn: Option<String>,
    authorization_token: Option<String>,
    route_key: Option<String>,
    raw_path: Option<String>,
    path: Option<String>,
    headers: Option<BTreeMap<String, Option<String>>>,
    multi_value_headers: Option<BTreeMap<String, Option<Vec<String>>>>,
    query_string_parameters: Option<BTreeMap<String, Option<String>>>,
    request_context: Option<RequestContext>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    api_id: Option<String>,
    stage: Option<String>,
    resource_path: Option<String>,
    http_method: Option<String>,
    route_key: Option<String>,
    event_type: Option<String>,
    http: Option<HttpContext>,
}

#[derive(Deserialize)]
struct HttpContext {
    method: Option<String>,
}

/// The event is none of an authorizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event is none of a Lambda authorizer: set this function as the authorizer of an API, not as its integration"
)]
pub struct UnknownEvent;

/// The method that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) api_stage: ApiStage,
    pub(super) resource: String,
    pub(super) verb: String,
}

/// An event, understood.
pub(super) struct Asked {
    pub(super) form: Form,
    /// `None` when the event does not say what is asked for: then no plan can cover it.
    pub(super) target: Option<Target>,
    pub(super) key: Option<String>,
}

impl Event {
    /// What is asked. `answer` is the form of answers to events of the format 2.0.
    pub(super) fn asked(&self, answer: AnswerForm) -> Result<Asked, UnknownEvent> {
        let is = |member: &Option<String>, value| member.as_deref() == Some(value);
        if is(&self.version, "2.0") {
            let arn = self.route_arn.clone().ok_or(UnknownEvent)?;
            return Ok(Asked {
                form: match answer {
                    AnswerForm::Simple => Form::Simple,
                    AnswerForm::Policy => Form::Policy { arn },
                },
                target: self.route(),
                key: sent_key(&self.key_headers()).map(str::to_owned),
            });
        }
        let arn = self.method_arn.clone().ok_or(UnknownEvent)?;
        if is(&self.kind, "TOKEN") {
            let token = self.authorization_token.as_deref();
            return Ok(Asked {
                target: from_arn(&arn),
                form: Form::Policy { arn },
                key: token.map(|token| without_scheme(token).to_owned()),
            });
        }
        if !is(&self.kind, "REQUEST") {
            return Err(UnknownEvent);
        }
        let headers = self.key_headers();
        let key = sent_key(&headers).or_else(|| self.key_of_connection());
        Ok(Asked {
            target: self.method(),
            key: key.map(str::to_owned),
            form: Form::Policy { arn },
        })
    }

    /// The path as the client sent it, where the event has it.
    pub(super) fn sent_path(&self) -> Option<&str> {
        self.raw_path.as_deref().or(self.path.as_deref())
    }

    /// The header fields that carry the key. An event has all values of each field in one member, or the last of each in the other.
    fn key_headers(&self) -> HeaderMap {
        let all = self.multi_value_headers.iter().flatten();
        let all = all.flat_map(|(name, values)| {
            let values = values.iter().flatten();
            values.map(move |value| (name, value))
        });
        let last = self.headers.iter().flatten();
        let last = last.filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let mut headers = HeaderMap::new();
        let mut add = |(name, value): (&String, &String)| {
            if name.eq_ignore_ascii_case(key_header::API_KEY) {
                // What no field can have stays a value, so that it is refused as a wrong key and not as a missing one.
                let value = HeaderValue::try_from(value.as_str())
                    .unwrap_or_else(|_not_a_field| HeaderValue::from_static(""));
                headers.append(key_header::API_KEY, value);
            }
        };
        if self.multi_value_headers.is_some() {
            all.for_each(&mut add);
        } else {
            last.for_each(&mut add);
        }
        headers
    }

    /// The key of a WebSocket connection in the query, because browsers cannot send it in a header.
    fn key_of_connection(&self) -> Option<&str> {
        let context = self.request_context.as_ref()?;
        if context.event_type.as_deref() != Some("CONNECT") {
            return None;
        }
        let parameters = self.query_string_parameters.as_ref()?;
        parameters.get(key_header::API_KEY)?.as_deref()
    }

    /// The method of a REST API, of an HTTP API in the format 1.0, or of a WebSocket API.
    fn method(&self) -> Option<Target> {
        let context = self.request_context.as_ref()?;
        let (resource, verb) = if context.event_type.is_some() {
            // The handshake is a GET; the event does not say so.
            (context.route_key.as_deref().unwrap_or(CONNECT), "GET")
        } else {
            (
                context.resource_path.as_deref()?,
                context.http_method.as_deref()?,
            )
        };
        Some(Target {
            api_stage: context.api_stage()?,
            resource: resource.to_owned(),
            verb: verb.to_owned(),
        })
    }

    /// The route of an HTTP API in the format 2.0.
    fn route(&self) -> Option<Target> {
        let context = self.request_context.as_ref()?;
        let api_stage = context.api_stage()?;
        let resource = match self.route_key.as_deref()? {
            DEFAULT_ROUTE => without_stage(self.raw_path.as_deref()?, api_stage.stage.as_str()),
            route => route.split_once(' ')?.1,
        };
        Some(Target {
            resource: resource.to_owned(),
            verb: context.http.as_ref()?.method.clone()?,
            api_stage,
        })
    }
}

impl RequestContext {
    fn api_stage(&self) -> Option<ApiStage> {
        Some(ApiStage::new(
            self.api_id.as_deref()?,
            self.stage.as_deref()?,
        ))
    }
}

/// `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/VERB/PATH`: all that an event with a token says of the request.
fn from_arn(arn: &str) -> Option<Target> {
    let mut parts = arn.splitn(6, ':').nth(5)?.splitn(4, '/');
    let api_stage = ApiStage::new(parts.next()?, parts.next()?);
    let verb = parts.next()?.to_owned();
    let resource = format!("/{}", parts.next().unwrap_or_default());
    Some(Target {
        api_stage,
        resource,
        verb,
    })
}

/// The token behind `Bearer`, where that stands before it.
fn without_scheme(token: &str) -> &str {
    token
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map_or(token, |(_, token)| token.trim_start())
}
