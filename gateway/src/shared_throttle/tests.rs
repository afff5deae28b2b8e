use std::sync::Arc;
use std::thread;

use proptest::prelude::*;
use tollgate::bucket::{Rate, Verdict};
use tollgate::control::ACCOUNT_BURST;

use super::*;

/// An instant to begin at.
const START: Timestamp = Timestamp::from_secs(1_000_000);

fn throttle(per_second: f64, burst: u64) -> Throttle {
    Throttle {
        rate: Rate::per_second(per_second).unwrap(),
        burst,
    }
}

fn setting(rate: f64, burst: i64) -> MethodSetting {
    MethodSetting {
        throttling_rate_limit: rate,
        throttling_burst_limit: burst,
        ..MethodSetting::default()
    }
}

fn settings(entries: &[(&str, f64, i64)]) -> BTreeMap<String, MethodSetting> {
    entries
        .iter()
        .map(|(name, rate, burst)| ((*name).to_owned(), setting(*rate, *burst)))
        .collect()
}

fn method<'a>(resource: &'a str, verb: &'a str) -> MethodName<'a> {
    MethodName { resource, verb }
}

fn dev() -> ApiStage {
    ApiStage::new("users", "dev")
}

/// How many requests pass at once.
fn admitted(gate: &SharedGate, now: Timestamp) -> u64 {
    let mut admitted = 0;
    while admitted < 100_000 && gate.take(now).is_ok() {
        admitted += 1;
    }
    admitted
}

fn refusal(limit: SharedLimit, retry_after: Option<Duration>) -> SharedRefusal {
    SharedRefusal { limit, retry_after }
}

proptest! {
    #[test]
    fn the_atomic_bucket_is_the_engines(
        rate in prop_oneof![Just(0.0), 0.1_f64..50.0],
        burst in 0_u64..6,
        steps in prop::collection::vec(0_u64..2_000_000_000, 0..80),
    ) {
        let rule = Bucket::new(throttle(rate, burst));
        let atomic = AtomicBucket::full();
        let mut tat = None;
        let mut now = START;
        for step in steps {
            now = now.saturating_add(Duration::from_nanos(step));
            let expected = match rule.check(tat, now, 1) {
                Verdict::Conforms { tat: next } => {
                    tat = Some(next);
                    Ok(())
                }
                Verdict::Exceeds { until } => Err(until.map(|until| until.saturating_since(now))),
            };
            prop_assert_eq!(atomic.check(rule, now), expected);
            prop_assert_eq!(atomic.take(rule, now), expected);
            // What has just been refused is still refused: a refusal takes nothing.
            if expected.is_err() {
                prop_assert_eq!(atomic.take(rule, now), expected);
            }
        }
    }
}

#[test]
fn many_threads_get_the_burst_at_once_and_what_refills_later() {
    let rule = Bucket::new(throttle(10.0, 50));
    let bucket = Arc::new(AtomicBucket::full());
    let take_all = |now: Timestamp| -> usize {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let bucket = Arc::clone(&bucket);
                thread::spawn(move || (0..200).filter(|_| bucket.take(rule, now).is_ok()).count())
            })
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).sum()
    };
    assert_eq!(take_all(START), 50);
    assert_eq!(take_all(START), 0);
    let later = START.saturating_add(Duration::from_millis(1_250));
    assert_eq!(take_all(later), 12);
    assert_eq!(take_all(later.saturating_add(Duration::from_hours(1))), 50);
}

#[test]
fn threads_whose_clocks_differ_never_get_more_than_burst_and_rate_allow() {
    let rule = Bucket::new(throttle(1_000.0, 20));
    let bucket = Arc::new(AtomicBucket::full());
    let threads: Vec<_> = (0..8_u64)
        .map(|thread| {
            let bucket = Arc::clone(&bucket);
            thread::spawn(move || {
                (0..1_000_u64)
                    .filter(|step| {
                        let now = Duration::from_micros(step * 100 + thread * 37);
                        bucket.take(rule, START.saturating_add(now)).is_ok()
                    })
                    .count()
            })
        })
        .collect();
    let admitted: usize = threads.into_iter().map(|it| it.join().unwrap()).sum();
    // All instants lie within 100.159 ms.
    assert!((20..=20 + 101).contains(&admitted), "{admitted}");
}

