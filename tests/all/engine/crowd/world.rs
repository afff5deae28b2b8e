//! The world of a crowd: its clock, the messages under way, and the store.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use tokio::sync::oneshot;
use tollgate::bucket::{Bucket, Rate, Throttle};
use tollgate::charge::{Asked, Flight, Meter, Next, Outcome, Turn, Wish};
use tollgate::lease::Leases;
use tollgate::meter::{Answer, ChargeId, Limits, Write};
use tollgate::plan::BucketId;
use tollgate::quota::{Period, Quota};
use tollgate::time::Timestamp;

use chaos::item::Item;

pub(super) const MICROSECOND_NS: u64 = 1_000;
pub(super) const MILLISECOND_NS: u64 = 1_000_000;
pub(super) const SECOND_NS: u64 = 1_000_000_000;

/// Noon of a day: no window ends.
pub(super) const START_NS: u64 = 1_772_366_400 * SECOND_NS;

/// What a crowd does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) rate: f64,
    pub(super) burst: u64,
    pub(super) quota: Option<u64>,
    pub(super) leases: u64,
    pub(super) processes: usize,
    pub(super) callers_each: usize,
    /// The pause of a caller after an answer, in nanoseconds.
    pub(super) pause_ns: u64,
    /// If given, a check begins each time that so many nanoseconds have passed, in turn by all processes, whether or not earlier ones are
    /// answered; and not after each answer.
    pub(super) paced_ns: Option<u64>,
    /// How long a message to the store or back takes at the least, and half of it more at the most, in nanoseconds.
    pub(super) way_ns: u64,
    /// So many messages of a thousand take 5 ms more.
    pub(super) stalled_of_1000: u64,
    /// Every other clock is so many nanoseconds ahead.
    pub(super) ahead_ns: u64,
    pub(super) lasts_ns: u64,
    pub(super) seed: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) checks: u64,
    pub(super) admitted: u64,
    pub(super) writes: u64,
    pub(super) failed: u64,
    pub(super) refused: u64,
    pub(super) instants: Vec<u64>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} checks, {} admitted, {} writes, {} of them failed: {:.4} a check, {:.3} an admission",
            self.checks,
            self.admitted,
            self.writes,
            self.failed,
            self.writes_a_check(),
            self.writes_an_admission()
        )
    }
}

impl Seen {
    pub(super) fn writes_a_check(&self) -> f64 {
        ratio(self.writes, self.checks)
    }

    pub(super) fn writes_an_admission(&self) -> f64 {
        ratio(self.writes, self.admitted)
    }

    /// The most that were admitted in a window of true time above what the burst and the rate allow in it.
    pub(super) fn over(&self, scene: &Scene) -> f64 {
        let mut instants = self.instants.clone();
        instants.sort_unstable();
        // Of a window that ends with the n-th admission: n less what the rate allowed by then. Its least value so far began it.
        let mut least = f64::INFINITY;
        let mut most = f64::NEG_INFINITY;
        for (index, instant) in instants.iter().enumerate() {
            let allowed = seconds(instant - START_NS) * scene.rate;
            let before = index as f64 - allowed;
            least = least.min(before);
            most = most.max(before + 1.0 - least);
        }
        most - scene.burst as f64
    }
}

pub(super) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / SECOND_NS as f64
}

pub(super) fn ratio(one: u64, of: u64) -> f64 {
    one as f64 / of as f64
}

#[allow(
    clippy::large_enum_variant,
    reason = "few of them stand in the queue at a time, and boxes would slow the simulation down"
)]
enum Event {
    Ask {
        caller: usize,
    },
    /// Those that are ready have asked by now.
    Lead {
        caller: usize,
        flight: Flight,
    },
    Arrive {
        caller: usize,
        flight: Flight,
        write: Write,
        asked_at: u64,
    },
    Answer {
        caller: usize,
        flight: Flight,
        write: Write,
        answer: Answer,
        asked_at: u64,
    },
}

pub(super) struct Crowd {
    scene: Scene,
    wish: Wish,
    meters: Vec<Arc<Meter>>,
    item: Item,
    now: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    scheduled: u64,
    random: u64,
    waiting: Vec<(usize, oneshot::Receiver<Turn>)>,
    seen: Seen,
}

impl Crowd {
    pub(super) fn new(scene: Scene) -> Self {
        let throttle = Throttle {
            rate: Rate::per_second(scene.rate).unwrap(),
            burst: scene.burst,
        };
        let quota = scene
            .quota
            .map(|limit| Quota::new(limit, Period::Day, 0).unwrap());
        Self {
            scene,
            wish: Wish {
                cost: 1,
                limits: Limits {
                    bucket: Some((BucketId::Plan, Bucket::new(throttle))),
                    quota,
                    ..Limits::default()
                },
                leases: NonZeroU64::new(scene.leases).map_or(Leases::Off, Leases::AtMost),
                shards: None,
                generation: 0,
            },
            meters: (0..scene.processes).map(|_| Arc::default()).collect(),
            item: Item::default(),
            now: START_NS,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            scheduled: 0,
            random: scene.seed,
            waiting: Vec::new(),
            seen: Seen::default(),
        }
    }

    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.random;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    fn way_ns(&mut self) -> u64 {
        let is_stalled =
            self.scene.stalled_of_1000 > 0 && self.random() % 1_000 < self.scene.stalled_of_1000;
        let stall_ns = if is_stalled { 5 * MILLISECOND_NS } else { 0 };
        self.scene.way_ns + self.random() % (self.scene.way_ns / 2) + stall_ns
    }

