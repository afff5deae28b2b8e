use std::collections::BTreeMap;
use std::time::Duration;

use tollgate::bucket::{Rate, Throttle};
use tollgate::plan::Plan;
use tollgate::quota::{Period, Quota};
use tollgate::time::Timestamp;

use super::{Method, Report, Settings, Shape, simulate, svg};

fn run(shape: &str, patience_s: Option<u64>, quota: Option<u64>) -> Report {
    run_with(shape.parse().unwrap(), 60, 1, patience_s, quota)
}

fn run_with(
    shape: Shape,
    duration_s: u64,
    keys: u32,
    patience_s: Option<u64>,
    quota: Option<u64>,
) -> Report {
    let settings = Settings {
        shape,
        duration: Duration::from_secs(duration_s),
        keys,
        seed: 1,
        patience: patience_s.map(Duration::from_secs),
        method: Method::default(),
    };
    simulate(&plan(quota), &settings)
}

fn plan(quota: Option<u64>) -> Plan {
    Plan {
        id: "p".into(),
        name: "Bronze".to_owned(),
        description: None,
        product_code: None,
        throttle: Some(Throttle {
            rate: Rate::from(5),
            burst: 10,
        }),
        quota: quota.map(|limit| Quota::new(limit, Period::Day, 0).unwrap()),
        stages: Vec::new(),
        tags: BTreeMap::new(),
        created_at: Timestamp::EPOCH,
    }
}

#[test]
fn requests_cost_what_the_plan_says_of_their_method() {
    let mut plan = plan(Some(20));
    let costs = ("tollgate:costs".to_owned(), "POST /reports=5".to_owned());
    plan.tags.extend([costs]);
    let admitted = |verb: &str| {
        let settings = Settings {
            shape: "constant:1".parse().unwrap(),
            duration: Duration::from_mins(1),
            keys: 1,
            seed: 1,
            patience: None,
            method: Method {
                verb: verb.to_owned(),
                resource: "/reports".to_owned(),
            },
        };
        simulate(&plan, &settings).admitted
    };
    assert_eq!((admitted("POST"), admitted("GET")), (4, 20));
}

#[test]
fn traffic_within_the_rate_passes() {
    let report = run("constant:5", None, None);
    assert_eq!(
        (report.requests, report.admitted, report.tries),
        (300, 300, 300)
    );
    assert_eq!(report.waits.map(|waits| waits.max_ms), Some(0));
}

#[test]
fn traffic_above_the_rate_gets_the_burst_and_the_rate() {
    let report = run("constant:50", None, None);
    // 10 at first, and 5 a second: no more in a minute.
    assert!((305..=310).contains(&report.admitted), "{report:?}");
    assert_eq!(report.admitted + report.given_up, report.requests);
    assert_eq!(report.throttled, report.given_up);
    assert!(report.most_admitted_in_a_second <= 15);
    assert_eq!(report.seconds.len(), 60);
    assert!(
        report.seconds[30..]
            .iter()
            .all(|second| second.admitted == 5)
    );
}

#[test]
fn callers_who_come_again_wait_and_get_it() {
    let refused = run("bursts:20/10", None, None);
    assert_eq!((refused.requests, refused.admitted), (120, 60));
    let patient = run("bursts:20/10", Some(60), None);
    assert_eq!((patient.admitted, patient.given_up), (120, 0));
    assert_eq!(patient.admitted_at_once, 60);
    let waits = patient.waits.unwrap();
    // 10 at once; `Retry-After` says a second, in which 5 more fit, and so on.
    assert_eq!(
        (waits.p50_ms, waits.p90_ms, waits.max_ms),
        (0, 2_000, 2_000)
    );
    assert!(patient.tries > patient.requests);
}

#[test]
fn patience_ends() {
    let report = run("constant:50", Some(3), None);
    assert!(report.given_up > 0);
    assert!(report.waits.unwrap().max_ms <= 3_000);
    assert!(report.seconds.len() <= 64);
    assert_eq!(report.admitted + report.given_up, report.requests);
}

#[test]
fn a_quota_refuses_until_it_starts_again() {
    let report = run("constant:1", Some(60), Some(20));
    assert_eq!(
        (report.admitted, report.quota_exceeded, report.given_up),
        (20, 40, 40)
    );
    let shape: Shape = "constant:0.001".parse().unwrap();
    let days = run_with(shape, 86_400 * 2, 1, None, Some(20));
    assert_eq!(days.admitted, 40);
}

#[test]
fn each_key_has_a_meter_of_its_own() {
    let one = run("poisson:20", None, None);
    let three = run_with("poisson:20".parse().unwrap(), 60, 3, None, None);
    assert!((300..=310).contains(&one.admitted), "{}", one.admitted);
    assert!((900..=930).contains(&three.admitted), "{}", three.admitted);
    assert_eq!(run("poisson:20", None, None), one);
}

#[test]
fn a_simulation_without_requests_has_a_report_and_a_chart() {
    let report = run("bursts:0/10", Some(5), None);
    assert_eq!((report.requests, report.waits), (0, None));
    assert!(svg(&report).unwrap().starts_with("<svg"));
}

#[test]
fn the_chart_says_what_it_shows() {
    let svg = svg(&run("on-off:20/5/15", Some(60), None)).unwrap();
    for words in ["Bronze, on-off:20/5/15", "admitted", "refused", "requests"] {
        assert!(svg.contains(words), "{words}: {svg}");
    }
}
