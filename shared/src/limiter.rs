//! The decision: who asks, for what, and whether the plan allows it. Everything that enforces plans calls [`Limiter::decide`].

#[cfg(test)]
mod allocations;
mod gate;

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{debug, error, info, warn};

use crate::decision::{Allowance, Decision, Denial, Levels, Metered, Reason};
use crate::entitlement::{Entitlement, Entitlements, Grant, Memory, Meter, Sought};
use crate::id::ApiStage;
use crate::key::{Fingerprint, KeyValue, Pepper};
use crate::meter::{Answer, ChargeId, Knowledge, Limits, Proposal, Refusal};
use crate::plan::MethodName;
use crate::random::{self, NoEntropy};
use crate::store::{Ledger, StoreError};
use crate::time::{Clock, SystemClock, Timestamp};

pub use gate::Gate;
use gate::Unasked;

/// How many conditional writes a decision tries at the most.
///
/// The first failure brings the whole item, so the second form is wrong only when another charge came in between, and the third
/// only when that happened twice. Who loses three times is told to come back at once.
pub const MAX_WRITES: u32 = 3;

/// How many writes more a decision may try, one for each time that charges which came first made its bucket busy.
///
/// A bucket that refills faster than the store answers is idle again by the next attempt, and can be made busy again.
pub const MAX_OVERTAKEN: u32 = 5;

/// One request for a method that requires a key.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The API and the stage that the request is for.
    pub api_stage: &'a ApiStage,
    /// The resource and the method.
    pub method: MethodName<'a>,
    /// The key's value as it was sent; `None` or an empty text when there was none.
    pub key: Option<&'a str>,
    /// How many requests this one counts for.
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
    ledger: L,
    clock: C,
    pepper: Pepper,
    entitlements: Entitlements,
    next_charge: AtomicU64,
}

/// How a charge ended.
enum Charged {
    Admitted(Levels),
    Refused(Refusal, Levels),
    /// The limit that callers share forbids it: nothing was charged.
    GateClosed(Option<Duration>, Levels),
    /// The meter is switched off: the key, or its place in the plan, is gone.
    SwitchedOff,
}

impl<L: Ledger, C: Clock> Limiter<L, C> {
    /// A limiter that remembers nothing yet. `pepper` is the one under which the keys were stored.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes to give.
    pub fn new(ledger: L, clock: C, pepper: Pepper) -> Result<Self, NoEntropy> {
        Self::with_memory(ledger, clock, pepper, Memory::default())
    }

    /// [`Limiter::new`], for a process that remembers more or less than usual, or for longer.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes to give.
    pub fn with_memory(
        ledger: L,
        clock: C,
        pepper: Pepper,
        memory: Memory,
    ) -> Result<Self, NoEntropy> {
        Ok(Self {
            inner: Arc::new(Inner {
                ledger,
                clock,
                pepper,
                entitlements: Entitlements::new(memory)?,
                next_charge: AtomicU64::new(random::number()?),
            }),
        })
    }

    /// Makes the connection to the store, so that the first request need not wait for it. Functions call it while they start: on Lambda
    /// that time has a full processor. A failure is logged and is nothing more: the first request tries again.
    pub async fn warm_up(&self) {
        if let Err(failure) = self.inner.ledger.warm_up().await {
            warn!(
                error = &failure as &dyn std::error::Error,
                "the store does not answer yet"
            );
        }
    }

    /// The instant, as this limiter's clock has it.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Decides one request, and charges it when it may pass.
    ///
    /// A request costs one conditional write in the ordinary case, [`MAX_WRITES`] and [`MAX_OVERTAKEN`] at the most, and none when what this process knows
    /// already forbids it. The first request with a key costs two reads more, the first one of a day a write that keeps the count of
    /// an earlier day.
    ///
    /// # Errors
    ///
    /// When the store did not answer. The request may have been charged; it must not pass.
    pub async fn decide(&self, request: &Request<'_>) -> Result<Decision, StoreError> {
        let decision = self.inner.decide(request).await;
        match &decision {
            Ok(Decision::Allow(allowance)) => log_admission(request, allowance),
            Ok(Decision::Deny(denial)) => log_denial(request, denial),
            Err(failure) => error!(
                api.stage = %request.api_stage,
                error = failure as &dyn std::error::Error,
                "could not decide a request: the store did not answer"
            ),
        }
        decision
    }
}

