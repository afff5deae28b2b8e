//! A connection to a server, and whether all that was to be sent over it has been.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, ReadBufCursor, Write};
use tracing::debug;

/// A connection that takes one request after the other.
///
/// Nobody else moves it on: who waits for something of it drives it meanwhile, in the same task. So a request and its answer wake that
/// task alone, on its own thread.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: Driver,
    flushed: Flushed,
}

/// What sends and receives, when it is polled. `None` when it has ended.
type Driver = Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>;

impl Connection {
    /// A connection over a stream that was just opened.
    ///
    /// # Errors
    ///
    /// When nothing can be sent over it.
    pub(super) async fn over<S>(stream: S) -> hyper::Result<Self>
    where
        S: Read + Write + Unpin + Send + 'static,
    {
        let stream = Watched::new(stream);
        let flushed = stream.flushed.clone();
        let (sender, driver) = http1::handshake(stream).await?;
        Ok(Self {
            sender,
            driver: Some(Box::pin(driver)),
            flushed,
        })
    }

    /// Whether it takes another request now. It does not when the server has closed it.
    pub(super) async fn is_ready(&mut self) -> bool {
        // What has come meanwhile is seen first.
        self.look();
        let Self { sender, driver, .. } = self;
        drive(driver, pin!(sender.ready())).await.is_ok()
    }

    /// Sends a request, and comes back when the head of the answer is there.
    ///
    /// # Errors
    ///
    /// When the connection breaks, with the request if the server has seen nothing of it.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        let Self { sender, driver, .. } = self;
        drive(driver, pin!(sender.try_send_request(request))).await
    }

    /// Waits for something of the body of an answer that came over this connection.
    pub(super) fn poll_frame(
        &mut self,
        body: &mut Incoming,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        poll_driven(&mut self.driver, context, |context| {
            Pin::new(&mut *body).poll_frame(context)
        })
    }

    /// Whether it can take another request: the last one has been sent to its end, and the server has not closed it. A server may answer
    /// before it has read all of a request; what comes next would wait behind the rest.
    pub(super) fn is_reusable(&mut self) -> bool {
        // From here on it wakes nobody, either.
        self.look();
        self.driver.is_some() && !self.sender.is_closed() && self.flushed.get()
    }

    /// Does what can be done now, and lets nobody be woken for the rest.
    fn look(&mut self) {
        advance(&mut self.driver, &mut Context::from_waker(Waker::noop()));
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

fn advance(driver: &mut Driver, context: &mut Context<'_>) {
    if let Some(running) = driver
        && let Poll::Ready(ended) = running.as_mut().poll(context)
    {
        *driver = None;
        if let Err(error) = ended {
            debug!(%error, "a connection to a server ended early");
        }
    }
}

/// Waits for what only the driver brings about.
async fn drive<F: Future>(driver: &mut Driver, mut waited_for: Pin<&mut F>) -> F::Output {
    poll_fn(|context| poll_driven(driver, context, |context| waited_for.as_mut().poll(context)))
        .await
}

/// Polls what only the driver brings about. It wakes nobody by itself: it is looked at whenever the driver was.
fn poll_driven<T>(
    driver: &mut Driver,
    context: &mut Context<'_>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    let silent = &mut Context::from_waker(Waker::noop());
    if let Poll::Ready(ready) = poll(silent) {
        return Poll::Ready(ready);
    }
    advance(driver, context);
    poll(silent)
}

/// Whether all that was written to a stream has left it. Clones share it.
#[derive(Clone, Debug)]
struct Flushed(Arc<AtomicBool>);

impl Flushed {
    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, is_flushed: bool) {
        self.0.store(is_flushed, Ordering::Relaxed);
    }
}

/// A stream that says whether all has left it.
#[derive(Debug)]
struct Watched<S> {
    stream: S,
    flushed: Flushed,
}

impl<S> Watched<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            flushed: Flushed(Arc::new(AtomicBool::new(true))),
        }
    }
}

impl<S: Read + Unpin> Read for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Write + Unpin> Write for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.flushed.set(false);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.flushed.set(false);
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// It is asked for when all has been written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.flushed.set(true);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
