//! Who may call a method: Lambda authorizers of REST APIs and HTTP APIs, and signatures.
//!
//! Of REST APIs, kinds `TOKEN` and `REQUEST` are executed; of HTTP APIs, Lambda authorizers. Methods with an authorizer of another kind are not open: they answer 500, and the log
//! says why. What is done for a request, in order:
//!
//! 1. The identity is read from the places that the authorizer names. When one is missing or empty, or the token does not have the
//!    form that is asked for, the answer is 401 and the function is not called.
//! 2. An answer that was given for the same identity is used again for the authorizer's time to live. Else the function is called.
//! 3. The answer's policy is evaluated for the ARN of the method that is asked for, whether or not it comes from the cache. The simple
//!    answer of an HTTP API's authorizer holds for every method.
//!
//! The rules follow API Gateway's developer guide; the answers to refused requests were reported by users of it.

mod answer;
mod cache;
mod config;
mod event;
mod function;
mod identity;
mod method_arn;
mod policy;
mod refused;
mod signature;
#[cfg(test)]
mod tests;
mod wildcard;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::time::timeout;
use tollgate::time::Clock;
use tracing::{info, warn};

use crate::event::ProxyRequest;
use answer::AuthorizerAnswer;
use cache::{AnswerCache, CacheKey};
use config::Executable;
use policy::Outcome;

pub use answer::UsageIdentifierKey;
pub use config::LambdaAuthorizer;
pub use function::call;
pub use refused::{GatewayError, Refused};
pub use signature::Signature;

/// The longest time that a function may take, as for an integration.
const MAX_DURATION: Duration = Duration::from_secs(29);

/// A request that an authorizer lets pass.
#[derive(Clone, Debug)]
pub struct Authorized {
    answer: Arc<AuthorizerAnswer>,
    was_cached: bool,
}

impl Authorized {
    /// Whom the function recognised: `$context.authorizer.principalId`.
    pub fn principal_id(&self) -> Option<&str> {
        self.answer.principal_id()
    }

    /// What stands in an event as `requestContext.authorizer`, and in templates as `$context.authorizer`. To a REST API: the principal,
    /// how long the function took in milliseconds (0 for an answer that is used again), and the function's context, all of it as text.
    /// To an HTTP API: the function's context as it is.
    pub fn context(&self) -> &Map<String, Value> {
        self.answer.context(self.was_cached)
    }

    /// The key that the function names for usage plans, for APIs whose key source is `AUTHORIZER`. Whether it is a key at all is
    /// for the limiter to say.
    pub fn usage_identifier_key(&self) -> Option<&UsageIdentifierKey> {
        self.answer.usage_identifier_key()
    }
}

/// Why a function gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvocationFailure {
    /// The handler failed. The text `Unauthorized` refuses the caller with 401.
    Function {
        /// The member `errorMessage` of its answer.
        message: String,
    },
    /// The function could not be called, did not answer in time, or its process ended.
    Unavailable {
        /// What happened, for the log.
        reason: String,
    },
}

