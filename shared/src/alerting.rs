//! Alerts, from the meter that calls for one to those who are told.
//!
//! Two steps, and whatever happens between them loses nothing. [`Alerting::look_at`] keeps the alerts that a meter calls for; each is
//! kept once, by its name. [`Alerting::tell`] sends what is kept and owed, and then keeps that it is told. A process that ends after the
//! first step owes it still; one that ends after sending and before keeping so sends it again, with the same id. So an alert is kept
//! exactly once, and sent at least once, always with one id: who receives it twice can tell.

mod recent;

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::{info, warn};

use crate::alert::{Alert, AlertRules, Channel, Message, Occasion, Owner};
use crate::id::{KeyId, PlanId};
use crate::meter::{MeterId, WindowUse};
use crate::overrides::{KeyQuota, Overrides};
use crate::plan::Plan;
use crate::store::{AlertOutbox, AlertState, KeptAlert, KeyRegistry, Ledger, StoreError};
use crate::time::{Clock, Timestamp};

use recent::Recent;

/// For how long it is tried to tell of an alert.
pub const TRIED_FOR: Duration = Duration::from_hours(3 * 24);

/// How many owed alerts are looked at in one go.
pub const OWED_AT_ONCE: u32 = 100;

/// How many alerts it is remembered of that they are kept, so that they need not be written again. They are forgotten together.
const MAX_KNOWN: usize = 50_000;

/// Why somebody could not be told. The text must show no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Untold(String);

impl Untold {
    /// With the reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Tells others of alerts.
pub trait Tell: Send + Sync {
    /// Whom to tell. Nobody, where alerts are only kept.
    fn channels(&self) -> &[Channel];

    /// Tells one of them, within some seconds.
    ///
    /// # Errors
    ///
    /// When it does not take the message. It may have taken it all the same.
    fn tell(
        &self,
        channel: Channel,
        message: &Message,
    ) -> impl Future<Output = Result<(), Untold>> + Send;
}

/// What came of telling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Alerts of which everybody has been told now.
    pub told: u64,
    /// Alerts that are owed still.
    pub owed: u64,
    /// Alerts that are given up now.
    pub given_up: u64,
}

/// Keeps alerts and tells of them.
pub struct Alerting<S, C, T> {
    store: S,
    clock: C,
    tell: T,
    plans: Recent<PlanId, Arc<Plan>>,
    /// What keys have in place of their plans' limits.
    keys: Recent<KeyId, Overrides>,
    /// Meters and names of alerts that are kept.
    known: Mutex<HashSet<(MeterId, String)>>,
}

