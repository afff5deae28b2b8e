//! Several processes at one meter, step by step: what each of them does next, and what becomes of it.

mod checks;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::oneshot;
use tollgate::charge::{Asked, Flight, Meter, Next, Outcome, Turn, Wish};
use tollgate::lease::Leases;
use tollgate::meter::{
    Answer, ChargeId, DayCount, RefundWrite, Refutation, RemainingWrite, ShardAnswer, ShardId,
    ShardItem, ShardWrite, Write,
};
use tollgate::plan::Shards;
use tollgate::store::{StoreError, StoreErrorKind};

use super::events::{Event, Fate, OPERATORS, PROCESSES, TASKS};
use super::{Rules, START_NS, at};
use crate::engine::item::Item;
/// How often a store's client sends a write whose answer is lost.
const ATTEMPTS: u32 = 2;

struct Process {
    meter: Arc<Meter>,
    offset_ns: i64,
}

impl Process {
    fn new(wish: &Wish, offset_ns: i64) -> Self {
        Self {
            meter: Arc::new(Meter::of_hot_key(wish)),
            offset_ns,
        }
    }
}

#[derive(Clone)]
struct Sent {
    write: Write,
    /// The true time at which the sender read its clock.
    asked_at: u64,
}

/// A request.
enum Task {
    Free,
    Waiting {
        cost: u64,
        told: oneshot::Receiver<Turn>,
    },
    Leading {
        cost: u64,
        flight: Flight,
        /// When the charge was asked for that this request is part of.
        asked_at: u64,
        /// It has drawn what it needs, and is about to fill the shard.
        has_drawn: bool,
    },
    SendingToShard {
        cost: u64,
        flight: Flight,
        shard: ShardId,
        write: ShardWrite,
        sent_at: u64,
        /// When it drew what it needs.
        drawn_at: Option<u64>,
        attempts: u32,
    },
    Sending {
        cost: u64,
        flight: Flight,
        sent: Sent,
        drawn_at: Option<u64>,
        attempts: u32,
    },
    Answered {
        cost: u64,
        flight: Flight,
        sent: Sent,
        drawn_at: Option<u64>,
        answer: Answer,
    },
}

/// What comes back.
enum Reply {
    Answer(Answer),
    OfShard(ShardAnswer),
    Archived,
}

#[derive(Clone)]
enum Message {
    Write(Sent),
    Shard(ShardId, ShardWrite),
    Archive(DayCount),
    Remaining(Change),
    Refund(RefundWrite),
}

/// What an operator is about to write.
#[derive(Clone)]
struct Change {
    write: RemainingWrite,
    remaining: u64,
    attempts: u32,
}

pub(crate) struct World {
    rules: Rules,
    wish: Wish,
    now: u64,
    offsets_ns: (i64, i64),
    processes: Vec<Process>,
    tasks: Vec<Task>,
    item: Item,
    shards: BTreeMap<ShardId, ShardItem>,
    archived: BTreeMap<u32, u64>,
    late: Vec<Message>,
    last_in_slot: BTreeMap<u8, ChargeId>,
    charges: u64,
    /// When requests passed, and how many each counts for.
    admitted: Vec<(u64, u64)>,
    operators: Vec<Option<Change>>,
    /// What may still be taken of each window: the limit at first, what an operator set, less what was taken since.
    left: BTreeMap<u32, i64>,
    set: BTreeSet<u64>,
    /// What was counted of each day.
    days: BTreeMap<u32, i64>,
}

impl World {
    pub(crate) fn new(rules: Rules, leases: Leases, shards: Option<Shards>) -> Self {
        let wish = Wish {
            cost: 1,
            limits: rules.limits(),
            leases,
            shards,
        };
        Self {
            rules,
            wish,
            now: START_NS,
            offsets_ns: (0, 0),
            processes: (0..PROCESSES).map(|_| Process::new(&wish, 0)).collect(),
            tasks: (0..TASKS).map(|_| Task::Free).collect(),
            item: Item::default(),
            shards: BTreeMap::new(),
            archived: BTreeMap::new(),
            late: Vec::new(),
            last_in_slot: BTreeMap::new(),
            charges: 0,
            admitted: Vec::new(),
            operators: vec![None; OPERATORS],
            left: BTreeMap::new(),
            set: BTreeSet::new(),
            days: BTreeMap::new(),
        }
    }

