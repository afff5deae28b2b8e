//! Telling that a key begins to be throttled, where its plan asks for it.
//!
//! Whoever refuses knows it, and nobody else: a refusal writes nothing. So the first one of a key, a plan and an hour in this process keeps
//! an alert, which is one write, and only if it is new. The refusals after it write nothing again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tracing::debug;

use super::{Grant, Inner};
use crate::alert::{Alert, Hour};
use crate::id::KeyId;
use crate::meter::MeterId;
use crate::store::Ledger;
use crate::time::{Clock, Timestamp};

/// How long a refusal waits at the most until the alert is kept.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long after a failure another refusal tries.
const AGAIN_AFTER: Duration = Duration::from_mins(1);

/// How many meters are remembered. They are forgotten together.
const MAX_REMEMBERED: usize = 16_384;

/// From when on it may be told again that a key is throttled.
#[derive(Debug, Default)]
pub(super) struct Throttlings(Mutex<HashMap<MeterId, Timestamp>>);

impl Throttlings {
    /// Whether it is to be told now. From then on it is not, until another hour has begun.
    fn begin(&self, meter: &MeterId, now: Timestamp) -> bool {
        let mut silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if silent.get(meter).is_some_and(|until| now < *until) {
            return false;
        }
        if silent.len() >= MAX_REMEMBERED {
            silent.clear();
        }
        silent.insert(meter.clone(), Hour::of(now).end());
        true
    }

    fn failed(&self, meter: &MeterId, now: Timestamp) {
        let mut silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        silent.insert(meter.clone(), now.saturating_add(AGAIN_AFTER));
    }
}

impl<L: Ledger, C: Clock> Inner<L, C> {
    /// Keeps the alert that a key is throttled, unless this process has done so in this hour. A failure is logged and is nothing more.
    pub(super) async fn tell_of_throttling(&self, key_id: &KeyId, grant: &Grant) {
        let (meter, now) = (grant.meter_id(key_id), self.store.now());
        if !self.throttlings.begin(&meter, now) {
            return;
        }
        let alert = Alert::throttled(meter, now);
        let keeping = tokio::time::timeout(PATIENCE, self.store.record_alert(&alert));
        let failure = match keeping.await {
            Ok(Ok(_is_new)) => return,
            Ok(Err(failure)) => failure.to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        self.throttlings.failed(&alert.meter, now);
        debug!(
            key.id = %alert.meter.key_id,
            plan.id = %alert.meter.plan_id,
            failure,
            "could not keep the alert that a key is throttled"
        );
    }
}
