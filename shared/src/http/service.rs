//! The service that the layer makes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::checkpoint::{Checked, Checkpoint};
use crate::decision::Allowance;
use crate::store::Ledger;
use crate::time::{Clock, SystemClock};

/// Checks and charges each request before the inner service sees it. Made by [`UsagePlanLayer`](super::UsagePlanLayer).
#[derive(Debug)]
pub struct UsagePlan<S, L, C = SystemClock> {
    inner: S,
    checkpoint: Checkpoint<L, C>,
}

impl<S, L, C> UsagePlan<S, L, C> {
    pub(super) const fn new(inner: S, checkpoint: Checkpoint<L, C>) -> Self {
        Self { inner, checkpoint }
    }
}

impl<S: Clone, L, C> Clone for UsagePlan<S, L, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            checkpoint: self.checkpoint.clone(),
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
        let checkpoint = self.checkpoint.clone();
        // The body need not be `Sync`, so it stays out of what is shared with the decision.
        let (parts, body) = request.into_parts();
        let head = Request::from_parts(parts, ());
        ResponseFuture(Box::pin(async move {
            let allowance = match checkpoint.check(&head).await {
                Checked::Pass(allowance) => allowance,
                Checked::Answered(response) => return Ok(response),
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
            checkpoint.finish(headers, metered.as_ref()).await;
            Ok(response)
        }))
    }
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
