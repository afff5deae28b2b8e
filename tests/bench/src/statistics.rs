//! Figures of many records: percentiles, medians, and how far admissions went beyond a bound.

use crate::records::{Outcome, Record};

const NANOS_PER_SECOND: f64 = 1e9;

/// The value that so many thousandths of the sorted values do not exceed, by the nearest rank. `None` when there are none.
pub(crate) fn percentile<T: Copy>(sorted: &[T], thousandths: usize) -> Option<T> {
    let rank = sorted.len().saturating_mul(thousandths).div_ceil(1000);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// The middle value; of an even number of values the lower one of the two in the middle. `None` when there are none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    percentile(&values, 500)
}

/// A number of things as a float, exact up to 2^32 of them.
pub(crate) fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// Nanoseconds as seconds.
pub(crate) fn seconds(nanos: u64) -> f64 {
    // Two halves of 32 bits, each of which a float holds exactly.
    let high = u32::try_from(nanos >> 32).map_or(0.0, f64::from);
    let low = u32::try_from(nanos & u64::from(u32::MAX)).map_or(0.0, f64::from);
    high.mul_add(4_294_967_296.0, low) / NANOS_PER_SECOND
}

/// A bucket, as what may be admitted in a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// Requests at once.
    pub(crate) burst: f64,
    /// Requests a second.
    pub(crate) rate_per_s: f64,
}

impl Allowance {
    /// What may be admitted in so many seconds.
    pub(crate) fn within(self, seconds: f64) -> f64 {
        self.rate_per_s.mul_add(seconds, self.burst)
    }
}

/// The most requests by which the admissions of any window exceed what may be admitted in it; 0 when none does.
///
/// Of an admission it is only known that it was decided between the start of its check and its answer. So it counts in those windows
/// which hold that whole span: an excess is certain, and one that is shorter than the answers take may be missed.
pub(crate) fn worst_window(records: &[Record], allowance: Allowance) -> f64 {
    let mut spans: Vec<(u64, u64)> = records
        .iter()
        .filter(|record| record.outcome == Outcome::Admitted)
        .map(|record| (record.start_ns, record.end_ns()))
        .collect();
    spans.sort_unstable();
    let mut worst: f64 = 0.0;
    // From the last start to the first, the ends of all spans that start no earlier.
    let mut ends: Vec<u64> = Vec::with_capacity(spans.len());
    for &(start, end) in spans.iter().rev() {
        let place = ends.partition_point(|other| *other <= end);
        ends.insert(place, end);
        for (before, &end) in ends.iter().enumerate() {
            let window = seconds(end.saturating_sub(start));
            worst = worst.max(float(before + 1) - allowance.within(window));
        }
    }
    worst.max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const TEN_A_SECOND: Allowance = Allowance {
        burst: 10.0,
        rate_per_s: 10.0,
    };

    fn admitted(start_ns: u64, took_ns: u64) -> Record {
        Record {
            start_ns,
            took_ns,
            outcome: Outcome::Admitted,
        }
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let values: Vec<u32> = (1..=200).collect();
        assert_eq!(percentile(&values, 500), Some(100));
        assert_eq!(percentile(&values, 990), Some(198));
        assert_eq!(percentile(&values, 1000), Some(200));
        assert_eq!(percentile(&values, 0), Some(1));
        assert_eq!(percentile(&[7], 990), Some(7));
        assert_eq!(percentile::<u32>(&[], 500), None);
    }

    #[test]
    fn a_median_does_not_depend_on_the_order() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), Some(2.0));
        assert_eq!(median([]), None);
    }

    #[test]
    fn seconds_of_an_instant_of_today_are_right() {
        assert!((seconds(1_795_907_690_500_000_000) - 1_795_907_690.5).abs() < 1e-6);
    }

    #[test]
    fn a_bucket_that_is_used_as_it_may_be_exceeds_no_window() {
        let mut records: Vec<_> = (0..10).map(|_| admitted(SECOND, 0)).collect();
        records.extend((1..=50).map(|number| admitted(SECOND + number * SECOND / 10, 0)));
        assert!(worst_window(&records, TEN_A_SECOND) < 1e-6);
    }

    #[test]
    fn fixed_windows_exceed_the_bound_at_their_edge() {
        // Ten at the end of one second and ten at the start of the next: the totals fit, the window around the edge does not.
        let mut records: Vec<_> = (0..10).map(|_| admitted(2 * SECOND - 1, 0)).collect();
        records.extend((0..10).map(|_| admitted(2 * SECOND, 0)));
        let worst = worst_window(&records, TEN_A_SECOND);
        assert!((worst - 10.0).abs() < 1e-3, "{worst}");
    }

    #[test]
    fn an_admission_counts_only_where_it_was_certainly_charged() {
        // Fifteen answers at once, but each may have been charged in the second before.
        let records: Vec<_> = (0..15).map(|_| admitted(SECOND, SECOND)).collect();
        assert!(worst_window(&records, TEN_A_SECOND) < 1e-6);
        let quick: Vec<_> = (0..15).map(|_| admitted(SECOND, 0)).collect();
        assert!((worst_window(&quick, TEN_A_SECOND) - 5.0).abs() < 1e-6);
    }

    #[test]
    fn refusals_are_not_counted() {
        let refused = Record {
            outcome: Outcome::Refused,
            ..admitted(SECOND, 0)
        };
        assert!(worst_window(&[refused; 30], TEN_A_SECOND) < 1e-6);
    }
}
