//! The simulation itself.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use fastrand::Rng;
use tollgate::entitlement::PlanLimits;
use tollgate::meter::{Knowledge, Refusal};
use tollgate::plan::{MethodName, Plan};
use tollgate::time::Timestamp;

use super::report::{Report, Tally};
use super::traffic::{Arrivals, Shape};

/// 2026-11-01T00:00:00Z, a Sunday: days, weeks and months start there, so quotas are whole.
const START: Timestamp = Timestamp::from_secs(1_793_491_200);

/// The unit of the header field `Retry-After`.
const SECOND: Duration = Duration::from_secs(1);

/// What to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// When the requests of each key come.
    pub shape: Shape,
    /// For how long they come.
    pub duration: Duration,
    /// How many keys ask, each with traffic and a meter of its own, 1 or more.
    pub keys: u32,
    /// What all draws come from.
    pub seed: u64,
    /// How long a refused caller tries again, from its first try on: after the time that `Retry-After` says, in whole seconds. `None`: it
    /// does not come again.
    pub patience: Option<Duration>,
    /// What is asked for, which may have a throttle or a cost of its own.
    pub method: Method,
}

/// A method, as its front door names it. Nothing is said of the one that has no name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Method {
    /// Such as `GET`.
    pub verb: String,
    /// The resource or the route, such as `/users/{id}`.
    pub resource: String,
}

/// A request that comes, for the first time or again. The earliest is the least, and of several at one instant the one that was made
/// first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Try {
    at: Timestamp,
    number: u64,
    key: usize,
    /// When it came first.
    since: Timestamp,
    is_first: bool,
}

/// One key: what it has used, and its requests to come.
struct Client {
    meter: Knowledge,
    arrivals: Arrivals,
}

/// Plays the traffic through the plan.
#[must_use]
pub fn simulate(plan: &Plan, settings: &Settings) -> Report {
    let of_plan = PlanLimits::new(plan);
    let method = MethodName {
        resource: &settings.method.resource,
        verb: &settings.method.verb,
    };
    let limits = of_plan.limits(plan.only_stage(), method);
    let cost = of_plan.cost(method).get();
    let mut seeds = Rng::with_seed(settings.seed);
    let mut clients: Vec<Client> = (0..settings.keys)
        .map(|_| Client {
            meter: Knowledge::default(),
            arrivals: Arrivals::new(settings.shape.clone(), seeds.fork()),
        })
        .collect();
    let mut queue = Queue::new(settings.duration);
    for (key, client) in clients.iter_mut().enumerate() {
        queue.push_arrival(key, &mut client.arrivals);
    }
    let mut tally = Tally::new(START);
    while let Some(request) = queue.pop() {
        let Some(client) = clients.get_mut(request.key) else {
            continue;
        };
        if request.is_first {
            tally.came(request.at);
            queue.push_arrival(request.key, &mut client.arrivals);
        }
        match client.meter.charge_alone(cost, &limits, request.at) {
            Ok(()) => tally.admitted(request.at, request.at.saturating_since(request.since)),
            Err(refusal) => {
                tally.refused(request.at, refusal);
                let next = comes_again_at(request.at, refusal);
                let gives_up_at = settings
                    .patience
                    .map(|patience| request.since.saturating_add(patience));
                match (next, gives_up_at) {
                    (Some(next), Some(end)) if next <= end => queue.push(Try {
                        at: next,
                        is_first: false,
                        ..request
                    }),
                    (Some(_) | None, _) => tally.gave_up(),
                }
            }
        }
    }
    tally.report(plan, settings)
}

/// When a caller comes again who heeds `Retry-After`. `None`: no wait helps.
fn comes_again_at(now: Timestamp, refusal: Refusal) -> Option<Timestamp> {
    let until = match refusal {
        Refusal::Throttled { until } => until?,
        Refusal::QuotaExceeded { resets_at, .. } => resets_at,
    };
    let wait = until.saturating_since(now);
    let seconds = wait.as_nanos().div_ceil(SECOND.as_nanos()).max(1);
    let wait = Duration::from_secs(u64::try_from(seconds).ok()?);
    Some(now.saturating_add(wait))
}

struct Queue {
    tries: BinaryHeap<Reverse<Try>>,
    count: u64,
    duration: Duration,
}

impl Queue {
    const fn new(duration: Duration) -> Self {
        Self {
            tries: BinaryHeap::new(),
            count: 0,
            duration,
        }
    }

    /// The next request of a key, unless it would come after the end.
    fn push_arrival(&mut self, key: usize, arrivals: &mut Arrivals) {
        if let Some(after) = arrivals.next().filter(|after| *after < self.duration) {
            let at = START.saturating_add(after);
            self.push(Try {
                at,
                number: 0,
                key,
                since: at,
                is_first: true,
            });
        }
    }

    fn push(&mut self, next: Try) {
        self.count = self.count.saturating_add(1);
        self.tries.push(Reverse(Try {
            number: self.count,
            ..next
        }));
    }

    fn pop(&mut self) -> Option<Try> {
        self.tries.pop().map(|Reverse(next)| next)
    }
}
