//! Several processes at one meter, step by step: what each of them does next, what becomes of it, and what must never come of it.

mod accounts;
mod answers;
mod bound;
mod operator;
mod process;
mod quiet;
mod request;
mod settle;
mod store;
mod verdicts;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fastrand::Rng;
use tollgate::meter::{ChargeId, ShardId, ShardItem};
use tollgate::plan::BucketId;
use tollgate::time::Timestamp;

use crate::calendar::{DAY_NS, SECOND_NS};
use crate::event::{Event, Fate, OPERATORS, PROCESSES, TASKS};
use crate::item::Item;
use crate::lots::Weather;
use crate::rules::{LAST_DAY_OF_THE_MONTH, Rules};
use crate::tally::{Deed, Tally};
use crate::violation::{Invariant, Violation};
use accounts::Accounts;
use bound::Admission;
use operator::Change;
use process::Process;
use request::Task;
use store::Message;

/// How often a store's client sends a write whose answer is lost.
const ATTEMPTS: u32 = 2;

/// A process knows a plan that was changed within this time at the latest.
const PLAN_LIFE_NS: u64 = 30 * SECOND_NS;

/// How many steps a request makes at the most when it goes on to its end: a few charges, and no waiting.
const MAX_SERVE: u32 = 24;

/// How far a story goes ahead at once for what it waits for. A clock that is wrong can have put that days ahead.
const MAX_WAKE_NS: u64 = 600 * SECOND_NS;

/// How many messages may be late at once. More would never arrive.
const MAX_LATE: usize = 64;

/// How a world begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// Its first plan.
    pub rules: Rules,
    /// The true time.
    pub start_ns: u64,
    /// Whether its processes know that the key is hot.
    pub is_hot: bool,
}

impl Beginning {
    /// The beginning of a world: often soon before a day, a week or a month ends.
    pub fn draw(rng: &mut Rng, weather: Weather) -> Self {
        let month_ends = (u64::from(LAST_DAY_OF_THE_MONTH) + 1) * DAY_NS;
        let day = month_ends + rng.u64(0..40) * DAY_NS;
        let start_ns = match rng.u8(0..6) {
            0 | 1 => month_ends - rng.u64(0..SECOND_NS / 2),
            2 => month_ends - rng.u64(0..60 * SECOND_NS),
            3 => day - rng.u64(0..10 * SECOND_NS),
            _ => day - rng.u64(0..DAY_NS),
        };
        Self {
            rules: Rules::draw(rng, weather.kind),
            start_ns,
            is_hot: rng.u8(0..4) > 0,
        }
    }
}

/// A plan, and until when it held.
#[derive(Debug)]
struct Plan {
    rules: Rules,
    replaced_at: Option<u64>,
}

/// Processes, a store, and all that is known of what they did.
#[derive(Debug)]
pub struct World {
    now: u64,
    plans: Vec<Plan>,
    processes: Vec<Process>,
    tasks: Vec<Task>,
    operators: Vec<Option<Change>>,
    item: Item,
    shards: BTreeMap<ShardId, Shard>,
    archived: BTreeMap<u32, u64>,
    late: VecDeque<Message>,
    last_in_slot: BTreeMap<u8, ChargeId>,
    set: BTreeSet<u64>,
    charges: u64,
    accounts: Accounts,
    admissions: Vec<Admission>,
    /// How far the clocks that were read are from the true time: the least and the most.
    offsets_ns: (i64, i64),
    /// The latest instant that any clock has shown.
    latest_clock_ns: u64,
    wakes_at: Option<u64>,
    /// How long the last step wants to wait.
    pause_ns: u64,
    step: usize,
    /// What happened.
    pub tally: Tally,
    trace: Option<Vec<String>>,
}

/// A shard, and the charge that filled it.
#[derive(Debug, Default)]
struct Shard {
    item: ShardItem,
    source: Option<ChargeId>,
}

