//! Puts requests into the order of their instants.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tollgate::time::{NANOS_PER_SECOND, Timestamp};

/// A request of a log, in few bytes: many are held back at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) caller: u32,
    /// Which limits hold, by their place in the player's list.
    pub(super) route: u16,
    /// The log tells the second and no more.
    pub(super) is_whole_second: bool,
    pub(super) was_refused: bool,
}

/// Requests that are held back, by second.
///
/// A second is let go when a request has come that is later by the window, or when too many are held. Within it, requests are sorted by
/// their instants; those of one instant stay in the order of the log.
#[derive(Debug)]
pub(super) struct Order {
    window_s: u64,
    max_held: usize,
    seconds: BTreeMap<u64, Vec<Entry>>,
    held: usize,
    newest_s: u64,
    /// All seconds before this one have been let go.
    clock_s: u64,
    late: u64,
}

impl Order {
    pub(super) const fn new(window: Duration, max_held: usize) -> Self {
        Self {
            window_s: window.as_secs(),
            max_held,
            seconds: BTreeMap::new(),
            held: 0,
            newest_s: 0,
            clock_s: 0,
            late: 0,
        }
    }

    /// How many requests came after their second had been let go.
    pub(super) const fn late(&self) -> u64 {
        self.late
    }

    /// Holds a request back. One that is late counts at the instant that the clock has reached.
    pub(super) fn push(&mut self, mut entry: Entry) {
        let mut second = entry.at.as_secs();
        if second < self.clock_s {
            self.late = self.late.saturating_add(1);
            second = self.clock_s;
            entry.at = Timestamp::from_secs(second);
            entry.is_whole_second = false;
        }
        self.newest_s = self.newest_s.max(second);
        self.seconds.entry(second).or_default().push(entry);
        self.held = self.held.saturating_add(1);
    }

    /// The earliest second that need not be held any longer, in order.
    pub(super) fn next_due(&mut self) -> Option<Vec<Entry>> {
        let (first, _) = self.seconds.first_key_value()?;
        let is_due = self.newest_s.saturating_sub(*first) > self.window_s;
        // The second under way is not cut in two.
        let is_too_much = self.held > self.max_held && *first < self.newest_s;
        if is_due || is_too_much {
            self.next()
        } else {
            None
        }
    }

    /// The earliest second of all that are held, in order.
    pub(super) fn next(&mut self) -> Option<Vec<Entry>> {
        let (second, mut entries) = self.seconds.pop_first()?;
        self.held = self.held.saturating_sub(entries.len());
        self.clock_s = second.saturating_add(1);
        spread(&mut entries);
        entries.sort_by_key(|entry| entry.at);
        Some(entries)
    }
}

/// Spreads the requests of one caller evenly over their second, where the log tells no more. At one instant they would seem to come in a
/// burst that nobody has seen.
fn spread(entries: &mut [Entry]) {
    let mut of_caller: HashMap<u32, (u64, u64)> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.is_whole_second) {
        let (count, _) = of_caller.entry(entry.caller).or_default();
        *count = count.saturating_add(1);
    }
    for entry in entries.iter_mut().filter(|entry| entry.is_whole_second) {
        let Some((count, before)) = of_caller.get_mut(&entry.caller) else {
            continue;
        };
        let share =
            u128::from(NANOS_PER_SECOND) * u128::from(*before) / u128::from((*count).max(1));
        *before = before.saturating_add(1);
        let offset = Duration::from_nanos(u64::try_from(share).unwrap_or(0));
        entry.at = entry.at.saturating_add(offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at_ms: u64, caller: u32) -> Entry {
        Entry {
            at: Timestamp::from_millis(at_ms),
            caller,
            route: 0,
            is_whole_second: false,
            was_refused: false,
        }
    }

    fn all(order: &mut Order) -> Vec<(u64, u32)> {
        let mut found = Vec::new();
        while let Some(entries) = order.next() {
            found.extend(
                entries
                    .iter()
                    .map(|entry| (entry.at.as_millis(), entry.caller)),
            );
        }
        found
    }

    #[test]
    fn what_comes_within_the_window_is_sorted() {
        let mut order = Order::new(Duration::from_secs(5), 100);
        for (at_ms, caller) in [(3_000, 1), (1_500, 2), (1_500, 3), (6_900, 4), (1_200, 5)] {
            order.push(entry(at_ms, caller));
            assert_eq!(order.next_due(), None);
        }
        assert_eq!(
            all(&mut order),
            [(1_200, 5), (1_500, 2), (1_500, 3), (3_000, 1), (6_900, 4)]
        );
        assert_eq!(order.late(), 0);
    }

    #[test]
    fn what_comes_too_late_is_decided_when_it_comes() {
        let mut order = Order::new(Duration::from_secs(5), 100);
        order.push(entry(1_000, 1));
        order.push(entry(7_000, 2));
        assert_eq!(order.next_due().map(|entries| entries.len()), Some(1));
        order.push(entry(1_900, 3));
        assert_eq!(all(&mut order), [(2_000, 3), (7_000, 2)]);
        assert_eq!(order.late(), 1);
    }

    #[test]
    fn no_more_is_held_than_fits() {
        let mut order = Order::new(Duration::from_hours(1), 3);
        for second in 0..4 {
            order.push(entry(second * 1_000, 1));
        }
        let due = order.next_due().unwrap();
        assert_eq!(due.first().map(|entry| entry.at), Some(Timestamp::EPOCH));
        assert_eq!(order.next_due(), None);
    }

    #[test]
    fn requests_of_one_caller_are_spread_over_a_second_that_is_all_the_log_tells() {
        let mut order = Order::new(Duration::ZERO, 100);
        for caller in [1, 2, 1, 1, 1] {
            order.push(Entry {
                is_whole_second: true,
                ..entry(1_000, caller)
            });
        }
        assert_eq!(
            all(&mut order),
            [(1_000, 1), (1_000, 2), (1_250, 1), (1_500, 1), (1_750, 1)]
        );
    }
}