    pub(crate) fn happen(&mut self, event: Event) {
        match event {
            Event::Step {
                task,
                fate,
                cost,
                slot,
            } => self.step(task, fate, cost, slot),
            Event::Arrive { which } => {
                if !self.late.is_empty() {
                    let message = self.late.swap_remove(which % self.late.len());
                    self.deliver(message);
                }
            }
            Event::Pass { nanos } => self.now += nanos,
            Event::SetClock { process, offset_ns } => {
                self.processes[process].offset_ns = offset_ns;
                self.offsets_ns.0 = self.offsets_ns.0.min(offset_ns);
                self.offsets_ns.1 = self.offsets_ns.1.max(offset_ns);
            }
            Event::Restart { process } => {
                for task in self.tasks_of(process) {
                    self.tasks[task] = Task::Free;
                }
                let offset_ns = self.processes[process].offset_ns;
                self.processes[process] = Process::new(&self.wish, offset_ns);
            }
            Event::HandBack { process, fate } => {
                let meter = Arc::clone(&self.processes[process].meter);
                for refund in meter.take_leased() {
                    self.charges += 1;
                    let write = RefundWrite {
                        id: ChargeId::new(self.charges),
                        after: self.item.refund_id.map(ChargeId::new),
                        refund,
                    };
                    self.send(Message::Refund(write), fate);
                }
            }
            Event::Drop { task } => self.tasks[task] = Task::Free,
            Event::Switch { off } => self.item.off = off,
            Event::Operate {
                operator,
                fate,
                remaining,
            } => self.operate(operator, fate, remaining),
        }
    }

    fn tasks_of(&self, process: usize) -> impl Iterator<Item = usize> + use<> {
        (0..self.tasks.len()).filter(move |task| task % PROCESSES == process)
    }

    fn operate(&mut self, operator: usize, fate: Fate, remaining: u64) {
        let Some(quota) = self.rules.quota else {
            return;
        };
        let write_of = |world: &Self, id: ChargeId, remaining| {
            let (item, now) = (world.item.whole(), at(world.now));
            RemainingWrite::new(id, remaining, quota, &item, now).unwrap()
        };
        self.operators[operator] = match self.operators[operator].take() {
            None => {
                self.charges += 1;
                let write = write_of(self, ChargeId::new(self.charges), remaining);
                Some(Change {
                    write,
                    remaining,
                    attempts: 0,
                })
            }
            Some(change) => match self.send(Message::Remaining(change.clone()), fate) {
                Some(Reply::Answer(Answer::Applied(_))) => None,
                Some(Reply::Answer(Answer::Failed(item))) => match change.write.refuted_by(&item) {
                    Refutation::WasApplied => {
                        assert!(self.set.contains(&change.write.id.number()), "made up");
                        None
                    }
                    Refutation::OtherChange => None,
                    Refutation::WindowPassed => {
                        assert!(!self.set.contains(&change.write.id.number()), "set twice");
                        let write = write_of(self, change.write.id, change.remaining);
                        Some(Change { write, ..change })
                    }
                },
                Some(Reply::Archived | Reply::OfShard(_)) => panic!("it was another message"),
                None => Some(Change {
                    attempts: change.attempts + 1,
                    ..change
                })
                .filter(|change| change.attempts < ATTEMPTS),
            },
        };
    }

    fn clock(&self, process: usize) -> tollgate::time::Timestamp {
        let offset_ns = self.processes[process].offset_ns;
        at(self.now.checked_add_signed(offset_ns).unwrap())
    }

