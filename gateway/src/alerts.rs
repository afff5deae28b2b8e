//! Alerts of a running gateway: what the function `alerts` does on AWS.
//!
//! There the stream of the table tells who was charged. The embedded store has no stream that could be left on: it would keep each write
//! for ever. So the gateway looks itself, once a second, at the meters of those about whom was decided meanwhile, which the
//! [`Tally`] knows, of the gateway's own decisions and of the functions'. An alert is about a level, so it does not matter
//! which request has reached it, or that a look comes a second late. Requests wait for none of this.
//!
//! Where a function does not log who was admitted, or more keys come than the tally counts apart, all keys of the plan are looked at, every
//! [`WHOLE_LOOK_EVERY`]. Of functions at an endpoint elsewhere nothing is known.

mod hook;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tollgate::alerting::Alerting;
use tollgate::id::PlanId;
use tollgate::meter::MeterId;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{AlertOutbox, PageRequest, PlanRegistry, StoreError};
use tollgate::time::{Clock as _, SystemClock, Timestamp};

pub use hook::Hook;

use crate::tally::{Client, Subject, Tally};

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often all keys of a plan are looked at, at the most.
pub const WHOLE_LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long after a failure it is tried again to tell of alerts.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// How long is waited at the most to tell of alerts when nothing happens.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// How long one round of telling may take.
const ROUND: Duration = Duration::from_mins(1);

/// How long the last look may take when the gateway stops.
const LAST_LOOK: Duration = Duration::from_secs(2);

/// How many meters are read at once.
const AT_ONCE: usize = 100;

/// How many keys or plans are listed at once.
const PAGE: u32 = 500;

/// Looks for alerts, and tells of them, while the gateway runs.
pub struct Watch {
    alerting: Alerting<DynamoStore, SystemClock, Hook>,
    store: DynamoStore,
    tally: Tally,
    /// The second, since the epoch, up to which has been looked.
    looked_until: u64,
    /// Plans of which all keys are to be looked at.
    whole: BTreeSet<PlanId>,
    /// Whether that is to be done with all plans.
    is_whole_table: bool,
    next_whole: Instant,
    next_round: Instant,
    /// Whether somebody could not be told in the last round.
    has_failed: bool,
}

impl Watch {
    /// Looks at what `tally` counts, in the meters of `store`. Nothing is done yet.
    pub fn new(store: DynamoStore, tally: Tally, hook: Hook) -> Self {
        Self {
            alerting: Alerting::new(store.clone(), SystemClock, hook),
            looked_until: tally.started_at().as_secs(),
            store,
            tally,
            whole: BTreeSet::new(),
            is_whole_table: false,
            next_whole: Instant::now(),
            // What an earlier gateway owed comes first.
            next_round: Instant::now(),
            has_failed: false,
        }
    }

    /// Looks until `stopped` says that the gateway stops, and then once more.
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // A sender that is gone stops as well.
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stopped.wait_for(|stops| *stops) => break,
            }
            // Whom it was about to tell is owed still.
            tokio::select! {
                () = Box::pin(self.look()) => {}
                _ = stopped.wait_for(|stops| *stops) => break,
            }
        }
        if timeout(LAST_LOOK, self.look()).await.is_err() {
            tracing::warn!("alerts may be owed: the next gateway on this store tells of them");
        }
    }

    async fn look(&mut self) {
        if let Err(error) = self.try_look().await {
            tracing::warn!(%error, "could not look for alerts");
        }
    }

    async fn try_look(&mut self) -> Result<(), StoreError> {
        let now = SystemClock.now();
        let subjects = self.tally.subjects(self.looked_until, now);
        let is_busy = !subjects.is_empty();
        self.look_at_subjects(subjects).await?;
        self.looked_until = now.as_secs();
        if Instant::now() >= self.next_whole && (self.is_whole_table || !self.whole.is_empty()) {
            self.look_at_whole_plans().await?;
        }
        if Instant::now() >= self.next_round || (is_busy && !self.has_failed) {
            self.tell(now).await?;
        }
        Ok(())
    }

    async fn tell(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let until = now.saturating_add(ROUND);
        let told = self.alerting.tell_of_owed(Duration::ZERO, until).await?;
        self.has_failed = told.owed > 0;
        let pause = if self.has_failed {
            AGAIN_AFTER
        } else {
            TELL_EVERY
        };
        self.next_round = Instant::now() + pause;
        Ok(())
    }

    async fn look_at_subjects(&mut self, subjects: BTreeSet<Subject>) -> Result<(), StoreError> {
        let mut meters = Vec::new();
        for Subject { plan_id, client } in subjects {
            let Some(plan_id) = plan_id else {
                self.is_whole_table |= client == Client::Others;
                continue;
            };
            if !self.alerting.has_thresholds(&plan_id).await? {
                continue;
            }
            match client {
                Client::Key(key_id) => meters.push(MeterId { key_id, plan_id }),
                Client::Unknown | Client::Others => {
                    self.whole.insert(plan_id);
                }
            }
        }
        self.look_at_meters(&meters).await
    }

    async fn look_at_whole_plans(&mut self) -> Result<(), StoreError> {
        self.next_whole = Instant::now() + WHOLE_LOOK_EVERY;
        if std::mem::take(&mut self.is_whole_table) {
            let mut page = first_page();
            loop {
                let plans = self.store.plans(&page).await?;
                self.whole
                    .extend(plans.entries.into_iter().map(|plan| plan.id));
                page.after = plans.next;
                if page.after.is_none() {
                    break;
                }
            }
        }
        for plan_id in std::mem::take(&mut self.whole) {
            if !self.alerting.has_thresholds(&plan_id).await? {
                continue;
            }
            let mut page = first_page();
            loop {
                let keys = self.store.plan_keys(&plan_id, &page).await?;
                let meters = keys.entries.into_iter().map(|key_id| MeterId {
                    key_id,
                    plan_id: plan_id.clone(),
                });
                self.look_at_meters(&meters.collect::<Vec<_>>()).await?;
                page.after = keys.next;
                if page.after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn look_at_meters(&self, meters: &[MeterId]) -> Result<(), StoreError> {
        for meters in meters.chunks(AT_ONCE) {
            let uses = self.store.uses(meters).await?;
            for (meter, used) in meters.iter().zip(uses) {
                if let Some(used) = used {
                    self.alerting.look_at(meter, used).await?;
                }
            }
        }
        Ok(())
    }
}

const fn first_page() -> PageRequest {
    PageRequest {
        limit: PAGE,
        after: None,
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("looked_until", &self.looked_until)
            .finish_non_exhaustive()
    }
}
