//! Threads that serve connections, each with a runtime of its own.
//!
//! A connection stays on the thread that it was given to, with all its requests: nothing of it is handed from one thread to another, and no
//! thread looks for work at others. That costs a request less than threads that share their tasks, as long as there are about as many
//! connections on each. `tests/bench/gateway/run` measures it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tracing::debug;

/// Some threads. When this is dropped, what runs on them is given up, and they have ended.
#[derive(Debug)]
pub struct Threads {
    running: Vec<Running>,
    seats: Seats,
}

#[derive(Debug)]
struct Running {
    /// The thread ends when this is dropped.
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// The places for connections on some threads; by default on none, and connections stay in the runtime that takes them. What holds it
/// does not keep the threads: later connections are closed.
#[derive(Clone, Debug, Default)]
pub struct Seats(Arc<[Row]>);

/// The places on one thread.
#[derive(Debug)]
struct Row {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
}

impl Threads {
    /// Starts one thread for each processor that this process may use.
    ///
    /// # Errors
    ///
    /// When the system has no thread, or no file descriptor, for it.
    pub fn for_each_processor() -> io::Result<Self> {
        Self::start(std::thread::available_parallelism()?.get())
    }

    fn start(count: usize) -> io::Result<Self> {
        let mut running = Vec::new();
        let mut rows = Vec::new();
        for number in 0..count {
            let (thread, row) = Running::start(number)?;
            running.push(thread);
            rows.push(row);
        }
        let seats = Seats(rows.into());
        Ok(Self { running, seats })
    }

    /// The places for connections on them.
    pub const fn seats(&self) -> &Seats {
        &self.seats
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let (ends, threads): (Vec<_>, Vec<_>) = self
            .running
            .drain(..)
            .map(|running| (running.end, running.thread))
            .unzip();
        drop(ends);
        for thread in threads {
            if thread.join().is_err() {
                debug!("a thread that served connections has panicked");
            }
        }
    }
}

impl Running {
    fn start(number: usize) -> io::Result<(Self, Row)> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let row = Row {
            runtime: runtime.handle().clone(),
            connections: Arc::default(),
        };
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(format!("connections-{number}"))
            .spawn(move || {
                // Nothing is ever sent: it comes back when the sender is gone.
                let _gone = runtime.block_on(ended);
                runtime.shutdown_background();
            })?;
        Ok((Self { end, thread }, row))
    }
}

impl Seats {
    /// Serves a connection by one of `tasks`, on the thread with the fewest; where there is none, in this runtime.
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

    /// A place on the thread with the fewest connections, or about so many where several are given out at once.
    fn seat(&self) -> Option<Seat> {
        let row = self
            .0
            .iter()
            .min_by_key(|row| row.connections.load(Ordering::Relaxed))?;
        row.connections.fetch_add(1, Ordering::Relaxed);
        Some(Seat {
            runtime: row.runtime.clone(),
            connections: Arc::clone(&row.connections),
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
        let threads = Threads::start(2).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(async move {
            serve_on(threads.seats(), listener, NameOfThread, stopped).await;
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
        for row in threads.seats().0.iter() {
            assert_eq!(row.connections.load(Ordering::Relaxed), 0);
        }
    }

    #[tokio::test]
    async fn what_runs_on_threads_is_given_up_when_they_end_even_what_has_their_seats() {
        struct Held(Seats, std::sync::mpsc::Sender<usize>);
        impl Drop for Held {
            fn drop(&mut self) {
                self.1.send(self.0.0.len()).unwrap();
            }
        }

        let threads = Threads::start(2).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await;
        let (stream, _) = listener.accept().await.unwrap();
        let (dropped, was_dropped) = std::sync::mpsc::channel();
        let held = Held(threads.seats().clone(), dropped);
        let (begun, has_begun) = oneshot::channel();
        let mut tasks = JoinSet::new();
        let serve = |stream| async move {
            let _held = (stream, held);
            begun.send(()).unwrap();
            std::future::pending::<()>().await;
        };
        threads.seats().serve(&mut tasks, stream, serve).unwrap();
        has_begun.await.unwrap();
        drop(threads);
        assert_eq!(was_dropped.try_recv(), Ok(2));
    }
}
