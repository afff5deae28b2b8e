//! REST APIs: what they consist of, their deployments and stages.

mod api;

use std::future::Future;
use std::time::Duration;

use super::Inner;
use super::call::Call;
use super::error::{ControlError, Kind};
use super::reply::Reply;
use crate::api::Verb;
use crate::id::ApiId;
use crate::random::{self, BASE36};
use crate::rest_api::{ApiRecord, Snapshot};
use crate::store::{ApiRegistry, Registry, Saved, StoredApi};
use crate::time::Clock;

/// How often a change starts again when others change the same API.
const MAX_TRIES: u32 = 32;

/// The longest pause before the first of them, in ms. It doubles with each try, up to 64 times.
const FIRST_PAUSE_MS: u64 = 2;

/// The length of the ids of resources, deployments and all else that belongs to an API.
const PART_ID_LEN: usize = 6;

/// An operation of this part, by its name in the service model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    GetRestApi,
}

/// Where each operation is.
pub(super) const OPERATIONS: &[(Verb, &str, Operation)] =
    &[(Verb::Get, "/restapis/{restapi_id}", Operation::GetRestApi)];

pub(super) async fn answer<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    operation: Operation,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    match operation {
        Operation::GetRestApi => api::get(control, call).await,
    }
}

/// A change of an API on its way to the store.
#[derive(Debug)]
struct Edit {
    /// The API with the change.
    record: ApiRecord,
    /// The id of a new deployment, and what it serves.
    snapshot: Option<(String, Snapshot)>,
}

impl<S: Registry + ApiRegistry, C: Clock> Inner<S, C> {
    fn api_not_found(&self, id: &str) -> ControlError {
        ControlError::not_found(format!(
            "Invalid API identifier specified {}:{id}",
            self.settings.account_id
        ))
    }

    /// The API that the operation's path names.
    async fn api(&self, call: &Call<'_>) -> Result<StoredApi, ControlError> {
        let id = call.path("restapi_id");
        let api = self.store.rest_api(&ApiId::from(id)).await?;
        api.ok_or_else(|| self.api_not_found(id))
    }

    /// Changes the API that the operation's path names. `change` is called again when somebody else was faster.
    async fn change_api<T>(
        &self,
        call: &Call<'_>,
        change: impl Fn(&mut Edit) -> Result<T, ControlError> + Send + Sync,
    ) -> Result<T, ControlError>
    where
        T: Send,
    {
        let mut longest_pause_ms = FIRST_PAUSE_MS;
        for _ in 0..MAX_TRIES {
            let before = self.api(call).await?;
            let mut edit = Edit {
                record: before.record.clone(),
                snapshot: None,
            };
            let value = change(&mut edit)?;
            let snapshot = edit
                .snapshot
                .as_ref()
                .map(|(id, snapshot)| (id.as_str(), snapshot));
            match self
                .store
                .save_rest_api(&before, &edit.record, snapshot)
                .await?
            {
                Saved::Yes => {
                    let id = ApiId::from(edit.record.api.id.as_str());
                    self.gateway.api_changed(&id);
                    return Ok(value);
                }
                Saved::Overtaken => pause(&mut longest_pause_ms).await?,
            }
        }
        Err(contended())
    }
}

/// Waits a random time, so that those who change one API at once do not meet again and again.
fn pause(longest_ms: &mut u64) -> impl Future<Output = Result<(), ControlError>> + Send {
    let longest = *longest_ms;
    *longest_ms = longest.saturating_mul(2).min(FIRST_PAUSE_MS * 64);
    async move {
        let random = random::number().map_err(no_entropy)?;
        let pause_ms = random.checked_rem(longest).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        Ok(())
    }
}

fn contended() -> ControlError {
    ControlError::new(
        Kind::TooManyRequests,
        "other changes to the same API came in between; try again",
    )
}

fn no_entropy(error: random::NoEntropy) -> ControlError {
    ControlError::new(Kind::Internal, error.to_string())
}

/// A new id for a part of an API.
fn new_part_id() -> Result<String, ControlError> {
    random::text(BASE36, PART_ID_LEN).map_err(no_entropy)
}
