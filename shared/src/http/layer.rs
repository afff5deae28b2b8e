//! The tower layer.

use std::sync::Arc;

use tower_layer::Layer;

use super::checkpoint::Checkpoint;
use super::fields::Fields;
use super::problem::Problems;
use super::service::UsagePlan;
use super::settings::Settings;
use crate::api::MethodPatterns;
use crate::limiter::Limiter;
use crate::metrics::Metrics;
use crate::random::NoEntropy;
use crate::store::Ledger;
use crate::store::dynamodb::DynamoStore;
use crate::time::{Clock, SystemClock};

/// Puts a usage plan in front of a `lambda_http` service.
///
/// Every method requires an API key in the header `x-api-key`, but those named public. A request that may pass goes on, with
/// [`Metered`](crate::decision::Metered) in its extensions; every other one is answered as API Gateway would.
///
/// ```no_run
/// use lambda_http::{Body, Error, Request, Response, service_fn, tower::ServiceBuilder};
/// use tollgate::http::{Settings, UsagePlanLayer};
///
/// # async fn start() -> Result<(), Error> {
/// let sdk_config = aws_config::load_from_env().await;
/// let settings = Settings::from_env()?;
/// let layer = settings.map(|settings| UsagePlanLayer::from_settings(&sdk_config, &settings)).transpose()?;
/// if let Some(layer) = &layer {
///     layer.warm_up().await;
///     // At the end of the environment, with the feature `graceful-shutdown` of lambda_runtime:
///     // let layer = layer.clone();
///     // lambda_runtime::spawn_graceful_shutdown_handler(|| async move { layer.hand_back().await }).await;
/// }
/// let hello = service_fn(|_: Request| async { Ok::<_, Error>(Response::new(Body::from("hello"))) });
/// lambda_http::run(ServiceBuilder::new().option_layer(layer).service(hello)).await
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct UsagePlanLayer<L = DynamoStore, C = SystemClock> {
    checkpoint: Checkpoint<L, C>,
}

impl<L, C> Clone for UsagePlanLayer<L, C> {
    fn clone(&self) -> Self {
        Self {
            checkpoint: self.checkpoint.clone(),
        }
    }
}

impl UsagePlanLayer {
    /// The layer that the function's environment asks for, over DynamoDB.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes to give.
    pub fn from_settings(
        sdk_config: &aws_config::SdkConfig,
        settings: &Settings,
    ) -> Result<Self, NoEntropy> {
        Ok(Self::new(settings.limiter(sdk_config)?)
            .public(settings.public.clone())
            .fields(settings.fields)
            .problems(settings.problems)
            .metrics(settings.metrics.clone()))
    }
}

impl<L, C> UsagePlanLayer<L, C> {
    /// A layer with this limiter, in which every method requires a key.
    pub fn new(limiter: Limiter<L, C>) -> Self {
        Self {
            checkpoint: Checkpoint {
                limiter,
                public: Arc::default(),
                fields: Fields::All,
                problems: Problems::default(),
                metrics: Metrics::off(),
            },
        }
    }

    /// The methods that require no key, and are not metered.
    pub fn public(mut self, methods: MethodPatterns) -> Self {
        self.checkpoint.public = Arc::new(methods);
        self
    }

    /// Which fields answers carry.
    pub const fn fields(mut self, fields: Fields) -> Self {
        self.checkpoint.fields = fields;
        self
    }

    /// When refusals are told as problem details. To clients that ask without it.
    pub const fn problems(mut self, problems: Problems) -> Self {
        self.checkpoint.problems = problems;
        self
    }

    /// Where decisions are counted. Nowhere without it.
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.checkpoint.metrics = metrics;
        self
    }

    /// What decides, for requests that reach a function in another way than through tower.
    pub const fn checkpoint(&self) -> &Checkpoint<L, C> {
        &self.checkpoint
    }
}

impl<L: Ledger, C: Clock> UsagePlanLayer<L, C> {
    /// Makes the connection to the store. Call it before the function takes requests: [`Limiter::warm_up`].
    pub async fn warm_up(&self) {
        self.checkpoint.limiter.warm_up().await;
    }

    /// Whether there may be something to give back: [`Limiter::takes_leases`].
    pub fn takes_leases(&self) -> bool {
        self.checkpoint.limiter.takes_leases()
    }

    /// Gives back what was charged in advance. Call it when the process is about to end: [`Limiter::hand_back`].
    pub async fn hand_back(&self) {
        self.checkpoint.limiter.hand_back().await;
    }
}

impl<S, L, C> Layer<S> for UsagePlanLayer<L, C> {
    type Service = UsagePlan<S, L, C>;

    fn layer(&self, inner: S) -> Self::Service {
        UsagePlan::new(inner, self.checkpoint.clone())
    }
}
