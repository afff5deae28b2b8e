//! The words between the pool and its callers, and what the pool knows of one process.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::invoke::{Answer, InvokeError};
use crate::runtime_api::{FunctionError, Refusal};

pub(super) type Reply<T> = oneshot::Sender<Result<T, InvokeError>>;

/// An invocation that waits for a process.
#[derive(Debug)]
pub(in crate::invoke) struct Job {
    pub(in crate::invoke) request_id: HeaderValue,
    pub(in crate::invoke) trace_id: Option<HeaderValue>,
    pub(in crate::invoke) payload: Bytes,
    pub(in crate::invoke) reply: Reply<Answer>,
}

/// What became of a submitted job.
#[derive(Debug)]
pub(in crate::invoke) enum Submitted {
    /// It waits. A process is to be started where one is named.
    Queued(Option<Start>),
    /// It was not taken.
    Refused(InvokeError),
}

/// A process to be started.
#[derive(Debug)]
pub(in crate::invoke) struct Start {
    pub(in crate::invoke) id: u64,
    pub(in crate::invoke) delay: Duration,
    /// Wakes the supervisor when there is something new to [`Pool::check`].
    pub(in crate::invoke) supervisor: Arc<Notify>,
}

/// What a poll gets.
#[derive(Debug)]
pub(in crate::invoke) enum Polled {
    /// A job, and another process to be started where more jobs wait.
    Work(Work, Option<Start>),
    /// The poll waits under this number. Ask again when the receiver completes; the poll was superseded when it fails.
    Wait(PollId, oneshot::Receiver<()>),
    Refused(Refusal),
}

/// The number of a waiting poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::invoke) struct PollId(pub(super) u64);

/// A job without its reply, which stays in the pool.
#[derive(Debug)]
pub(in crate::invoke) struct Work {
    pub(in crate::invoke) request_id: HeaderValue,
    pub(in crate::invoke) trace_id: Option<HeaderValue>,
    pub(in crate::invoke) payload: Bytes,
}

/// What a supervisor does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::invoke) enum Verdict {
    /// Check again at this instant, or when notified.
    Watch(Option<Instant>),
    /// Kill the process.
    Kill,
}

/// How far a process has got.
#[derive(Debug)]
pub(super) enum Phase {
    /// Not yet polled. The deadline is unknown until the process has been spawned.
    Starting(Option<Instant>),
    /// Its initialisation failed, as it reported itself or by its deadline.
    InitFailed(FunctionError),
    /// It has polled.
    Running,
}

/// An invocation that a process has in hand.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) request_id: HeaderValue,
    /// `None` once it has timed out in a process that is left to run.
    pub(super) reply: Option<Reply<Answer>>,
    pub(super) since: Instant,
    pub(super) deadline: Instant,
}

/// A poll that waits for a job.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: PollId,
    pub(super) wake: oneshot::Sender<()>,
}

/// What the pool knows of one process.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) phase: Phase,
    /// The polls that wait, the newest at the end.
    pub(super) waiting: Vec<Waiting>,
    /// The polls that were told that there is work and have not taken any yet.
    pub(super) woken: Vec<PollId>,
    pub(super) in_hand: Vec<Current>,
    /// How many polls are about to come: for each answer one, and after the first those of the process's other workers.
    pub(super) expected: usize,
    /// Until when they are waited for.
    pub(super) expected_until: Instant,
    pub(super) supervisor: Arc<Notify>,
    /// When the supervisor's timer wakes it. It may be too early for the current deadline, never too late.
    pub(super) timer: Option<Instant>,
}

impl Environment {
    pub(super) fn starting(supervisor: Arc<Notify>, now: Instant) -> Self {
        Self {
            phase: Phase::Starting(None),
            waiting: Vec::new(),
            woken: Vec::new(),
            in_hand: Vec::new(),
            expected: 0,
            expected_until: now,
            supervisor,
            timer: None,
        }
    }

    /// Takes an invocation from the process's hands: a poll is expected in its place, unless it has timed out.
    pub(super) fn take(&mut self, request_id: &str) -> Option<Current> {
        let place = self.place_of(request_id)?;
        let current = self.in_hand.swap_remove(place);
        if current.reply.is_some() {
            self.expected = self.expected.saturating_add(1);
            self.expected_until = self.expected_until.max(current.deadline);
        }
        Some(current)
    }

    /// Where in its hands the process has an invocation.
    pub(super) fn place_of(&self, request_id: &str) -> Option<usize> {
        let is_meant = |current: &Current| current.request_id.as_bytes() == request_id.as_bytes();
        self.in_hand.iter().position(is_meant)
    }

    /// Wakes the supervisor unless its timer does so in time.
    pub(super) fn watch(&self, deadline: Instant) {
        if self.timer.is_none_or(|at| at > deadline) {
            self.supervisor.notify_one();
        }
    }

    /// When the process has to be looked at again.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let awaited = self.in_hand.iter().filter(|held| held.reply.is_some());
        let polls = (self.expected > 0).then_some(self.expected_until);
        awaited.map(|held| held.deadline).chain(polls).min()
    }
}

/// Answers someone who may have gone away.
pub(super) fn send<T>(reply: Reply<T>, result: Result<T, InvokeError>) {
    if reply.send(result).is_err() {
        tracing::trace!("nobody waits for this answer any more");
    }
}
