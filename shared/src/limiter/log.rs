//! What is logged of a decision: ids and reasons, and never a key's value.

use tracing::{debug, error, info, warn};

use super::Request;
use crate::decision::{Allowance, Decision, Denial, Exceeded, Metered, Reason};
use crate::store::StoreError;

/// The target of the log lines that tell of decisions.
pub const LOG_TARGET: &str = module_path!();

pub(super) fn decision(request: &Request<'_>, decision: &Result<Decision, StoreError>) {
    match decision {
        Ok(Decision::Allow(Allowance::Unmetered)) => {}
        Ok(Decision::Allow(allowance @ Allowance::Metered(metered))) => {
            admission(request, allowance.as_str(), metered);
        }
        Ok(Decision::Allow(allowance @ Allowance::Uncharged(metered))) => {
            uncharged(request, allowance.as_str(), metered);
        }
        Ok(Decision::Allow(allowance @ Allowance::Shadowed(metered, exceeded))) => {
            beyond(request, allowance.as_str(), metered, *exceeded);
        }
        Ok(Decision::Deny(denied)) => denial(request, denied),
        Err(failure) => error!(
            api.stage = %request.api_stage,
            error = failure as &dyn std::error::Error,
            "could not decide a request: the store did not answer"
        ),
    }
}

/// Why this process decides by itself.
pub(super) fn store_failure(request: &Request<'_>, failure: &StoreError) {
    debug!(
        api.stage = %request.api_stage,
        error = failure as &dyn std::error::Error,
        "decide a request without the store, which did not answer"
    );
}

fn admission(request: &Request<'_>, decision: &'static str, metered: &Metered) {
    debug!(
        api.stage = %request.api_stage,
        resource = request.method.resource,
        method = request.method.verb,
        key.id = %metered.key_id,
        plan.id = %metered.plan_id,
        decision,
        remaining = metered.remaining(),
        "admitted a request"
    );
}

fn uncharged(request: &Request<'_>, decision: &'static str, metered: &Metered) {
    warn!(
        api.stage = %request.api_stage,
        resource = request.method.resource,
        method = request.method.verb,
        key.id = %metered.key_id,
        plan.id = %metered.plan_id,
        decision,
        remaining = metered.remaining(),
        "admitted a request without a charge: the store did not answer"
    );
}

fn beyond(request: &Request<'_>, decision: &'static str, metered: &Metered, exceeded: Exceeded) {
    info!(
        api.stage = %request.api_stage,
        resource = request.method.resource,
        method = request.method.verb,
        key.id = %metered.key_id,
        plan.id = %metered.plan_id,
        decision,
        retry_after_ms = Reason::from(exceeded).retry_after_ms(),
        "admitted a request beyond its limits: its plan is in shadow mode"
    );
}

fn denial(request: &Request<'_>, denial: &Denial) {
    info!(
        api.stage = %request.api_stage,
        resource = request.method.resource,
        method = request.method.verb,
        key.id = denial.key_id.as_ref().map(tracing::field::display),
        plan.id = denial.plan_id.as_ref().map(tracing::field::display),
        decision = denial.reason.as_str(),
        retry_after_ms = denial.reason.retry_after_ms(),
        "denied a request"
    );
}
