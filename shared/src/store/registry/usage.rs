//! What was used of a plan, told day by day.

use super::Usage;
use crate::quota::{Day, Quota};

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

impl Usage {
    /// One entry for each day from `from` to `to`. What remains runs down within each window of `quota`.
    ///
    /// From `today` on the counter that enforces the quota is asked, which knows what an operator has given or taken. `self` needs the
    /// days from the first of the window that `from` belongs to.
    pub fn by_day(&self, quota: Option<Quota>, from: Day, to: Day, today: Day) -> Vec<DayUse> {
        (from.number()..=to.number())
            .map(Day::from_number)
            .map(|day| DayUse {
                day,
                used: self.used_between(day, day),
                remaining: quota.map(|quota| self.remaining(quota, day, today)),
            })
            .collect()
    }

    fn used_between(&self, from: Day, to: Day) -> u64 {
        self.days
            .iter()
            .filter(|known| (from..=to).contains(&known.day))
            .fold(0, |sum: u64, known| sum.saturating_add(known.count))
    }

    fn remaining(&self, quota: Quota, day: Day, today: Day) -> u64 {
        let window = quota.window_of(day).first;
        match self.quota {
            Some(counter) if day >= today && counter.window == window => {
                counter.remaining(quota.limit())
            }
            Some(_) | None => quota.limit().saturating_sub(self.used_between(window, day)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{DayCount, WindowUse};
    use crate::quota::Period;

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
        }
    }

    fn told(usage: &Usage, quota: Option<Quota>, from: &str, to: &str) -> Vec<(u64, Option<u64>)> {
        let days = usage.by_day(quota, day(from), day(to), day("2026-11-24"));
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
    fn without_a_quota_nothing_remains_to_be_told() {
        let usage = usage(&[("2026-11-24", 7)], "2026-11-24", 7);
        assert_eq!(told(&usage, None, "2026-11-24", "2026-11-24"), [(7, None)]);
    }
}