fn log_admission(request: &Request<'_>, allowance: &Allowance) {
    match allowance {
        Allowance::Unmetered => {}
        Allowance::Metered(metered) => debug!(
            api.stage = %request.api_stage,
            resource = request.method.resource,
            method = request.method.verb,
            key.id = %metered.key_id,
            plan.id = %metered.plan_id,
            decision = "admitted",
            remaining = metered.remaining(),
            "admitted a request"
        ),
    }
}

fn log_denial(request: &Request<'_>, denial: &Denial) {
    let retry_after_ms = denial
        .reason
        .retry_after()
        .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    info!(
        api.stage = %request.api_stage,
        resource = request.method.resource,
        method = request.method.verb,
        key.id = denial.key_id.as_ref().map(tracing::field::display),
        plan.id = denial.plan_id.as_ref().map(tracing::field::display),
        decision = denial.reason.as_str(),
        retry_after_ms,
        "denied a request"
    );
}

impl<L: Ledger, C: Clock> Inner<L, C> {
    async fn decide(&self, request: &Request<'_>) -> Result<Decision, StoreError> {
        let Some(text) = request.key.filter(|text| !text.is_empty()) else {
            return Ok(deny(Reason::MissingKey, None));
        };
        let Some(fingerprint) = self.entitlements.fingerprint(text) else {
            return Ok(deny(Reason::UnknownKey, None));
        };
        let mut now = self.clock.now();
        let known = if let Some(known) = self.entitlements.remembered(&fingerprint, now) {
            known
        } else {
            // What cannot be a key is not looked for, and not remembered.
            let Some(sought) = self.sought(text, fingerprint) else {
                return Ok(deny(Reason::UnknownKey, None));
            };
            let loading = self.entitlements.load(&sought, &self.ledger, &self.clock);
            let known = loading.await?;
            now = self.clock.now();
            known
        };
        let mut gate = Unasked::new(request.gate);
        if let Some(decision) = self.decide_for(request, &known, now, &mut gate).await? {
            return Ok(decision);
        }
        match self.sought(text, fingerprint) {
            Some(sought) => self.decide_again(request, &sought, &known, &mut gate).await,
            None => Ok(deny(Reason::UnknownKey, None)),
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

    /// `None` when the store has to be asked again about the key: it was refused by an old answer, or its meter is off.
    async fn decide_for(
        &self,
        request: &Request<'_>,
        known: &Arc<Entitlement>,
        now: Timestamp,
        gate: &mut Unasked<'_>,
    ) -> Result<Option<Decision>, StoreError> {
        match known.grant(request.api_stage, now) {
            Ok((grant, rules)) => {
                let limits = rules.limits(request.method);
                let charged = self
                    .charge(&grant.meter, request.cost.get(), &limits, gate)
                    .await?;
                Ok(self.decision(known, grant, &charged))
            }
            Err(_) if known.should_recheck(now) => Ok(None),
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
        let was_open = known.grant(request.api_stage, self.clock.now()).is_ok();
        let known = self
            .entitlements
            .load_again(sought, known, was_open, &self.ledger, &self.clock)
            .await?;
        let now = self.clock.now();
        if let Err(reason) = known.grant(request.api_stage, now) {
            return Ok(deny(reason, Some(&known)));
        }
        let decision = self.decide_for(request, &known, now, gate).await?;
        // The key is being enabled at this moment: the next request will find its meter on.
        Ok(decision.unwrap_or_else(|| deny(Reason::DisabledKey, Some(&known))))
    }

    /// `None` when the meter is off.
    fn decision(&self, known: &Entitlement, grant: &Grant, charged: &Charged) -> Option<Decision> {
        let key_id = grant.meter.id.key_id.clone();
        let plan_id = grant.meter.id.plan_id.clone();
        let (reason, levels) = match *charged {
            Charged::SwitchedOff => return None,
            Charged::Admitted(levels) => {
                return Some(Decision::Allow(Allowance::Metered(Metered {
                    key_id,
                    customer_id: known.key.as_ref().and_then(|key| key.customer_id.clone()),
                    plan_id,
                    levels,
                })));
            }
            Charged::Refused(refusal, levels) => (self.reason(refusal), levels),
            Charged::GateClosed(retry_after, levels) => (Reason::Throttled { retry_after }, levels),
        };
        Some(Decision::Deny(Denial {
            reason,
            key_id: Some(key_id),
            plan_id: Some(plan_id),
            levels,
        }))
    }

    fn reason(&self, refusal: Refusal) -> Reason {
        let now = self.clock.now();
        match refusal {
            Refusal::Throttled { until } => Reason::Throttled {
                retry_after: until.map(|until| until.saturating_since(now)),
            },
            Refusal::QuotaExceeded { resets_at } => Reason::QuotaExceeded {
                resets_after: resets_at.saturating_since(now),
            },
        }
    }

    async fn charge(
        &self,
        meter: &Meter,
        cost: u64,
        limits: &Limits,
        gate: &mut Unasked<'_>,
    ) -> Result<Charged, StoreError> {
        let id = self.charge_id();
        let mut archived = None;
        let mut writes = 0;
        let mut overtaken = 0;
        loop {
            // The clock is read before each attempt and each refusal: with an older instant, clients within their limits are refused.
            let now = self.clock.now();
            let proposal = knowledge(meter).propose(id, cost, limits, archived, now);
            // Before the archive too: a request that is refused should not make the store work.
            if !matches!(proposal, Proposal::Refuse(_))
                && let Err(retry_after) = gate.pass(now)
            {
                let levels = knowledge(meter).levels(limits, now);
                return Ok(Charged::GateClosed(retry_after, levels));
            }
            match proposal {
                Proposal::Refuse(refusal) => {
                    return Ok(Charged::Refused(
                        refusal,
                        knowledge(meter).levels(limits, now),
                    ));
                }
                Proposal::Archive(ended) => {
                    self.ledger.archive(&meter.id, ended).await?;
                    archived = Some(ended.day);
                }
                Proposal::Write(_) if writes >= MAX_WRITES + overtaken.min(MAX_OVERTAKEN) => {
                    let known = knowledge(meter);
                    let refusal = known.last_refusal(cost, limits, now);
                    return Ok(Charged::Refused(refusal, known.levels(limits, now)));
                }
                Proposal::Write(mut write) => {
                    writes += 1;
                    write.date_ahead(limits, overtaken);
                    let answer = self.ledger.charge(&meter.id, &write).await?;
                    overtaken += u32::from(write.was_overtaken(&answer));
                    if let Some(charged) = self.learn(meter, limits, id, &answer) {
                        return Ok(charged);
                    }
                }
            }
        }
    }

    /// Remembers an answer. `None` when another form has to be tried.
    fn learn(
        &self,
        meter: &Meter,
        limits: &Limits,
        id: ChargeId,
        answer: &Answer,
    ) -> Option<Charged> {
        let now: Timestamp = self.clock.now();
        let mut known = knowledge(meter);
        known.learn(answer, now);
        match answer {
            Answer::Applied(_) => Some(Charged::Admitted(known.levels(limits, now))),
            // An earlier attempt was applied, and its answer was lost.
            Answer::Failed(item) if item.holds(id) => {
                Some(Charged::Admitted(known.levels(limits, now)))
            }
            Answer::Failed(item) if item.off => Some(Charged::SwitchedOff),
            Answer::Failed(_) => None,
        }
    }

    /// A name for a charge. The numbers of one process differ, and are spread over the slots and over what other processes use.
    fn charge_id(&self) -> ChargeId {
        let mut number = self.next_charge.fetch_add(1, Ordering::Relaxed);
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ChargeId::new(number ^ (number >> 31))
    }
}

fn knowledge(meter: &Meter) -> MutexGuard<'_, Knowledge> {
    let lock: &Mutex<Knowledge> = &meter.knowledge;
    // A panic cannot leave knowledge that admits anything: only a write does.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn deny(reason: Reason, known: Option<&Arc<Entitlement>>) -> Decision {
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
