//! All keys and plans in memory, as lists and searches need them.
//!
//! A store lists keys a page at a time and finds them by the beginning of their names; people search by any part of a name, an id or a
//! customer. The snapshot is read again when it is some seconds old and somebody looks. What is changed through the console shows at once.

mod load;
mod rereads;
mod snapshot;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;
use tollgate::id::{KeyId, PlanId};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{KeyRegistry as _, PlanRegistry as _, StoreError};
use tollgate::time::{Clock, Timestamp};

use super::loads::{Freshness, Loads};
use rereads::{Entry, Rereads};
pub(super) use snapshot::{ListedKey, Snapshot};

/// Small tables are read in less than a visitor waits.
const FRESHNESS: Freshness = Freshness {
    fresh: Duration::from_secs(5),
    patience: Duration::from_millis(50),
};

/// The snapshot, and how to get another.
#[derive(Clone)]
pub(super) struct Directory(Arc<Inner>);

struct Inner {
    store: DynamoStore,
    clock: Arc<dyn Clock>,
    current: ArcSwapOption<Snapshot>,
    /// Whether the snapshot is known to lack a change.
    lacks_change: AtomicBool,
    loads: Loads,
    /// Whoever changes the snapshot holds it, so that no older entry comes after a newer one.
    rereads: Mutex<Rereads>,
}

impl Directory {
    /// The keys and plans of `store`. Nothing is read yet.
    pub(super) fn new(store: DynamoStore, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            store,
            loads: Loads::new(Arc::clone(&clock)),
            clock,
            current: ArcSwapOption::empty(),
            lacks_change: AtomicBool::new(false),
            rereads: Mutex::default(),
        }))
    }

    /// The snapshot. An old one is read again; when that takes long, it is good enough for this visitor, and the next one sees the new one.
    ///
    /// # Errors
    ///
    /// When there is none yet, and the store does not answer.
    pub(super) async fn snapshot(&self) -> Result<Arc<Snapshot>, StoreError> {
        let inner = &self.0;
        let loading = Arc::clone(inner);
        let read_at = |snapshot: &Snapshot| {
            let lacks_change = inner.lacks_change.load(Ordering::Relaxed);
            (!lacks_change).then_some(snapshot.read_at)
        };
        inner
            .loads
            .kept(
                || inner.current.load_full(),
                read_at,
                FRESHNESS,
                async move { loading.load().await },
            )
            .await
    }

    /// Reads everything again: after a change of many keys.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub(super) async fn reload(&self) -> Result<Arc<Snapshot>, StoreError> {
        self.0.loads.once_more(self.0.load()).await
    }

    /// Reads one key again: after a change of it, or when it was created or deleted.
    ///
    /// # Errors
    ///
    /// When the store does not answer. Then everything is read again when somebody looks.
    pub(super) async fn reread_key(&self, id: &KeyId) -> Result<(), StoreError> {
        // Boxed: calls of the store are large, and each page would carry them.
        let reading = async {
            let key = Box::pin(self.0.store.key_by_id(id)).await?;
            let key = key.map(|key| Arc::new(ListedKey::new(key)));
            Ok::<_, StoreError>(Entry::Key(id.clone(), key))
        };
        self.0.reread(reading).await
    }

    /// Reads one plan again: after a change of it, or when it was created or deleted.
    ///
    /// # Errors
    ///
    /// When the store does not answer. Then everything is read again when somebody looks.
    pub(super) async fn reread_plan(&self, id: &PlanId) -> Result<(), StoreError> {
        let reading = async {
            let plan = Box::pin(self.0.store.plan_by_id(id)).await?.map(Arc::new);
            Ok::<_, StoreError>(Entry::Plan(id.clone(), plan))
        };
        self.0.reread(reading).await
    }
}

impl Inner {
    /// Reads all of it.
    async fn load(&self) -> Result<Arc<Snapshot>, StoreError> {
        let began_at = self.clock.now();
        let lacked_change = self.lacks_change.swap(false, Ordering::Relaxed);
        let read = self.read(began_at).await;
        if read.is_err() && lacked_change {
            self.lacks_change.store(true, Ordering::Relaxed);
        }
        let read = read?;
        let mut rereads = self.rereads.lock().await;
        let snapshot = Arc::new(read.with(rereads.newer_than_list(began_at)));
        self.current.store(Some(Arc::clone(&snapshot)));
        Ok(snapshot)
    }

    async fn read(&self, began_at: Timestamp) -> Result<Snapshot, StoreError> {
        // Boxed: calls of the store are large, and each page would carry them.
        let reading =
            Box::pin(async { tokio::try_join!(load::keys(&self.store), load::plans(&self.store)) });
        let (keys, plans) = reading.await?;
        Ok(Snapshot::new(keys, plans, began_at))
    }

    /// Puts an entry in its place in the snapshot, if there is one, and in those that are read within the next seconds.
    async fn reread(
        &self,
        reading: impl Future<Output = Result<Entry, StoreError>>,
    ) -> Result<(), StoreError> {
        let mut rereads = self.rereads.lock().await;
        let began_at = self.clock.now();
        let entry = match reading.await {
            Ok(entry) => entry,
            Err(error) => {
                self.lacks_change.store(true, Ordering::Relaxed);
                return Err(error);
            }
        };
        if let Some(snapshot) = self.current.load_full() {
            let changed = snapshot.with([&entry]);
            self.current.store(Some(Arc::new(changed)));
        }
        rereads.keep(began_at, entry);
        Ok(())
    }
}
