use std::collections::{BTreeMap, HashMap};

use super::collect::rows;
use super::*;
use crate::meter::{DayCount, MeterId};
use crate::overrides;
use crate::plan::Plan;
use crate::quota::{Period, Quota};
use crate::store::ApiKey;
use crate::time::Timestamp;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn used(key: &str, plan: &str, date: &str, count: u64) -> (MeterId, DayCount) {
    let meter = MeterId {
        key_id: key.into(),
        plan_id: plan.into(),
    };
    let day = day(date);
    (meter, DayCount { day, count })
}

fn plans(limit: u64, period: Period) -> HashMap<PlanId, Plan> {
    let plan = Plan {
        id: "bronze".into(),
        name: "Bronze".to_owned(),
        description: None,
        product_code: None,
        throttle: None,
        quota: Quota::new(limit, period, 0).ok(),
        stages: Vec::new(),
        tags: BTreeMap::new(),
        created_at: Timestamp::EPOCH,
    };
    HashMap::from([(plan.id.clone(), plan)])
}

fn keys() -> HashMap<KeyId, ApiKey> {
    let key = |id: &str, customer_id: Option<&str>, quota: Option<&str>| ApiKey {
        id: id.into(),
        name: id.to_owned(),
        description: None,
        customer_id: customer_id.map(str::to_owned),
        stage_keys: Vec::new(),
        enabled: true,
        expires_at: None,
        plan_ids: Vec::new(),
        value_number: 1,
        former_values: Vec::new(),
        tags: quota
            .map(|text| (overrides::QUOTA.to_owned(), text.to_owned()))
            .into_iter()
            .collect(),
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
    };
    let keys = [
        key("joe", Some("customer, \"7\""), None),
        key("ann", None, Some("3/DAY")),
    ];
    keys.map(|key| (key.id.clone(), key)).into()
}

fn sample() -> Vec<UsageRow> {
    let days = vec![
        used("mia", "gone", "2026-11-28", 3),
        used("joe", "bronze", "2026-11-28", 1_200),
        used("ann", "bronze", "2026-11-28", 5),
    ];
    let (from, to) = (day("2026-11-28"), day("2026-11-28"));
    rows(days, &plans(1_000, Period::Day), &keys(), from, to)
}

#[test]
fn a_csv_has_a_line_for_each_day_key_and_plan() {
    let text = String::from_utf8(ExportFormat::Csv.render(&sample()).unwrap()).unwrap();
    let expected = "\
date,key_id,customer_id,plan_id,requests,quota,overage
2026-11-28,ann,,bronze,5,3,2
2026-11-28,joe,\"customer, \"\"7\"\"\",bronze,1200,1000,200
2026-11-28,mia,,gone,3,,0
";
    assert_eq!(text, expected);
}

#[test]
fn no_customer_can_write_a_formula() {
    let mut rows = sample();
    rows.truncate(1);
    rows[0].customer_id = Some("=1+2".to_owned());
    let text = String::from_utf8(ExportFormat::Csv.render(&rows).unwrap()).unwrap();
    assert!(text.contains(",'=1+2,"), "{text}");
}

#[test]
fn the_same_rows_are_the_same_bytes_and_a_file_of_none_can_be_read() {
    for format in ExportFormat::ALL {
        let bytes = format.render(&sample()).unwrap();
        assert_eq!(bytes, format.render(&sample()).unwrap());
        assert_ne!(bytes, format.render(&[]).unwrap());
    }
    let bytes = ExportFormat::Parquet.render(&sample()).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}

#[test]
fn what_goes_beyond_the_quota_of_a_week_counts_on_the_days_on_which_it_did() {
    // The 29th is a Sunday, on which a week begins.
    let days = vec![
        used("joe", "bronze", "2026-11-22", 60),
        used("joe", "bronze", "2026-11-26", 50),
        used("joe", "bronze", "2026-11-28", 7),
        used("joe", "bronze", "2026-11-29", 100),
        used("joe", "bronze", "2026-11-30", 1),
    ];
    let (from, to) = (day("2026-11-26"), day("2026-11-30"));
    let rows = rows(days, &plans(100, Period::Week), &keys(), from, to);
    let overages: Vec<(String, u64)> = rows
        .iter()
        .map(|row| (row.day.to_string(), row.overage))
        .collect();
    let expected = [
        ("2026-11-26", 10),
        ("2026-11-28", 7),
        ("2026-11-29", 0),
        ("2026-11-30", 1),
    ];
    assert_eq!(overages, expected.map(|(day, over)| (day.to_owned(), over)));
}

#[test]
fn files_are_named_after_their_day() {
    let name = ExportFormat::Parquet.file_name(day("2026-11-29"));
    assert_eq!(name, "usage-2026-11-29.parquet");
    assert_eq!("csv".parse(), Ok(ExportFormat::Csv));
    assert_eq!("xlsx".parse::<ExportFormat>(), Err(UnknownFormat));
}
