//! The invocations that wait, as many and as large as there is room for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::state::{Job, send};
use crate::invoke::InvokeError;

/// The most bytes of events that wait.
const MAX_QUEUED_BYTES: usize = 256 * 1024 * 1024;

/// How many bytes of events may wait: 256 MiB. Clones share the room, so that all functions of a gateway together have that much.
#[derive(Clone, Debug)]
pub struct QueueBytes {
    left: Arc<AtomicUsize>,
}

impl Default for QueueBytes {
    fn default() -> Self {
        Self::with_room_for(MAX_QUEUED_BYTES)
    }
}

impl QueueBytes {
    /// Room for so many bytes.
    #[must_use]
    pub fn with_room_for(bytes: usize) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(bytes)),
        }
    }

    fn take(&self, bytes: usize) -> Option<Room> {
        let less = |left: usize| left.checked_sub(bytes);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.ok().map(|_before| Room {
            bytes,
            of: self.clone(),
        })
    }
}

/// The room that one event takes, which is free again when this is dropped.
#[derive(Debug)]
struct Room {
    bytes: usize,
    of: QueueBytes,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.of.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

/// The invocations of one function that wait.
#[derive(Debug)]
pub(super) struct Queue {
    limit: usize,
    bytes: QueueBytes,
    /// `None` for a job that came back: it had its room before.
    jobs: VecDeque<(Job, Option<Room>)>,
}

impl Queue {
    pub(super) fn new(limit: usize, bytes: QueueBytes) -> Self {
        Self {
            limit,
            bytes,
            jobs: VecDeque::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Lets a job wait behind the others, if there is room for it.
    pub(super) fn push(&mut self, job: Job) -> Result<(), InvokeError> {
        if self.jobs.len() >= self.limit {
            self.forget_withdrawn();
        }
        let overloaded = |waiting| InvokeError::Overloaded { waiting };
        if self.jobs.len() >= self.limit {
            return Err(overloaded(self.jobs.len()));
        }
        let mut room = self.bytes.take(job.payload.len());
        if room.is_none() {
            self.forget_withdrawn();
            room = self.bytes.take(job.payload.len());
        }
        let room = room.ok_or_else(|| overloaded(self.jobs.len()))?;
        self.jobs.push_back((job, Some(room)));
        Ok(())
    }

    /// Lets a job wait before all others: it has waited already.
    pub(super) fn put_back(&mut self, job: Job) {
        self.jobs.push_front((job, None));
    }

    /// The oldest job that somebody still waits for.
    pub(super) fn pop(&mut self) -> Option<Job> {
        std::iter::from_fn(|| self.jobs.pop_front())
            .map(|(job, _room)| job)
            .find(|job| !job.reply.is_closed())
    }

    /// Forgets the jobs that nobody waits for any more.
    pub(super) fn forget_withdrawn(&mut self) {
        self.jobs.retain(|(job, _)| !job.reply.is_closed());
    }

    /// Ends all with an error.
    pub(super) fn fail(&mut self, error: &InvokeError) {
        for (job, _room) in self.jobs.drain(..) {
            send(job.reply, Err(error.clone()));
        }
    }
}
