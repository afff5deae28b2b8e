//! The last two minutes, second by second.

use std::cmp::Reverse;
use std::collections::HashMap;

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
    clients: HashMap<Subject, Counts>,
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
            place.clients.clear();
        }
        if place.number > number {
            return;
        }
        place.total.add(all);
        for (subject, counts) in counted {
            place.enter(subject, *counts);
        }
    }

    /// What is seen at `now`.
    pub(super) fn live(&self, now: Timestamp) -> Live {
        let end = now.as_secs();
        let seconds = (end.saturating_sub(WATCHED)..end).map(|number| {
            let second = self.second(number);
            second.map_or_else(Counts::default, |second| second.total)
        });
        Live {
            last_second: end.saturating_sub(1),
            seconds: seconds.collect(),
            total: self.total,
            busiest: self.busiest(end),
        }
    }

    fn busiest(&self, end: u64) -> Vec<(Subject, Counts)> {
        let mut clients: HashMap<&Subject, Counts> = HashMap::new();
        for number in end.saturating_sub(BUSY_SECONDS)..end {
            for (subject, counts) in self.second(number).into_iter().flat_map(|it| &it.clients) {
                clients.entry(subject).or_default().add(*counts);
            }
        }
        let mut busiest: Vec<_> = clients.into_iter().collect();
        busiest.sort_unstable_by_key(|(subject, counts)| (Reverse(counts.total()), *subject));
        busiest
            .into_iter()
            .take(BUSIEST)
            .map(|(subject, counts)| (subject.clone(), counts))
            .collect()
    }

    fn second(&self, number: u64) -> Option<&Second> {
        let place = self.places.get(&(number % WATCHED))?;
        (place.number == number).then_some(place)
    }
}

impl Second {
    fn enter(&mut self, subject: &Subject, counts: Counts) {
        if let Some(sum) = self.clients.get_mut(subject) {
            sum.add(counts);
            return;
        }
        let subject = if self.clients.len() < MAX_WATCHED {
            subject.clone()
        } else {
            Subject {
                plan_id: None,
                client: Client::Others,
            }
        };
        self.clients.entry(subject).or_default().add(counts);
    }
}
