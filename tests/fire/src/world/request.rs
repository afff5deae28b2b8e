//! Requests, step by step.

use std::sync::Arc;

use tokio::sync::oneshot;
use tollgate::charge::{Asked, Flight, Next, Outcome, Turn};
use tollgate::meter::{Answer, ChargeId, ShardId, ShardWrite};
use tollgate::plan::BucketId;
use tollgate::time::Timestamp;

use super::process::wish;
use super::store::{Message, Reply, Sent};
use super::{ATTEMPTS, World};
use crate::event::{ALL, Fate, PROCESSES, TASKS};
use crate::tally::Deed;
use crate::violation::{Invariant, Violation};

/// What a request asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) cost: u64,
    pub(super) bucket: Option<BucketId>,
    pub(super) plan: usize,
    pub(super) came_at: u64,
}

/// Where what a request gets comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grant {
    pub(super) source: ChargeId,
    pub(super) asked_at: u64,
    pub(super) asked_clock_ns: u64,
    pub(super) is_draw: bool,
    /// The plan of the request that asked for it.
    pub(super) plan: usize,
}

/// A charge under way, and what is known of it from outside.
#[derive(Debug)]
pub(super) struct Leading {
    pub(super) request: Request,
    pub(super) flight: Flight,
    /// What the first answer gave it: the request that makes a charge is served first.
    pub(super) grant: Option<Grant>,
    /// The charge that it has made.
    pub(super) charge: Option<ChargeId>,
    /// What it drew is not used up when it charges the meter, so it keeps that.
    pub(super) keeps_drawn: bool,
}

#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one for each process of a world, and a box for each request would slow the simulation down"
)]
pub(super) enum Task {
    Free,
    Waiting {
        request: Request,
        told: oneshot::Receiver<Turn>,
    },
    Leading(Leading),
    SendingToShard {
        leading: Leading,
        shard: ShardId,
        write: ShardWrite,
        asked_at: u64,
        asked_clock_ns: u64,
        attempts: u32,
    },
    Sending {
        leading: Leading,
        sent: Sent,
        asked_clock_ns: u64,
        attempts: u32,
    },
    Answered {
        leading: Leading,
        sent: Sent,
        asked_clock_ns: u64,
        answer: Answer,
    },
}

impl World {
    /// The next step of a request.
    pub(super) fn go_on(
        &mut self,
        task: usize,
        fate: Fate,
        cost: u64,
        (slot, dice): (u8, u32),
    ) -> Result<(), Violation> {
        let index = task % PROCESSES;
        self.pause_ns = 0;
        if self
            .processes
            .get(index)
            .is_none_or(|process| process.is_frozen)
        {
            return Ok(());
        }
        let Some(before) = self.tasks.get_mut(task) else {
            return Ok(());
        };
        let before = std::mem::replace(before, Task::Free);
        let now = self.read_clock(index);
        let after = match before {
            Task::Free => self.ask(index, task + PROCESSES >= TASKS, cost, now)?,
            Task::Waiting { request, mut told } => match told.try_recv() {
                Ok(Turn::Lead(flight)) => Self::lead(request, flight),
                Ok(Turn::Done(_)) => {
                    return Err(protocol("a decision was not told when it was made"));
                }
                Ok(Turn::Failed(_)) => Task::Free,
                Err(oneshot::error::TryRecvError::Empty) => Task::Waiting { request, told },
                Err(oneshot::error::TryRecvError::Closed) => {
                    let seen = "a request waits for a charge that nobody makes";
                    return Err(Violation::new(Invariant::Stuck, seen));
                }
            },
            Task::Leading(mut leading) => {
                let id = self.next_id(slot, dice);
                let next = leading.flight.next(id, now);
                self.follow(index, leading, next, now, fate)?
            }
            Task::SendingToShard {
                leading,
                shard,
                write,
                asked_at,
                asked_clock_ns,
                attempts,
            } => {
                let source = leading.charge;
                match self.send(Message::Shard(shard, write, source), fate)? {
                    Some(Reply::OfShard(answer, source)) => {
                        let asked = (asked_at, asked_clock_ns);
                        self.learn_of_shard(index, leading, &write, (answer, source), asked, now)?
                    }
                    Some(Reply::Archived | Reply::Answer(_) | Reply::Switched) => {
                        return Err(protocol("a shard is asked, and something else answers"));
                    }
                    None if attempts + 1 < ATTEMPTS => Task::SendingToShard {
                        leading,
                        shard,
                        write,
                        asked_at,
                        asked_clock_ns,
                        attempts: attempts + 1,
                    },
                    None => self.fail(index, leading)?,
                }
            }
            Task::Sending {
                leading,
                sent,
                asked_clock_ns,
                attempts,
            } => match self.send(Message::Write(sent.clone()), fate)? {
                Some(Reply::Answer(answer)) => Task::Answered {
                    leading,
                    sent,
                    asked_clock_ns,
                    answer,
                },
                Some(Reply::Archived | Reply::OfShard(..) | Reply::Switched) => {
                    return Err(protocol("the meter is asked, and something else answers"));
                }
                None if attempts + 1 < ATTEMPTS => Task::Sending {
                    leading,
                    sent,
                    asked_clock_ns,
                    attempts: attempts + 1,
                },
                None => self.fail(index, leading)?,
            },
            Task::Answered {
                leading,
                sent,
                asked_clock_ns,
                answer,
            } => self.learn(index, leading, &sent, asked_clock_ns, &answer, now)?,
        };
        if let Some(task) = self.tasks.get_mut(task) {
            *task = after;
        }
        Ok(())
    }

