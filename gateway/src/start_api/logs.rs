//! Where the gateway and its functions log: a line for each request, and what functions write, on stderr.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// What is logged unless the operator says otherwise.
///
/// The embedded store warns of every condition that does not hold, which is nothing to worry about. Functions have levels of their own.
/// The limiter's line for a denial says what the request's own line says as well.
const DEFAULT_FILTER: &str = "info,dynoxide=error,tollgate::function=trace,tollgate::limiter=warn";

/// Starts logging; what has been logged is written before the guard is gone.
///
/// Lines are thrown away when nobody takes them fast enough, so that a full pipe holds up no request.
///
/// # Errors
///
/// When stderr cannot be opened a second time.
pub(super) fn start(filter: Option<&str>) -> io::Result<WorkerGuard> {
    // Not by way of `io::stderr`: whoever waits for a full pipe there holds its lock, and would hold up the command's own messages.
    let stderr = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .thread_name("logs")
        .finish(stderr);
    let filter = EnvFilter::new(filter.unwrap_or(DEFAULT_FILTER));
    let started = tracing_subscriber::fmt()
        .compact()
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(filter)
        .with_writer(writer)
        .try_init();
    // Another subscriber stands already when the gateway runs within a larger program.
    drop(started);
    Ok(guard)
}
