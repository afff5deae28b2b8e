//! Logs, played as the command line plays them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use tollgate::bucket::{Rate, Throttle};
use tollgate::id::ApiStage;
use tollgate::plan::{CoveredStage, Plan};
use tollgate::quota::{Period, Quota};
use tollgate::time::Timestamp;

use super::{Format, LogReader, Names, PlayedPlan, Player, Report, Settings};

fn plan(rate: u32, burst: u64, quota: Option<u64>) -> Plan {
    Plan {
        id: "p".into(),
        name: "Bronze".to_owned(),
        description: None,
        product_code: None,
        throttle: Some(Throttle {
            rate: Rate::from(rate),
            burst,
        }),
        quota: quota.map(|limit| Quota::new(limit, Period::Day, 0).unwrap()),
        stages: Vec::new(),
        tags: BTreeMap::new(),
        created_at: Timestamp::EPOCH,
    }
}

fn play(plans: &[Plan], format: Format, log: &str) -> Report {
    play_with(plans, format, log, Settings::default())
}

fn play_with(plans: &[Plan], format: Format, log: &str, settings: Settings) -> Report {
    let plans = plans
        .iter()
        .map(|plan| PlayedPlan::new(plan.name.clone(), plan));
    let mut player = Player::new(plans.collect(), settings);
    let mut reader = LogReader::new(format, &Names::default()).unwrap();
    for (line, number) in log.lines().zip(1..) {
        player.read(&mut reader, line.as_bytes(), "access.log", number);
    }
    player.finish()
}

/// A line of API Gateway's, `at_ms` after 2026-11-25T12:00:00Z.
fn line(at_ms: u64, key: &str, status: u16) -> String {
    let at_ms = 1_795_608_000_000 + at_ms;
    format!(
        "{{\"requestTimeEpoch\":{at_ms},\"apiKeyId\":\"{key}\",\"status\":\"{status}\",\"httpMethod\":\"GET\",\"resourcePath\":\"/users\"}}\n"
    )
}

#[test]
fn a_log_is_played_through_a_plan() {
    let mut log = String::new();
    // 4 at once, of which 3 pass, and one a second later.
    for at_ms in [0, 0, 0, 0, 1_000] {
        log.push_str(&line(at_ms, "joe", 200));
    }
    log.push_str(&line(500, "ann", 429));
    log.push_str("nonsense\n\n");
    log.push_str(&line(600, "-", 403));
    let report = play(&[plan(1, 3, None)], Format::Json, &log);
    assert_eq!(report.by, ["apiKeyId"]);
    assert_eq!(
        (report.lines, report.requests, report.other_lines),
        (9, 7, 1)
    );
    assert_eq!((report.unreadable_lines, report.without_caller), (1, 1));
    let bad = &report.first_unreadable[0];
    assert_eq!((bad.line, bad.why.as_str()), (7, "is no JSON object"));
    assert_eq!(
        (report.callers, report.refused_in_log, report.late),
        (2, 1, 0)
    );
    assert_eq!(report.from.as_deref(), Some("2026-11-25T12:00:00Z"));
    assert_eq!(report.to.as_deref(), Some("2026-11-25T12:00:01Z"));
    assert_eq!(report.peak.map(|peak| peak.requests), Some(5));
    let bronze = &report.plans[0];
    assert_eq!(
        (bronze.admitted, bronze.refused, bronze.throttled),
        (5, 1, 1)
    );
    assert_eq!((bronze.newly_refused, bronze.callers_refused), (1, 1));
    let first = &bronze.first_refusals[0];
    assert_eq!((first.caller.as_str(), first.reason), ("joe", "throttled"));
    assert_eq!(first.retry_after_ms, Some(1_000));
    let caller = &bronze.callers[0];
    assert_eq!((caller.requests, caller.throttled), (5, 1));
    assert_eq!(caller.peak.as_ref().map(|peak| peak.requests), Some(4));
}

#[test]
fn a_quota_is_counted_by_caller_and_day() {
    let mut log = String::new();
    for day in 0..2 {
        for request in 0..4 {
            log.push_str(&line(day * 86_400_000 + request * 1_000, "joe", 200));
        }
    }
    let report = play(&[plan(100, 100, Some(3))], Format::Json, &log);
    let bronze = &report.plans[0];
    assert_eq!((bronze.admitted, bronze.quota_exceeded), (6, 2));
    let first = &bronze.first_refusals[0];
    assert_eq!(first.at, "2026-11-25T12:00:03Z");
    assert_eq!(first.reason, "quota_exceeded");
    assert_eq!(first.retry_after_ms, Some((12 * 3_600 - 3) * 1_000));
}

