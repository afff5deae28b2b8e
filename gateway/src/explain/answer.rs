//! What a refused request is answered.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use tollgate::decision::{Denial, Reason};
use tollgate::http::{self as tollgate_http};
use tollgate::rest_api::{GatewayResponse, GatewayResponseKind};

use crate::fault::{Door, Fault};
use crate::rest_api::{Failure, customised, default_answer};

/// An answer that says no, as API Gateway writes it: a client that asks for problem details gets those in place of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body. `None`: a template of the API's makes it from the request.
    pub body: Option<String>,
    /// When another try can help; `None` when no wait helps.
    pub retry_after: Option<Duration>,
    /// The gateway response of the API that replaces API Gateway's own answer, if one does.
    pub gateway_response: Option<GatewayResponseKind>,
}

impl Answer {
    /// What a function's layer answers.
    pub(super) fn of_layer(reason: Reason) -> Self {
        let answer = tollgate_http::Answer::of(reason);
        Self {
            status: answer.status,
            body: Some(answer.body()),
            retry_after: reason.retry_after(),
            gateway_response: None,
        }
    }

    /// What an HTTP API or a function URL answers by itself.
    pub(super) fn of_fault(fault: Fault, door: Door) -> Self {
        Self {
            status: fault.status(),
            body: Some(fault.body(door)),
            retry_after: None,
            gateway_response: None,
        }
    }

    /// What a REST API answers, which has customised these gateway responses.
    pub(super) fn of_rest_api(
        failure: Failure,
        responses: &BTreeMap<GatewayResponseKind, GatewayResponse>,
    ) -> Self {
        let (kind, status) = (failure.kind, failure.status);
        let own = Self::from(failure);
        match customised(responses, kind, status) {
            None => own,
            Some((kind, response)) => Self {
                status: response
                    .status_code
                    .as_deref()
                    .and_then(|status| status.parse().ok())
                    .unwrap_or(own.status),
                body: own.body.filter(|_| response.response_templates.is_empty()),
                gateway_response: Some(*kind),
                ..own
            },
        }
    }

    /// The same for a denial.
    pub(super) fn of_denial(
        denial: &Denial,
        responses: &BTreeMap<GatewayResponseKind, GatewayResponse>,
    ) -> Self {
        let failure = Failure::denied(
            denial,
            tollgate_http::fields::Fields::AwsOnly,
            tollgate_http::Form::Aws,
        );
        Self {
            retry_after: denial.reason.retry_after(),
            ..Self::of_rest_api(failure, responses)
        }
    }
}

/// What a REST API answers without gateway responses of its own.
impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        let response = default_answer(failure);
        Self {
            status: response.status(),
            body: Some(String::from_utf8_lossy(response.body()).into_owned()),
            retry_after: None,
            gateway_response: None,
        }
    }
}
