//! Several processes at one meter: their steps interleave at random, answers are lost, writes are repeated and arrive late, and
//! clocks differ and jump. Whatever happens, the bounds hold.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tollgate::limiter::{MAX_OVERTAKEN, MAX_WRITES};
use tollgate::meter::{
    Answer, ChargeId, DayCount, Knowledge, Limits, Proposal, Refutation, RemainingWrite, Write,
};
use tollgate::plan::BucketId;
use tollgate::quota::Day;

use super::events::{Event, Fate, OPERATORS, PROCESSES, TASKS, any_event};
use super::{DAY_NS, Rules, START_NS, any_rules, at};
use crate::engine::item::Item;

/// How often a store's client sends a write whose answer is lost.
const ATTEMPTS: u32 = 2;

#[derive(Default)]
struct Process {
    knowledge: Knowledge,
    offset_ns: i64,
}

/// A decision under way.
#[derive(Clone)]
struct Charge {
    id: ChargeId,
    cost: u64,
    archived: Option<Day>,
    writes: u32,
    overtaken: u32,
}

#[derive(Clone)]
struct Sent {
    write: Write,
    /// The true time at which the sender read its clock.
    asked_at: u64,
}

#[derive(Clone)]
enum Task {
    Free,
    Deciding(Charge),
    Waiting {
        charge: Charge,
        sent: Sent,
        attempts: u32,
    },
    Answered {
        charge: Charge,
        answer: Answer,
    },
}

/// What comes back.
enum Reply {
    Answer(Answer),
    Archived,
}

#[derive(Clone)]
enum Message {
    Write(Sent),
    Archive(DayCount),
    Remaining(Change),
}

/// What an operator is about to write.
#[derive(Clone)]
struct Change {
    write: RemainingWrite,
    remaining: u64,
    attempts: u32,
}

/// What was taken from the meter.
struct Taken {
    id: ChargeId,
    cost: u64,
    asked_at: u64,
    day: u32,
}

struct World {
    rules: Rules,
    limits: Limits,
    now: u64,
    offsets_ns: (i64, i64),
    processes: Vec<Process>,
    tasks: Vec<Task>,
    item: Item,
    archived: BTreeMap<u32, u64>,
    late: Vec<Message>,
    taken: Vec<Taken>,
    last_in_slot: BTreeMap<u8, ChargeId>,
    charges: u64,
    admitted: Vec<Charge>,
    operators: Vec<Option<Change>>,
    /// What may still be taken of each window: the limit at first, what an operator set, less what was taken since.
    left: BTreeMap<u32, u64>,
    set: BTreeSet<u64>,
}

impl World {
    fn new(rules: Rules) -> Self {
        Self {
            rules,
            limits: rules.limits(),
            now: START_NS,
            offsets_ns: (0, 0),
            processes: (0..PROCESSES).map(|_| Process::default()).collect(),
            tasks: vec![Task::Free; TASKS],
            item: Item::default(),
            archived: BTreeMap::new(),
            late: Vec::new(),
            taken: Vec::new(),
            last_in_slot: BTreeMap::new(),
            charges: 0,
            admitted: Vec::new(),
            operators: vec![None; OPERATORS],
            left: BTreeMap::new(),
            set: BTreeSet::new(),
        }
    }

