//! More invocations than may wait: those that are too many are refused at once, the others are served, and so is who comes afterwards.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::tests::Result;
use bytes::Bytes;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::super::Stand;
use super::super::findings::Findings;
use super::super::memory::{peak_kb, rss_kb};
use super::functions::invoke;
use super::{beside, tell};
use crate::management::PATIENCE;

/// The size of an event's body.
const BODY_BYTES: usize = 4_718_592;

/// How many come at once: 360 MB of events, of which 256 MB may wait.
const REQUESTS: u64 = 80;

/// How many of them are refused before any is answered: 22 may not wait, of which the last may be late on a loaded machine.
const REFUSED: usize = 10;

/// The most memory that all of them take: what waits, and for each what is read and written at that time.
const MOST_KB: u64 = REQUESTS * 24 * 1_024;

/// How often it is looked whether enough were refused.
const POLL: Duration = Duration::from_millis(10);

/// Sends more than may wait to a function that answers when there is the file `go`.
pub(super) async fn attack(
    stand: &Stand,
    go: &Path,
    process_id: u32,
    findings: &mut Findings,
) -> Result<()> {
    let what = "more invocations than may wait";
    let before_kb = rss_kb(process_id)?;
    let attacked = async {
        let body = Bytes::from(vec![b'x'; BODY_BYTES]);
        let refused = Arc::new(AtomicUsize::new(0));
        let mut callers = JoinSet::new();
        for _ in 0..REQUESTS {
            let (address, body) = (stand.address.clone(), body.clone());
            let refused = Arc::clone(&refused);
            callers.spawn(async move {
                let began = Instant::now();
                let answered = invoke(&address, "wait", body).await;
                let status = answered.map_or(0, |(status, _)| status);
                refused.fetch_add(usize::from(status == 503), Ordering::Relaxed);
                (status, began.elapsed())
            });
        }
        let enough = async {
            while refused.load(Ordering::Relaxed) < REFUSED {
                tokio::time::sleep(POLL).await;
            }
        };
        // When there are too few it shows below.
        let _enough = timeout(PATIENCE / 2, enough).await;
        std::fs::write(go, "")?;
        let mut answers = Vec::new();
        while let Some(answered) = callers.join_next().await {
            answers.push(answered?);
        }
        Ok(answers)
    };
    let attacked = peak_kb(process_id, attacked);
    let (peak_kb, answers): (u64, Vec<(u16, Duration)>) =
        beside(what, stand, findings, attacked).await?;
    findings.faults(REQUESTS);
    let of = |wanted: u16| {
        let of = answers.iter().filter(|(status, _)| *status == wanted);
        of.map(|(_, took)| *took).collect::<Vec<_>>()
    };
    let (served, refused) = (of(200), of(503));
    let slowest = |times: &[Duration]| times.iter().max().copied().unwrap_or_default();
    let more_kb = peak_kb.saturating_sub(before_kb);
    tell(
        what,
        &format!(
            "of {REQUESTS} with 4.5 MB {} were served within {:.1} s and {} refused within {:.1} s, with {} MB more at the most",
            served.len(),
            slowest(&served).as_secs_f64(),
            refused.len(),
            slowest(&refused).as_secs_f64(),
            more_kb / 1_024
        ),
    )?;
    let count = u64::try_from(served.len() + refused.len())?;
    findings.require(
        count == REQUESTS,
        &format!("{what}: answered neither 200 nor 503: {answers:?}"),
    )?;
    findings.require(
        refused.len() >= REFUSED,
        &format!("{what}: only {} were refused", refused.len()),
    )?;
    findings.require(
        more_kb <= MOST_KB,
        &format!("{what}: {more_kb} KB more, at the most {MOST_KB} KB"),
    )?;
    let (status, _) = invoke(&stand.address, "wait", Bytes::new()).await?;
    findings.require(
        status == 200,
        &format!("{what}: the next request was answered {status}"),
    )
}
