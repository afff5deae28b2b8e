//! The steps from the key to the quota.

mod limits;

use tollgate::decision::{Allowance, Decision, Denial, FurtherLevel, Reason};
use tollgate::id::ApiStage;
use tollgate::key::KeyValue;
use tollgate::limiter::{GivenKey, Preview, Question, preview};
use tollgate::plan::{MethodName, Mode};
use tollgate::quota::QuotaName;
use tollgate::scope::Scopes;
use tollgate::store::{ApiKey, KeyRegistry, PlanRegistry, StoreError};
use tollgate::time::Timestamp;

use super::{Finding, Request, Steps, Subject, words};

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
    limits::add(steps, plan, asked, reason, now);
}

fn named(name: &str) -> &str {
    if name.is_empty() {
        "without a name"
    } else {
        name
    }
}
