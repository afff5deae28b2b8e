//! The steps of a plan's limits: the throttle, the quota, and further quotas.

use tollgate::bucket::Throttle;
use tollgate::decision::{BurstLevel, Decision, FurtherLevel, QuotaLevel, Reason};
use tollgate::id::ApiStage;
use tollgate::lease::MIN_BURST;
use tollgate::limiter::Preview;
use tollgate::plan::{BucketId, Leases, Plan};
use tollgate::quota::QuotaName;
use tollgate::time::Timestamp;

use super::Asked;
use crate::explain::{Finding, Level, Steps, Subject, words};

/// What a bucket and a quota in the table do not show.
const IN_ADVANCE: &str =
    " A gateway or a function that has charged requests of this key in advance takes those first.";

/// Adds the steps of the plan that covers the stage.
pub(super) fn add(
    steps: &mut Steps,
    plan: &Plan,
    asked: &Asked<'_>,
    reason: Option<Reason>,
    now: Timestamp,
) {
    let Asked {
        preview,
        api_stage,
        is_bucket_known,
    } = *asked;
    let levels = preview.levels();
    if is_bucket_known {
        let throttle = preview
            .bucket
            .and_then(|bucket| throttle_of(plan, api_stage, bucket));
        add_throttle(
            steps,
            (plan, preview),
            throttle.as_ref(),
            levels.burst,
            reason,
        );
    } else {
        let words = format!(
            "The plan {} has throttles of their own for some methods of this stage. Which one holds for this request is not known here.",
            plan.name
        );
        steps.is_open(Subject::Throttle, words);
    }
    add_quota(steps, (plan, preview), levels.quota, reason, now);
    for level in &levels.further {
        add_further(steps, preview, level, reason, now);
    }
}

/// The throttle of a bucket, and the method that it is for, if it is not the plan's own.
fn throttle_of(
    plan: &Plan,
    api_stage: &ApiStage,
    bucket: BucketId,
) -> Option<(Throttle, Option<String>)> {
    if bucket == BucketId::Plan {
        return plan.throttle.map(|throttle| (throttle, None));
    }
    let mut methods = plan.covered(api_stage)?.method_throttles.iter();
    let (name, method) = methods.find(|(_, method)| method.bucket == bucket)?;
    Some((method.throttle, Some(name.clone())))
}

/// What a limit does that a request exceeds.
const fn refuses(preview: &Preview) -> Finding {
    match preview.decision {
        Decision::Allow(_) => Finding::Passes,
        Decision::Deny(_) => Finding::Refuses,
    }
}

/// Who allows what follows.
const fn allows(is_own: bool) -> &'static str {
    if is_own {
        "The key has limits of its own in this plan:"
    } else {
        "The plan allows each key"
    }
}

fn add_throttle(
    steps: &mut Steps,
    (plan, preview): (&Plan, &Preview),
    throttle: Option<&(Throttle, Option<String>)>,
    level: Option<BurstLevel>,
    reason: Option<Reason>,
) {
    let (Some((throttle, method)), Some(level)) = (throttle, level) else {
        let words = format!(
            "The plan {} does not limit the rate of this method.",
            plan.name
        );
        steps.passes(Subject::Throttle, words);
        return;
    };
    let rule = match method {
        None => format!(
            "{} {}.",
            allows(preview.limits.throttle(None).is_some()),
            words::throttle(*throttle)
        ),
        Some(name) => format!(
            "The plan allows each key {} for the method {name}, in place of the plan's own throttle.",
            words::throttle(*throttle)
        ),
    };
    let (finding, now) = match reason {
        Some(Reason::Throttled {
            retry_after: Some(wait),
        }) => {
            let wait = words::wait(wait);
            let now = format!("The bucket is empty: the next request fits in {wait}.");
            (refuses(preview), now)
        }
        Some(Reason::Throttled { retry_after: None }) => {
            let now = "That lets no request pass, however long a client waits.".to_owned();
            (refuses(preview), now)
        }
        Some(
            Reason::MissingKey
            | Reason::UnknownKey
            | Reason::DisabledKey
            | Reason::ExpiredKey
            | Reason::NotInPlan
            | Reason::OutOfScope
            | Reason::QuotaExceeded { .. },
        )
        | None => {
            let (left, of) = (words::number(level.remaining), words::number(level.limit));
            let now = format!("The bucket holds {left} of {of} requests now.");
            (Finding::Passes, now)
        }
    };
    let mut words = format!("{rule} {now}");
    if charges_in_advance(plan, Some(*throttle)) {
        words.push_str(IN_ADVANCE);
    }
    let level = Level {
        left: level.remaining,
        of: level.limit,
    };
    steps.add_with_level(Subject::Throttle, finding, words, Some(level));
}

