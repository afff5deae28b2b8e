//! Which process gets which invocation, and when another process is started.
//!
//! The pool does no I/O and reads no clock. Its callers hold its lock, tell it what happened, and do what it returns.
//!
//! A process has as many invocations in hand as it polls for, up to the function's concurrency in one process. Where that is one, as on
//! Lambda by default, a time-out ends the process, and so does a process that does not ask again after its answer. Where it is more,
//! as on Lambda Managed Instances, a time-out ends the invocation alone: the process goes on with the others, and its late answer is
//! thrown away.
//!
//! An invocation waits for a process that is on its way: one that starts, or one that polls again right after an answer. When that one
//! does not come within 100 ms, another is started.

mod handing;
mod lives;
mod queue;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::InvokeError;
use super::config::FunctionConfig;

use queue::Queue;
pub use queue::QueueBytes;
use state::{Environment, Reply, send};
pub(super) use state::{Job, PollId, Polled, Start, Submitted, Verdict, Work};

/// The queue and the processes of one function.
#[derive(Debug)]
pub(super) struct Pool {
    timeout: Duration,
    /// The most processes.
    concurrency: usize,
    /// The most invocations in one process.
    per_process: usize,
    queue: Queue,
    environments: BTreeMap<u64, Environment>,
    /// Environments with waiting polls, as often as they have such, the one that was used last at the end.
    idle: Vec<u64>,
    next_id: u64,
    next_poll: u64,
    ready: Vec<Reply<()>>,
    /// Failed initialisations since the last that succeeded.
    init_failures: u32,
    not_before: Option<Instant>,
    closed: bool,
}

impl Pool {
    pub(super) fn new(config: &FunctionConfig) -> Self {
        Self {
            timeout: config.timeout,
            concurrency: config.concurrency.max(1),
            per_process: config.per_process.max(1),
            queue: Queue::new(config.queue_limit, config.queue_bytes.clone()),
            environments: BTreeMap::new(),
            idle: Vec::new(),
            next_id: 0,
            next_poll: 0,
            ready: Vec::new(),
            init_failures: 0,
            not_before: None,
            closed: false,
        }
    }

    /// Queues a job, and wakes an idle process or asks for another.
    pub(super) fn submit(&mut self, job: Job, now: Instant) -> Submitted {
        if self.closed {
            return Submitted::Refused(InvokeError::ShuttingDown);
        }
        match self.queue.push(job) {
            Ok(()) => Submitted::Queued(self.wake_or_start(now)),
            Err(error) => Submitted::Refused(error),
        }
    }

    /// Refuses what waits and what comes. Invocations in hand may still be answered.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.fail_waiting(&InvokeError::ShuttingDown);
    }

    fn fail_waiting(&mut self, error: &InvokeError) {
        self.queue.fail(error);
        for ready in self.ready.drain(..) {
            send(ready, Err(error.clone()));
        }
    }
}
