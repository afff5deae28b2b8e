//! What was read a short while ago: thousands of meters are looked at for one plan, and one meter thousands of times.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::store::StoreError;
use crate::time::Timestamp;

/// For how long something is remembered. A tag takes so long to be seen.
const REMEMBERED_FOR: Duration = Duration::from_secs(10);

/// How many entries are remembered. They are forgotten together.
const MAX_ENTRIES: usize = 10_000;

/// Entries by id, each with the instant at which it was read. `None`: there is none with this id.
#[derive(Debug)]
pub(super) struct Recent<K, V>(Mutex<HashMap<K, (Timestamp, Option<V>)>>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Recent<K, V> {
    /// The entry with this id, as it is or was a short while ago: as `read` has it, where it is not known.
    pub(super) async fn get<F>(
        &self,
        id: &K,
        now: Timestamp,
        read: impl FnOnce() -> F,
    ) -> Result<Option<V>, StoreError>
    where
        F: Future<Output = Result<Option<V>, StoreError>>,
    {
        let known = self.lock().get(id).cloned();
        if let Some((since, entry)) = known
            && now.abs_diff(since) < REMEMBERED_FOR
        {
            return Ok(entry);
        }
        let entry = read().await?;
        let mut all = self.lock();
        if all.len() >= MAX_ENTRIES {
            all.clear();
        }
        all.insert(id.clone(), (now, entry.clone()));
        Ok(entry)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, (Timestamp, Option<V>)>> {
        // A panic cannot leave half an entry.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
