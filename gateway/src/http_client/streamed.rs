//! An answer that is handed on while it comes.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

/// How long a server may be silent in the midst of an answer: 5 minutes, as for a regional API on AWS.
const MAX_PAUSE: Duration = Duration::from_mins(5);

/// How long an answer may take in all: 15 minutes, as on AWS.
const MAX_DURATION: Duration = Duration::from_mins(15);

/// The body of an answer, as it comes. Its connection is kept for another request when it has ended as it should.
pub struct Streamed {
    body: Incoming,
    /// `None` once it was done.
    give_back: Option<Box<dyn FnOnce() + Send>>,
    ends_at: Instant,
    pause: Pin<Box<Sleep>>,
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
    pub(super) fn new(body: Incoming, give_back: Box<dyn FnOnce() + Send>) -> Self {
        let now = Instant::now();
        let mut streamed = Self {
            body,
            give_back: Some(give_back),
            ends_at: now + MAX_DURATION,
            pause: Box::pin(tokio::time::sleep(MAX_PAUSE)),
        };
        // It may have no body at all, which nobody would read then.
        streamed.finish_if_ended();
        streamed
    }

    fn finish_if_ended(&mut self) {
        if self.body.is_end_stream()
            && let Some(give_back) = self.give_back.take()
        {
            give_back();
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
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let silent_until = (Instant::now() + MAX_PAUSE).min(self.ends_at);
                self.pause.as_mut().reset(silent_until);
                self.finish_if_ended();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.give_back = None;
                Poll::Ready(Some(Err(StreamError::Broken(error))))
            }
            Poll::Ready(None) => {
                if let Some(give_back) = self.give_back.take() {
                    give_back();
                }
                Poll::Ready(None)
            }
            Poll::Pending => match self.pause.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Some(Err(StreamError::TooSlow))),
                Poll::Pending => Poll::Pending,
            },
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
