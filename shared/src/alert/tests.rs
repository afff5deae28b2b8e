use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::*;
use crate::plan::{ALERTS, Plan};

/// 2026-11-23T12:00:00Z, a Monday.
const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

fn plan(quota: Option<Quota>, alerts: &str) -> Plan {
    Plan {
        id: "bronze".into(),
        name: "Bronze".to_owned(),
        description: None,
        product_code: None,
        throttle: None,
        quota,
        stages: Vec::new(),
        tags: BTreeMap::from([(ALERTS.to_owned(), alerts.to_owned())]),
        created_at: Timestamp::EPOCH,
    }
}

fn daily(limit: u64) -> Option<Quota> {
    Quota::new(limit, Period::Day, 0).ok()
}

fn meter() -> MeterId {
    MeterId {
        key_id: "client".into(),
        plan_id: "bronze".into(),
    }
}

fn reached(plan: &Plan, known: WindowUse, now: Timestamp) -> Vec<Alert> {
    let rules = AlertRules::of(plan).zip(plan.quota);
    rules.map_or_else(Vec::new, |(rules, quota)| {
        Alert::reached(&rules, quota, &meter(), known, now)
    })
}

fn names(plan: &Plan, day: &str, used: i64) -> Vec<String> {
    let window = Day::parse(day).unwrap();
    let alerts = reached(plan, WindowUse { window, used }, NOW);
    alerts.iter().map(Alert::name).collect()
}

#[test]
fn a_threshold_is_reached_at_its_part_of_the_quota_rounded_up() {
    let plan = plan(daily(7), "80,100");
    let day = "2026-11-23";
    assert_eq!(names(&plan, day, 5), [""; 0]);
    assert_eq!(names(&plan, day, 6), ["2026-11-23#DAY#080"]);
    let both = ["2026-11-23#DAY#080", "2026-11-23#DAY#100"];
    assert_eq!(names(&plan, day, 7), both);
    assert_eq!(names(&plan, day, i64::MAX), both);
    assert_eq!(names(&plan, day, -3), [""; 0]);
}

#[test]
fn what_has_no_tag_or_no_quota_or_a_quota_of_nothing_has_no_alerts() {
    let day = "2026-11-23";
    assert_eq!(names(&plan(daily(1), "nonsense"), day, 1), [""; 0]);
    assert_eq!(names(&plan(daily(1), "throttled"), day, 1), [""; 0]);
    assert_eq!(names(&plan(None, "80"), day, 1), [""; 0]);
    assert_eq!(names(&plan(daily(0), "80"), day, 0), [""; 0]);
}

#[test]
fn what_an_operator_has_added_counts_in_its_window() {
    let today = Day::parse("2026-11-23").unwrap();
    let more = daily(10).map(|quota| quota.with_extra(today, 10));
    let plan = plan(more, "80");
    assert_eq!(names(&plan, "2026-11-23", 15), [""; 0]);
    assert_eq!(names(&plan, "2026-11-23", 16), ["2026-11-23#DAY#080"]);
    assert_eq!(names(&plan, "2026-11-22", 8), ["2026-11-22#DAY#080"]);
}

#[test]
fn the_window_before_is_told_of_for_a_day_after_its_end() {
    let plan = plan(daily(10), "80");
    assert_eq!(names(&plan, "2026-11-22", 9), ["2026-11-22#DAY#080"]);
    assert_eq!(names(&plan, "2026-11-21", 9), [""; 0]);
}

#[test]
fn an_alert_has_one_id_whoever_raises_it_and_no_other_has_it() {
    let monthly = Quota::new(100, Period::Month, 0).ok();
    let known = |used| WindowUse {
        window: Day::parse("2026-11-01").unwrap(),
        used,
    };
    let plan = plan(monthly, "80,100");
    let first = reached(&plan, known(81), NOW);
    let later = reached(&plan, known(100), NOW.saturating_add(LATE));
    assert_eq!(first[0].id(), later[0].id());
    let mut ids: BTreeSet<String> = later.iter().map(Alert::id).collect();
    ids.insert(Alert::throttled(meter(), NOW).id());
    let another = MeterId {
        key_id: "another".into(),
        ..meter()
    };
    ids.insert(Alert::throttled(another, NOW).id());
    assert_eq!(ids.len(), 4);
    assert!(ids.iter().all(|id| id.len() == 32));
}

#[test]
fn what_is_sent_says_whose_key_it_is_and_what_it_has_used() {
    let known = WindowUse {
        window: Day::parse("2026-11-23").unwrap(),
        used: 801,
    };
    let alerts = reached(&plan(daily(1_000), "80"), known, NOW);
    let owner = Owner {
        name: "Joe Black".to_owned(),
        customer_id: Some("customer-7".to_owned()),
    };
    let message = Message::new(&alerts[0], Some(owner), Some("Bronze".to_owned()));
    let expected = json!({
        "version": "1",
        "id": alerts[0].id(),
        "type": "UsageThresholdReached",
        "raisedAt": "2026-11-23T12:00:00Z",
        "keyId": "client",
        "keyName": "Joe Black",
        "customerId": "customer-7",
        "planId": "bronze",
        "planName": "Bronze",
        "quota": {
            "thresholdPercent": 80,
            "used": 801,
            "limit": 1000,
            "period": "DAY",
            "startsAt": "2026-11-23T00:00:00Z",
            "endsAt": "2026-11-24T00:00:00Z",
        },
    });
    assert_eq!(serde_json::to_value(&message).unwrap(), expected);
}

#[test]
fn an_alert_of_throttling_says_in_which_hour() {
    let alert = Alert::throttled(meter(), NOW.saturating_add(Duration::from_mins(61)));
    assert_eq!(alert.name(), "2026-11-23T13#throttled");
    let message = serde_json::to_value(Message::new(&alert, None, None)).unwrap();
    assert_eq!(message["type"], "ThrottlingStarted");
    assert_eq!(message["raisedAt"], "2026-11-23T13:01:00Z");
    assert_eq!(
        message["throttled"],
        json!({ "startsAt": "2026-11-23T13:00:00Z", "endsAt": "2026-11-23T14:00:00Z" })
    );
    assert!(message.get("keyName").is_none());
}
