//! An answer that is handed on while it comes.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::pool::Lent;

/// How long a server may be silent in the midst of an answer: 5 minutes, as for a regional API on AWS.
const MAX_PAUSE: Duration = Duration::from_mins(5);

/// How long an answer may take in all: 15 minutes, as on AWS.
const MAX_DURATION: Duration = Duration::from_mins(15);

/// The body of an answer, as it comes. Its connection is kept for another request when it has ended as it should.
pub struct Streamed {
    body: Incoming,
    /// `None` once the answer has ended.
    lent: Option<Lent>,
    ends_at: Instant,
    /// Set while the server is silent.
    pause: Option<Pin<Box<Sleep>>>,
}

/// Why an answer was not handed on to its end.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The server broke off.
    #[error("the server broke off: {0}")]
    Broken(hyper::Error),
    /// It was silent for 5 minutes, or had not ended after 15.
    #[error("the server's answer took too long")]
    TooSlow,
}

impl Streamed {
    pub(super) fn new(body: Incoming, lent: Lent) -> Self {
        let mut streamed = Self {
            body,
            lent: Some(lent),
            ends_at: Instant::now() + MAX_DURATION,
            pause: None,
        };
        // It may have no body at all, which nobody would read then.
        streamed.finish_if_ended();
        streamed
    }

    fn finish_if_ended(&mut self) {
        if self.body.is_end_stream() {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if let Some(lent) = self.lent.take() {
            lent.give_back();
        }
    }
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        let Self {
            body,
            lent,
            ends_at,
            pause,
        } = &mut *self;
        let Some(Lent { connection, .. }) = lent else {
            return Poll::Ready(None);
        };
        match connection.poll_frame(body, context) {
            Poll::Ready(Some(Ok(frame))) => {
                *pause = None;
                self.finish_if_ended();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                *lent = None;
                Poll::Ready(Some(Err(StreamError::Broken(error))))
            }
            Poll::Ready(None) => {
                self.finish();
                Poll::Ready(None)
            }
            Poll::Pending => {
                let silent_until = || (Instant::now() + MAX_PAUSE).min(*ends_at);
                let pause = pause.get_or_insert_with(|| Box::pin(sleep_until(silent_until())));
                ready!(pause.as_mut().poll(context));
                *lent = None;
                Poll::Ready(Some(Err(StreamError::TooSlow)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed").finish_non_exhaustive()
    }
}
