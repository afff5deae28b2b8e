//! The stages that requests have reached, ready to serve.
//!
//! A stage is read from the store by its first request, and remembered. After [`CHECKED_EVERY`] one request looks whether the stage's
//! item is still the same, so that what other processes deploy is seen; meanwhile the others are answered from what is known. What
//! this process changes is seen by the next request: each change is counted, and what was read before the latest is read again. In
//! between, a request costs one look into a map that never changes, hence without a lock, and no request to the store.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use indexmap::IndexMap;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use tollgate::id::ApiStage;
use tollgate::rest_api::{Snapshot, Stage};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{ApiRegistry, StoreError};
use tollgate::time::Timestamp;
use tracing::warn;

use super::served::Served;
use super::services::Services;

/// How long a stage is served before the store is asked whether it has changed.
pub const CHECKED_EVERY: Duration = Duration::from_secs(30);

/// How long the store is not asked again about a stage that does not exist, or that it could not tell about.
pub const MISSING_CHECKED_EVERY: Duration = Duration::from_secs(1);

/// How many stages are remembered at the most, those that do not exist among them.
const CAPACITY: usize = 1_000;

/// How many stages are found without a lock. The others take one that is theirs and their neighbours' in the cache.
const READY_CAPACITY: usize = 256;

/// How often a request looks again because an API was changed while it waited.
const MAX_LOADS: usize = 4;

/// A stage as it was last read.
#[derive(Debug)]
struct Known {
    /// `None`: there is no such stage.
    found: Option<Found>,
    /// The changes that had been made before it was read.
    changes: u64,
    /// When the store is to be asked again, in ms since the epoch.
    check_at_ms: AtomicU64,
}

#[derive(Clone, Debug)]
struct Found {
    stage: Stage,
    snapshot: Arc<Snapshot>,
    served: Arc<Served>,
}

/// What a load came to. A failure is not remembered: it goes to those who waited for the load.
type Loaded = Result<Arc<Known>, StoreError>;

/// Stages that requests find without a lock.
type Ready = IndexMap<ApiStage, Arc<Known>>;

/// The name of a stage, to look for without a copy of it. Its hash is that of [`ApiStage`].
#[derive(Clone, Copy, Hash)]
struct StageRef<'a> {
    api_id: &'a str,
    stage: &'a str,
}

impl Equivalent<ApiStage> for StageRef<'_> {
    fn equivalent(&self, name: &ApiStage) -> bool {
        name.api_id.as_str() == self.api_id && name.stage.as_str() == self.stage
    }
}

/// The stages that this process remembers.
pub(super) struct Stages {
    store: DynamoStore,
    cache: Cache<ApiStage, Loaded>,
    /// The first stages that were found, as the cache has them. It is replaced as a whole when one of them changes.
    ready: ArcSwap<Ready>,
    /// How often this process has changed an API.
    changes: AtomicU64,
}

impl Stages {
    pub(super) fn new(store: DynamoStore) -> Self {
        Self {
            store,
            cache: Cache::new(CAPACITY),
            ready: ArcSwap::default(),
            changes: AtomicU64::new(0),
        }
    }

    /// An API is not what it was: requests that come from now on see it as it is.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// The stage, or `None` when there is none.
    ///
    /// # Errors
    ///
    /// When nothing is known and the store does not answer.
    pub(super) async fn get(
        &self,
        api_id: &str,
        stage: &str,
        services: &Services,
    ) -> Result<Option<Arc<Served>>, StoreError> {
        let changes = self.changes.load(Ordering::SeqCst);
        let sought = StageRef { api_id, stage };
        {
            let ready = self.ready.load();
            if let Some(known) = ready.get(&sought)
                && known.changes >= changes
                && !known.is_to_check(services.now())
            {
                return Ok(known.served());
            }
        }
        let known = self.cache.get(&sought);
        if let Some(Ok(known)) = &known
            && known.changes >= changes
        {
            let now = services.now();
            if !known.claims_check(now) {
                return Ok(known.served());
            }
            let name = ApiStage::new(api_id, stage);
            return Ok(Box::pin(self.check(&name, known, services)).await.served());
        }
        let name = ApiStage::new(api_id, stage);
        let base = known.and_then(Result::ok);
        // In a place of its own, as the check is: both are rare, and large.
        let mut loaded = Box::pin(self.load(&name, base.as_ref(), services)).await?;
        for _ in 1..MAX_LOADS {
            if loaded.changes >= changes {
                break;
            }
            loaded = Box::pin(self.load(&name, Some(&loaded.clone()), services)).await?;
        }
        Ok(loaded.served())
    }

    /// Asks the store whether the stage has changed. When it does not answer, what is known stays.
    async fn check(&self, name: &ApiStage, known: &Arc<Known>, services: &Services) -> Arc<Known> {
        match self.read(name, Some(known), services).await {
            Ok(read) => {
                self.cache.insert(name.clone(), Ok(Arc::clone(&read)));
                self.publish(name, &read);
                read
            }
            Err(error) => {
                warn!(
                    api.stage = %name,
                    error = &error as &dyn std::error::Error,
                    "a stage is served as it was: the store did not answer"
                );
                Arc::clone(known)
            }
        }
    }

