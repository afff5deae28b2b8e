//! The rows, from what the store has.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::UsageRow;
use crate::id::{KeyId, PlanId};
use crate::meter::{DayCount, MeterId};
use crate::overrides::Overrides;
use crate::plan::Plan;
use crate::quota::{Day, Quota};
use crate::store::{ApiKey, PageRequest, PlanRegistry, StoreError, UsedDays};
use crate::time::Clock;

/// The longest window of a quota, in days.
const LONGEST_WINDOW_DAYS: u32 = 31;

/// How many plans are read at once.
const PLANS_PAGE: u32 = 500;

/// Why rows could not be collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// A day has not ended: its counts still grow.
    #[error("{0} has not ended yet (UTC)")]
    NotOver(Day),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The rows of the days from `from` to `to`, in the order of day, plan and key.
///
/// The store is looked through once; while the day changes, days move, and it is looked through again.
///
/// # Errors
///
/// `NotOver` when `to` is today or later, and `Store` when the store does not answer.
pub async fn collect<S: UsedDays + PlanRegistry, C: Clock>(
    store: &S,
    clock: &C,
    from: Day,
    to: Day,
) -> Result<Vec<UsageRow>, CollectError> {
    let first_needed = from.minus(LONGEST_WINDOW_DAYS);
    let (used, plans) = loop {
        let today = Day::of(clock.now());
        if to >= today {
            return Err(CollectError::NotOver(to));
        }
        let used = store.used_days(first_needed, to).await?;
        let plans = plans(store).await?;
        if Day::of(clock.now()) == today {
            break (used, plans);
        }
    };
    let keys: BTreeSet<&KeyId> = used.iter().map(|(meter, _)| &meter.key_id).collect();
    let keys: Vec<KeyId> = keys.into_iter().cloned().collect();
    let keys = store.keys_by_id(&keys).await?;
    Ok(rows(used, &plans, &keys, from, to))
}

async fn plans<S: PlanRegistry>(store: &S) -> Result<HashMap<PlanId, Plan>, StoreError> {
    let mut plans = HashMap::new();
    let mut page = PageRequest {
        limit: PLANS_PAGE,
        after: None,
    };
    loop {
        let found = store.plans(&page).await?;
        let known = found.entries.into_iter();
        plans.extend(known.map(|plan| (plan.id.clone(), plan)));
        page.after = found.next;
        if page.after.is_none() {
            return Ok(plans);
        }
    }
}

pub(super) fn rows(
    used: Vec<(MeterId, DayCount)>,
    plans: &HashMap<PlanId, Plan>,
    keys: &HashMap<KeyId, ApiKey>,
    from: Day,
    to: Day,
) -> Vec<UsageRow> {
    let mut meters: BTreeMap<(PlanId, KeyId), BTreeMap<Day, u64>> = BTreeMap::new();
    for (MeterId { key_id, plan_id }, DayCount { day, count }) in used {
        meters
            .entry((plan_id, key_id))
            .or_default()
            .insert(day, count);
    }
    let mut rows = Vec::new();
    for ((plan_id, key_id), days) in &meters {
        let key = keys.get(key_id);
        let own = key.map(|key| Overrides::of_tags(&key.tags).in_plan(plan_id));
        let of_plan = plans.get(plan_id).and_then(|plan| plan.quota);
        let quota = own.unwrap_or_default().quota(of_plan).map(|it| it.usual());
        for (day, requests, overage) in with_overage(days, quota) {
            if requests > 0 && (from..=to).contains(&day) {
                rows.push(UsageRow {
                    day,
                    key_id: key_id.clone(),
                    customer_id: key.and_then(|key| key.customer_id.clone()),
                    plan_id: plan_id.clone(),
                    requests,
                    quota: quota.map(Quota::limit),
                    overage,
                });
            }
        }
    }
    // Of one day, plans and keys are in order already.
    rows.sort_by_key(|row| row.day);
    rows
}

/// Each day with its requests, and those of them that went beyond the quota of its window.
fn with_overage(days: &BTreeMap<Day, u64>, quota: Option<Quota>) -> Vec<(Day, u64, u64)> {
    let mut window: Option<Day> = None;
    let mut before = 0_u64;
    let mut all = Vec::with_capacity(days.len());
    for (day, requests) in days {
        let overage = quota.map_or(0, |quota| {
            let first = quota.window_of(*day).first;
            if window != Some(first) {
                window = Some(first);
                before = 0;
            }
            let beyond = |used: u64| used.saturating_sub(quota.limit());
            let since = before.saturating_add(*requests);
            let overage = beyond(since).saturating_sub(beyond(before));
            before = since;
            overage
        });
        all.push((*day, *requests, overage));
    }
    all
}
