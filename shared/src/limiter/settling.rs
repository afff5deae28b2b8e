//! What a request has cost is known when it is answered: the difference is charged then.

use tracing::{info, warn};

use super::{Inner, Limiter};
use crate::charge::{SettleNext, Settled, Settlement};
use crate::decision::Metered;
use crate::meter::MeterId;
use crate::store::{Ledger, StoreError};
use crate::time::Clock;

/// The most that one request can turn out to have cost. What a handler says beyond that is a mistake: of numbers without a bound, counters
/// would soon be too large to be read again.
pub const MAX_SETTLED: u64 = 1_000_000_000;

impl<L: Ledger, C: Clock> Limiter<L, C> {
    /// Charges what a request has cost beyond what it was charged before it passed: `actual` requests in all. What it has cost less is
    /// not given back: the charge before is the least that a request costs.
    ///
    /// The difference counts against the plan's quotas, and not against its bucket. It takes what they have left and, in a plan with the
    /// tag [`OVERDRAFT`](crate::plan::OVERDRAFT), so much more at the most, whatever happens at once: each write is conditional.
    /// Of a key that was narrowed or disabled since it was charged nothing more is taken.
    ///
    /// One request costs [`MAX_SETTLED`] at the most; the rest is waived.
    ///
    /// It costs one write, or a few when others charge the key at the same time.
    ///
    /// # Errors
    ///
    /// When the store does not answer. The difference may have been charged, and must not be settled again.
    pub async fn settle(&self, metered: &Metered, actual: u64) -> Result<Settled, StoreError> {
        let most = actual.min(MAX_SETTLED);
        let more = most.saturating_sub(metered.cost);
        // Whoever passed without a charge stays without one.
        if more == 0 || metered.cost == 0 {
            return Ok(Settled::default());
        }
        let mut settled = self.inner.settle(metered, more).await;
        if let Ok(Settled { waived, .. }) = &mut settled {
            *waived = waived.saturating_add(actual.saturating_sub(most));
        }
        match &settled {
            Ok(Settled { charged, waived }) if *waived > 0 => info!(
                key.id = %metered.key_id,
                plan.id = %metered.plan_id,
                charged,
                waived,
                "a request has cost more than could be charged"
            ),
            Ok(_) => {}
            Err(failure) => warn!(
                key.id = %metered.key_id,
                plan.id = %metered.plan_id,
                requests = more,
                error = failure as &dyn std::error::Error,
                "could not charge what a request has cost"
            ),
        }
        settled
    }
}

impl<L: Ledger, C: Clock> Inner<L, C> {
    async fn settle(&self, metered: &Metered, more: u64) -> Result<Settled, StoreError> {
        let mut settlement = Settlement::new(&metered.quotas, more);
        let meter = MeterId {
            key_id: metered.key_id.clone(),
            plan_id: metered.plan_id.clone(),
        };
        loop {
            match settlement.next(self.store.charge_id(), self.store.now()) {
                SettleNext::Done(settled) => return Ok(settled),
                SettleNext::Archive(ended) => {
                    self.store.archive(&meter, ended).await?;
                    settlement.archived(ended);
                }
                SettleNext::Write(write) => {
                    let answer = self.store.charge(&meter, &write).await?;
                    settlement.learn(&write, &answer, self.store.now());
                }
            }
        }
    }
}
