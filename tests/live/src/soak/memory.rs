//! The memory of a process, as Linux tells it.

use std::fs;
use std::time::Duration;

use ::tests::Result;

/// How often a peak is looked for.
const SAMPLE: Duration = Duration::from_millis(20);

/// The memory that a process has in use, in KB.
///
/// # Errors
///
/// When there is no such process, or this is not Linux.
pub(super) fn rss_kb(process_id: u32) -> Result<u64> {
    of(
        &fs::read_to_string(format!("/proc/{process_id}/status"))?,
        "VmRSS:",
    )
}

/// How many files this process may have open.
///
/// # Errors
///
/// When this is not Linux.
pub(super) fn open_files() -> Result<u64> {
    of(&fs::read_to_string("/proc/self/limits")?, "Max open files")
}

/// The number behind a label.
fn of(text: &str, label: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    match number.ok_or_else(|| format!("no `{label}` in:\n{text}"))? {
        "unlimited" => Ok(u64::MAX),
        number => Ok(number.parse()?),
    }
}

/// The most memory that a process had while `work` was done, in KB, and what came of the work.
///
/// # Errors
///
/// As [`rss_kb`], and when the work fails.
pub(super) async fn peak_kb<T>(
    process_id: u32,
    work: impl Future<Output = Result<T>>,
) -> Result<(u64, T)> {
    let mut work = std::pin::pin!(work);
    let mut peak = rss_kb(process_id)?;
    loop {
        tokio::select! {
            done = work.as_mut() => return Ok((peak.max(rss_kb(process_id)?), done?)),
            () = tokio::time::sleep(SAMPLE) => peak = peak.max(rss_kb(process_id)?),
        }
    }
}
