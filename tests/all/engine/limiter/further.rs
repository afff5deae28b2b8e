//! Further quotas, soft ones, and methods that count for several, as a limiter decides.

use tollgate::plan::{COSTS, QUOTA_RESET, QUOTAS};
use tollgate::quota::Every;

use super::*;

fn desk(tags: &[(&str, &str)]) -> Desk {
    let desk = Desk::new(None, None);
    desk.change_plan(|plan| {
        let tags = tags
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        plan.tags.extend(tags);
    });
    desk
}

#[tokio::test]
async fn a_decision_with_four_further_quotas_is_one_write() {
    let desk = desk(&[(QUOTAS, "100/minute, 1000/hour, 20000/day, 50000/month soft")]);
    assert_eq!(desk.calls_of_a_decision().await, FIRST_SIGHT);
    for _ in 0..5 {
        desk.clock.advance(Duration::from_secs(61));
        // Longer than keys and plans are remembered: they are read again.
        assert_eq!(desk.calls_of_a_decision().await, FIRST_SIGHT);
    }
}

#[tokio::test]
async fn the_refusal_names_the_quota_and_its_end_and_costs_nothing() {
    let desk = desk(&[(QUOTAS, "3/minute, 4/hour")]);
    for _ in 0..3 {
        assert_eq!(desk.decide().await, None);
    }
    desk.clock.advance(Duration::from_secs(20));
    let refused = Some(Reason::QuotaExceeded {
        resets_after: Duration::from_secs(40),
        quota: QuotaName::Further(Every::Minute),
    });
    assert_eq!(desk.decide().await, refused);
    desk.ledger.take_calls();
    assert_eq!(desk.decide().await, refused);
    desk.clock.advance(Duration::from_secs(40));
    assert_eq!(desk.decide().await, None);
    let by_hour = Some(Reason::QuotaExceeded {
        resets_after: Duration::from_mins(59),
        quota: QuotaName::Further(Every::Hour),
    });
    assert_eq!(desk.decide().await, by_hour);
}

#[tokio::test]
async fn a_zone_and_an_hour_say_when_the_day_begins() {
    // Noon in UTC is 14:00 there: the day has begun at 06:00, and ends in 16 hours.
    let desk = desk(&[(QUOTAS, "1/day"), (QUOTA_RESET, "06:00 +02:00")]);
    assert_eq!(desk.decide().await, None);
    let refused = desk.decide().await.unwrap();
    assert_eq!(refused.retry_after(), Some(Duration::from_hours(16)));
    desk.clock.advance(Duration::from_hours(16));
    assert_eq!(desk.decide().await, None);
}

#[tokio::test]
async fn beyond_a_soft_quota_requests_pass_and_are_marked() {
    let desk = desk(&[(QUOTAS, "2/day soft, 5/hour")]);
    let mut marked = Vec::new();
    for _ in 0..5 {
        match desk.answer("/users", Some(KEY), 1).await.unwrap() {
            Decision::Allow(Allowance::Metered(metered)) => {
                marked.push(metered.overage().map(|overage| overage.requests));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(marked, [None, None, Some(1), Some(2), Some(3)]);
    let refused = desk.decide().await.unwrap();
    assert_eq!(refused.quota(), Some(QuotaName::Further(Every::Hour)));
}

#[tokio::test]
async fn a_method_may_count_for_several_requests() {
    let desk = desk(&[(QUOTAS, "10/day"), (COSTS, "GET /reports=4")]);
    for _ in 0..2 {
        assert_eq!(desk.ask("/reports", Some(KEY), 1).await.unwrap(), None);
    }
    assert!(desk.ask("/reports", Some(KEY), 1).await.unwrap().is_some());
    for _ in 0..2 {
        assert_eq!(desk.decide().await, None);
    }
    assert!(desk.decide().await.is_some());
}

#[tokio::test]
async fn what_is_kept_in_advance_ends_with_the_minute() {
    let desk = desk(&[(QUOTAS, "100000/minute")]);
    let mut admitted = 0_u32;
    // Hot to the end of the minute, and beyond it.
    for _ in 0..2_000 {
        admitted += u32::from(desk.decide().await.is_none());
        desk.clock.advance(Duration::from_millis(31));
    }
    assert_eq!(admitted, 2_000);
    let calls = desk.ledger.take_calls();
    assert!(calls.charges < 1_000, "{calls:?}");
    desk.limiter.hand_back().await;
    let state = desk.ledger.state();
    let (_, item) = state.meters.iter().next().unwrap();
    let (_, used) = item.further[&Every::Minute];
    // 2 s of the second minute have passed, and what was not used has gone back.
    let in_second_minute = (2_000 * 31 - 60_000) / 31 + 1;
    assert!(used <= in_second_minute + 100, "{used}");
    assert!(used >= in_second_minute - 1, "{used}");
}

#[tokio::test]
async fn tags_that_cannot_be_read_admit_nothing() {
    for tags in [
        [(QUOTAS, "plenty"), (QUOTA_RESET, "UTC")],
        [(QUOTAS, "5/day"), (QUOTA_RESET, "Europe/Berlin")],
        [(QUOTAS, "5/day"), (COSTS, "cheap")],
    ] {
        assert!(desk(&tags).decide().await.is_some(), "{tags:?}");
    }
}