    /// What the store has, in place of `old`. Many requests at once share one load.
    async fn load(&self, name: &ApiStage, old: Option<&Arc<Known>>, services: &Services) -> Loaded {
        if let Some(old) = old {
            let is_old =
                |loaded: &Loaded| loaded.as_ref().is_ok_and(|loaded| Arc::ptr_eq(loaded, old));
            self.cache.remove_if(name, is_old);
        }
        match self.cache.get_value_or_guard_async(name).await {
            Ok(loaded) => loaded,
            Err(guard) => {
                let loaded = self.read(name, old, services).await;
                let is_remembered = guard.insert(loaded.clone()).is_ok();
                match &loaded {
                    Ok(known) => self.publish(name, known),
                    Err(_) if is_remembered => {
                        self.cache.remove_if(name, Result::is_err);
                    }
                    Err(_) => {}
                }
                loaded
            }
        }
    }

    /// Puts what was read where requests find it without a lock, or takes out what is no more.
    fn publish(&self, name: &ApiStage, known: &Arc<Known>) {
        self.ready.rcu(|ready| {
            let has_it = ready.contains_key(name);
            let fits = has_it || ready.len() < READY_CAPACITY;
            match &known.found {
                Some(_) if fits => {
                    let mut ready = Ready::clone(ready);
                    ready.insert(name.clone(), Arc::clone(known));
                    Arc::new(ready)
                }
                None if has_it => {
                    let mut ready = Ready::clone(ready);
                    ready.swap_remove(name);
                    Arc::new(ready)
                }
                Some(_) | None => Arc::clone(ready),
            }
        });
    }

    /// Reads the stage, and what it serves if that is not in `old`.
    async fn read(&self, name: &ApiStage, old: Option<&Arc<Known>>, services: &Services) -> Loaded {
        let changes = self.changes.load(Ordering::SeqCst);
        let old = old.and_then(|old| old.found.as_ref());
        let found = match self.store.stage(name).await? {
            None => None,
            Some(stage) => self.found(name, stage, old, services).await?,
        };
        let lasts = match found {
            Some(_) => CHECKED_EVERY,
            None => MISSING_CHECKED_EVERY,
        };
        let check_at = services.now().saturating_add(lasts);
        Ok(Arc::new(Known {
            found,
            changes,
            check_at_ms: AtomicU64::new(check_at.as_millis()),
        }))
    }

    async fn found(
        &self,
        name: &ApiStage,
        stage: Stage,
        old: Option<&Found>,
        services: &Services,
    ) -> Result<Option<Found>, StoreError> {
        if let Some(old) = old.filter(|old| old.stage == stage) {
            return Ok(Some(old.clone()));
        }
        let known = old
            .filter(|old| old.stage.deployment_id == stage.deployment_id)
            .map(|old| Arc::clone(&old.snapshot));
        let snapshot = if let Some(snapshot) = known {
            snapshot
        } else {
            let snapshot = self
                .store
                .snapshot(&name.api_id, &stage.deployment_id)
                .await?;
            let Some(snapshot) = snapshot else {
                warn!(
                    api.stage = %name,
                    deployment.id = stage.deployment_id,
                    "a stage cannot be served: its deployment is gone"
                );
                return Ok(None);
            };
            Arc::new(snapshot)
        };
        let served = Arc::new(Served::new(name, &stage, &snapshot, services));
        Ok(Some(Found {
            stage,
            snapshot,
            served,
        }))
    }
}

impl Known {
    fn served(&self) -> Option<Arc<Served>> {
        let found = self.found.as_ref()?;
        Some(Arc::clone(&found.served))
    }

    /// Whether the store has to be asked.
    fn is_to_check(&self, now: Timestamp) -> bool {
        self.check_at_ms.load(Ordering::Relaxed) <= now.as_millis()
    }

    /// Whether the store has to be asked, and nobody else does. Whoever gives up leaves it to another a little later.
    fn claims_check(&self, now: Timestamp) -> bool {
        let at_ms = self.check_at_ms.load(Ordering::Relaxed);
        let next_ms = now.saturating_add(MISSING_CHECKED_EVERY).as_millis();
        at_ms <= now.as_millis()
            && self
                .check_at_ms
                .compare_exchange(at_ms, next_ms, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

impl std::fmt::Debug for Stages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stages")
            .field("known", &self.cache.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn a_stage_is_found_by_its_parts() {
        let name = ApiStage::new("users", "dev");
        let parts = StageRef {
            api_id: "users",
            stage: "dev",
        };
        let state = std::hash::RandomState::new();
        assert_eq!(state.hash_one(&name), state.hash_one(parts));
        assert!(parts.equivalent(&name));
        assert!(!parts.equivalent(&ApiStage::new("users", "prod")));
    }
}
