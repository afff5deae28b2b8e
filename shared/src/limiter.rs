//! The decision: who asks, for what, and whether the plan allows it. Everything that enforces plans calls [`Limiter::decide`].

#[cfg(test)]
mod allocations;
mod charging;
mod circuit;
mod gate;
mod guarded;
mod log;
mod outage;
mod preview;
mod settling;
mod shadow;
mod stand_in;
mod throttling;

use std::num::NonZeroU64;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt as _;
use tracing::warn;

use crate::charge::{Outcome, Wish};
use crate::decision::{Allowance, Decision, Denial, Levels, Metered, Reason};
use crate::entitlement::{Entitlement, Entitlements, Grant, Key, Memory, Sought, StageRules};
use crate::id::ApiStage;
use crate::key::{Fingerprint, KeyValue, Pepper};
use crate::lease::Leases;
use crate::meter::Refusal;
use crate::plan::{MethodName, Mode};
use crate::quota::Quotas;
use crate::random::{self, NoEntropy};
use crate::store::{Ledger, StoreError, StoreErrorKind};
use crate::time::{Clock, SystemClock, Timestamp};

pub use circuit::{FIRST_REST, LONGEST_REST, MAX_FAILURES};
pub use gate::Gate;
use gate::Unasked;
use guarded::Guarded;
pub use log::LOG_TARGET;
pub use preview::{GivenKey, Preview, Question, preview};
pub use settling::MAX_SETTLED;
use shadow::{exceeded, shadowed};
use stand_in::StandIns;
use throttling::Throttlings;

/// How much a limiter remembers, what it may charge in advance, and how long it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How much is remembered, and for how long.
    pub memory: Memory,
    /// Whether keys that are hot are charged in advance. A plan may say less.
    pub leases: Leases,
    /// How long a request waits for its decision at the most, whatever that takes of the store.
    pub deadline: Duration,
}

impl Default for Options {
    /// Leases of 100 requests at the most, and a second.
    fn default() -> Self {
        Self {
            memory: Memory::default(),
            leases: Leases::default(),
            deadline: Duration::from_secs(1),
        }
    }
}

/// How many refunds are under way at once when a process ends.
const HAND_BACK_AT_ONCE: usize = 32;

/// One request for a method that requires a key.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The API and the stage that the request is for.
    pub api_stage: &'a ApiStage,
    /// The resource and the method.
    pub method: MethodName<'a>,
    /// The path as the client sent it, where [`MethodName::resource`] is the template of a route. A key with scopes opens no path that
    /// can be read in two ways: what answers might read it as that of another route.
    pub sent_path: Option<&'a str>,
    /// The key's value as it was sent; `None` or an empty text when there was none.
    pub key: Option<&'a str>,
    /// How many requests this one counts for; so many times what its plan says of the method.
    pub cost: NonZeroU64,
    /// A limit that callers share, asked at most once, and only when all that is known of the key's own limits lets the request
    /// pass. What it refuses is not charged.
    pub gate: Option<&'a dyn Gate>,
}

/// Decides requests against a store. Clones share what they remember.
#[derive(Debug)]
pub struct Limiter<L, C = SystemClock> {
    inner: Arc<Inner<L, C>>,
}

impl<L, C> Clone for Limiter<L, C> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

#[derive(Debug)]
struct Inner<L, C> {
    store: Guarded<L, C>,
    pepper: Pepper,
    entitlements: Entitlements,
    stand_ins: StandIns,
    throttlings: Throttlings,
    leases: Leases,
    deadline: Duration,
}

impl<L: Ledger, C: Clock> Limiter<L, C> {
    /// A limiter that remembers nothing yet. `pepper` is the one under which the keys were stored.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes to give.
    pub fn new(ledger: L, clock: C, pepper: Pepper) -> Result<Self, NoEntropy> {
        Self::with_options(ledger, clock, pepper, Options::default())
    }

