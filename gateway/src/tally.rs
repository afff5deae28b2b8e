//! Decisions, counted while the gateway runs: by day, plan, key and outcome, and second by second for those who watch.
//!
//! Nothing is stored: a tally starts with its process. What was admitted stands in the store's counters, of all processes and for longer.
//! What was refused stands nowhere else on a laptop.
//!
//! | who decides | what the tally knows |
//! |---|---|
//! | the gateway, for REST APIs | outcome, plan and key of each decision |
//! | functions, for HTTP APIs and function URLs, and authorizers | outcome and plan of each decision, from the lines of [`metrics`](tollgate::metrics); the key of a refusal, from the log line that comes with it. At the level `INFO` functions log no admissions, and those have no key here; at `DEBUG`, which the template's environment `dev` has, they do. |
//! | functions at an endpoint elsewhere | nothing: their logs are elsewhere |
//!
//! Of a REST API only the methods that require a key are counted: what a stage's own throttle refuses of others is nobody's usage. Nor is a
//! request counted whose client leaves before it has been decided, although it may have been charged.
//!
//! A decision is counted in what its thread has to itself, so that requests wait for each other once a second at the most. Memory is
//! bounded whatever clients send: [`MAX_KEYS`] keys of plans a day, [`MAX_DAYS`] days, [`WATCHED`] seconds with [`MAX_WATCHED`] keys each.
//! Where so many keys come every day for a month, that is about 100 MB; with a thousand keys it is a few. The numbers are another matter:
//! what a function logs is believed, so one that logs lines which its clients have made up counts what they like.

mod book;
mod counts;
mod pending;
mod seconds;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tollgate::decision::Decision;
use tollgate::id::{KeyId, PlanId};
use tollgate::metrics::Outcome;
use tollgate::quota::Day;
use tollgate::store::StoreError;
use tollgate::time::Timestamp;

pub use book::{MAX_DAYS, MAX_KEYS, MAX_PLANS};
pub use counts::Counts;
pub use seconds::{BUSIEST, Live, MAX_WATCHED, WATCHED};

use book::Book;
use pending::Pending;

/// How many threads can count without waiting for each other.
const PARTS: usize = 64;

/// Who was decided about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The plan that was asked. `None`: no plan covers the stage, or the store did not answer.
    pub plan_id: Option<PlanId>,
    /// Whose key it was.
    pub client: Client,
}

/// Whose key a request came with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Client {
    /// This key's.
    Key(KeyId),
    /// Nobody's that is known: there was no key, or nobody said which.
    Unknown,
    /// One of those for which there was no room.
    Others,
}

impl From<Option<KeyId>> for Client {
    fn from(id: Option<KeyId>) -> Self {
        id.map_or(Self::Unknown, Self::Key)
    }
}

/// Counts decisions. Clones count together.
#[derive(Clone)]
pub struct Tally(Arc<Inner>);

struct Inner {
    started_at: Timestamp,
    parts: [Mutex<Pending>; PARTS],
    book: Mutex<Book>,
}

impl Tally {
    /// A tally without decisions, which starts at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Inner {
            started_at: now,
            parts: std::array::from_fn(|_| Mutex::default()),
            book: Mutex::default(),
        }))
    }

    /// Since when decisions are counted.
    pub fn started_at(&self) -> Timestamp {
        self.0.started_at
    }

    /// Counts a decision that was made at `now` about a request to a method that requires a key.
    pub fn decided(&self, decision: &Result<Decision, StoreError>, now: Timestamp) {
        if let Some(outcome) = Outcome::of(decision) {
            let decision = decision.as_ref().ok();
            // Clones of ids allocate nothing.
            let subject = Subject {
                plan_id: decision.and_then(Decision::plan_id).cloned(),
                client: decision.and_then(Decision::key_id).cloned().into(),
            };
            self.count(outcome, subject, now);
        }
    }

    /// Counts a decision about `subject` that was made at `now`.
    pub fn count(&self, outcome: Outcome, subject: Subject, now: Timestamp) {
        let Some(part) = self.0.parts.get(part_of_this_thread()) else {
            return;
        };
        let mut pending = lock(part);
        if !pending.has_room(&subject, now) {
            pending.move_to(&mut self.book());
        }
        pending.count(outcome, subject, now);
    }

    /// What was counted on the days from `from` to `to`, added up under the names that `name` gives to day, plan and client. What it
    /// gives no name is left out.
    pub fn sums<K: Ord>(
        &self,
        from: Day,
        to: Day,
        name: impl Fn(Day, Option<&PlanId>, &Client) -> Option<K>,
    ) -> BTreeMap<K, Counts> {
        self.settle();
        // A look does not hold up those who count: the book is theirs again before anything is added up.
        let days = self.book().days(from, to);
        let mut sums: BTreeMap<K, Counts> = BTreeMap::new();
        for (day, counted) in days {
            counted.for_each(|plan_id, client, counts| {
                if let Some(name) = name(day, plan_id, client) {
                    sums.entry(name).or_default().add(counts);
                }
            });
        }
        sums
    }

    /// What those see who watch at `now`.
    pub fn live(&self, now: Timestamp) -> Live {
        self.settle();
        let recent = self.book().recent(now);
        recent.add_up()
    }

    /// Those about whom was decided in the seconds from `since` to `now`, which both count: of the last [`WATCHED`] seconds, and of each
    /// second [`MAX_WATCHED`] at the most, the others as [`Client::Others`].
    pub fn subjects(&self, since: u64, now: Timestamp) -> BTreeSet<Subject> {
        self.settle();
        self.book().subjects(since, now.as_secs())
    }

    /// Enters what threads have counted and not entered yet.
    fn settle(&self) {
        for part in &self.0.parts {
            lock(part).move_to(&mut self.book());
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.0.book)
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally")
            .field("started_at", &self.0.started_at)
            .finish_non_exhaustive()
    }
}

/// Counts that a panic interrupted are whole: each is added in one piece.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn part_of_this_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static PART: usize = THREADS.fetch_add(1, Ordering::Relaxed) % PARTS;
    }
    PART.with(|part| *part)
}

#[cfg(test)]
mod tests;
