//! A store in memory which counts what it is asked, and fails when it is told to.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;
use tollgate::alert::Alert;
use tollgate::id::PlanId;
use tollgate::key::KeyHash;
use tollgate::meter::{
    Answer, DayCount, MeterId, RefundWrite, ShardAnswer, ShardId, ShardItem, ShardWrite, Write,
};
use tollgate::plan::Plan;
use tollgate::store::{KeyRecord, Ledger, StoreError, StoreErrorKind};
use tollgate::time::ManualClock;

use chaos::item::{Item, write_shard};

/// What goes wrong with a charge.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It does not arrive, and there is no answer.
    Lost,
    /// It is applied, and there is no answer.
    AnswerLost,
    /// It is applied, its answer is lost, and the client sends it again.
    Retried,
    /// The store asks for fewer writes to this item.
    Throttled,
}

/// How often the store was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) keys: u32,
    pub(crate) plans: u32,
    pub(crate) charges: u32,
    pub(crate) archives: u32,
    pub(crate) refunds: u32,
    pub(crate) shards: u32,
    pub(crate) alerts: u32,
}

/// What a store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Keys,
    Plans,
    /// Keeps the counts of days that have ended.
    Archive,
    Alerts,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) keys: HashMap<KeyHash, KeyRecord>,
    pub(crate) plans: HashMap<PlanId, Plan>,
    pub(crate) meters: HashMap<MeterId, Item>,
    pub(crate) shards: BTreeMap<ShardId, ShardItem>,
    pub(crate) archived: BTreeMap<u32, u64>,
    pub(crate) alerts: BTreeMap<(String, String), Alert>,
    pub(crate) calls: Calls,
    pub(crate) faults: VecDeque<Fault>,
    /// Whether every call fails.
    pub(crate) is_down: bool,
    /// What alone fails, if anything does.
    pub(crate) failing: Option<Part>,
    /// A clock, and how far each call moves it.
    pub(crate) tick: Option<(ManualClock, Duration)>,
}

#[derive(Clone, Debug)]
pub(crate) struct MemoryLedger {
    state: Arc<Mutex<State>>,
    is_open: Arc<watch::Sender<bool>>,
}

fn unavailable() -> StoreError {
    let cause = std::io::Error::from(std::io::ErrorKind::TimedOut);
    StoreError::new(StoreErrorKind::Unavailable, "no answer in time", cause)
}

impl MemoryLedger {
    pub(crate) fn new() -> Self {
        Self {
            state: Arc::default(),
            is_open: Arc::new(watch::Sender::new(true)),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The calls since the last time that this was asked.
    pub(crate) fn take_calls(&self) -> Calls {
        std::mem::take(&mut self.state().calls)
    }

    /// Keeps every call waiting, or lets them go on.
    pub(crate) fn set_open(&self, is_open: bool) {
        self.is_open.send_replace(is_open);
    }

    /// A call arrives: it is counted, waits until the store is open, and lets others go first.
    async fn arrive(&self, count: impl FnOnce(&mut Calls)) -> Result<(), StoreError> {
        count(&mut self.state().calls);
        let mut gate = self.is_open.subscribe();
        gate.wait_for(|is_open| *is_open).await.unwrap();
        drop(gate);
        tokio::task::yield_now().await;
        let state = self.state();
        if let Some((clock, by)) = &state.tick {
            clock.advance(*by);
        }
        if state.is_down {
            Err(unavailable())
        } else {
            Ok(())
        }
    }
}

impl Ledger for MemoryLedger {
    async fn key(&self, hash: &KeyHash) -> Result<Option<KeyRecord>, StoreError> {
        self.arrive(|calls| calls.keys += 1).await?;
        if self.state().failing == Some(Part::Keys) {
            return Err(unavailable());
        }
        Ok(self.state().keys.get(hash).cloned())
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<Plan>, StoreError> {
        self.arrive(|calls| calls.plans += 1).await?;
        if self.state().failing == Some(Part::Plans) {
            return Err(unavailable());
        }
        Ok(self.state().plans.get(id).cloned())
    }

    async fn charge(&self, meter: &MeterId, write: &Write) -> Result<Answer, StoreError> {
        self.arrive(|calls| calls.charges += 1).await?;
        let mut state = self.state();
        let fault = state.faults.pop_front();
        let item = state.meters.entry(meter.clone()).or_default();
        match fault {
            None => Ok(item.charge(write)),
            Some(Fault::Lost) => Err(unavailable()),
            Some(Fault::AnswerLost) => {
                item.charge(write);
                Err(unavailable())
            }
            Some(Fault::Throttled) => Err(StoreError::new(
                StoreErrorKind::Throttled,
                "too many writes",
                std::io::Error::other("throttled"),
            )),
            Some(Fault::Retried) => {
                item.charge(write);
                Ok(item.charge(write))
            }
        }
    }

    async fn refund(&self, meter: &MeterId, write: &RefundWrite) -> Result<Answer, StoreError> {
        self.arrive(|calls| calls.refunds += 1).await?;
        let mut state = self.state();
        Ok(state.meters.entry(meter.clone()).or_default().refund(write))
    }

    async fn shard(
        &self,
        _meter: &MeterId,
        shard: ShardId,
        write: &ShardWrite,
    ) -> Result<ShardAnswer, StoreError> {
        self.arrive(|calls| calls.shards += 1).await?;
        let mut state = self.state();
        Ok(write_shard(state.shards.entry(shard).or_default(), write))
    }

    async fn archive(&self, _meter: &MeterId, ended: DayCount) -> Result<(), StoreError> {
        self.arrive(|calls| calls.archives += 1).await?;
        let mut state = self.state();
        if state.failing == Some(Part::Archive) {
            return Err(unavailable());
        }
        state.archived.insert(ended.day.number(), ended.count);
        Ok(())
    }

    async fn record_alert(&self, alert: &Alert) -> Result<bool, StoreError> {
        self.arrive(|calls| calls.alerts += 1).await?;
        let mut state = self.state();
        if state.failing == Some(Part::Alerts) {
            return Err(unavailable());
        }
        let name = (alert.meter.to_string(), alert.name());
        let is_new = !state.alerts.contains_key(&name);
        state.alerts.entry(name).or_insert_with(|| alert.clone());
        Ok(is_new)
    }
}
