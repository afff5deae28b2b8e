//! What a key opens, remembered for a while.
//!
//! The first sight of a key costs two reads, of the key and of its plan. Then both are remembered for a while, in a cache of bounded
//! size: [`Memory`] says for how long, and how many. A refusal that an operator can lift is looked up again much earlier: when it is a tenth older than it was at
//! the last look, but not before [`FIRST_RECHECK`] and not after [`LAST_RECHECK`].

use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;

use crate::charge::Meter;
use crate::decision::Reason;
use crate::id::{ApiStage, PlanId};
use crate::key::KeyHash;
use crate::meter::MeterId;
use crate::plan::{CoveredStage, Plan};
use crate::store::{KeyRecord, Ledger, StoreError};
use crate::time::{Clock, Timestamp};

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// How long keys and plans are used before they are read again.
    pub max_age: Duration,
    /// How many keys, and as many plans and meters, are remembered at the most.
    pub max_keys: usize,
}

impl Default for Memory {
    /// 30 s, and 10,000 keys.
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(30),
            max_keys: 10_000,
        }
    }
}

/// How long a refusal of a key stands at the least before the store is asked again.
pub const FIRST_RECHECK: Duration = Duration::from_millis(5);

/// How long a refusal stands at the most before the store is asked again.
pub const LAST_RECHECK: Duration = Duration::from_secs(1);

/// One plan of a key, and the meter of both.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) plan: Arc<Plan>,
    pub(crate) meter: Arc<Meter>,
}

/// A key as the store had it, with its plans.
#[derive(Debug)]
pub(crate) struct Entitlement {
    /// `None`: no key has this value.
    pub(crate) key: Option<KeyRecord>,
    grants: Vec<Grant>,
    read_at: Timestamp,
    /// Since when the key has been refused, if it was when this was read.
    refused_since: Option<Timestamp>,
}

impl Entitlement {
    /// The plan that covers `api_stage`, or the reason why the key does not open it at `now`.
    pub(crate) fn grant(
        &self,
        api_stage: &ApiStage,
        now: Timestamp,
    ) -> Result<(&Grant, &CoveredStage), Reason> {
        let key = self.key.as_ref().ok_or(Reason::UnknownKey)?;
        if !key.enabled {
            return Err(Reason::DisabledKey);
        }
        if key.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(Reason::ExpiredKey);
        }
        self.grants
            .iter()
            .find_map(|grant| Some((grant, grant.plan.covered(api_stage)?)))
            .ok_or(Reason::NotInPlan)
    }

    /// Whether a refusal from this entitlement is too old to give at `now`.
    pub(crate) fn should_recheck(&self, now: Timestamp) -> bool {
        let stood = self
            .refused_since
            .map_or(Duration::ZERO, |since| self.read_at.saturating_since(since));
        now.abs_diff(self.read_at) >= (stood / 10).clamp(FIRST_RECHECK, LAST_RECHECK)
    }
}

#[derive(Clone, Debug)]
struct KnownPlan {
    plan: Option<Arc<Plan>>,
    read_at: Timestamp,
}

/// What a load came to. A failure is not remembered: it goes to those who waited for the load.
type Loaded<T> = Result<T, StoreError>;

/// What is remembered, or what `load` brings. Many callers at once share one load, and its failure too: with a load each, one after
/// the other, the last of them would wait for all the time-outs before its own.
async fn remembered_or<K: Clone + Eq + Hash, T: Clone>(
    cache: &Cache<K, Loaded<T>>,
    key: &K,
    load: impl Future<Output = Loaded<T>>,
) -> Loaded<T> {
    match cache.get_value_or_guard_async(key).await {
        Ok(known) => known,
        Err(guard) => {
            let loaded = load.await;
            let is_remembered = guard.insert(loaded.clone()).is_ok();
            if is_remembered && loaded.is_err() {
                cache.remove_if(key, Result::is_err);
            }
            loaded
        }
    }
}

