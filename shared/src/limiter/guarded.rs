//! The store as the limiter asks it.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::circuit::{Circuit, MAX_FAILURES};
use crate::alert::Alert;
use crate::id::PlanId;
use crate::key::KeyHash;
use crate::meter::{
    Answer, ChargeId, DayCount, MeterId, RefundWrite, ShardAnswer, ShardId, ShardWrite, Write,
};
use crate::plan::Plan;
use crate::store::{KeyRecord, Ledger, StoreError, StoreErrorKind};
use crate::time::{Clock, Timestamp};

/// For how long the store has had a request that counts as not answered when it is given up.
const LONG: Duration = Duration::from_millis(100);

/// A store that is left alone while it does not answer.
#[derive(Debug)]
pub(super) struct Guarded<L, C> {
    ledger: L,
    clock: C,
    circuit: Circuit,
    next_number: AtomicU64,
}

impl<L: Ledger, C: Clock> Guarded<L, C> {
    /// `seed` is a random number: this process draws its own from there.
    pub(super) fn new(ledger: L, clock: C, seed: u64) -> Self {
        Self {
            ledger,
            clock,
            circuit: Circuit::default(),
            next_number: AtomicU64::new(seed),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) const fn clock(&self) -> &C {
        &self.clock
    }

    /// A name for a charge. The numbers of one process differ, and are spread over the slots and over what other processes use.
    pub(super) fn charge_id(&self) -> ChargeId {
        ChargeId::new(self.number())
    }

    fn number(&self) -> u64 {
        let mut number = self.next_number.fetch_add(1, Ordering::Relaxed);
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    fn fail(&self, asked_at: Timestamp, now: Timestamp) {
        self.circuit.fail(asked_at, now, self.number());
    }

    async fn ask<'a, T, F>(&'a self, call: impl FnOnce(&'a L) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let asked_at = self.now();
        if let Err(wait) = self.circuit.check(asked_at) {
            return Err(StoreError::left_alone(format!(
                "the store has not answered {MAX_FAILURES} times in a row or more, and is asked again within {} ms",
                wait.as_millis().saturating_add(1)
            )));
        }
        let given_up = GivenUp {
            guarded: self,
            asked_at,
        };
        let answer = call(&self.ledger).await;
        std::mem::forget(given_up);
        match answer.as_ref().map_err(StoreError::kind) {
            Err(StoreErrorKind::Unavailable) => {
                self.fail(asked_at, self.now());
            }
            // One hot item is throttled by itself: that says nothing of the others.
            Err(
                StoreErrorKind::Throttled
                | StoreErrorKind::Broken
                | StoreErrorKind::InvalidPosition,
            )
            | Ok(_) => self.circuit.succeed(),
        }
        answer
    }
}

/// Tells the circuit, when it is dropped, that a request was given up before it was answered, as at the deadline of its decision.
struct GivenUp<'a, L: Ledger, C: Clock> {
    guarded: &'a Guarded<L, C>,
    asked_at: Timestamp,
}

impl<L: Ledger, C: Clock> Drop for GivenUp<'_, L, C> {
    fn drop(&mut self) {
        let now = self.guarded.now();
        // Whose client has gone away sooner has not waited for the store.
        if now.saturating_since(self.asked_at) >= LONG {
            self.guarded.fail(self.asked_at, now);
        }
    }
}

impl<L: Ledger, C: Clock> Ledger for Guarded<L, C> {
    async fn warm_up(&self) -> Result<(), StoreError> {
        self.ledger.warm_up().await
    }

    async fn key(&self, hash: &KeyHash) -> Result<Option<KeyRecord>, StoreError> {
        self.ask(|ledger| ledger.key(hash)).await
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<Plan>, StoreError> {
        self.ask(|ledger| ledger.plan(id)).await
    }

    async fn charge(&self, meter: &MeterId, write: &Write) -> Result<Answer, StoreError> {
        self.ask(|ledger| ledger.charge(meter, write)).await
    }

    async fn refund(&self, meter: &MeterId, write: &RefundWrite) -> Result<Answer, StoreError> {
        self.ask(|ledger| ledger.refund(meter, write)).await
    }

    async fn shard(
        &self,
        meter: &MeterId,
        shard: ShardId,
        write: &ShardWrite,
    ) -> Result<ShardAnswer, StoreError> {
        self.ask(|ledger| ledger.shard(meter, shard, write)).await
    }

    async fn archive(&self, meter: &MeterId, ended: DayCount) -> Result<(), StoreError> {
        self.ask(|ledger| ledger.archive(meter, ended)).await
    }

    async fn record_alert(&self, alert: &Alert) -> Result<bool, StoreError> {
        self.ask(|ledger| ledger.record_alert(alert)).await
    }
}
