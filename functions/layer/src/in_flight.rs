//! What is known of the invocations whose answers have to be finished.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use tollgate::decision::Metered;

use crate::event::Door;

/// More than a process has at once: Lambda Managed Instances allow 1,600. What is older is of invocations that were never answered.
const MAX_INVOCATIONS: usize = 2_000;

/// An invocation that the runtime has.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// The door that its request came through.
    pub(crate) door: Door,
    /// Who was charged; `None` where nobody was.
    pub(crate) metered: Option<Metered>,
}

/// The invocations that the runtime has, by their ids.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    invocations: Mutex<VecDeque<(Box<str>, Invocation)>>,
    /// Messages that are on their way: events that are decided, and answers that are passed on.
    messages: AtomicUsize,
    answered: Notify,
}

/// A message on its way, until it is dropped.
#[derive(Debug)]
pub(crate) struct OnItsWay<'a>(&'a InFlight);

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.messages.fetch_sub(1, Ordering::AcqRel);
        self.0.answered.notify_one();
    }
}

impl InFlight {
    /// Remembers an invocation. The oldest is forgotten where there are more than can be.
    pub(crate) fn insert(&self, id: &str, invocation: Invocation) {
        let mut invocations = self.lock();
        invocations.retain(|(known, _)| **known != *id);
        if invocations.len() >= MAX_INVOCATIONS {
            invocations.pop_front();
        }
        invocations.push_back((id.into(), invocation));
    }

    /// Forgets an invocation, which is answered.
    pub(crate) fn take(&self, id: &str) -> Option<Invocation> {
        let mut invocations = self.lock();
        let at = invocations.iter().position(|(known, _)| **known == *id)?;
        let taken = invocations.remove(at);
        self.answered.notify_one();
        taken.map(|(_, invocation)| invocation)
    }

    /// Says that a message is on its way.
    pub(crate) fn begin(&self) -> OnItsWay<'_> {
        self.messages.fetch_add(1, Ordering::AcqRel);
        OnItsWay(self)
    }

    /// Waits until every invocation is answered, and the answers have arrived.
    pub(crate) async fn all_answered(&self) {
        while !self.lock().is_empty() || self.messages.load(Ordering::Acquire) > 0 {
            self.answered.notified().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(Box<str>, Invocation)>> {
        self.invocations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation() -> Invocation {
        Invocation {
            door: Door::V2,
            metered: None,
        }
    }

    #[test]
    fn invocations_that_are_never_answered_do_not_add_up() {
        let in_flight = InFlight::default();
        for id in 0..=MAX_INVOCATIONS {
            in_flight.insert(&id.to_string(), invocation());
        }
        assert!(in_flight.take("0").is_none());
        for id in 1..=MAX_INVOCATIONS {
            assert!(in_flight.take(&id.to_string()).is_some(), "{id}");
        }
    }

    #[test]
    fn an_invocation_is_answered_once() {
        let in_flight = InFlight::default();
        in_flight.insert("a", invocation());
        assert!(in_flight.take("b").is_none());
        assert!(in_flight.take("a").is_some());
        assert!(in_flight.take("a").is_none());
    }

    #[tokio::test]
    async fn the_last_answer_ends_the_wait() {
        let in_flight = InFlight::default();
        in_flight.insert("a", invocation());
        let ((), taken) = tokio::join!(in_flight.all_answered(), async { in_flight.take("a") });
        assert!(taken.is_some());
        in_flight.all_answered().await;
    }

    #[tokio::test]
    async fn an_answer_on_its_way_is_waited_for() {
        let in_flight = InFlight::default();
        in_flight.insert("a", invocation());
        let message = in_flight.begin();
        assert!(in_flight.take("a").is_some());
        tokio::select! {
            biased;
            () = in_flight.all_answered() => panic!("it has not arrived"),
            () = tokio::task::yield_now() => {}
        }
        drop(message);
        in_flight.all_answered().await;
    }
}
