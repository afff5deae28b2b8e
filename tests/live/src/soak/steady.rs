//! Four fifths of what the gateway can do, for a long time: nothing is lost, and nothing grows.

use std::sync::Arc;
use std::time::Duration;

use ::tests::{Gateway, Result};
use chaos::output::show;
use tokio::time::{Instant, sleep_until};

use super::Stand;
use super::board::{Board, Window};
use super::findings::Findings;
use super::load::{CONNECTIONS, pace, peak};
use super::memory::rss_kb;

/// How long the peak is looked for, and how long the gateway is warmed up before.
const PEAK: Duration = Duration::from_secs(4);
const WARM_UP: Duration = Duration::from_secs(2);

/// The longest time that one line of the output tells of.
const LONGEST_WINDOW: Duration = Duration::from_secs(10);

/// How many lines there are at the least.
const WINDOWS: u32 = 20;

/// Memory that the last quarter may have more than the second, beside a tenth: what allocators keep.
const SLACK_KB: u64 = 8 * 1_024;

/// A p99 that may come from other work on the machine.
const HARMLESS_US: u64 = 1_000_000;

/// Finds the peak, and stays below it for so many minutes.
///
/// # Errors
///
/// When the harness fails.
pub(super) async fn soak(
    gateway: &Gateway,
    stand: &Stand,
    minutes: u64,
    findings: &mut Findings,
) -> Result<()> {
    let target = stand.target();
    let board = Arc::new(Board::new());
    peak(&target, WARM_UP, &board).await?;
    board.take_window(0);
    let most = peak(&target, PEAK, &board).await?;
    let at_peak = board.take_window(0);
    let rate = (most * 4 / 5).max(1);
    show(&format!(
        "peak: {most} requests/s with {CONNECTIONS} connections, p50 {:.1} ms, p99 {:.1} ms; soaks with {rate}/s for {minutes} min",
        ms(at_peak.p50_us),
        ms(at_peak.p99_us)
    ))?;
    let windows = watch(
        gateway,
        &board,
        minutes,
        pace_until(stand, rate, minutes, &board),
    )
    .await?;
    let answered: u64 = windows.iter().map(|window| window.answered).sum();
    findings.steps(answered + at_peak.answered);
    let wrong = board.wrong();
    findings.require(
        wrong.lost == 0,
        &format!("{} answers were lost", wrong.lost),
    )?;
    findings.require(
        wrong.unexpected == 0,
        &format!(
            "{} answers had another status, such as {}",
            wrong.unexpected, wrong.status
        ),
    )?;
    if wrong.left_out > 0 {
        show(&format!(
            "{} requests were not sent: the machine was too slow for the pace",
            wrong.left_out
        ))?;
    }
    compare(&windows, findings)
}

async fn pace_until(stand: &Stand, rate: u64, minutes: u64, board: &Arc<Board>) -> Result<()> {
    let end = Instant::now() + Duration::from_mins(minutes);
    pace(&stand.target(), rate, end, board).await
}

/// Tells how it goes while `work` is done.
async fn watch(
    gateway: &Gateway,
    board: &Board,
    minutes: u64,
    work: impl Future<Output = Result<()>>,
) -> Result<Vec<Window>> {
    let every = (Duration::from_mins(minutes) / WINDOWS).min(LONGEST_WINDOW);
    let began = Instant::now();
    let mut windows = Vec::new();
    let mut work = std::pin::pin!(work);
    let mut next = began + every;
    loop {
        let ended = tokio::select! {
            ended = work.as_mut() => Some(ended),
            () = sleep_until(next) => None,
        };
        let window = board.take_window(rss_kb(gateway.process_id())?);
        if let Some(ended) = ended {
            ended?;
            // The last one is shorter than the others.
            return Ok(windows);
        }
        show(&format!(
            "{:4} s: {} answers, p50 {:.1} ms, p99 {:.1} ms, {:.1} MB",
            began.elapsed().as_secs(),
            window.answered,
            ms(window.p50_us),
            ms(window.p99_us),
            mb(window.rss_kb)
        ))?;
        windows.push(window);
        next += every;
    }
}

/// The second quarter is like the last.
fn compare(windows: &[Window], findings: &mut Findings) -> Result<()> {
    let quarter = windows.len() / 4;
    let (Some(second), Some(last)) = (
        windows.get(quarter..quarter * 2),
        windows.get(windows.len().saturating_sub(quarter)..),
    ) else {
        return Ok(());
    };
    let mean = |windows: &[Window], of: fn(&Window) -> u64| {
        let count = u64::try_from(windows.len()).unwrap_or(u64::MAX).max(1);
        windows.iter().map(of).sum::<u64>() / count
    };
    let rss = |window: &Window| window.rss_kb;
    let p99 = |window: &Window| u64::from(window.p99_us);
    let (rss_before, rss_after) = (mean(second, rss), mean(last, rss));
    let (p99_before, p99_after) = (mean(second, p99), mean(last, p99));
    show(&format!(
        "second quarter: {:.1} MB, p99 {:.1} ms; last quarter: {:.1} MB, p99 {:.1} ms",
        mb(rss_before),
        to_ms(p99_before),
        mb(rss_after),
        to_ms(p99_after)
    ))?;
    findings.require(
        rss_after <= rss_before + rss_before / 10 + SLACK_KB,
        &format!("the memory grew from {rss_before} KB to {rss_after} KB"),
    )?;
    findings.require(
        p99_after <= (p99_before * 3).max(HARMLESS_US),
        &format!("the p99 grew from {p99_before} us to {p99_after} us"),
    )?;
    // A gateway that has become slow is told by what it no longer answers, since the pace then leaves requests out.
    let answered = |window: &Window| window.answered;
    let (before, after) = (mean(second, answered), mean(last, answered));
    findings.require(
        after >= before / 2,
        &format!("{before} answers a line became {after}"),
    )
}

fn ms(micros: u32) -> f64 {
    f64::from(micros) / 1_000.0
}

fn to_ms(micros: u64) -> f64 {
    ms(u32::try_from(micros).unwrap_or(u32::MAX))
}

fn mb(kb: u64) -> f64 {
    f64::from(u32::try_from(kb).unwrap_or(u32::MAX)) / 1_024.0
}
