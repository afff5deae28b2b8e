//! Bodies on their way through: as they come, or with another beginning.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

/// Pieces that are here, then what is still to come. What is to come is read only as fast as it is passed on.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pieces: VecDeque<Bytes>,
    rest: Option<Incoming>,
    trailers: Option<HeaderMap>,
}

impl Body {
    pub(crate) const fn new(pieces: VecDeque<Bytes>) -> Self {
        Self {
            pieces,
            rest: None,
            trailers: None,
        }
    }

    pub(crate) fn then(mut self, rest: Incoming) -> Self {
        self.rest = Some(rest);
        self
    }

    /// Trailers that have been read already, where nothing is to come.
    pub(crate) fn then_trailers(mut self, trailers: Option<HeaderMap>) -> Self {
        self.trailers = trailers;
        self
    }
}

impl From<Incoming> for Body {
    fn from(incoming: Incoming) -> Self {
        Self::default().then(incoming)
    }
}

impl From<Bytes> for Body {
    fn from(piece: Bytes) -> Self {
        Self::new(VecDeque::from([piece]))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some(piece) = self.pieces.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        // A connection that breaks behind the last byte takes nothing away.
        if let Some(rest) = self.rest.as_mut().filter(|rest| !rest.is_end_stream()) {
            return Pin::new(rest).poll_frame(cx);
        }
        let trailers = self.trailers.take();
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
            && self.trailers.is_none()
            && self.rest.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let here = self.pieces.iter().fold(0_u64, |sum, piece| {
            sum.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX))
        });
        let to_come = match &self.rest {
            Some(rest) => rest.size_hint(),
            None => SizeHint::with_exact(0),
        };
        let mut hint = SizeHint::new();
        if let Some(upper) = to_come.upper() {
            hint.set_upper(here.saturating_add(upper));
        }
        hint.set_lower(here.saturating_add(to_come.lower()));
        hint
    }
}
