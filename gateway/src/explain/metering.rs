//! The steps from the key to the quota.

use tollgate::bucket::Throttle;
use tollgate::decision::{
    Allowance, BurstLevel, Decision, Denial, FurtherLevel, QuotaLevel, Reason,
};
use tollgate::id::ApiStage;
use tollgate::key::KeyValue;
use tollgate::lease::MIN_BURST;
use tollgate::limiter::{GivenKey, Preview, Question, preview};
use tollgate::plan::{BucketId, Leases, MethodName, Mode, Plan};
use tollgate::quota::QuotaName;
use tollgate::scope::Scopes;
use tollgate::store::{ApiKey, KeyRegistry, PlanRegistry, StoreError};
use tollgate::time::Timestamp;

use super::{Finding, Level, Request, Steps, Subject, words};

/// What a bucket and a quota in the table do not show.
const IN_ADVANCE: &str =
    " A gateway or a function that has charged requests of this key in advance takes those first.";

/// Adds the steps of a method that requires a key. The denial, when one of them ends the request. `resource` is the method's path; `None`
/// where routes are not known.
///
/// # Errors
///
/// When the store does not answer.
pub(super) async fn add<S: KeyRegistry + PlanRegistry>(
    steps: &mut Steps,
    store: &S,
    request: &Request<'_>,
    resource: Option<&str>,
    now: Timestamp,
) -> Result<Option<Denial>, StoreError> {
    let question = Question {
        api_stage: request.api_stage,
        method: MethodName {
            resource: resource.unwrap_or(request.path),
            verb: request.method.as_str(),
        },
        key: request.key,
    };
    let preview = preview(store, &question, now).await?;
    let is_bucket_known = resource.is_some() || !has_method_throttles(&preview, request.api_stage);
    let denial = match &preview.decision {
        Decision::Allow(_) => None,
        Decision::Deny(denial) if is_bucket_known => Some(denial.clone()),
        Decision::Deny(denial) => without_throttle(denial, &preview),
    };
    match (&preview.decision, &denial) {
        (_, Some(denial)) => {
            let decision = Decision::Deny(denial.clone());
            steps.log(request.api_stage, question.method, &decision);
        }
        (Decision::Allow(_), None) => {
            steps.log(request.api_stage, question.method, &preview.decision);
        }
        // It is not certain that the request meets the bucket that has nothing left.
        (Decision::Deny(_), None) => {}
    }
    let reason = match &preview.decision {
        Decision::Allow(Allowance::Shadowed(_, exceeded)) => Some(Reason::from(*exceeded)),
        Decision::Allow(Allowance::Unmetered | Allowance::Metered(_) | Allowance::Uncharged(_))
        | Decision::Deny(_) => denial.as_ref().map(|denial| denial.reason),
    };
    match &preview.key {
        None => without_key(steps, request.key),
        Some(key) => {
            let asked = Asked {
                preview: &preview,
                api_stage: request.api_stage,
                is_bucket_known,
            };
            with_key(steps, key, &asked, reason, now);
        }
    }
    Ok(denial)
}

/// What was asked about a key, and the answer.
struct Asked<'a> {
    preview: &'a Preview,
    api_stage: &'a ApiStage,
    /// Whether it is certain which of the plan's throttles the request meets.
    is_bucket_known: bool,
}

fn has_method_throttles(preview: &Preview, api_stage: &ApiStage) -> bool {
    let covered = preview.plan().and_then(|plan| plan.covered(api_stage));
    covered.is_some_and(|covered| !covered.method_throttles.is_empty())
}

/// What is left of a denial when it is not certain that the request meets the bucket that was asked: the quota, which comes after it.
fn without_throttle(denial: &Denial, preview: &Preview) -> Option<Denial> {
    if !matches!(denial.reason, Reason::Throttled { .. }) {
        return Some(denial.clone());
    }
    let levels = preview.levels();
    let own = levels.quota.filter(|quota| quota.remaining == 0);
    let own = own.map(|quota| (quota.resets_after, QuotaName::Own));
    let is_used_up = |level: &&FurtherLevel| level.remaining == 0 && level.overage.is_none();
    let further = levels.further.iter().filter(is_used_up);
    let further = further.map(|level| (level.resets_after, QuotaName::Further(level.every)));
    // As the engine has it, the one that starts again last.
    let (resets_after, quota) = own
        .into_iter()
        .chain(further)
        .max_by_key(|(after, _)| *after)?;
    Some(Denial {
        reason: Reason::QuotaExceeded {
            resets_after,
            quota,
        },
        ..denial.clone()
    })
}

