//! The last two minutes, second by second.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tollgate::time::Timestamp;

use super::{Client, Counts, Subject};

/// How many seconds are kept.
pub const WATCHED: u64 = 120;

/// How many keys are counted apart within one second. The others are counted together.
pub const MAX_WATCHED: usize = 256;

/// How many of those with most requests are shown.
pub const BUSIEST: usize = 10;

/// The seconds of which the requests of keys are shown.
const BUSY_SECONDS: u64 = 60;

/// What those see who watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The second that `seconds` ends with, since the epoch: the last one that is over.
    pub last_second: u64,
    /// The last [`WATCHED`] seconds that are over, the earliest first.
    pub seconds: Vec<Counts>,
    /// Everything since the start, also of the second that is not over yet.
    pub total: Counts,
    /// Those with most requests within the last minute, most first; [`BUSIEST`] at the most.
    pub busiest: Vec<(Subject, Counts)>,
}

impl Live {
    /// What came in the last second that is over.
    pub fn last(&self) -> Counts {
        self.seconds.last().copied().unwrap_or_default()
    }
}

/// The seconds, each in the place of the one that was so long before.
#[derive(Default)]
pub(super) struct Seconds {
    places: HashMap<u64, Second>,
    total: Counts,
}

#[derive(Default)]
struct Second {
    number: u64,
    total: Counts,
    /// Whoever adds up the last minute has them as they were.
    clients: Arc<HashMap<Subject, Counts>>,
}

impl Seconds {
    /// Enters what was counted in a second. What is older than all that is kept counts for the total alone.
    pub(super) fn enter(&mut self, number: u64, counted: &[(Subject, Counts)]) {
        let all: Counts = counted.iter().map(|(_, counts)| *counts).sum();
        self.total.add(all);
        let place = self.places.entry(number % WATCHED).or_default();
        if place.number < number {
            place.number = number;
            place.total = Counts::default();
            Arc::make_mut(&mut place.clients).clear();
        }
        if place.number > number {
            return;
        }
        place.total.add(all);
        for (subject, counts) in counted {
            place.enter(subject, *counts);
        }
    }

    /// What is seen at `now`, not yet added up. What a clock counted that was ahead by more, and has been set back, is forgotten.
    pub(super) fn recent(&mut self, now: Timestamp) -> Recent {
        let end = now.as_secs();
        let too_late = end.saturating_add(WATCHED);
        self.places.retain(|_, place| place.number < too_late);
        let seconds = (end.saturating_sub(WATCHED)..end).map(|number| {
            let second = self.second(number);
            second.map_or_else(Counts::default, |second| second.total)
        });
        let busy = end.saturating_sub(BUSY_SECONDS)..end;
        Recent {
            last_second: end.saturating_sub(1),
            seconds: seconds.collect(),
            total: self.total,
            clients: busy
                .filter_map(|number| Some(Arc::clone(&self.second(number)?.clients)))
                .collect(),
        }
    }

    /// Those about whom was decided in the seconds from `since` to `until`.
    pub(super) fn subjects(&self, since: u64, until: u64) -> BTreeSet<Subject> {
        let first = since.max(until.saturating_sub(WATCHED.saturating_sub(1)));
        (first..=until)
            .filter_map(|number| self.second(number))
            .flat_map(|second| second.clients.keys().cloned())
            .collect()
    }

    fn second(&self, number: u64) -> Option<&Second> {
        let place = self.places.get(&(number % WATCHED))?;
        (place.number == number).then_some(place)
    }
}

/// What is seen, before the keys of the last minute are added up: nobody who counts has to wait for that.
pub(super) struct Recent {
    last_second: u64,
    seconds: Vec<Counts>,
    total: Counts,
    clients: Vec<Arc<HashMap<Subject, Counts>>>,
}

impl Recent {
    pub(super) fn add_up(self) -> Live {
        let busiest = self.busiest();
        Live {
            last_second: self.last_second,
            seconds: self.seconds,
            total: self.total,
            busiest,
        }
    }

    fn busiest(&self) -> Vec<(Subject, Counts)> {
        let mut clients: HashMap<&Subject, Counts> = HashMap::new();
        for (subject, counts) in self.clients.iter().flat_map(|second| second.iter()) {
            clients.entry(subject).or_default().add(*counts);
        }
        let mut busiest: Vec<_> = clients.into_iter().collect();
        busiest.sort_unstable_by_key(|(subject, counts)| (Reverse(counts.total()), *subject));
        busiest
            .into_iter()
            .take(BUSIEST)
            .map(|(subject, counts)| (subject.clone(), counts))
            .collect()
    }
}

impl Second {
    fn enter(&mut self, subject: &Subject, counts: Counts) {
        let clients = Arc::make_mut(&mut self.clients);
        if let Some(sum) = clients.get_mut(subject) {
            sum.add(counts);
            return;
        }
        let subject = if clients.len() < MAX_WATCHED {
            subject.clone()
        } else {
            Subject {
                plan_id: None,
                client: Client::Others,
            }
        };
        clients.entry(subject).or_default().add(counts);
    }
}
