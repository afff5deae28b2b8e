//! What an operator needs of a store that keeps REST APIs, and what a gateway reads of it.

use std::future::Future;

use super::{Page, PageRequest, RegistryError, StoreError};
use crate::id::{ApiId, ApiStage};
use crate::rest_api::{ApiRecord, RestApi, Snapshot, Stage};

/// An API as it was read. A change of it is only written while nobody else has changed it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredApi {
    /// The API.
    pub record: ApiRecord,
    /// Which change of it this is.
    pub rev: u64,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was written.
    Yes,
    /// The API has been changed or deleted since it was read: nothing was written.
    Overtaken,
}

/// What an operator does with REST APIs. Every change is whole or not made at all.
///
/// # Errors
///
/// Each call fails with [`RegistryError::Store`] when the store does not answer, and as its own text says.
pub trait ApiRegistry: Send + Sync + 'static {
    /// The APIs, newest first.
    fn rest_apis(
        &self,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<RestApi>, StoreError>> + Send;

    /// The API with this id.
    fn rest_api(
        &self,
        id: &ApiId,
    ) -> impl Future<Output = Result<Option<StoredApi>, StoreError>> + Send;

    /// Creates an API. `IdTaken` when there is one with this id.
    fn create_rest_api(
        &self,
        record: &ApiRecord,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// Writes `after` in place of `before`, and the snapshot of a new deployment with it. Snapshots of deployments that `after` has no
    /// longer are removed. `TooLarge` when the API is.
    fn save_rest_api(
        &self,
        before: &StoredApi,
        after: &ApiRecord,
        snapshot: Option<(&str, &Snapshot)>,
    ) -> impl Future<Output = Result<Saved, RegistryError>> + Send;

    /// Deletes an API with its stages. Its deployments follow at once; interrupted, they stay behind unseen.
    fn delete_rest_api(
        &self,
        before: &StoredApi,
    ) -> impl Future<Output = Result<Saved, RegistryError>> + Send;

    /// What a deployment serves.
    fn snapshot(
        &self,
        id: &ApiId,
        deployment_id: &str,
    ) -> impl Future<Output = Result<Option<Snapshot>, StoreError>> + Send;

    /// A stage, read alone: what a gateway asks for to see whether it has changed.
    fn stage(
        &self,
        api_stage: &ApiStage,
    ) -> impl Future<Output = Result<Option<Stage>, StoreError>> + Send;

    /// The role that an operator named for logs. Tollgate only keeps it.
    fn cloudwatch_role(&self) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// Keeps the name of a role for logs, or forgets it.
    fn set_cloudwatch_role(
        &self,
        arn: Option<&str>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