fn without_key(steps: &mut Steps, given: GivenKey<'_>) {
    let why = match given {
        GivenKey::None | GivenKey::Value("") => {
            "The request has no key: the header x-api-key is missing.".to_owned()
        }
        GivenKey::Id(id) => format!("There is no key with the id {id}."),
        GivenKey::Value(text) => match KeyValue::parse(text) {
            Ok(_) => "No key has the value in the header x-api-key.".to_owned(),
            Err(error) => {
                format!("No key can have the value in the header x-api-key: {error}.")
            }
        },
    };
    steps.add(Subject::Key, Finding::Refuses, why);
}

fn with_key(
    steps: &mut Steps,
    key: &ApiKey,
    asked: &Asked<'_>,
    reason: Option<Reason>,
    now: Timestamp,
) {
    let Asked {
        preview,
        api_stage,
        is_bucket_known,
    } = *asked;
    let found = format!("The key is {} ({}).", named(&key.name), key.id);
    steps.passes(Subject::Key, found);
    let may_use = match (reason, preview.expires_at) {
        (Some(Reason::DisabledKey), _) => {
            let why = if key.enabled {
                "The key is enabled, and its meter is switched off: it has been taken out of the plan, or is being changed at this moment."
            } else {
                "The key is disabled."
            };
            steps.add(Subject::KeyState, Finding::Refuses, why);
            return;
        }
        (Some(Reason::ExpiredKey), Some(at)) => {
            let why = if key.expires_at == Some(at) {
                format!("The key expired at {}.", words::instant(at))
            } else {
                format!(
                    "The key was rotated, and this value of it, which is not the last, expired at {}.",
                    words::instant(at)
                )
            };
            steps.add(Subject::KeyState, Finding::Refuses, why);
            return;
        }
        (_, Some(at)) if key.expires_at == Some(at) => {
            format!("It is enabled, and expires at {}.", words::instant(at))
        }
        (_, Some(at)) => format!(
            "It is enabled. It was rotated, and this value of it, which is not the last, expires at {}.",
            words::instant(at)
        ),
        (_, None) => "It is enabled, and never expires.".to_owned(),
    };
    steps.passes(Subject::KeyState, may_use);
    if let Some(scopes) = Scopes::text_of(&key.tags) {
        let why = format!("The key opens {scopes}.");
        match reason {
            Some(Reason::OutOfScope) => {
                let why = format!("{why} This method is none of them.");
                steps.add(Subject::Scopes, Finding::Refuses, why);
                return;
            }
            // No plan covers the stage, so that the scopes were not asked.
            Some(Reason::NotInPlan) => {}
            _ => steps.passes(Subject::Scopes, why),
        }
    }
    let Some(plan) = preview.plan() else {
        let names: Vec<&str> = preview
            .plans
            .iter()
            .map(|plan| plan.name.as_str())
            .collect();
        let why = match names.as_slice() {
            [] => "The key is in no usage plan.".to_owned(),
            [only] => format!("The key's plan, {only}, does not cover the stage {api_stage}."),
            _ => format!(
                "None of the key's plans covers the stage {api_stage}: {}.",
                names.join(", ")
            ),
        };
        steps.add(Subject::Plan, Finding::Refuses, why);
        return;
    };
    let mut covers = format!("The plan {} ({}) covers this stage.", plan.name, plan.id);
    match plan.mode_in(api_stage) {
        Mode::Enforce => {}
        Mode::Shadow => covers.push_str(
            " It is in shadow mode: what exceeds its limits passes all the same, and is counted and logged.",
        ),
    }
    if is_bucket_known && preview.cost.get() > 1 {
        let cost = words::number(preview.cost.get());
        covers = format!("{covers} This request counts for {cost}.");
    }
    steps.passes(Subject::Plan, covers);
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

fn named(name: &str) -> &str {
    if name.is_empty() {
        "without a name"
    } else {
        name
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
