//! Headers and bodies that are too large: refused with a status that says so, and not kept in memory.

use ::tests::Result;
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::super::Stand;
use super::super::findings::Findings;
use super::super::memory::{peak_kb, rss_kb};
use super::{beside, tell};
use crate::management::PATIENCE;

/// How many of each kind come at once.
const AT_ONCE: u64 = 16;

const MB: usize = 1_024 * 1_024;

/// How much memory each may take while it is under way: a body may have 10 MB, and grows in steps that double.
const MOST_KB_EACH: u64 = 24 * 1_024;

/// How much a gateway may have more at any time, whatever comes.
const SLACK_KB: u64 = 32 * 1_024;

/// A request that is too large, and how it may be answered.
struct Large {
    name: &'static str,
    head: String,
    body: Bytes,
    statuses: &'static [u16],
}

fn kinds(stand: &Stand) -> Vec<Large> {
    let (path, key) = (&stand.path, &stand.good);
    let start = format!("host: x\r\nconnection: close\r\nx-api-key: {key}\r\n");
    let get = format!("GET {path} HTTP/1.1\r\n{start}");
    // The method `GET` may have a body.
    let body = |size: usize| Bytes::from(vec![b'x'; size]);
    let fields = "x-many: y\r\n".repeat(2_000);
    let mut chunked = Vec::new();
    let chunk = vec![b'x'; MB];
    for _ in 0..11 {
        chunked.extend_from_slice(b"100000\r\n");
        chunked.extend_from_slice(&chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    vec![
        Large {
            name: "a header field of 16 MB",
            head: format!("{get}x-large: "),
            body: body(16 * MB),
            statuses: &[431, 400],
        },
        Large {
            name: "2,000 header fields",
            head: format!("{get}{fields}\r\n"),
            body: Bytes::new(),
            statuses: &[431, 400],
        },
        Large {
            name: "a path of 1 MB",
            head: format!("GET /{}", "x".repeat(MB)),
            body: Bytes::from(format!(" HTTP/1.1\r\n{start}\r\n")),
            statuses: &[414, 431, 400],
        },
        Large {
            name: "a body of 10 MB",
            head: format!("{get}content-length: {}\r\n\r\n", 10 * MB),
            body: body(10 * MB),
            statuses: &[200],
        },
        Large {
            name: "a body of 10 MB and 1 byte",
            head: format!("{get}content-length: {}\r\n\r\n", 10 * MB + 1),
            body: body(10 * MB + 1),
            statuses: &[413],
        },
        Large {
            name: "a body of 11 MB in chunks",
            head: format!("{get}transfer-encoding: chunked\r\n\r\n"),
            body: Bytes::from(chunked),
            statuses: &[413],
        },
        Large {
            name: "a body of 1 TB, announced",
            head: format!("{get}content-length: 1099511627776\r\nexpect: 100-continue\r\n\r\n"),
            body: Bytes::new(),
            statuses: &[413],
        },
    ]
}

pub(super) async fn attack(stand: &Stand, process_id: u32, findings: &mut Findings) -> Result<()> {
    for kind in kinds(stand) {
        let what = kind.name;
        let before_kb = rss_kb(process_id)?;
        let attacked = async {
            let mut senders = JoinSet::new();
            for _ in 0..AT_ONCE {
                let (address, head) = (stand.address.clone(), kind.head.clone());
                let body = kind.body.clone();
                senders.spawn(async move { timeout(PATIENCE, send(&address, &head, &body)).await });
            }
            let mut statuses = Vec::new();
            while let Some(sent) = senders.join_next().await {
                statuses.push(sent?.unwrap_or(Ok(0))?);
            }
            Ok(statuses)
        };
        let attacked = peak_kb(process_id, attacked);
        let (peak_kb, statuses) = beside(what, stand, findings, attacked).await?;
        findings.faults(AT_ONCE);
        let more_kb = peak_kb.saturating_sub(before_kb);
        let mut seen = statuses.clone();
        seen.sort_unstable();
        seen.dedup();
        tell(
            what,
            &format!(
                "{AT_ONCE} at once were answered {seen:?}, with {} MB more at the most",
                more_kb / 1_024
            ),
        )?;
        let are_fine = statuses.iter().all(|status| kind.statuses.contains(status));
        findings.require(
            are_fine,
            &format!("{what}: answered {seen:?}, not {:?}", kind.statuses),
        )?;
        let most_kb = AT_ONCE * MOST_KB_EACH + SLACK_KB;
        findings.require(
            more_kb <= most_kb,
            &format!("{what}: {more_kb} KB more, at the most {most_kb} KB"),
        )?;
    }
    Ok(())
}

/// The status of the answer, or 0 when the connection is closed without one.
async fn send(address: &str, head: &str, body: &[u8]) -> Result<u16> {
    let (mut reader, mut writer) = TcpStream::connect(address).await?.into_split();
    let writing = async {
        // Who is refused is not read to the end.
        if writer.write_all(head.as_bytes()).await.is_ok() {
            let _refused = writer.write_all(body).await;
        }
        std::future::pending::<()>().await;
    };
    let reading = async {
        let mut answer = Vec::new();
        let mut part = [0; 1_024];
        while let Ok(bytes) = reader.read(&mut part).await {
            let Some(part) = part.get(..bytes).filter(|part| !part.is_empty()) else {
                break;
            };
            answer.extend_from_slice(part);
            // An answer of the first hundred is not the last.
            let text = String::from_utf8_lossy(&answer);
            let status = text.get(9..12).and_then(|status| status.parse().ok());
            if let Some(status) = status.filter(|status| *status >= 200_u16) {
                return status;
            }
        }
        0
    };
    tokio::select! {
        status = reading => Ok(status),
        () = writing => Ok(0),
    }
}
