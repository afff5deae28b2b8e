//! Charges and refunds: what is asked of the store, and who waits for it.

use std::task::Poll;

use tracing::warn;

use super::gate::Unasked;
use super::{Grant, Inner, Key};
use crate::charge::{Asked, Flight, Meter, Next, Outcome, Turn, Wish};
use crate::meter::{Answer, MeterId, Refund, RefundWrite};
use crate::store::{Ledger, StoreError};
use crate::time::{Clock, Timestamp};

/// How often a refund is tried: the first failure names the refund before it.
const MAX_REFUND_WRITES: u32 = 4;

/// How often tasks that are ready go first at the most: some microseconds.
const MAX_TURNS: u32 = 64;

impl<L: Ledger, C: Clock> Inner<L, C> {
    pub(super) async fn charge(
        &self,
        key: &Key,
        grant: &Grant,
        wish: &Wish,
        now: Timestamp,
        gate: &mut Unasked<'_>,
    ) -> Result<Outcome, StoreError> {
        let flight = match grant.meter.ask(wish, now, || gate.pass(now)) {
            Asked::Done(outcome) => return Ok(outcome),
            Asked::Lead(flight) => flight,
            Asked::Wait(told) => match told.await {
                Ok(Turn::Done(outcome)) => return Ok(outcome),
                Ok(Turn::Failed(failure)) => return Err(failure),
                Ok(Turn::Lead(flight)) => flight,
                Err(gone) => return Err(StoreError::forsaken(gone)),
            },
        };
        // In a place of its own: a decision that needs no store stays small.
        Box::pin(self.lead(grant.meter_id(&key.id), flight)).await
    }

    /// Makes the charge for a request and all that wait for it.
    async fn lead(&self, meter: MeterId, mut flight: Flight) -> Result<Outcome, StoreError> {
        let_others_join(&flight).await;
        loop {
            // The clock is read before each attempt and each refusal: with an older instant, clients within their limits are refused.
            match flight.next(self.store.charge_id(), self.store.now()) {
                Next::Done(outcome) => return Ok(outcome),
                Next::Archive(ended) => match self.store.archive(&meter, ended).await {
                    Ok(()) => flight.archived(ended),
                    Err(failure) => return flight.fail(&failure).ok_or(failure),
                },
                Next::Pause(pause) => tokio::time::sleep(pause).await,
                Next::Shard(shard, write) => match self.store.shard(&meter, shard, &write).await {
                    Ok(answer) => flight.learn_of_shard(&write, &answer, self.store.now()),
                    Err(failure) => return flight.fail(&failure).ok_or(failure),
                },
                Next::Write(write) => match self.store.charge(&meter, &write).await {
                    Ok(answer) => flight.learn(&write, &answer, self.store.now()),
                    Err(failure) => return flight.fail(&failure).ok_or(failure),
                },
            }
        }
    }

    pub(super) async fn refund(&self, id: &MeterId, meter: &Meter, refund: Refund) {
        let mut write = RefundWrite {
            id: self.store.charge_id(),
            after: meter.last_refund_id(),
            refund,
        };
        for _ in 0..MAX_REFUND_WRITES {
            match self.store.refund(id, &write).await {
                Ok(Answer::Failed(item)) if write.may_follow(&item) => {
                    write = write.following(&item);
                }
                // If it failed, the window or the day has ended, or an operator has settled what remains.
                Ok(Answer::Applied(_) | Answer::Failed(_)) => return,
                Err(failure) => {
                    warn!(
                        key.id = %id.key_id,
                        plan.id = %id.plan_id,
                        requests = refund.requests,
                        error = &failure as &dyn std::error::Error,
                        "could not give back what a lease had left"
                    );
                    return;
                }
            }
        }
    }
}

/// Comes back when the tasks that are ready have been at it, and those who shared the last charge ask again: they share this one.
async fn let_others_join(flight: &Flight) {
    let mut turns = 0;
    std::future::poll_fn(|context| {
        turns += 1;
        if turns > MAX_TURNS || (turns > 1 && flight.is_full()) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
