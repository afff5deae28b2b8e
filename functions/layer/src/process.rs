//! The proxy's process: a child of the runtime's, which it must not outlive.

use std::ffi::OsStr;
use std::io;
use std::net::TcpListener as StdListener;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{
    DumpableBehavior, Pid, Signal, getppid, set_dumpable_behavior, set_parent_process_death_signal,
};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tollgate::http::VariableError;
use tollgate::logs::Logs;

use crate::config::Config;
use crate::plans::Plans;
use crate::proxy::{Ending, Proxy, ProxyError};

/// How long a runtime has, after the signal to end, for the answers that it still owes. Lambda kills all processes after half a second.
const GRACE: Duration = Duration::from_millis(200);

/// The proxy cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The wrapper did not say which process it is.
    #[error("the process to serve is not named")]
    NoParent,
    /// The operating system refused something.
    #[error("the operating system refused a call")]
    System(#[from] io::Error),
    /// A variable of Lambda's own is missing.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// The platform's address cannot be one.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
}

/// Serves the process `parent`, which has made the listener that is this process's standard input. Returns when it ends, or when both are
/// told to end.
///
/// # Errors
///
/// When the proxy cannot run.
pub fn run(parent: Option<&OsStr>) -> Result<(), ProcessError> {
    let parent = parent
        .and_then(|text| text.to_str()?.parse().ok())
        .and_then(Pid::from_raw)
        .ok_or(ProcessError::NoParent)?;
    // Its environment has the pepper, which the function is not to read from there.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(io::Error::from)?;
    // TERM and not KILL, so that leases are given back when the runtime crashes, too.
    set_parent_process_death_signal(Some(Signal::TERM)).map_err(io::Error::from)?;
    // It may have ended before it could be watched.
    if getppid() != Some(parent) {
        return Ok(());
    }
    Logs::from_env(&["layer"]).start();
    let listener = StdListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(parent, listener))
}

async fn serve(parent: Pid, listener: StdListener) -> Result<(), ProcessError> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let listener = TcpListener::from_std(listener)?;
    let config = Config::from_env()?;
    let proxy = Arc::new(Proxy::new(&config, Plans::from_config(&config))?);
    tokio::spawn(Arc::clone(&proxy).serve(listener));
    tokio::spawn({
        let proxy = Arc::clone(&proxy);
        async move { proxy.prepared().await }
    });
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    let ending = if getppid() == Some(parent) {
        Ending::Asked
    } else {
        Ending::RuntimeGone
    };
    proxy.close(ending, GRACE).await;
    Ok(())
}
