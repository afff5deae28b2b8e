//! What was used of a plan, told day by day.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Usage;
use crate::meter::{FurtherUse, WindowUse};
use crate::overrides::KeyQuota;
use crate::quota::{Day, Every, FurtherQuotas, Minute};
use crate::time::Timestamp;

/// What a key used of a plan on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayUse {
    /// The day.
    pub day: Day,
    /// The requests that were charged on it.
    pub used: u64,
    /// What was left of the quota at its end. `None`: the plan has none.
    pub remaining: Option<u64>,
}

/// What a key has used of a further quota of a plan in this period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FurtherUsed {
    /// How often the quota starts again.
    pub every: Every,
    /// The requests of a period.
    pub limit: u64,
    /// The requests that were charged to this period.
    pub used: u64,
    /// The requests beyond the limit. `None`: the quota is hard, and there are none.
    pub overage: Option<u64>,
    /// When the quota starts again.
    pub resets_at: Timestamp,
}

impl FurtherUsed {
    /// The requests that are left.
    pub const fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

impl Usage {
    /// What is used of each of `quotas` in the periods that count at `now`, as the counters have it that enforce them.
    pub fn further(&self, quotas: &FurtherQuotas, now: Timestamp) -> Vec<FurtherUsed> {
        let used = quotas.iter().map(|quota| {
            let counter = self.further.iter().find(|used| used.every == quota.every);
            let (known, stretch) = FurtherUse::in_force(counter.copied(), quota, Minute::of(now));
            let used = u64::try_from(known.used).unwrap_or(0);
            FurtherUsed {
                every: quota.every,
                limit: quota.limit,
                used,
                overage: quota.is_soft.then(|| used.saturating_sub(quota.limit)),
                resets_at: stretch.resets_at(),
            }
        });
        used.collect()
    }

    /// The first day that [`by_day`](Self::by_day) has to know to tell what remained on `from`: that of the window of `quota`.
    pub fn first_needed(quota: Option<&KeyQuota>, from: Day) -> Day {
        quota.map_or(from, |quota| quota.usual().window_of(from).first)
    }

    /// One entry for each day from `from` to `to`. What remains runs down within each window of `quota`, of its limit at the end of the
    /// day; of today, at `now`.
    ///
    /// From the day of `now` on the counter that enforces the quota is asked, which knows what an operator has given or taken, and from
    /// when on there is a quota. `self` needs the days from [`first_needed`](Self::first_needed).
    pub fn by_day(
        &self,
        quota: Option<&KeyQuota>,
        from: Day,
        to: Day,
        now: Timestamp,
    ) -> Vec<DayUse> {
        let today = Day::of(now);
        let used = self.by_date();
        let mut window: Option<(Day, u64)> = None;
        let days = (from.number()..=to.number()).map(Day::from_number);
        days.map(|day| {
            let on_day = used.get(&day).copied().unwrap_or(0);
            let remaining = quota.map(|quota| {
                let quota = quota.at(if day == today { now } else { last_instant(day) });
                let first = quota.window_of(day).first;
                let before = match window {
                    Some((known, sum)) if known == first => sum,
                    Some(_) | None => sum(used.range(first..day).map(|(_, used)| *used)),
                };
                let since = before.saturating_add(on_day);
                window = Some((first, since));
                if day >= today {
                    let (counter, _) = WindowUse::in_force(self.quota, quota, day);
                    counter.remaining(quota.limit_in(counter.window))
                } else {
                    quota.limit_in(first).saturating_sub(since)
                }
            });
            DayUse {
                day,
                used: on_day,
                remaining,
            }
        })
        .collect()
    }

    fn by_date(&self) -> BTreeMap<Day, u64> {
        let mut used: BTreeMap<Day, u64> = BTreeMap::new();
        for day in &self.days {
            let sum = used.entry(day.day).or_default();
            *sum = sum.saturating_add(day.count);
        }
        used
    }
}

fn last_instant(day: Day) -> Timestamp {
    day.plus(1).start().saturating_sub(Duration::from_nanos(1))
}

fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::DayCount;
    use crate::overrides::Overrides;
    use crate::quota::{Period, Quota};

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn usage(days: &[(&str, u64)], window: &str, used: i64) -> Usage {
        let days = days.iter().map(|(text, count)| DayCount {
            day: day(text),
            count: *count,
        });
        Usage {
            days: days.collect(),
            quota: Some(WindowUse {
                window: day(window),
                used,
            }),
            further: Vec::new(),
        }
    }

    fn told(usage: &Usage, quota: Option<Quota>, from: &str, to: &str) -> Vec<(u64, Option<u64>)> {
        let quota = quota.map(KeyQuota::from);
        told_of(usage, quota.as_ref(), from, to)
    }

