//! What a key opens, remembered for a while.
//!
//! The first sight of a key costs two reads, of the key and of its plan. Then both are remembered for a while, in a cache of bounded
//! size: [`Memory`] says for how long, and how many. A refusal that an operator can lift is looked up again much earlier: when it is a tenth older than it was at
//! the last look, but not before [`FIRST_RECHECK`] and not after [`LAST_RECHECK`].
//!
//! What is remembered stands under a [`Fingerprint`](crate::key::Fingerprint) of the value as it was sent, so that the value need
//! neither be kept nor be hashed under the pepper each time.

mod cache;
mod plan_limits;
mod rules;

use std::sync::Arc;
use std::time::Duration;

use crate::api::is_ambiguous;
use crate::charge::Meter;
use crate::decision::Reason;
use crate::id::{ApiStage, KeyId, PlanId};
use crate::metadata::Metadata;
use crate::meter::MeterId;
use crate::overrides::Overrides;
use crate::plan::{MethodName, Plan};
use crate::scope::Scopes;
use crate::store::{ApiKey, KeyRecord};
use crate::time::Timestamp;

pub(crate) use cache::{Entitlements, Sought};
pub use plan_limits::PlanLimits;
pub(crate) use rules::{Rules, StageRules};

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// How long keys and plans are used before they are read again.
    pub max_age: Duration,
    /// How many keys, and as many plans, are remembered at the most. Beside them an eighth as many values that no key has, in a
    /// place of their own: however many of those are sent, no key is forgotten for them.
    pub max_keys: usize,
}

impl Default for Memory {
    /// 30 s, and 10,000 keys.
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(30),
            max_keys: 10_000,
        }
    }
}

/// How long a refusal of a key stands at the least before the store is asked again.
pub const FIRST_RECHECK: Duration = Duration::from_millis(5);

/// How long a refusal stands at the most before the store is asked again.
pub const LAST_RECHECK: Duration = Duration::from_secs(1);

/// For how long what was read of a key and its plans is used while the store does not answer, where a plan would rather admit than refuse.
pub const LONGEST_OUTAGE: Duration = Duration::from_hours(1);

/// Stands for the expiry of a key that never expires: the end of the range.
const NEVER: Timestamp = Timestamp::from_nanos(u64::MAX);

/// One plan of a key, and the meter of both.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) rules: Arc<Rules>,
    pub(crate) meter: Arc<Meter>,
}

impl Grant {
    /// The name of the meter of the key `key_id`, which has this grant.
    pub(crate) fn meter_id(&self, key_id: &KeyId) -> MeterId {
        MeterId {
            key_id: key_id.clone(),
            plan_id: self.rules.plan_id().clone(),
        }
    }
}

/// The rules of a plan for a key with these limits of its own. Most keys have none, and share the plan's.
fn of_key(plan: Arc<Rules>, overrides: &Overrides) -> Arc<Rules> {
    let own = overrides.in_plan(plan.plan_id());
    if own.is_empty() {
        plan
    } else {
        Arc::new(plan.of_key(own))
    }
}

/// The grants of a key. There is one as a rule, and then it needs no memory of its own.
#[derive(Debug)]
enum Grants {
    One(Grant),
    /// None, or more than one.
    Others(Box<[Grant]>),
}

impl Grants {
    fn new(mut grants: Vec<Grant>) -> Self {
        match (grants.pop(), grants.is_empty()) {
            (Some(only), true) => Self::One(only),
            (last, _) => {
                grants.extend(last);
                Self::Others(grants.into())
            }
        }
    }

    fn as_slice(&self) -> &[Grant] {
        match self {
            Self::One(grant) => std::slice::from_ref(grant),
            Self::Others(grants) => grants,
        }
    }
}

/// What decisions need of a key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: KeyId,
    pub(crate) customer_id: Option<Arc<str>>,
    /// How often it was narrowed, for its charges to say.
    pub(crate) generation: u64,
    expires_at: Timestamp,
    is_enabled: bool,
    /// Apart, because few keys have any of it and many keys are remembered.
    rare: Option<Box<Rare>>,
}

/// What few keys have.
#[derive(Debug)]
struct Rare {
    metadata: Metadata,
    scopes: Option<Scopes>,
}

impl Rare {
    /// `None` when the key has nothing of it.
    fn of(metadata: Metadata, scopes: Option<Scopes>) -> Option<Box<Self>> {
        let is_nothing = scopes.is_none() && metadata == Metadata::default();
        (!is_nothing).then(|| Box::new(Self { metadata, scopes }))
    }
}

impl From<KeyRecord> for Key {
    fn from(record: KeyRecord) -> Self {
        Self {
            id: record.id,
            customer_id: record.customer_id,
            generation: record.generation,
            expires_at: record.expires_at.unwrap_or(NEVER),
            is_enabled: record.enabled,
            rare: Rare::of(record.metadata, record.scopes),
        }
    }
}