    pub(super) fn lead(request: Request, flight: Flight) -> Task {
        Task::Leading(Leading {
            request,
            flight,
            grant: None,
            charge: None,
            keeps_drawn: false,
        })
    }

    fn ask(
        &mut self,
        index: usize,
        of_method: bool,
        cost: u64,
        now: Timestamp,
    ) -> Result<Task, Violation> {
        self.load_if_old(index);
        let Some(process) = self.processes.get(index) else {
            return Ok(Task::Free);
        };
        let plan = process.plan;
        let meter = Arc::clone(&process.meter);
        if plan + 1 < self.plans.len() {
            self.tally.add(Deed::StalePlanUsed);
        }
        let rules = self.rules(plan);
        let cost = if cost == ALL {
            self.left(&rules, of_method).max(1)
        } else {
            cost
        };
        let wish = wish(&rules, cost, of_method);
        let request = Request {
            cost,
            bucket: wish.limits.bucket.map(|(bucket, _)| bucket),
            plan,
            came_at: self.now,
        };
        Ok(match meter.ask(&wish, now, || Ok(())) {
            Asked::Done(Outcome::Admitted(_)) => {
                self.admit_by_lease(index, &request, now)?;
                Task::Free
            }
            Asked::Done(outcome) => {
                self.refuse(index, &outcome)?;
                Task::Free
            }
            Asked::Wait(told) => Task::Waiting { request, told },
            Asked::Lead(flight) => Self::lead(request, flight),
        })
    }

    /// A request is given up by its caller.
    pub(super) fn give_up(&mut self, task: usize) {
        let Some(given_up) = self.tasks.get_mut(task) else {
            return;
        };
        let given_up = std::mem::replace(given_up, Task::Free);
        if !matches!(given_up, Task::Free) {
            self.tally.add(Deed::Dropped);
        }
        if matches!(given_up, Task::Waiting { .. })
            && let Some(process) = self.processes.get_mut(task % PROCESSES)
        {
            process.has_forsaken = true;
        }
    }

    /// Does what a flight says.
    fn follow(
        &mut self,
        index: usize,
        mut leading: Leading,
        next: Next,
        now: Timestamp,
        fate: Fate,
    ) -> Result<Task, Violation> {
        let (asked_at, asked_clock_ns) = (self.now, now.as_nanos());
        Ok(match next {
            Next::Done(outcome) => {
                self.decide(index, &leading.request, leading.grant, &outcome)?;
                Task::Free
            }
            Next::Archive(ended) => match self.send(Message::Archive(ended), fate)? {
                Some(_) => {
                    leading.flight.archived(ended);
                    Task::Leading(leading)
                }
                None => self.fail(index, leading)?,
            },
            Next::Pause(pause) => {
                self.pause_ns = u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX);
                Task::Leading(leading)
            }
            Next::Shard(shard, write) => Task::SendingToShard {
                leading,
                shard,
                write,
                asked_at,
                asked_clock_ns,
                attempts: 0,
            },
            Next::Write(write) => {
                Violation::unless(leading.charge.is_none(), Invariant::ChargedOnce, || {
                    "a request is charged again, although its charge was seen in its slot"
                        .to_owned()
                })?;
                let Request { plan, bucket, .. } = leading.request;
                self.check_calendar(&write, plan, asked_clock_ns)?;
                self.check_size(index, &leading, write.cost)?;
                leading.keeps_drawn = leading.grant.is_some_and(|grant| grant.is_draw)
                    && self.settle_lease(index, bucket, asked_clock_ns);
                Task::Sending {
                    leading,
                    sent: Sent {
                        write,
                        plan,
                        asked_at,
                        overdraft: 0,
                    },
                    asked_clock_ns,
                    attempts: 0,
                }
            }
        })
    }
}

pub(super) fn protocol(seen: &str) -> Violation {
    Violation::new(Invariant::Protocol, seen)
}
