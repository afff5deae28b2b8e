//! What a request has cost is charged when it is answered.

use tollgate::charge::Settled;
use tollgate::decision::Metered;
use tollgate::limiter::MAX_SETTLED;
use tollgate::plan::{OVERDRAFT, QUOTAS};
use tollgate::quota::Every;

use super::super::ledger::Fault;
use super::*;

fn desk(quota: Option<u64>, tags: &[(&str, &str)]) -> Desk {
    let desk = Desk::new(None, quota.map(daily));
    desk.change_plan(|plan| {
        let tags = tags
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        plan.tags.extend(tags);
    });
    desk
}

async fn admitted(desk: &Desk) -> Metered {
    match desk.answer("/users", Some(KEY), 1).await.unwrap() {
        Decision::Allow(Allowance::Metered(metered)) => metered,
        other => panic!("{other:?}"),
    }
}

fn used(desk: &Desk) -> (i64, u64) {
    let state = desk.ledger.state();
    let item = &state.meters[&meter_id()];
    (item.used.unwrap(), item.count.unwrap())
}

#[tokio::test]
async fn the_difference_is_one_write_more_and_counts_against_every_quota() {
    let desk = desk(Some(100), &[(QUOTAS, "50/hour")]);
    let metered = admitted(&desk).await;
    desk.ledger.take_calls();
    let settled = desk.limiter.settle(&metered, 8).await.unwrap();
    assert_eq!(
        settled,
        Settled {
            charged: 7,
            waived: 0
        }
    );
    assert_eq!(desk.ledger.take_calls(), ONE_CHARGE);
    assert_eq!(used(&desk), (8, 8));
    let (_, of_hour) = desk.ledger.state().meters[&meter_id()].further[&Every::Hour];
    assert_eq!(of_hour, 8);
}

#[tokio::test]
async fn what_cost_no_more_than_was_charged_costs_no_write() {
    let desk = desk(Some(100), &[]);
    let metered = admitted(&desk).await;
    desk.ledger.take_calls();
    for actual in [0, 1] {
        let settled = desk.limiter.settle(&metered, actual).await.unwrap();
        assert_eq!(settled, Settled::default());
    }
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);
    assert_eq!(used(&desk), (1, 1));
}

#[tokio::test]
async fn without_an_overdraft_a_quota_does_not_come_below_zero() {
    let desk = desk(Some(10), &[]);
    let metered = admitted(&desk).await;
    let settled = desk.limiter.settle(&metered, 1_000).await.unwrap();
    assert_eq!(
        settled,
        Settled {
            charged: 9,
            waived: 990
        }
    );
    assert_eq!(used(&desk).0, 10);
    assert!(desk.decide().await.is_some());
    let settled = desk.limiter.settle(&metered, 2).await.unwrap();
    assert_eq!(
        settled,
        Settled {
            charged: 0,
            waived: 1
        }
    );
}

#[tokio::test]
async fn an_overdraft_is_a_bound_and_the_least_of_several_quotas_decides() {
    let desk = desk(
        Some(1_000),
        &[(QUOTAS, "10/hour, 5/day soft"), (OVERDRAFT, "20")],
    );
    let metered = admitted(&desk).await;
    let settled = desk.limiter.settle(&metered, 25).await.unwrap();
    assert_eq!(
        settled,
        Settled {
            charged: 24,
            waived: 0
        }
    );
    let settled = desk.limiter.settle(&metered, 25).await.unwrap();
    assert_eq!(
        settled,
        Settled {
            charged: 5,
            waived: 19
        }
    );
    assert_eq!(used(&desk).0, 30);
    // Below zero nothing passes, in this process or another.
    assert!(desk.decide().await.is_some());
    desk.clock.advance(Duration::from_hours(1));
    assert_eq!(desk.decide().await, None);
}

#[tokio::test]
async fn however_many_settle_at_once_the_bound_holds() {
    let desk = desk(Some(200), &[(OVERDRAFT, "30")]);
    let metered = admitted(&desk).await;
    let mut settling = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (limiter, metered) = (desk.limiter.clone(), metered.clone());
        settling.spawn(async move { limiter.settle(&metered, 13).await.unwrap().charged });
    }
    let charged: u64 = settling.join_all().await.into_iter().sum();
    assert_eq!(charged, 229);
    assert_eq!(used(&desk).0, 230);
}

#[tokio::test]
async fn a_settlement_whose_answer_is_lost_is_charged_once() {
    let desk = desk(Some(100), &[]);
    let metered = admitted(&desk).await;
    desk.ledger.state().faults.push_back(Fault::Retried);
    let settled = desk.limiter.settle(&metered, 8).await.unwrap();
    assert_eq!(
        settled,
        Settled {
            charged: 7,
            waived: 0
        }
    );
    assert_eq!(used(&desk).0, 8);
    desk.ledger.state().faults.push_back(Fault::AnswerLost);
    assert!(desk.limiter.settle(&metered, 8).await.is_err());
    assert_eq!(used(&desk).0, 15);
}

#[tokio::test]
async fn a_settlement_on_the_next_day_counts_on_that_day() {
    let desk = desk(Some(100), &[]);
    let metered = admitted(&desk).await;
    for _ in 0..3 {
        desk.clock.advance(Duration::from_hours(24));
        let settled = desk.limiter.settle(&metered, 8).await.unwrap();
        assert_eq!(
            settled,
            Settled {
                charged: 7,
                waived: 0
            }
        );
        assert_eq!(used(&desk), (7, 7));
    }
}

#[tokio::test]
async fn a_key_that_was_narrowed_once_still_pays_what_its_requests_cost() {
    let desk = desk(Some(100), &[]);
    desk.change_key(|key| key.generation = 1);
    desk.change_meter(|meter| meter.generation = Some(1));
    let metered = admitted(&desk).await;
    let settled = desk.limiter.settle(&metered, 8).await.unwrap();
    let paid = Settled {
        charged: 7,
        waived: 0,
    };
    assert_eq!(settled, paid);
    assert_eq!(used(&desk), (8, 8));
}

#[tokio::test]
async fn no_cost_makes_a_counter_too_large_to_be_read() {
    let desk = desk(None, &[(QUOTAS, "5/month soft")]);
    for _ in 0..3 {
        let metered = admitted(&desk).await;
        let settled = desk.limiter.settle(&metered, u64::MAX).await.unwrap();
        let paid = Settled {
            charged: MAX_SETTLED - 1,
            waived: u64::MAX - MAX_SETTLED,
        };
        assert_eq!(settled, paid);
    }
    admitted(&desk).await;
}
