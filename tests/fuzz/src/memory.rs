//! A store in memory: what the management API needs of one, and nothing that waits.

mod apis;
mod keys;
mod plans;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tollgate::id::{KeyId, PlanId};
use tollgate::key::KeyValue;
use tollgate::meter::WindowUse;
use tollgate::plan::Plan;
use tollgate::rest_api::Snapshot;
use tollgate::store::{
    ApiKey, Counts, Page, PageRequest, Registry, RegistryError, StoreError, StoredApi,
};

/// Keys, plans and APIs. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryStore(Arc<Mutex<Content>>);

/// What there is, the oldest first.
#[derive(Debug, Default)]
struct Content {
    made: u64,
    keys: Vec<ApiKey>,
    values: BTreeMap<KeyId, (KeyValue, bool)>,
    plans: Vec<Plan>,
    /// In the order in which they joined.
    members: Vec<(PlanId, KeyId)>,
    remaining: BTreeMap<(KeyId, PlanId), WindowUse>,
    apis: Vec<StoredApi>,
    snapshots: BTreeMap<(String, String), Snapshot>,
    role: Option<String>,
}

impl MemoryStore {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    /// An id that nothing has yet.
    fn new_id(&mut self, len: usize) -> String {
        self.made = self.made.saturating_add(1);
        format!("{:0len$}", self.made)
    }

    fn key(&mut self, id: &KeyId) -> Result<&mut ApiKey, RegistryError> {
        let mut keys = self.keys.iter_mut();
        keys.find(|key| key.id == *id)
            .ok_or_else(|| RegistryError::NoSuchKey(id.clone()))
    }

    fn plan(&mut self, id: &PlanId) -> Result<&mut Plan, RegistryError> {
        let mut plans = self.plans.iter_mut();
        plans
            .find(|plan| plan.id == *id)
            .ok_or_else(|| RegistryError::NoSuchPlan(id.clone()))
    }

    fn is_member(&self, key: &KeyId, plan: &PlanId) -> bool {
        self.members
            .iter()
            .any(|(plan_id, key_id)| plan_id == plan && key_id == key)
    }
}

/// A page of a list, newest first. A position is how many entries are before the page.
fn page<T>(entries: Vec<T>, request: &PageRequest) -> Result<Page<T>, StoreError> {
    let start: usize = match &request.after {
        None => 0,
        Some(position) => position
            .parse()
            .map_err(|_no_number| StoreError::invalid_position())?,
    };
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let end = start.saturating_add(limit);
    let next = (end < entries.len()).then(|| end.to_string());
    Ok(Page {
        entries: entries.into_iter().rev().skip(start).take(limit).collect(),
        next,
    })
}

impl Registry for MemoryStore {
    async fn counts(&self) -> Result<Counts, StoreError> {
        let content = self.content();
        let count = |len| u64::try_from(len).unwrap_or(u64::MAX);
        Ok(Counts {
            keys: count(content.keys.len()),
            plans: count(content.plans.len()),
        })
    }
}
