//! What is logged of a decision: ids and reasons, and never a key's value. The field `explanation` has it in the words of API Gateway's
//! execution log; it is written where the line is, and costs nothing where it is not.

use tracing::{debug, error, info, warn};

use super::Request;
use crate::decision::{Allowance, Decision, Denial, Exceeded, InWords, Metered, Overage, Reason};
use crate::quota::QuotaName;
use crate::store::StoreError;

/// The target of the log lines that tell of decisions.
pub const LOG_TARGET: &str = module_path!();

pub(super) fn decision(request: &Request<'_>, decided: &Result<Decision, StoreError>) {
    let in_words = |decision| InWords {
        api_stage: request.api_stage,
        method: request.method,
        decision,
    };
    match decided {
        Ok(Decision::Allow(Allowance::Unmetered)) => {}
        Ok(decision @ Decision::Allow(allowance @ Allowance::Metered(metered))) => {
            admission(request, allowance.as_str(), metered, in_words(decision));
        }
        Ok(decision @ Decision::Allow(allowance @ Allowance::Uncharged(metered))) => {
            uncharged(request, allowance.as_str(), metered, in_words(decision));
        }
        Ok(decision @ Decision::Allow(allowance @ Allowance::Shadowed(metered, exceeded))) => {
            let explanation = in_words(decision);
            beyond(request, allowance.as_str(), metered, *exceeded, explanation);
        }
        Ok(decision @ Decision::Deny(denied)) => denial(request, denied, in_words(decision)),
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

fn admission(
    request: &Request<'_>,
    decision: &'static str,
    metered: &Metered,
    explanation: InWords<'_>,
) {
    if let Some(Overage { quota, requests }) = metered.overage() {
        info!(
            api.stage = %request.api_stage,
            resource = request.method.resource,
            method = request.method.verb,
            key.id = %metered.key_id,
            plan.id = %metered.plan_id,
            decision,
            quota = quota.as_str(),
            overage = requests,
            %explanation,
            "admitted a request beyond a soft quota"
        );
        return;
    }
    debug!(
        api.stage = %request.api_stage,
        resource = request.method.resource,
        method = request.method.verb,
        key.id = %metered.key_id,
        plan.id = %metered.plan_id,
        decision,
        remaining = metered.remaining(),
        %explanation,
        "admitted a request"
    );
}

fn uncharged(
    request: &Request<'_>,
    decision: &'static str,
    metered: &Metered,
    explanation: InWords<'_>,
) {
    warn!(
        api.stage = %request.api_stage,
        resource = request.method.resource,
        method = request.method.verb,
        key.id = %metered.key_id,
        plan.id = %metered.plan_id,
        decision,
        remaining = metered.remaining(),
        %explanation,
        "admitted a request without a charge: the store did not answer"
    );
}

fn beyond(
    request: &Request<'_>,
    decision: &'static str,
    metered: &Metered,
    exceeded: Exceeded,
    explanation: InWords<'_>,
) {
    info!(
        api.stage = %request.api_stage,
        resource = request.method.resource,
        method = request.method.verb,
        key.id = %metered.key_id,
        plan.id = %metered.plan_id,
        decision,
        retry_after_ms = Reason::from(exceeded).retry_after_ms(),
        %explanation,
        "admitted a request beyond its limits: its plan is in shadow mode"
    );
}

fn denial(request: &Request<'_>, denial: &Denial, explanation: InWords<'_>) {
    info!(
        api.stage = %request.api_stage,
        resource = request.method.resource,
        method = request.method.verb,
        key.id = denial.key_id.as_ref().map(tracing::field::display),
        plan.id = denial.plan_id.as_ref().map(tracing::field::display),
        decision = denial.reason.as_str(),
        quota = denial.reason.quota().map(QuotaName::as_str),
        retry_after_ms = denial.reason.retry_after_ms(),
        %explanation,
        "denied a request"
    );
}
