//! The charges that one process makes to one meter: who waits, who asks the store for all, and what is left of a lease.
//!
//! To each bucket of a meter there is one charge under way at the most. Whoever comes first makes it, for itself and all that wait by
//! then, and for a [lease](crate::lease) where the key is hot. Who comes meanwhile waits for the next one. Nobody else works for
//! them: between requests nothing runs, and the request that makes a charge may be dropped at any time, when one that waits takes
//! its place.
//!
//! A plan may spread its keys over shards. Then a process draws from one of the meter's shards what it would charge, and looks for
//! another shard when what that one had has ended. Whoever finds it empty or nearly so claims it, charges the meter for a share, as for
//! a lease, and puts into the shard what it does not need itself. A shard is filled ahead by a request that has drawn already; it waits
//! for that, as nothing runs between requests. What the shard had is overwritten: it is lost to the bucket, and goes back to the quota.
//!
//! Nothing here does I/O or reads a clock: [`Meter::ask`] says what to do, and a [`Flight`] what to write and what its answer means.

mod back_off;
mod drawing;
mod filling;
mod flight;
mod lane;
mod settlement;
mod shares;
mod view;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::decision::Levels;
use crate::lease::{Lease, Leases};
use crate::meter::{ChargeId, Knowledge, Limits, Refund, Refusal};
use crate::plan::Shards;
use crate::store::StoreError;
use crate::time::Timestamp;

pub use drawing::{MAX_DRAWS, MAX_WAIT};
pub use flight::{Flight, MAX_OVERTAKEN, MAX_WRITES, Next};
use lane::Lane;
pub use settlement::{SettleNext, Settled, Settlement};

/// How a charge ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The request was charged. This is what is left.
    Admitted(Levels),
    /// The limits forbid it: nothing was charged.
    Refused(Refusal, Levels),
    /// The limit that callers share forbids it, with the time to wait: nothing was charged.
    GateClosed(Option<Duration>, Levels),
    /// The meter is switched off: the key, or its place in the plan, is gone.
    SwitchedOff,
}

/// What comes of asking a meter for a request.
#[derive(Debug)]
pub enum Asked {
    /// It is decided.
    Done(Outcome),
    /// A charge has to be made, for this request and those that wait.
    Lead(Flight),
    /// Somebody makes a charge. This request is told what comes of it.
    Wait(oneshot::Receiver<Turn>),
}

/// What a request is told that has waited.
#[derive(Debug)]
pub enum Turn {
    /// It is decided.
    Done(Outcome),
    /// The store did not answer. The request may have been charged.
    Failed(StoreError),
    /// It is its turn to make a charge.
    Lead(Flight),
}

/// What a request wants of a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// How many requests it counts for, 1 or more.
    pub cost: u64,
    /// What it has to fit.
    pub limits: Limits,
    /// How much may be charged in advance.
    pub leases: Leases,
    /// The shards from which it may be drawn, where the plan has some.
    pub shards: Option<Shards>,
    /// How often the key had been narrowed when it was read: a meter takes no charge that says another number.
    pub generation: u64,
}

/// A meter as one process has it: what it knows, and its charges under way.
///
/// It does not know its name: a process has as many as it has clients, and they have theirs.
#[derive(Debug, Default)]
pub struct Meter {
    charges: Mutex<Charges>,
}

/// Small for a meter at which nothing goes on: a process has as many as it has clients.
#[derive(Debug, Default)]
struct Charges {
    knowledge: Knowledge,
    /// Where something goes on, or is remembered of what went on.
    lanes: Vec<Lane>,
    charged_at: Timestamp,
}

impl Meter {
    /// A meter of which nothing is known but that its key is hot, so that the first charge for requests like `wish` takes a lease. For
    /// simulations, which would spend their time on getting there.
    #[must_use]
    pub fn of_hot_key(wish: &Wish) -> Self {
        let bucket = wish.limits.bucket.map(|(bucket, _)| bucket);
        Self {
            charges: Mutex::new(Charges {
                lanes: vec![Lane::new(bucket, wish, Lease::of_hot_key())],
                ..Charges::default()
            }),
        }
    }

