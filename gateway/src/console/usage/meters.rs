//! What keys have used, from the counters that enforce their plans.

use futures_util::stream::{StreamExt as _, TryStreamExt as _};
use tollgate::overrides::KeyQuota;
use tollgate::plan::Plan;
use tollgate::quota::{Day, Quota, Window};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::store::{DayUse, FurtherUsed, KeyRegistry as _, StoreError, Usage};
use tollgate::time::Timestamp;

use super::super::directory::ListedKey;

/// How many meters a page reads at the most. Each takes two requests to the table.
pub(super) const MOST: usize = 50;

/// How many of them are read at once.
const AT_ONCE: usize = 16;

/// What one key has used of one plan.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    usage: Usage,
    /// The plan's, or the key's own.
    quota: Option<KeyQuota>,
    from: Day,
    now: Timestamp,
}

impl Meter {
    /// Reads the days from `from` to `today`, and those of the quota's window that came before.
    pub(super) async fn read(
        store: &DynamoStore,
        key: &ListedKey,
        plan: &Plan,
        from: Day,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let quota = key.overrides.in_plan(&plan.id).quota(plan.quota);
        let first = Usage::first_needed(quota.as_ref(), from);
        let usage = store.usage(&key.id, &plan.id, first, Day::of(now)).await?;
        Ok(Self {
            usage,
            quota,
            from,
            now,
        })
    }

    /// Reads one for each key, in the order of the keys.
    pub(super) async fn read_all(
        store: &DynamoStore,
        keys: Vec<(&ListedKey, &Plan)>,
        from: Day,
        now: Timestamp,
    ) -> Result<Vec<Self>, StoreError> {
        let reads: Vec<_> = keys
            .into_iter()
            .map(|(key, plan)| Self::read(store, key, plan, from, now))
            .collect();
        futures_util::stream::iter(reads)
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Day by day, the earliest first.
    pub(super) fn days(&self) -> Vec<DayUse> {
        let quota = self.quota.as_ref();
        self.usage
            .by_day(quota, self.from, Day::of(self.now), self.now)
    }

    /// The quota as it is now. `None`: there is none.
    pub(super) fn quota(&self) -> Option<Quota> {
        let quota = self.quota.as_ref();
        quota.map(|quota| quota.at(self.now))
    }

    /// The requests of today.
    pub(super) fn used_today(&self) -> u64 {
        let today = Day::of(self.now);
        let today = self.usage.by_day(None, today, today, self.now);
        today
            .iter()
            .fold(0, |sum, day| sum.saturating_add(day.used))
    }

    /// What is used of the plan's further quotas in the periods that count at `now`.
    pub(super) fn further(&self, plan: &Plan, now: Timestamp) -> Vec<FurtherUsed> {
        self.usage.further(&plan.further_quotas(), now)
    }

    /// What was used of the quota in the window of today, and what is left. `None`: there is none.
    pub(super) fn window(&self) -> Option<WindowUsed> {
        let quota = self.quota()?;
        let window = quota.window(self.now);
        let days = self.usage.by_day(
            self.quota.as_ref(),
            window.first,
            Day::of(self.now),
            self.now,
        );
        let last = days.last().copied();
        Some(WindowUsed {
            window,
            limit: quota.limit_in(window.first),
            used: days.iter().fold(0, |sum, day| sum.saturating_add(day.used)),
            remaining: last.and_then(|day| day.remaining).unwrap_or(0),
            days,
        })
    }
}

/// What was used of a quota in one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WindowUsed {
    pub(super) window: Window,
    pub(super) limit: u64,
    /// The requests that were charged.
    pub(super) used: u64,
    /// The requests that are left, which an operator may have set.
    pub(super) remaining: u64,
    /// The days of the window until today.
    pub(super) days: Vec<DayUse>,
}

/// The days of several meters of a plan, added up. What remains is each key's own.
pub(super) fn sum(meters: &[Meter]) -> Vec<DayUse> {
    let mut days: Vec<DayUse> = Vec::new();
    for meter in meters {
        let more = meter.days();
        if days.is_empty() {
            days = more
                .into_iter()
                .map(|day| DayUse {
                    remaining: None,
                    ..day
                })
                .collect();
        } else {
            for (sum, day) in days.iter_mut().zip(more) {
                sum.used = sum.used.saturating_add(day.used);
            }
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use tollgate::meter::{DayCount, WindowUse};
    use tollgate::quota::Period;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn meter(days: &[(&str, u64)], used: i64) -> Meter {
        let days = days.iter().map(|(text, count)| DayCount {
            day: day(text),
            count: *count,
        });
        Meter {
            usage: Usage {
                days: days.collect(),
                quota: Some(WindowUse {
                    window: day("2026-11-22"),
                    used,
                }),
                further: Vec::new(),
            },
            quota: Some(Quota::new(100, Period::Week, 0).unwrap().into()),
            from: day("2026-11-20"),
            now: Timestamp::parse("2026-11-24T12:00:00Z").unwrap(),
        }
    }

    #[test]
    fn a_window_has_its_own_days_and_what_the_counter_says_is_left() {
        let meter = meter(
            &[("2026-11-21", 7), ("2026-11-23", 60), ("2026-11-24", 5)],
            15,
        );
        let window = meter.window().unwrap();
        assert_eq!(window.window.first, day("2026-11-22"));
        // An operator has given 50 back.
        assert_eq!((window.used, window.remaining), (65, 85));
        assert_eq!(window.days.len(), 3);
        assert_eq!(meter.used_today(), 5);
        let without_quota = Meter {
            quota: None,
            ..meter
        };
        assert_eq!(without_quota.window(), None);
    }

    #[test]
    fn keys_of_a_plan_are_added_up_day_by_day() {
        let meters = [
            meter(&[("2026-11-21", 7), ("2026-11-24", 5)], 5),
            meter(&[("2026-11-24", 6)], 6),
        ];
        let used: Vec<_> = sum(&meters)
            .iter()
            .map(|day| (day.used, day.remaining))
            .collect();
        assert_eq!(
            used,
            [(0, None), (7, None), (0, None), (0, None), (11, None)]
        );
        assert_eq!(sum(&[]), []);
    }
}
