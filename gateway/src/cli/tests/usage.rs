use std::time::Duration;

use serde_json::{Value, json};
use tollgate::id::PlanId;
use tollgate::meter::{ChargeId, DayClause, DayCount, MeterId, QuotaClause, Write};
use tollgate::quota::Day;
use tollgate::store::Ledger;
use tollgate::time::Timestamp;

use super::super::failure::Exit;
use super::{Shell, Way, on_both_ways};

on_both_ways! {
    shows_a_weekly_quota_from_the_first_day_of_its_window,
    a_quota_starts_again_with_each_window,
    a_daily_quota_shows_the_last_seven_days,
    a_plan_without_a_quota_has_nothing_remaining,
    a_monthly_quota_shows_31_days_at_the_most,
    days_to_come_are_left_out,
    refuses_ranges_that_are_empty_too_long_or_misspelled,
    refuses_a_key_that_is_in_no_plan,
}

/// Charges `used` requests of each day to key `k1`, the days in order, as the limiter does.
async fn charge(shell: &Shell, plan: &str, days: &[(&str, &str, u64)]) {
    let store = shell.store();
    let meter = MeterId {
        key_id: "k1".into(),
        plan_id: PlanId::from(plan),
    };
    let mut ended: Vec<DayCount> = Vec::new();
    let mut last_window = None;
    for (number, (date, window, used)) in days.iter().enumerate() {
        let day = Day::parse(date).unwrap();
        let window = Day::parse(window).unwrap();
        let archived = match ended.as_slice() {
            [.., before, _] => Some(*before),
            [] | [_] => None,
        };
        if let Some(before) = archived {
            store.archive(&meter, before).await.unwrap();
        }
        let write = Write {
            id: ChargeId::new(u64::try_from(number).unwrap()),
            generation: 0,
            at: Timestamp::EPOCH,
            cost: *used,
            bucket: None,
            refund: None,
            further: Vec::new(),
            quota: Some(if last_window.is_none_or(|last| last == window) {
                let most = i64::from(u32::MAX);
                QuotaClause::Same { window, most }
            } else {
                QuotaClause::New { window }
            }),
            day: if ended.is_empty() {
                DayClause::Same { day }
            } else {
                let archived = archived.map(|before| before.day);
                DayClause::New { day, archived }
            },
        };
        let answer = store.charge(&meter, &write).await.unwrap();
        assert!(
            matches!(answer, tollgate::meter::Answer::Applied(_)),
            "{answer:?}"
        );
        last_window = Some(window);
        ended.push(DayCount { day, count: *used });
    }
}

async fn plan_with_key(shell: &Shell, limits: &str) -> String {
    let plan = shell.json(&format!("plans create Bronze {limits}")).await;
    shell
        .run("keys create joe --id k1 --plan Bronze")
        .await
        .expect(Exit::Done);
    plan["id"].as_str().unwrap().to_owned()
}

fn column(usage: &Value, member: &str) -> Vec<Value> {
    let days = usage["days"].as_array().unwrap();
    days.iter().map(|day| day[member].clone()).collect()
}

async fn shows_a_weekly_quota_from_the_first_day_of_its_window(way: Way) {
    let shell = Shell::start(way).await;
    let plan = plan_with_key(&shell, "--quota 1000/WEEK").await;
    let week = "2026-11-22";
    charge(
        &shell,
        &plan,
        &[
            ("2026-11-20", "2026-11-15", 7),
            ("2026-11-22", week, 100),
            ("2026-11-24", week, 20),
            ("2026-11-25", week, 3),
        ],
    )
    .await;
    let done = shell.run("usage joe").await.expect(Exit::Done);
    let expected = "\
DATE        PLAN    USED  REMAINING
2026-11-22  Bronze   100        900
2026-11-23  Bronze     0        900
2026-11-24  Bronze    20        880
2026-11-25  Bronze     3        877
";
    assert_eq!((done.out.as_str(), done.err.as_str()), (expected, ""));
}

