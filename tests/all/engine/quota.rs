//! The windows of quotas against a calendar that is counted off day by day.

use proptest::prelude::*;
use tollgate::quota::{Day, Period, Quota, Window};
use tollgate::time::Timestamp;

/// The last day of the range of [`Timestamp`], in the year 2554.
const LAST_DAY: u32 = 213_503;

fn quota(period: Period, offset: u32) -> Quota {
    Quota::new(1, period, offset).unwrap()
}

fn any_quota() -> impl Strategy<Value = Quota> {
    prop_oneof![
        Just(quota(Period::Day, 0)),
        (0..7_u32).prop_map(|offset| quota(Period::Week, offset)),
        (0..28_u32).prop_map(|offset| quota(Period::Month, offset)),
    ]
}

/// A date, counted off from 1970-01-01.
#[derive(Clone, Copy)]
struct Calendar {
    year: u32,
    month: u32,
    day_of_month: u32,
    /// Days since Sunday.
    weekday: u32,
}

impl Calendar {
    /// A Thursday.
    const EPOCH: Self = Self {
        year: 1970,
        month: 1,
        day_of_month: 1,
        weekday: 4,
    };

    fn month_len(self) -> u32 {
        let is_leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn tomorrow(mut self) -> Self {
        self.weekday = (self.weekday + 1) % 7;
        self.day_of_month += 1;
        if self.day_of_month > self.month_len() {
            self.day_of_month = 1;
            self.month += 1;
        }
        if self.month > 12 {
            self.month = 1;
            self.year += 1;
        }
        self
    }

    fn starts(self, period: Period, offset: u32) -> bool {
        match period {
            Period::Day => true,
            Period::Week => self.weekday == offset,
            Period::Month => self.day_of_month == offset + 1,
        }
    }
}

impl std::fmt::Display for Calendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.year, self.month, self.day_of_month
        )
    }
}

#[test]
fn windows_start_where_the_calendar_says_from_1970_to_2110() {
    let periods = [Period::Day, Period::Week, Period::Month];
    for period in periods {
        for offset in 0..=period.max_offset() {
            let quota = quota(period, offset);
            let mut today = Calendar::EPOCH;
            // The window in which the epoch lies begins before it: its days count from the epoch.
            let mut first = 0;
            for number in 0..51_200 {
                if today.starts(period, offset) {
                    first = number;
                }
                let window = quota.window_of(Day::from_number(number));
                assert_eq!(window.first.number(), first, "{period} {offset} {today}");
                today = today.tomorrow();
                let is_last = today.starts(period, offset);
                assert_eq!(
                    window.next.number() == number + 1,
                    is_last,
                    "{period} {offset}, before {today}"
                );
            }
        }
    }
}

#[test]
fn days_are_written_as_the_calendar_says_from_1970_to_2110() {
    let mut today = Calendar::EPOCH;
    for number in 0..51_200 {
        let day = Day::from_number(number);
        let text = today.to_string();
        assert_eq!(day.to_string(), text);
        assert_eq!(Day::parse(&text), Some(day));
        today = today.tomorrow();
    }
}

proptest! {
    #[test]
    fn windows_tile_the_time(quota in any_quota(), number in 0..=LAST_DAY) {
        let day = Day::from_number(number);
        let window = quota.window_of(day);
        prop_assert!(window.first <= day && day < window.next);
        prop_assert_eq!(quota.window_of(window.first), window);
        let last = window.next.minus(1);
        prop_assert_eq!(quota.window_of(last), window);
        let Window { first, next } = quota.window_of(window.next);
        prop_assert_eq!(first, window.next);
        prop_assert!(next > first);
        prop_assert_eq!(window.length_s(), u64::from(window.next.number() - window.first.number()) * 86_400);
    }

    #[test]
    fn every_instant_belongs_to_its_window(quota in any_quota(), nanos in any::<u64>()) {
        let now = Timestamp::from_nanos(nanos);
        let window = quota.window(now);
        prop_assert!(window.first.start() <= now);
        // The range of instants ends within the last day.
        prop_assert!(now < window.resets_at() || Day::of(now).number() == LAST_DAY);
        prop_assert_eq!(window, quota.window_of(Day::of(now)));
    }

    #[test]
    fn the_last_nanosecond_of_a_day_is_still_that_day(number in 0..LAST_DAY) {
        let day = Day::from_number(number);
        let end = day.plus(1).start();
        prop_assert_eq!(Day::of(day.start()), day);
        prop_assert_eq!(Day::of(Timestamp::from_nanos(end.as_nanos() - 1)), day);
        prop_assert_eq!(Day::of(end), day.plus(1));
    }

    #[test]
    fn a_day_is_read_as_it_is_written_and_nothing_else_is(text in "[-+0-9TWZ:]{8,12}|[0-9]{4}-[0-1][0-9]-[0-3][0-9]|.{0,12}") {
        if let Some(day) = Day::parse(&text) {
            prop_assert_eq!(day.to_string(), text);
        }
    }

    #[test]
    fn no_day_is_too_far_away(quota in any_quota(), number in any::<u32>()) {
        let day = Day::from_number(number);
        let window = quota.window_of(day);
        prop_assert!(window.first <= day);
        prop_assert!(day < window.next || number == u32::MAX);
        prop_assert!(!day.to_string().is_empty());
    }
}

#[test]
fn the_last_day_of_the_range_is_as_long_as_any() {
    let daily = Quota::new(1, Period::Day, 0).unwrap();
    assert_eq!(
        daily.window_of(Day::from_number(LAST_DAY)).length_s(),
        86_400
    );
}

#[test]
fn offsets_end_where_api_gateways_end() {
    for (period, most) in [(Period::Day, 0), (Period::Week, 6), (Period::Month, 27)] {
        assert!(Quota::new(1, period, most).is_ok());
        assert!(Quota::new(1, period, most + 1).is_err());
    }
}

#[test]
fn dates_reach_further_than_instants() {
    for text in ["2554-07-22", "2600-01-01", "9999-12-31"] {
        let day = Day::parse(text).unwrap();
        assert_eq!(day.to_string(), text);
        let window = quota(Period::Month, 0).window_of(day);
        assert_eq!(window.first.to_string()[..7], text[..7]);
    }
}
