//! Requests of well-behaved clients, as fast as they are answered, or at a pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::tests::Result;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::board::Board;
use crate::management::PATIENCE;

/// How many connections there are at a time.
pub(super) const CONNECTIONS: u32 = 64;

/// How far a connection may be behind its pace. What is further behind is left out and counted.
const FURTHEST_BEHIND: Duration = Duration::from_millis(500);

/// How long a connection rests that has lost an answer.
const AFTER_A_LOSS: Duration = Duration::from_millis(10);

/// A request, and the statuses with which it may be answered.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) path: String,
    pub(super) key: String,
    pub(super) statuses: &'static [u16],
}

/// What is sent, one after another, and where to.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) address: String,
    pub(super) kinds: Arc<[Kind]>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    AsExpected,
    /// Another status than those that may be.
    Unexpected(u16),
    /// No answer, or none that is whole.
    Lost,
}

/// One connection, which is opened anew when it breaks.
#[derive(Debug)]
pub(super) struct Connection {
    address: String,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(super) fn to(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            sender: None,
        }
    }

    /// The status of the answer, and its body.
    ///
    /// # Errors
    ///
    /// When there is no whole answer within the patience.
    pub(super) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<(u16, Bytes)> {
        let answered = timeout(PATIENCE, self.send_at_last(request)).await;
        let answered = answered.unwrap_or_else(|_elapsed| Err("no answer in time".into()));
        if answered.is_err() {
            self.sender = None;
        }
        answered
    }

    async fn send_at_last(&mut self, request: Request<Full<Bytes>>) -> Result<(u16, Bytes)> {
        let mut sender = match self.sender.take() {
            // Some answers close the connection.
            Some(sender) if !sender.is_closed() => sender,
            Some(_) | None => open(&self.address).await?,
        };
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        self.sender = Some(sender);
        Ok((parts.status.as_u16(), body))
    }

    pub(super) async fn ask(&mut self, kind: &Kind) -> Outcome {
        let request = Request::get(&kind.path)
            .header("host", &self.address)
            .header("x-api-key", &kind.key)
            .body(Full::default());
        let answered = match request {
            Ok(request) => self.send(request).await,
            Err(error) => Err(error.into()),
        };
        match answered {
            Ok((status, _)) if kind.statuses.contains(&status) => Outcome::AsExpected,
            Ok((status, _)) => Outcome::Unexpected(status),
            Err(_) => Outcome::Lost,
        }
    }
}

async fn open(address: &str) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// How many requests a second are answered when each connection sends the next one as soon as it has an answer.
///
/// # Errors
///
/// When a connection's task fails.
pub(super) async fn peak(target: &Target, duration: Duration, board: &Arc<Board>) -> Result<u64> {
    let end = Instant::now() + duration;
    let count = Arc::new(AtomicU64::new(0));
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (target, board, count) = (target.clone(), Arc::clone(board), Arc::clone(&count));
        connections.spawn(async move {
            let mut connection = Connection::to(&target.address);
            let turn = usize::try_from(number).unwrap_or(0);
            for kind in target.kinds.iter().cycle().skip(turn) {
                let began = Instant::now();
                if began >= end {
                    break;
                }
                let outcome = connection.ask(kind).await;
                board.tell(turn, outcome, began.elapsed());
                count.fetch_add(1, Ordering::Relaxed);
                if outcome == Outcome::Lost {
                    tokio::time::sleep(AFTER_A_LOSS).await;
                }
            }
        });
    }
    while let Some(ended) = connections.join_next().await {
        ended?;
    }
    let answered = count.load(Ordering::Relaxed);
    let per_second = u128::from(answered) * 1_000 / duration.as_millis().max(1);
    Ok(u64::try_from(per_second)?)
}

/// Sends `rate` requests a second until `end`, whether answers come or not, and tells the board.
///
/// # Errors
///
/// When a connection's task fails.
pub(super) async fn pace(
    target: &Target,
    rate: u64,
    end: Instant,
    board: &Arc<Board>,
) -> Result<()> {
    let mut connections = JoinSet::new();
    let apart = Duration::from_secs(u64::from(CONNECTIONS)).div_f64(to_float(rate));
    let began = Instant::now();
    for number in 0..CONNECTIONS {
        let (target, board) = (target.clone(), Arc::clone(board));
        let mut due = began + apart * number / CONNECTIONS;
        connections.spawn(async move {
            let mut connection = Connection::to(&target.address);
            let turn = usize::try_from(number).unwrap_or(0);
            for kind in target.kinds.iter().cycle().skip(turn) {
                sleep_until(due).await;
                if Instant::now() >= end {
                    break;
                }
                let outcome = connection.ask(kind).await;
                board.tell(turn, outcome, due.elapsed());
                due += apart;
                while due.elapsed() > FURTHEST_BEHIND {
                    board.leave_out();
                    due += apart;
                }
            }
        });
    }
    while let Some(ended) = connections.join_next().await {
        ended?;
    }
    Ok(())
}

/// Exact up to 4 billion.
fn to_float(number: u64) -> f64 {
    u32::try_from(number)
        .map_or(f64::from(u32::MAX), f64::from)
        .max(1.0)
}
