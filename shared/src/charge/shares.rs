//! How much a process draws from its shard, and takes from the meter for it.

use std::time::Duration;

use super::Wish;
use super::lane::Lane;
use crate::lease::{self, Leases};
use crate::meter::{Knowledge, Refund};
use crate::time::Timestamp;

/// A process that has not charged for longer than this charges the meter itself, with one write: of a key that is not hot, shards have
/// nothing.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(4);

/// A share that lives for less would be over before anybody could draw from it.
const MIN_LIFE: Duration = Duration::from_millis(50);

/// The part of a bucket below which it does not give all that is wanted of it.
const LOW_PART: u64 = 8;

/// What to take from a meter for a shard.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShareSize {
    pub(super) requests: u64,
    /// What to give back with it.
    pub(super) refund: Option<Refund>,
    /// What the process keeps for itself. `None`: it still has something.
    pub(super) keep: Option<u64>,
    /// Whether the meter has less than is wanted.
    pub(super) is_short: bool,
}

impl Lane {
    /// Whether requests like `wish` are drawn from shards, and not charged to the meter.
    pub(super) fn draws(&self, wish: &Wish, now: Timestamp) -> bool {
        wish.shards.is_some()
            && lease::life(&wish.limits) >= MIN_LIFE
            && now.saturating_since(self.lease.asked_at()) < FORGOTTEN_AFTER
    }

    /// The number of the shard to draw from, or `None`: charge the meter.
    pub(super) fn shard(&mut self, wish: &Wish, dice: u64, now: Timestamp) -> Option<u8> {
        if !self.draws(wish, now) {
            self.view = None;
            return None;
        }
        let view = self.view.get_or_insert_default();
        wish.shards.map(|shards| view.number(shards, dice, now))
    }

    /// How much to draw from the shard for those who wait, and in advance. Whoever `is_told` what is there asks for no more than that.
    pub(super) fn draw_size(
        &mut self,
        wish: &Wish,
        life: Duration,
        is_told: bool,
        now: Timestamp,
    ) -> u64 {
        self.limits = wish.limits;
        let demand = self.demand(wish);
        let ahead = self.reckon(wish, demand, life, now);
        let requests = demand.saturating_add(ahead);
        let left = self.view.as_ref().map_or(0, |view| view.item().left(now));
        if is_told && left >= wish.cost {
            requests.min(left)
        } else {
            requests
        }
    }

    /// How much to take from the meter for a shard, and for a `demand` of this process.
    pub(super) fn share_size(
        &mut self,
        knowledge: &Knowledge,
        wish: &Wish,
        demand: u64,
        now: Timestamp,
    ) -> ShareSize {
        self.limits = wish.limits;
        let life = lease::life(&wish.limits);
        let wanted = self.view.as_ref().map_or(0, |view| view.wanted(life, now));
        let keep = (self.lease.left(now) == 0).then(|| self.reckon(wish, demand, life, now));
        let levels = knowledge.levels(&wish.limits, now);
        let most = lease::most_of(
            levels.burst.map(|level| level.remaining),
            levels.least_of_quotas(),
        );
        let size = wanted.max(demand.saturating_add(keep.unwrap_or(0)));
        let is_low = levels
            .burst
            .is_some_and(|level| level.remaining < level.limit / LOW_PART);
        ShareSize {
            requests: demand.max(size.min(most)).max(1),
            refund: self.owed,
            keep,
            is_short: size > most && is_low,
        }
    }

    /// What those want that wait, and can be charged together.
    fn demand(&self, wish: &Wish) -> u64 {
        self.queue
            .iter()
            .take_while(|waiter| waiter.wish.limits == wish.limits)
            .fold(0, |sum: u64, waiter| sum.saturating_add(waiter.wish.cost))
    }

    /// Ends the lease, and reckons how many requests beyond `demand` to have in advance.
    fn reckon(&mut self, wish: &Wish, demand: u64, life: Duration, now: Timestamp) -> u64 {
        let unused = self.lease.end();
        if let Some(unused) = unused {
            self.owe(unused);
        }
        let view = self.view.get_or_insert_default();
        let unused = unused.map_or(0, |unused| unused.requests);
        view.note(unused, now);
        match wish.leases {
            Leases::Off => 0,
            Leases::AtMost(most) => view
                .expected(life, now)
                .min(most.get().saturating_sub(demand)),
        }
    }
}
