//! The days on which windows of quotas begin, reckoned otherwise than the engine does.

use std::fmt;

use tollgate::quota::{Every, Period, Quota};

/// Nanoseconds of a second.
pub const SECOND_NS: u64 = 1_000_000_000;

/// Nanoseconds of a day.
pub const DAY_NS: u64 = 86_400 * SECOND_NS;

/// The day of an instant, as the number of days since 1970-01-01.
pub fn day_of(at_ns: u64) -> u32 {
    u32::try_from(at_ns / DAY_NS).unwrap_or(u32::MAX)
}

/// The first day of the window that `day` belongs to.
pub fn window_of(quota: Quota, day: u32) -> u32 {
    match quota.period() {
        Period::Day => day,
        // The fourth day, number 3, was the first Sunday.
        Period::Week => day - (day + 14 - (3 + quota.offset())) % 7,
        Period::Month => {
            let of_month = day_of_month(day);
            let first = quota.offset() + 1;
            if of_month >= first {
                day - (of_month - first)
            } else {
                let last_of_month_before = day - of_month;
                last_of_month_before - (day_of_month(last_of_month_before) - first)
            }
        }
    }
}

/// When the periods of further quotas begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// How far the zone is ahead of UTC, in minutes.
    pub ahead_min: i32,
    /// The time of the day, in minutes after midnight.
    pub at_min: i32,
    /// Days after Sunday.
    pub weekday: u32,
    /// Days after the first of the month.
    pub day: u32,
}

/// As the plan's tag has it.
impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            ahead_min,
            at_min,
            weekday,
            day,
        } = *self;
        let names = [
            "sunday",
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
        ];
        let sign = if ahead_min < 0 { '-' } else { '+' };
        let (ahead, name) = (ahead_min.abs(), names.get(weekday as usize).unwrap_or(&""));
        let time = |minutes: i32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        write!(
            f,
            "{} {name} {} {sign}{}",
            day + 1,
            time(at_min),
            time(ahead)
        )
    }
}

/// The minute of an instant, as the number of minutes since 1970-01-01.
pub fn minute_of(at_ns: u64) -> u32 {
    u32::try_from(at_ns / (60 * SECOND_NS)).unwrap_or(u32::MAX)
}

/// The first minute of the period that `minute` belongs to.
pub fn stretch_of(every: Every, anchor: Anchor, minute: u32) -> u32 {
    let begins_with_day = |period, offset| {
        let shift = anchor.at_min - anchor.ahead_min;
        let day = minute.saturating_add_signed(-shift) / 1_440;
        let first = Quota::new(0, period, offset).map_or(day, |quota| window_of(quota, day));
        (first * 1_440).saturating_add_signed(shift)
    };
    match every {
        Every::Minute => minute,
        Every::Hour => {
            let since = minute.saturating_add_signed(anchor.ahead_min) % 60;
            minute - since
        }
        Every::Day => begins_with_day(Period::Day, 0),
        Every::Week => begins_with_day(Period::Week, anchor.weekday),
        Every::Month => begins_with_day(Period::Month, anchor.day),
    }
}

/// The day of the month, 1 to 31, of the day `day` days after 1970-01-01.
fn day_of_month(day: u32) -> u32 {
    // Years that begin in March, so that the leap day is the last of them: four centuries have 146,097 days.
    let day_of_era = (day + 719_468) % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    day_of_year - (153 * month + 2) / 5 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate::quota::Day;

    #[test]
    fn windows_begin_where_a_calendar_says() {
        let cases = [
            (Period::Day, 0, "2026-03-01", "2026-03-01"),
            (Period::Week, 0, "2026-11-25", "2026-11-22"),
            (Period::Week, 0, "2026-11-22", "2026-11-22"),
            (Period::Week, 6, "2026-11-22", "2026-11-21"),
            (Period::Month, 0, "2024-02-29", "2024-02-01"),
            (Period::Month, 27, "2024-03-27", "2024-02-28"),
            (Period::Month, 27, "2024-03-28", "2024-03-28"),
            (Period::Month, 3, "2026-01-03", "2025-12-04"),
        ];
        for (period, offset, day, first) in cases {
            let quota = Quota::new(1, period, offset).unwrap();
            let day = Day::parse(day).unwrap().number();
            let window = Day::from_number(window_of(quota, day));
            assert_eq!(window.to_string(), first, "{period} {offset} {day}");
        }
    }
}
