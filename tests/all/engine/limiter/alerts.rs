//! What throttling costs where a plan asks for alerts of it.

use std::time::Duration;

use tollgate::alert::{Hour, Occasion};
use tollgate::decision::Reason;
use tollgate::limiter::Options;
use tollgate::plan::ALERTS;

use super::super::ledger::{Calls, Part};
use super::{Desk, NO_CALLS, NOON_S, daily, throttle};

const ONE_ALERT: Calls = Calls {
    alerts: 1,
    ..NO_CALLS
};

/// A key that has taken the one request of its bucket, in a plan with this tag.
async fn throttled_desk(tag: Option<&str>) -> Desk {
    let desk = Desk::new(Some(throttle(0.001, 1)), None);
    desk.change_plan(|plan| {
        plan.tags
            .extend(tag.map(|text| (ALERTS.to_owned(), text.to_owned())));
    });
    assert_eq!(desk.decide().await, None);
    desk.ledger.take_calls();
    desk
}

async fn refuse(desk: &Desk, times: u32) -> Calls {
    for _ in 0..times {
        let reason = desk.decide().await;
        assert!(
            matches!(reason, Some(Reason::Throttled { .. })),
            "{reason:?}"
        );
    }
    desk.ledger.take_calls()
}

#[tokio::test]
async fn without_the_tag_a_throttled_request_writes_nothing() {
    for tag in [None, Some("80,100"), Some("unreadable")] {
        let desk = throttled_desk(tag).await;
        assert_eq!(refuse(&desk, 1_000).await, NO_CALLS, "{tag:?}");
    }
}

#[tokio::test]
async fn with_it_the_first_of_an_hour_writes_once_and_the_others_nothing() {
    let desk = throttled_desk(Some("80,throttled")).await;
    assert_eq!(refuse(&desk, 1_000).await, ONE_ALERT);
    desk.clock.advance(Duration::from_mins(17));
    assert_eq!(refuse(&desk, 0).await, NO_CALLS);
    let another = desk.another_limiter(Options::default());
    let desk = Desk {
        limiter: another,
        ..desk
    };
    // The bucket has one more now.
    desk.decide().await;
    desk.ledger.take_calls();
    assert_eq!(refuse(&desk, 10).await, ONE_ALERT, "another process");
    let alerts = desk.ledger.state().alerts.clone();
    let occasions: Vec<_> = alerts.values().map(|alert| alert.occasion).collect();
    let hour = Hour::from_number(NOON_S / 3_600);
    assert_eq!(
        occasions,
        [Occasion::Throttled { hour }],
        "one in the store"
    );
}

#[tokio::test]
async fn each_hour_has_an_alert_of_its_own() {
    let desk = throttled_desk(Some("throttled")).await;
    assert_eq!(refuse(&desk, 2).await, ONE_ALERT);
    desk.clock.advance(Duration::from_hours(1));
    desk.decide().await;
    desk.ledger.take_calls();
    assert_eq!(refuse(&desk, 2).await, ONE_ALERT);
    assert_eq!(desk.ledger.state().alerts.len(), 2);
}

#[tokio::test]
async fn an_alert_that_cannot_be_kept_changes_no_answer_and_is_tried_again_a_minute_later() {
    let desk = throttled_desk(Some("throttled")).await;
    desk.ledger.state().failing = Some(Part::Alerts);
    assert_eq!(refuse(&desk, 100).await, ONE_ALERT);
    desk.ledger.state().failing = None;
    desk.clock.advance(Duration::from_secs(59));
    let read_again = Calls {
        keys: 1,
        plans: 1,
        ..NO_CALLS
    };
    assert_eq!(refuse(&desk, 1).await, read_again);
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(refuse(&desk, 1).await, ONE_ALERT);
    assert_eq!(desk.ledger.state().alerts.len(), 1);
}

#[tokio::test]
async fn a_used_up_quota_is_no_throttling() {
    let desk = Desk::new(None, Some(daily(1)));
    desk.change_plan(|plan| {
        plan.tags.insert(ALERTS.to_owned(), "throttled".to_owned());
    });
    assert_eq!(desk.decide().await, None);
    desk.ledger.take_calls();
    for _ in 0..10 {
        assert!(matches!(
            desk.decide().await,
            Some(Reason::QuotaExceeded { .. })
        ));
    }
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);
}