fn at(nanos: u64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(beginning: &Beginning) -> Self {
        let Beginning {
            rules,
            start_ns,
            is_hot,
        } = *beginning;
        let processes = (0..PROCESSES).map(|_| Process::new(&rules, is_hot, 0, 0));
        Self {
            now: start_ns,
            plans: vec![Plan {
                rules,
                replaced_at: None,
            }],
            processes: processes.collect(),
            tasks: (0..TASKS).map(|_| Task::Free).collect(),
            operators: vec![None; OPERATORS],
            item: Item::default(),
            shards: BTreeMap::new(),
            archived: BTreeMap::new(),
            late: VecDeque::new(),
            last_in_slot: BTreeMap::new(),
            set: BTreeSet::new(),
            charges: 0,
            accounts: Accounts::default(),
            admissions: Vec::new(),
            offsets_ns: (0, 0),
            latest_clock_ns: start_ns,
            wakes_at: None,
            pause_ns: 0,
            step: 0,
            tally: Tally::default(),
            trace: None,
        }
    }

    /// Keeps from now on what is told of each event.
    pub fn keep_trace(&mut self) {
        self.trace = Some(Vec::new());
    }

    /// What was told since it was asked for the last time.
    pub fn take_trace(&mut self) -> Vec<String> {
        self.trace.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(line());
        }
    }

    /// One event.
    ///
    /// # Errors
    ///
    /// When it breaks a promise.
    pub fn happen(&mut self, event: Event) -> Result<(), Violation> {
        self.step += 1;
        self.tally.steps += 1;
        let result = self.carry_out(event);
        self.at_step(result)
    }

    fn at_step(&self, result: Result<(), Violation>) -> Result<(), Violation> {
        result.map_err(|violation| Violation {
            step: self.step,
            ..violation
        })
    }

    fn carry_out(&mut self, event: Event) -> Result<(), Violation> {
        match event {
            Event::Step {
                task,
                fate,
                cost,
                slot,
                dice,
            } => self.go_on(task, fate, cost, (slot, dice))?,
            Event::Serve { task, cost, dice } => {
                for step in 0..MAX_SERVE {
                    self.go_on(task, Fate::Delivered, cost, (0, dice.wrapping_add(step)))?;
                    if self.is_free(task) {
                        break;
                    }
                }
            }
            Event::Arrive { which } => {
                if !self.late.is_empty()
                    && let Some(message) = self.late.swap_remove_back(which % self.late.len())
                {
                    self.tally.add(Deed::ArrivedLate);
                    self.deliver(message)?;
                }
            }
            Event::Pass { nanos } => self.now += nanos,
            Event::Wake { is_early } => {
                if let Some(until) = self.wakes_at.take() {
                    self.now = self.now.max(until - u64::from(is_early));
                }
            }
            Event::Fill { part } => {
                let rules = self.rules(self.plans.len() - 1);
                let tat = self.item.tats.get(&BucketId::Plan).copied();
                if let (Some(tat), Some(pace)) = (tat, rules.pace) {
                    let full_at = tat + pace.refill_ns() / 25_600 * u64::from(part);
                    if full_at.saturating_sub(self.now) < MAX_WAKE_NS {
                        self.now = self.now.max(full_at);
                    }
                }
            }
            Event::SetClock { process, offset_ns } => {
                if let Some(process) = self.processes.get_mut(process) {
                    process.offset_ns = offset_ns;
                    self.tally.add(Deed::ClockSet);
                }
            }
            Event::Kill { process, is_hot } => self.kill(process, is_hot),
            Event::Freeze { process } => self.freeze(process, true),
            Event::Thaw { process } => self.freeze(process, false),
            Event::HandBack { process, fate } => self.hand_back(process, fate)?,
            Event::Settle {
                process,
                fate,
                more,
                slot,
            } => self.settle(process, fate, more, slot)?,
            Event::Drop { task } => self.give_up(task),
            Event::Switch { is_off, fate } => {
                self.tally.add(Deed::SwitchSent);
                self.send(Message::Switch(is_off), fate)?;
            }
            Event::Operate {
                operator,
                fate,
                remaining,
            } => self.operate(operator, fate, remaining)?,
            Event::Change { rules } => {
                if let Some(last) = self.plans.last_mut() {
                    last.replaced_at = Some(self.now);
                }
                self.plans.push(Plan {
                    rules,
                    replaced_at: None,
                });
                self.tally.add(Deed::PlanChanged);
            }
            Event::Load { process } => self.load(process),
        }
        Ok(())
    }

    fn kill(&mut self, index: usize, is_hot: bool) {
        let last = self.plans.len() - 1;
        let rules = self.rules(last);
        for task in Self::tasks_of(index) {
            if let Some(task) = self.tasks.get_mut(task) {
                *task = Task::Free;
            }
        }
        let clock = self.clock(index);
        if let Some(process) = self.processes.get_mut(index) {
            if process.has_lease(clock) {
                self.tally.add(Deed::KilledWithLease);
            }
            *process = Process::new(&rules, is_hot, last, process.offset_ns);
            self.tally.add(Deed::Killed);
        }
    }

    fn freeze(&mut self, index: usize, is_frozen: bool) {
        if let Some(process) = self.processes.get_mut(index)
            && process.is_frozen != is_frozen
        {
            process.is_frozen = is_frozen;
            self.tally.add(if is_frozen {
                Deed::Frozen
            } else {
                Deed::Thawed
            });
        }
    }

    fn load(&mut self, index: usize) {
        let last = self.plans.len() - 1;
        if let Some(process) = self.processes.get_mut(index)
            && process.plan != last
        {
            process.plan = last;
            self.tally.add(Deed::PlanLoaded);
        }
    }

    fn is_free(&self, task: usize) -> bool {
        let task = self.tasks.get(task);
        task.is_none_or(|task| matches!(task, Task::Free))
    }

    fn rules(&self, plan: usize) -> Rules {
        let plan = self.plans.get(plan).or(self.plans.first());
        plan.map_or_else(Rules::nothing, |plan| plan.rules)
    }

    fn tasks_of(process: usize) -> impl Iterator<Item = usize> {
        (0..TASKS).filter(move |task| task % PROCESSES == process)
    }

    /// What the clock of a process shows.
    fn clock(&self, process: usize) -> u64 {
        let offset_ns = self
            .processes
            .get(process)
            .map_or(0, |process| process.offset_ns);
        self.now.saturating_add_signed(offset_ns)
    }

    /// Reads the clock of a process.
    fn read_clock(&mut self, process: usize) -> Timestamp {
        let clock = self.clock(process);
        let offset_ns = clock.cast_signed() - self.now.cast_signed();
        self.offsets_ns.0 = self.offsets_ns.0.min(offset_ns);
        self.offsets_ns.1 = self.offsets_ns.1.max(offset_ns);
        self.latest_clock_ns = self.latest_clock_ns.max(clock);
        at(clock)
    }

    /// How far clocks have been apart.
    fn spread_ns(&self) -> u64 {
        self.offsets_ns.1.abs_diff(self.offsets_ns.0)
    }

    fn next_id(&mut self, slot: u8, dice: u32) -> ChargeId {
        self.charges += 1;
        ChargeId::new((u64::from(dice) << 32) | (self.charges << 4) | u64::from(slot % 16))
    }

    /// What has to hold of the whole story.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn check(&mut self) -> Result<(), Violation> {
        let result = self
            .check_days()
            .and_then(|()| self.accounts.check_further(&self.item.further))
            .and_then(|()| self.check_buckets());
        self.at_step(result)
    }

    fn check_days(&self) -> Result<(), Violation> {
        let seen: BTreeMap<u32, i128> = self
            .item
            .days(&self.archived)
            .into_iter()
            .map(|(day, count)| (day, i128::from(count)))
            .collect();
        let charged = self.accounts.days();
        Violation::unless(seen == charged, Invariant::Days, || {
            format!("the store has {seen:?} of the days, and {charged:?} were charged")
        })
    }
}
