//! The charges to one bucket.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::oneshot;

use super::back_off::BackOff;
use super::view::View;
use super::{Flight, Outcome, Turn, Wish};
use crate::lease::{self, Lease, Leases};
use crate::meter::{Knowledge, Limits, Refund, Refusal};
use crate::plan::BucketId;
use crate::time::Timestamp;

/// What goes on at one bucket of a meter, or without a bucket when the plan has no throttle.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) bucket: Option<BucketId>,
    /// The limits under which the lease was taken.
    pub(super) limits: Limits,
    pub(super) lease: Lease,
    /// What earlier leases left, to be given back.
    pub(super) owed: Option<Refund>,
    pub(super) back_off: BackOff,
    /// The shard, when the plan has shards.
    pub(super) view: Option<Box<View>>,
    /// Whether somebody makes a charge.
    is_led: bool,
    /// The one that makes the charge, while it is not decided, then those that wait, in the order in which they came.
    pub(super) queue: VecDeque<Waiter>,
    /// How many of them the write under way is for.
    pub(super) aboard: usize,
    /// How many the last write was for.
    pub(super) shared_by: usize,
}

/// A request that waits for a charge, or makes one.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) wish: Wish,
    /// `None`: it makes the charge.
    reply: Option<oneshot::Sender<Turn>>,
}

impl Waiter {
    pub(super) const fn leads(&self) -> bool {
        self.reply.is_none()
    }

    /// Whether it was still waiting.
    pub(super) fn tell(self, turn: Turn) -> bool {
        match self.reply {
            None => false,
            Some(reply) => match reply.send(turn) {
                Ok(()) => true,
                Err(Turn::Lead(mut flight)) => {
                    flight.disarm();
                    false
                }
                Err(Turn::Done(_) | Turn::Failed(_)) => false,
            },
        }
    }
}

impl Lane {
    /// A lane in which `wish` makes the first charge after one at `charged_at`.
    pub(super) fn led(bucket: Option<BucketId>, wish: &Wish, charged_at: Timestamp) -> Self {
        let mut lane = Self::new(bucket, wish, Lease::used_up(1, charged_at));
        lane.lead(wish);
        lane
    }

    pub(super) fn new(bucket: Option<BucketId>, wish: &Wish, lease: Lease) -> Self {
        Self {
            bucket,
            limits: wish.limits,
            lease,
            owed: None,
            back_off: BackOff::default(),
            view: None,
            is_led: false,
            queue: VecDeque::new(),
            aboard: 0,
            shared_by: 0,
        }
    }

    pub(super) fn lead(&mut self, wish: &Wish) {
        self.is_led = true;
        self.queue.push_front(Waiter {
            wish: *wish,
            reply: None,
        });
    }

    pub(super) const fn is_led(&self) -> bool {
        self.is_led
    }

    pub(super) fn wait(&mut self, wish: &Wish) -> oneshot::Receiver<Turn> {
        let (reply, told) = oneshot::channel();
        self.queue.push_back(Waiter {
            wish: *wish,
            reply: Some(reply),
        });
        told
    }

    /// What may be used without a charge. What was taken under other limits may not.
    pub(super) fn leased(&self, wish: &Wish, now: Timestamp) -> u64 {
        if wish.leases == Leases::Off || self.limits != wish.limits {
            return 0;
        }
        self.lease.left(now)
    }

    pub(super) fn spend(&mut self, cost: u64, now: Timestamp) {
        self.lease.spend(cost, now);
    }

    /// Why `wish` cannot pass, as far as is known without the store.
    pub(super) fn check(
        &self,
        knowledge: &Knowledge,
        wish: &Wish,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if let Some(view) = &self.view
            && self.draws(wish, now)
        {
            return view.check(knowledge, wish, now);
        }
        knowledge.check(wish.cost, &wish.limits, now)?;
        self.back_off.check(now)
    }

    /// How much to charge, and to give back, for a `demand` that fits.
    pub(super) fn size(
        &mut self,
        knowledge: &Knowledge,
        wish: &Wish,
        demand: u64,
        now: Timestamp,
    ) -> (u64, Option<Refund>) {
        self.limits = wish.limits;
        let life = lease::life(&wish.limits);
        let size = self.lease.next_size(life, wish.leases, now);
        if let Some(unused) = self.lease.end() {
            self.owe(unused);
        }
        let levels = knowledge.levels(&wish.limits, now);
        let most = lease::most_of(
            levels.burst.map(|level| level.remaining),
            levels.least_of_quotas(),
        );
        // What rivals have taken since is not known, so a process that has some at an empty bucket asks for what it needs.
        let size = if life.is_zero() || self.back_off.is_contended() {
            1
        } else {
            size.min(most)
        };
        (demand.max(size), self.owed)
    }

