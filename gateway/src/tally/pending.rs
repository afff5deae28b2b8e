//! What one thread has counted within a second.

use std::collections::HashMap;

use tollgate::metrics::Outcome;
use tollgate::time::Timestamp;

use super::book::Book;
use super::{Counts, Subject};

/// How many subjects one thread counts before it enters them.
const MAX_PENDING: usize = 1_024;

/// Counts of one second that are not entered yet.
#[derive(Default)]
pub(super) struct Pending {
    second: u64,
    counts: HashMap<Subject, Counts>,
}

impl Pending {
    /// Whether a decision about `subject` at `now` can be counted before what is here has been entered.
    pub(super) fn has_room(&self, subject: &Subject, now: Timestamp) -> bool {
        let is_of_now = self.second == now.as_secs();
        let fits = self.counts.len() < MAX_PENDING || self.counts.contains_key(subject);
        self.counts.is_empty() || (is_of_now && fits)
    }

    /// Counts a decision, for which there has to be room.
    pub(super) fn count(&mut self, outcome: Outcome, subject: Subject, now: Timestamp) {
        self.second = now.as_secs();
        let counts = self.counts.entry(subject).or_default();
        counts.add(Counts::one(outcome));
    }

    /// Enters everything. The room for it stays.
    pub(super) fn move_to(&mut self, book: &mut Book) {
        if !self.counts.is_empty() {
            book.enter(self.second, self.counts.drain());
        }
    }
}
