//! All keys and plans in memory, as lists and searches need them.
//!
//! A store lists keys a page at a time and finds them by the beginning of their names; people search by any part of a name, an id or a
//! customer. The snapshot is read again when it is some seconds old and somebody looks. What is changed through the console shows at once.

mod load;
mod snapshot;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;
use tollgate::id::{KeyId, PlanId};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{KeyRegistry as _, PlanRegistry as _, StoreError};
use tollgate::time::Clock;

pub(super) use snapshot::{ListedKey, Snapshot};

/// How old a snapshot may be before it is read again.
const FRESH: Duration = Duration::from_secs(5);

/// How long a visitor waits for a new snapshot in place of an old one: small tables are read in less.
const PATIENCE: Duration = Duration::from_millis(50);

/// From this age on nobody has looked for long, and what has changed meanwhile is worth more of a wait.
const STALE: Duration = Duration::from_mins(1);

/// How long a visitor waits for a new snapshot in place of a stale one.
const PATIENCE_WITH_STALE: Duration = Duration::from_secs(2);

/// The snapshot, and how to get another.
#[derive(Clone)]
pub(super) struct Directory(Arc<Inner>);

struct Inner {
    store: DynamoStore,
    clock: Arc<dyn Clock>,
    current: ArcSwapOption<Snapshot>,
    /// One at a time reads all of it.
    loading: Mutex<()>,
}

impl Directory {
    /// The keys and plans of `store`. Nothing is read yet.
    pub(super) fn new(store: DynamoStore, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            store,
            clock,
            current: ArcSwapOption::empty(),
            loading: Mutex::new(()),
        }))
    }

    /// The snapshot. An old one is read again; when that takes long, it is good enough for this visitor, and the next one sees the new one.
    ///
    /// # Errors
    ///
    /// When there is none yet, and the store does not answer.
    pub(super) async fn snapshot(&self) -> Result<Arc<Snapshot>, StoreError> {
        let Some(snapshot) = self.0.current.load_full() else {
            let _one = self.0.loading.lock().await;
            // Somebody else may have read it while this one waited.
            if let Some(snapshot) = self.0.current.load_full() {
                return Ok(snapshot);
            }
            return self.0.load().await;
        };
        let age = self.0.age(&snapshot);
        if age < FRESH {
            return Ok(snapshot);
        }
        let patience = if age < STALE {
            PATIENCE
        } else {
            PATIENCE_WITH_STALE
        };
        let inner = Arc::clone(&self.0);
        let reading = tokio::spawn(async move { inner.renew().await });
        let _too_slow = tokio::time::timeout(patience, reading).await;
        Ok(self.0.current.load_full().unwrap_or(snapshot))
    }

    /// Reads everything again: after a change of many keys.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub(super) async fn reload(&self) -> Result<Arc<Snapshot>, StoreError> {
        let _one = self.0.loading.lock().await;
        self.0.load().await
    }

    /// Reads one key again: after a change of it, or when it was created or deleted.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub(super) async fn reread_key(&self, id: &KeyId) -> Result<(), StoreError> {
        let key = self.0.store.key_by_id(id).await?;
        let key = key.map(|key| Arc::new(ListedKey::new(key)));
        self.0.change(|snapshot| snapshot.with_key(id, key.clone()));
        Ok(())
    }

    /// Reads one plan again: after a change of it, or when it was created or deleted.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub(super) async fn reread_plan(&self, id: &PlanId) -> Result<(), StoreError> {
        let plan = self.0.store.plan_by_id(id).await?.map(Arc::new);
        self.0
            .change(|snapshot| snapshot.with_plan(id, plan.clone()));
        Ok(())
    }
}

impl Inner {
    fn age(&self, snapshot: &Snapshot) -> Duration {
        self.clock.now().abs_diff(snapshot.read_at)
    }

    /// Reads all of it, unless somebody has just done so.
    async fn renew(&self) {
        let _one = self.loading.lock().await;
        let known = self.current.load_full();
        let is_fresh = known.is_some_and(|snapshot| self.age(&snapshot) < FRESH);
        if !is_fresh && let Err(error) = self.load().await {
            tracing::warn!(%error, "the console's list of keys and plans could not be read again");
        }
    }

    /// Reads all of it. The caller holds `loading`.
    async fn load(&self) -> Result<Arc<Snapshot>, StoreError> {
        let began_at = self.clock.now();
        let before = self.current.load_full();
        // Boxed: calls of the store are large, and each page would carry them.
        let reading =
            Box::pin(async { tokio::try_join!(load::keys(&self.store), load::plans(&self.store)) });
        let (keys, plans) = reading.await?;
        let read = Arc::new(Snapshot::new(keys, plans, began_at));
        // What was changed meanwhile may be missing in what was read: then it is not taken, and is read again when somebody looks.
        let seen = self
            .current
            .compare_and_swap(&before, Some(Arc::clone(&read)));
        let is_taken = match (&*seen, &before) {
            (Some(seen), Some(before)) => Arc::ptr_eq(seen, before),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        match &*seen {
            Some(newer) if !is_taken => Ok(Arc::clone(newer)),
            Some(_) | None => Ok(read),
        }
    }

    /// Changes the snapshot, if there is one.
    fn change(&self, change: impl Fn(&Snapshot) -> Snapshot) {
        self.current
            .rcu(|current| current.as_ref().map(|it| Arc::new(change(it))));
    }
}