impl<S, C, T> Alerting<S, C, T>
where
    S: Ledger + AlertOutbox + KeyRegistry,
    C: Clock,
    T: Tell,
{
    /// Remembers nothing yet.
    pub fn new(store: S, clock: C, tell: T) -> Self {
        Self {
            store,
            clock,
            tell,
            plans: Recent::default(),
            keys: Recent::default(),
            known: Mutex::default(),
        }
    }

    /// Whether a plan asks for alerts about its quota.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub async fn has_thresholds(&self, plan_id: &PlanId) -> Result<bool, StoreError> {
        let plan = self.plan(plan_id).await?;
        let rules = plan.and_then(|plan| AlertRules::of(&plan));
        Ok(rules.is_some_and(|rules| rules.percents().next().is_some()))
    }

    /// Keeps the alerts that a meter calls for, of what was used of its quota. How many are new. Looking twice is the same as once, and an
    /// older look after a newer one changes nothing.
    ///
    /// # Errors
    ///
    /// When the store does not answer. What was kept by then is kept.
    pub async fn look_at(&self, meter: &MeterId, used: WindowUse) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let Some(plan) = self.plan(&meter.plan_id).await? else {
            return Ok(0);
        };
        let Some(rules) = AlertRules::of(&plan) else {
            return Ok(0);
        };
        let Some(quota) = self.quota(&plan, &meter.key_id).await? else {
            return Ok(0);
        };
        let mut new = 0_u64;
        for alert in Alert::reached(&rules, quota.at(now), meter, used, now) {
            let known = (meter.clone(), alert.name());
            if self.known().contains(&known) {
                continue;
            }
            if self.store.record_alert(&alert).await? {
                new = new.saturating_add(1);
            }
            let mut all = self.known();
            if all.len() >= MAX_KNOWN {
                all.clear();
            }
            all.insert(known);
        }
        Ok(new)
    }

    /// Tells of the alert `name` about a meter, if it is owed. From `until` on it only stays owed, and is told with
    /// [those that are overdue](Self::tell_of_owed).
    ///
    /// # Errors
    ///
    /// When the store does not answer. Who cannot be told is no error: the alert stays owed.
    pub async fn tell(
        &self,
        meter: &MeterId,
        name: &str,
        until: Timestamp,
    ) -> Result<Told, StoreError> {
        let mut told = Told::default();
        if self.clock.now() >= until {
            told.owed = 1;
            return Ok(told);
        }
        if let Some(kept) = self.store.alert(meter, name).await?
            && kept.state == AlertState::Owed
        {
            self.tell_of(kept, &mut told).await?;
        }
        Ok(told)
    }

    /// Tells of what has been owed for `age` or longer, the oldest first, until `until`: [`OWED_AT_ONCE`] alerts at the most.
    ///
    /// # Errors
    ///
    /// When the store does not answer. Who cannot be told is no error: the alert stays owed.
    pub async fn tell_of_owed(&self, age: Duration, until: Timestamp) -> Result<Told, StoreError> {
        let mut told = Told::default();
        for kept in self.store.alerts(AlertState::Owed, OWED_AT_ONCE).await? {
            let now = self.clock.now();
            let is_due = now.saturating_since(kept.alert.raised_at) >= age;
            if now >= until || !is_due {
                told.owed = told.owed.saturating_add(1);
                continue;
            }
            self.tell_of(kept, &mut told).await?;
        }
        Ok(told)
    }

    async fn tell_of(&self, mut kept: KeptAlert, sum: &mut Told) -> Result<(), StoreError> {
        let channels = self.tell.channels();
        let message = self.message(&kept.alert).await?;
        let age = self.clock.now().saturating_since(kept.alert.raised_at);
        if age >= TRIED_FOR {
            // Also what was raised while nobody wanted to be told: it would be no news any more.
            warn!(alert.id = message.id, "gave up telling of an alert");
            sum.given_up = sum.given_up.saturating_add(1);
            kept.state = AlertState::GivenUp;
            return self.store.settle_alert(&kept).await;
        }
        let known = kept.told.len();
        for channel in channels {
            if kept.told.contains(channel) {
                continue;
            }
            match self.tell.tell(*channel, &message).await {
                Ok(()) => kept.told.push(*channel),
                Err(untold) => warn!(
                    alert.id = message.id,
                    channel = channel.as_str(),
                    error = %untold,
                    "could not tell of an alert"
                ),
            }
        }
        kept.state = if channels.iter().all(|it| kept.told.contains(it)) {
            log(&kept.alert, &message);
            sum.told = sum.told.saturating_add(1);
            AlertState::Told
        } else {
            sum.owed = sum.owed.saturating_add(1);
            if kept.told.len() == known {
                return Ok(());
            }
            AlertState::Owed
        };
        self.store.settle_alert(&kept).await
    }

    async fn message(&self, alert: &Alert) -> Result<Message, StoreError> {
        let plan = self.plan(&alert.meter.plan_id).await?;
        let plan_name = plan.map(|plan| plan.name.clone());
        let key = self.store.key_by_id(&alert.meter.key_id).await?;
        let owner = key.map(|key| Owner {
            name: key.name,
            customer_id: key.customer_id,
        });
        Ok(Message::new(alert, owner, plan_name))
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<Arc<Plan>>, StoreError> {
        let read = || async { Ok(self.store.plan(id).await?.map(Arc::new)) };
        self.plans.get(id, self.clock.now(), read).await
    }

    /// The quota of a key in a plan: its own where it has one, and what is added to it for a while.
    async fn quota(&self, plan: &Plan, key_id: &KeyId) -> Result<Option<KeyQuota>, StoreError> {
        let read = || async {
            let key = self.store.key_by_id(key_id).await?;
            Ok(key.map(|key| Overrides::of_tags(&key.tags)))
        };
        let own = self.keys.get(key_id, self.clock.now(), read).await?;
        let limits = own.unwrap_or_default().in_plan(&plan.id);
        Ok(limits.quota(plan.quota))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<(MeterId, String)>> {
        // A panic cannot leave half an entry.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn log(alert: &Alert, message: &Message) {
    let (key, plan) = (&alert.meter.key_id, &alert.meter.plan_id);
    match &alert.occasion {
        Occasion::Quota(quota) => info!(
            alert.id = message.id,
            key.id = %key,
            plan.id = %plan,
            threshold_percent = quota.percent.get(),
            used = quota.used,
            limit = quota.limit,
            "alert: a key has used so much of its quota"
        ),
        Occasion::Throttled { hour } => info!(
            alert.id = message.id,
            key.id = %key,
            plan.id = %plan,
            hour = %hour,
            "alert: a key is throttled"
        ),
    }
}

impl<S, C, T> fmt::Debug for Alerting<S, C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alerting").finish_non_exhaustive()
    }
}
