//! Connections that say nothing: each takes little, and they are closed in the end.

use std::time::Duration;

use ::tests::Result;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::super::Stand;
use super::super::findings::Findings;
use super::super::memory::{open_files, rss_kb};
use super::{beside, tell};

const WHAT: &str = "idle connections";

/// How many there are, where so many files may be open.
const CONNECTIONS: u64 = 10_000;

/// What else has files open here.
const OTHER_FILES: u64 = 500;

/// How many are opened at a time.
const AT_ONCE: usize = 100;

/// How much memory each may take.
const MOST_KB_EACH: u64 = 64;

/// How long a connection may be silent: 30 s in the gateway, and some more on a loaded machine.
const LONGEST: Duration = Duration::from_mins(1);

pub(super) async fn attack(stand: &Stand, process_id: u32, findings: &mut Findings) -> Result<()> {
    let first_kb = round(stand, process_id, findings).await?;
    // Each thread's part of the allocator keeps what it has for others of their kind, and the second time another thread may have most.
    let second_kb = round(stand, process_id, findings).await?;
    findings.require(
        second_kb <= first_kb + first_kb / 2,
        &format!("{WHAT}: the second time they take {second_kb} KB, the first time {first_kb} KB"),
    )
}

/// The memory of the gateway with all of them, in KB.
async fn round(stand: &Stand, process_id: u32, findings: &mut Findings) -> Result<u64> {
    let count = CONNECTIONS.min(open_files()?.saturating_sub(OTHER_FILES));
    let before_kb = rss_kb(process_id)?;
    let attacked = async {
        let streams = open_all(&stand.address, count).await?;
        let with_all_kb = rss_kb(process_id)?;
        let opened = u64::try_from(streams.len())?;
        Ok((opened, with_all_kb, count_closed(streams).await?))
    };
    let (opened, with_all_kb, closed) = beside(WHAT, stand, findings, attacked).await?;
    findings.faults(opened);
    let each_kb = with_all_kb.saturating_sub(before_kb) / opened.max(1);
    tell(
        WHAT,
        &format!(
            "{opened} at a time, {} MB before and {} MB with them, {each_kb} KB more each; {closed} were closed by the gateway, {} MB are left",
            before_kb / 1_024,
            with_all_kb / 1_024,
            rss_kb(process_id)? / 1_024,
        ),
    )?;
    findings.require(
        opened == count,
        &format!("{WHAT}: {opened} of {count} could connect"),
    )?;
    findings.require(
        each_kb <= MOST_KB_EACH,
        &format!("{WHAT}: each takes {each_kb} KB, more than {MOST_KB_EACH} KB"),
    )?;
    findings.require(
        closed == opened,
        &format!(
            "{WHAT}: {} are still open after {LONGEST:?}",
            opened - closed
        ),
    )?;
    Ok(with_all_kb)
}

/// How many the gateway closes within the longest time.
async fn count_closed(streams: Vec<TcpStream>) -> Result<u64> {
    let mut ends = JoinSet::new();
    for stream in streams {
        ends.spawn(timeout(LONGEST, until_closed(stream)));
    }
    let mut closed = 0_u64;
    while let Some(end) = ends.join_next().await {
        closed += u64::from(end?.is_ok());
    }
    Ok(closed)
}

async fn open_all(address: &str, count: u64) -> Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    let mut opening = JoinSet::new();
    for _ in 0..count {
        let address = address.to_owned();
        opening.spawn(async move { TcpStream::connect(&address).await });
        if opening.len() >= AT_ONCE
            && let Some(opened) = opening.join_next().await
        {
            streams.extend(opened?.ok());
        }
    }
    while let Some(opened) = opening.join_next().await {
        streams.extend(opened?.ok());
    }
    Ok(streams)
}

async fn until_closed(mut stream: TcpStream) {
    let mut rest = [0; 256];
    while stream.read(&mut rest).await.is_ok_and(|bytes| bytes > 0) {}
}
