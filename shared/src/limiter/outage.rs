//! What is decided of a request that could not be charged, where its plan would rather admit than refuse.

use super::gate::Unasked;
use super::stand_in::NoStandIn;
use super::{Inner, Request, exceeded, shadowed, uncharged};
use crate::charge::Outcome;
use crate::decision::{Allowance, Decision};
use crate::plan::{Mode, OnUnavailable};
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
        let now = self.store.now();
        let fingerprint = self.entitlements.fingerprint(request.key?)?;
        let known = self.entitlements.recalled(&fingerprint, now)?;
        let (key, grant, rules) = known
            .grant(request.api_stage, request.method, request.sent_path, now)
            .ok()?;
        match (failure.kind(), grant.rules.on_unavailable(), rules.mode()) {
            (StoreErrorKind::Unavailable, OnUnavailable::Allow, _)
            | (StoreErrorKind::Unavailable | StoreErrorKind::Throttled, _, Mode::Shadow) => {}
            // It has answered. A client can bring about that its own meter is throttled.
            (StoreErrorKind::Throttled, _, Mode::Enforce)
            | (StoreErrorKind::Unavailable, OnUnavailable::Deny, Mode::Enforce)
            | (StoreErrorKind::Broken | StoreErrorKind::InvalidPosition, _, _) => return None,
        }
        let knowledge = grant.meter.knowledge();
        if knowledge.is_off() {
            return None;
        }
        let wish = self.wish(request, key, grant, rules, now);
        // Of a quota of which nothing was heard, all may be used.
        let is_unheard_of = wish.limits.quota.is_some() && knowledge.quota().is_none();
        let mut further = wish.limits.further.iter();
        let is_unheard_of =
            is_unheard_of || further.any(|quota| knowledge.further(quota.every).is_none());
        if rules.mode() == Mode::Enforce && is_unheard_of {
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
        let (exceeds, levels) = match (taken, rules.mode()) {
            (Ok(levels), _) => {
                let metered = uncharged(key, grant, levels);
                return Some(Decision::Allow(Allowance::Uncharged(metered)));
            }
            (Err(NoStandIn::GateClosed(wait, levels)), _) => {
                return self.decision(key, grant, &wish, Outcome::GateClosed(wait, *levels));
            }
            (Err(NoStandIn::Refused(refusal, levels)), Mode::Enforce) => {
                return self.decision(key, grant, &wish, Outcome::Refused(refusal, *levels));
            }
            (Err(NoStandIn::Full), Mode::Enforce) => return None,
            (Err(NoStandIn::Refused(refusal, levels)), Mode::Shadow) => {
                (Some(exceeded(refusal, now)), *levels)
            }
            (Err(NoStandIn::Full), Mode::Shadow) => (None, knowledge.levels(&wish.limits, now)),
        };
        if let Err(wait) = gate.pass(now) {
            return self.decision(key, grant, &wish, Outcome::GateClosed(wait, levels));
        }
        let metered = uncharged(key, grant, levels);
        Some(match exceeds {
            Some(exceeds) => shadowed(metered, exceeds),
            None => Decision::Allow(Allowance::Uncharged(metered)),
        })
    }
}
