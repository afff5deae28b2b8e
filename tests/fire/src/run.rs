//! Many short worlds from one seed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use fastrand::Rng;

use crate::event::Event;
use crate::lots::{Lots, Weather};
use crate::tally::Tally;
use crate::violation::{Invariant, Violation};
use crate::world::{Beginning, World};

/// The events of one world.
pub const EVENTS: usize = 1_000;

/// A world as its seed has it: how it begins, and what happens in it.
#[derive(Clone, Debug)]
pub struct Story {
    /// The weather from which the rest was drawn.
    pub weather: Weather,
    /// How it begins.
    pub beginning: Beginning,
    /// What happens.
    pub events: Vec<Event>,
}

impl Story {
    /// The world of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let weather = Weather::draw(&mut rng);
        let beginning = Beginning::draw(&mut rng, weather);
        let mut lots = Lots::new(rng, weather, beginning.rules);
        let events = (0..EVENTS).map(|_| lots.event());
        Self {
            weather,
            beginning,
            events: events.collect(),
        }
    }

    /// Lets it happen, and adds to `tally` what happened: the first broken promise, if one is.
    pub fn play(&self, tally: &mut Tally) -> Option<Violation> {
        let mut world = World::new(&self.beginning);
        let violation = self.play_in(&mut world, |_, _| ());
        tally.merge(&world.tally);
        violation
    }

    /// Lets it happen in `world`. `after` is shown each event, and the world after it.
    pub fn play_in(
        &self,
        world: &mut World,
        mut after: impl FnMut(Option<&Event>, &mut World),
    ) -> Option<Violation> {
        let result = catch_unwind(AssertUnwindSafe(|| {
            for event in &self.events {
                let result = world.happen(*event);
                after(Some(event), world);
                result?;
            }
            world.check()?;
            let result = world.come_to_rest();
            after(None, world);
            result?;
            world.check()
        }));
        match result {
            Ok(result) => result.err(),
            Err(panic) => {
                let text = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied());
                let seen = text.unwrap_or("no message");
                Some(Violation::new(Invariant::Panic, seen))
            }
        }
    }
}

/// A world in which a promise was broken.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The number of the world in its run.
    pub number: u64,
    /// The seed of the world.
    pub seed: u64,
    /// What was broken.
    pub violation: Violation,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What happened in all worlds.
    pub tally: Tally,
    /// The first finding of each thread, in the order of the worlds. The run ends with the first ones.
    pub findings: Vec<Finding>,
}

/// The seed of a world of a run.
pub fn seed_of_world(run: u64, number: u64) -> u64 {
    let mut mixed = run.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Plays worlds of `steps` events in all, on `threads` threads. A run without a finding is the same each time.
#[must_use]
pub fn run(seed: u64, steps: u64, threads: usize) -> Report {
    let worlds = steps.div_ceil(u64::try_from(EVENTS).unwrap_or(u64::MAX));
    let next = AtomicU64::new(0);
    let work = || {
        let mut report = Report::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= worlds {
                return report;
            }
            let seed = seed_of_world(seed, number);
            if let Some(violation) = Story::of(seed).play(&mut report.tally) {
                next.store(worlds, Ordering::Relaxed);
                report.findings.push(Finding {
                    number,
                    seed,
                    violation,
                });
                return report;
            }
        }
    };
    let mut all = Report::default();
    let reports = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect::<Vec<_>>()
    });
    for report in reports {
        all.tally.merge(&report.tally);
        all.findings.extend(report.findings);
    }
    all.findings.sort_by_key(|finding| finding.number);
    all
}
