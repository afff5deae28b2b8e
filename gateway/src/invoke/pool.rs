//! Which process gets which invocation, and when another process is started.
//!
//! The pool does no I/O and reads no clock. Its callers hold its lock, tell it what happened, and do what it returns.

mod state;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::config::FunctionConfig;
use super::{Answer, InvokeError};
use crate::runtime_api::{FunctionError, Outcome, Refusal};

use state::{Current, Environment, Phase, Reply, send};
pub(super) use state::{Job, Polled, Start, Submitted, Verdict, Work};

/// The wait before the second start in a row after a failed initialisation; it doubles with each failure.
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);

/// The longest wait before a start.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(5);

/// The queue and the processes of one function.
#[derive(Debug)]
pub(super) struct Pool {
    timeout: Duration,
    concurrency: usize,
    queue_limit: usize,
    queue: VecDeque<Job>,
    environments: BTreeMap<u64, Environment>,
    /// Environments with a waiting poll, the one that was used last at the end.
    idle: Vec<u64>,
    next_id: u64,
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
            queue_limit: config.queue_limit,
            queue: VecDeque::new(),
            environments: BTreeMap::new(),
            idle: Vec::new(),
            next_id: 0,
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
        if self.queue.len() >= self.queue_limit {
            self.forget_withdrawn();
        }
        let waiting = self.queue.len();
        if waiting >= self.queue_limit {
            return Submitted::Refused(InvokeError::Overloaded { waiting });
        }
        self.queue.push_back(job);
        Submitted::Queued(self.wake_or_start(now))
    }

    /// Notifies `ready` when a process has initialised; asks for one when there is none.
    pub(super) fn warm_up(&mut self, ready: Reply<()>, now: Instant) -> Option<Start> {
        if self.closed {
            send(ready, Err(InvokeError::ShuttingDown));
            return None;
        }
        let initialised = self
            .environments
            .values()
            .any(|environment| match environment.phase {
                Phase::Starting(_) | Phase::InitFailed(_) => false,
                Phase::Idle(_)
                | Phase::Woken
                | Phase::Busy(_)
                | Phase::Answered(_)
                | Phase::Detached => true,
            });
        if initialised {
            send(ready, Ok(()));
            return None;
        }
        self.ready.push(ready);
        self.environments.is_empty().then(|| self.register(now))
    }

    /// The process was spawned: its initialisation must end by `deadline`.
    pub(super) fn spawned(&mut self, id: u64, deadline: Instant) {
        if let Some(environment) = self.environments.get_mut(&id) {
            environment.phase = Phase::Starting(Some(deadline));
        }
    }

    /// The process asks for work.
    pub(super) fn poll(&mut self, id: u64, now: Instant) -> Polled {
        let Some(environment) = self.environments.get_mut(&id) else {
            return Polled::Refused(Refusal::InvalidState);
        };
        let mut first_poll = false;
        match environment.phase {
            Phase::Busy(_) | Phase::InitFailed(_) => {
                return Polled::Refused(Refusal::InvalidState);
            }
            Phase::Starting(_) => {
                first_poll = true;
                self.init_failures = 0;
                self.not_before = None;
                for ready in self.ready.drain(..) {
                    send(ready, Ok(()));
                }
            }
            Phase::Idle(_) => self.idle.retain(|idle| *idle != id),
            Phase::Woken | Phase::Answered(_) | Phase::Detached => {}
        }
        while let Some(job) = self.queue.pop_front() {
            if job.reply.is_closed() {
                continue;
            }
            environment.phase = Phase::Busy(Current {
                request_id: job.request_id.clone(),
                reply: job.reply,
                since: now,
                deadline: now + self.timeout,
            });
            if environment.timer.is_none_or(|at| at > now + self.timeout) {
                environment.supervisor.notify_one();
            }
            let work = Work {
                request_id: job.request_id,
                trace_id: job.trace_id,
                payload: job.payload,
            };
            // Starts were held back while initialisation failed; now it has succeeded.
            let start = first_poll.then(|| self.wake_or_start(now)).flatten();
            return Polled::Work(work, start);
        }
        let (wake, woken) = oneshot::channel();
        environment.phase = Phase::Idle(wake);
        self.idle.push(id);
        Polled::Wait(woken)
    }

    /// A waiting poll was dropped: the process cannot be given work until it polls again.
    pub(super) fn abandon_poll(&mut self, id: u64, now: Instant) -> Option<Start> {
        let environment = self.environments.get_mut(&id)?;
        match &environment.phase {
            // A newer poll has taken the place of the dropped one when its receiver is alive.
            Phase::Idle(wake) if wake.is_closed() => self.idle.retain(|idle| *idle != id),
            Phase::Woken => {}
            Phase::Idle(_)
            | Phase::Starting(_)
            | Phase::InitFailed(_)
            | Phase::Busy(_)
            | Phase::Answered(_)
            | Phase::Detached => return None,
        }
        environment.phase = Phase::Detached;
        self.wake_or_start(now)
    }

    /// Whether the process has this invocation in hand.
    pub(super) fn is_current(&self, id: u64, request_id: &str) -> bool {
        self.environments
            .get(&id)
            .is_some_and(|environment| match &environment.phase {
                Phase::Busy(current) => current.request_id.as_bytes() == request_id.as_bytes(),
                Phase::Starting(_)
                | Phase::InitFailed(_)
                | Phase::Idle(_)
                | Phase::Woken
                | Phase::Answered(_)
                | Phase::Detached => false,
            })
    }

    /// The process has answered. An answer that nobody waits for any more is dropped.
    pub(super) fn complete(
        &mut self,
        id: u64,
        request_id: &str,
        outcome: Outcome,
        now: Instant,
    ) -> Result<(), Refusal> {
        if !self.is_current(id, request_id) {
            return Err(Refusal::UnknownRequestId);
        }
        let current = self.take_current(id).ok_or(Refusal::UnknownRequestId)?;
        let answer = match outcome {
            Ok(payload) => Ok(Answer {
                payload,
                duration: now.saturating_duration_since(current.since),
            }),
            Err(FunctionError {
                error_type,
                message,
            }) => Err(InvokeError::Function {
                error_type,
                message,
            }),
        };
        send(current.reply, answer);
        Ok(())
    }

    /// The process reports that it could not initialise.
    pub(super) fn fail_init(&mut self, id: u64, error: FunctionError) -> Result<(), Refusal> {
        match self.environments.get_mut(&id) {
            Some(environment) if matches!(environment.phase, Phase::Starting(_)) => {
                environment.phase = Phase::InitFailed(error);
                environment.supervisor.notify_one();
                Ok(())
            }
            Some(_) | None => Err(Refusal::InvalidState),
        }
    }

    /// Applies the deadlines of one process.
    pub(super) fn check(&mut self, id: u64, now: Instant) -> Verdict {
        let timeout = self.timeout;
        let Some(environment) = self.environments.get_mut(&id) else {
            return Verdict::Kill;
        };
        let deadline = match &environment.phase {
            Phase::Starting(deadline) => *deadline,
            Phase::InitFailed(_) => return Verdict::Kill,
            Phase::Busy(current) => Some(current.deadline),
            Phase::Answered(deadline) => Some(*deadline),
            Phase::Idle(_) | Phase::Woken | Phase::Detached => None,
        };
        environment.timer = deadline;
        match deadline {
            Some(deadline) if deadline <= now => {}
            Some(_) | None => return Verdict::Watch(deadline),
        }
        if matches!(environment.phase, Phase::Starting(_)) {
            environment.phase = Phase::InitFailed(FunctionError {
                error_type: "Sandbox.Timedout".to_owned(),
                message: "the process did not ask for an invocation in time".to_owned(),
            });
        } else if let Some(current) = self.take_current(id) {
            send(current.reply, Err(InvokeError::TimedOut { timeout }));
        }
        Verdict::Kill
    }

    /// The process is gone. Its invocation, if any, ends with an error; `reason` is its exit status in words.
    pub(super) fn end(&mut self, id: u64, reason: &str, now: Instant) -> Option<Start> {
        let environment = self.environments.remove(&id)?;
        self.idle.retain(|idle| *idle != id);
        match environment.phase {
            Phase::Starting(_) => {
                let message =
                    format!("the process ended with {reason} before it asked for an invocation");
                self.init_failed("Runtime.ExitError", &message, now);
            }
            Phase::InitFailed(error) => self.init_failed(&error.error_type, &error.message, now),
            Phase::Busy(current) if self.closed => {
                send(current.reply, Err(InvokeError::ShuttingDown));
            }
            Phase::Busy(current) => {
                let reason = reason.to_owned();
                send(current.reply, Err(InvokeError::Crashed { reason }));
            }
            Phase::Idle(_) | Phase::Woken | Phase::Answered(_) | Phase::Detached => {}
        }
        self.wake_or_start(now)
    }

    /// The process could not be spawned at all.
    pub(super) fn spawn_failed(&mut self, id: u64, message: String) {
        if let Some(environment) = self.environments.get_mut(&id) {
            environment.phase = Phase::InitFailed(FunctionError {
                error_type: "Runtime.InvalidEntrypoint".to_owned(),
                message,
            });
        }
    }

    /// Refuses what waits and what comes. Invocations in hand may still be answered.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.fail_waiting(&InvokeError::ShuttingDown);
    }

    fn init_failed(&mut self, error_type: &str, message: &str, now: Instant) {
        let doublings = self.init_failures.min(16);
        let back_off = FIRST_BACK_OFF
            .saturating_mul(2_u32.saturating_pow(doublings))
            .min(LONGEST_BACK_OFF);
        self.init_failures = self.init_failures.saturating_add(1);
        self.not_before = Some(now + back_off);
        // As long as another process lives, or may yet, the waiting invocations have a chance.
        if self.environments.is_empty() {
            self.fail_waiting(&InvokeError::InitFailed {
                error_type: error_type.to_owned(),
                message: message.to_owned(),
            });
        }
    }

    fn fail_waiting(&mut self, error: &InvokeError) {
        for job in self.queue.drain(..) {
            send(job.reply, Err(error.clone()));
        }
        for ready in self.ready.drain(..) {
            send(ready, Err(error.clone()));
        }
    }

    fn take_current(&mut self, id: u64) -> Option<Current> {
        self.environments.get_mut(&id)?.take_current()
    }

    fn forget_withdrawn(&mut self) {
        self.queue.retain(|job| !job.reply.is_closed());
    }

    /// Wakes one idle process when a job waits; where that is not enough, asks for another process.
    fn wake_or_start(&mut self, now: Instant) -> Option<Start> {
        if self.queue.is_empty() {
            return None;
        }
        while let Some(id) = self.idle.pop() {
            let Some(environment) = self.environments.get_mut(&id) else {
                continue;
            };
            let phase = std::mem::replace(&mut environment.phase, Phase::Detached);
            if let Phase::Idle(wake) = phase
                && wake.send(()).is_ok()
            {
                environment.phase = Phase::Woken;
                return None;
            }
        }
        if self.closed || self.environments.len() >= self.concurrency {
            return None;
        }
        self.forget_withdrawn();
        let mut starting = 0_usize;
        let mut coming = 0_usize;
        for environment in self.environments.values() {
            match environment.phase {
                Phase::Starting(_) => starting = starting.saturating_add(1),
                Phase::Woken | Phase::Answered(_) => coming = coming.saturating_add(1),
                Phase::InitFailed(_) | Phase::Idle(_) | Phase::Busy(_) | Phase::Detached => {}
            }
        }
        // While initialisation fails, one attempt at a time is enough to find out whether it still does.
        let probing = self.init_failures > 0 && starting > 0;
        let enough = self.queue.len() <= starting.saturating_add(coming);
        (!probing && !enough).then(|| self.register(now))
    }

    fn register(&mut self, now: Instant) -> Start {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        let supervisor = Arc::new(Notify::new());
        let environment = Environment {
            phase: Phase::Starting(None),
            supervisor: Arc::clone(&supervisor),
            timer: None,
        };
        self.environments.insert(id, environment);
        Start {
            id,
            delay: self
                .not_before
                .map_or(Duration::ZERO, |at| at.saturating_duration_since(now)),
            supervisor,
        }
    }
}
