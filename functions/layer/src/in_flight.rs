//! What is known of the invocations that are under way.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tollgate::decision::Allowance;

use crate::event::Door;

/// More than a process has at once: Lambda Managed Instances allow 1,600. What is older is of invocations that were never answered.
const MAX_INVOCATIONS: usize = 2_000;

/// How many requests that were answered are known again. The platform may have sent one twice before its answer came.
const MAX_ANSWERED: usize = 256;

/// A request that the runtime has.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// The door that its request came through.
    pub(crate) door: Door,
    /// What was decided, and who was charged.
    pub(crate) allowance: Allowance,
}

/// What an event is that the platform sends.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// Of an invocation that was not seen before: whoever asked decides it.
    New,
    /// Of one that is being decided already.
    BeingDecided,
    /// Of one that the runtime was given, or is to be given. Its request; `None` where it is none.
    Again(Option<Arc<Invocation>>),
    /// Of a request that has been answered.
    Answered,
}

#[derive(Debug)]
enum State {
    BeingDecided,
    Given(Option<Arc<Invocation>>),
}

#[derive(Debug, Default)]
struct Known {
    under_way: VecDeque<(Box<str>, State)>,
    answered: VecDeque<Box<str>>,
}

/// The invocations under way, by their ids.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    known: Mutex<Known>,
    /// Messages that are on their way: events that are decided, and answers that are passed on.
    messages: AtomicUsize,
    changed: Notify,
}

/// A message on its way, until it is dropped.
#[derive(Debug)]
pub(crate) struct OnItsWay(Arc<InFlight>);

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.0.messages.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_waiters();
    }
}

impl InFlight {
    /// What an event with this id is. Until an invocation is answered, the platform may send it to whoever asks.
    pub(crate) fn arrive(&self, id: &str) -> Arrival {
        let mut known = self.lock();
        if let Some((_, state)) = known.under_way.iter().find(|(other, _)| **other == *id) {
            return match state {
                State::BeingDecided => Arrival::BeingDecided,
                State::Given(invocation) => Arrival::Again(invocation.clone()),
            };
        }
        if known.answered.iter().any(|answered| **answered == *id) {
            return Arrival::Answered;
        }
        if known.under_way.len() >= MAX_INVOCATIONS {
            known.under_way.pop_front();
        }
        known.under_way.push_back((id.into(), State::BeingDecided));
        Arrival::New
    }

    /// Remembers what the runtime is given; `None` for what is no request.
    pub(crate) fn give(&self, id: &str, invocation: Option<Arc<Invocation>>) {
        let mut known = self.lock();
        let mut under_way = known.under_way.iter_mut();
        if let Some((_, state)) = under_way.find(|(other, _)| **other == *id) {
            *state = State::Given(invocation);
        }
        drop(known);
        self.changed.notify_waiters();
    }

    /// Forgets an invocation, which is answered. Its request, where the runtime was given one.
    pub(crate) fn take(&self, id: &str) -> Option<Arc<Invocation>> {
        let mut known = self.lock();
        let mut under_way = known.under_way.iter();
        let at = under_way.position(|(other, _)| **other == *id)?;
        let (id, state) = known.under_way.remove(at)?;
        let invocation = match state {
            // It was answered in the runtime's place.
            State::BeingDecided => None,
            // Other events may come again under their ids: Lambda invokes anew what has failed.
            State::Given(None) => {
                drop(known);
                self.changed.notify_waiters();
                return None;
            }
            State::Given(Some(invocation)) => Some(invocation),
        };
        if known.answered.len() >= MAX_ANSWERED {
            known.answered.pop_front();
        }
        known.answered.push_back(id);
        drop(known);
        self.changed.notify_waiters();
        invocation
    }

    /// Says that a message is on its way.
    pub(crate) fn begin(self: &Arc<Self>) -> OnItsWay {
        self.messages.fetch_add(1, Ordering::AcqRel);
        OnItsWay(Arc::clone(self))
    }

    /// Waits until an invocation is no longer being decided.
    pub(crate) async fn decided(&self, id: &str) {
        self.until(|| {
            let known = self.lock();
            let mut under_way = known.under_way.iter();
            !under_way.any(|(other, state)| **other == *id && matches!(state, State::BeingDecided))
        })
        .await;
    }

    /// Waits until every invocation is answered, and the answers have arrived.
    pub(crate) async fn all_answered(&self) {
        self.until(|| self.lock().under_way.is_empty() && self.is_quiet())
            .await;
    }

    /// Waits until no message is on its way.
    pub(crate) async fn all_arrived(&self) {
        self.until(|| self.is_quiet()).await;
    }

    fn is_quiet(&self) -> bool {
        self.messages.load(Ordering::Acquire) == 0
    }

    async fn until(&self, is_so: impl Fn() -> bool) {
        loop {
            // Before the look, so that no change after it is missed.
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if is_so() {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Arc<Invocation> {
        Arc::new(Invocation {
            door: Door::V2,
            allowance: Allowance::Unmetered,
        })
    }

    #[test]
    fn invocations_that_are_never_answered_do_not_add_up() {
        let in_flight = InFlight::default();
        for id in 0..=MAX_INVOCATIONS {
            in_flight.arrive(&id.to_string());
            in_flight.give(&id.to_string(), Some(request()));
        }
        assert!(in_flight.take("0").is_none());
        for id in 1..=MAX_INVOCATIONS {
            assert!(in_flight.take(&id.to_string()).is_some(), "{id}");
        }
    }

    #[test]
    fn a_request_is_decided_and_answered_once() {
        let in_flight = InFlight::default();
        assert!(matches!(in_flight.arrive("a"), Arrival::New));
        assert!(matches!(in_flight.arrive("a"), Arrival::BeingDecided));
        in_flight.give("a", Some(request()));
        assert!(matches!(in_flight.arrive("a"), Arrival::Again(Some(_))));
        assert!(in_flight.take("b").is_none());
        assert!(in_flight.take("a").is_some());
        assert!(in_flight.take("a").is_none());
        assert!(matches!(in_flight.arrive("a"), Arrival::Answered));
    }

    #[test]
    fn an_event_that_is_no_request_may_come_again_once_it_was_answered() {
        let in_flight = InFlight::default();
        in_flight.arrive("a");
        in_flight.give("a", None);
        assert!(matches!(in_flight.arrive("a"), Arrival::Again(None)));
        assert!(in_flight.take("a").is_none());
        assert!(matches!(in_flight.arrive("a"), Arrival::New));
    }

    #[tokio::test]
    async fn the_last_answer_ends_the_wait() {
        let in_flight = InFlight::default();
        in_flight.arrive("a");
        in_flight.give("a", Some(request()));
        let ((), taken) = tokio::join!(in_flight.all_answered(), async { in_flight.take("a") });
        assert!(taken.is_some());
        in_flight.all_answered().await;
    }

    #[tokio::test]
    async fn an_answer_on_its_way_is_waited_for() {
        let in_flight = Arc::new(InFlight::default());
        let message = in_flight.begin();
        tokio::select! {
            biased;
            () = in_flight.all_arrived() => panic!("it has not arrived"),
            () = tokio::task::yield_now() => {}
        }
        drop(message);
        in_flight.all_arrived().await;
        in_flight.all_answered().await;
    }
}
