//! What a decision would be, for people who ask why: nothing is charged, and nothing is remembered.
//!
//! It reads the store alone. A process that decides may know better for a moment: it may have a lease, which was charged before, and it
//! may refuse from what it remembers.

use std::fmt;
use std::num::NonZeroU64;

use super::{deny, exceeded, reason, shadowed, uncharged};
use crate::decision::{Allowance, Decision, Denial, Levels, Reason};
use crate::entitlement::Entitlement;
use crate::id::{ApiStage, KeyId};
use crate::key::KeyValue;
use crate::meter::{Answer, Knowledge};
use crate::overrides::KeyLimits;
use crate::plan::{BucketId, MethodName, Mode, Plan};
use crate::store::{ApiKey, KeyRegistry, PlanRegistry, StoreError};
use crate::time::Timestamp;

/// The key of a request that nobody has sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum GivenKey<'a> {
    /// None.
    None,
    /// The value as it would be sent.
    Value(&'a str),
    /// The key with this id, as if its value were sent.
    Id(&'a KeyId),
}

/// Shows no value.
impl fmt::Debug for GivenKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Value(_) => f.write_str("Value(..)"),
            Self::Id(id) => f.debug_tuple("Id").field(id).finish(),
        }
    }
}

/// One request for a method that requires a key, which is only thought of.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The API and the stage that the request would be for.
    pub api_stage: &'a ApiStage,
    /// The resource and the method.
    pub method: MethodName<'a>,
    /// The key.
    pub key: GivenKey<'a>,
}

/// What would be decided, and what that rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The decision. Its levels are those before the request.
    pub decision: Decision,
    /// The key, when there is one.
    pub key: Option<ApiKey>,
    /// From when on the value may not be used that was given: a former value of the key ends before it.
    pub expires_at: Option<Timestamp>,
    /// The plans of the key, with the key's own limits in place of theirs where it has some.
    pub plans: Vec<Plan>,
    /// The key's own limits in the plan that covers the stage.
    pub limits: KeyLimits,
    /// The bucket that the request would take from, when a plan covers the stage and has a throttle for the method.
    pub bucket: Option<BucketId>,
    /// How many requests it counts for.
    pub cost: NonZeroU64,
}

/// What would be decided of a request at `now`.
///
/// It costs a read for the key, one for each of its plans, and one for the meter.
///
/// # Errors
///
/// When the store does not answer.
pub async fn preview<S: KeyRegistry + PlanRegistry>(
    store: &S,
    question: &Question<'_>,
    now: Timestamp,
) -> Result<Preview, StoreError> {
    let (key, expires_at) = match question.key {
        GivenKey::None | GivenKey::Value("") => {
            return Ok(Preview {
                decision: deny(Reason::MissingKey, None),
                key: None,
                expires_at: None,
                plans: Vec::new(),
                limits: KeyLimits::default(),
                bucket: None,
                cost: NonZeroU64::MIN,
            });
        }
        GivenKey::Value(text) => find(store, text).await?,
        GivenKey::Id(id) => {
            let key = store.key_by_id(id).await?;
            let expires_at = key.as_ref().and_then(|key| key.expires_at);
            (key, expires_at)
        }
    };
    let mut plans = Vec::new();
    for id in key.iter().flat_map(|key| &key.plan_ids) {
        plans.extend(store.plan_by_id(id).await?);
    }
    let known = Entitlement::unremembered(key.as_ref(), expires_at, &plans, now);
    for plan in &mut plans {
        if let Some(key) = &key {
            let own = key.limits_in(&plan.id);
            plan.throttle = own.throttle(plan.throttle);
            plan.quota = own.quota(plan.quota).map(|quota| quota.at(now));
        }
    }
    let without_meter = |reason, key, plans| Preview {
        decision: deny(reason, Some(&known)),
        key,
        expires_at,
        plans,
        limits: KeyLimits::default(),
        bucket: None,
        cost: NonZeroU64::MIN,
    };
    let (owner, grant, rules) = match known.grant(question.api_stage, question.method, None, now) {
        Ok(granted) => granted,
        Err(reason) => return Ok(without_meter(reason, key, plans)),
    };
    let limits = rules.limits(question.method, now);
    let item = store.meter(&owner.id, grant.rules.plan_id()).await?;
    if item.off {
        return Ok(without_meter(Reason::DisabledKey, key, plans));
    }
    let mut knowledge = Knowledge::default();
    knowledge.learn(&Answer::Failed(item), now);
    let levels = knowledge.levels(&limits, now);
    let cost = grant.rules.cost(question.method);
    let decision = match knowledge.check(cost.get(), &limits, now) {
        Err(refusal) if rules.mode() == Mode::Shadow => {
            shadowed(uncharged(owner, grant, levels), exceeded(refusal, now))
        }
        Ok(()) => Decision::Allow(Allowance::Metered(uncharged(owner, grant, levels))),
        Err(refusal) => Decision::Deny(Denial {
            reason: reason(refusal, now),
            key_id: Some(owner.id.clone()),
            plan_id: Some(grant.rules.plan_id().clone()),
            levels,
        }),
    };
    let own = key.as_ref().map(|key| key.limits_in(grant.rules.plan_id()));
    Ok(Preview {
        decision,
        limits: own.unwrap_or_default(),
        key,
        expires_at,
        plans,
        bucket: limits.bucket.map(|(bucket, _)| bucket),
        cost,
    })
}

impl Preview {
    /// The plan that covers the stage, when the key opens it.
    pub fn plan(&self) -> Option<&Plan> {
        let id = self.decision.plan_id()?;
        self.plans.iter().find(|plan| plan.id == *id)
    }

    /// What is left of the limits; of none when no meter was asked.
    pub fn levels(&self) -> Levels {
        self.decision.levels().cloned().unwrap_or_default()
    }
}

/// The key with a value, and from when on the value may not be used. What cannot be one is not looked for.
async fn find(
    store: &impl KeyRegistry,
    text: &str,
) -> Result<(Option<ApiKey>, Option<Timestamp>), StoreError> {
    let Ok(value) = KeyValue::parse(text) else {
        return Ok((None, None));
    };
    match store.value_owner(&value).await? {
        Some(owner) => Ok((store.key_by_id(&owner.key_id).await?, owner.expires_at)),
        None => Ok((None, None)),
    }
}
