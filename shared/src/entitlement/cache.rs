//! The caches of keys and plans.

use std::future::Future;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::time::Duration;

use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::{
    Entitlement, FIRST_RECHECK, Grant, Grants, Key, LONGEST_OUTAGE, Memory, Rules, of_key,
};
use crate::charge::Meter;
use crate::id::PlanId;
use crate::key::{AsItIs, Fingerprint, Fingerprinter, KeyHash};
use crate::meter::MeterId;
use crate::random::NoEntropy;
use crate::store::{KeyRecord, Ledger, StoreError};
use crate::time::{Clock, Timestamp};

/// How many keys are remembered for each value that no key has.
const KEYS_PER_STRANGER: usize = 8;

/// A map from fingerprints.
type Known<T> = Cache<Fingerprint, T, UnitWeighter, AsItIs>;

/// What a load came to. A failure is not remembered: it goes to those who waited for the load.
type Loaded<T> = Result<T, StoreError>;

/// A value that is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought {
    /// The name under which this process remembers it.
    pub(crate) fingerprint: Fingerprint,
    /// The name under which it is stored.
    pub(crate) hash: KeyHash,
}

#[derive(Clone, Debug)]
struct KnownPlan {
    /// `None`: there is no such plan.
    rules: Option<Arc<Rules>>,
    read_at: Timestamp,
}

/// The keys, with their meters, and the plans that this process remembers.
#[derive(Debug)]
pub(crate) struct Entitlements {
    fingerprinter: Fingerprinter,
    keys: Known<Arc<Entitlement>>,
    /// The values that no key has. Loads under way have their places here too, so that a key stays among `keys` while it is read
    /// again, and its meters with it.
    strangers: Known<Loaded<Arc<Entitlement>>>,
    plans: Cache<PlanId, Loaded<KnownPlan>>,
    max_age: Duration,
}

impl Entitlements {
    /// Nothing remembered yet.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes to give.
    pub(crate) fn new(memory: Memory) -> Result<Self, NoEntropy> {
        Ok(Self {
            fingerprinter: Fingerprinter::new()?,
            keys: at_most(memory.max_keys),
            strangers: at_most(memory.max_keys.div_ceil(KEYS_PER_STRANGER)),
            plans: Cache::new(memory.max_keys),
            max_age: memory.max_age,
        })
    }

    /// The name under which a value is remembered; `None` when the text is too short or too long to be one.
    pub(crate) fn fingerprint(&self, text: &str) -> Option<Fingerprint> {
        self.fingerprinter.fingerprint(text)
    }

    /// What is remembered of a value, unless it is too old at `now`.
    pub(crate) fn remembered(
        &self,
        fingerprint: &Fingerprint,
        now: Timestamp,
    ) -> Option<Arc<Entitlement>> {
        let known = match self.keys.get(fingerprint) {
            Some(known) => known,
            None => self.strangers.get(fingerprint)?.ok()?,
        };
        self.is_fresh(&known, now).then_some(known)
    }

    /// What is remembered of a value that some key has, be it too old: for when the store does not answer.
    pub(crate) fn recalled(
        &self,
        fingerprint: &Fingerprint,
        now: Timestamp,
    ) -> Option<Arc<Entitlement>> {
        let known = self.keys.get(fingerprint)?;
        (now.abs_diff(known.read_at) < LONGEST_OUTAGE).then_some(known)
    }

    /// All meters that are remembered.
    pub(crate) fn meters(&self) -> impl Iterator<Item = (MeterId, Arc<Meter>)> {
        self.keys.iter().flat_map(|(_, known)| {
            let grants = known.grants.as_slice().iter();
            let meters = known.key.iter().flat_map(|key| {
                grants
                    .clone()
                    .map(|grant| (grant.meter_id(&key.id), Arc::clone(&grant.meter)))
            });
            meters.collect::<Vec<_>>()
        })
    }

    /// What a value opens that is not remembered. Many callers at once share one answer of the store.
    pub(crate) async fn load(
        &self,
        sought: &Sought,
        ledger: &impl Ledger,
        clock: &impl Clock,
    ) -> Result<Arc<Entitlement>, StoreError> {
        let now = clock.now();
        let is_old = |known: &Arc<Entitlement>| !self.is_fresh(known, now);
        self.strangers.remove_if(&sought.fingerprint, |stranger| {
            stranger.as_ref().is_ok_and(is_old)
        });
        let older = self.keys.peek(&sought.fingerprint).filter(is_old);
        self.read(sought, older.as_ref(), self.max_age, None, ledger, clock)
            .await
    }

