//! The bucket against exact arithmetic.

use proptest::prelude::*;
use tollgate::bucket::{Bucket, Rate, Throttle, Verdict};
use tollgate::time::Timestamp;

const START_NS: u64 = 1_700_000_000_000_000_000;

fn rate(per_second: f64) -> Rate {
    Rate::per_second(per_second).unwrap()
}

fn bucket(per_second: f64, burst: u64) -> Bucket {
    Bucket::new(Throttle {
        rate: rate(per_second),
        burst,
    })
}

fn at(nanos: u64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

/// A double as `mantissa · 2^exponent`, exactly.
fn parts(per_second: f64) -> (u128, i32) {
    let bits = per_second.to_bits();
    let fraction = u128::from(bits & ((1 << 52) - 1));
    match (bits >> 52) & 0x7ff {
        0 => (fraction, -1_074),
        biased => (fraction | 1 << 52, i32::try_from(biased).unwrap() - 1_075),
    }
}

/// `floor(w · rate)` of the very double that was given.
fn tokens_in(window_ns: u64, per_second: f64) -> u128 {
    let (mantissa, exponent) = parts(per_second);
    let whole_seconds = 1_000_000_000;
    if exponent >= 0 {
        let rate = mantissa.saturating_mul(
            1_u128
                .checked_shl(exponent.unsigned_abs())
                .unwrap_or(u128::MAX),
        );
        return u128::from(window_ns).saturating_mul(rate) / whole_seconds;
    }
    let scaled = u128::from(window_ns) * mantissa / whole_seconds;
    scaled.checked_shr(exponent.unsigned_abs()).unwrap_or(0)
}

/// A bucket as a level of tokens, each worth one emission interval of time.
struct TokenBucket {
    interval_ns: u128,
    capacity_ns: u128,
    level_ns: u128,
    seen_at: u64,
}

impl TokenBucket {
    fn full(per_second: f64, burst: u64) -> Self {
        let interval_ns = u128::from(rate(per_second).emission_interval_ns().unwrap());
        let capacity_ns = interval_ns * u128::from(burst);
        Self {
            interval_ns,
            capacity_ns,
            level_ns: capacity_ns,
            seen_at: START_NS,
        }
    }

    fn take(&mut self, now: u64, n: u64) -> bool {
        self.level_ns += u128::from(now - self.seen_at);
        self.level_ns = self.level_ns.min(self.capacity_ns);
        self.seen_at = now;
        let cost_ns = self.interval_ns * u128::from(n);
        let fits = cost_ns <= self.level_ns;
        if fits {
            self.level_ns -= cost_ns;
        }
        fits
    }
}

/// Rates that plans have, whole and fractional.
fn plan_rates() -> impl Strategy<Value = f64> {
    prop_oneof![
        (1_u32..2_000).prop_map(f64::from),
        0.01..50.0_f64,
        1_000.0..5_000_000.0_f64,
    ]
}

/// Any rate at all: every finite double that is not negative and not zero.
fn any_rate() -> impl Strategy<Value = f64> {
    let largest = f64::MAX.to_bits();
    prop_oneof![
        plan_rates(),
        (1..=largest).prop_map(f64::from_bits),
        (1..=1_u64 << 52).prop_map(f64::from_bits),
    ]
}

/// Pauses between requests, from none to several refills of a slow bucket, and what the requests cost.
fn arrivals() -> impl Strategy<Value = Vec<(u64, u64)>> {
    let pause_ns = prop_oneof![
        3 => 0..3_u64,
        3 => 0..2_000_000_u64,
        3 => 0..1_500_000_000_u64,
        1 => 0..200_000_000_000_u64,
    ];
    prop::collection::vec((pause_ns, 1..4_u64), 1..120)
}

/// The admitted arrivals, as instants and costs.
fn admitted(bucket: Bucket, arrivals: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let (mut now, mut tat) = (START_NS, None);
    let mut admitted = Vec::new();
    for (pause, n) in arrivals {
        now += pause;
        if let Verdict::Conforms { tat: next } = bucket.check(tat, at(now), *n) {
            tat = Some(next);
            admitted.push((now, *n));
        }
    }
    admitted
}

proptest! {
    #[test]
    fn a_full_bucket_passes_exactly_its_burst_at_once(per_second in plan_rates(), burst in 0..500_u64) {
        let arrivals = vec![(0, 1); 600];
        let passed = admitted(bucket(per_second, burst), &arrivals).len();
        prop_assert_eq!(u64::try_from(passed).unwrap(), burst);
    }

    #[test]
    fn no_window_admits_more_than_the_burst_and_the_rate(
        per_second in plan_rates(),
        burst in 0..40_u64,
        arrivals in arrivals(),
    ) {
        let admitted = admitted(bucket(per_second, burst), &arrivals);
        for (index, (first, _)) in admitted.iter().enumerate() {
            let mut sum = 0_u128;
            for (last, n) in admitted.iter().skip(index) {
                sum += u128::from(*n);
                let most = u128::from(burst) + tokens_in(last - first, per_second);
                prop_assert!(sum <= most, "{} in {} ns, at most {}", sum, last - first, most);
            }
        }
    }

    #[test]
    fn it_decides_as_a_token_bucket_does(
        per_second in plan_rates(),
        burst in 0..40_u64,
        arrivals in arrivals(),
    ) {
        let bucket = bucket(per_second, burst);
        let mut model = TokenBucket::full(per_second, burst);
        let (mut now, mut tat) = (START_NS, None);
        for (pause, n) in arrivals {
            now += pause;
            let left = bucket.remaining(tat, at(now));
            let verdict = bucket.check(tat, at(now), n);
            let fits = model.take(now, n);
            prop_assert_eq!(matches!(verdict, Verdict::Conforms { .. }), fits);
            prop_assert_eq!(n <= left, fits, "{} of {} left", n, left);
            if let Verdict::Conforms { tat: next } = verdict {
                prop_assert!(tat.is_none_or(|tat| tat < next));
                tat = Some(next);
            }
        }
    }

    #[test]
    fn the_wait_is_tight(
        per_second in plan_rates(),
        burst in 1..40_u64,
        n in 1..40_u64,
        ahead_ns in 0..200_000_000_000_u64,
    ) {
        let bucket = bucket(per_second, burst);
        let tat = Some(at(START_NS + ahead_ns));
        match bucket.check(tat, at(START_NS), n) {
            Verdict::Conforms { .. } => prop_assert!(n <= burst),
            Verdict::Exceeds { until: None } => prop_assert!(n > burst),
            Verdict::Exceeds { until: Some(until) } => {
                prop_assert!(until > at(START_NS));
                let just_before = at(until.as_nanos() - 1);
                let refused = Verdict::Exceeds { until: Some(until) };
                prop_assert_eq!(bucket.check(tat, just_before, n), refused);
                let passes = matches!(bucket.check(tat, until, n), Verdict::Conforms { .. });
                prop_assert!(passes);
            }
        }
    }

    #[test]
    fn the_emission_interval_is_the_exact_ceiling(per_second in any_rate()) {
        let interval = u128::from(rate(per_second).emission_interval_ns().unwrap());
        let (mantissa, exponent) = parts(per_second);
        let scale = exponent.unsigned_abs();
        prop_assert!(interval >= 1);
        if exponent >= 0 {
            // A rate of 2^52 and more: an interval below a nanosecond counts as one.
            prop_assert_eq!(interval, 1);
        } else if scale <= 98 {
            // interval · rate >= 1e9 > (interval - 1) · rate, both sides times 2^scale.
            let second = 1_000_000_000_u128 << scale;
            let is_clamped = interval == u128::from(u64::MAX);
            prop_assert!(is_clamped || interval * mantissa >= second);
            prop_assert!((interval - 1) * mantissa < second);
        } else {
            prop_assert_eq!(interval, u128::from(u64::MAX));
        }
    }

    #[test]
    fn no_number_is_too_large(
        per_second in any_rate(),
        burst in any::<u64>(),
        tat in any::<Option<u64>>(),
        now in any::<u64>(),
        n in 1..=u64::MAX,
    ) {
        let bucket = bucket(per_second, burst);
        let interval = u128::from(rate(per_second).emission_interval_ns().unwrap());
        let from = u128::from(tat.unwrap_or(now).max(now));
        let next = from + interval * u128::from(n);
        let has_room = n <= burst
            && from - u128::from(now) <= interval * u128::from(burst.saturating_sub(n));
        let tat = tat.map(at);
        match bucket.check(tat, at(now), n) {
            Verdict::Conforms { tat: found } => {
                prop_assert!(has_room);
                prop_assert_eq!(u128::from(found.as_nanos()), next);
            }
            Verdict::Exceeds { .. } => {
                prop_assert!(!has_room || next > u128::from(u64::MAX));
            }
        }
        prop_assert!(bucket.remaining(tat, at(now)) <= burst);
    }
}

#[test]
fn a_rate_or_a_burst_of_zero_holds_nothing() {
    for empty in [
        bucket(0.0, 10),
        bucket(10.0, 0),
        bucket(0.0, 0),
        bucket(-0.0, 1),
    ] {
        for tat in [None, Some(at(0)), Some(at(START_NS)), Some(at(u64::MAX))] {
            let refused = Verdict::Exceeds { until: None };
            assert_eq!(empty.check(tat, at(START_NS), 1), refused);
            assert_eq!(empty.remaining(tat, at(START_NS)), 0);
        }
    }
}

#[test]
fn a_clock_that_goes_back_gives_nothing_away() {
    let bucket = bucket(1.0, 2);
    let Verdict::Conforms { tat } = bucket.check(None, at(START_NS), 2) else {
        panic!("a full bucket refused its burst");
    };
    let earlier = at(START_NS - 3_600_000_000_000);
    let expected = Verdict::Exceeds {
        until: Some(at(START_NS + 1_000_000_000)),
    };
    assert_eq!(bucket.check(Some(tat), earlier, 1), expected);
}

#[test]
fn rates_that_are_no_numbers_are_refused() {
    for wrong in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -1.0,
        -f64::MIN_POSITIVE,
    ] {
        assert!(Rate::per_second(wrong).is_err(), "{wrong}");
    }
}
