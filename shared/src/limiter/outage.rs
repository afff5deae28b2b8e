//! What is decided of a request that could not be charged, where its plan would rather admit than refuse.

use super::gate::Unasked;
use super::stand_in::NoStandIn;
use super::{Inner, Request, metered};
use crate::charge::Outcome;
use crate::decision::{Allowance, Decision};
use crate::plan::OnUnavailable;
use crate::store::{Ledger, StoreError, StoreErrorKind};
use crate::time::Clock;

impl<L: Ledger, C: Clock> Inner<L, C> {
    /// What this process decides by itself of a request that could not be charged. `None` when its plan does not want that, or when
    /// too little is known.
    pub(super) fn stand_in(
        &self,
        request: &Request<'_>,
        failure: &StoreError,
        gate: &mut Unasked<'_>,
    ) -> Option<Decision> {
        match failure.kind() {
            StoreErrorKind::Unavailable => {}
            // It has answered. A client can bring about that its own meter is throttled.
            StoreErrorKind::Throttled
            | StoreErrorKind::Broken
            | StoreErrorKind::InvalidPosition => return None,
        }
        let now = self.store.now();
        let fingerprint = self.entitlements.fingerprint(request.key?)?;
        let known = self.entitlements.recalled(&fingerprint, now)?;
        let (key, grant, rules) = known.grant(request.api_stage, now).ok()?;
        match grant.rules.on_unavailable() {
            OnUnavailable::Deny => return None,
            OnUnavailable::Allow => {}
        }
        let knowledge = grant.meter.knowledge();
        if knowledge.is_off() {
            return None;
        }
        let wish = self.wish(request, grant, rules, now);
        // Of a quota of which nothing was heard, all may be used.
        if wish.limits.quota.is_some() && knowledge.quota().is_none() {
            return None;
        }
        let taken = self.stand_ins.take(
            grant.meter_id(&key.id),
            &knowledge,
            wish.cost,
            &wish.limits,
            now,
            gate,
        );
        match taken {
            Ok(levels) => {
                let metered = metered(key, grant, levels);
                Some(Decision::Allow(Allowance::Uncharged(metered)))
            }
            Err(NoStandIn::Refused(refusal, levels)) => {
                self.decision(key, grant, &Outcome::Refused(refusal, levels))
            }
            Err(NoStandIn::GateClosed(wait, levels)) => {
                self.decision(key, grant, &Outcome::GateClosed(wait, levels))
            }
            Err(NoStandIn::Full) => None,
        }
    }
}
