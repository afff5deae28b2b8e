//! What processes ask for, get and give back.

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Pool;
use super::lives::SETTLING;
use super::state::{Current, Job, Phase, PollId, Polled, Start, Waiting, Work, send};
use crate::invoke::{Answer, InvokeError};
use crate::runtime_api::{FunctionError, Outcome, Refusal};

impl Pool {
    /// The process asks for work.
    pub(in crate::invoke) fn poll(&mut self, id: u64, now: Instant) -> Polled {
        let per_process = self.per_process;
        let Some(environment) = self.environments.get_mut(&id) else {
            return Polled::Never;
        };
        let first_poll = match environment.phase {
            Phase::InitFailed(_) => return Polled::Refused(Refusal::InvalidState),
            Phase::Retired { .. } => return Polled::Never,
            Phase::Starting(_) => true,
            Phase::Running => false,
        };
        if environment.in_hand.len() >= per_process {
            return Polled::Refused(Refusal::InvalidState);
        }
        if first_poll {
            environment.phase = Phase::Running;
            let others = per_process.saturating_sub(1);
            environment.coming = vec![now + SETTLING; others];
            self.initialised();
        } else {
            environment.has_come(now);
        }
        self.work_or_wait(id, first_poll, now)
    }

    /// A poll that was woken asks again.
    pub(in crate::invoke) fn poll_again(&mut self, id: u64, poll: PollId, now: Instant) -> Polled {
        let Some(environment) = self.environments.get_mut(&id) else {
            return Polled::Never;
        };
        environment.woken.retain(|woken| *woken != poll);
        match environment.phase {
            Phase::Running => {}
            Phase::Retired { .. } => return Polled::Never,
            Phase::Starting(_) | Phase::InitFailed(_) => {
                return Polled::Refused(Refusal::InvalidState);
            }
        }
        if environment.in_hand.len() >= self.per_process {
            return Polled::Refused(Refusal::InvalidState);
        }
        self.work_or_wait(id, false, now)
    }

    fn work_or_wait(&mut self, id: u64, first_poll: bool, now: Instant) -> Polled {
        match self.take_work(id, first_poll, now) {
            Some(polled) => polled,
            None => self.wait(id),
        }
    }

    fn take_work(&mut self, id: u64, first_poll: bool, now: Instant) -> Option<Polled> {
        let environment = self.environments.get_mut(&id)?;
        let job = self.queue.pop()?;
        let deadline = now + self.timeout;
        let work = Work {
            request_id: job.request_id.clone(),
            trace_id: job.trace_id.clone(),
            payload: job.payload.clone(),
        };
        environment.in_hand.push(Current {
            request_id: job.request_id,
            trace_id: job.trace_id,
            payload: job.payload,
            is_second_try: job.is_second_try,
            reply: Some(job.reply),
            since: now,
            deadline,
        });
        // Polls that were overtaken by this one get nothing: no job must wait for them.
        let room = self.per_process.saturating_sub(environment.in_hand.len());
        environment.woken.truncate(room);
        environment.watch(deadline);
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
    pub(in crate::invoke) fn abandon_poll(
        &mut self,
        id: u64,
        poll: PollId,
        now: Instant,
    ) -> Option<Start> {
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
    pub(in crate::invoke) fn is_current(&self, id: u64, request_id: &str) -> bool {
        self.environments
            .get(&id)
            .is_some_and(|environment| environment.place_of(request_id).is_some())
    }

    /// The process has answered. An answer that nobody waits for any more is dropped.
    pub(in crate::invoke) fn complete(
        &mut self,
        id: u64,
        request_id: &str,
        outcome: Outcome,
        now: Instant,
    ) -> Result<(), Refusal> {
        let environment = self.environments.get_mut(&id);
        let environment = environment.ok_or(Refusal::UnknownRequestId)?;
        let current = environment.take(request_id);
        let current = current.ok_or(Refusal::UnknownRequestId)?;
        environment.expect_poll(&current, now);
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

    /// The connection by which the process was to get an invocation ended before anything of it was sent. Another poll gets it; when the
    /// same happens again, it ends with an error.
    pub(in crate::invoke) fn undelivered(
        &mut self,
        id: u64,
        request_id: &str,
        now: Instant,
    ) -> Option<Start> {
        let environment = self.environments.get_mut(&id)?;
        let current = environment.take(request_id)?;
        environment.expect_poll(&current, now);
        let reply = current.reply?;
        if self.closed {
            send(reply, Err(InvokeError::ShuttingDown));
            return None;
        }
        if current.is_second_try {
            let reason = "no answer: its connection broke twice before it had the event".to_owned();
            send(reply, Err(InvokeError::Crashed { reason }));
            return None;
        }
        self.queue.put_back(Job {
            request_id: current.request_id,
            trace_id: current.trace_id,
            payload: current.payload,
            reply,
            is_second_try: true,
        });
        self.wake_or_start(now)
    }
}

/// Forgets that one poll of the environment waits.
fn forget_one(idle: &mut Vec<u64>, id: u64) {
    if let Some(place) = idle.iter().position(|idle| *idle == id) {
        idle.remove(place);
    }
}
