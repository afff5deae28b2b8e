//! Plans, remembered for a while: thousands of meters are looked at for one of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::id::PlanId;
use crate::plan::Plan;
use crate::store::{Ledger, StoreError};
use crate::time::Timestamp;

/// For how long a plan is remembered. Its tag takes so long to be seen.
const REMEMBERED_FOR: Duration = Duration::from_secs(10);

/// How many plans are remembered. They are forgotten together.
const MAX_PLANS: usize = 1_024;

/// A plan, or that there is none, and since when that is known.
type Known = (Timestamp, Option<Arc<Plan>>);

/// Plans that were read a short while ago.
#[derive(Debug, Default)]
pub(super) struct Plans(Mutex<HashMap<PlanId, Known>>);

impl Plans {
    /// The plan with this id, as it is or was a short while ago.
    pub(super) async fn get(
        &self,
        store: &impl Ledger,
        id: &PlanId,
        now: Timestamp,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        let known = self.lock().get(id).cloned();
        if let Some((since, plan)) = known
            && now.abs_diff(since) < REMEMBERED_FOR
        {
            return Ok(plan);
        }
        let plan = store.plan(id).await?.map(Arc::new);
        let mut all = self.lock();
        if all.len() >= MAX_PLANS {
            all.clear();
        }
        all.insert(id.clone(), (now, plan.clone()));
        Ok(plan)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PlanId, Known>> {
        // A panic cannot leave half an entry.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
