//! The extensions of one environment, and the events that wait for them.
//!
//! The gateway starts no extensions of its own, so those that register are in the function's process or were started by it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::Notify;

use crate::incoming::uuid;
use crate::runtime_api::{
    EventKind, ExtensionEvent, ExtensionRefusal, Invocation, Registration, Tracing,
};

/// The most extensions, as on AWS.
const MAX_EXTENSIONS: usize = 10;

/// The most events that wait for one extension. Of one that does not ask for them the oldest are thrown away.
const MAX_WAITING_EVENTS: usize = 1_000;

/// How long a process may take to end after TERM, as on AWS where no extension is told of the end.
const GRACE: Duration = Duration::from_millis(500);

/// How long it may take where an extension is told of the end, as on AWS.
const GRACE_WITH_SHUTDOWN: Duration = Duration::from_secs(2);

/// The extensions of one environment.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    list: Mutex<Vec<Extension>>,
    /// Whether any wants to be told of invocations: then, and only then, an invocation looks into the list.
    wants_invocations: AtomicBool,
    /// Wakes those that wait when there is a new event.
    news: Notify,
}

#[derive(Debug)]
struct Extension {
    name: String,
    identifier: String,
    wants: Vec<EventKind>,
    waiting: VecDeque<ExtensionEvent>,
}

impl Extensions {
    /// Takes an extension in, and answers with its identifier.
    pub(super) fn register(&self, registration: Registration) -> Result<String, ExtensionRefusal> {
        let Registration { name, events } = registration;
        let mut list = self.list();
        if list.iter().any(|extension| extension.name == name) {
            return Err(ExtensionRefusal::AlreadyRegistered);
        }
        if list.len() >= MAX_EXTENSIONS {
            return Err(ExtensionRefusal::TooMany);
        }
        if events.contains(&EventKind::Invoke) {
            self.wants_invocations.store(true, Ordering::Relaxed);
        }
        let identifier = uuid();
        list.push(Extension {
            name,
            identifier: identifier.clone(),
            wants: events,
            waiting: VecDeque::new(),
        });
        Ok(identifier)
    }

    /// Waits for an extension's next event.
    pub(super) async fn next(&self, identifier: &str) -> Result<ExtensionEvent, ExtensionRefusal> {
        loop {
            let news = self.news.notified();
            {
                let mut list = self.list();
                let extension = list
                    .iter_mut()
                    .find(|extension| extension.identifier == identifier)
                    .ok_or(ExtensionRefusal::UnknownIdentifier)?;
                if let Some(event) = extension.waiting.pop_front() {
                    return Ok(event);
                }
            }
            news.await;
        }
    }

    /// The name of an extension.
    pub(super) fn name(&self, identifier: &str) -> Result<String, ExtensionRefusal> {
        self.list()
            .iter()
            .find(|extension| extension.identifier == identifier)
            .map(|extension| extension.name.clone())
            .ok_or(ExtensionRefusal::UnknownIdentifier)
    }

    /// Tells those that want to know of an invocation.
    pub(super) fn invoked(&self, invocation: &Invocation) {
        if !self.wants_invocations.load(Ordering::Relaxed) {
            return;
        }
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        self.tell(
            EventKind::Invoke,
            &ExtensionEvent::Invoke {
                deadline_ms: invocation.deadline_ms,
                request_id: text(&invocation.request_id),
                invoked_function_arn: text(&invocation.function_arn),
                tracing: Tracing {
                    header: "X-Amzn-Trace-Id",
                    value: invocation.trace_id.as_ref().map(text).unwrap_or_default(),
                },
            },
        );
    }

    /// Tells those that want to know that the environment ends at `deadline_ms`.
    pub(super) fn shut_down(&self, deadline_ms: u64) {
        self.tell(
            EventKind::Shutdown,
            &ExtensionEvent::Shutdown {
                shutdown_reason: "SPINDOWN",
                deadline_ms,
            },
        );
    }

