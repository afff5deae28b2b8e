//! A build that can be stopped while another thread waits for it.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// A build, from its start to its end. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Build(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    is_stopped: bool,
    /// The process that builds. It is reaped under the lock, so that no signal reaches another with its id.
    process: Option<Child>,
}

/// Stops a build when it is dropped, if that has not ended.
#[derive(Debug)]
pub struct StoppedOnDrop(Build);

impl Build {
    /// Ends the build with the returned guard at the latest.
    #[must_use]
    pub fn stopped_on_drop(&self) -> StoppedOnDrop {
        StoppedOnDrop(self.clone())
    }

    /// Starts a command in a group of its own: an interrupt at the terminal reaches the gateway alone, which then stops all of it.
    pub(super) fn start(&self, command: &mut Command) -> io::Result<Option<ChildStdout>> {
        let mut state = self.state();
        if state.is_stopped {
            return Err(io::Error::other("the build was stopped"));
        }
        let mut process = command.process_group(0).spawn()?;
        let stdout = process.stdout.take();
        state.process = Some(process);
        Ok(stdout)
    }

    /// Waits for the end of the command, which has closed its output. Whether it succeeded.
    pub(super) fn wait(&self) -> io::Result<bool> {
        let mut state = self.state();
        let status = state.process.take().map(|mut process| process.wait());
        Ok(status.transpose()?.is_some_and(|status| status.success()))
    }

    /// Runs a command to its end, with what it says on stderr. Whether it succeeded.
    pub(super) fn run(&self, command: &mut Command) -> io::Result<bool> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some(mut stdout) = self.start(command)? {
            // stdout is for data: whoever reads it does not expect what a builder says.
            io::copy(&mut stdout, &mut io::stderr())?;
        }
        self.wait()
    }

    fn stop(&self) {
        let mut state = self.state();
        state.is_stopped = true;
        if let Some(process) = &state.process
            && let Err(error) = kill_process_group(Pid::from_child(process), Signal::TERM)
        {
            tracing::debug!(%error, "the build has ended already");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave half a process.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StoppedOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn sleeping() -> Command {
        let mut command = Command::new("sh");
        // Its child has the pipe as well: both have to end.
        command.args(["-c", "echo started; sleep 3600; true"]);
        command.stdout(Stdio::piped());
        command
    }

    #[test]
    fn a_build_that_is_stopped_ends_with_all_that_it_has_started() {
        let build = Build::default();
        let guard = build.stopped_on_drop();
        let mut stdout = build.start(&mut sleeping()).unwrap().unwrap();
        let mut started = [0; 8];
        stdout.read_exact(&mut started).unwrap();
        drop(guard);
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert!(!build.wait().unwrap());
    }

    #[test]
    fn a_build_that_was_stopped_does_not_start() {
        let build = Build::default();
        drop(build.stopped_on_drop());
        assert!(build.start(&mut sleeping()).is_err());
    }
}