    fn schedule(&mut self, in_ns: u64, event: Event) {
        self.scheduled += 1;
        self.queue.push(Reverse((self.now + in_ns, self.scheduled)));
        self.events.insert(self.scheduled, event);
    }

    fn clock(&self, caller: usize) -> Timestamp {
        let process = caller % self.scene.processes;
        let is_ahead = process % 2 == 1;
        Timestamp::from_nanos(self.now + if is_ahead { self.scene.ahead_ns } else { 0 })
    }

    pub(super) fn run(mut self) -> Seen {
        if let Some(paced_ns) = self.scene.paced_ns {
            for number in 0..self.scene.lasts_ns / paced_ns {
                let caller = usize::try_from(number).unwrap();
                self.schedule(number * paced_ns, Event::Ask { caller });
            }
        } else {
            for caller in 0..self.scene.processes * self.scene.callers_each {
                let in_ns = self.random() % MILLISECOND_NS;
                self.schedule(in_ns, Event::Ask { caller });
            }
        }
        while let Some(Reverse((at, number))) = self.queue.pop() {
            if at > START_NS + self.scene.lasts_ns {
                break;
            }
            self.now = at;
            let event = self.events.remove(&number).unwrap();
            self.happen(event);
        }
        self.seen
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ask { caller } => {
                self.seen.checks += 1;
                let clock = self.clock(caller);
                let meter = &self.meters[caller % self.scene.processes];
                match meter.ask(&self.wish, clock, || Ok(())) {
                    Asked::Done(outcome) => self.end(caller, &outcome, self.now),
                    Asked::Lead(flight) => self.lead(caller, flight),
                    Asked::Wait(told) => self.waiting.push((caller, told)),
                }
            }
            Event::Lead { caller, flight } => self.go_on(caller, flight, self.now),
            Event::Arrive {
                caller,
                flight,
                write,
                asked_at,
            } => {
                let answer = self.item.charge(&write);
                self.seen.writes += 1;
                self.seen.failed += u64::from(matches!(answer, Answer::Failed(_)));
                let in_ns = self.way_ns();
                self.schedule(
                    in_ns,
                    Event::Answer {
                        caller,
                        flight,
                        write,
                        answer,
                        asked_at,
                    },
                );
            }
            Event::Answer {
                caller,
                mut flight,
                write,
                answer,
                asked_at,
            } => {
                flight.learn(&write, &answer, self.clock(caller));
                self.go_on(caller, flight, asked_at);
                self.hear(asked_at);
            }
        }
    }

    /// As [`Limiter`](tollgate::limiter::Limiter) does: whoever is about to ask goes first.
    fn lead(&mut self, caller: usize, flight: Flight) {
        let in_ns = self.scene.pause_ns + MICROSECOND_NS;
        self.schedule(in_ns, Event::Lead { caller, flight });
    }

    fn go_on(&mut self, caller: usize, mut flight: Flight, asked_at: u64) {
        let id = ChargeId::new(self.random());
        match flight.next(id, self.clock(caller)) {
            Next::Done(outcome) => self.end(caller, &outcome, asked_at),
            Next::Archive(_) => panic!("no day ends"),
            Next::Shard(..) | Next::Pause(_) => panic!("the plan has no shards"),
            Next::Write(write) => {
                let in_ns = self.way_ns();
                let asked_at = self.now;
                self.schedule(
                    in_ns,
                    Event::Arrive {
                        caller,
                        flight,
                        write,
                        asked_at,
                    },
                );
            }
        }
    }

    fn hear(&mut self, asked_at: u64) {
        for (caller, mut told) in std::mem::take(&mut self.waiting) {
            match told.try_recv() {
                Ok(Turn::Done(outcome)) => self.end(caller, &outcome, asked_at),
                Ok(Turn::Lead(flight)) => self.lead(caller, flight),
                Ok(Turn::Failed(_)) => panic!("the store always answers"),
                Err(_) => self.waiting.push((caller, told)),
            }
        }
    }

    fn end(&mut self, caller: usize, outcome: &Outcome, asked_at: u64) {
        let pause_ns = match outcome {
            Outcome::Admitted(_) => {
                self.seen.admitted += 1;
                self.seen.instants.push(asked_at);
                self.scene.pause_ns
            }
            Outcome::Refused(..) => {
                self.seen.refused += 1;
                self.scene.pause_ns.max(MILLISECOND_NS)
            }
            Outcome::GateClosed(..) | Outcome::SwitchedOff => panic!("there is neither"),
        };
        if self.scene.paced_ns.is_none() {
            self.schedule(pause_ns, Event::Ask { caller });
        }
    }
}
