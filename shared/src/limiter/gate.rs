//! Limits that are not a key's own.

use std::fmt;
use std::time::Duration;

use crate::time::Timestamp;

/// A limit that callers share, such as the throttle of a stage. It lives in this process and takes its tokens without waiting.
pub trait Gate: fmt::Debug + Send + Sync {
    /// Takes what one request needs at `now`.
    ///
    /// # Errors
    ///
    /// When there is not enough, with the time to wait; `None` when no wait helps.
    fn pass(&self, now: Timestamp) -> Result<(), Option<Duration>>;
}

/// A gate that one decision has not asked yet, if it has one at all.
pub(super) struct Unasked<'a>(Option<&'a dyn Gate>);

impl<'a> Unasked<'a> {
    pub(super) const fn new(gate: Option<&'a dyn Gate>) -> Self {
        Self(gate)
    }

    /// Asks the gate the first time, and passes from then on: a decision that begins anew has its token already.
    pub(super) fn pass(&mut self, now: Timestamp) -> Result<(), Option<Duration>> {
        self.0.take().map_or(Ok(()), |gate| gate.pass(now))
    }
}
