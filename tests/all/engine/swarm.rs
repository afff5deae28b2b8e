//! One key in a thousand processes, in virtual time: what shards of its meter make of the writes.
//!
//! Requests come at random, whatever became of those before.

#![expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;
use tollgate::bucket::{Bucket, Rate, Throttle};
use tollgate::charge::{Asked, Flight, Meter, Next, Outcome, Turn, Wish};
use tollgate::lease::Leases;
use tollgate::meter::{
    Answer, ChargeId, Limits, ShardAnswer, ShardId, ShardItem, ShardWrite, Write,
};
use tollgate::plan::BucketId;
use tollgate::time::Timestamp;

use chaos::item::{Item, write_shard};

const MICROSECOND_NS: u64 = 1_000;
const MILLISECOND_NS: u64 = 1_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// Noon of a day: no window ends.
const START_NS: u64 = 1_772_366_400 * SECOND_NS;

const PROCESSES: usize = 1_000;

#[derive(Clone, Copy, Debug)]
struct Scene {
    /// The requests that come to each process, a second.
    offered_each: f64,
    rate: u32,
    burst: u64,
    /// 0: none.
    shards: u8,
    /// The way to the store takes so long, and up to half as long more; and so does the way back.
    way_ns: u64,
    /// Until then the processes find their pace, and use up the burst where there is too little.
    settles_ns: u64,
    lasts_ns: u64,
}

/// What came of it.
#[derive(Debug, Default)]
struct Seen {
    /// From the start.
    instants: Vec<u64>,
    /// The rest is what came when the processes had settled.
    offered: u64,
    admitted: u64,
    to_meter: u64,
    to_shards: BTreeMap<ShardId, u64>,
    waits_ns: Vec<u64>,
}

impl Seen {
    /// The most that were admitted in a window of true time above what the burst and the rate allow in it.
    fn over(&self, scene: &Scene) -> f64 {
        let mut instants = self.instants.clone();
        instants.sort_unstable();
        let mut least = f64::INFINITY;
        let mut most = f64::NEG_INFINITY;
        for (index, instant) in instants.iter().enumerate() {
            let before = index as f64 - seconds(instant - START_NS) * f64::from(scene.rate);
            least = least.min(before);
            most = most.max(before + 1.0 - least);
        }
        most - scene.burst as f64
    }
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / SECOND_NS as f64
}

enum Message {
    Charge(Write),
    Shard(ShardId, ShardWrite),
}

enum Reply {
    Charge(Write, Answer),
    Shard(ShardWrite, ShardAnswer),
}

struct Leading {
    process: usize,
    flight: Flight,
    came_at: u64,
}

#[allow(
    clippy::large_enum_variant,
    reason = "few of them stand in the queue at a time, and boxes would slow the simulation down"
)]
enum Event {
    Ask(usize),
    Lead(Leading),
    Arrive(Leading, Message),
    Answer(Leading, Reply),
}

struct Swarm {
    scene: Scene,
    wish: Wish,
    meters: Vec<Arc<Meter>>,
    item: Item,
    shards: BTreeMap<ShardId, ShardItem>,
    now: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    scheduled: u64,
    random: u64,
    waiting: Vec<Vec<(u64, oneshot::Receiver<Turn>)>>,
    seen: Seen,
}