#[test]
fn plans_are_compared_on_the_same_log() {
    let mut log = String::new();
    for at_ms in 0..20 {
        log.push_str(&line(at_ms, "joe", 200));
    }
    let report = play(&[plan(1, 5, None), plan(1, 20, None)], Format::Json, &log);
    let refused: Vec<u64> = report.plans.iter().map(|plan| plan.refused).collect();
    assert_eq!(refused, [15, 0]);
}

#[test]
fn a_log_that_is_slightly_out_of_order_is_played_in_order() {
    let instants = [0, 5_000, 1_000, 3_000, 2_000, 4_000];
    let log: String = instants.map(|at_ms| line(at_ms, "joe", 200)).concat();
    let played = |window_s| {
        let settings = Settings {
            window: Duration::from_secs(window_s),
            ..Settings::default()
        };
        play_with(&[plan(1, 1, None)], Format::Json, &log, settings)
    };
    let report = played(60);
    assert_eq!((report.late, report.plans[0].refused), (0, 0));
    // Decided when they come, late requests meet the bucket as it is by then.
    let report = played(0);
    assert_eq!((report.late, report.plans[0].refused), (2, 1));
}

#[test]
fn requests_of_a_second_are_no_burst_when_the_log_tells_no_more() {
    let mut log = String::new();
    for second in 0..10 {
        for _ in 0..5 {
            writeln!(
                log,
                "192.0.2.1 - - [25/Nov/2026:12:00:{second:02} +0000] \"GET /users HTTP/1.1\" 200 5"
            )
            .unwrap();
        }
    }
    let report = play(&[plan(5, 1, None)], Format::Common, &log);
    assert_eq!(report.by, ["host"]);
    assert_eq!((report.requests, report.plans[0].refused), (50, 0));
}

#[test]
fn throttles_of_methods_hold_where_the_log_names_methods() {
    let mut bronze = plan(100, 100, None);
    let mut covered = CoveredStage::new(ApiStage::new("users", "dev"));
    let throttle = Throttle {
        rate: Rate::from(1),
        burst: 2,
    };
    covered.set_method_throttle("/users/GET", throttle);
    bronze.stages.push(covered);
    let log: String = [0, 1, 2].map(|at_ms| line(at_ms, "joe", 200)).concat();
    let report = play(&[bronze.clone()], Format::Json, &log);
    assert_eq!(report.plans[0].throttled, 1);
    let other = log.replace("\"GET\"", "\"PUT\"");
    let report = play(&[bronze], Format::Json, &other);
    assert_eq!(report.plans[0].throttled, 0);
}

#[test]
fn a_request_costs_what_the_plan_says_of_its_method() {
    let mut bronze = plan(100, 100, Some(10));
    let costs = ("tollgate:costs".to_owned(), "GET /users=4".to_owned());
    bronze.tags.extend([costs]);
    let log: String = [0, 1, 2].map(|at_ms| line(at_ms, "joe", 200)).concat();
    let report = play(&[bronze.clone()], Format::Json, &log);
    assert_eq!(
        (report.plans[0].admitted, report.plans[0].quota_exceeded),
        (2, 1)
    );
    let other = log.replace("\"GET\"", "\"PUT\"");
    let report = play(&[bronze], Format::Json, &other);
    assert_eq!(report.plans[0].admitted, 3);
}

#[test]
fn of_several_members_for_the_resource_the_best_counts_wherever_it_stands() {
    let mut bronze = plan(100, 100, Some(5));
    let costs = ("tollgate:costs".to_owned(), "GET /users=5".to_owned());
    bronze.tags.extend([costs]);
    let log: String = [0, 1].map(|at_ms| line(at_ms, "joe", 200)).concat();
    let after = log.replace('}', ",\"route\":\"main\",\"path\":\"/v1/users\"}");
    let before = log.replace('{', "{\"route\":\"main\",\"path\":\"/v1/users\",");
    for log in [log, after, before] {
        let report = play(&[bronze.clone()], Format::Json, &log);
        assert_eq!(report.plans[0].admitted, 1, "{log}");
    }
}

#[test]
fn a_log_without_requests_has_a_report_too() {
    let report = play(&[plan(1, 1, None)], Format::CloudFront, "#Version: 1.0\n");
    assert_eq!(
        (report.lines, report.other_lines, report.requests),
        (1, 1, 0)
    );
    assert_eq!((report.from, report.peak), (None, None));
    assert_eq!(report.plans[0].admitted, 0);
}
