//! `AWS_PROXY`: a function that gets the request as an event, and answers with status, header fields and body.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, header};
use tokio::time::timeout;
use tracing::warn;

use super::super::call::Exchange;
use super::super::failure::Failure;
use super::super::method::Method;
use super::super::services::Services;
use crate::event::{self, ApiKind};
use crate::lambda::{Invoked, LambdaFailure, Target, shown};

pub(super) async fn answer(
    target: &Target,
    longest: Duration,
    exchange: &Exchange<'_>,
    method: &Method,
    services: &Services,
) -> Result<Response<Bytes>, Failure> {
    let event = event::to_v1(&exchange.proxy_request(method)).map_err(|error| {
        warn!(%error, "a request could not be made an event");
        Failure::internal()
    })?;
    exchange.log(|| {
        format!(
            "Endpoint request body after transformations: {}",
            shown(&event)
        )
    });
    let answer = invoke(target, event.into(), longest, exchange, services).await?;
    let log = |why: &str| {
        warn!(
            function = target.name(),
            request_id = exchange.call.ids.request,
            "{why}"
        );
    };
    if answer.is_error {
        log(&format!("the function failed: {}", answer.shown()));
        return Err(Failure::bad_function());
    }
    let accept = exchange.header(&header::ACCEPT);
    let binary_media_types = &exchange.served.binary_media_types;
    let mapped = event::from_v1(&answer.payload, ApiKind::Rest, binary_media_types, accept)
        .map_err(|error| {
            log(&error.to_string());
            Failure::bad_function()
        })?;
    let mut response = Response::new(mapped.body);
    *response.status_mut() = mapped.status;
    *response.headers_mut() = mapped.headers;
    Ok(response)
}

/// Calls a function and waits no longer than `longest` for it.
pub(super) async fn invoke(
    target: &Target,
    event: Bytes,
    longest: Duration,
    exchange: &Exchange<'_>,
    services: &Services,
) -> Result<Invoked, Failure> {
    let ids = exchange.call.ids;
    exchange.log(|| format!("Sending request to the function {}", target.name()));
    let outcome = timeout(longest, services.lambdas.invoke(target, event, ids)).await;
    let failure = match outcome {
        Ok(Ok(answer)) => {
            exchange.log(|| {
                format!(
                    "Endpoint response body before transformations: {}",
                    answer.shown()
                )
            });
            return Ok(answer);
        }
        Ok(Err(failure)) => failure,
        Err(_elapsed) => {
            warn!(
                function = target.name(),
                request_id = ids.request,
                "the function did not answer within {} ms",
                longest.as_millis()
            );
            return Err(Failure::timed_out());
        }
    };
    warn!(
        function = target.name(),
        request_id = ids.request,
        "the function was not called: {failure}"
    );
    Err(match failure {
        LambdaFailure::TooLarge { .. } => Failure::body_too_large(),
        LambdaFailure::Unavailable => Failure::unavailable(),
        LambdaFailure::Unreachable(_) => Failure::unreachable(),
        LambdaFailure::Refused { .. } | LambdaFailure::Unusable(_) => Failure::internal(),
    })
}
