//! The embedded DynamoDB: one store in this process, served on loopback for functions, the command line and any other client.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The file of the store, within its directory.
const STORE_FILE: &str = "dynamodb.sqlite";
const LOCK_FILE: &str = "lock";

/// How long requests that are running may take when the store stops.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// Why the embedded store cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The directory cannot be made or written.
    #[error("the directory `{}` cannot be used for the store: {cause}", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Another gateway has the directory.
    #[error("another gateway uses the store in `{}`; stop it, or give this one another --data directory", .0.display())]
    InUse(PathBuf),
    /// The store does not open.
    #[error("the embedded DynamoDB does not open: {0}")]
    Open(String),
}

/// A running store. It stops when it is dropped, or after [`Embedded::stop`].
#[derive(Debug)]
pub struct Embedded {
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
    /// Held, so that no other gateway opens the same files.
    _lock: Option<File>,
}

impl Embedded {
    /// Opens the store in `directory`, or an empty one in memory, and serves it on `listener`.
    ///
    /// # Errors
    ///
    /// When the directory cannot be used, another gateway uses it, or its files are damaged.
    pub fn start(listener: TcpListener, directory: Option<&Path>) -> Result<Self, EmbeddedError> {
        let (database, lock) = match directory {
            None => (Database::memory(), None),
            Some(directory) => {
                let lock = lock(directory)?;
                let file = directory.join(STORE_FILE);
                (Database::new(&file.to_string_lossy()), Some(lock))
            }
        };
        let database = database.map_err(|error| EmbeddedError::Open(error.to_string()))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(
            listener,
            database,
            async {
                // A sender that is gone stops the server as well.
                let _ = stopped.await;
            },
        ));
        Ok(Self {
            stop,
            server,
            _lock: lock,
        })
    }

    /// Stops serving, lets running requests end, and closes the files.
    pub async fn stop(self) {
        // The server may have ended by itself.
        let _ = self.stop.send(());
        let end = self.server.abort_handle();
        if tokio::time::timeout(STOP_GRACE, self.server).await.is_err() {
            end.abort();
        }
    }
}

fn lock(directory: &Path) -> Result<File, EmbeddedError> {
    let failed = |cause| EmbeddedError::Directory {
        directory: directory.to_owned(),
        cause,
    };
    // The store holds the values of keys, so nobody else may read it. SQLite gives its other files the mode of the first.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(failed)?;
    let open = |name| {
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(directory.join(name))
            .map_err(failed)
    };
    let file = open(LOCK_FILE)?;
    match file.try_lock() {
        Ok(()) => open(STORE_FILE).map(|_store| file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedError::InUse(directory.to_owned())),
        Err(TryLockError::Error(cause)) => Err(failed(cause)),
    }
}