    /// A meter of which so much is known, and nothing is charged in advance.
    pub(crate) fn knowing(knowledge: Knowledge) -> Self {
        Self {
            charges: Mutex::new(Charges {
                knowledge,
                ..Charges::default()
            }),
        }
    }

    /// Asks for one request at `now`. `gate` is asked once, when nothing that is known of the meter forbids the request, and says in an
    /// error how long to wait.
    pub fn ask(
        self: &Arc<Self>,
        wish: &Wish,
        now: Timestamp,
        gate: impl FnOnce() -> Result<(), Option<Duration>>,
    ) -> Asked {
        let mut charges = self.charges();
        let Charges {
            knowledge,
            lanes,
            charged_at,
        } = &mut *charges;
        let bucket = wish.limits.bucket.map(|(bucket, _)| bucket);
        let lane = lanes.iter_mut().find(|lane| lane.bucket == bucket);
        let leased = lane.as_ref().map_or(0, |lane| lane.leased(wish, now));
        if leased < wish.cost {
            let refusal = match &lane {
                Some(lane) => lane.check(knowledge, wish, now),
                None => knowledge.check(wish.cost, &wish.limits, now),
            };
            if let Err(refusal) = refusal {
                let levels = knowledge.levels(&wish.limits, now);
                return Asked::Done(Outcome::Refused(refusal, levels));
            }
        }
        if let Err(retry_after) = gate() {
            let levels = plus(knowledge.levels(&wish.limits, now), leased);
            return Asked::Done(Outcome::GateClosed(retry_after, levels));
        }
        match lane {
            Some(lane) if leased >= wish.cost => {
                lane.spend(wish.cost, now);
                let left = leased.saturating_sub(wish.cost);
                let levels = plus(knowledge.levels(&wish.limits, now), left);
                return Asked::Done(Outcome::Admitted(levels));
            }
            Some(lane) if lane.is_led() => return Asked::Wait(lane.wait(wish)),
            Some(lane) => lane.lead(wish),
            None => lanes.push(Lane::led(bucket, wish, *charged_at)),
        }
        drop(charges);
        Asked::Lead(Flight::new(Arc::clone(self), bucket))
    }

    /// Takes out what leases have left, to be given back when the process ends.
    pub fn take_leased(&self) -> Vec<Refund> {
        let mut charges = self.charges();
        charges
            .lanes
            .iter_mut()
            .filter_map(Lane::take_leased)
            .collect()
    }

    /// What this process knows of the meter by now.
    pub(crate) fn knowledge(&self) -> Knowledge {
        self.charges().knowledge.clone()
    }

    /// The name of the refund before the next, as far as is known.
    pub fn last_refund_id(&self) -> Option<ChargeId> {
        self.charges().knowledge.refund_id()
    }

    fn charges(&self) -> MutexGuard<'_, Charges> {
        // A panic cannot leave anything that admits a request which was not charged.
        self.charges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is left, with what this process has in advance.
fn plus(mut levels: Levels, leased: u64) -> Levels {
    if let Some(burst) = &mut levels.burst {
        burst.remaining = burst.remaining.saturating_add(leased).min(burst.limit);
    }
    if let Some(quota) = &mut levels.quota {
        quota.remaining = quota.remaining.saturating_add(leased);
    }
    for level in &mut levels.further {
        // What is in advance counts as used. Of what is beyond a soft quota, so much is not.
        let beyond = level.overage.unwrap_or(0);
        level.overage = level.overage.map(|overage| overage.saturating_sub(leased));
        level.remaining = level
            .remaining
            .saturating_add(leased.saturating_sub(beyond));
    }
    levels
}