    /// [`Limiter::new`], for a process that remembers more or less than usual, or for longer, or charges otherwise in advance.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes to give.
    pub fn with_options(
        ledger: L,
        clock: C,
        pepper: Pepper,
        options: Options,
    ) -> Result<Self, NoEntropy> {
        Ok(Self {
            inner: Arc::new(Inner {
                store: Guarded::new(ledger, clock, random::number()?),
                pepper,
                entitlements: Entitlements::new(options.memory)?,
                stand_ins: StandIns::new(options.memory.max_keys),
                throttlings: Throttlings::default(),
                leases: options.leases,
                deadline: options.deadline,
            }),
        })
    }

    /// Makes the connection to the store, so that the first request need not wait for it. Functions call it while they start: on Lambda
    /// that time has a full processor. A failure is logged and is nothing more: the first request tries again.
    pub async fn warm_up(&self) {
        if let Err(failure) = self.inner.store.warm_up().await {
            warn!(
                error = &failure as &dyn std::error::Error,
                "the store does not answer yet"
            );
        }
    }

    /// Gives back what leases have left, so that it does not count as used. For a process that ends, after its last request: what is
    /// charged later is not given back. It asks nobody when nothing is left. A failure is logged and is nothing more: then the client
    /// has lost what the leases had.
    pub async fn hand_back(&self) {
        let inner = &*self.inner;
        futures_util::stream::iter(inner.entitlements.meters())
            .for_each_concurrent(HAND_BACK_AT_ONCE, |(id, meter)| async move {
                for refund in meter.take_leased() {
                    inner.refund(&id, &meter, refund).await;
                }
            })
            .await;
    }

    /// Whether keys may be charged in advance, so that something may be left at the end.
    pub fn takes_leases(&self) -> bool {
        self.inner.leases != Leases::Off
    }

    /// The instant, as this limiter's clock has it.
    pub fn now(&self) -> Timestamp {
        self.inner.store.now()
    }

    /// Decides one request, and charges it when it may pass.
    ///
    /// A request costs one conditional write at the most in the ordinary case, and none when this process has a lease or knows that it
    /// has to be refused. Requests with one key that come while a write is under way share the next one. Races cost more writes:
    /// [`MAX_WRITES`](crate::charge::MAX_WRITES) and [`MAX_OVERTAKEN`](crate::charge::MAX_OVERTAKEN) at the most. The first request
    /// with a key costs two reads more, the first one of a day a write that keeps the count of an earlier day. In a plan with shards, a
    /// request may wait while another process fills one, and ask for it again: for [`MAX_WAIT`](crate::charge::MAX_WAIT) and with
    /// [`MAX_DRAWS`](crate::charge::MAX_DRAWS) writes to shards at the most, or one or two more. Where a plan asks for alerts of throttling,
    /// the first request of a key that is throttled in an hour costs one write.
    ///
    /// While the store does not answer, a plan may say that its keys' requests pass all the same, as far as this process knows of no
    /// limit that forbids it ([`OnUnavailable`](crate::plan::OnUnavailable)). Otherwise such a request is an error, at the latest at
    /// [`Options::deadline`]; when the store has not answered [`MAX_FAILURES`] times in a row, mostly at once.
    ///
    /// It has to be polled in a Tokio runtime with a timer, as the AWS SDK has to be.
    ///
    /// # Errors
    ///
    /// When the store did not answer in time. The request may have been charged; it must not pass.
    pub async fn decide(&self, request: &Request<'_>) -> Result<Decision, StoreError> {
        let inner = &*self.inner;
        let mut gate = Unasked::new(request.gate);
        let decision = match inner.decide_in_time(request, &mut gate).await {
            Err(failure) => match inner.stand_in(request, &failure, &mut gate) {
                Some(decision) => {
                    log::store_failure(request, &failure);
                    Ok(decision)
                }
                None => Err(failure),
            },
            decided => decided,
        };
        log::decision(request, &decision);
        decision
    }
}

