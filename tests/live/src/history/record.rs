//! What clients were told, and when.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::tests::{Result, workspace_root};
use tollgate::store::{KeyChange, KeyRegistry as _};
use tollgate::time::{Clock as _, SystemClock, Timestamp};

use super::stand::Stand;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It may pass.
    Admitted,
    /// It may not pass.
    Refused,
    /// The limiter could not decide.
    Failed,
    /// Its process ended before it was decided.
    GivenUp,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// Which client made it.
    pub(super) client: usize,
    /// How many requests it counts for.
    pub(super) cost: u64,
    /// The true time before it.
    pub(super) began_at: Timestamp,
    /// The true time after it.
    pub(super) ended_at: Timestamp,
    pub(super) told: Told,
}

impl Record {
    pub(super) fn is_admitted(&self) -> bool {
        self.told == Told::Admitted
    }
}

/// A time in which a client's key was surely disabled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed {
    pub(super) client: usize,
    pub(super) from: Timestamp,
    /// `None` while it lasts.
    pub(super) to: Option<Timestamp>,
}

/// All that was told.
#[derive(Debug, Default)]
pub(super) struct History {
    records: Mutex<Vec<Record>>,
    closed: Mutex<Vec<Closed>>,
    /// One switch at a time.
    switching: tokio::sync::Mutex<()>,
}

/// How many requests ended how.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) admitted: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
    pub(super) given_up: u64,
}

impl History {
    pub(super) fn add(&self, record: Record) {
        lock(&self.records).push(record);
    }

    /// The admitted requests of one client, by when they began.
    pub(super) fn admitted(&self, client: usize) -> Vec<Record> {
        let mut admitted: Vec<_> = lock(&self.records)
            .iter()
            .filter(|record| record.client == client && record.is_admitted())
            .copied()
            .collect();
        admitted.sort_unstable_by_key(|record| record.began_at);
        admitted
    }

    pub(super) fn closed(&self) -> Vec<Closed> {
        lock(&self.closed).clone()
    }

    pub(super) fn switches(&self) -> usize {
        lock(&self.closed).len()
    }

    pub(super) fn count(&self) -> Count {
        let mut count = Count::default();
        for record in lock(&self.records).iter() {
            match record.told {
                Told::Admitted => count.admitted += 1,
                Told::Refused => count.refused += 1,
                Told::Failed => count.failed += 1,
                Told::GivenUp => count.given_up += 1,
            }
        }
        count
    }

    /// An operator enables what is disabled, or disables the key of one client.
    ///
    /// # Errors
    ///
    /// When the store does not take it. The operator does not go through the proxy.
    pub(super) async fn switch(&self, stand: &Stand, random: &mut fastrand::Rng) -> Result<()> {
        let Ok(_switching) = self.switching.try_lock() else {
            return Ok(());
        };
        let last = lock(&self.closed).last().copied();
        let (client, enabled) = match last {
            Some(Closed {
                client, to: None, ..
            }) => (client, true),
            Some(_) | None => (random.usize(..stand.clients.len()), false),
        };
        let change = KeyChange {
            enabled: Some(enabled),
            ..KeyChange::default()
        };
        let before = SystemClock.now();
        if enabled && let Some(closed) = lock(&self.closed).last_mut() {
            closed.to = Some(before);
        }
        let key_id = stand.key_id(client)?;
        stand.store.update_key(key_id, &change, before).await?;
        if !enabled {
            lock(&self.closed).push(Closed {
                client,
                from: SystemClock.now(),
                to: None,
            });
        }
        Ok(())
    }

    /// Enables what is still disabled.
    ///
    /// # Errors
    ///
    /// When the store does not take it.
    pub(super) async fn open_all(&self, stand: &Stand) -> Result<()> {
        let is_closed = lock(&self.closed)
            .last()
            .is_some_and(|last| last.to.is_none());
        if is_closed {
            self.switch(stand, &mut fastrand::Rng::with_seed(0)).await?;
        }
        Ok(())
    }

    /// Writes it all down, in a folder of its own under `target`.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub(super) fn save(&self) -> Result<PathBuf> {
        let folder = workspace_root().join("target/chaos");
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(format!("history-{}.txt", std::process::id()));
        let mut text = String::new();
        for record in lock(&self.records).iter() {
            let Record {
                client,
                cost,
                began_at,
                ended_at,
                told,
            } = record;
            let (began_ns, ended_ns) = (began_at.as_nanos(), ended_at.as_nanos());
            writeln!(text, "{client} {cost} {began_ns} {ended_ns} {told:?}")?;
        }
        for closed in lock(&self.closed).iter() {
            writeln!(text, "{closed:?}")?;
        }
        std::fs::write(&file, text)?;
        Ok(file)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
