//! The events of the live view: made once a second for all who watch, and not at all while nobody does.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tollgate::time::Clock;

use super::view;
use super::watcher::Watcher;
use crate::console::directory::{Directory, Snapshot};
use crate::tally::Tally;

/// How many can watch at once.
const PLACES: usize = 64;

/// How often the view is made.
const EVERY: Duration = Duration::from_secs(1);

/// How often the names of keys and plans are looked up again. Reading all of them costs more than everything else here.
const NAMES_EVERY: Duration = Duration::from_mins(1);

/// The live view of one gateway. Clones are the same.
#[derive(Clone)]
pub(in crate::console) struct Feed(Arc<Inner>);

struct Inner {
    tally: Tally,
    clock: Arc<dyn Clock>,
    directory: Directory,
    /// The last event.
    events: watch::Sender<Bytes>,
    places: Arc<Semaphore>,
    /// Whether somebody makes events.
    is_running: Mutex<bool>,
}

impl Feed {
    /// The live view of what `tally` counts.
    pub(in crate::console) fn new(
        tally: Tally,
        clock: Arc<dyn Clock>,
        directory: Directory,
    ) -> Self {
        Self(Arc::new(Inner {
            tally,
            clock,
            directory,
            events: watch::Sender::new(Bytes::new()),
            places: Arc::new(Semaphore::new(PLACES)),
            is_running: Mutex::new(false),
        }))
    }

    /// One who watches from now on. `None` when there is no place left.
    pub(super) fn join(&self) -> Option<Watcher> {
        let place: OwnedSemaphorePermit = Arc::clone(&self.0.places).try_acquire_owned().ok()?;
        // Before the task is asked for, which ends when it sees nobody.
        let events = self.0.events.subscribe();
        let mut is_running = self.0.running();
        if !*is_running {
            *is_running = true;
            tokio::spawn(Arc::clone(&self.0).run());
        }
        Some(Watcher::new(events, place))
    }
}

impl Inner {
    async fn run(self: Arc<Self>) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut names: Option<(Instant, Arc<Snapshot>)> = None;
        loop {
            ticks.tick().await;
            if self.nobody_watches() {
                return;
            }
            let is_old = |at: Instant| at.elapsed() >= NAMES_EVERY;
            if names.as_ref().is_none_or(|(at, _)| is_old(*at)) {
                // Old names do as well.
                if let Ok(snapshot) = self.directory.snapshot().await {
                    names = Some((Instant::now(), snapshot));
                }
            }
            if let Some((_, snapshot)) = &names {
                let live = self.tally.live(self.clock.now());
                let html = view::render(&live, snapshot).into_string();
                self.events.send_replace(event(&html));
            }
        }
    }

    /// Whether there is nothing to do, in which case whoever comes next starts again.
    fn nobody_watches(&self) -> bool {
        let mut is_running = self.running();
        *is_running = self.events.receiver_count() > 0;
        !*is_running
    }

    fn running(&self) -> std::sync::MutexGuard<'_, bool> {
        self.is_running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event with this data. A line may end with either of two characters, and names may have both.
fn event(data: &str) -> Bytes {
    let mut text = String::with_capacity(data.len().saturating_add(16));
    for line in data.split(['\r', '\n']).filter(|line| !line.is_empty()) {
        // A text takes whatever is written to it.
        let _ = writeln!(text, "data: {line}");
    }
    text.push('\n');
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_an_event_is_marked_and_an_empty_one_ends_it() {
        let text = event("<p>\none\r\n</p>");
        assert_eq!(text, "data: <p>\ndata: one\ndata: </p>\n\n");
    }

    #[test]
    fn no_name_ends_an_event_or_says_anything_of_its_own() {
        let text = event("<b>a\r\rretry: 99999999\r\n\nb</b>");
        assert_eq!(text, "data: <b>a\ndata: retry: 99999999\ndata: b</b>\n\n");
    }
}
