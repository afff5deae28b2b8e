//! Requests for events that wait at the platform, and that nobody waits for at the moment.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{Request, Response};
use hyper::body::Incoming;

use crate::body::Body;
use crate::upstream::{PlatformError, Upstream};

/// A request for an event, and what the platform answers to it.
pub(crate) type Asking =
    Pin<Box<dyn Future<Output = (Result<Response<Incoming>, PlatformError>, Upstream)> + Send>>;

/// Asks the platform for an event.
pub(crate) fn ask(mut upstream: Upstream, request: Request<Body>) -> Asking {
    Box::pin(async move {
        let answered = upstream.send(request).await;
        (answered, upstream)
    })
}

/// Requests whose runtime was given another event meanwhile. The platform may be sending one by now: whoever asks next takes one over, so
/// that no event is lost, and there are never more requests than once were at a time.
#[derive(Default)]
pub(crate) struct Asks(Mutex<VecDeque<Asking>>);

impl Asks {
    /// Leaves a request to whoever asks next.
    pub(crate) fn leave(&self, asking: Asking) {
        self.lock().push_back(asking);
    }

    /// The request that was left first.
    pub(crate) fn take_over(&self) -> Option<Asking> {
        self.lock().pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Asking>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asks({})", self.lock().len())
    }
}
