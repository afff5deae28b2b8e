//! `AWS` with a function: the function gets what the request template makes, and its answer goes through the integration responses.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use tollgate::rest_api;
use tracing::warn;

use super::super::call::Exchange;
use super::super::failure::Failure;
use super::super::mapped::{BackendAnswers, Endpoint, MappedRequest, RequestMapping};
use super::super::services::Services;
use super::lambda_proxy::invoke;
use crate::lambda::{FunctionName, Target};

/// The status that Lambda answers a call with whose result nobody waits for.
const ACCEPTED: &str = "202";

#[derive(Debug)]
pub(super) struct Lambda {
    /// `None`: the request names it in the query parameter `FunctionName`.
    target: Option<Target>,
    request: RequestMapping,
    answers: BackendAnswers,
}

impl Lambda {
    pub(super) fn new(
        spec: &rest_api::Integration,
        target: Option<Target>,
    ) -> Result<Self, String> {
        Ok(Self {
            target,
            request: RequestMapping::new(spec)?,
            answers: BackendAnswers::new(spec)?,
        })
    }

    pub(super) async fn answer(
        &self,
        exchange: &Exchange<'_>,
        longest: Duration,
        services: &Services,
    ) -> Result<Response<Bytes>, Failure> {
        let mapped = self.request.apply(exchange)?;
        exchange.log(|| {
            format!(
                "Endpoint request body after transformations: {}",
                String::from_utf8_lossy(&mapped.body)
            )
        });
        let named;
        let target = if let Some(target) = &self.target {
            target
        } else {
            named = named_target(&mapped, exchange, services)?;
            &named
        };
        if is_event(&mapped) {
            call_without_waiting(target.clone(), mapped.body, exchange, services);
            return self
                .answers
                .answer(exchange, ACCEPTED, &Endpoint::default());
        }
        let answer = invoke(target, mapped.body, longest, exchange, services).await?;
        let message = answer.error_message().filter(|_| answer.is_error);
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let endpoint = Endpoint {
            headers,
            body: answer.payload,
        };
        let selection = message.as_deref().unwrap_or("200");
        self.answers.answer(exchange, selection, &endpoint)
    }
}

fn named_target(
    mapped: &MappedRequest,
    exchange: &Exchange<'_>,
    services: &Services,
) -> Result<Target, Failure> {
    let name = mapped.query.get("FunctionName").and_then(|it| it.last());
    let target = name
        .and_then(|name| FunctionName::parse(name))
        .ok_or_else(|| "map `integration.request.querystring.FunctionName`".to_owned())
        .and_then(|name| services.lambdas.target(&name));
    target.map_err(|why| {
        warn!(
            request_id = exchange.call.ids.request,
            "lambda:action/Invoke has no function: {why}"
        );
        Failure::configuration()
    })
}

/// Whether the mapped header field asks for a call whose result nobody waits for.
fn is_event(mapped: &MappedRequest) -> bool {
    mapped.headers.iter().any(|(name, values)| {
        name.eq_ignore_ascii_case("x-amz-invocation-type") && values.iter().any(|it| it == "Event")
    })
}

fn call_without_waiting(
    target: Target,
    event: Bytes,
    exchange: &Exchange<'_>,
    services: &Services,
) {
    let lambdas = services.lambdas.clone();
    let ids = exchange.call.ids.clone();
    tokio::spawn(async move {
        match lambdas.invoke(&target, event, &ids).await {
            Ok(answer) if answer.is_error => warn!(
                function = target.name(),
                request_id = ids.request,
                "a function failed for which nobody waited"
            ),
            Ok(_) => {}
            Err(failure) => warn!(
                function = target.name(),
                request_id = ids.request,
                "the function was not called: {failure}"
            ),
        }
    });
}
