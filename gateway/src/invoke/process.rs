//! One process of a function: started, and ended without leaving a zombie.

use std::io;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use super::config::FunctionConfig;

/// How often it is looked whether what a process has started is gone.
const GROUP_PAUSE: Duration = Duration::from_millis(10);

/// A process of a function, and all that it starts: they are a group, which ends with it, or at the latest when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// `None` once it was killed.
    group: Option<Pid>,
}

impl Process {
    /// Starts the function's executable with its output piped.
    ///
    /// The process leads a group of its own: what it starts ends with it, and an interrupt at the terminal reaches the
    /// gateway alone, which then ends the process in order.
    pub(super) fn spawn(
        config: &FunctionConfig,
        runtime_api: SocketAddr,
        log_stream: u64,
    ) -> io::Result<Self> {
        let child = Command::new(&config.binary)
            .args(&config.arguments)
            .current_dir(&config.working_directory)
            .env_clear()
            .envs(config.process_environment(runtime_api, log_stream))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            child,
            group: id.and_then(Pid::from_raw),
        })
    }

    /// What it writes to stdout. `None` when somebody has it already.
    pub(super) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// What it writes to stderr. `None` when somebody has it already.
    pub(super) fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// Waits until the process ends by itself, reaps it, and kills what it has left behind.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.kill_group();
        status
    }

    /// Asks the process and its group to end, kills what has not after the grace, and reaps the process.
    pub(super) async fn terminate(&mut self, grace: Duration) {
        self.signal_group(Signal::TERM);
        let end_in_order = async {
            if let Err(error) = self.child.wait().await {
                tracing::debug!(%error, "a process could not be waited for");
            }
            // An extension may need longer than the process that it serves.
            while self
                .group
                .is_some_and(|it| test_kill_process_group(it).is_ok())
            {
                tokio::time::sleep(GROUP_PAUSE).await;
            }
        };
        if tokio::time::timeout(grace, end_in_order).await.is_err() {
            self.kill().await;
        }
        self.group = None;
    }

    /// Kills the process with all that it started, and reaps it.
    pub(super) async fn kill(&mut self) {
        self.kill_group();
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, "a process could not be killed");
        }
    }

    fn kill_group(&mut self) {
        self.signal_group(Signal::KILL);
        self.group = None;
    }

    /// Sends a signal to the process's group. While one of the group lives, no other process can have its id, even when the process itself
    /// has been reaped.
    fn signal_group(&self, signal: Signal) {
        if let Some(group) = self.group
            && let Err(error) = kill_process_group(group, signal)
        {
            tracing::trace!(%error, "nothing is left of a process group");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// The exit status or the signal, in words.
pub(super) fn describe(status: &io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => format!("an unknown status ({error})"),
    }
}
