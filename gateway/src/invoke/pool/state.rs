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
    /// Ask again when this receiver completes; the poll was superseded when it fails.
    Wait(oneshot::Receiver<()>),
    Refused(Refusal),
}

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

#[derive(Debug)]
pub(super) enum Phase {
    /// Not yet polled. The deadline is unknown until the process has been spawned.
    Starting(Option<Instant>),
    /// Its initialisation failed, as it reported itself or by its deadline.
    InitFailed(FunctionError),
    /// A poll waits.
    Idle(oneshot::Sender<()>),
    /// A waiting poll was told that there is work and has not taken any yet.
    Woken,
    /// It has an invocation in hand.
    Busy(Current),
    /// It has answered and not polled yet. The invocation's deadline still holds.
    Answered(Instant),
    /// Its poll was given up.
    Detached,
}

#[derive(Debug)]
pub(super) struct Current {
    pub(super) request_id: HeaderValue,
    pub(super) reply: Reply<Answer>,
    pub(super) since: Instant,
    pub(super) deadline: Instant,
}

#[derive(Debug)]
pub(super) struct Environment {
    pub(super) phase: Phase,
    pub(super) supervisor: Arc<Notify>,
    /// When the supervisor's timer wakes it. It may be too early for the current deadline, never too late.
    pub(super) timer: Option<Instant>,
}

impl Environment {
    /// Takes the invocation that the process has in hand; it counts as answered from then on.
    pub(super) fn take_current(&mut self) -> Option<Current> {
        let Phase::Busy(current) = &self.phase else {
            return None;
        };
        let answered = Phase::Answered(current.deadline);
        match std::mem::replace(&mut self.phase, answered) {
            Phase::Busy(current) => Some(current),
            Phase::Starting(_)
            | Phase::InitFailed(_)
            | Phase::Idle(_)
            | Phase::Woken
            | Phase::Answered(_)
            | Phase::Detached => None,
        }
    }
}

/// Answers someone who may have gone away.
pub(super) fn send<T>(reply: Reply<T>, result: Result<T, InvokeError>) {
    if reply.send(result).is_err() {
        tracing::trace!("nobody waits for this answer any more");
    }
}