fn add_quota(
    steps: &mut Steps,
    (plan, preview): (&Plan, &Preview),
    level: Option<QuotaLevel>,
    reason: Option<Reason>,
    now: Timestamp,
) {
    let (Some(quota), Some(level)) = (plan.quota, level) else {
        let words = format!("The plan {} has no quota.", plan.name);
        let finding = after_throttle(reason);
        if plan.further_quotas().is_empty() {
            steps.add(Subject::Quota, finding, words);
        }
        return;
    };
    let is_used_up = reason.and_then(Reason::quota) == Some(QuotaName::Own);
    let finding = if is_used_up {
        refuses(preview)
    } else {
        after_throttle(reason)
    };
    let left = if level.remaining == 0 {
        "All are used".to_owned()
    } else {
        let used = level.limit.saturating_sub(level.remaining);
        let (used, left) = (words::number(used), words::number(level.remaining));
        format!("{used} are used and {left} are left")
    };
    let resets_at = now.saturating_add(level.resets_after);
    let added = match level.limit.saturating_sub(quota.limit()) {
        0 => String::new(),
        added => format!(" {} were added for now.", words::requests(added)),
    };
    let mut words = format!(
        "{} {}.{added} {left} in this period, which ends at {}, in {}.",
        allows(preview.limits.quota.is_some()),
        words::quota(quota),
        words::instant(resets_at),
        words::wait(level.resets_after)
    );
    if charges_in_advance(plan, plan.throttle) {
        words.push_str(IN_ADVANCE);
    }
    let level = Level {
        left: level.remaining,
        of: level.limit.max(level.remaining),
    };
    steps.add_with_level(Subject::Quota, finding, words, Some(level));
}

/// A further quota: a step of its own.
fn add_further(
    steps: &mut Steps,
    preview: &Preview,
    level: &FurtherLevel,
    reason: Option<Reason>,
    now: Timestamp,
) {
    let name = QuotaName::Further(level.every);
    let finding = if reason.and_then(Reason::quota) == Some(name) {
        refuses(preview)
    } else {
        after_throttle(reason)
    };
    let limit = words::number(level.limit);
    let left = match level.overage {
        Some(overage) if level.remaining == 0 => format!(
            "All are used, and {} beyond: the quota is soft, so requests pass and are counted",
            words::number(overage)
        ),
        Some(_) | None if level.remaining == 0 => "All are used".to_owned(),
        Some(_) | None => format!("{} are left", words::number(level.remaining)),
    };
    let resets_at = now.saturating_add(level.resets_after);
    let words = format!(
        "The plan's further quota {name} allows each key {limit} requests a {}. {left} in this period, which ends at {}, in {}.",
        level.every,
        words::instant(resets_at),
        words::wait(level.resets_after)
    );
    let level = Level {
        left: level.remaining,
        of: level.limit,
    };
    steps.add_with_level(Subject::Quota, finding, words, Some(level));
}

/// Whether processes may hold requests of a key that the table takes for used.
fn charges_in_advance(plan: &Plan, throttle: Option<Throttle>) -> bool {
    let has_leases = || throttle.is_none_or(|throttle| throttle.burst >= MIN_BURST);
    plan.shards().is_some() || (plan.leases() != Leases::Off && has_leases())
}

/// The quota is looked at after the throttle.
const fn after_throttle(reason: Option<Reason>) -> Finding {
    match reason {
        Some(Reason::Throttled { .. }) => Finding::NotAsked,
        Some(
            Reason::MissingKey
            | Reason::UnknownKey
            | Reason::DisabledKey
            | Reason::ExpiredKey
            | Reason::NotInPlan
            | Reason::OutOfScope
            | Reason::QuotaExceeded { .. },
        )
        | None => Finding::Passes,
    }
}
