//! One process of a function: started, and ended without leaving a zombie.

use std::io;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use super::config::FunctionConfig;

/// Starts the function's executable with its output piped.
///
/// The process leads a group of its own: what it starts ends with it, and an interrupt at the terminal reaches the
/// gateway alone, which then ends the process in order.
pub(super) fn spawn(
    config: &FunctionConfig,
    runtime_api: SocketAddr,
    log_stream: u64,
) -> io::Result<Child> {
    Command::new(&config.binary)
        .current_dir(&config.working_directory)
        .env_clear()
        .envs(config.process_environment(runtime_api, log_stream))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// Asks the process to end, kills it when it has not after the grace, and reaps it.
pub(super) async fn terminate(child: &mut Child, grace: Duration) {
    signal_group(child, Signal::TERM);
    if tokio::time::timeout(grace, child.wait()).await.is_err() {
        kill(child).await;
    }
}

/// Kills the process with all that it started, and reaps it.
pub(super) async fn kill(child: &mut Child) {
    signal_group(child, Signal::KILL);
    if let Err(error) = child.kill().await {
        tracing::debug!(%error, "a process could not be killed");
    }
}

/// Sends a signal to the process's group, unless the process has been reaped: then its id may be another's.
fn signal_group(child: &Child, signal: Signal) {
    let group = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    if let Some(group) = group
        && let Err(error) = kill_process_group(group, signal)
    {
        tracing::debug!(%error, "a process group could not be signalled");
    }
}

/// The exit status or the signal, in words.
pub(super) fn describe(status: &io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => format!("an unknown status ({error})"),
    }
}