impl<L: Ledger, C: Clock> Inner<L, C> {
    async fn decide_in_time(
        &self,
        request: &Request<'_>,
        gate: &mut Unasked<'_>,
    ) -> Result<Decision, StoreError> {
        let mut deciding = pin!(self.decide(request, gate));
        // What needs no store needs no timer.
        if let Poll::Ready(decided) = futures_util::poll!(deciding.as_mut()) {
            return decided;
        }
        match tokio::time::timeout(self.deadline, deciding).await {
            Ok(decided) => decided,
            Err(elapsed) => {
                let message = format!("no decision within {} ms", self.deadline.as_millis());
                let kind = StoreErrorKind::Unavailable;
                Err(StoreError::new(kind, message, elapsed))
            }
        }
    }

    async fn decide(
        &self,
        request: &Request<'_>,
        gate: &mut Unasked<'_>,
    ) -> Result<Decision, StoreError> {
        let Some(text) = request.key.filter(|text| !text.is_empty()) else {
            return Ok(deny(Reason::MissingKey, None));
        };
        let Some(fingerprint) = self.entitlements.fingerprint(text) else {
            return Ok(deny(Reason::UnknownKey, None));
        };
        let asked_at = self.store.now();
        let mut now = asked_at;
        let known = if let Some(known) = self.entitlements.remembered(&fingerprint, now) {
            known
        } else {
            // What cannot be a key is not looked for, and not remembered.
            let Some(sought) = self.sought(text, fingerprint) else {
                return Ok(deny(Reason::UnknownKey, None));
            };
            let loading = self
                .entitlements
                .load(&sought, &self.store, self.store.clock());
            let known = Box::pin(loading).await?;
            now = self.store.now();
            known
        };
        if let Some(decision) = self
            .decide_for(request, &known, asked_at, now, gate)
            .await?
        {
            return Ok(decision);
        }
        match self.sought(text, fingerprint) {
            Some(sought) => Box::pin(self.decide_again(request, &sought, &known, gate)).await,
            None => Ok(deny(Reason::UnknownKey, None)),
        }
    }

    fn wish(
        &self,
        request: &Request<'_>,
        key: &Key,
        grant: &Grant,
        rules: &StageRules,
        now: Timestamp,
    ) -> Wish {
        let leases = self.leases.min(grant.rules.leases());
        Wish {
            cost: request
                .cost
                .saturating_mul(grant.rules.cost(request.method))
                .get(),
            limits: rules.limits(request.method, now),
            leases,
            // What a shard has is charged in advance as well.
            shards: grant.rules.shards().filter(|_| leases != Leases::Off),
            generation: key.generation,
        }
    }

    /// `None` when the text cannot be a key.
    fn sought(&self, text: &str, fingerprint: Fingerprint) -> Option<Sought> {
        let value = KeyValue::parse(text).ok()?;
        Some(Sought {
            fingerprint,
            hash: value.hash(&self.pepper),
        })
    }

    /// `None` when the store has to be asked again about the key: what is known is too old for a refusal, or the meter is off.
    async fn decide_for(
        &self,
        request: &Request<'_>,
        known: &Arc<Entitlement>,
        asked_at: Timestamp,
        now: Timestamp,
        gate: &mut Unasked<'_>,
    ) -> Result<Option<Decision>, StoreError> {
        match known.grant(request.api_stage, request.method, request.sent_path, now) {
            Ok((key, grant, rules)) => {
                let wish = self.wish(request, key, grant, rules, now);
                let charged = self.charge(key, grant, &wish, now, gate).await?;
                match (charged, rules.mode()) {
                    (Outcome::Refused(refusal, levels), Mode::Shadow) => {
                        let admitting = self.admit_beyond(key, grant, &wish, refusal, gate);
                        Ok(Box::pin(admitting).await.map(|beyond| match beyond {
                            Ok(exceeded) => shadowed(uncharged(key, grant, levels), exceeded),
                            Err(retry_after) => {
                                denied(key, grant, Reason::Throttled { retry_after }, levels)
                            }
                        }))
                    }
                    (charged, Mode::Enforce | Mode::Shadow) => {
                        if grant.rules.tells_of_throttling()
                            && matches!(charged, Outcome::Refused(Refusal::Throttled { .. }, _))
                        {
                            Box::pin(self.tell_of_throttling(&key.id, grant)).await;
                        }
                        Ok(self.decision(key, grant, &wish, charged))
                    }
                }
            }
            // What was read since the request came is not too old for it, however long that took.
            Err(_) if known.should_recheck(asked_at) => Ok(None),
            Err(reason) => Ok(Some(deny(reason, Some(known)))),
        }
    }