    fn told_of(
        usage: &Usage,
        quota: Option<&KeyQuota>,
        from: &str,
        to: &str,
    ) -> Vec<(u64, Option<u64>)> {
        let noon = Timestamp::parse("2026-11-24T12:00:00Z").unwrap();
        let days = usage.by_day(quota, day(from), day(to), noon);
        days.into_iter()
            .map(|day| (day.used, day.remaining))
            .collect()
    }

    #[test]
    fn what_remains_runs_down_within_a_window_and_starts_again_with_the_next() {
        let quota = Quota::new(100, Period::Week, 0).unwrap();
        let days = [
            ("2026-11-20", 30),
            ("2026-11-21", 20),
            ("2026-11-23", 5),
            ("2026-11-24", 10),
        ];
        let usage = usage(&days, "2026-11-22", 15);
        assert_eq!(
            told(&usage, Some(quota), "2026-11-20", "2026-11-25"),
            [
                (30, Some(70)),
                (20, Some(50)),
                (0, Some(100)),
                (5, Some(95)),
                (10, Some(85)),
                (0, Some(85)),
            ]
        );
    }

    #[test]
    fn what_an_operator_gave_shows_from_today_on_and_not_after_the_window() {
        let quota = Quota::new(100, Period::Week, 0).unwrap();
        let usage = usage(&[("2026-11-23", 60), ("2026-11-24", 1)], "2026-11-22", -50);
        assert_eq!(
            told(&usage, Some(quota), "2026-11-23", "2026-11-24"),
            [(60, Some(40)), (1, Some(150))]
        );
        assert_eq!(
            told(&usage, Some(quota), "2026-11-28", "2026-11-29"),
            [(0, Some(150)), (0, Some(100))]
        );
    }

    #[test]
    fn a_counter_of_an_earlier_window_says_nothing_of_today() {
        let quota = Quota::new(100, Period::Day, 0).unwrap();
        let usage = usage(&[("2026-11-23", 60)], "2026-11-23", 60);
        assert_eq!(
            told(&usage, Some(quota), "2026-11-23", "2026-11-24"),
            [(60, Some(40)), (0, Some(100))]
        );
    }

    #[test]
    fn what_was_used_before_there_was_a_quota_does_not_count_against_it() {
        let quota = Quota::new(100, Period::Week, 0).unwrap();
        let before = Usage {
            quota: None,
            ..usage(&[("2026-11-23", 80)], "2026-11-22", 0)
        };
        assert_eq!(
            told(&before, Some(quota), "2026-11-23", "2026-11-24"),
            [(80, Some(20)), (0, Some(100))]
        );
        // A quota a day became one a week: the counter is of a later day than the week begins with.
        let daily = usage(&[("2026-11-23", 80), ("2026-11-24", 5)], "2026-11-24", 5);
        assert_eq!(
            told(&daily, Some(quota), "2026-11-24", "2026-11-24"),
            [(5, Some(95))]
        );
    }

    #[test]
    fn a_top_up_shows_while_it_lasts() {
        let tags = BTreeMap::from([(
            "tollgate:top-up".to_owned(),
            "50 2026-11-23T08:00:00Z/2026-11-25T00:00:00Z".to_owned(),
        )]);
        let limits = Overrides::of_tags(&tags).in_plan(&"gold".into());
        let quota = limits.quota(Some(Quota::new(100, Period::Week, 0).unwrap()));
        let usage = usage(&[("2026-11-23", 60), ("2026-11-24", 70)], "2026-11-22", 130);
        assert_eq!(
            told_of(&usage, quota.as_ref(), "2026-11-22", "2026-11-25"),
            [(0, Some(100)), (60, Some(90)), (70, Some(20)), (0, Some(0))]
        );
    }

    #[test]
    fn what_is_beyond_a_soft_quota_is_told_exactly_and_ends_with_its_period() {
        let quotas: FurtherQuotas = "10/day soft, 100/week".parse().unwrap();
        let minute = Minute::of(day("2026-11-24").start());
        let usage = Usage {
            further: vec![FurtherUse {
                every: Every::Day,
                window: minute,
                used: 13,
            }],
            ..Usage::default()
        };
        let told = |date| {
            let used = usage.further(&quotas, day(date).start());
            used.into_iter()
                .map(|quota| (quota.used, quota.remaining(), quota.overage))
                .collect::<Vec<_>>()
        };
        assert_eq!(told("2026-11-24"), [(13, 0, Some(3)), (0, 100, None)]);
        assert_eq!(told("2026-11-25"), [(0, 10, Some(0)), (0, 100, None)]);
    }

    #[test]
    fn without_a_quota_nothing_remains_to_be_told() {
        let usage = usage(&[("2026-11-24", 7)], "2026-11-24", 7);
        assert_eq!(told(&usage, None, "2026-11-24", "2026-11-24"), [(7, None)]);
    }
}
