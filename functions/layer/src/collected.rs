//! Bodies that have to be read before they can go on.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body as _, Frame};
use hyper::body::Incoming;

use crate::body::Body;

/// The room that is made for a body at once, in bytes, whatever its sender says of its length.
const MAX_RESERVED: u64 = 8 * 1024 * 1024;

/// A body, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// All data in one piece.
    pub(crate) text: Bytes,
    trailers: Option<HeaderMap>,
    rest: Option<Incoming>,
}

impl Collected {
    /// Reads a body to its end, or until it has more than `max_len` bytes.
    pub(crate) async fn read(body: Incoming, max_len: usize) -> Result<Self, hyper::Error> {
        Self::read_until(body, max_len, |_| false).await
    }

    /// Reads a body until `is_enough` says so of what there is, or it has more than `max_len` bytes, or it ends.
    pub(crate) async fn read_until(
        mut body: Incoming,
        max_len: usize,
        is_enough: impl Fn(&[u8]) -> bool,
    ) -> Result<Self, hyper::Error> {
        let mut pieces = Pieces::new(body.size_hint().exact());
        // A connection that breaks behind the last byte of a body takes nothing of it away.
        while !body.is_end_stream()
            && let Some(frame) = frame(&mut body).await
        {
            match frame?.into_data() {
                Ok(data) => pieces.add(data),
                Err(other) => {
                    return Ok(Self {
                        text: pieces.text(),
                        trailers: other.into_trailers().ok(),
                        rest: None,
                    });
                }
            }
            if is_enough(pieces.here()) || pieces.here().len() > max_len {
                return Ok(Self {
                    text: pieces.text(),
                    trailers: None,
                    rest: Some(body),
                });
            }
        }
        Ok(Self {
            text: pieces.text(),
            trailers: None,
            rest: None,
        })
    }

    /// Whether nothing is to come.
    pub(crate) const fn is_whole(&self) -> bool {
        self.rest.is_none()
    }

    /// The body with these pieces in the place of what was read.
    pub(crate) fn with(self, pieces: VecDeque<Bytes>) -> Body {
        let body = Body::new(pieces).then_trailers(self.trailers);
        match self.rest {
            Some(rest) => body.then(rest),
            None => body,
        }
    }

    /// The body as it came.
    pub(crate) fn unchanged(self) -> Body {
        let text = self.text.clone();
        self.with(VecDeque::from([text]))
    }
}

/// What has been read: one piece is kept as it came, several are put together.
#[derive(Debug)]
struct Pieces {
    expected: Option<u64>,
    first: Bytes,
    all: BytesMut,
}

impl Pieces {
    fn new(expected: Option<u64>) -> Self {
        Self {
            expected,
            first: Bytes::new(),
            all: BytesMut::new(),
        }
    }

    fn add(&mut self, piece: Bytes) {
        if self.all.is_empty() && self.first.is_empty() {
            self.first = piece;
            return;
        }
        if self.all.is_empty() {
            let expected = self.expected.unwrap_or_default().min(MAX_RESERVED);
            self.all
                .reserve(usize::try_from(expected).unwrap_or_default());
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.all.extend_from_slice(&piece);
    }

    fn here(&self) -> &[u8] {
        if self.all.is_empty() {
            &self.first
        } else {
            &self.all
        }
    }

    fn text(self) -> Bytes {
        if self.all.is_empty() {
            self.first
        } else {
            self.all.freeze()
        }
    }
}

async fn frame(body: &mut Incoming) -> Option<Result<Frame<Bytes>, hyper::Error>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}
