//! The service that the layer makes.

use std::fmt;
use std::future::Future;
use std::num::NonZeroU64;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::fields::{self, Fields};
use super::problem::Problems;
use super::response::{answer_to, unavailable};
use super::sent_key;
use super::target::Target;
use crate::api::MethodPatterns;
use crate::decision::{Allowance, Decision};
use crate::limiter::{self, Limiter};
use crate::metrics::Metrics;
use crate::plan::MethodName;
use crate::store::Ledger;
use crate::time::{Clock, SystemClock};

/// Checks and charges each request before the inner service sees it. Made by [`UsagePlanLayer`](super::UsagePlanLayer).
#[derive(Debug)]
pub struct UsagePlan<S, L, C = SystemClock> {
    inner: S,
    limiter: Limiter<L, C>,
    public: Arc<MethodPatterns>,
    fields: Fields,
    problems: Problems,
    metrics: Metrics,
}

impl<S, L, C> UsagePlan<S, L, C> {
    pub(super) const fn new(
        inner: S,
        limiter: Limiter<L, C>,
        public: Arc<MethodPatterns>,
        fields: Fields,
        problems: Problems,
        metrics: Metrics,
    ) -> Self {
        Self {
            inner,
            limiter,
            public,
            fields,
            problems,
            metrics,
        }
    }
}

impl<S: Clone, L, C> Clone for UsagePlan<S, L, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            limiter: self.limiter.clone(),
            public: Arc::clone(&self.public),
            fields: self.fields,
            problems: self.problems,
            metrics: self.metrics.clone(),
        }
    }
}

impl<S, L, C, ReqBody, ResBody> Service<Request<ReqBody>> for UsagePlan<S, L, C>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    ReqBody: Send + 'static,
    ResBody: From<String> + Send,
    L: Ledger,
    C: Clock,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // The clone may not be ready: <https://docs.rs/tower/latest/tower/trait.Service.html#be-careful-when-cloning-inner-services>
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let limiter = self.limiter.clone();
        let public = Arc::clone(&self.public);
        let fields = self.fields;
        let problems = self.problems;
        let metrics = self.metrics.clone();
        // The body need not be `Sync`, so it stays out of what is shared with the decision.
        let (parts, body) = request.into_parts();
        let head = Request::from_parts(parts, ());
        ResponseFuture(Box::pin(async move {
            let decision = decide(&limiter, &public, &head).await;
            metrics.count(&decision, limiter.now());
            let allowance = match decision {
                Ok(Decision::Allow(allowance)) => allowance,
                Ok(Decision::Deny(denial)) => {
                    let form = problems.form(head.headers());
                    return Ok(answer_to(denial, fields, form));
                }
                Err(_logged_by_the_limiter) => {
                    return Ok(unavailable(problems.form(head.headers())));
                }
            };
            let mut request = head.map(|()| body);
            if let Allowance::Shadowed(_, exceeded) = &allowance {
                request.extensions_mut().insert(*exceeded);
            }
            let metered = allowance.into_metered();
            if let Some(metered) = &metered {
                request.extensions_mut().insert(metered.clone());
            }
            let mut response = inner.call(request).await?;
            let headers = response.headers_mut();
            // It is for this layer, also where nobody is charged.
            let cost = fields::take_cost(headers);
            if let Some(metered) = metered {
                if let Some(cost) = cost {
                    let _logged_by_the_limiter = limiter.settle(&metered, cost).await;
                }
                fields::insert_levels(headers, &metered.levels, fields);
            }
            Ok(response)
        }))
    }
}

async fn decide<L: Ledger, C: Clock>(
    limiter: &Limiter<L, C>,
    public: &MethodPatterns,
    request: &Request<()>,
) -> Result<Decision, crate::store::StoreError> {
    let Some(target) = Target::of(request) else {
        return Ok(Decision::not_in_plan());
    };
    if public.matches(request.method(), target.path) && target.is_path_of(request) {
        return Ok(Decision::Allow(Allowance::Unmetered));
    }
    limiter
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

/// The response of a [`UsagePlan`] service.
pub struct ResponseFuture<B, E>(Pin<Box<dyn Future<Output = Result<Response<B>, E>> + Send>>);

impl<B, E> fmt::Debug for ResponseFuture<B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture(..)")
    }
}

impl<B, E> Future for ResponseFuture<B, E> {
    type Output = Result<Response<B>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}