    /// What the value opens by now: `known` is too old for a refusal, or, when `was_open`, its meter turned out to be off.
    pub(crate) async fn load_again(
        &self,
        sought: &Sought,
        known: &Arc<Entitlement>,
        was_open: bool,
        ledger: &impl Ledger,
        clock: &impl Clock,
    ) -> Result<Arc<Entitlement>, StoreError> {
        let is_known = |current: &Arc<Entitlement>| Arc::ptr_eq(current, known);
        self.strangers.remove_if(&sought.fingerprint, |stranger| {
            stranger.as_ref().is_ok_and(is_known)
        });
        let refused_since = if was_open {
            clock.now()
        } else {
            known.refused_since
        };
        let refused_since = Some(refused_since);
        self.read(
            sought,
            Some(known),
            FIRST_RECHECK,
            refused_since,
            ledger,
            clock,
        )
        .await
    }

    fn is_fresh(&self, known: &Entitlement, now: Timestamp) -> bool {
        now.abs_diff(known.read_at) < self.max_age
    }

    /// Reads a key, unless something else than `older` is remembered of it. What is known of its meters is carried over.
    async fn read(
        &self,
        sought: &Sought,
        older: Option<&Arc<Entitlement>>,
        plan_age: Duration,
        refused_since: Option<Timestamp>,
        ledger: &impl Ledger,
        clock: &impl Clock,
    ) -> Result<Arc<Entitlement>, StoreError> {
        let load = async {
            // Another request may have had it read since this one looked.
            let current = self.keys.peek(&sought.fingerprint);
            if let Some(current) = current.as_ref()
                && older.is_none_or(|older| !Arc::ptr_eq(current, older))
            {
                return Ok(Arc::clone(current));
            }
            let began_at = clock.now();
            let mut read_at = began_at;
            let record = ledger.key(&sought.hash).await?;
            let mut grants = Vec::new();
            if let Some(record) = &record {
                for plan_id in &record.plan_ids {
                    let plan = self.plan(plan_id, plan_age, ledger, clock).await;
                    let plan = plan.inspect_err(|_failure| {
                        // What the store has just contradicted must not stand in for its answer.
                        if older.is_some_and(|older| older.is_narrowed_by(record)) {
                            self.keys.remove(&sought.fingerprint);
                        }
                    })?;
                    read_at = read_at.min(plan.read_at);
                    if let Some(rules) = plan.rules {
                        let rules = of_key(rules, &record.overrides);
                        let meter = meter(older, record, plan_id);
                        grants.push(Grant { rules, meter });
                    }
                }
            }
            let is_stranger = record.is_none();
            let loaded = Arc::new(Entitlement {
                key: record.map(Key::from),
                grants: Grants::new(grants),
                read_at,
                refused_since: refused_since.unwrap_or(began_at),
            });
            if is_stranger {
                self.keys.remove(&sought.fingerprint);
            } else {
                self.keys.insert(sought.fingerprint, Arc::clone(&loaded));
            }
            Ok(loaded)
        };
        let is_stranger = |known: &Arc<Entitlement>| known.key.is_none();
        remembered_or(&self.strangers, &sought.fingerprint, is_stranger, load).await
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
            let plan = ledger.plan(id).await?;
            Ok(KnownPlan {
                rules: plan.map(|plan| Arc::new(Rules::new(&plan))),
                read_at,
            })
        };
        remembered_or(&self.plans, id, |_| true, load).await
    }
}

fn at_most<T: Clone>(count: usize) -> Known<T> {
    let weight = u64::try_from(count).unwrap_or(u64::MAX);
    Cache::with(
        count,
        weight,
        UnitWeighter,
        AsItIs::default(),
        DefaultLifecycle::default(),
    )
}

/// The meter of a key in a plan: the one that `older` has, or a new one.
fn meter(older: Option<&Arc<Entitlement>>, record: &KeyRecord, plan_id: &PlanId) -> Arc<Meter> {
    older
        .and_then(|older| older.meter(record, plan_id))
        .unwrap_or_default()
}

/// What is remembered, or what `load` brings, which is remembered when `is_kept` says so. Many callers at once share one load, and
/// its failure too: with a load each, one after the other, the last of them would wait for all the time-outs before its own.
async fn remembered_or<K: Clone + Eq + Hash, T: Clone, B: BuildHasher + Clone>(
    cache: &Cache<K, Loaded<T>, UnitWeighter, B>,
    key: &K,
    is_kept: impl Fn(&T) -> bool,
    load: impl Future<Output = Loaded<T>>,
) -> Loaded<T> {
    match cache.get_value_or_guard_async(key).await {
        Ok(known) => known,
        Err(guard) => {
            let loaded = load.await;
            let is_passing = |loaded: &Loaded<T>| !loaded.as_ref().is_ok_and(&is_kept);
            let is_remembered = guard.insert(loaded.clone()).is_ok();
            if is_remembered && is_passing(&loaded) {
                cache.remove_if(key, is_passing);
            }
            loaded
        }
    }
}
