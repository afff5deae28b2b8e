//! What stands between a client and a function: it decides requests, and finishes their answers.
//!
//! The tower layer and the Lambda layer both ask it, so that a function is protected alike by either.

use std::num::NonZeroU64;
use std::sync::Arc;

use http::{HeaderMap, Request, Response};

use super::fields::{self, Fields};
use super::problem::Problems;
use super::response::{answer_to, unavailable};
use super::sent_key;
use super::target::Target;
use crate::api::MethodPatterns;
use crate::decision::{Allowance, Decision, Metered};
use crate::limiter::{self, Limiter};
use crate::metrics::Metrics;
use crate::plan::MethodName;
use crate::store::dynamodb::DynamoStore;
use crate::store::{Ledger, StoreError};
use crate::time::{Clock, SystemClock};

/// Decides and charges requests before a function sees them, and finishes what it answers. Clones share what they remember.
/// [`UsagePlanLayer::checkpoint`](super::UsagePlanLayer::checkpoint) has one.
#[derive(Debug)]
pub struct Checkpoint<L = DynamoStore, C = SystemClock> {
    pub(super) limiter: Limiter<L, C>,
    pub(super) public: Arc<MethodPatterns>,
    pub(super) fields: Fields,
    pub(super) problems: Problems,
    pub(super) metrics: Metrics,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Checked<B> {
    /// It may pass.
    Pass(Allowance),
    /// It may not, or could not be decided: this is its answer.
    Answered(Response<B>),
}

impl<L, C> Clone for Checkpoint<L, C> {
    fn clone(&self) -> Self {
        Self {
            limiter: self.limiter.clone(),
            public: Arc::clone(&self.public),
            fields: self.fields,
            problems: self.problems,
            metrics: self.metrics.clone(),
        }
    }
}

impl<L: Ledger, C: Clock> Checkpoint<L, C> {
    /// Decides a request of `lambda_http`, and charges it when it may pass.
    pub async fn check<B: From<String>>(&self, head: &Request<()>) -> Checked<B> {
        let decision = self.decide(head).await;
        self.checked(decision, head.headers())
    }

    /// What becomes of a request that cannot be read: no plan can cover it.
    pub fn check_unreadable<B: From<String>>(&self) -> Checked<B> {
        self.checked(Ok(Decision::not_in_plan()), &HeaderMap::new())
    }

    /// Finishes the answer of a function to a request that has passed: what it says of its cost is taken off and charged, and the fields
    /// that tell a client its limits are added. `metered` is who was charged.
    pub async fn finish(&self, headers: &mut HeaderMap, metered: Option<&Metered>) {
        // It is for this checkpoint, also where nobody is charged.
        let cost = fields::take_cost(headers);
        if let Some(metered) = metered {
            if let Some(cost) = cost {
                let _logged_by_the_limiter = self.limiter.settle(metered, cost).await;
            }
            fields::insert_levels(headers, &metered.levels, self.fields);
        }
    }

    fn checked<B: From<String>>(
        &self,
        decision: Result<Decision, StoreError>,
        sent: &HeaderMap,
    ) -> Checked<B> {
        self.metrics.count(&decision, self.limiter.now());
        match decision {
            Ok(Decision::Allow(allowance)) => Checked::Pass(allowance),
            Ok(Decision::Deny(denial)) => {
                let form = self.problems.form(sent);
                Checked::Answered(answer_to(denial, self.fields, form))
            }
            Err(_logged_by_the_limiter) => Checked::Answered(unavailable(self.problems.form(sent))),
        }
    }

    async fn decide(&self, request: &Request<()>) -> Result<Decision, StoreError> {
        let Some(target) = Target::of(request) else {
            return Ok(Decision::not_in_plan());
        };
        if self.public.matches(request.method(), target.path) && target.is_path_of(request) {
            return Ok(Decision::Allow(Allowance::Unmetered));
        }
        self.limiter
            .decide(&limiter::Request {
                api_stage: &target.api_stage,
                method: MethodName {
                    resource: target.resource,
                    verb: request.method().as_str(),
                },
                key: sent_key(request.headers()),
                cost: NonZeroU64::MIN,
                sent_path: Some(target.path),
                gate: None,
            })
            .await
    }
}
