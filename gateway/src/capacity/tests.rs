use tollgate::bucket::{Rate, Throttle};
use tollgate::plan::Plan;

use super::prices::Architecture;
use super::{Assumptions, Demand, Prices, Report, SoldPlan, read_plans, report, writes};

const PLANS: &str = r#"[
    {"name": "Bronze", "keys": 100, "apiStages": ["users:dev"],
     "throttle": {"rateLimit": 5, "burstLimit": 10}, "quota": {"limit": 1000, "period": "DAY"}},
    {"name": "Gold", "keys": [{"id": "a"}, {"id": "b"}], "apiStages": ["users:dev", "orders:prod"],
     "throttle": {"rateLimit": 100, "burstLimit": 200}}
]"#;

fn assumptions() -> Assumptions {
    Assumptions {
        duration_ms: 10.0,
        memory_mb: 256,
        used: 1.0,
        requests_a_month: Some(1e6),
        prices: Prices::listed(Architecture::Arm64),
    }
}

fn of(text: &str) -> Report {
    of_plans(&read_plans(text).unwrap(), &assumptions())
}

fn of_plans(plans: &[SoldPlan], assumptions: &Assumptions) -> Report {
    let keys = plans.iter().map(SoldPlan::all_keys).sum();
    report(plans, keys, assumptions)
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() < 0.006,
        "{found} is not {expected}"
    );
}

#[test]
fn a_stage_withstands_all_keys_that_open_it() {
    let report = of(PLANS);
    let [orders, users] = report.stages.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!((users.stage.as_str(), users.need.keys), ("users:dev", 102));
    assert_eq!(
        (users.need.rate, users.need.burst),
        (Some(700.0), Some(1_400))
    );
    // 700 a second, each for 10 ms; and the bursts before that.
    assert_eq!(
        (users.need.concurrency, users.need.most_concurrency),
        (Some(7), Some(1_407))
    );
    assert_eq!((orders.need.rate, orders.need.keys), (Some(200.0), 2));
    // The bucket of a plan is one for all of its stages.
    assert_eq!(report.total.rate, Some(700.0));
}

#[test]
fn a_month_is_limited_by_quota_or_rate() {
    let mut assumptions = assumptions();
    assumptions.requests_a_month = None;
    let plans = read_plans(PLANS).unwrap();
    let report = of_plans(&plans, &assumptions);
    let a_month: Vec<f64> = report
        .plans
        .iter()
        .filter_map(|plan| plan.requests_a_month)
        .collect();
    close(a_month[0], 100.0 * 1_000.0 * 30.4375);
    close(a_month[1], 2.0 * 100.0 * 30.4375 * 86_400.0);
    assumptions.used = 0.5;
    let half = of_plans(&plans, &assumptions).requests_a_month.unwrap();
    close(half * 2.0, report.requests_a_month.unwrap());
}

#[test]
fn throttles_of_methods_come_on_top() {
    let text = r#"{"name": "P", "keys": 1, "apiStages": ["users:dev"],
        "throttle": {"rateLimit": 5, "burstLimit": 10},
        "methodThrottles": {"users:dev": {"/users/GET": {"rateLimit": 2, "burstLimit": 3}}}}"#;
    let with_one = of(text).stages.remove(0).need;
    assert_eq!((with_one.rate, with_one.burst), (Some(7.0), Some(13)));
    // With `*/*`, no request meets the plan's own bucket.
    let with_all = of(&text.replace("/users/GET", "*/*")).stages.remove(0).need;
    assert_eq!((with_all.rate, with_all.burst), (Some(2.0), Some(3)));
}

#[test]
fn what_has_no_limit_has_no_figure() {
    let text = r#"{"name": "Free", "keys": 3, "apiStages": ["users:dev"]}"#;
    let mut assumptions = assumptions();
    assumptions.requests_a_month = None;
    let report = of_plans(&read_plans(text).unwrap(), &assumptions);
    assert_eq!(
        (report.stages[0].need.rate, report.total.most_concurrency),
        (None, None)
    );
    assert_eq!(report.bill, None);
    // But nobody is there to ask.
    let nobody = of(&text.replace('3', "0"));
    assert_eq!(
        (nobody.total.rate, nobody.total.concurrency),
        (Some(0.0), Some(0))
    );
}

