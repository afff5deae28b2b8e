//! The lives of processes: started when they are needed, given up, and replaced.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Pool;
use super::state::{Environment, Phase, Reply, Start, Verdict, Waiting, send};
use crate::invoke::InvokeError;
use crate::runtime_api::{FunctionError, Refusal};

/// The wait before the second start in a row after a failed initialisation; it doubles with each failure.
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);

/// The longest wait before a start.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(5);

/// How long the other workers of a process may take to poll after the first has.
pub(super) const SETTLING: Duration = Duration::from_millis(500);

impl Pool {
    /// Notifies `ready` when a process has initialised; asks for one when there is none.
    pub(in crate::invoke) fn warm_up(&mut self, ready: Reply<()>, now: Instant) -> Option<Start> {
        if self.closed {
            send(ready, Err(InvokeError::ShuttingDown));
            return None;
        }
        let initialised = self
            .environments
            .values()
            .any(|environment| match environment.phase {
                Phase::Starting(_) | Phase::InitFailed(_) | Phase::Retired { .. } => false,
                Phase::Running => true,
            });
        if initialised {
            send(ready, Ok(()));
            return None;
        }
        self.ready.push(ready);
        self.wake_or_start(now)
    }

    /// The process was spawned: its initialisation must end by `deadline`.
    pub(in crate::invoke) fn spawned(&mut self, id: u64, deadline: Instant) {
        if let Some(environment) = self.environments.get_mut(&id)
            && matches!(environment.phase, Phase::Starting(_))
        {
            environment.phase = Phase::Starting(Some(deadline));
        }
    }

    /// A process has polled for the first time.
    pub(super) fn initialised(&mut self) {
        self.init_failures = 0;
        self.not_before = None;
        for ready in self.ready.drain(..) {
            send(ready, Ok(()));
        }
    }

    /// Whether the process has not asked for work yet.
    pub(in crate::invoke) fn is_starting(&self, id: u64) -> bool {
        self.environments
            .get(&id)
            .is_some_and(|environment| matches!(environment.phase, Phase::Starting(_)))
    }

    /// Whether the process has asked for work, and is not to end.
    pub(in crate::invoke) fn is_running(&self, id: u64) -> bool {
        self.environments
            .get(&id)
            .is_some_and(|environment| matches!(environment.phase, Phase::Running))
    }

    /// The process reports that it could not initialise.
    pub(in crate::invoke) fn fail_init(
        &mut self,
        id: u64,
        error: FunctionError,
    ) -> Result<(), Refusal> {
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
    pub(in crate::invoke) fn check(&mut self, id: u64, now: Instant) -> Verdict {
        let timeout = self.timeout;
        let Some(environment) = self.environments.get_mut(&id) else {
            return Verdict::Kill;
        };
        match environment.phase {
            Phase::InitFailed(_) | Phase::Retired { .. } => return Verdict::Kill,
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
        if environment.overdue_at.is_some_and(|at| at <= now) {
            is_late = true;
            environment.overdue_at = None;
        }
        // Of several workers one may be lost. When none is left, so is the process.
        let is_lost = environment.waiting.is_empty()
            && environment.woken.is_empty()
            && environment.coming.iter().all(|until| *until <= now)
            && environment.in_hand.iter().all(|held| held.reply.is_none());
        if is_late && (self.per_process == 1 || is_lost) {
            self.retire(id);
            return Verdict::Kill;
        }
        environment.coming.retain(|until| *until > now);
        environment.is_awaited &= !environment.coming.is_empty();
        environment.timer = environment.next_deadline();
        Verdict::Watch(environment.timer)
    }

    /// The process is about to end: from now on it gets no invocation. What it has in hand it may still answer.
    pub(in crate::invoke) fn retire(&mut self, id: u64) {
        if let Some(environment) = self.environments.get_mut(&id) {
            environment.retire();
            self.idle.retain(|idle| *idle != id);
        }
    }

    /// The process is gone. What it had in hand ends with an error; `reason` is its exit status in words.
    pub(in crate::invoke) fn end(&mut self, id: u64, reason: &str, now: Instant) -> Option<Start> {
        let environment = self.environments.remove(&id)?;
        self.idle.retain(|idle| *idle != id);
        match environment.phase {
            Phase::Starting(_) | Phase::Retired { has_polled: false } => {
                let message =
                    format!("the process ended with {reason} before it asked for an invocation");
                self.init_failed("Runtime.ExitError", &message, now);
            }
            Phase::InitFailed(error) => self.init_failed(&error.error_type, &error.message, now),
            Phase::Running | Phase::Retired { has_polled: true } => {}
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
    pub(in crate::invoke) fn spawn_failed(&mut self, id: u64, message: String) {
        if let Some(environment) = self.environments.get_mut(&id) {
            environment.phase = Phase::InitFailed(FunctionError {
                error_type: "Runtime.InvalidEntrypoint".to_owned(),
                message,
            });
        }
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

    /// Wakes as many waiting polls as jobs wait; where these are not enough, asks for another process.
    pub(in crate::invoke) fn wake_or_start(&mut self, now: Instant) -> Option<Start> {
        let wants_first = !self.ready.is_empty() && self.environments.is_empty();
        let wanted = self.queue.len().max(usize::from(wants_first));
        if wanted == 0 {
            return None;
        }
        let woken = |pool: &Self| -> usize {
            let each = pool.environments.values();
            each.map(|environment| environment.woken.len()).sum()
        };
        while !self.idle.is_empty() && woken(self) < wanted {
            self.wake_one();
        }
        if woken(self) >= wanted || self.closed || self.environments.len() >= self.concurrency {
            return None;
        }
        self.queue.forget_withdrawn();
        let wanted = self.queue.len().max(usize::from(wants_first));
        let starting = self
            .environments
            .values()
            .filter(|environment| matches!(environment.phase, Phase::Starting(_)))
            .count();
        let polls = self.environments.values();
        let polls = polls.map(|environment| environment.polls_on_their_way(now));
        let coming = starting
            .saturating_mul(self.per_process)
            .saturating_add(polls.sum());
        // While initialisation fails, one attempt at a time is enough to find out whether it still does.
        let is_probing = self.init_failures > 0 && starting > 0;
        if wanted > coming && !is_probing {
            return Some(self.register(now));
        }
        if wanted > 0 {
            for environment in self.environments.values_mut() {
                environment.await_coming();
            }
        }
        None
    }

    /// Wakes the poll of the process that was used last, if that still listens.
    fn wake_one(&mut self) {
        let Some(id) = self.idle.pop() else {
            return;
        };
        let Some(environment) = self.environments.get_mut(&id) else {
            return;
        };
        if let Some(Waiting { id: poll, wake }) = environment.waiting.pop()
            && wake.send(()).is_ok()
        {
            environment.woken.push(poll);
        }
    }

    fn register(&mut self, now: Instant) -> Start {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        let supervisor = Arc::new(Notify::new());
        let environment = Environment::starting(Arc::clone(&supervisor));
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