    /// How long the process may take to end after TERM.
    pub(super) fn grace(&self) -> Duration {
        let is_told = |extension: &Extension| extension.wants.contains(&EventKind::Shutdown);
        if self.list().iter().any(is_told) {
            GRACE_WITH_SHUTDOWN
        } else {
            GRACE
        }
    }

    fn tell(&self, kind: EventKind, event: &ExtensionEvent) {
        let mut list = self.list();
        for extension in list.iter_mut() {
            if extension.wants.contains(&kind) {
                if extension.waiting.len() >= MAX_WAITING_EVENTS {
                    extension.waiting.pop_front();
                }
                extension.waiting.push_back(event.clone());
            }
        }
        drop(list);
        self.news.notify_waiters();
    }

    fn list(&self) -> MutexGuard<'_, Vec<Extension>> {
        // A panic cannot leave half an extension.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(name: &str, events: &[EventKind]) -> Registration {
        Registration {
            name: name.to_owned(),
            events: events.to_vec(),
        }
    }

    fn registered(extensions: &Extensions, name: &str, events: &[EventKind]) -> String {
        extensions.register(registration(name, events)).unwrap()
    }

    fn invocation() -> Invocation {
        Invocation {
            request_id: HeaderValue::from_static("id-1"),
            deadline_ms: 7,
            function_arn: HeaderValue::from_static("arn:f"),
            trace_id: None,
            payload: bytes::Bytes::new(),
        }
    }

    #[tokio::test]
    async fn each_extension_gets_what_it_asked_for_and_nothing_else() {
        let extensions = Extensions::default();
        let both = [EventKind::Invoke, EventKind::Shutdown];
        let all = registered(&extensions, "all", &both);
        let end = registered(&extensions, "end", &[EventKind::Shutdown]);
        extensions.invoked(&invocation());
        extensions.shut_down(9);
        let first = extensions.next(&all).await.unwrap();
        assert!(matches!(first, ExtensionEvent::Invoke { request_id, .. } if request_id == "id-1"));
        for identifier in [&all, &end] {
            let shutdown = ExtensionEvent::Shutdown {
                shutdown_reason: "SPINDOWN",
                deadline_ms: 9,
            };
            assert_eq!(extensions.next(identifier).await, Ok(shutdown));
        }
    }

    #[tokio::test]
    async fn a_waiting_extension_is_woken() {
        let extensions = std::sync::Arc::new(Extensions::default());
        let identifier = registered(&extensions, "a", &[EventKind::Invoke]);
        let waiting = {
            let extensions = std::sync::Arc::clone(&extensions);
            tokio::spawn(async move { extensions.next(&identifier).await })
        };
        tokio::task::yield_now().await;
        extensions.invoked(&invocation());
        assert!(waiting.await.unwrap().is_ok());
    }

    #[test]
    fn names_are_taken_once_and_ten_times_at_most() {
        let extensions = Extensions::default();
        for number in 0..MAX_EXTENSIONS {
            registered(&extensions, &number.to_string(), &[]);
        }
        let again = extensions.register(registration("0", &[]));
        assert_eq!(again, Err(ExtensionRefusal::AlreadyRegistered));
        let another = extensions.register(registration("x", &[]));
        assert_eq!(another, Err(ExtensionRefusal::TooMany));
    }

    #[test]
    fn who_is_told_of_the_end_has_more_time_for_it() {
        let extensions = Extensions::default();
        registered(&extensions, "quiet", &[]);
        assert_eq!(extensions.grace(), GRACE);
        registered(&extensions, "end", &[EventKind::Shutdown]);
        assert_eq!(extensions.grace(), GRACE_WITH_SHUTDOWN);
    }

    #[test]
    fn events_that_nobody_takes_do_not_pile_up() {
        let extensions = Extensions::default();
        registered(&extensions, "slow", &[EventKind::Invoke]);
        for _ in 0..MAX_WAITING_EVENTS + 5 {
            extensions.invoked(&invocation());
        }
        assert_eq!(extensions.list()[0].waiting.len(), MAX_WAITING_EVENTS);
    }
}
