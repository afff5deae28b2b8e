//! One who watches.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::incoming::Hangup;

/// Whoever does not take an event for so long has left without a word, or is too slow to see seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a client may take for the last of what was sent to it, when the server stops.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What each stream begins with: how long a browser waits, in ms, before it connects again after the stream has ended.
const PREAMBLE: &[u8] = b"retry: 2000\n\n";

/// One who watches.
pub(super) struct Watcher {
    events: watch::Receiver<Bytes>,
    /// How long an event may wait to be taken.
    patience: Duration,
    /// Somebody else's when this is gone.
    _place: OwnedSemaphorePermit,
}

/// Why a stream has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The client has left.
    Left,
    /// It does not take what is sent.
    Stuck,
    /// The server stops.
    Stopped,
}

impl Watcher {
    pub(super) const fn new(events: watch::Receiver<Bytes>, place: OwnedSemaphorePermit) -> Self {
        Self {
            events,
            patience: PATIENCE,
            _place: place,
        }
    }

    /// Sends each event, until nobody takes it or `stop` says that the server stops. A connection whose client takes nothing would stay for
    /// ever, and hold up the end of the server: it is given up.
    pub(super) async fn run(
        mut self,
        sender: mpsc::Sender<Bytes>,
        mut stop: watch::Receiver<bool>,
        hangup: Hangup,
    ) {
        let end = tokio::select! {
            end = self.send(&sender) => end,
            () = sender.closed() => End::Left,
            _ = stop.wait_for(|stops| *stops) => End::Stopped,
        };
        drop(sender);
        match end {
            End::Left => {}
            End::Stuck => hangup.hang_up(),
            End::Stopped => {
                sleep(LAST_WORDS).await;
                hangup.hang_up();
            }
        }
    }

    async fn send(&mut self, sender: &mpsc::Sender<Bytes>) -> End {
        let mut event = Bytes::from_static(PREAMBLE);
        loop {
            match timeout(self.patience, sender.send(event)).await {
                Ok(Ok(())) => {}
                Ok(Err(_nobody)) => return End::Left,
                Err(_elapsed) => return End::Stuck,
            }
            if self.events.changed().await.is_err() {
                return End::Stopped;
            }
            event = self.events.borrow_and_update().clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn who_takes_nothing_is_given_up_and_leaves_a_place() {
        let places = Arc::new(Semaphore::new(1));
        let place = Arc::clone(&places).try_acquire_owned().unwrap();
        let (events, seen) = watch::channel(Bytes::new());
        let (_stop, stopped) = watch::channel(false);
        let (sender, mut receiver) = mpsc::channel(1);
        let hangup = Hangup::default();
        let watcher = Watcher {
            patience: Duration::from_millis(10),
            ..Watcher::new(seen, place)
        };
        let running = tokio::spawn(watcher.run(sender, stopped, hangup.clone()));
        assert_eq!(receiver.recv().await.unwrap(), PREAMBLE);
        for number in ["1", "2"] {
            events.send_replace(Bytes::from(number));
            // The first waits in the channel, and the second for it.
            while events.receiver_count() > 0 && receiver.is_empty() {
                tokio::task::yield_now().await;
            }
        }
        hangup.wanted().await;
        running.await.unwrap();
        assert_eq!(places.available_permits(), 1);
    }

    #[tokio::test]
    async fn the_end_of_the_server_ends_the_stream_and_then_the_connection() {
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let (_events, seen) = watch::channel(Bytes::new());
        let (stop, stopped) = watch::channel(false);
        let (sender, mut receiver) = mpsc::channel(1);
        let hangup = Hangup::default();
        tokio::spawn(Watcher::new(seen, place).run(sender, stopped, hangup.clone()));
        assert_eq!(receiver.recv().await.unwrap(), PREAMBLE);
        stop.send_replace(true);
        assert_eq!(receiver.recv().await, None);
        hangup.wanted().await;
    }
}
