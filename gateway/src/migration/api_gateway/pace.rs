//! How fast one side is called.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// The most calls a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// So many.
    PerSecond(NonZeroU32),
    /// As many as it answers.
    Unlimited,
}

/// Lets calls go at a rate, those that are made again too.
#[derive(Debug)]
pub(super) struct Pace(Option<Mutex<Interval>>);

impl Pace {
    pub(super) fn new(rate: Rate) -> Self {
        Self(match rate {
            Rate::Unlimited => None,
            Rate::PerSecond(rate) => {
                let mut ticks = interval(Duration::from_secs(1) / rate.get());
                // Time in which nothing was called is not made up for.
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                Some(Mutex::new(ticks))
            }
        })
    }

    /// Waits until the next call may be made.
    pub(super) async fn turn(&self) {
        if let Some(ticks) = &self.0 {
            ticks.lock().await.tick().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn calls_keep_their_distance() {
        let pace = Pace::new(Rate::PerSecond(NonZeroU32::new(1_000).unwrap()));
        let start = Instant::now();
        for _ in 0..11 {
            pace.turn().await;
        }
        assert!(start.elapsed() >= Duration::from_millis(10));
    }
}
