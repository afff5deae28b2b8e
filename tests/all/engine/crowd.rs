//! Many processes that charge one meter, in virtual time: what it costs them, and what they get.
//!
//! Messages to the store and back take a random time, so that they overtake each other.

#![expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]

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

const MICROSECOND_NS: u64 = 1_000;
const MILLISECOND_NS: u64 = 1_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// Noon of a day: no window ends.
const START_NS: u64 = 1_772_366_400 * SECOND_NS;

/// What a crowd does.
#[derive(Clone, Copy, Debug)]
struct Scene {
    rate: f64,
    burst: u64,
    quota: Option<u64>,
    leases: u64,
    processes: usize,
    callers_each: usize,
    /// The pause of a caller after an answer, in nanoseconds.
    pause_ns: u64,
    /// If given, a check begins each time that so many nanoseconds have passed, in turn by all processes, whether or not earlier ones are
    /// answered; and not after each answer.
    paced_ns: Option<u64>,
    /// How long a message to the store or back takes at the least, and half of it more at the most, in nanoseconds.
    way_ns: u64,
    /// So many messages of a thousand take 5 ms more.
    stalled_of_1000: u64,
    /// Every other clock is so many nanoseconds ahead.
    ahead_ns: u64,
    lasts_ns: u64,
    seed: u64,
}

const HOT: Scene = Scene {
    rate: 100_000.0,
    burst: 100_000,
    quota: None,
    leases: 0,
    processes: 16,
    callers_each: 1,
    pause_ns: 5 * MICROSECOND_NS,
    paced_ns: None,
    way_ns: 2 * MILLISECOND_NS,
    stalled_of_1000: 0,
    ahead_ns: 0,
    lasts_ns: 2 * SECOND_NS,
    seed: 1,
};

const SATURATED: Scene = Scene {
    rate: 100.0,
    burst: 100,
    lasts_ns: 6 * SECOND_NS,
    ..HOT
};

/// What came of it.
#[derive(Debug, Default)]
struct Seen {
    checks: u64,
    admitted: u64,
    writes: u64,
    failed: u64,
    refused: u64,
    instants: Vec<u64>,
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
    fn writes_a_check(&self) -> f64 {
        ratio(self.writes, self.checks)
    }

    fn writes_an_admission(&self) -> f64 {
        ratio(self.writes, self.admitted)
    }

    /// The most that were admitted in a window of true time above what the burst and the rate allow in it.
    fn over(&self, scene: &Scene) -> f64 {
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

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / SECOND_NS as f64
}

fn ratio(one: u64, of: u64) -> f64 {
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

struct Crowd {
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
    fn new(scene: Scene) -> Self {
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

    fn run(mut self) -> Seen {
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

/// The requests that the plan allows from the start to the end.
fn bound(scene: &Scene) -> f64 {
    scene.burst as f64 + seconds(scene.lasts_ns) * scene.rate
}

fn run(scene: Scene) -> Seen {
    let seen = Crowd::new(scene).run();
    let name = format!("{scene:?}: {seen}");
    assert!(
        seen.over(&scene) < 1.0 + seconds(scene.ahead_ns) * scene.rate,
        "{name}"
    );
    seen
}

#[test]
fn sixteen_processes_far_below_the_rate_pay_little_more_than_a_write_for_each_request() {
    for (rate, burst) in [(100_000.0, 100_000), (10_000.0, 5_000), (3_000.0, 3_000)] {
        let seen = run(Scene { rate, burst, ..HOT });
        assert!(seen.writes_a_check() < 1.02, "{rate}, {burst}: {seen}");
        assert_eq!(seen.refused, 0, "{rate}, {burst}: {seen}");
    }
}

#[test]
fn a_check_now_and_then_costs_little_more_than_a_write_and_half_of_one_with_leases() {
    for (stalled_of_1000, most) in [(0, 1.02), (5, 1.02), (50, 1.3)] {
        let scene = Scene {
            rate: 1_000_000.0,
            burst: 1_000_000,
            paced_ns: Some(2 * MILLISECOND_NS),
            stalled_of_1000,
            lasts_ns: 10 * SECOND_NS,
            ..HOT
        };
        let seen = run(scene);
        assert!(seen.writes_a_check() < most, "{scene:?}: {seen}");
        assert_eq!(seen.refused, 0, "{scene:?}: {seen}");
        for leases in [10, 100] {
            let scene = Scene { leases, ..scene };
            let seen = run(scene);
            assert!(seen.writes_a_check() < 0.55, "{scene:?}: {seen}");
            assert_eq!(seen.refused, 0, "{scene:?}: {seen}");
        }
    }
}

#[test]
fn charges_that_spoil_each_other_give_more_of_a_small_bucket_that_refills_at_once() {
    let scene = Scene {
        rate: 10_000.0,
        burst: 100,
        paced_ns: Some(2 * MILLISECOND_NS),
        way_ns: 25 * MILLISECOND_NS,
        ..HOT
    };
    let seen = run(scene);
    assert_eq!(seen.refused, 0, "{seen}");
}

#[test]
fn leases_of_ten_and_of_a_hundred_divide_the_writes_by_as_much() {
    let scene = Scene {
        rate: 1_000_000.0,
        burst: 1_000_000,
        ..HOT
    };
    let seen = run(Scene {
        leases: 10,
        ..scene
    });
    assert!(seen.writes_a_check() < 0.12, "{seen}");
    let seen = run(Scene {
        leases: 100,
        ..scene
    });
    assert!(seen.writes_a_check() < 0.012, "{seen}");
}

#[test]
fn sixteen_callers_of_one_process_share_their_charges() {
    let seen = run(Scene {
        processes: 1,
        callers_each: 16,
        ..HOT
    });
    assert!(seen.writes_a_check() < 0.1, "{seen}");
}

#[test]
fn a_saturated_plan_is_used_up_and_the_processes_do_not_herd() {
    for (processes, way_ms, leases, least, most) in [
        (16, 2, 0, 0.997, 2.0),
        (16, 2, 100, 0.997, 2.0),
        (64, 2, 0, 0.997, 3.0),
        (64, 2, 100, 0.997, 3.0),
        // A store that is busy itself: while the burst lasts, charges spoil each other's forms, which costs a part of it.
        (16, 25, 100, 0.95, 2.0),
        (64, 25, 0, 0.94, 3.0),
        (64, 25, 100, 0.94, 3.0),
    ] {
        let scene = Scene {
            leases,
            processes,
            way_ns: way_ms * MILLISECOND_NS,
            ..SATURATED
        };
        let seen = run(scene);
        let share = seen.admitted as f64 / bound(&scene);
        assert!(share >= least, "{processes}, {way_ms} ms: {seen}");
        assert!(
            seen.writes_an_admission() <= most,
            "{processes}, {way_ms} ms: {seen}"
        );
    }
}

#[test]
fn a_quota_is_used_up_exactly_with_leases() {
    for leases in [0, 10, 100] {
        let seen = run(Scene {
            leases,
            rate: 10_000.0,
            burst: 10_000,
            quota: Some(500),
            ..HOT
        });
        assert_eq!(seen.admitted, 500, "{leases}: {seen}");
    }
}

#[test]
fn clocks_that_differ_by_200_ms_give_away_that_much_of_the_rate_at_the_most() {
    for leases in [0, 100] {
        run(Scene {
            leases,
            ahead_ns: 200 * MILLISECOND_NS,
            lasts_ns: 10 * SECOND_NS,
            ..SATURATED
        });
    }
}
