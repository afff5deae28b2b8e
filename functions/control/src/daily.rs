//! The daily schedule.

use tollgate::control::{HousekeepingSummary, keep_house};
use tollgate::store::{Housekeeping, Registry, StoreError};
use tollgate::time::Clock;

use crate::app::App;
use crate::invocation::Invocation;

/// Keeps house for as long as the function has time, and logs what was done.
pub(crate) async fn handle<S: Registry + Housekeeping, C: Clock>(
    app: &App<S, C>,
    invocation: &Invocation,
) -> Result<HousekeepingSummary, StoreError> {
    let now = app.clock.now();
    // What is kept back is enough for the last requests to the store to be answered, or given up.
    let until = now.saturating_add(invocation.budget(now).work);
    let summary = keep_house(&app.store, &app.clock, until)
        .await
        .inspect_err(|error| tracing::error!(%error, "the housekeeping was broken off"))?;
    let HousekeepingSummary {
        expired_disabled,
        orphans_marked,
        orphans_removed,
        examined,
        complete,
    } = summary;
    tracing::info!(
        expired_disabled,
        orphans_marked,
        orphans_removed,
        examined,
        complete,
        "the daily housekeeping is done"
    );
    if !complete {
        tracing::warn!("the housekeeping has left work to the next run");
    }
    Ok(summary)
}