    fn happen(&mut self, event: Event) {
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
                self.processes[process].knowledge = Knowledge::default();
                for (_, task) in self
                    .tasks
                    .iter_mut()
                    .enumerate()
                    .filter(|(task, _)| task % PROCESSES == process)
                {
                    *task = Task::Free;
                }
            }
            Event::Switch { off } => self.item.off = off,
            Event::Operate {
                operator,
                fate,
                remaining,
            } => self.operate(operator, fate, remaining),
        }
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
                Some(Reply::Archived) => panic!("a write is no archive"),
                None => Some(Change {
                    attempts: change.attempts + 1,
                    ..change
                })
                .filter(|change| change.attempts < ATTEMPTS),
            },
        };
    }

    fn step(&mut self, task: usize, fate: Fate, cost: u64, slot: u64) {
        let process = task % PROCESSES;
        let clock = at(self
            .now
            .checked_add_signed(self.processes[process].offset_ns)
            .unwrap());
        let next = match std::mem::replace(&mut self.tasks[task], Task::Free) {
            Task::Free => {
                self.charges += 1;
                // Few slots, so that charges take them from each other.
                let id = ChargeId::new(self.charges * 16 + slot);
                Task::Deciding(Charge {
                    id,
                    cost,
                    archived: None,
                    writes: 0,
                    overtaken: 0,
                })
            }
            Task::Deciding(mut charge) => {
                let knowledge = &self.processes[process].knowledge;
                match knowledge.propose(
                    charge.id,
                    charge.cost,
                    &self.limits,
                    charge.archived,
                    clock,
                ) {
                    Proposal::Refuse(_) => Task::Free,
                    Proposal::Archive(ended) => {
                        charge.archived = Some(ended.day);
                        let is_known = self.send(Message::Archive(ended), fate).is_some();
                        if is_known {
                            Task::Deciding(charge)
                        } else {
                            Task::Free
                        }
                    }
                    Proposal::Write(_)
                        if charge.writes >= MAX_WRITES + charge.overtaken.min(MAX_OVERTAKEN) =>
                    {
                        Task::Free
                    }
                    Proposal::Write(mut write) => {
                        charge.writes += 1;
                        write.date_ahead(&self.limits, charge.overtaken);
                        let sent = Sent {
                            write,
                            asked_at: self.now,
                        };
                        Task::Waiting {
                            charge,
                            sent,
                            attempts: 0,
                        }
                    }
                }
            }
            Task::Waiting {
                charge,
                sent,
                attempts,
            } => match self.send(Message::Write(sent.clone()), fate) {
                Some(Reply::Answer(answer)) => {
                    let overtaken = u32::from(sent.write.was_overtaken(&answer));
                    let charge = Charge {
                        overtaken: charge.overtaken + overtaken,
                        ..charge
                    };
                    Task::Answered { charge, answer }
                }
                Some(Reply::Archived) => panic!("a write is no archive"),
                None if attempts + 1 < ATTEMPTS => Task::Waiting {
                    charge,
                    sent,
                    attempts: attempts + 1,
                },
                None => Task::Free,
            },
            Task::Answered { charge, answer } => {
                self.processes[process].knowledge.learn(&answer, clock);
                match answer {
                    Answer::Applied(_) => self.admit(charge),
                    Answer::Failed(item) if item.holds(charge.id) => self.admit(charge),
                    Answer::Failed(item) if item.off => Task::Free,
                    Answer::Failed(_) => Task::Deciding(charge),
                }
            }
        };
        self.tasks[task] = next;
    }

    fn admit(&mut self, charge: Charge) -> Task {
        self.admitted.push(charge);
        Task::Free
    }

    /// The reply, when it comes back.
    fn send(&mut self, message: Message, fate: Fate) -> Option<Reply> {
        match fate {
            Fate::Delivered => Some(self.deliver(message)),
            Fate::RequestLost => None,
            Fate::AnswerLost => {
                self.deliver(message);
                None
            }
            Fate::Late => {
                self.late.push(message);
                None
            }
            Fate::Twice => {
                self.late.push(message.clone());
                Some(self.deliver(message))
            }
        }
    }

    fn deliver(&mut self, message: Message) -> Reply {
        match message {
            Message::Archive(DayCount { day, count }) => {
                self.archived.insert(day.number(), count);
                Reply::Archived
            }
            Message::Write(sent) => Reply::Answer(self.charge(&sent)),
            Message::Remaining(change) => Reply::Answer(self.set_remaining(&change)),
        }
    }

    fn set_remaining(&mut self, change: &Change) -> Answer {
        let before = self.item.clone();
        let answer = self.item.set_remaining(&change.write);
        if matches!(answer, Answer::Applied(_)) {
            assert!(self.item.win >= before.win, "win decreased");
            assert!(self.set.insert(change.write.id.number()), "set twice");
            self.left.insert(self.item.win.unwrap(), change.remaining);
        }
        answer
    }

    fn charge(&mut self, sent: &Sent) -> Answer {
        let Sent { write, asked_at } = sent;
        let before = self.item.clone();
        let answer = self.item.charge(write);
        if matches!(answer, Answer::Applied(_)) {
            assert!(!before.off, "a meter that is off was charged");
            assert!(self.item.tats >= before.tats, "tat decreased");
            assert!(self.item.win >= before.win, "win decreased");
            assert!(self.item.day >= before.day, "day decreased");
            let last = self.last_in_slot.insert(write.id.slot(), write.id);
            assert_ne!(
                last,
                Some(write.id),
                "charged twice while the slot still had its name"
            );
            if let Some(quota) = self.rules.quota {
                let window = self.item.win.unwrap();
                let left = self.left.entry(window).or_insert(quota.limit());
                let rest = left.checked_sub(write.cost);
                *left = rest.expect("more was taken of a window than was left of it");
            }
            self.taken.push(Taken {
                id: write.id,
                cost: write.cost,
                asked_at: *asked_at,
                day: self.item.day.unwrap(),
            });
        }
        answer
    }

    fn check(&self) {
        for charge in &self.admitted {
            let is_charged = self
                .taken
                .iter()
                .any(|taken| taken.id == charge.id && taken.cost == charge.cost);
            assert!(is_charged, "admitted and not charged");
        }
        self.check_bucket();
        let mut days = BTreeMap::new();
        for taken in &self.taken {
            *days.entry(taken.day).or_default() += taken.cost;
        }
        assert_eq!(
            self.item.days(&self.archived),
            days,
            "requests of days were lost or made up"
        );
    }

    /// In every window of true time, the burst and the rate, and once what clocks that differ by `d` give away: `d · rate`.
    fn check_bucket(&self) {
        let spread_ns = self.offsets_ns.1 - self.offsets_ns.0;
        let mut taken: Vec<_> = self
            .taken
            .iter()
            .map(|taken| (taken.asked_at, taken.cost))
            .collect();
        taken.sort_unstable();
        for (index, (first, _)) in taken.iter().enumerate() {
            let mut sum = 0;
            for (last, cost) in &taken[index..] {
                sum += cost;
                let window_ns = u128::from(last - first) + u128::try_from(spread_ns).unwrap();
                let refill = window_ns * u128::from(self.rules.per_second) / 1_000_000_000;
                let most = u128::from(self.rules.burst) + refill;
                assert!(
                    u128::from(sum) <= most,
                    "{sum} in {} ns, at most {most}",
                    last - first
                );
            }
        }
    }

    /// When all is quiet again and time has passed, every process is served.
    fn check_that_nothing_is_stuck(&mut self) {
        self.item.off = false;
        while let Some(message) = self.late.pop() {
            self.deliver(message);
        }
        for task in &mut self.tasks {
            *task = Task::Free;
        }
        for process in 0..PROCESSES {
            self.processes[process].offset_ns = 0;
            self.now += 70 * DAY_NS;
            let admitted = self.admitted.len();
            for _ in 0..10 {
                if self.admitted.len() == admitted {
                    self.step(process, Fate::Delivered, 1, 0);
                }
            }
            assert_eq!(
                self.admitted.len(),
                admitted + 1,
                "process {process} is stuck"
            );
        }
        assert!(self.item.tats.contains_key(&BucketId::Plan));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_interleaving_takes_more_than_the_plan_allows(
        rules in any_rules(),
        events in prop::collection::vec(any_event(), 1..400),
    ) {
        let mut world = World::new(rules);
        for event in events {
            world.happen(event);
        }
        world.check();
        if rules.burst > 0 && rules.quota.is_none_or(|quota| quota.limit() > 0) {
            world.check_that_nothing_is_stuck();
            world.check();
        }
    }
}