    async fn decide_again(
        &self,
        request: &Request<'_>,
        sought: &Sought,
        known: &Arc<Entitlement>,
        gate: &mut Unasked<'_>,
    ) -> Result<Decision, StoreError> {
        let was_open = known
            .grant(
                request.api_stage,
                request.method,
                request.sent_path,
                self.store.now(),
            )
            .is_ok();
        let known = self
            .entitlements
            .load_again(sought, known, was_open, &self.store, self.store.clock())
            .await?;
        let now = self.store.now();
        if let Err(reason) = known.grant(request.api_stage, request.method, request.sent_path, now)
        {
            return Ok(deny(reason, Some(&known)));
        }
        let decision = self.decide_for(request, &known, now, now, gate).await?;
        // The key is being enabled at this moment: the next request will find its meter on.
        Ok(decision.unwrap_or_else(|| deny(Reason::DisabledKey, Some(&known))))
    }

    /// `None` when the meter is off.
    fn decision(
        &self,
        key: &Key,
        grant: &Grant,
        wish: &Wish,
        charged: Outcome,
    ) -> Option<Decision> {
        let (reason, levels) = match charged {
            Outcome::SwitchedOff => return None,
            Outcome::Admitted(levels) => {
                let metered = metered(key, grant, wish, levels);
                return Some(Decision::Allow(Allowance::Metered(metered)));
            }
            Outcome::Refused(refusal, levels) => (reason(refusal, self.store.now()), levels),
            Outcome::GateClosed(retry_after, levels) => (Reason::Throttled { retry_after }, levels),
        };
        Some(denied(key, grant, reason, levels))
    }
}

fn denied(key: &Key, grant: &Grant, reason: Reason, levels: Levels) -> Decision {
    Decision::Deny(Denial {
        reason,
        key_id: Some(key.id.clone()),
        plan_id: Some(grant.rules.plan_id().clone()),
        levels,
    })
}

fn reason(refusal: Refusal, now: Timestamp) -> Reason {
    exceeded(refusal, now).into()
}

fn metered(key: &Key, grant: &Grant, wish: &Wish, levels: Levels) -> Metered {
    Metered {
        cost: wish.cost,
        quotas: Quotas {
            own: wish.limits.quota,
            further: wish.limits.further,
            overdraft: grant.rules.overdraft(),
            generation: key.generation,
        },
        ..uncharged(key, grant, levels)
    }
}

/// Whoever passes, or would pass, without a charge.
fn uncharged(key: &Key, grant: &Grant, levels: Levels) -> Metered {
    Metered {
        key_id: key.id.clone(),
        customer_id: key.customer_id.clone(),
        plan_id: grant.rules.plan_id().clone(),
        cost: 0,
        quotas: Quotas::default(),
        levels,
        metadata: key.metadata(),
    }
}

fn deny(reason: Reason, known: Option<&Entitlement>) -> Decision {
    let key_id = known
        .and_then(|known| known.key.as_ref())
        .map(|key| key.id.clone());
    Decision::Deny(Denial {
        reason,
        key_id,
        plan_id: None,
        levels: Levels::default(),
    })
}
