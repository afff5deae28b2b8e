//! Which process gets which invocation, and when another process is started.
//!
//! The pool does no I/O and reads no clock. Its callers hold its lock, tell it what happened, and do what it returns.
//!
//! A process has as many invocations in hand as it polls for, up to the function's concurrency in one process. Where that is one, as on
//! Lambda by default, a time-out ends the process, and so does a process that does not ask again after its answer. Where it is more,
//! as on Lambda Managed Instances, a time-out ends the invocation alone: the process goes on with the others, and its late answer is
//! thrown away.

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

use state::{Current, Environment, Phase, Reply, Waiting, send};
pub(super) use state::{Job, PollId, Polled, Start, Submitted, Verdict, Work};

/// The wait before the second start in a row after a failed initialisation; it doubles with each failure.
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);

/// The longest wait before a start.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(5);

/// How long the other workers of a process may take to poll after the first has.
const SETTLING: Duration = Duration::from_millis(500);

/// The queue and the processes of one function.
#[derive(Debug)]
pub(super) struct Pool {
    timeout: Duration,
    /// The most processes.
    concurrency: usize,
    /// The most invocations in one process.
    per_process: usize,
    queue_limit: usize,
    queue: VecDeque<Job>,
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
            queue_limit: config.queue_limit,
            queue: VecDeque::new(),
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
                Phase::Running => true,
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
        let per_process = self.per_process;
        let Some(environment) = self.environments.get_mut(&id) else {
            return Polled::Refused(Refusal::InvalidState);
        };
        let first_poll = match environment.phase {
            Phase::InitFailed(_) => return Polled::Refused(Refusal::InvalidState),
            Phase::Starting(_) => true,
            Phase::Running => false,
        };
        if environment.in_hand.len() >= per_process {
            return Polled::Refused(Refusal::InvalidState);
        }
        if first_poll {
            environment.phase = Phase::Running;
            environment.expected = per_process.saturating_sub(1);
            environment.expected_until = now + SETTLING;
            if environment.expected > 0 {
                environment.watch(environment.expected_until);
            }
            self.init_failures = 0;
            self.not_before = None;
            for ready in self.ready.drain(..) {
                send(ready, Ok(()));
            }
        } else {
            environment.expected = environment.expected.saturating_sub(1);
        }
        match self.take_work(id, first_poll, now) {
            Some(polled) => polled,
            None => self.wait(id),
        }
    }

    /// A poll that was woken asks again.
    pub(super) fn poll_again(&mut self, id: u64, poll: PollId, now: Instant) -> Polled {
        if let Some(environment) = self.environments.get_mut(&id) {
            environment.woken.retain(|woken| *woken != poll);
            // It is no new one.
            environment.expected = environment.expected.saturating_add(1);
        }
        self.poll(id, now)
    }

    fn take_work(&mut self, id: u64, first_poll: bool, now: Instant) -> Option<Polled> {
        let environment = self.environments.get_mut(&id)?;
        let mut jobs = std::iter::from_fn(|| self.queue.pop_front());
        let job = jobs.find(|job| !job.reply.is_closed())?;
        let deadline = now + self.timeout;
        environment.in_hand.push(Current {
            request_id: job.request_id.clone(),
            reply: Some(job.reply),
            since: now,
            deadline,
        });
        environment.watch(deadline);
        let work = Work {
            request_id: job.request_id,
            trace_id: job.trace_id,
            payload: job.payload,
        };
        // Starts were held back while initialisation failed; now it has succeeded.
        let start = first_poll.then(|| self.wake_or_start(now)).flatten();
        Some(Polled::Work(work, start))
    }

    fn wait(&mut self, id: u64) -> Polled {
        let Some(environment) = self.environments.get_mut(&id) else {
            return Polled::Refused(Refusal::InvalidState);
        };
        let asking = environment
            .waiting
            .len()
            .saturating_add(environment.in_hand.len());
        if asking >= self.per_process && !environment.waiting.is_empty() {
            // The oldest is superseded: its sender is dropped.
            environment.waiting.remove(0);
            forget_one(&mut self.idle, id);
        }
        let poll = PollId(self.next_poll);
        self.next_poll = self.next_poll.wrapping_add(1);
        let (wake, woken) = oneshot::channel();
        environment.waiting.push(Waiting { id: poll, wake });
        self.idle.push(id);
        Polled::Wait(poll, woken)
    }

    /// A waiting poll was dropped: no work must wait for it.
    pub(super) fn abandon_poll(&mut self, id: u64, poll: PollId, now: Instant) -> Option<Start> {
        let environment = self.environments.get_mut(&id)?;
        let is_it = |waiting: &Waiting| waiting.id == poll;
        if let Some(place) = environment.waiting.iter().position(is_it) {
            environment.waiting.remove(place);
            forget_one(&mut self.idle, id);
        } else {
            environment.woken.retain(|woken| *woken != poll);
        }
        self.wake_or_start(now)
    }

    /// Whether the process has this invocation in hand.
    pub(super) fn is_current(&self, id: u64, request_id: &str) -> bool {
        self.environments
            .get(&id)
            .is_some_and(|environment| environment.place_of(request_id).is_some())
    }

    /// The process has answered. An answer that nobody waits for any more is dropped.
    pub(super) fn complete(
        &mut self,
        id: u64,
        request_id: &str,
        outcome: Outcome,
        now: Instant,
    ) -> Result<(), Refusal> {
        let environment = self.environments.get_mut(&id);
        let Some(current) = environment.and_then(|environment| environment.take(request_id)) else {
            return Err(Refusal::UnknownRequestId);
        };
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
        if let Some(reply) = current.reply {
            send(reply, answer);
        }
        Ok(())
    }

    /// Whether the process has not asked for work yet.
    pub(super) fn is_starting(&self, id: u64) -> bool {
        self.environments
            .get(&id)
            .is_some_and(|environment| matches!(environment.phase, Phase::Starting(_)))
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
        match environment.phase {
            Phase::InitFailed(_) => return Verdict::Kill,
            Phase::Starting(Some(deadline)) if deadline <= now => {
                environment.phase = Phase::InitFailed(FunctionError {
                    error_type: "Sandbox.Timedout".to_owned(),
                    message: "the process did not ask for an invocation in time".to_owned(),
                });
                return Verdict::Kill;
            }
            Phase::Starting(deadline) => {
                environment.timer = deadline;
                return Verdict::Watch(deadline);
            }
            Phase::Running => {}
        }
        let mut is_late = false;
        for held in &mut environment.in_hand {
            if held.deadline <= now
                && let Some(reply) = held.reply.take()
            {
                is_late = true;
                send(reply, Err(InvokeError::TimedOut { timeout }));
            }
        }
        if environment.expected > 0 && environment.expected_until <= now {
            is_late = true;
            environment.expected = 0;
        }
        if is_late && self.per_process == 1 {
            return Verdict::Kill;
        }
        environment.timer = environment.next_deadline();
        Verdict::Watch(environment.timer)
    }

    /// The process is gone. What it had in hand ends with an error; `reason` is its exit status in words.
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
            Phase::Running => {}
        }
        let error = if self.closed {
            InvokeError::ShuttingDown
        } else {
            InvokeError::Crashed {
                reason: reason.to_owned(),
            }
        };
        for reply in environment
            .in_hand
            .into_iter()
            .filter_map(|held| held.reply)
        {
            send(reply, Err(error.clone()));
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

    fn forget_withdrawn(&mut self) {
        self.queue.retain(|job| !job.reply.is_closed());
    }

    /// Wakes one waiting poll when a job waits; where that is not enough, asks for another process.
    pub(super) fn wake_or_start(&mut self, now: Instant) -> Option<Start> {
        if self.queue.is_empty() {
            return None;
        }
        while let Some(id) = self.idle.pop() {
            let Some(environment) = self.environments.get_mut(&id) else {
                continue;
            };
            let Some(Waiting { id: poll, wake }) = environment.waiting.pop() else {
                continue;
            };
            if wake.send(()).is_ok() {
                environment.woken.push(poll);
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
                Phase::Running => {
                    let polls = environment.woken.len().saturating_add(environment.expected);
                    coming = coming.saturating_add(polls);
                }
                Phase::InitFailed(_) => {}
            }
        }
        // While initialisation fails, one attempt at a time is enough to find out whether it still does.
        let probing = self.init_failures > 0 && starting > 0;
        let coming = coming.saturating_add(starting.saturating_mul(self.per_process));
        let enough = self.queue.len() <= coming;
        (!probing && !enough).then(|| self.register(now))
    }

    fn register(&mut self, now: Instant) -> Start {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        let supervisor = Arc::new(Notify::new());
        let environment = Environment::starting(Arc::clone(&supervisor), now);
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

/// Forgets that one poll of the environment waits.
fn forget_one(idle: &mut Vec<u64>, id: u64) {
    if let Some(place) = idle.iter().position(|idle| *idle == id) {
        idle.remove(place);
    }
}
