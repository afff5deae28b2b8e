//! Connections that are kept for the next request to the same server.
//!
//! Who has read an answer to its end gives the connection back itself: no task waits for it.
//! One task closes what has been idle for too long, as long as there is something idle.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::uri::{Authority, Scheme};
use tokio::time::Instant;

use super::connection::Connection;

/// How long an idle connection is kept. Servers keep theirs for 5 s or longer: a request on one that is just being closed would fail.
const IDLE: Duration = Duration::from_secs(4);

/// The most idle connections to one server in one shard.
const MAX_IDLE_OF_SERVER: usize = 256;

/// The most idle connections to all servers.
const MAX_IDLE: usize = 1_024;

/// How many shards there are: each thread begins with its own, so that threads do not wait for each other.
const SHARDS: usize = 16;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

/// A connection that is to come back.
#[derive(Debug)]
pub(super) struct Lent {
    pub(super) pool: Pool,
    pub(super) origin: Origin,
    pub(super) connection: Connection,
}

impl Lent {
    /// Its last answer has been read to its end.
    pub(super) fn give_back(self) {
        self.pool.give_back(self.origin, self.connection);
    }
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

/// By server, the one that was used last at the end. No list is empty.
type Shard = Mutex<HashMap<Origin, Vec<Idle>>>;

/// Idle connections to all servers. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    shards: [Shard; SHARDS],
    /// How many there are in all shards.
    count: AtomicUsize,
    /// Whether a task closes the old ones.
    is_swept: AtomicBool,
}

thread_local! {
    /// The shard that this thread begins with.
    static HOME: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS
    };
}

impl Pool {
    /// A connection to a server that takes a request, if one is idle: the one that was used last.
    pub(super) async fn take(&self, origin: &Origin) -> Option<Connection> {
        while let Some(mut connection) = self.0.pop(origin) {
            // The server may have closed it meanwhile.
            if connection.is_ready().await {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection whose last answer has been read to its end, if it can take another request and there are not too many.
    fn give_back(&self, origin: Origin, mut connection: Connection) {
        if connection.is_reusable() && self.0.push(origin, connection) {
            self.sweep();
        }
    }

    /// Closes what is idle for too long, from now until nothing is idle.
    fn sweep(&self) {
        if self.0.is_swept.swap(true, Ordering::AcqRel) {
            return;
        }
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(IDLE).await;
                let Some(inner) = Weak::upgrade(&inner) else {
                    return;
                };
                inner.close_old(Instant::now());
                if inner.count.load(Ordering::Acquire) == 0 {
                    inner.is_swept.swap(false, Ordering::AcqRel);
                    // One may have come before that was seen.
                    if inner.count.load(Ordering::Acquire) == 0
                        || inner.is_swept.swap(true, Ordering::AcqRel)
                    {
                        return;
                    }
                }
            }
        });
    }
}

impl Inner {
    fn pop(&self, origin: &Origin) -> Option<Connection> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let now = Instant::now();
        self.shards_from_home().find_map(|shard| {
            let mut shard = lock(shard);
            let idle = shard.get_mut(origin)?;
            let newest = idle.pop().filter(|newest| !newest.is_old(now));
            if newest.is_none() || idle.is_empty() {
                // The others have been idle for longer still.
                let others = shard.remove(origin).map_or(0, |others| others.len());
                self.forget(others);
            }
            self.forget(1);
            newest.map(|newest| newest.connection)
        })
    }

    fn push(&self, origin: Origin, connection: Connection) -> bool {
        let Some(shard) = self.shards_from_home().next() else {
            return false;
        };
        if self.count.fetch_add(1, Ordering::AcqRel) >= MAX_IDLE {
            self.forget(1);
            return false;
        }
        let since = Instant::now();
        let mut shard = lock(shard);
        let idle = shard.entry(origin).or_default();
        if idle.len() >= MAX_IDLE_OF_SERVER {
            // The oldest stands in front.
            idle.remove(0);
            self.forget(1);
        }
        idle.push(Idle { connection, since });
        true
    }

    fn close_old(&self, now: Instant) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.retain(|_, idle| {
                let before = idle.len();
                idle.retain(|each| !each.is_old(now));
                self.forget(before.saturating_sub(idle.len()));
                !idle.is_empty()
            });
        }
    }

    fn forget(&self, connections: usize) {
        self.count.fetch_sub(connections, Ordering::AcqRel);
    }

    fn shards_from_home(&self) -> impl Iterator<Item = &Shard> {
        let home = HOME.with(|home| *home);
        self.shards.iter().cycle().skip(home).take(SHARDS)
    }
}

impl Idle {
    fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= IDLE
    }
}

fn lock(shard: &Shard) -> MutexGuard<'_, HashMap<Origin, Vec<Idle>>> {
    // A panic cannot leave half a connection.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection to nobody who would close it.
    async fn connection() -> (Connection, tokio::io::DuplexStream) {
        let (here, there) = tokio::io::duplex(64);
        let stream = hyper_util::rt::TokioIo::new(here);
        (Connection::over(stream).await.unwrap(), there)
    }

    fn server(number: usize) -> Origin {
        Origin {
            scheme: Scheme::HTTP,
            authority: format!("h{number}:80").parse().unwrap(),
        }
    }

    #[tokio::test]
    async fn as_many_connections_are_kept_as_are_allowed_for_all_servers_together() {
        let pool = Pool::default();
        let mut others = Vec::new();
        for number in 0..MAX_IDLE + 10 {
            let (connection, there) = connection().await;
            others.push(there);
            pool.give_back(server(number), connection);
        }
        assert_eq!(pool.0.count.load(Ordering::SeqCst), MAX_IDLE);
        assert!(pool.take(&server(0)).await.is_some());
        assert!(pool.take(&server(0)).await.is_none());
        assert!(pool.take(&server(MAX_IDLE + 1)).await.is_none());
        assert_eq!(pool.0.count.load(Ordering::SeqCst), MAX_IDLE - 1);
    }

    #[tokio::test]
    async fn of_one_server_the_oldest_gives_way() {
        let pool = Pool::default();
        let mut others = Vec::new();
        for _ in 0..MAX_IDLE_OF_SERVER + 10 {
            let (connection, there) = connection().await;
            others.push(there);
            pool.give_back(server(0), connection);
        }
        assert_eq!(pool.0.count.load(Ordering::SeqCst), MAX_IDLE_OF_SERVER);
    }

    #[tokio::test]
    async fn what_is_idle_for_too_long_is_closed_though_nobody_asks_for_it() {
        let pool = Pool::default();
        let (connection, _there) = connection().await;
        pool.give_back(server(0), connection);
        assert_eq!(pool.0.count.load(Ordering::SeqCst), 1);
        pool.0.close_old(Instant::now());
        assert_eq!(pool.0.count.load(Ordering::SeqCst), 1);
        pool.0.close_old(Instant::now() + IDLE);
        assert_eq!(pool.0.count.load(Ordering::SeqCst), 0);
        assert!(pool.take(&server(0)).await.is_none());
    }

    #[tokio::test]
    async fn a_connection_that_the_other_side_has_closed_is_not_kept() {
        let pool = Pool::default();
        let (connection, there) = connection().await;
        drop(there);
        pool.give_back(server(0), connection);
        assert_eq!(pool.0.count.load(Ordering::SeqCst), 0);
    }
}
