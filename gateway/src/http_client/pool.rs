//! Connections that are kept for the next request to the same server.
//!
//! An answer is read whole before it is handed on, so who has sent a request gives the connection back itself: no task waits for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::time::Instant;

/// How long an idle connection is kept. Servers keep theirs for 5 s or longer: a request on one that is just being closed would fail.
const IDLE: Duration = Duration::from_secs(4);

/// The most idle connections to one server in one shard.
const MAX_IDLE: usize = 256;

/// How many shards there are: each thread begins with its own, so that threads do not wait for each other.
const SHARDS: usize = 16;

/// A connection that takes one request after the other.
pub(super) type Connection = SendRequest<Full<Bytes>>;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

type Shard = Mutex<HashMap<Origin, Vec<Idle>>>;

/// Idle connections to all servers.
#[derive(Debug, Default)]
pub(super) struct Pool {
    shards: [Shard; SHARDS],
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
        while let Some(mut connection) = self.pop(origin) {
            // The server may have closed it meanwhile.
            if connection.ready().await.is_ok() {
                return Some(connection);
            }
        }
        None
    }

    fn pop(&self, origin: &Origin) -> Option<Connection> {
        let now = Instant::now();
        self.shards_from_home().find_map(|shard| {
            let mut shard = lock(shard);
            let idle = shard.get_mut(origin)?;
            let newest = idle.pop()?;
            if now.saturating_duration_since(newest.since) < IDLE {
                return Some(newest.connection);
            }
            // The others have been idle for longer still.
            shard.remove(origin);
            None
        })
    }

    /// Keeps a connection whose last answer has been read to its end.
    pub(super) fn give_back(&self, origin: Origin, connection: Connection) {
        let Some(shard) = self.shards_from_home().next() else {
            return;
        };
        let now = Instant::now();
        let mut shard = lock(shard);
        let idle = shard.entry(origin).or_default();
        if idle.len() >= MAX_IDLE {
            // The oldest stand in front.
            idle.retain(|each| now.saturating_duration_since(each.since) < IDLE);
        }
        if idle.len() < MAX_IDLE {
            idle.push(Idle {
                connection,
                since: now,
            });
        }
    }

    fn shards_from_home(&self) -> impl Iterator<Item = &Shard> {
        let home = HOME.with(|home| *home);
        self.shards.iter().cycle().skip(home).take(SHARDS)
    }
}

fn lock(shard: &Shard) -> MutexGuard<'_, HashMap<Origin, Vec<Idle>>> {
    // A panic cannot leave half a connection.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
