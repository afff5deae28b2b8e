//! The words between the pool and its callers, and what the pool knows of one process.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::invoke::{Answer, InvokeError};
use crate::runtime_api::{FunctionError, Refusal};

/// How soon a process polls again after an answer, as a rule. What waits does not wait for it longer than that.
const BACK_SOON: Duration = Duration::from_millis(100);

pub(super) type Reply<T> = oneshot::Sender<Result<T, InvokeError>>;

/// An invocation that waits for a process.
#[derive(Debug)]
pub(in crate::invoke) struct Job {
    pub(in crate::invoke) request_id: HeaderValue,
    pub(in crate::invoke) trace_id: Option<HeaderValue>,
    pub(in crate::invoke) payload: Bytes,
    pub(in crate::invoke) reply: Reply<Answer>,
    /// Whether it was handed to a process before, which did not get it.
    pub(in crate::invoke) is_second_try: bool,
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
    /// The process is to end, and gets nothing more: on Lambda, too, its last poll has no answer. Runtimes take any other one for an error.
    Never,
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
    /// It is about to end: it may still answer what it has in hand, and gets nothing more.
    Retired {
        /// Whether it had polled.
        has_polled: bool,
    },
}

/// An invocation that a process has in hand.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) request_id: HeaderValue,
    pub(super) trace_id: Option<HeaderValue>,
    /// Kept for the case that the process does not get it.
    pub(super) payload: Bytes,
    pub(super) is_second_try: bool,
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
    /// The polls that are about to come, each with the instant until which invocations wait for it: for each answer one, and after the
    /// first poll those of the process's other workers.
    pub(super) coming: Vec<Instant>,
    /// Whether an invocation waits for one of them, and has to be looked at when none has come in time.
    pub(super) is_awaited: bool,
    /// When a process that answers one invocation at a time must have polled again.
    pub(super) overdue_at: Option<Instant>,
    pub(super) supervisor: Arc<Notify>,
    /// When the supervisor's timer wakes it. It may be too early for the current deadline, never too late.
    pub(super) timer: Option<Instant>,
}

impl Environment {
    pub(super) fn starting(supervisor: Arc<Notify>) -> Self {
        Self {
            phase: Phase::Starting(None),
            waiting: Vec::new(),
            woken: Vec::new(),
            in_hand: Vec::new(),
            coming: Vec::new(),
            is_awaited: false,
            overdue_at: None,
            supervisor,
            timer: None,
        }
    }

    /// Takes an invocation from the process's hands.
    pub(super) fn take(&mut self, request_id: &str) -> Option<Current> {
        let place = self.place_of(request_id)?;
        Some(self.in_hand.swap_remove(place))
    }

    /// Expects a poll in the place of an invocation that was answered in time.
    pub(super) fn expect_poll(&mut self, answered: &Current, now: Instant) {
        if matches!(self.phase, Phase::Running) && answered.reply.is_some() {
            self.coming.push(now + BACK_SOON);
            self.overdue_at = self.overdue_at.max(Some(answered.deadline));
        }
    }

    /// A poll has come, in the place of the one that is waited for least long.
    pub(super) fn has_come(&mut self, now: Instant) {
        self.overdue_at = None;
        self.coming.retain(|until| *until > now);
        let first = self
            .coming
            .iter()
            .enumerate()
            .min_by_key(|(_, until)| **until);
        if let Some((place, _)) = first {
            self.coming.swap_remove(place);
        }
    }

    /// How many polls are on their way at this instant.
    pub(super) fn polls_on_their_way(&self, now: Instant) -> usize {
        match self.phase {
            Phase::Running => {
                let coming = self.coming.iter().filter(|until| **until > now).count();
                coming.saturating_add(self.woken.len())
            }
            Phase::Starting(_) | Phase::InitFailed(_) | Phase::Retired { .. } => 0,
        }
    }

    /// Sees to it that the process is looked at when a poll that is waited for has not come in time.
    pub(super) fn await_coming(&mut self) {
        if let Some(until) = self.coming.iter().min().copied() {
            self.is_awaited = true;
            self.watch(until);
        }
    }

    /// From now on the process gets nothing more, and its polls have no answer.
    pub(super) fn retire(&mut self) {
        match self.phase {
            Phase::Starting(_) => self.phase = Phase::Retired { has_polled: false },
            Phase::Running => self.phase = Phase::Retired { has_polled: true },
            Phase::InitFailed(_) | Phase::Retired { .. } => {}
        }
        self.waiting.clear();
        self.woken.clear();
        self.coming.clear();
        self.overdue_at = None;
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
        let coming = self.coming.iter().filter(|_| self.is_awaited).copied();
        awaited
            .map(|held| held.deadline)
            .chain(coming)
            .chain(self.overdue_at)
            .min()
    }
}

/// Answers someone who may have gone away.
pub(super) fn send<T>(reply: Reply<T>, result: Result<T, InvokeError>) {
    if reply.send(result).is_err() {
        tracing::trace!("nobody waits for this answer any more");
    }
}
