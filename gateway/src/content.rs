//! The body of an answer to a client.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full, Limited};
use tokio::sync::mpsc;

use crate::http_client::{StreamError, Streamed};

/// The body of an answer to a client.
#[derive(Debug)]
pub enum Content {
    /// All of it.
    Whole(Full<Bytes>),
    /// What a backend sends, as it comes.
    Streamed(Box<Streamed>),
    /// What this process sends through a channel, until nobody is left to send.
    Pushed(mpsc::Receiver<Bytes>),
}

impl Content {
    /// Reads it to its end. `None` when it breaks off, or is longer than `limit_bytes`.
    pub(crate) async fn read(self, limit_bytes: usize) -> Option<Bytes> {
        let collected = Limited::new(self, limit_bytes).collect().await;
        collected.ok().map(http_body_util::Collected::to_bytes)
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }
}

impl From<Full<Bytes>> for Content {
    fn from(body: Full<Bytes>) -> Self {
        Self::Whole(body)
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body)
                .poll_frame(context)
                .map_err(|never| match never {}),
            Self::Streamed(body) => Pin::new(body.as_mut()).poll_frame(context),
            Self::Pushed(receiver) => receiver
                .poll_recv(context)
                .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Streamed(body) => body.is_end_stream(),
            Self::Pushed(receiver) => receiver.is_closed() && receiver.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Streamed(body) => body.size_hint(),
            Self::Pushed(_) => SizeHint::default(),
        }
    }
}
