//! The gateway that serves what the management API deploys, as far as the management API knows it.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde::Serialize;

use crate::id::ApiId;
use crate::rest_api::Snapshot;

/// The gateway behind the management API.
pub trait Gateway: fmt::Debug + Send + Sync {
    /// An API, or a stage of it, is not what it was: the next request has to see it.
    fn api_changed(&self, id: &ApiId);

    /// Sends a request to one method of an API as it is being edited. Nothing is checked before the method's own integration: no key, no plan,
    /// no authorizer. `None`: this gateway runs no integrations.
    fn test_invoke(
        &self,
        invocation: TestInvocation,
    ) -> Pin<Box<dyn Future<Output = Option<TestInvocationResult>> + Send + '_>>;
}

/// A request for one method. Shape `TestInvokeMethodRequest`.
#[derive(Clone, Debug)]
pub struct TestInvocation {
    /// The API as it is being edited.
    pub snapshot: Snapshot,
    /// The resource.
    pub resource_id: String,
    /// The verb to send.
    pub http_method: String,
    /// The path with the query, if the resource's own path is not meant.
    pub path_with_query_string: Option<String>,
    /// The body.
    pub body: String,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The stage variables.
    pub stage_variables: BTreeMap<String, String>,
}

/// The answer of a method. Shape `TestInvokeMethodResponse`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestInvocationResult {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// The header fields; of several of one name, the last.
    pub headers: BTreeMap<String, String>,
    /// The header fields.
    pub multi_value_headers: BTreeMap<String, Vec<String>>,
    /// What happened, line by line.
    pub log: String,
    /// How long it took, in ms.
    pub latency: u64,
}

/// Where nothing is served: only keys, plans and definitions are managed.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoGateway;

impl Gateway for NoGateway {
    fn api_changed(&self, _: &ApiId) {}

    fn test_invoke(
        &self,
        _: TestInvocation,
    ) -> Pin<Box<dyn Future<Output = Option<TestInvocationResult>> + Send + '_>> {
        Box::pin(std::future::ready(None))
    }
}