    fn step(&mut self, task: usize, fate: Fate, cost: u64, slot: u64) {
        let process = task % PROCESSES;
        let clock = self.clock(process);
        let next = match std::mem::replace(&mut self.tasks[task], Task::Free) {
            Task::Free => {
                let wish = Wish { cost, ..self.wish };
                match self.processes[process].meter.ask(&wish, clock, || Ok(())) {
                    Asked::Done(outcome) => {
                        self.end(outcome, cost, self.now);
                        Task::Free
                    }
                    Asked::Wait(told) => Task::Waiting { cost, told },
                    Asked::Lead(flight) => Task::Leading {
                        cost,
                        flight,
                        asked_at: self.now,
                        has_drawn: false,
                    },
                }
            }
            Task::Waiting { cost, mut told } => match told.try_recv() {
                Ok(Turn::Lead(flight)) => Task::Leading {
                    cost,
                    flight,
                    asked_at: self.now,
                    has_drawn: false,
                },
                Ok(Turn::Done(_)) => panic!("an admission was not seen when it was made"),
                Ok(Turn::Failed(_)) => Task::Free,
                Err(oneshot::error::TryRecvError::Empty) => Task::Waiting { cost, told },
                Err(oneshot::error::TryRecvError::Closed) => panic!("nobody works for a waiter"),
            },
            Task::Leading {
                cost,
                mut flight,
                asked_at,
                has_drawn,
            } => {
                self.charges += 1;
                let drawn_at = has_drawn.then_some(asked_at);
                // Few slots, so that charges take them from each other.
                let id = ChargeId::new(self.charges * 16 + slot);
                match flight.next(id, clock) {
                    Next::Done(outcome) => {
                        self.end(outcome, cost, asked_at);
                        Task::Free
                    }
                    Next::Archive(ended) => match self.send(Message::Archive(ended), fate) {
                        Some(_) => {
                            flight.archived(ended);
                            Task::Leading {
                                cost,
                                flight,
                                asked_at,
                                has_drawn,
                            }
                        }
                        None => self.fail(process, flight, cost, drawn_at),
                    },
                    Next::Pause(_) => Task::Leading {
                        cost,
                        flight,
                        asked_at,
                        has_drawn,
                    },
                    Next::Shard(shard, write) => Task::SendingToShard {
                        cost,
                        flight,
                        shard,
                        write,
                        sent_at: self.now,
                        drawn_at,
                        attempts: 0,
                    },
                    Next::Write(write) => Task::Sending {
                        cost,
                        flight,
                        sent: Sent {
                            write,
                            asked_at: self.now,
                        },
                        drawn_at,
                        attempts: 0,
                    },
                }
            }
            Task::SendingToShard {
                cost,
                mut flight,
                shard,
                write,
                sent_at,
                drawn_at,
                attempts,
            } => match self.send(Message::Shard(shard, write), fate) {
                Some(Reply::OfShard(answer)) => {
                    flight.learn_of_shard(&write, &answer, clock);
                    self.hear(process, sent_at);
                    let is_draw = matches!(write, ShardWrite::Draw { .. });
                    let has_drawn = is_draw && matches!(answer, ShardAnswer::Applied(_));
                    Task::Leading {
                        cost,
                        flight,
                        asked_at: drawn_at.unwrap_or(sent_at),
                        has_drawn: has_drawn || drawn_at.is_some(),
                    }
                }
                Some(Reply::Archived | Reply::Answer(_)) => panic!("it was another message"),
                None if attempts + 1 < ATTEMPTS => Task::SendingToShard {
                    cost,
                    flight,
                    shard,
                    write,
                    sent_at,
                    drawn_at,
                    attempts: attempts + 1,
                },
                None => self.fail(process, flight, cost, drawn_at),
            },
            Task::Sending {
                cost,
                flight,
                sent,
                drawn_at,
                attempts,
            } => match self.send(Message::Write(sent.clone()), fate) {
                Some(Reply::Answer(answer)) => Task::Answered {
                    cost,
                    flight,
                    sent,
                    drawn_at,
                    answer,
                },
                Some(Reply::Archived | Reply::OfShard(_)) => panic!("it was another message"),
                None if attempts + 1 < ATTEMPTS => Task::Sending {
                    cost,
                    flight,
                    sent,
                    drawn_at,
                    attempts: attempts + 1,
                },
                None => self.fail(process, flight, cost, drawn_at),
            },
            Task::Answered {
                cost,
                mut flight,
                sent,
                drawn_at,
                answer,
            } => {
                flight.learn(&sent.write, &answer, clock);
                self.hear(process, sent.asked_at);
                Task::Leading {
                    cost,
                    flight,
                    asked_at: drawn_at.unwrap_or(sent.asked_at),
                    has_drawn: drawn_at.is_some(),
                }
            }
        };
        self.tasks[task] = next;
    }

    /// The store does not answer.
    fn fail(&mut self, process: usize, flight: Flight, cost: u64, drawn_at: Option<u64>) -> Task {
        let cause = std::io::Error::from(std::io::ErrorKind::TimedOut);
        let failure = StoreError::new(StoreErrorKind::Unavailable, "no answer in time", cause);
        if let Some(outcome) = flight.fail(&failure) {
            self.end(outcome, cost, drawn_at.unwrap_or(self.now));
        }
        self.hear(process, self.now);
        Task::Free
    }

    /// Those who waited for a charge that was asked for at `asked_at` are told.
    fn hear(&mut self, process: usize, asked_at: u64) {
        for task in self.tasks_of(process) {
            if let Task::Waiting { cost, told } = &mut self.tasks[task] {
                let cost = *cost;
                match told.try_recv() {
                    Ok(Turn::Done(outcome)) => {
                        self.tasks[task] = Task::Free;
                        self.end(outcome, cost, asked_at);
                    }
                    Ok(Turn::Failed(_)) => self.tasks[task] = Task::Free,
                    Ok(Turn::Lead(flight)) => {
                        self.tasks[task] = Task::Leading {
                            cost,
                            flight,
                            asked_at,
                            has_drawn: false,
                        };
                    }
                    Err(_) => {}
                }
            }
        }
    }

    fn end(&mut self, outcome: Outcome, cost: u64, asked_at: u64) {
        match outcome {
            Outcome::Admitted(_) => self.admitted.push((asked_at, cost)),
            Outcome::Refused(..) | Outcome::SwitchedOff => {}
            Outcome::GateClosed(..) => panic!("there is no gate"),
        }
    }
}