#[test]
fn the_most_specific_entry_replaces_the_others() {
    let settings = settings(&[
        ("*/*", 1.0, 3),
        ("users/*", 1.0, 4),
        ("users/GET", 1.0, 5),
        ("~1users~1{id}/GET", 1.0, 6),
        ("~1/GET", 1.0, 7),
    ]);
    let throttles = SharedThrottles::default();
    let bursts = [
        (method("/users", "GET"), 5),
        (method("/users", "POST"), 4),
        (method("/users/{id}", "GET"), 6),
        (method("/users/{id}", "ANY"), 3),
        (method("/", "GET"), 7),
        (method("/", "POST"), 3),
    ];
    for (method, burst) in bursts {
        let gate = throttles.gate(&dev(), method, &settings, START);
        assert_eq!(admitted(&gate, START), burst, "{method:?}");
    }
}

#[test]
fn names_are_read_in_each_form_that_clients_write() {
    for name in ["users/GET", "/users/GET", "~1users/GET", "users/get"] {
        let settings = settings(&[(name, 1.0, 2)]);
        let gate =
            SharedThrottles::default().gate(&dev(), method("/users", "GET"), &settings, START);
        assert_eq!(admitted(&gate, START), 2, "{name}");
    }
    let settings = settings(&[("users", 1.0, 2), ("", 1.0, 2), ("users/x/GET", 1.0, 2)]);
    let gate = SharedThrottles::default().gate(&dev(), method("/users", "GET"), &settings, START);
    assert_eq!(admitted(&gate, START), ACCOUNT_BURST);
}

#[test]
fn each_method_of_each_stage_has_its_own_bucket_of_the_same_setting() {
    let settings = settings(&[("*/*", 1.0, 2)]);
    let throttles = SharedThrottles::default();
    let prod = ApiStage::new("users", "prod");
    for stage in [dev(), prod] {
        for method in [method("/users", "GET"), method("/users", "POST")] {
            let gate = throttles.gate(&stage, method, &settings, START);
            assert_eq!(admitted(&gate, START), 2, "{stage} {method:?}");
        }
    }
}

#[test]
fn minus_one_is_no_limit_and_zero_refuses_all() {
    let throttles = SharedThrottles::new(throttle(1.0, 9));
    let gate = |name: &'static str, rate, burst| {
        let settings = settings(&[("*/*", rate, burst)]);
        throttles.gate(&dev(), method(name, "GET"), &settings, START)
    };
    let zero = gate("/zero", 0.0, 0);
    assert_eq!(
        zero.take(START),
        Err(refusal(SharedLimit::Stage, None)),
        "no wait helps"
    );
    for (name, rate, burst) in [("/a", -1.0, -1), ("/b", -1.0, 2), ("/c", 1.0, -1)] {
        for _ in 0..3 {
            assert_eq!(gate(name, rate, burst).take(START), Ok(()), "{name}");
        }
    }
    let wait = Some(Duration::from_secs(1));
    assert_eq!(
        gate("/a", -1.0, -1).take(START),
        Err(refusal(SharedLimit::Account, wait)),
        "the account has its own limit"
    );
}

#[test]
fn the_stage_is_asked_before_the_account_and_a_refusal_takes_from_neither() {
    let throttles = SharedThrottles::new(throttle(1.0, 3));
    let narrow = throttles.gate(
        &dev(),
        method("/a", "GET"),
        &settings(&[("*/*", 0.5, 1)]),
        START,
    );
    let wide = throttles.gate(
        &dev(),
        method("/b", "GET"),
        &settings(&[("*/*", 0.5, 5)]),
        START,
    );
    assert_eq!(narrow.take(START), Ok(()));
    let refused = refusal(SharedLimit::Stage, Some(Duration::from_secs(2)));
    for _ in 0..10 {
        assert_eq!(narrow.take(START), Err(refused));
    }
    // The account has lost one token to the request that passed, and none to the others.
    assert_eq!(wide.take(START), Ok(()));
    assert_eq!(wide.take(START), Ok(()));
    let refused = refusal(SharedLimit::Account, Some(Duration::from_secs(1)));
    for _ in 0..10 {
        assert_eq!(wide.take(START), Err(refused));
    }
    let later = START.saturating_add(Duration::from_secs(3));
    assert_eq!(narrow.take(later), Ok(()));
    // Had the refused requests taken tokens of their method, it would be the method that refuses the third one.
    assert_eq!(wide.take(later), Ok(()));
    assert_eq!(wide.take(later), Ok(()));
    assert_eq!(wide.take(later), Err(refused));
}