async fn a_quota_starts_again_with_each_window(way: Way) {
    let shell = Shell::start(way).await;
    let plan = plan_with_key(&shell, "--quota 10/WEEK").await;
    charge(
        &shell,
        &plan,
        &[
            ("2026-11-19", "2026-11-15", 4),
            ("2026-11-20", "2026-11-15", 5),
            ("2026-11-22", "2026-11-22", 2),
        ],
    )
    .await;
    let usage = shell
        .json("usage joe --plan Bronze --from 2026-11-20 --to 2026-11-23")
        .await;
    assert_eq!(usage["key"], json!({"id": "k1", "name": "joe"}));
    let first = json!({
        "date": "2026-11-20", "plan": "Bronze", "planId": plan, "used": 5, "remaining": 1,
    });
    assert_eq!(usage["days"][0], first);
    assert_eq!(column(&usage, "used"), [5, 0, 2, 0]);
    assert_eq!(column(&usage, "remaining"), [1, 1, 8, 8]);
}

async fn a_daily_quota_shows_the_last_seven_days(way: Way) {
    let shell = Shell::start(way).await;
    let plan = plan_with_key(&shell, "--quota 5/DAY").await;
    charge(&shell, &plan, &[("2026-11-25", "2026-11-25", 2)]).await;
    let usage = shell.json("usage k1").await;
    assert_eq!(usage["days"][0]["date"], "2026-11-19");
    assert_eq!(column(&usage, "used"), [0, 0, 0, 0, 0, 0, 2]);
    assert_eq!(column(&usage, "remaining"), [5, 5, 5, 5, 5, 5, 3]);
}

async fn a_plan_without_a_quota_has_nothing_remaining(way: Way) {
    let shell = Shell::start(way).await;
    plan_with_key(&shell, "--rate 5 --burst 5").await;
    let usage = shell.json("usage joe").await;
    assert_eq!(column(&usage, "remaining"), vec![Value::Null; 7]);
    let done = shell
        .run("usage joe --from 2026-11-25")
        .await
        .expect(Exit::Done);
    let row = done.out.lines().nth(1).unwrap();
    assert_eq!(row, "2026-11-25  Bronze     0          -");
}

async fn a_monthly_quota_shows_31_days_at_the_most(way: Way) {
    let shell = Shell::start(way).await;
    plan_with_key(&shell, "--quota 5/MONTH").await;
    let usage = shell.json("usage joe").await;
    assert_eq!(column(&usage, "date").len(), 25);
    // The window from 1 to 31 December has 31 days, and all of them are shown on the last.
    shell.clock.advance(Duration::from_hours(36 * 24));
    let usage = shell.json("usage joe").await;
    assert_eq!(usage["days"][0]["date"], "2026-12-01");
    assert_eq!(column(&usage, "date").len(), 31);
}

async fn days_to_come_are_left_out(way: Way) {
    let shell = Shell::start(way).await;
    plan_with_key(&shell, "--quota 5/DAY").await;
    let usage = shell
        .json("usage joe --from 2026-11-24 --to 2026-12-24")
        .await;
    assert_eq!(column(&usage, "date"), ["2026-11-24", "2026-11-25"]);
}

async fn refuses_ranges_that_are_empty_too_long_or_misspelled(way: Way) {
    let shell = Shell::start(way).await;
    plan_with_key(&shell, "--quota 5/DAY").await;
    shell
        .run("usage joe --from 2026-11-24 --to 2026-11-23")
        .await
        .fails(
            Exit::Failed,
            "error: the range from 2026-11-24 to 2026-11-23 has no days; today is 2026-11-25 (UTC)\n",
        );
    shell.run("usage joe --from 2020-01-01").await.fails(
        Exit::Failed,
        "error: the range is longer than 400 days, for which usage is kept\n",
    );
    let done = shell.run("usage joe --from yesterday").await;
    let done = done.expect(Exit::Failed);
    assert!(done.err.contains("write it like 2026-11-23"), "{done:?}");
}

async fn refuses_a_key_that_is_in_no_plan(way: Way) {
    let shell = Shell::start(way).await;
    shell
        .run("keys create joe --id k1")
        .await
        .expect(Exit::Done);
    shell.run("usage joe").await.fails(
        Exit::Refused,
        "error: key joe (k1) is in no plan\n\
         hint: put it into one with `tollgate plans add-key PLAN k1`, or name a plan that it was in with --plan\n",
    );
}
