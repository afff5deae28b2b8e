//! What becomes of connections when the server ends.

use http_body_util::Full;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::*;
use crate::server::serve;

/// Answers `/now` at once, and others when it is let; never, when that is never.
#[derive(Clone, Debug)]
struct Slow {
    arrived: Arc<Semaphore>,
    may_answer: Arc<Semaphore>,
}

impl Handler for Slow {
    type Body = Full<Bytes>;

    async fn handle(&self, request: Request<Incoming>, _: SocketAddr) -> Response<Full<Bytes>> {
        if request.uri().path() != "/now" {
            self.arrived.add_permits(1);
            self.may_answer.acquire().await.unwrap().forget();
        }
        Response::new(Full::new(Bytes::from_static(b"done")))
    }
}

struct Server {
    address: SocketAddr,
    slow: Slow,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
}

async fn start() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let slow = Slow {
        arrived: Arc::new(Semaphore::new(0)),
        may_answer: Arc::new(Semaphore::new(0)),
    };
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(serve(listener, slow.clone(), stopped));
    Server {
        address,
        slow,
        stop,
        serving,
    }
}

impl Server {
    async fn send(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_request_that_runs_when_the_server_ends_is_answered_and_nobody_else_can_connect() {
    let server = start().await;
    let running = server.send("/slow").await;
    server.slow.arrived.acquire().await.unwrap().forget();
    server.stop.send_replace(true);
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.slow.may_answer.add_permits(1);
    let answer = rest(running).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("done"), "{answer}");
    server.serving.await.unwrap();
}

#[tokio::test]
async fn those_who_have_connected_and_sent_a_request_before_the_end_are_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut sent = TcpStream::connect(address).await.unwrap();
    let request = b"GET /now HTTP/1.1\r\nhost: h\r\n\r\n";
    sent.write_all(request).await.unwrap();
    let silent = TcpStream::connect(address).await.unwrap();
    let slow = start().await.slow;
    let mut connections = Connections::new(slow);
    connections.open_waiting(&listener.into_std().unwrap());
    connections.end(Duration::from_mins(1)).await;
    let answer = rest(sent).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(rest(silent).await, "");
}

#[tokio::test]
async fn a_request_that_does_not_end_within_the_grace_is_answered_503() {
    let slow = start().await.slow;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = b"GET /never HTTP/1.1\r\nhost: h\r\n\r\n";
    client.write_all(request).await.unwrap();
    let (accepted, peer) = listener.accept().await.unwrap();
    let mut connections = Connections::new(slow.clone());
    connections.open(accepted, peer, AtEnd::KeepAlive);
    slow.arrived.acquire().await.unwrap().forget();
    connections.end(Duration::ZERO).await;
    let answer = rest(client).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert!(
        answer.ends_with(r#"{"message":"Service Unavailable"}"#),
        "{answer}"
    );
}

/// Never answers, and says when it runs and when it does not any more.
#[derive(Clone, Debug)]
struct Watched {
    arrived: Arc<Semaphore>,
    is_dropped: Arc<AtomicBool>,
}

struct OnDrop(Arc<AtomicBool>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Handler for Watched {
    type Body = Full<Bytes>;

    async fn handle(&self, _: Request<Incoming>, _: SocketAddr) -> Response<Full<Bytes>> {
        let _running = OnDrop(Arc::clone(&self.is_dropped));
        self.arrived.add_permits(1);
        std::future::pending().await
    }
}

#[tokio::test]
async fn no_request_runs_any_more_when_the_server_has_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: h\r\n\r\n";
    client.write_all(request).await.unwrap();
    let is_dropped = Arc::new(AtomicBool::new(false));
    let (accepted, peer) = listener.accept().await.unwrap();
    let watched = Watched {
        arrived: Arc::new(Semaphore::new(0)),
        is_dropped: Arc::clone(&is_dropped),
    };
    let mut connections = Connections::new(watched.clone());
    connections.open(accepted, peer, AtEnd::KeepAlive);
    watched.arrived.acquire().await.unwrap().forget();
    connections.end(Duration::ZERO).await;
    assert!(is_dropped.load(Ordering::SeqCst));
}

/// Answers with a body that never ends, and gives up the connection.
#[derive(Clone, Debug)]
struct GivesUp;

impl Handler for GivesUp {
    type Body = crate::content::Content;

    const HAS_ENDLESS_ANSWERS: bool = true;

    async fn handle(
        &self,
        request: Request<Incoming>,
        _: SocketAddr,
    ) -> Response<crate::content::Content> {
        let hangup: Hangup = request.extensions().get().cloned().unwrap();
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        sender.send(Bytes::from_static(b"first")).await.unwrap();
        tokio::spawn(async move {
            hangup.hang_up();
            sender.closed().await;
        });
        Response::new(crate::content::Content::Pushed(receiver))
    }
}

#[tokio::test]
async fn an_answer_can_give_up_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(serve(listener, GivesUp, stopped));
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: h\r\n\r\n";
    client.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // Whole or not, it ends.
    let _ = client.read_to_end(&mut answer).await;
    assert!(!answer.ends_with(b"0\r\n\r\n"), "{answer:?}");
}