#[test]
fn compiling_a_stage_again_hands_out_no_second_burst() {
    let throttles = SharedThrottles::default();
    let settings = settings(&[("*/*", 1.0, 4)]);
    let gate = || throttles.gate(&dev(), method("/users", "GET"), &settings, START);
    assert_eq!(admitted(&gate(), START), 4);
    assert_eq!(admitted(&gate(), START), 0);
    let unlimited = throttles.gate(&dev(), method("/users", "GET"), &BTreeMap::new(), START);
    assert_eq!(unlimited.take(START), Ok(()));
    assert_eq!(admitted(&gate(), START), 0, "the setting came back");
}

#[test]
fn a_changed_limit_holds_at_once_and_starts_no_emptier_than_empty() {
    let throttles = SharedThrottles::default();
    let gate = |rate, burst| {
        let settings = settings(&[("*/*", rate, burst)]);
        throttles.gate(&dev(), method("/users", "GET"), &settings, START)
    };
    assert_eq!(admitted(&gate(0.01, 10), START), 10);
    // At the old rate the next token would come after 100 s.
    let faster = gate(10.0, 10);
    assert_eq!(
        faster.take(START),
        Err(refusal(
            SharedLimit::Stage,
            Some(Duration::from_millis(100))
        ))
    );
    let later = START.saturating_add(Duration::from_secs(1));
    assert_eq!(admitted(&faster, later), 10);
}

#[test]
fn buckets_that_nobody_needs_make_room_and_others_stay() {
    let throttles = SharedThrottles::with_capacity(throttle(1_000.0, 1_000), 8);
    let settings = settings(&[("*/*", 1.0, 2)]);
    let held = throttles.gate(&dev(), method("/held", "GET"), &settings, START);
    assert_eq!(admitted(&held, START), 2);
    for number in 0..100 {
        let resource = format!("/{number}");
        let gate = throttles.gate(&dev(), method(&resource, "GET"), &settings, START);
        assert_eq!(admitted(&gate, START), 2);
        assert!(throttles.0.methods.lock().unwrap().len() <= 8);
    }
    let again = throttles.gate(&dev(), method("/held", "GET"), &settings, START);
    assert_eq!(admitted(&again, START), 0);
}

#[test]
fn a_keyless_request_is_denied_as_throttled() {
    let throttles = SharedThrottles::new(throttle(2.0, 1));
    let gate = throttles.gate(&dev(), method("/users", "GET"), &BTreeMap::new(), START);
    let first = gate.for_request();
    assert_eq!(first.decide(START), Decision::Allow(Allowance::Unmetered));
    assert_eq!(first.refused_by(), None);
    let second = gate.for_request();
    let Decision::Deny(denial) = second.decide(START) else {
        panic!("the account has one token only");
    };
    let retry_after = Some(Duration::from_millis(500));
    assert_eq!(denial.reason, Reason::Throttled { retry_after });
    assert_eq!(
        tollgate::http::Answer::of(denial.reason).gateway_response,
        "THROTTLED"
    );
    assert_eq!(second.refused_by(), Some(SharedLimit::Account));
    assert_eq!(gate.for_request().pass(START), Err(retry_after));
}

#[test]
fn the_accounts_limit_is_api_gateways() {
    let throttles = SharedThrottles::default();
    let gates = ["/a", "/b"]
        .map(|resource| throttles.gate(&dev(), method(resource, "GET"), &BTreeMap::new(), START));
    assert_eq!(admitted(&gates[0], START), 5_000);
    assert_eq!(admitted(&gates[1], START), 0, "all APIs share it");
    let later = START.saturating_add(Duration::from_millis(10));
    assert_eq!(admitted(&gates[1], later), 100);
}
