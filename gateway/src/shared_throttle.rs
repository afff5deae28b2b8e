//! Limits that hold for all callers of REST APIs together, keyed or not: a stage's method settings, and the account's.
//!
//! API Gateway asks the limits of a key's plan first, then the method settings of the stage, then the account, and answers 429
//! `Too Many Requests` to each of them.
//!
//! # One bucket for each method
//!
//! The developer guide says of stages that their limits "are applied at the API method level": the same settings for all methods,
//! or different ones for each. So the entry `*/*` is the setting of every method that has no entry of its own, and each method
//! takes from a bucket of its own; it is no bucket that the methods of a stage share. An entry for one method replaces `*/*` for it.
//!
//! # Where the buckets live
//!
//! In this process, outside the compiled stages, so that compiling a stage again hands out no second burst. Buckets that are
//! full again and that no compiled stage holds are forgotten when there are many, which nobody can notice.

mod atomic_bucket;
mod setting;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tollgate::bucket::{Bucket, Throttle};
use tollgate::control::account_limit_of_aws;
use tollgate::decision::{Allowance, Decision, Denial, Levels, Reason};
use tollgate::id::ApiStage;
use tollgate::limiter::Gate;
use tollgate::plan::MethodName;
use tollgate::rest_api::MethodSetting;
use tollgate::time::Timestamp;

use atomic_bucket::AtomicBucket;

/// How many buckets may be remembered before those that nobody needs are looked for.
const CAPACITY: usize = 16_384;

/// The buckets of all stages and of the account. Clones share them.
#[derive(Clone, Debug)]
pub struct SharedThrottles(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    account: Limit,
    /// Locked when a stage is compiled, never for a request.
    methods: Mutex<HashMap<MethodKey, Arc<AtomicBucket>>>,
    capacity: usize,
}

/// A method of a stage. The verb is the declared one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct MethodKey {
    api_stage: ApiStage,
    resource: Box<str>,
    verb: Box<str>,
}

/// A bucket's state with the rule that holds for it.
#[derive(Clone, Debug)]
struct Limit {
    rule: Bucket,
    state: Arc<AtomicBucket>,
}

/// What one method of a stage shares with other callers. A compiled stage keeps one for each method.
#[derive(Clone, Debug)]
pub struct SharedGate {
    /// `None` when the stage does not limit the method.
    method: Option<Limit>,
    account: Limit,
}

/// The limit that a stage's `settings` set for all callers of a method together. `None`: none.
#[must_use]
pub fn limit_of_method(
    settings: &BTreeMap<String, MethodSetting>,
    method: MethodName<'_>,
) -> Option<Throttle> {
    setting::of_method(settings, method).and_then(setting::throttle)
}

/// Which of the shared limits refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedLimit {
    /// The method settings of the stage.
    Stage,
    /// The account.
    Account,
}

impl SharedLimit {
    /// A short name for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Account => "account",
        }
    }
}

/// A request that a shared limit refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedRefusal {
    /// The limit.
    pub limit: SharedLimit,
    /// How long to wait. `None`: no wait helps, the limit is zero.
    pub retry_after: Option<Duration>,
}

impl Default for SharedThrottles {
    /// With API Gateway's limits of an account.
    fn default() -> Self {
        Self::new(account_limit_of_aws())
    }
}

impl SharedThrottles {
    /// Full buckets everywhere, and an account with the limit `account`.
    #[must_use]
    pub fn new(account: Throttle) -> Self {
        Self::with_capacity(account, CAPACITY)
    }

    fn with_capacity(account: Throttle, capacity: usize) -> Self {
        Self(Arc::new(Inner {
            account: Limit {
                rule: Bucket::new(account),
                state: Arc::new(AtomicBucket::full()),
            },
            methods: Mutex::default(),
            capacity,
        }))
    }

