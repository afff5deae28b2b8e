//! What becomes of a request beyond the limits of a plan in shadow mode: it passes, and is counted.

use std::time::Duration;

use tracing::warn;

use super::gate::Unasked;
use super::{Grant, Inner, Key};
use crate::charge::{Outcome, Wish};
use crate::decision::{Allowance, Decision, Exceeded, Metered};
use crate::meter::{Limits, Refusal};
use crate::store::Ledger;
use crate::time::{Clock, Timestamp};

impl<L: Ledger, C: Clock> Inner<L, C> {
    /// Counts a request that `refusal` would have refused, and says which limit it exceeds; in an error, how long a limit that callers
    /// share makes it wait: that is none of the plan's. `None` when the meter is off.
    ///
    /// It takes nothing of the bucket and the quota. So they are as they would be if the plan were enforced, and what is said to exceed them
    /// is what would be refused.
    pub(super) async fn admit_beyond(
        &self,
        key: &Key,
        grant: &Grant,
        wish: &Wish,
        refusal: Refusal,
        gate: &mut Unasked<'_>,
    ) -> Option<Result<Exceeded, Option<Duration>>> {
        let now = self.store.now();
        let exceeded = exceeded(refusal, now);
        let counting = Wish {
            limits: Limits::default(),
            shards: None,
            ..*wish
        };
        match self.charge(key, grant, &counting, now, gate).await {
            Ok(Outcome::SwitchedOff) => None,
            Ok(Outcome::GateClosed(retry_after, _)) => Some(Err(retry_after)),
            Ok(Outcome::Admitted(_)) => Some(Ok(exceeded)),
            // It lost every race for the item.
            Ok(Outcome::Refused(..)) => {
                warn!(
                    key.id = %key.id,
                    plan.id = %grant.rules.plan_id(),
                    "did not count a request beyond its limits: others were faster"
                );
                Some(Ok(exceeded))
            }
            Err(failure) => {
                warn!(
                    key.id = %key.id,
                    plan.id = %grant.rules.plan_id(),
                    error = &failure as &dyn std::error::Error,
                    "did not count a request beyond its limits: the store did not answer"
                );
                Some(Ok(exceeded))
            }
        }
    }
}

/// Which limit a request exceeds at `now`.
pub(super) fn exceeded(refusal: Refusal, now: Timestamp) -> Exceeded {
    match refusal {
        Refusal::Throttled { until } => Exceeded::Throttle {
            retry_after: until.map(|until| until.saturating_since(now)),
        },
        Refusal::QuotaExceeded { resets_at, quota } => Exceeded::Quota {
            resets_after: resets_at.saturating_since(now),
            quota,
        },
    }
}

pub(super) const fn shadowed(metered: Metered, exceeded: Exceeded) -> Decision {
    Decision::Allow(Allowance::Shadowed(metered, exceeded))
}
