//! Whether a process can have got an invocation: one of which nothing was sent may be handed to another.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::HeaderValue;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What was sent over one connection.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    sent_bytes: AtomicU64,
    /// The invocation in the last reply, and what had been sent before that.
    last: Mutex<Option<(HeaderValue, u64)>>,
}

impl Delivery {
    /// A reply is to be sent, with the request id of the invocation that it carries.
    pub(super) fn begins(&self, invocation: Option<&HeaderValue>) {
        let before = self.sent_bytes.load(Ordering::Relaxed);
        let invocation = invocation.map(|id| (id.clone(), before));
        // A panic cannot leave half of it.
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = invocation;
    }

    /// The request id of an invocation of which nothing was sent. To be asked when the connection has ended.
    pub(super) fn unsent(&self) -> Option<String> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, before) = last.take()?;
        let is_unsent = self.sent_bytes.load(Ordering::Relaxed) == before;
        let id = id.to_str().ok().filter(|_| is_unsent);
        id.map(str::to_owned)
    }
}

/// A stream that counts what is sent over it.
#[derive(Debug)]
pub(super) struct Counted<S> {
    stream: S,
    delivery: Arc<Delivery>,
}

impl<S> Counted<S> {
    pub(super) const fn new(stream: S, delivery: Arc<Delivery>) -> Self {
        Self { stream, delivery }
    }

    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            let bytes = u64::try_from(*bytes).unwrap_or(u64::MAX);
            self.delivery.sent_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn an_invocation_is_unsent_until_a_byte_of_its_reply_is_written() {
        let id = HeaderValue::from_static("id-1");
        let delivery = Arc::new(Delivery::default());
        let (here, _there) = tokio::io::duplex(64);
        let mut stream = Counted::new(here, Arc::clone(&delivery));
        stream.write_all(b"an earlier reply").await.unwrap();
        delivery.begins(Some(&id));
        assert_eq!(delivery.unsent().as_deref(), Some("id-1"));
        delivery.begins(Some(&id));
        stream.write_all(b"H").await.unwrap();
        assert_eq!(delivery.unsent(), None);
        delivery.begins(None);
        assert_eq!(delivery.unsent(), None);
    }

    #[tokio::test]
    async fn what_could_not_be_written_was_not_sent() {
        let id = HeaderValue::from_static("id-1");
        let delivery = Arc::new(Delivery::default());
        let (here, there) = tokio::io::duplex(64);
        drop(there);
        let mut stream = Counted::new(here, Arc::clone(&delivery));
        delivery.begins(Some(&id));
        assert!(stream.write_all(b"HTTP/1.1 200 OK").await.is_err());
        assert_eq!(delivery.unsent().as_deref(), Some("id-1"));
    }
}
