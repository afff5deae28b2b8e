//! REST APIs, served from what their stages have deployed.
//!
//! A request goes through the steps of API Gateway, in its order: the method that its path and verb choose, the authorizer, the key
//! and its plan, the limits of the stage and of the account, the request validator, the integration. Whatever ends it before, the
//! answer is the API's gateway response for the occasion.

mod access;
mod call;
mod context;
mod denied;
mod failure;
mod gateway_response;
mod integration;
mod mapped;
mod media_type;
mod method;
mod pipeline;
mod served;
mod services;
mod stages;
mod test_invoke;
mod validation;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Response};
use hyper::body::Incoming;
use tollgate::bucket::Throttle;
use tollgate::control::{Gateway, TestInvocation, TestInvocationResult};
use tollgate::http::Problems;
use tollgate::http::fields::Fields;
use tollgate::id::ApiId;
use tollgate::limiter::Limiter;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::Clock;

pub use call::{Call, Source};
pub use denied::Denied;
pub use stages::{CHECKED_EVERY, MISSING_CHECKED_EVERY};

use crate::authorize::Authorizers;
use crate::content::Content;
use crate::http_client::HttpClient;
use crate::incoming::REQUEST_ID;
use crate::lambda::Lambdas;
use crate::shared_throttle::SharedThrottles;
use crate::tally::Tally;
use call::Place;
pub(crate) use failure::Failure;
pub(crate) use gateway_response::{customised, default_answer};
pub(crate) use served::insert_method;
use services::Services;
use stages::Stages;

const APIGW_ID: HeaderName = HeaderName::from_static("x-amz-apigw-id");

/// What REST APIs are served with.
#[derive(Debug)]
pub struct RestApisSettings {
    /// Where the APIs stand.
    pub store: DynamoStore,
    /// What enforces plans.
    pub limiter: Limiter<DynamoStore>,
    /// Where its decisions are counted.
    pub tally: Tally,
    /// The functions that methods and authorizers may name.
    pub lambdas: Lambdas,
    /// Which fields answers carry.
    pub fields: Fields,
    /// When refusals are told as problem details.
    pub problems: Problems,
    /// The account that APIs say they are in.
    pub account_id: String,
    /// The region that APIs say they are in.
    pub region: String,
    /// The limit of all REST APIs together.
    pub account_limit: Throttle,
    /// The port of the gateway.
    pub port: u16,
}

/// Every REST API in the store.
#[derive(Debug)]
pub struct RestApis {
    stages: Stages,
    limiter: Limiter<DynamoStore>,
    tally: Tally,
    services: Services,
    fields: Fields,
    problems: Problems,
    place: Place,
}

impl RestApis {
    /// The REST APIs of a store. `clock` says when a stage has to be looked at again, and how fast requests come.
    #[must_use]
    pub fn new(settings: RestApisSettings, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            stages: Stages::new(settings.store),
            limiter: settings.limiter,
            tally: settings.tally,
            services: Services {
                lambdas: settings.lambdas,
                client: HttpClient::default(),
                authorizers: Authorizers::new(Arc::clone(&clock)),
                throttles: SharedThrottles::new(settings.account_limit),
                clock,
            },
            fields: settings.fields,
            problems: settings.problems,
            place: Place {
                account_id: settings.account_id,
                region: settings.region,
                port: settings.port,
            },
        })
    }

    /// Answers a request.
    pub async fn answer(&self, call: Call<'_>, body: Incoming) -> Response<Content> {
        let served = self
            .stages
            .get(call.api_id, call.stage, &self.services)
            .await;
        let mut response = match served {
            Ok(Some(served)) => self.serve(&served, call, body).await,
            Ok(None) => default_answer(Failure::no_stage()).map(Content::from),
            Err(error) => {
                tracing::error!(
                    api.id = call.api_id,
                    stage = call.stage,
                    error = &error as &dyn std::error::Error,
                    "could not find a stage: the store did not answer"
                );
                default_answer(Failure::unavailable()).map(Content::from)
            }
        };
        insert(&mut response, REQUEST_ID, &call.ids.request);
        insert(&mut response, APIGW_ID, &call.ids.extended);
        response
    }
}

impl Gateway for RestApis {
    fn api_changed(&self, _: &ApiId) {
        self.stages.changed();
    }

    fn test_invoke(
        &self,
        invocation: TestInvocation,
    ) -> Pin<Box<dyn Future<Output = Option<TestInvocationResult>> + Send + '_>> {
        Box::pin(self.test(invocation))
    }
}

fn insert<B>(response: &mut Response<B>, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(name, value);
    }
}
