//! Events that a runtime no longer waited for when they were decided.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use http::Response;
use tokio::sync::Notify;

use crate::body::Body;

/// Events for whoever asks next: each has been charged, and the platform waits for its answer.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// With their invocations' ids.
    events: Mutex<VecDeque<(Box<str>, Response<Body>)>>,
    arrived: Notify,
}

impl Kept {
    /// An event, as soon as there is one.
    pub(crate) async fn next(&self) -> Response<Body> {
        loop {
            let arrived = self.arrived.notified();
            match self.take() {
                Some(event) => return event,
                None => arrived.await,
            }
        }
    }

    /// An event that is here already.
    pub(crate) fn take(&self) -> Option<Response<Body>> {
        self.lock().pop_front().map(|(_, event)| event)
    }

    /// Forgets the event of an invocation, which somebody has by another way.
    pub(crate) fn forget(&self, id: &str) {
        self.lock().retain(|(kept, _)| **kept != *id);
    }

    fn push(&self, id: Box<str>, event: Response<Body>) {
        self.lock().push_back((id, event));
        self.arrived.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(Box<str>, Response<Body>)>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event on its way to the runtime. Dropped before it is taken, it is kept for whoever asks next.
#[derive(Debug)]
pub(crate) struct Delivery {
    id: Box<str>,
    event: Option<Response<Body>>,
    kept: Arc<Kept>,
}

impl Delivery {
    pub(crate) const fn new(id: Box<str>, event: Response<Body>, kept: Arc<Kept>) -> Self {
        Self {
            id,
            event: Some(event),
            kept,
        }
    }

    /// The event; `None` when it has been taken before.
    pub(crate) fn take(mut self) -> Option<Response<Body>> {
        self.event.take()
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(event) = self.event.take() {
            tracing::info!(
                "the runtime no longer waits for an event: it is kept for its next request"
            );
            self.kept.push(std::mem::take(&mut self.id), event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_event_that_nobody_took_goes_to_whoever_asks_next() {
        let kept = Arc::new(Kept::default());
        let event = |status: u16| {
            let mut event = Response::new(Body::default());
            *event.status_mut() = status.try_into().unwrap();
            Delivery::new(status.to_string().into(), event, Arc::clone(&kept))
        };
        assert_eq!(event(201).take().unwrap().status(), 201);
        let (first, second, ()) = tokio::join!(kept.next(), kept.next(), async {
            drop(event(202));
            drop(event(203));
        });
        let mut taken = [first.status().as_u16(), second.status().as_u16()];
        taken.sort_unstable();
        assert_eq!(taken, [202, 203]);
    }

    #[test]
    fn an_event_that_somebody_has_by_another_way_is_not_given_twice() {
        let kept = Arc::new(Kept::default());
        drop(Delivery::new(
            "a".into(),
            Response::new(Body::default()),
            Arc::clone(&kept),
        ));
        kept.forget("b");
        kept.forget("a");
        assert!(kept.take().is_none());
    }
}