/// Asks authorizers, and remembers what they answered. Clones share the memory.
#[derive(Clone, Debug)]
pub struct Authorizers(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    cache: AnswerCache,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl Authorizers {
    /// Remembers nothing yet. `clock` says when an answer is too old.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            clock,
            cache: AnswerCache::default(),
        }))
    }

    /// Asks `authorizer` about `request` to an API in `region`.
    ///
    /// `invoke` calls the function behind [`LambdaAuthorizer::uri`] with an event, and brings its answer's bytes. It is called once at
    /// the most, and not at all when the identity is missing or its answer is remembered.
    ///
    /// # Errors
    ///
    /// What to answer instead of calling the integration. The reason has been logged.
    pub async fn authorize<F, R>(
        &self,
        authorizer: &LambdaAuthorizer,
        request: &ProxyRequest<'_>,
        region: &str,
        invoke: F,
    ) -> Result<Authorized, Refused>
    where
        F: FnOnce(Bytes) -> R + Send,
        R: Future<Output = Result<Bytes, InvocationFailure>> + Send,
    {
        let result = self.decide(authorizer, request, region, invoke).await;
        if let Err(refused) = &result
            && !matches!(refused, Refused::AuthorizerConfiguration)
        {
            info!(
                api.id = request.api_id,
                api.stage = request.stage,
                authorizer.id = authorizer.id(),
                resource = request.resource_path,
                method = request.method.as_str(),
                request_id = request.request_id,
                decision = refused.as_str(),
                "denied a request"
            );
        }
        result
    }

    /// Forgets what the authorizers of a stage answered, as `FlushStageAuthorizersCache` does.
    pub fn flush(&self, api_id: &str, stage: &str) {
        self.0.cache.flush(api_id, stage);
    }

    async fn decide<F, R>(
        &self,
        authorizer: &LambdaAuthorizer,
        request: &ProxyRequest<'_>,
        region: &str,
        invoke: F,
    ) -> Result<Authorized, Refused>
    where
        F: FnOnce(Bytes) -> R + Send,
        R: Future<Output = Result<Bytes, InvocationFailure>> + Send,
    {
        let executable = authorizer.executable().map_err(|reason| {
            warn!(
                authorizer.id = authorizer.id(),
                "an authorizer cannot be executed: {reason}"
            );
            Refused::AuthorizerConfiguration
        })?;
        let identity = executable.identity(request).ok_or(Refused::Unauthorized)?;
        let method_arn = method_arn::of(request, region);
        let key = (!identity.is_empty() && executable.ttl > Duration::ZERO)
            .then(|| CacheKey::new(request, authorizer.id(), &identity));
        let remembered = key
            .as_ref()
            .and_then(|key| self.0.cache.get(key, self.0.clock.now()));
        let was_cached = remembered.is_some();
        let answer = if let Some(answer) = remembered {
            answer
        } else {
            let event = event::of(executable.kind, request, &method_arn, &identity)
                .map_err(|error| failed(authorizer, &error.to_string()))?;
            self.ask(authorizer, executable, event, key, invoke).await?
        };
        match answer.evaluate(&method_arn) {
            Outcome::Allow => Ok(Authorized { answer, was_cached }),
            Outcome::ExplicitDeny => Err(Refused::ExplicitDeny(Authorized { answer, was_cached })),
            Outcome::ImplicitDeny => Err(Refused::ImplicitDeny(Authorized { answer, was_cached })),
        }
    }

    async fn ask<F, R>(
        &self,
        authorizer: &LambdaAuthorizer,
        executable: &Executable,
        event: Bytes,
        key: Option<CacheKey>,
        invoke: F,
    ) -> Result<Arc<AuthorizerAnswer>, Refused>
    where
        F: FnOnce(Bytes) -> R + Send,
        R: Future<Output = Result<Bytes, InvocationFailure>> + Send,
    {
        let asked_at = self.0.clock.now();
        let payload = match timeout(MAX_DURATION, invoke(event)).await {
            Ok(Ok(payload)) => payload,
            Ok(Err(InvocationFailure::Function { message })) if message == "Unauthorized" => {
                return Err(Refused::Unauthorized);
            }
            Ok(Err(InvocationFailure::Function { message })) => {
                return Err(failed(authorizer, &format!("it failed with: {message}")));
            }
            Ok(Err(InvocationFailure::Unavailable { reason })) => {
                return Err(failed(authorizer, &reason));
            }
            Err(_elapsed) => {
                let reason = format!("it did not answer within {} s", MAX_DURATION.as_secs());
                return Err(failed(authorizer, &reason));
            }
        };
        let now = self.0.clock.now();
        let latency = now.saturating_since(asked_at);
        let answer = AuthorizerAnswer::parse(&payload, latency, executable.form)
            .map_err(|error| failed(authorizer, &error.to_string()))?;
        if answer.has_conditions() {
            warn!(
                authorizer.id = authorizer.id(),
                "the policy has a Condition, which is not simulated: its Allow counts for nothing, its Deny always"
            );
        }
        let answer = Arc::new(answer);
        if let Some(key) = key {
            let expires_at = now.saturating_add(executable.ttl);
            self.0.cache.insert(key, Arc::clone(&answer), expires_at);
        }
        Ok(answer)
    }
}

fn failed(authorizer: &LambdaAuthorizer, reason: &str) -> Refused {
    warn!(
        authorizer.id = authorizer.id(),
        "an authorizer gave no answer that can be used: {reason}"
    );
    Refused::AuthorizerConfiguration
}
