//! What is known of a load while it lasts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::load::{CONNECTIONS, Outcome};

/// The answers of a while.
#[derive(Debug)]
pub(super) struct Board {
    /// The times of the answers in microseconds, from when the requests were due, for each connection.
    took_us: Vec<Mutex<Vec<u32>>>,
    lost: AtomicU64,
    unexpected: AtomicU64,
    /// One of the statuses that were not expected.
    status: AtomicU64,
    left_out: AtomicU64,
}

/// A part of the soak.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) answered: u64,
    pub(super) p50_us: u32,
    pub(super) p99_us: u32,
    /// The memory of the gateway's process.
    pub(super) rss_kb: u64,
}

/// What went wrong so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) lost: u64,
    pub(super) unexpected: u64,
    pub(super) status: u64,
    /// Requests that were not sent, since the machine was too slow for the pace.
    pub(super) left_out: u64,
}

impl Board {
    pub(super) fn new() -> Self {
        Self {
            took_us: (0..CONNECTIONS).map(|_| Mutex::default()).collect(),
            lost: AtomicU64::new(0),
            unexpected: AtomicU64::new(0),
            status: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    pub(super) fn tell(&self, connection: usize, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::AsExpected => {}
            Outcome::Unexpected(status) => {
                self.unexpected.fetch_add(1, Ordering::Relaxed);
                self.status.store(status.into(), Ordering::Relaxed);
            }
            Outcome::Lost => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        if let Some(took_us) = self.took_us.get(connection) {
            let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
            let mut took_us = took_us.lock().unwrap_or_else(PoisonError::into_inner);
            took_us.push(took);
        }
    }

    pub(super) fn leave_out(&self) {
        self.left_out.fetch_add(1, Ordering::Relaxed);
    }

    /// What came since the last call.
    pub(super) fn take_window(&self, rss_kb: u64) -> Window {
        let mut all = Vec::new();
        for took_us in &self.took_us {
            let mut took_us = took_us.lock().unwrap_or_else(PoisonError::into_inner);
            all.append(&mut took_us);
        }
        all.sort_unstable();
        let at = |percent: usize| {
            let place = all.len() * percent / 100;
            all.get(place).copied().unwrap_or(0)
        };
        Window {
            answered: u64::try_from(all.len()).unwrap_or(u64::MAX),
            p50_us: at(50),
            p99_us: at(99),
            rss_kb,
        }
    }

    pub(super) fn wrong(&self) -> Wrong {
        Wrong {
            lost: self.lost.load(Ordering::Relaxed),
            unexpected: self.unexpected.load(Ordering::Relaxed),
            status: self.status.load(Ordering::Relaxed),
            left_out: self.left_out.load(Ordering::Relaxed),
        }
    }
}
