//! The events of one visitor.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tollgate::time::Clock;

use super::super::super::directory::{Directory, Snapshot};
use super::view;
use crate::tally::Tally;

/// How often the view is sent.
const EVERY: Duration = Duration::from_secs(1);

/// How often the names of keys and plans are looked up again. Reading all of them costs more than everything else here.
const NAMES_EVERY: Duration = Duration::from_mins(1);

/// How long a browser waits, in ms, before it connects again after the stream has ended.
const RETRY_MS: u32 = 2_000;

/// What the view of one visitor is made of.
pub(super) struct Watcher {
    pub(super) tally: Tally,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) directory: Directory,
    pub(super) snapshot: Arc<Snapshot>,
}

impl Watcher {
    /// Sends the view every second, until nobody takes it or `stop` says that the server stops.
    pub(super) async fn run(
        mut self,
        sender: mpsc::Sender<Bytes>,
        mut stop: watch::Receiver<bool>,
    ) {
        tokio::select! {
            () = self.send(&sender) => {}
            () = sender.closed() => {}
            _ = stop.wait_for(|stops| *stops) => {}
        }
    }

    async fn send(&mut self, sender: &mpsc::Sender<Bytes>) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut names_at = Instant::now();
        let mut text = format!("retry: {RETRY_MS}\n");
        loop {
            ticks.tick().await;
            if names_at.elapsed() >= NAMES_EVERY {
                names_at = Instant::now();
                // Old names do as well.
                if let Ok(snapshot) = self.directory.snapshot().await {
                    self.snapshot = snapshot;
                }
            }
            let live = self.tally.live(self.clock.now());
            write_data(
                &mut text,
                &view::render(&live, &self.snapshot).into_string(),
            );
            if sender
                .send(Bytes::from(std::mem::take(&mut text)))
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

/// Adds an event with this data.
fn write_data(text: &mut String, data: &str) {
    for line in data.lines() {
        text.extend(["data: ", line, "\n"]);
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_an_event_is_marked_and_an_empty_one_ends_it() {
        let mut text = "retry: 2000\n".to_owned();
        write_data(&mut text, "<p>\none\r\n</p>");
        assert_eq!(text, "retry: 2000\ndata: <p>\ndata: one\ndata: </p>\n\n");
    }
}
