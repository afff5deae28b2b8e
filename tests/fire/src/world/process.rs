//! Processes, and what they have in advance.

use std::sync::Arc;

use tollgate::charge::{Meter, Wish};
use tollgate::meter::{Answer, ChargeId, RefundWrite};
use tollgate::plan::BucketId;

use super::request::protocol;
use super::store::{Message, Reply};
use super::{PLAN_LIFE_NS, World};
use crate::calendar::DAY_NS;
use crate::event::Fate;
use crate::rules::Rules;
use crate::violation::Violation;

/// A process, and where its leases come from.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) meter: Arc<Meter>,
    pub(super) offset_ns: i64,
    pub(super) is_frozen: bool,
    /// Which of the world's plans it knows.
    pub(super) plan: usize,
    pub(super) leases: Vec<LeaseOf>,
    /// A request that waited was given up by its caller: it is charged all the same.
    pub(super) has_forsaken: bool,
}

/// What a process has in advance, as it looks from outside.
#[derive(Debug)]
pub(super) struct LeaseOf {
    pub(super) bucket: Option<BucketId>,
    /// The charge that it came from.
    pub(super) source: ChargeId,
    /// The plan of the request that got it.
    pub(super) plan: usize,
    /// How much it is at the most.
    pub(super) left: u64,
    /// When it may be used, by the clock of its process.
    pub(super) from_ns: u64,
    pub(super) until_ns: u64,
}

impl LeaseOf {
    const fn is_of_use(&self, clock_ns: u64) -> bool {
        self.left > 0 && self.from_ns <= clock_ns && clock_ns < self.until_ns
    }
}

impl Process {
    pub(super) fn new(rules: &Rules, is_hot: bool, plan: usize, offset_ns: i64) -> Self {
        let meter = if is_hot {
            Meter::of_hot_key(&wish(rules, 1, false))
        } else {
            Meter::default()
        };
        Self {
            meter: Arc::new(meter),
            offset_ns,
            is_frozen: false,
            plan,
            leases: Vec::new(),
            has_forsaken: false,
        }
    }

    /// Whether it may have a lease when its clock shows `clock_ns`.
    pub(super) fn has_lease(&self, clock_ns: u64) -> bool {
        self.leases.iter().any(|lease| lease.is_of_use(clock_ns))
    }
}

pub(super) fn wish(rules: &Rules, cost: u64, of_method: bool) -> Wish {
    Wish {
        cost,
        limits: rules.limits(of_method),
        leases: rules.leases(),
        shards: rules.shards(),
        generation: 0,
    }
}

/// When what was charged is over by the clock of its process: with the day at the latest.
pub(super) const fn end_of_lease(asked_clock_ns: u64, life_ns: u64) -> u64 {
    let midnight = asked_clock_ns - asked_clock_ns % DAY_NS + DAY_NS;
    let end = asked_clock_ns.saturating_add(life_ns);
    if end < midnight { end } else { midnight }
}

impl World {
    /// A process does not go by a plan for longer than it is remembered.
    pub(super) fn load_if_old(&mut self, index: usize) {
        let plan = self.processes.get(index).map_or(0, |process| process.plan);
        let replaced_at = self.plans.get(plan).and_then(|plan| plan.replaced_at);
        if replaced_at.is_some_and(|at| at + PLAN_LIFE_NS < self.now) {
            self.load(index);
        }
    }

    pub(super) fn lease_of(
        &mut self,
        index: usize,
        bucket: Option<BucketId>,
    ) -> Option<&mut LeaseOf> {
        let leases = &mut self.processes.get_mut(index)?.leases;
        leases.iter_mut().find(|lease| lease.bucket == bucket)
    }

    pub(super) fn lease_from(&mut self, index: usize, lease: LeaseOf) {
        if let Some(known) = self.lease_of(index, lease.bucket) {
            *known = lease;
        } else if let Some(process) = self.processes.get_mut(index) {
            process.leases.push(lease);
        }
    }

    /// Whether a process that charges the meter has something in advance yet, which it keeps. What is over it gives back.
    pub(super) fn settle_lease(
        &mut self,
        index: usize,
        bucket: Option<BucketId>,
        clock_ns: u64,
    ) -> bool {
        let Some(lease) = self.lease_of(index, bucket) else {
            return false;
        };
        let is_of_use = lease.is_of_use(clock_ns);
        if !is_of_use {
            lease.left = 0;
        }
        is_of_use
    }

    pub(super) fn hand_back(&mut self, index: usize, fate: Fate) -> Result<(), Violation> {
        let Some(process) = self
            .processes
            .get(index)
            .filter(|process| !process.is_frozen)
        else {
            return Ok(());
        };
        let meter = Arc::clone(&process.meter);
        for refund in meter.take_leased() {
            let id = self.next_id(0, 0);
            let mut write = RefundWrite {
                id,
                after: meter.last_refund_id(),
                refund,
            };
            // As the limiter does it, and below it the store's client.
            for _ in 0..4 {
                let mut reply = self.send(Message::Refund(write), fate)?;
                if reply.is_none() {
                    reply = self.send(Message::Refund(write), Fate::Delivered)?;
                }
                let answer = match reply {
                    Some(Reply::Answer(answer)) => answer,
                    Some(Reply::Archived | Reply::OfShard(..) | Reply::Switched) => {
                        return Err(protocol("a refund is answered with something else"));
                    }
                    None => break,
                };
                match answer {
                    Answer::Failed(item) if write.may_follow(&item) => {
                        write = write.following(&item);
                    }
                    Answer::Failed(_) | Answer::Applied(_) => break,
                }
            }
        }
        Ok(())
    }
}
