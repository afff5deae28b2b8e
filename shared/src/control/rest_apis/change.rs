//! Changes of an API: read, change, write if nobody else has, and otherwise again.

use std::time::Duration;

use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::{ControlError, Kind};
use crate::id::ApiId;
use crate::random::{self, BASE36};
use crate::rest_api::{ApiRecord, Snapshot};
use crate::store::{ApiRegistry, Registry, Saved, StoredApi};
use crate::time::Clock;

/// How often a change starts again when others change the same API.
const MAX_TRIES: u32 = 32;

/// The longest pause before the second try, in ms. It doubles with each further one.
const FIRST_PAUSE_MS: u64 = 2;

/// The longest pause of all, in ms.
const LONGEST_PAUSE_MS: u64 = 128;

/// The length of the ids of APIs, and of their roots.
const API_ID_LEN: usize = 10;

/// The length of the ids of resources, deployments and all else that belongs to an API.
const PART_ID_LEN: usize = 6;

/// A change of an API on its way to the store.
#[derive(Debug)]
pub(in crate::control) struct Edit {
    /// The API with the change.
    pub(in crate::control) record: ApiRecord,
    /// The id of a new deployment, and what it serves.
    pub(super) snapshot: Option<(String, Snapshot)>,
}

impl<S: Registry + ApiRegistry, C: Clock> Inner<S, C> {
    /// What most operations say of an API that does not exist.
    pub(super) fn api_not_found(&self, id: &str) -> ControlError {
        ControlError::not_found(format!(
            "Invalid API identifier specified {}:{id}",
            self.settings.account_id
        ))
    }

    /// The API that the operation's path names.
    pub(in crate::control) async fn api(&self, call: &Call<'_>) -> Result<StoredApi, ControlError> {
        let id = call.path("restapi_id");
        self.api_or(call, || self.api_not_found(id)).await
    }

    /// The API that the operation's path names. `missing` is what the operation says when there is none.
    pub(super) async fn api_or(
        &self,
        call: &Call<'_>,
        missing: impl FnOnce() -> ControlError + Send,
    ) -> Result<StoredApi, ControlError> {
        let id = ApiId::from(call.path("restapi_id"));
        self.store.rest_api(&id).await?.ok_or_else(missing)
    }

    /// Changes the API that the operation's path names. `change` is called again when somebody else was faster.
    pub(in crate::control) async fn change_api<T: Send>(
        &self,
        call: &Call<'_>,
        change: impl Fn(&mut Edit) -> Result<T, ControlError> + Send + Sync,
    ) -> Result<T, ControlError> {
        let id = call.path("restapi_id");
        self.change_api_or(call, || self.api_not_found(id), change)
            .await
    }

    /// [`Inner::change_api`], with what the operation says when there is no such API.
    pub(super) async fn change_api_or<T: Send>(
        &self,
        call: &Call<'_>,
        missing: impl Fn() -> ControlError + Send + Sync,
        change: impl Fn(&mut Edit) -> Result<T, ControlError> + Send + Sync,
    ) -> Result<T, ControlError> {
        let mut tries = Tries::new();
        loop {
            let before = self.api_or(call, &missing).await?;
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
                Saved::Overtaken => tries.again().await?,
            }
        }
    }
}

/// The tries of a change, and the pauses between them.
#[derive(Debug)]
pub(super) struct Tries {
    left: u32,
    longest_pause_ms: u64,
}

impl Tries {
    pub(super) const fn new() -> Self {
        Self {
            left: MAX_TRIES,
            longest_pause_ms: FIRST_PAUSE_MS,
        }
    }

    /// Waits a random time, so that those who change one API at once do not meet again and again.
    ///
    /// # Errors
    ///
    /// 429 when that was the last try.
    pub(super) async fn again(&mut self) -> Result<(), ControlError> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Err(ControlError::new(
                Kind::TooManyRequests,
                "other changes to the same API came in between; try again",
            ));
        }
        let random = random::number().map_err(no_entropy)?;
        let pause_ms = random.checked_rem(self.longest_pause_ms).unwrap_or(0);
        self.longest_pause_ms = self
            .longest_pause_ms
            .saturating_mul(2)
            .min(LONGEST_PAUSE_MS);
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        Ok(())
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what `map_err` hands over"
)]
pub(super) fn no_entropy(error: random::NoEntropy) -> ControlError {
    ControlError::new(Kind::Internal, error.to_string())
}

/// A new id for an API or for its root.
pub(super) fn new_api_id() -> Result<String, ControlError> {
    random::text(BASE36, API_ID_LEN).map_err(no_entropy)
}

/// A new id for a part of an API, other than those which `taken` knows.
pub(super) fn new_part_id(taken: impl Fn(&str) -> bool) -> Result<String, ControlError> {
    loop {
        let id = random::text(BASE36, PART_ID_LEN).map_err(no_entropy)?;
        if !taken(&id) {
            return Ok(id);
        }
    }
}