impl Key {
    /// The key as one of its values opens it, which may be used until `expires_at`.
    fn of_value(key: &ApiKey, expires_at: Option<Timestamp>) -> Self {
        Self {
            id: key.id.clone(),
            customer_id: key.customer_id.as_deref().map(Arc::from),
            generation: 0,
            expires_at: expires_at.unwrap_or(NEVER),
            is_enabled: key.enabled,
            rare: Rare::of(
                Metadata::of_tags(&key.tags),
                Scopes::text_of(&key.tags).map(|text| Scopes::stored(&text)),
            ),
        }
    }

    /// What the operator has noted of it for handlers.
    pub(crate) fn metadata(&self) -> Metadata {
        self.rare
            .as_ref()
            .map_or_else(Metadata::default, |rare| rare.metadata.clone())
    }

    fn scopes(&self) -> Option<&Scopes> {
        self.rare.as_ref()?.scopes.as_ref()
    }
}

/// A key as the store had it, with its plans.
#[derive(Debug)]
pub(crate) struct Entitlement {
    /// `None`: no key has this value.
    pub(crate) key: Option<Key>,
    grants: Grants,
    /// When the oldest part of this was read: the key, or one of its plans.
    read_at: Timestamp,
    /// Since when the key has been refused, if it was before this was read; when the key was read if it was not.
    refused_since: Timestamp,
}

impl Entitlement {
    /// What a key and its plans are worth that were read at `now`, apart from all that is remembered, to a caller whose value of the key
    /// may be used until `expires_at`.
    pub(crate) fn unremembered(
        key: Option<&ApiKey>,
        expires_at: Option<Timestamp>,
        plans: &[Plan],
        now: Timestamp,
    ) -> Self {
        let overrides = key.map(|key| Overrides::of_tags(&key.tags));
        let overrides = overrides.unwrap_or_default();
        let grants = plans.iter().map(|plan| Grant {
            rules: of_key(Arc::new(Rules::new(plan)), &overrides),
            meter: Arc::default(),
        });
        Self {
            key: key.map(|key| Key::of_value(key, expires_at)),
            grants: Grants::new(grants.collect()),
            read_at: now,
            refused_since: now,
        }
    }

    /// The plan that covers `api_stage`, or the reason why the key does not open `method` of it at `now`.
    pub(crate) fn grant(
        &self,
        api_stage: &ApiStage,
        method: MethodName<'_>,
        sent_path: Option<&str>,
        now: Timestamp,
    ) -> Result<(&Key, &Grant, &StageRules), Reason> {
        let key = self.key.as_ref().ok_or(Reason::UnknownKey)?;
        if !key.is_enabled {
            return Err(Reason::DisabledKey);
        }
        if key.expires_at <= now {
            return Err(Reason::ExpiredKey);
        }
        let granted = self
            .grants
            .as_slice()
            .iter()
            .find_map(|grant| Some((key, grant, grant.rules.stage(api_stage)?)))
            .ok_or(Reason::NotInPlan)?;
        match key.scopes() {
            Some(scopes) if sent_path.is_some_and(is_ambiguous) || !scopes.allow(method) => {
                Err(Reason::OutOfScope)
            }
            Some(_) | None => Ok(granted),
        }
    }

    /// Whether the key, as the store has it by now, may open less than this.
    fn is_narrowed_by(&self, record: &KeyRecord) -> bool {
        let mut grants = self.grants.as_slice().iter();
        let is_granted = |grant: &Grant| {
            let plan_id = grant.rules.plan_id();
            // Whether other limits are narrower depends on the plan, which is not known.
            record.plan_ids.contains(plan_id)
                && grant.rules.are_for(&record.overrides.in_plan(plan_id))
        };
        self.key.as_ref().is_none_or(|key| {
            key.id != record.id
                || !record.enabled
                || record.generation != key.generation
                || record.expires_at.unwrap_or(NEVER) < key.expires_at
                || !grants.all(is_granted)
        })
    }

    /// Whether a refusal from this entitlement is too old to give at `now`.
    pub(crate) fn should_recheck(&self, now: Timestamp) -> bool {
        let stood = self.read_at.saturating_since(self.refused_since);
        now.abs_diff(self.read_at) >= (stood / 10).clamp(FIRST_RECHECK, LAST_RECHECK)
    }

    /// The meter of the key `record` in the plan `plan_id`, if this entitlement has it.
    ///
    /// A key that was narrowed since has a new one, of which as much is known: who still waits for a charge that the store refuses is none
    /// of its requests, and what was charged in advance is not for it.
    fn meter(&self, record: &KeyRecord, plan_id: &PlanId) -> Option<Arc<Meter>> {
        let key = self.key.as_ref().filter(|key| key.id == record.id)?;
        let mut grants = self.grants.as_slice().iter();
        let grant = grants.find(|grant| grant.rules.plan_id() == plan_id)?;
        Some(if key.generation == record.generation {
            Arc::clone(&grant.meter)
        } else {
            Arc::new(Meter::knowing(grant.meter.knowledge()))
        })
    }
}
