//! Reading again what is kept in memory: one task at a time does it, the others wait for that one or go on with what is there.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tollgate::store::StoreError;
use tollgate::time::{Clock, Timestamp};

/// For how long after a failure what is there has to do: a store that asks to be called less, or is gone, is not asked by each visitor.
const PAUSE: Duration = Duration::from_secs(5);

/// From this age on nobody has looked for long, and what has changed meanwhile is worth more of a wait.
const STALE: Duration = Duration::from_mins(1);

/// How long a visitor waits in place of seeing what is stale.
const PATIENCE_WITH_STALE: Duration = Duration::from_secs(2);

/// How good what is kept has to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freshness {
    /// Younger than this, it is not read again.
    pub(super) fresh: Duration,
    /// How long a visitor waits for something newer, unless what is kept is stale.
    pub(super) patience: Duration,
}

/// The loads of one thing. Clones share them.
#[derive(Clone)]
pub(super) struct Loads {
    clock: Arc<dyn Clock>,
    running: Arc<Mutex<()>>,
    /// Changes with the end of each load.
    last: watch::Sender<Last>,
}

/// What the last load came to.
#[derive(Clone, Debug, Default)]
struct Last {
    failure: Option<(Timestamp, StoreError)>,
}

impl Loads {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            running: Arc::default(),
            last: watch::Sender::default(),
        }
    }

    /// What is kept. When it is old, it is read again; when that takes long, it is good enough for this visitor, and the next one sees the
    /// new one. `read_at` says when it was read, and nothing when it is known to lack a change.
    pub(super) async fn kept<T: Send + Sync>(
        &self,
        known: impl Fn() -> Option<Arc<T>>,
        read_at: impl FnOnce(&T) -> Option<Timestamp>,
        freshness: Freshness,
        load: impl Future<Output = Result<Arc<T>, StoreError>> + Send + 'static,
    ) -> Result<Arc<T>, StoreError> {
        let Some(kept) = known() else {
            return self.first(known, load).await;
        };
        let age = read_at(&kept).map(|at| self.clock.now().abs_diff(at));
        let patience = match age {
            Some(age) if age < freshness.fresh => return Ok(kept),
            Some(age) if age < STALE => freshness.patience,
            Some(_) | None => PATIENCE_WITH_STALE,
        };
        self.renew(patience, load).await;
        Ok(known().unwrap_or(kept))
    }

    /// Loads what is not there yet, or waits for whoever does, and comes to the same end as that load.
    pub(super) async fn first<T>(
        &self,
        known: impl Fn() -> Option<T>,
        load: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let last = self.last.subscribe();
        let _running = self.running.lock().await;
        if let Some(value) = known() {
            return Ok(value);
        }
        if last.has_changed().unwrap_or(false)
            && let Some((_, error)) = &last.borrow().failure
        {
            return Err(error.clone());
        }
        self.carry_out(load).await
    }

    /// Loads once more, after the one that may be running.
    pub(super) async fn once_more<T>(
        &self,
        load: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let _running = self.running.lock().await;
        self.carry_out(load).await
    }

    /// Starts a load, if none is running and none has failed a moment ago, and waits for its end for as long as `patience` lasts. It goes on
    /// afterwards.
    pub(super) async fn renew<T: Send>(
        &self,
        patience: Duration,
        load: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) {
        let mut last = self.last.subscribe();
        if let Ok(running) = Arc::clone(&self.running).try_lock_owned() {
            if self.is_pausing() {
                return;
            }
            let loads = self.clone();
            tokio::spawn(async move {
                let _running = running;
                if let Err(error) = loads.carry_out(load).await {
                    tracing::warn!(%error, "the console could not read its lists again");
                }
            });
        }
        let _too_slow = tokio::time::timeout(patience, last.changed()).await;
    }

    async fn carry_out<T>(
        &self,
        load: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let loaded = load.await;
        let failure = loaded.as_ref().err();
        let failure = failure.map(|error| (self.clock.now(), error.clone()));
        self.last.send_replace(Last { failure });
        loaded
    }

    fn is_pausing(&self) -> bool {
        let last = self.last.borrow();
        let failure = last.failure.as_ref();
        failure.is_some_and(|(at, _)| self.clock.now().abs_diff(*at) < PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tollgate::time::SystemClock;

    use super::*;

    const PATIENCE: Duration = Duration::from_mins(1);

    fn loads() -> (Loads, Arc<AtomicUsize>) {
        (Loads::new(Arc::new(SystemClock)), Arc::default())
    }

    #[tokio::test]
    async fn a_visitor_waits_for_the_load_of_another_one() {
        let (loads, count) = loads();
        let (go, mut going) = watch::channel(false);
        let load = |count: &Arc<AtomicUsize>| {
            let count = Arc::clone(count);
            let mut going = going.clone();
            async move {
                count.fetch_add(1, Ordering::Relaxed);
                let _going = going.wait_for(|is_going| *is_going).await;
                Ok(())
            }
        };
        let ends = async {
            tokio::task::yield_now().await;
            go.send_replace(true);
        };
        tokio::join!(
            loads.renew(PATIENCE, load(&count)),
            loads.renew(PATIENCE, load(&count)),
            loads.renew(Duration::ZERO, load(&count)),
            ends,
        );
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert!(*going.borrow_and_update());
    }

    #[tokio::test]
    async fn a_failure_is_that_of_all_who_waited_and_nobody_tries_again_at_once() {
        let (loads, count) = loads();
        let load = |count: &Arc<AtomicUsize>| {
            let count = Arc::clone(count);
            async move {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Err::<(), _>(StoreError::broken("no table"))
            }
        };
        let (one, other) = tokio::join!(
            loads.first(|| None, load(&count)),
            loads.first(|| None, load(&count))
        );
        assert!(one.is_err() && other.is_err());
        loads.renew(PATIENCE, load(&count)).await;
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert!(loads.once_more(load(&count)).await.is_err());
        assert_eq!(count.load(Ordering::Relaxed), 2, "who insists is served");
    }
}