    /// The gate of one method under the stage's `settings`, as they are written in
    /// [`Stage::method_settings`](tollgate::rest_api::Stage::method_settings). `method` has the verb that the API declares, `ANY` too.
    ///
    /// A bucket is found again with what was taken from it. When its limit has changed, it holds no more than the new burst.
    #[must_use]
    pub fn gate(
        &self,
        api_stage: &ApiStage,
        method: MethodName<'_>,
        settings: &BTreeMap<String, MethodSetting>,
        now: Timestamp,
    ) -> SharedGate {
        let rule = limit_of_method(settings, method).map(Bucket::new);
        SharedGate {
            method: rule.map(|rule| Limit {
                rule,
                state: self.0.state(api_stage, method, rule, now),
            }),
            account: self.0.account.clone(),
        }
    }
}

impl Inner {
    fn state(
        &self,
        api_stage: &ApiStage,
        method: MethodName<'_>,
        rule: Bucket,
        now: Timestamp,
    ) -> Arc<AtomicBucket> {
        let key = MethodKey {
            api_stage: api_stage.clone(),
            resource: method.resource.into(),
            verb: method.verb.into(),
        };
        // A panic cannot leave a bucket with more tokens than it had.
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = methods.get(&key) {
            state.fit(rule, now);
            return Arc::clone(state);
        }
        if methods.len() >= self.capacity {
            methods.retain(|_, state| Arc::strong_count(state) > 1 || !state.is_full(now));
        }
        if methods.len() >= self.capacity {
            methods.retain(|_, state| Arc::strong_count(state) > 1);
        }
        let state = Arc::new(AtomicBucket::full());
        methods.insert(key, Arc::clone(&state));
        state
    }
}

impl SharedGate {
    /// Takes a token from the stage's bucket for the method and one from the account's.
    ///
    /// # Errors
    ///
    /// When one of them has none. A refused request takes no token from either; when other callers take the account's last token
    /// between the look at it and the taking, the stage's is lost.
    pub fn take(&self, now: Timestamp) -> Result<(), SharedRefusal> {
        if let Some(method) = &self.method {
            method.check(now).map_err(SharedLimit::Stage.refusal())?;
        }
        self.account
            .check(now)
            .map_err(SharedLimit::Account.refusal())?;
        if let Some(method) = &self.method {
            method.take(now).map_err(SharedLimit::Stage.refusal())?;
        }
        self.account
            .take(now)
            .map_err(SharedLimit::Account.refusal())
    }

    /// The gate for one request, which remembers which limit refused it.
    #[must_use]
    pub fn for_request(&self) -> RequestGate<'_> {
        RequestGate {
            gate: self,
            refused_by: OnceLock::new(),
        }
    }
}

/// A gate as one request passes it.
#[derive(Debug)]
pub struct RequestGate<'a> {
    gate: &'a SharedGate,
    refused_by: OnceLock<SharedLimit>,
}

impl RequestGate<'_> {
    /// Decides a request for a method that needs no key. Requests with a key pass the gate inside
    /// [`Limiter::decide`](tollgate::limiter::Limiter::decide).
    #[must_use]
    pub fn decide(&self, now: Timestamp) -> Decision {
        match self.pass(now) {
            Ok(()) => Decision::Allow(Allowance::Unmetered),
            Err(retry_after) => Decision::Deny(Denial {
                reason: Reason::Throttled { retry_after },
                key_id: None,
                plan_id: None,
                levels: Levels::default(),
            }),
        }
    }

    /// The limit that refused the request, if one of these did.
    #[must_use]
    pub fn refused_by(&self) -> Option<SharedLimit> {
        self.refused_by.get().copied()
    }
}

impl Gate for RequestGate<'_> {
    fn pass(&self, now: Timestamp) -> Result<(), Option<Duration>> {
        self.gate.take(now).map_err(|refusal| {
            self.refused_by.get_or_init(|| refusal.limit);
            refusal.retry_after
        })
    }
}

impl SharedLimit {
    fn refusal(self) -> impl FnOnce(Option<Duration>) -> SharedRefusal {
        move |retry_after| SharedRefusal {
            limit: self,
            retry_after,
        }
    }
}

impl Limit {
    fn check(&self, now: Timestamp) -> Result<(), Option<Duration>> {
        self.state.check(self.rule, now)
    }

    fn take(&self, now: Timestamp) -> Result<(), Option<Duration>> {
        self.state.take(self.rule, now)
    }
}
