//! The management API: what API Gateway's clients ask of its control plane, in its wire format (restJson1, version 2015-07-09).
//!
//! [`Control`] is a tower service over a store. The gateway mounts it on its admin port. Whoever mounts it decides who may call it: signatures
//! are read, and not verified here.

mod call;
mod concurrent;
mod error;
mod gateway;
mod housekeeping;
mod members;
pub mod openapi;
mod patch;
mod reply;
mod resources;
mod rest_apis;
mod settings;
mod signature;
mod usage_plans;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use percent_encoding::percent_decode_str;
use tower_service::Service;

use self::call::Call;
use self::error::ControlError;
use self::reply::Reply;
use crate::api::{PathTemplate, RouteMatch, Routes, Routing};
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

pub use gateway::{Gateway, NoGateway, TestInvocation, TestInvocationResult};
pub use housekeeping::{HousekeepingSummary, keep_house};
pub use resources::{Resource, ResourceChange, ResourceError, ResourceRequest, ResourceType};
pub use settings::{ACCOUNT_BURST, ACCOUNT_RATE, Settings, UnmanagedStages, account_limit_of_aws};
pub use usage_plans::{
    CREATED_AT_TAG, DEFAULT_OVERLAP, EXPIRES_AT_TAG, ID_TAG, IMPORT_TAG, ImportEffect,
    InvalidOverlap, InvalidTags, KeyStatus, MAX_DESCRIPTION_LEN, MAX_INTEGER, MAX_NAME_LEN,
    PreviewError, PreviewedKey, PreviewedRecord, check_tags, key_statuses, parse_instant,
    parse_overlap,
};

/// The management API of one table. Clones share everything.
///
/// `REST_APIS` says whether it manages REST APIs too, and not only keys, plans and what belongs to them. A program that leaves them out does
/// not carry their code, which is a third of it: Lambda loads a function's program at each cold start.
pub struct Control<S, C, const REST_APIS: bool = true>(Arc<Inner<S, C>>);

struct Inner<S, C> {
    store: S,
    clock: C,
    settings: Settings,
    gateway: Arc<dyn Gateway>,
    routes: Routes<Operation>,
}

/// An operation, by the part of the API that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    UsagePlans(usage_plans::Operation),
    RestApis(rest_apis::Operation),
}

/// The operations have no path that routes refuse. A test makes them all.
#[derive(Debug, thiserror::Error)]
#[error("the operations of the management API cannot be routed: {0}")]
pub struct RoutesError(String);

impl<S: Registry + ApiRegistry, C: Clock, const REST_APIS: bool> Control<S, C, REST_APIS> {
    /// The management API of `store`. It tells `gateway` what has changed.
    ///
    /// # Errors
    ///
    /// Never: it would be a fault of the list of operations.
    pub fn new(
        store: S,
        clock: C,
        settings: Settings,
        gateway: Arc<dyn Gateway>,
    ) -> Result<Self, RoutesError> {
        // Other than in APIs that clients define, a variable has another name in each operation.
        let mut routes = Routes::new(Routing::HttpApi);
        let usage_plans = usage_plans::OPERATIONS
            .iter()
            .map(|(verb, path, operation)| (*verb, *path, Operation::UsagePlans(*operation)));
        let rest_apis = REST_APIS.then_some(rest_apis::OPERATIONS);
        let rest_apis = rest_apis
            .into_iter()
            .flatten()
            .map(|(verb, path, operation)| (*verb, *path, Operation::RestApis(*operation)));
        for (verb, path, operation) in usage_plans.chain(rest_apis) {
            let template: PathTemplate = path
                .parse()
                .map_err(|error| RoutesError(format!("{error}")))?;
            routes
                .insert(verb, template, operation)
                .map_err(|conflict| RoutesError(conflict.to_string()))?;
        }
        Ok(Self(Arc::new(Inner {
            store,
            clock,
            settings,
            gateway,
            routes,
        })))
    }

    /// Answers one request. The path may have no prefix: `/apikeys`, `/restapis/…`.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        // Boxed: the largest operation makes a future of many KB, which callers would carry on their stacks.
        match Box::pin(self.0.answer::<REST_APIS>(&request)).await {
            Ok(reply) => reply.into_response(),
            Err(error) => error.into_response(),
        }
    }

    /// What an import of a list of keys would do, record by record: `POST /apikeys?mode=import&format=csv`. Nothing is written.
    ///
    /// # Errors
    ///
    /// When the list cannot be read, has more keys than there is room for, or the store does not answer.
    pub async fn preview_import(&self, list: &[u8]) -> Result<Vec<PreviewedRecord>, PreviewError> {
        let preview = Box::pin(usage_plans::preview_import(&self.0, list)).await;
        preview.map_err(PreviewError::from)
    }
}

impl<S: Registry + ApiRegistry, C: Clock> Inner<S, C> {
    async fn answer<const REST_APIS: bool>(
        &self,
        request: &Request<Bytes>,
    ) -> Result<Reply, ControlError> {
        signature::check(request.headers())?;
        // A trailing slash is no other resource.
        let path = request.uri().path();
        let path = path
            .strip_suffix('/')
            .filter(|path| !path.is_empty())
            .unwrap_or(path);
        let RouteMatch::Found(found) = self.routes.find(request.method(), path) else {
            return Err(ControlError::unknown_operation(request.method(), path));
        };
        let parameters = found
            .parameters
            .iter()
            .map(|(name, value)| {
                let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
                (*name, value)
            })
            .collect();
        let call = Call::new(request, parameters, self.clock.now());
        match *found.value {
            Operation::UsagePlans(operation) => usage_plans::answer(self, operation, &call).await,
            Operation::RestApis(operation) => {
                self.answer_of_rest_apis::<REST_APIS>(operation, &call)
                    .await
            }
        }
    }

    /// Not `async`: what awaits an answer carries the code that makes it, whether it is ever reached or not.
    fn answer_of_rest_apis<'a, const REST_APIS: bool>(
        &'a self,
        operation: rest_apis::Operation,
        call: &'a Call<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, ControlError>> + Send + 'a>> {
        if REST_APIS {
            Box::pin(rest_apis::answer(self, operation, call))
        } else {
            // There are no routes to it.
            Box::pin(std::future::ready(Err(ControlError::bad_request(
                "REST APIs are not managed here.",
            ))))
        }
    }
}

impl<S, C, const REST_APIS: bool> Clone for Control<S, C, REST_APIS> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S, C, const REST_APIS: bool> fmt::Debug for Control<S, C, REST_APIS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

impl<S: Registry + ApiRegistry, C: Clock, const REST_APIS: bool> Service<Request<Bytes>>
    for Control<S, C, REST_APIS>
{
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let control = self.clone();
        Box::pin(async move { Ok(control.answer(request).await) })
    }
}
