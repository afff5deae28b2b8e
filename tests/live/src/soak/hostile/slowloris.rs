//! Headers byte by byte: a connection is closed when they take too long.

use std::time::Duration;

use ::tests::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use super::super::Stand;
use super::super::findings::Findings;
use super::{beside, tell};

const CONNECTIONS: u64 = 200;

/// How often each sends a byte.
const EVERY: Duration = Duration::from_millis(500);

/// How long headers may take: 30 s in the gateway, and some more on a loaded machine.
const LONGEST: Duration = Duration::from_secs(45);

pub(super) async fn attack(stand: &Stand, findings: &mut Findings) -> Result<()> {
    let what = "headers byte by byte";
    let attacked = async {
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let address = stand.address.clone();
            connections.spawn(async move { timeout(LONGEST, drip(&address)).await });
        }
        let mut lives = Vec::new();
        while let Some(ended) = connections.join_next().await {
            match ended? {
                Ok(life) => lives.push(life?),
                Err(_elapsed) => {}
            }
        }
        Ok(lives)
    };
    let lives = beside(what, stand, findings, attacked).await?;
    findings.faults(CONNECTIONS);
    let closed = u64::try_from(lives.len())?;
    let (first, last) = (lives.iter().min(), lives.iter().max());
    tell(
        what,
        &format!(
            "{closed} of {CONNECTIONS} connections were closed, after {:.1} s to {:.1} s",
            first.map_or(0.0, Duration::as_secs_f64),
            last.map_or(0.0, Duration::as_secs_f64)
        ),
    )?;
    findings.require(
        closed == CONNECTIONS,
        &format!(
            "{what}: {} connections are still open after {LONGEST:?}",
            CONNECTIONS - closed
        ),
    )
}

/// How long the connection lasted.
async fn drip(address: &str) -> Result<Duration> {
    let began = Instant::now();
    let (mut reader, mut writer) = TcpStream::connect(address).await?.into_split();
    writer
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ")
        .await?;
    let mut ticks = interval(EVERY);
    let mut answer = [0; 256];
    loop {
        tokio::select! {
            read = reader.read(&mut answer) => {
                // An answer may come before the end.
                if !read.is_ok_and(|bytes| bytes > 0) {
                    return Ok(began.elapsed());
                }
            }
            _ = ticks.tick() => {
                if writer.write_all(b"x").await.is_err() {
                    return Ok(began.elapsed());
                }
            }
        }
    }
}
