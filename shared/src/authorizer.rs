//! A Lambda authorizer that decides by usage plans, for functions in any language behind API Gateway.
//!
//! | front door | event | answer |
//! |---|---|---|
//! | REST API, `TOKEN` | the token is the key, with or without `Bearer` before it | IAM policy |
//! | REST API, `REQUEST` | the header `x-api-key` | IAM policy |
//! | HTTP API, format 1.0 | the header `x-api-key` | IAM policy |
//! | HTTP API, format 2.0 | the header `x-api-key` | simple, or an IAM policy: [`AnswerForm`] |
//! | WebSocket API, `$connect` | the header `x-api-key`, or the query parameter of this name, since browsers send no headers | IAM policy |
//!
//! An answer that allows has in its context `keyId`, `planId`, `customerId`, `remaining`, and `meta_NAME` for each of the key's
//! [notes](crate::metadata), one that denies `reason` and `retryAfter`
//! (seconds). A denial is an answer, and so is a failure of the store: both deny.
//!
//! Each answer is a charge, so API Gateway must not remember it: set the authorizer's time to live to 0. And an authorizer can only let
//! pass or refuse: a throttled client is answered 403, or 401, and never 429, and the body is API Gateway's: no authorizer can answer with
//! problem details. Where clients have to be told when to come back, use the
//! [layer](crate::http::UsagePlanLayer).

mod answer;
mod event;
mod settings;

use std::num::NonZeroU64;

use serde::Deserialize as _;
use serde_json::Value;

use crate::decision::Decision;
use crate::http::Settings;
use crate::limiter::{Limiter, Request};
use crate::metrics::Metrics;
use crate::plan::MethodName;
use crate::random::NoEntropy;
use crate::store::Ledger;
use crate::store::dynamodb::DynamoStore;
use crate::time::{Clock, SystemClock};

pub use answer::{AnswerForm, META_PREFIX, context};
use event::Event;
pub use event::UnknownEvent;
pub use settings::{AuthorizerSettings, variable};

/// Decides requests before API Gateway passes them on. Clones share what they remember.
#[derive(Debug)]
pub struct Authorizer<L = DynamoStore, C = SystemClock> {
    limiter: Limiter<L, C>,
    metrics: Metrics,
    settings: AuthorizerSettings,
}

impl<L, C> Clone for Authorizer<L, C> {
    fn clone(&self) -> Self {
        Self {
            limiter: self.limiter.clone(),
            metrics: self.metrics.clone(),
            settings: self.settings,
        }
    }
}

impl Authorizer {
    /// The authorizer that the function's environment asks for, over DynamoDB.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes to give.
    pub fn from_settings(
        sdk_config: &aws_config::SdkConfig,
        settings: &Settings,
        authorizer: AuthorizerSettings,
    ) -> Result<Self, NoEntropy> {
        let limiter = settings.limiter(sdk_config)?;
        Ok(Self::new(limiter, authorizer).metrics(settings.metrics.clone()))
    }
}

impl<L, C> Authorizer<L, C> {
    /// An authorizer with this limiter, which counts nothing.
    pub const fn new(limiter: Limiter<L, C>, settings: AuthorizerSettings) -> Self {
        Self {
            limiter,
            metrics: Metrics::off(),
            settings,
        }
    }

    /// Where decisions are counted.
    #[must_use]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }
}

impl<L: Ledger, C: Clock> Authorizer<L, C> {
    /// Makes the connection to the store: [`Limiter::warm_up`].
    pub async fn warm_up(&self) {
        self.limiter.warm_up().await;
    }

    /// Whether there may be something to give back: [`Limiter::takes_leases`].
    pub fn takes_leases(&self) -> bool {
        self.limiter.takes_leases()
    }

    /// Gives back what was charged in advance. Call it when the process is about to end: [`Limiter::hand_back`].
    pub async fn hand_back(&self) {
        self.limiter.hand_back().await;
    }

    /// The answer to an event, as API Gateway expects it for this kind of event.
    ///
    /// # Errors
    ///
    /// When the event is none of an authorizer, so that it cannot be said what an answer would look like.
    pub async fn answer(&self, event: &Value) -> Result<Value, UnknownEvent> {
        // What is wrong with it is not told: the text would show a part of the event, and events carry keys.
        let event = Event::deserialize(event).map_err(|_shows_a_part| UnknownEvent)?;
        let asked = event.asked(self.settings.answer)?;
        let decision = match &asked.target {
            None => Ok(Decision::not_in_plan()),
            Some(target) => {
                let request = Request {
                    api_stage: &target.api_stage,
                    method: MethodName {
                        resource: &target.resource,
                        verb: &target.verb,
                    },
                    key: asked.key.as_deref(),
                    cost: NonZeroU64::MIN,
                    sent_path: event.sent_path(),
                    gate: None,
                };
                self.limiter.decide(&request).await
            }
        };
        self.metrics.count(&decision, self.limiter.now());
        let key = asked.key.as_deref().filter(|_| self.settings.hands_on_key);
        Ok(answer::of(&asked.form, &decision, key))
    }
}