impl Swarm {
    fn new(scene: Scene) -> Self {
        let throttle = Throttle {
            rate: Rate::from(scene.rate),
            burst: scene.burst,
        };
        Self {
            scene,
            wish: Wish {
                cost: 1,
                limits: Limits {
                    bucket: Some((BucketId::Plan, Bucket::new(throttle))),
                    quota: None,
                    ..Limits::default()
                },
                leases: Leases::default(),
                shards: scene.shards.to_string().parse().ok(),
                generation: 0,
            },
            meters: (0..PROCESSES).map(|_| Arc::default()).collect(),
            item: Item::default(),
            shards: BTreeMap::new(),
            now: START_NS,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            scheduled: 0,
            random: 1,
            waiting: (0..PROCESSES).map(|_| Vec::new()).collect(),
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

    fn schedule(&mut self, in_ns: u64, event: Event) {
        self.scheduled += 1;
        self.queue.push(Reverse((self.now + in_ns, self.scheduled)));
        self.events.insert(self.scheduled, event);
    }

    fn way_ns(&mut self) -> u64 {
        self.scene.way_ns + self.random() % (self.scene.way_ns / 2)
    }

    /// The time to the next request of a Poisson process.
    fn gap_ns(&mut self) -> u64 {
        let uniform = (self.random() >> 11) as f64 / (1_u64 << 53) as f64;
        let gap = -(1.0 - uniform).ln() / self.scene.offered_each;
        std::time::Duration::from_secs_f64(gap)
            .as_nanos()
            .try_into()
            .unwrap()
    }

    fn run(mut self) -> Seen {
        for process in 0..PROCESSES {
            let in_ns = self.gap_ns();
            self.schedule(in_ns, Event::Ask(process));
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

    fn has_settled(&self) -> bool {
        self.now >= START_NS + self.scene.settles_ns
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ask(process) => {
                let in_ns = self.gap_ns();
                self.schedule(in_ns, Event::Ask(process));
                let clock = Timestamp::from_nanos(self.now);
                let came_at = self.now;
                match self.meters[process].ask(&self.wish, clock, || Ok(())) {
                    Asked::Done(outcome) => self.end(&outcome, came_at),
                    Asked::Lead(flight) => self.lead(process, flight, came_at),
                    Asked::Wait(told) => self.waiting[process].push((came_at, told)),
                }
            }
            Event::Lead(leading) => self.go_on(leading),
            Event::Arrive(leading, message) => {
                let settled = u64::from(self.has_settled());
                let reply = match message {
                    Message::Charge(write) => {
                        self.seen.to_meter += settled;
                        let answer = self.item.charge(&write);
                        Reply::Charge(write, answer)
                    }
                    Message::Shard(shard, write) => {
                        *self.seen.to_shards.entry(shard).or_default() += settled;
                        let answer = write_shard(self.shards.entry(shard).or_default(), &write);
                        Reply::Shard(write, answer)
                    }
                };
                let in_ns = self.way_ns();
                self.schedule(in_ns, Event::Answer(leading, reply));
            }
            Event::Answer(mut leading, reply) => {
                let clock = Timestamp::from_nanos(self.now);
                match reply {
                    Reply::Charge(write, answer) => leading.flight.learn(&write, &answer, clock),
                    Reply::Shard(write, answer) => {
                        leading.flight.learn_of_shard(&write, &answer, clock);
                    }
                }
                let process = leading.process;
                self.go_on(leading);
                self.hear(process);
            }
        }
    }

    fn lead(&mut self, process: usize, flight: Flight, came_at: u64) {
        let leading = Leading {
            process,
            flight,
            came_at,
        };
        self.schedule(MICROSECOND_NS, Event::Lead(leading));
    }

    fn go_on(&mut self, mut leading: Leading) {
        let id = ChargeId::new(self.random());
        let message = match leading.flight.next(id, Timestamp::from_nanos(self.now)) {
            Next::Done(outcome) => {
                self.end(&outcome, leading.came_at);
                self.hear(leading.process);
                return;
            }
            Next::Pause(pause) => {
                let pause_ns = pause.as_nanos().try_into().unwrap();
                return self.schedule(pause_ns, Event::Lead(leading));
            }
            Next::Archive(_) => panic!("no day ends"),
            Next::Write(write) => Message::Charge(write),
            Next::Shard(shard, write) => Message::Shard(shard, write),
        };
        let in_ns = self.way_ns();
        self.schedule(in_ns, Event::Arrive(leading, message));
    }

    fn hear(&mut self, process: usize) {
        for (came_at, mut told) in std::mem::take(&mut self.waiting[process]) {
            match told.try_recv() {
                Ok(Turn::Done(outcome)) => self.end(&outcome, came_at),
                Ok(Turn::Lead(flight)) => self.lead(process, flight, came_at),
                Ok(Turn::Failed(_)) => panic!("the store always answers"),
                Err(_) => self.waiting[process].push((came_at, told)),
            }
        }
    }

    fn end(&mut self, outcome: &Outcome, came_at: u64) {
        let settled = self.has_settled();
        self.seen.offered += u64::from(settled);
        match outcome {
            Outcome::Admitted(_) => {
                self.seen.instants.push(self.now);
                self.seen.admitted += u64::from(settled);
                if settled {
                    self.seen.waits_ns.push(self.now - came_at);
                }
            }
            Outcome::Refused(..) => {}
            Outcome::GateClosed(..) | Outcome::SwitchedOff => panic!("there is neither"),
        }
    }
}

impl fmt::Display for Swarmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scene, seen } = self;
        write!(
            f,
            "| {:>7} | {:>7} | {:>4} | {:>7.0} | {:>5.0} | {:>5.3} | {:>5.3} | {:>5.1} % | {:>5.1} % | {:>5.1} ms | {:>4.0} |",
            scene.rate,
            scene.burst,
            scene.shards,
            self.to_meter(),
            self.to_busiest(),
            self.writes_a_request(),
            // A million writes are 0.625 USD.
            self.writes_a_request() * 0.625,
            seen.admitted as f64 / seen.offered as f64 * 100.0,
            self.of_allowed() * 100.0,
            self.wait_p99_ms(),
            seen.over(scene).max(0.0),
        )
    }
}

/// What came of a scene.
struct Swarmed {
    scene: Scene,
    seen: Seen,
}

impl Swarmed {
    fn lasts(&self) -> f64 {
        seconds(self.scene.lasts_ns - self.scene.settles_ns)
    }

    /// Writes a second.
    fn to_meter(&self) -> f64 {
        self.seen.to_meter as f64 / self.lasts()
    }