    /// What earlier leases left is added up while it belongs to one window and day; what is older is lost to the client.
    pub(super) fn owe(&mut self, unused: Refund) {
        if unused.requests == 0 {
            return;
        }
        let before = self.owed.filter(|owed| {
            Refund {
                requests: unused.requests,
                further: unused.further,
                ..*owed
            } == unused
        });
        self.owed = Some(Refund {
            requests: before.map_or(0, |owed| owed.requests) + unused.requests,
            // To a further quota goes back what was taken from one stretch of it.
            further: before.map_or(unused.further, |owed| owed.further.common(&unused.further)),
            ..unused
        });
    }

    /// `refund` was given back, or it is not known whether it was. Without one, what is owed could not be given back, and never can.
    pub(super) fn settle(&mut self, refund: Option<Refund>) {
        self.owed = match (self.owed, refund) {
            (Some(owed), Some(refund)) => owed
                .requests
                .checked_sub(refund.requests)
                .filter(|requests| *requests > 0)
                .map(|requests| Refund { requests, ..owed }),
            (Some(_) | None, None) | (None, Some(_)) => None,
        };
    }

    /// `left` of `taken` requests are to be kept.
    pub(super) fn keep(&mut self, left: Refund, taken: u64, asked_at: Timestamp, life: Duration) {
        self.lease.begin(left, taken, asked_at, life);
        if let Some(view) = &mut self.view {
            view.drew(taken, asked_at);
        }
    }

    /// Gives out `left` requests to those who wait, in their order, while they last: the outcome of the one that makes the charge.
    /// `outcome` is told how many are left then. Those who came after the charge was asked for get what it has in advance, unless that
    /// `is_over`.
    pub(super) fn hand_out(
        &mut self,
        left: &mut u64,
        is_over: bool,
        outcome: impl Fn(u64) -> Outcome,
    ) -> Option<Outcome> {
        self.shared_by = self.aboard;
        let mut own = None;
        while let Some(first) = self.queue.front()
            && (self.aboard > 0 || !is_over)
            && let Some(rest) = left.checked_sub(first.wish.cost)
            && first.wish.limits == self.limits
            && let Some(first) = self.queue.pop_front()
        {
            self.aboard = self.aboard.saturating_sub(1);
            if first.leads() {
                own = Some(outcome(rest));
                *left = rest;
            } else if first.tell(Turn::Done(outcome(rest))) {
                *left = rest;
            }
        }
        own
    }

    /// Tells those whom the write under way is for.
    pub(super) fn tell_those_aboard(&mut self, turn: impl Fn() -> Turn) {
        for waiter in self.queue.drain(..self.aboard.min(self.queue.len())) {
            waiter.tell(turn());
        }
    }

    pub(super) fn tell_all(&mut self, turn: impl Fn() -> Turn) {
        for waiter in self.queue.drain(..) {
            waiter.tell(turn());
        }
    }

    /// What could be given back now. Not while a charge is made: that gives it back.
    pub(super) fn take_leased(&mut self) -> Option<Refund> {
        if self.is_led() {
            return None;
        }
        if let Some(left) = self.lease.end() {
            self.owe(left);
        }
        self.owed.take()
    }

    /// Passes the lead on to the first that still waits. `flight` makes what it is handed.
    pub(super) fn pass_on(&mut self, flight: impl Fn() -> Flight) {
        self.aboard = 0;
        while let Some(mut waiter) = self.queue.pop_front() {
            let Some(reply) = waiter.reply.take() else {
                continue;
            };
            self.queue.push_front(waiter);
            match reply.send(Turn::Lead(flight())) {
                Ok(()) => return,
                Err(turn) => {
                    if let Turn::Lead(mut flight) = turn {
                        flight.disarm();
                    }
                    self.queue.pop_front();
                }
            }
        }
        self.is_led = false;
    }

    /// When the last charge was, if nothing else would be lost by forgetting the lane.
    pub(super) fn idle_since(&self) -> Option<Timestamp> {
        let is_idle = !self.is_led
            && self.view.is_none()
            && self.queue.is_empty()
            && self.owed.is_none()
            && self.back_off.is_idle();
        self.lease.idle_since().filter(|_| is_idle)
    }
}
