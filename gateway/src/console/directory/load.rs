//! Reading all keys and plans.

use std::sync::Arc;

use tollgate::plan::Plan;
use tollgate::store::{
    KeyFilter, KeyRegistry, MAX_EXAMINED, Page, PageRequest, PlanRegistry, StoreError,
};

use super::ListedKey;

/// All keys, newest first.
pub(super) async fn keys(store: &impl KeyRegistry) -> Result<Vec<Arc<ListedKey>>, StoreError> {
    let mut keys = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest {
            limit: MAX_EXAMINED,
            after,
        };
        let Page { entries, next } = store.keys(&page, &KeyFilter::default()).await?;
        keys.extend(entries.into_iter().map(|key| Arc::new(ListedKey::new(key))));
        match next {
            Some(_) => after = next,
            None => return Ok(keys),
        }
    }
}

/// All plans, newest first.
pub(super) async fn plans(store: &impl PlanRegistry) -> Result<Vec<Arc<Plan>>, StoreError> {
    let mut plans = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest {
            limit: MAX_EXAMINED,
            after,
        };
        let Page { entries, next } = store.plans(&page).await?;
        plans.extend(entries.into_iter().map(Arc::new));
        match next {
            Some(_) => after = next,
            None => return Ok(plans),
        }
    }
}
