//! Where the gateway and its functions log: a line for each request, and what functions write, on stderr.

use std::io::{self, IsTerminal};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// What is logged unless the operator says otherwise.
const DEFAULT_FILTER: &str = "info";

/// Starts logging; what has been logged is written before the guard is gone.
///
/// Lines are thrown away when nobody takes them fast enough, so that a full pipe holds up no request.
pub(super) fn start(filter: Option<&str>) -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .thread_name("logs")
        .finish(io::stderr());
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
    guard
}
