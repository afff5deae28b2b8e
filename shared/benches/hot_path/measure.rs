//! How fast a subject decides, and how often it allocates.

use std::time::Duration;

use tollgate::time::{Clock as _, SystemClock};

use super::subject::Subject;

/// How many decisions are made between two looks at the clock.
const BATCH: u64 = 1_000;

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    Time(Duration),
    /// On each thread.
    Decisions(u64),
}

/// One run, all threads together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) decisions_per_s: f64,
    pub(crate) allocations_per_decision: f64,
}

/// The work of one thread.
struct Share {
    decisions: u64,
    took: Duration,
    allocations: u64,
    wrong: u64,
}

pub(crate) fn sample(
    subject: &Subject,
    values: &[String],
    threads: usize,
    budget: Budget,
) -> Sample {
    let runtime = tokio::runtime::Handle::current();
    let runtime = &runtime;
    let shares: Vec<Share> = std::thread::scope(|scope| {
        let started: Vec<_> = (1..=threads)
            .map(|thread| {
                scope.spawn(move || {
                    let _inside = runtime.enter();
                    share(subject, values, thread, budget)
                })
            })
            .collect();
        let ended = started.into_iter().filter_map(|thread| thread.join().ok());
        ended.collect()
    });
    assert_eq!(shares.len(), threads, "a thread gave up");
    assert_eq!(
        shares.iter().map(|share| share.wrong).sum::<u64>(),
        0,
        "decisions came out otherwise than they should"
    );
    let per_s = |share: &Share| number(share.decisions) / share.took.as_secs_f64();
    let decisions = shares.iter().map(|share| share.decisions).sum();
    let allocations = shares.iter().map(|share| share.allocations).sum();
    Sample {
        decisions_per_s: shares.iter().map(per_s).sum(),
        allocations_per_decision: number(allocations) / number(decisions),
    }
}

fn share(subject: &Subject, values: &[String], thread: usize, budget: Budget) -> Share {
    let mut order = Order::new(thread);
    let (mut decisions, mut wrong) = (0, 0);
    let start = SystemClock.now();
    let mut took = Duration::ZERO;
    let counted = allocation_counter::measure(|| {
        let goes_on = |decisions, took| match budget {
            Budget::Time(limit) => took < limit,
            Budget::Decisions(limit) => decisions < limit,
        };
        while goes_on(decisions, took) {
            for _ in 0..BATCH {
                let value = order.next(values);
                wrong += u64::from(!value.is_some_and(|value| subject.decide(value)));
            }
            decisions += BATCH;
            took = SystemClock.now().saturating_since(start);
        }
    });
    Share {
        decisions,
        took,
        allocations: counted.count_total,
        wrong,
    }
}

/// An order in which the values come that no cache can guess: a linear congruential generator.
struct Order(u64);

impl Order {
    fn new(seed: usize) -> Self {
        Self(
            u64::try_from(seed)
                .unwrap_or(1)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15),
        )
    }

    fn next<'a>(&mut self, values: &'a [String]) -> Option<&'a String> {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The high bits, scaled to the number of values.
        let count = u128::try_from(values.len()).unwrap_or(0);
        let at = (u128::from(self.0) * count) >> 64;
        values.get(usize::try_from(at).unwrap_or(0))
    }
}

/// As a floating point number; exact below 2^32, which no run comes near.
pub(crate) fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