/// The keys, plans and meters that this process remembers.
#[derive(Debug)]
pub(crate) struct Entitlements {
    keys: Cache<KeyHash, Loaded<Arc<Entitlement>>>,
    plans: Cache<PlanId, Loaded<KnownPlan>>,
    meters: Cache<MeterId, Arc<Meter>>,
    max_age: Duration,
}

impl Entitlements {
    /// Nothing remembered yet.
    pub(crate) fn new(memory: Memory) -> Self {
        Self {
            keys: Cache::new(memory.max_keys),
            plans: Cache::new(memory.max_keys),
            meters: Cache::new(memory.max_keys),
            max_age: memory.max_age,
        }
    }

    /// What the key with this hash opens. The store is asked when nothing is remembered; many callers at once share one answer.
    pub(crate) async fn get(
        &self,
        hash: &KeyHash,
        ledger: &impl Ledger,
        clock: &impl Clock,
    ) -> Result<Arc<Entitlement>, StoreError> {
        if let Some(Ok(known)) = self.keys.get(hash) {
            if clock.now().abs_diff(known.read_at) < self.max_age {
                return Ok(known);
            }
            self.forget(hash, &known);
        }
        self.load(hash, self.max_age, None, ledger, clock).await
    }

    /// What the key opens by now: `known` is too old for a refusal, or, when `was_open`, its meter turned out to be off.
    pub(crate) async fn get_again(
        &self,
        hash: &KeyHash,
        known: &Arc<Entitlement>,
        was_open: bool,
        ledger: &impl Ledger,
        clock: &impl Clock,
    ) -> Result<Arc<Entitlement>, StoreError> {
        self.forget(hash, known);
        let refused_since = if was_open {
            Some(clock.now())
        } else {
            known.refused_since.or(Some(known.read_at))
        };
        self.load(hash, FIRST_RECHECK, refused_since, ledger, clock)
            .await
    }

    fn forget(&self, hash: &KeyHash, known: &Arc<Entitlement>) {
        let is_known = |current: &Arc<Entitlement>| Arc::ptr_eq(current, known);
        self.keys
            .remove_if(hash, |current| current.as_ref().is_ok_and(is_known));
    }

    async fn load(
        &self,
        hash: &KeyHash,
        plan_age: Duration,
        refused_since: Option<Timestamp>,
        ledger: &impl Ledger,
        clock: &impl Clock,
    ) -> Result<Arc<Entitlement>, StoreError> {
        let load = async {
            let mut read_at = clock.now();
            let key = ledger.key(hash).await?;
            let mut grants = Vec::new();
            for plan_id in key.iter().flat_map(|key| &key.plan_ids) {
                let known = self.plan(plan_id, plan_age, ledger, clock).await?;
                read_at = read_at.min(known.read_at);
                if let (Some(key), Some(plan)) = (&key, known.plan) {
                    let meter = self.meter(MeterId {
                        key_id: key.id.clone(),
                        plan_id: plan_id.clone(),
                    });
                    grants.push(Grant { plan, meter });
                }
            }
            Ok(Arc::new(Entitlement {
                key,
                grants,
                read_at,
                refused_since,
            }))
        };
        remembered_or(&self.keys, hash, load).await
    }

    async fn plan(
        &self,
        id: &PlanId,
        max_age: Duration,
        ledger: &impl Ledger,
        clock: &impl Clock,
    ) -> Result<KnownPlan, StoreError> {
        let read_at = clock.now();
        let is_old = |known: &KnownPlan| read_at.abs_diff(known.read_at) >= max_age;
        self.plans
            .remove_if(id, |known| known.as_ref().is_ok_and(is_old));
        let load = async {
            let plan = ledger.plan(id).await?.map(Arc::new);
            Ok(KnownPlan { plan, read_at })
        };
        remembered_or(&self.plans, id, load).await
    }

    fn meter(&self, id: MeterId) -> Arc<Meter> {
        if let Some(meter) = self.meters.get(&id) {
            return meter;
        }
        let meter = Arc::new(Meter::new(id.clone()));
        self.meters.insert(id, Arc::clone(&meter));
        meter
    }
}
