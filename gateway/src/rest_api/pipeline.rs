//! The steps that a request goes through.

use std::num::NonZeroU64;

use http::{HeaderName, Response};
use hyper::body::Incoming;
use tollgate::api::RouteMatch;
use tollgate::decision::{Decision, Denial};
use tollgate::http::{Form, fields};
use tollgate::limiter;
use tollgate::plan::MethodName;
use tollgate::store::StoreError;

use super::call::{Call, Exchange};
use super::denied::Denied;
use super::failure::Failure;
use super::method::Method;
use super::served::Served;
use super::{RestApis, insert};
use crate::content::Content;
use crate::incoming::{self, BodyError};
use crate::shared_throttle::RequestGate;

/// The most bytes of all names and values of a request's header fields, as on AWS.
const MAX_HEADER_BYTES: usize = 10_240;

pub(super) const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

impl RestApis {
    /// Answers a request from a stage.
    pub(super) async fn serve(
        &self,
        served: &Served,
        call: Call<'_>,
        body: Incoming,
    ) -> Response<Content> {
        let mut exchange = Exchange::new(call, &self.place, served);
        let mut response = match self.run(&mut exchange, body).await {
            Ok(response) => response,
            Err(failure) => {
                let answer = served.gateway_responses.answer(failure, &exchange);
                answer.map(Content::from)
            }
        };
        let cost = fields::take_cost(response.headers_mut());
        if let Some(metered) = &exchange.metered {
            if let Some(cost) = cost {
                let _logged_by_the_limiter = self.limiter.settle(metered, cost).await;
            }
            fields::insert_levels(response.headers_mut(), &metered.levels, self.fields);
        }
        if let Some(denied) = exchange.denied {
            response.extensions_mut().insert(denied);
        }
        response
    }

    async fn run(
        &self,
        exchange: &mut Exchange<'_>,
        body: Incoming,
    ) -> Result<Response<Content>, Failure> {
        let parts = exchange.call.parts;
        let header_bytes: usize = parts
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len().saturating_add(value.len()))
            .sum();
        if header_bytes > MAX_HEADER_BYTES {
            return Err(Failure::headers_too_large());
        }
        if !incoming::may_fit(&body) {
            Box::pin(incoming::drain(&parts.headers, body)).await;
            return Err(Failure::body_too_large());
        }
        let routes = &exchange.served.routes;
        let RouteMatch::Found(found) = routes.find(&parts.method, exchange.call.path) else {
            return Err(Failure::no_method());
        };
        let method = found.value;
        exchange.method = Some(method);
        exchange.path_parameters = found.parameters;
        method
            .access
            .check(exchange, method, &self.services)
            .await?;
        self.admit(exchange, method).await?;
        exchange.body = incoming::read(body).await.map_err(|error| match error {
            BodyError::TooLong => Failure::body_too_large(),
            BodyError::Broken => Failure::bad_request(),
        })?;
        self.integrate(exchange, method).await
    }

    /// Validates a request that may pass, and has its integration answer it.
    pub(super) async fn integrate(
        &self,
        exchange: &Exchange<'_>,
        method: &Method,
    ) -> Result<Response<Content>, Failure> {
        if let Some(validation) = &method.validation {
            validation.check(exchange)?;
        }
        let integration = &method.integration;
        // In a place of its own: the way of a request that is refused stays small, and is moved often.
        let answer = Box::pin(integration.answer(exchange, method, &self.services));
        let mut response = answer.await?;
        if integration.has_trace() {
            insert(&mut response, TRACE_ID, &exchange.call.ids.trace);
        }
        Ok(response)
    }

    /// Checks the key, charges its plan, and asks the limits that all callers share.
    async fn admit(&self, exchange: &mut Exchange<'_>, method: &Method) -> Result<(), Failure> {
        let gate = method.gate.for_request();
        let decision = if method.api_key_required {
            let decision = self.decide(exchange, method, &gate).await;
            // Counted in the second of its arrival, which needs no other look at the clock.
            self.tally.decided(&decision, exchange.call.arrived_at);
            decision
        } else {
            Ok(gate.decide(self.services.now()))
        };
        match decision {
            Ok(Decision::Allow(allowance)) => {
                exchange.denied = Denied::in_shadow(&allowance);
                exchange.metered = allowance.into_metered();
                Ok(())
            }
            Ok(Decision::Deny(denial)) => Err(self.deny(exchange, &denial, &gate)),
            Err(_logged_by_the_limiter) => Err(Failure::undecided(self.form(exchange))),
        }
    }

    async fn decide(
        &self,
        exchange: &Exchange<'_>,
        method: &Method,
        gate: &RequestGate<'_>,
    ) -> Result<Decision, StoreError> {
        let request = limiter::Request {
            api_stage: &exchange.served.api_stage,
            method: MethodName {
                resource: &method.resource_path,
                verb: exchange.call.parts.method.as_str(),
            },
            key: exchange.api_key(),
            cost: NonZeroU64::MIN,
            sent_path: Some(exchange.call.parts.uri.path()),
            gate: Some(gate),
        };
        self.limiter.decide(&request).await
    }

    fn deny(
        &self,
        exchange: &mut Exchange<'_>,
        denial: &Denial,
        gate: &RequestGate<'_>,
    ) -> Failure {
        exchange.denied = Some(Denied::new(denial, gate.refused_by()));
        Failure::denied(denial, self.fields, self.form(exchange))
    }

    /// How a client is told that its request may not pass.
    fn form(&self, exchange: &Exchange<'_>) -> Form {
        self.problems.form(&exchange.call.parts.headers)
    }
}