#[test]
fn writes_follow_what_was_measured() {
    let plan = |burst: u64, tag: &str| {
        let tags = if tag.is_empty() {
            String::new()
        } else {
            format!(r#", "tags": {{"tollgate:lease": "{tag}"}}"#)
        };
        let text = format!(
            r#"{{"name": "P", "keys": 1, "throttle": {{"rateLimit": 1000, "burstLimit": {burst}}}{tags}}}"#
        );
        read_plans(&text).unwrap().remove(0)
    };
    let with_leases = |burst, tag| writes::with_leases(&plan(burst, tag).plan);
    close(with_leases(10_000, ""), 0.0118);
    close(with_leases(10_000, "10"), 0.118);
    close(with_leases(200, ""), 1.18 / 12.0);
    close(with_leases(10_000, "off"), writes::WITHOUT_LEASES);
    close(with_leases(99, ""), writes::WITHOUT_LEASES);
    let of_one = |plan: SoldPlan| of_plans(&[plan], &assumptions()).plans.remove(0);
    let need = of_one(plan(10_000, ""));
    assert!(need.exceeds_one_item);
    assert_eq!(need.writes_per_second, Some(1_130.0));
    let mut sharded = plan(10_000, "");
    let shards = ("tollgate:shards".to_owned(), "2".to_owned());
    sharded.plan.tags.extend([shards]);
    assert!(!of_one(sharded).exceeds_one_item);
    let unsold = SoldPlan {
        keys: 0,
        ..plan(10_000, "")
    };
    assert!(!of_one(unsold).exceeds_one_item);
}

#[test]
fn a_key_with_limits_of_its_own_asks_for_those() {
    let mut plans = read_plans(PLANS).unwrap();
    let bronze = &mut plans[0];
    bronze.keys = 99;
    bronze.with_own_limits.push(Plan {
        throttle: Some(Throttle {
            rate: Rate::from(50),
            burst: 60,
        }),
        quota: None,
        ..bronze.plan.clone()
    });
    // One of the keys of Bronze is in Gold as well.
    let report = report(&plans, 101, &assumptions());
    let [_, users] = report.stages.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(
        (users.need.keys, users.need.rate, users.need.burst),
        (102, Some(745.0), Some(1_450))
    );
    assert_eq!(report.total.keys, 101);
    let bronze = &report.plans[0];
    assert_eq!((bronze.keys, bronze.rate), (100, Some(545.0)));
    close(
        bronze.requests_a_month.unwrap(),
        99.0 * 1_000.0 * 30.4375 + 50.0 * 86_400.0 * 30.4375,
    );
}

#[test]
fn a_million_requests_cost_what_the_readme_says() {
    let text = r#"{"name": "P", "keys": 1, "throttle": {"rateLimit": 5, "burstLimit": 10}}"#;
    let bill = of(text).bill.unwrap();
    let lines: Vec<_> = bill
        .lines
        .iter()
        .map(|line| (line.http_api, line.function_url, line.rest_api))
        .collect();
    for (found, expected) in lines.iter().zip([
        (1.0, 0.0, 3.5),
        (0.2, 0.2, 0.2),
        (0.033, 0.033, 0.033),
        (0.625 * 1.13, 0.625 * 1.13, 0.0),
        (0.14, 0.14, 0.0),
    ]) {
        close(found.0, expected.0);
        close(found.1, expected.1);
        close(found.2, expected.2);
    }
    close(bill.total.rest_api, 3.73);
    close(bill.total.http_api, 2.08);
    assert_eq!(
        bill.prices,
        "list prices of us-east-1, November 2026, without the free tier"
    );
}

#[test]
fn prices_fall_in_tiers_and_are_replaced() {
    let mut assumptions = assumptions();
    assumptions.requests_a_month = Some(1e9);
    let plans: [SoldPlan; 0] = [];
    let front_door = |assumptions: &Assumptions| {
        let bill = of_plans(&plans, assumptions).bill.unwrap();
        (bill.lines[0].http_api, bill.lines[0].rest_api)
    };
    let (http_api, rest_api) = front_door(&assumptions);
    close(http_api, 300.0 + 700.0 * 0.9);
    close(rest_api, 333.0 * 3.5 + 667.0 * 2.8);
    assumptions.prices.set("http-api=0.5").unwrap();
    close(front_door(&assumptions).0, 500.0);
    assert!(assumptions.prices.to_string().ends_with("some replaced"));
    for text in [
        "http-api",
        "http-api=",
        "http-api=-1",
        "http-api=inf",
        "other=1",
    ] {
        assert!(assumptions.prices.set(text).is_err(), "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_used_says_why() {
    for (text, why) in [
        ("", "is no JSON"),
        ("5", "is no plan and no list of plans"),
        (r#"[{"keys": 1}]"#, "is no plan and no list of plans"),
        (r#"[{"name": "P"}]"#, "plan `P`: `keys` is missing"),
        (
            r#"[{"name": "P", "keys": 1, "apiStages": ["users"]}]"#,
            "plan `P`: `users` is no stage",
        ),
        (
            r#"[{"name": "P", "keys": 1, "quota": {"limit": 1, "period": "YEAR"}}]"#,
            "plan `P`: a period is",
        ),
        (
            r#"[{"name": "P", "keys": 1, "throttle": {"rateLimit": -1, "burstLimit": 1}}]"#,
            "plan `P`: the rate -1",
        ),
    ] {
        let error = read_plans(text).unwrap_err().to_string();
        assert!(error.starts_with(why), "{text}: {error}");
    }
}

#[test]
fn demands_add_up() {
    let one = Demand {
        rate: Some(1.5),
        burst: Some(3),
    };
    assert_eq!(one.times(2).plus(one), one.times(3));
    assert_eq!(one.plus(Demand::default()).rate, None);
    assert_eq!(Demand::default().times(0), Demand::NONE);
}
