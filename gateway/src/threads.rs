//! Threads that serve connections, each with a runtime of its own.
//!
//! A connection stays on the thread that it was given to, with all its requests: nothing of it is handed from one thread to another, and no
//! thread looks for work at others. That costs a request less than threads that share their tasks, as long as there are about as many
//! connections on each. `tests/bench/gateway/run` measures it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tracing::debug;

/// Some threads. Clones share them. What runs on them is given up when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Threads(Arc<[Thread]>);

#[derive(Debug)]
struct Thread {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
    /// The thread ends when this is dropped.
    _end: oneshot::Sender<()>,
}

impl Threads {
    /// Starts one thread for each processor that this process may use.
    ///
    /// # Errors
    ///
    /// When the system has no thread, or no file descriptor, for it.
    pub fn for_each_processor() -> io::Result<Self> {
        let count = std::thread::available_parallelism()?.get();
        (0..count)
            .map(Thread::start)
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// Serves a connection by one of `tasks`, on the thread with the fewest.
    ///
    /// # Errors
    ///
    /// When the connection cannot be handed to the thread.
    pub(crate) fn serve<F>(
        &self,
        tasks: &mut JoinSet<()>,
        stream: TcpStream,
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(seat) = self.seat() else {
            tasks.spawn(serve(stream));
            return Ok(());
        };
        // What a runtime tells of a stream it tells on its own threads.
        let stream = stream.into_std()?;
        let runtime = seat.runtime.clone();
        let served = async move {
            match TcpStream::from_std(stream) {
                Ok(stream) => serve(stream).await,
                Err(error) => debug!(%error, "a thread could not take a connection"),
            }
            drop(seat);
        };
        tasks.spawn_on(served, &runtime);
        Ok(())
    }

    /// The thread with the fewest connections.
    fn seat(&self) -> Option<Seat> {
        let thread = self
            .0
            .iter()
            .min_by_key(|thread| thread.connections.load(Ordering::Relaxed))?;
        thread.connections.fetch_add(1, Ordering::Relaxed);
        Some(Seat {
            runtime: thread.runtime.clone(),
            connections: Arc::clone(&thread.connections),
        })
    }
}

impl Thread {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name(format!("connections-{number}"))
            .spawn(move || {
                // Nothing is ever sent: it comes back when the sender is gone.
                let _gone = runtime.block_on(ended);
                runtime.shutdown_background();
            })?;
        Ok(Self {
            runtime: handle,
            connections: Arc::default(),
            _end: end,
        })
    }
}

/// The place of one connection on a thread.
#[derive(Debug)]
struct Seat {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::SocketAddr;

    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::Full;
    use hyper::body::Incoming;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::watch;

    use super::*;
    use crate::server::{Handler, serve_on};

    /// Answers with the name of the thread that it runs on.
    #[derive(Clone, Debug)]
    struct NameOfThread;

    impl Handler for NameOfThread {
        type Body = Full<Bytes>;

        async fn handle(&self, _: Request<Incoming>, _: SocketAddr) -> Response<Full<Bytes>> {
            let name = std::thread::current().name().unwrap_or("none").to_owned();
            Response::new(Full::new(Bytes::from(name)))
        }
    }

    fn two() -> Threads {
        Threads(Arc::new([
            Thread::start(0).unwrap(),
            Thread::start(1).unwrap(),
        ]))
    }

    /// The name of the thread that answers.
    async fn ask(client: &mut TcpStream) -> String {
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        while !answer.contains("connections-0") && !answer.contains("connections-1") {
            let mut bytes = [0; 512];
            let count = client.read(&mut bytes).await.unwrap();
            assert!(count > 0, "{answer}");
            answer.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        answer.rsplit("\r\n").next().unwrap().to_owned()
    }

    #[tokio::test]
    async fn each_thread_gets_as_many_connections_and_keeps_them() {
        let threads = two();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(async move {
            serve_on(&threads, listener, NameOfThread, stopped).await;
            threads
        });
        let mut clients = Vec::new();
        let mut connections_of: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..6 {
            let mut client = TcpStream::connect(address).await.unwrap();
            let first = ask(&mut client).await;
            assert_eq!(ask(&mut client).await, first);
            *connections_of.entry(first).or_default() += 1;
            clients.push(client);
        }
        let expected = ["connections-0", "connections-1"].map(|name| (name.to_owned(), 3));
        assert_eq!(connections_of, BTreeMap::from(expected));
        stop.send_replace(true);
        let threads = serving.await.unwrap();
        for thread in threads.0.iter() {
            assert_eq!(thread.connections.load(Ordering::Relaxed), 0);
        }
    }
}
