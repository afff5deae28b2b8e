//! What is to be done once a day: expired keys are disabled, so that lists show it, and meters without a key or a plan removed.
//!
//! A meter goes in two steps. The first run marks it: it is stopped, and kept for a day. A later run removes it, or the table's own expiry
//! does. By then no process remembers its key, and none can start it anew.

use std::time::Duration;

use serde::Serialize;

use super::concurrent::try_each;
use crate::quota::Day;
use crate::store::{
    Housekeeping, KeyFilter, Orphan, PageRequest, Registry, RegistryError, SCAN_PARTS, StoreError,
};
use crate::time::{Clock, Timestamp};

/// How long a marked meter is kept: much longer than any process remembers a key.
const MARKED_FOR: Duration = Duration::from_hours(24);

/// How many keys are read at once.
const KEYS_PAGE: u32 = 500;

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HousekeepingSummary {
    /// Keys that had expired, and are disabled now.
    pub expired_disabled: u64,
    /// Meters without a key or a plan that are marked now.
    pub orphans_marked: u64,
    /// Meters that had been marked a day or longer, and are gone now.
    pub orphans_removed: u64,
    /// The keys and meters that were looked at.
    pub examined: u64,
    /// Whether everything was looked at. What was not is left to the next run.
    pub complete: bool,
}

/// What came of one orphan.
enum Settled {
    Marked,
    Removed,
    Left,
}

/// Keeps house in `store` until there is nothing left to do, or the clock shows `until`. Several may do so at once.
///
/// The parts of the store are looked through in another order each day: of a store that is too large for one run, each part has its turn.
///
/// # Errors
///
/// When the store does not answer. What was done by then stays done.
pub async fn keep_house<S: Registry + Housekeeping, C: Clock>(
    store: &S,
    clock: &C,
    until: Timestamp,
) -> Result<HousekeepingSummary, StoreError> {
    let start = clock.now();
    let mut summary = HousekeepingSummary::default();
    // Meters get their share of the time however many keys there are.
    let half = until.saturating_since(start) / 2;
    // Boxed: eight requests to the store at a time make futures of many KB.
    let until_half = start.saturating_add(half);
    let keys_done = Box::pin(disable_expired(store, clock, until_half, &mut summary)).await?;
    let meters_done = Box::pin(settle_orphans(store, clock, until, &mut summary)).await?;
    summary.complete = keys_done && meters_done;
    Ok(summary)
}

/// Whether all keys were looked at and dealt with.
async fn disable_expired<S: Registry + Housekeeping, C: Clock>(
    store: &S,
    clock: &C,
    until: Timestamp,
    summary: &mut HousekeepingSummary,
) -> Result<bool, StoreError> {
    let mut page = PageRequest {
        limit: KEYS_PAGE,
        after: None,
    };
    let mut all_done = true;
    loop {
        let now = clock.now();
        if now >= until {
            return Ok(false);
        }
        let keys = store.keys(&page, &KeyFilter::default()).await?;
        summary.examined = summary.examined.saturating_add(count(keys.entries.len()));
        let expired = keys
            .entries
            .into_iter()
            .filter(|key| key.enabled && key.expires_at.is_some_and(|at| at <= now));
        let disabled = try_each(expired.collect(), |key| async move {
            if clock.now() >= until {
                return Ok(None);
            }
            left_on_refusal(store.disable_expired(&key.id, now).await, || {
                format!("key {}", key.id)
            })
        })
        .await?;
        for disabled in disabled {
            match disabled {
                Some(true) => summary.expired_disabled = summary.expired_disabled.saturating_add(1),
                Some(false) => {}
                None => all_done = false,
            }
        }
        page.after = keys.next;
        if page.after.is_none() {
            return Ok(all_done);
        }
    }
}

/// Whether all meters were looked at and dealt with.
async fn settle_orphans<S: Registry + Housekeeping, C: Clock>(
    store: &S,
    clock: &C,
    until: Timestamp,
    summary: &mut HousekeepingSummary,
) -> Result<bool, StoreError> {
    let mut all_done = true;
    for part in parts_of(Day::of(clock.now())) {
        let mut after = None;
        loop {
            if clock.now() >= until {
                return Ok(false);
            }
            let found = store.orphans(part, after.as_ref()).await?;
            summary.examined = summary.examined.saturating_add(found.examined);
            let settled = try_each(found.orphans, |orphan| async move {
                let now = clock.now();
                if now >= until {
                    return Ok(None);
                }
                let settled = settle(store, &orphan, now).await;
                left_on_refusal(settled, || format!("meter {}", orphan.meter))
            })
            .await?;
            for settled in settled {
                match settled {
                    Some(Settled::Marked) => {
                        summary.orphans_marked = summary.orphans_marked.saturating_add(1);
                    }
                    Some(Settled::Removed) => {
                        summary.orphans_removed = summary.orphans_removed.saturating_add(1);
                    }
                    Some(Settled::Left) => {}
                    None => all_done = false,
                }
            }
            after = found.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(all_done)
}

/// Every part, each day another one first.
fn parts_of(day: Day) -> impl Iterator<Item = u32> {
    let first = day.number() % SCAN_PARTS;
    (0..SCAN_PARTS).map(move |part| first.saturating_add(part) % SCAN_PARTS)
}

async fn settle<S: Housekeeping>(
    store: &S,
    orphan: &Orphan,
    now: Timestamp,
) -> Result<Settled, RegistryError> {
    let settled = match orphan.forgotten_at {
        None => store
            .mark_orphan(orphan, now.saturating_add(MARKED_FOR))
            .await?
            .then_some(Settled::Marked),
        Some(at) if at <= now => store
            .remove_orphan(orphan, now)
            .await?
            .then_some(Settled::Removed),
        Some(_) => None,
    };
    Ok(settled.unwrap_or(Settled::Left))
}

/// One key or meter that cannot be changed must not keep the others from their turn: it is logged, and left to the next run.
fn left_on_refusal<T>(
    outcome: Result<T, RegistryError>,
    what: impl Fn() -> String,
) -> Result<Option<T>, StoreError> {
    match outcome {
        Ok(done) => Ok(Some(done)),
        Err(RegistryError::Store(error)) => Err(error),
        Err(error) => {
            tracing::warn!(%error, "{} is left to the next housekeeping", what());
            Ok(None)
        }
    }
}

fn count(entries: usize) -> u64 {
    u64::try_from(entries).unwrap_or(u64::MAX)
}
