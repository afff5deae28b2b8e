//! What was read again by itself a short while ago.
//!
//! Lists come from an index that follows the table with some delay, and single entries from the table itself. So what was read by itself is
//! laid over a list that was read soon after, or meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tollgate::id::{KeyId, PlanId};
use tollgate::plan::Plan;
use tollgate::time::Timestamp;

use super::ListedKey;

/// For how long a list may lack what was changed before.
const DELAY: Duration = Duration::from_secs(10);

/// An entry as it is now, or is no longer.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Key(KeyId, Option<Arc<ListedKey>>),
    Plan(PlanId, Option<Arc<Plan>>),
}

impl Entry {
    fn is_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Key(one, _), Self::Key(other, _)) => one == other,
            (Self::Plan(one, _), Self::Plan(other, _)) => one == other,
            (Self::Key(..), Self::Plan(..)) | (Self::Plan(..), Self::Key(..)) => false,
        }
    }
}

/// Entries in the order in which they were read, each of them once.
#[derive(Debug, Default)]
pub(super) struct Rereads(Vec<(Timestamp, Entry)>);

impl Rereads {
    /// Keeps an entry whose reading began at `at`.
    pub(super) fn keep(&mut self, at: Timestamp, entry: Entry) {
        self.0.retain(|(_, known)| !known.is_of(&entry));
        self.0.push((at, entry));
    }

    /// What may be missing in a list whose reading began at `began_at`. What is older is forgotten.
    pub(super) fn newer_than_list(&mut self, began_at: Timestamp) -> impl Iterator<Item = &Entry> {
        self.0
            .retain(|(at, _)| *at >= began_at || began_at.abs_diff(*at) < DELAY);
        self.0.iter().map(|(_, entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_laid_over_lists_of_the_next_seconds_as_it_was_read_last() {
        let at = Timestamp::from_secs;
        let gone = |id: &str| Entry::Key(id.into(), None);
        let mut rereads = Rereads::default();
        rereads.keep(at(100), gone("k1"));
        rereads.keep(at(103), gone("k2"));
        rereads.keep(at(104), gone("k1"));
        rereads.keep(at(105), Entry::Plan("k1".into(), None));
        let mut laid_over = |began_at| rereads.newer_than_list(at(began_at)).count();
        assert_eq!(laid_over(90), 3, "what was read while the list was");
        assert_eq!(laid_over(112), 3);
        assert_eq!(laid_over(113), 2);
        assert_eq!(laid_over(120), 0);
    }
}