    /// Writes a second to the busiest shard.
    fn to_busiest(&self) -> f64 {
        let busiest = self.seen.to_shards.values().copied().max();
        busiest.unwrap_or(0) as f64 / self.lasts()
    }

    fn writes_a_request(&self) -> f64 {
        let writes = self.seen.to_meter + self.seen.to_shards.values().sum::<u64>();
        writes as f64 / self.seen.offered as f64
    }

    /// The part that was admitted of what was offered, or of what the rate allows where that is less.
    fn of_allowed(&self) -> f64 {
        let allowed = f64::from(self.scene.rate) * self.lasts();
        self.seen.admitted as f64 / allowed.min(self.seen.offered as f64)
    }

    /// How long a request that is admitted waits, at the 99th percentile.
    fn wait_p99_ms(&self) -> f64 {
        let mut waits_ns = self.seen.waits_ns.clone();
        waits_ns.sort_unstable();
        let wait_ns = waits_ns.get(waits_ns.len() * 99 / 100);
        wait_ns.map_or(0.0, |wait_ns| *wait_ns as f64 / MILLISECOND_NS as f64)
    }
}

fn run(scene: Scene) -> Swarmed {
    let seen = Swarm::new(scene).run();
    let swarmed = Swarmed { scene, seen };
    println!("{swarmed}");
    assert!(swarmed.seen.over(&scene) < 1.0, "{swarmed}");
    swarmed
}

/// A tenth more than is offered.
const AMPLE: Scene = Scene {
    offered_each: 100.0,
    rate: 110_000,
    burst: 220_000,
    shards: 0,
    way_ns: 2 * MILLISECOND_NS,
    settles_ns: SECOND_NS / 2,
    lasts_ns: 3 * SECOND_NS / 2,
};

/// Half of what is offered, when the burst has been used up.
const SATURATED: Scene = Scene {
    rate: 50_000,
    burst: 100_000,
    settles_ns: 3 * SECOND_NS,
    lasts_ns: 4 * SECOND_NS,
    ..AMPLE
};

/// A hundred times what the rate allows, from a bucket that is used up.
const OVERRUN: Scene = Scene {
    offered_each: 10.0,
    rate: 100,
    burst: 1_000,
    settles_ns: 5 * SECOND_NS,
    lasts_ns: 15 * SECOND_NS,
    ..AMPLE
};

/// What DynamoDB writes to one item in a second.
const MOST_TO_ONE_ITEM: f64 = 1_000.0;

#[test]
fn no_item_is_written_to_more_often_than_the_store_can() {
    for scene in [AMPLE, SATURATED] {
        let scene = Scene {
            shards: 48,
            ..scene
        };
        let swarmed = run(scene);
        assert!(swarmed.to_meter() < MOST_TO_ONE_ITEM, "{swarmed}");
        assert!(swarmed.to_busiest() < MOST_TO_ONE_ITEM, "{swarmed}");
        assert!(swarmed.of_allowed() > 0.90, "{swarmed}");
        assert!(swarmed.writes_a_request() < 0.35, "{swarmed}");
    }
}

/// Most processes are not served for so long that they charge the meter themselves: they leave it alone until it has something.
#[test]
fn a_key_that_wants_far_too_much_does_not_flood_its_meter() {
    for shards in [0, 16] {
        let swarmed = run(Scene { shards, ..OVERRUN });
        assert!(swarmed.to_meter() < MOST_TO_ONE_ITEM, "{swarmed}");
        assert!(swarmed.to_busiest() < MOST_TO_ONE_ITEM, "{swarmed}");
        assert!(swarmed.of_allowed() > 0.98, "{swarmed}");
    }
}

/// A share is claimed, charged, filled and drawn from: each takes as long as the store.
#[test]
fn shards_are_filled_in_time_when_the_store_takes_a_tenth_of_their_life() {
    let swarmed = run(Scene {
        shards: 48,
        way_ns: 5 * MILLISECOND_NS,
        ..AMPLE
    });
    assert!(swarmed.of_allowed() > 0.99, "{swarmed}");
}

/// For the documents: `cargo test --workspace --test all table_of_shards -- --ignored --nocapture`.
#[test]
#[ignore = "prints a table; the test above asserts what matters"]
fn table_of_shards() {
    let one_second = Scene {
        burst: 110_000,
        ..AMPLE
    };
    let four_seconds = Scene {
        burst: 440_000,
        ..AMPLE
    };
    // By then a plan that is short of anything has used up its burst.
    let later = Scene {
        settles_ns: 18 * SECOND_NS,
        lasts_ns: 20 * SECOND_NS,
        ..AMPLE
    };
    let later_with_more = Scene {
        rate: 120_000,
        burst: 240_000,
        ..later
    };
    for scene in [
        one_second,
        AMPLE,
        four_seconds,
        later,
        later_with_more,
        SATURATED,
    ] {
        for shards in [0, 16, 32, 48, 64] {
            run(Scene { shards, ..scene });
        }
    }
}
