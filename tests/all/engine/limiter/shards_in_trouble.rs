//! A plan with shards when something is not as it should be: no client is kept out for what another one wanted, for what is no longer
//! so, or for what a wrong clock left behind.

use std::sync::Arc;
use std::time::Duration;

use tollgate::charge::{Asked, MAX_WAIT, Meter, Next, Turn, Wish};
use tollgate::decision::Reason;
use tollgate::lease::Leases;
use tollgate::meter::{ChargeId, Limits, Refund, ShardId, ShardItem, Share, Windows};
use tollgate::plan::{BucketId, SHARDS};
use tollgate::quota::{Day, Quota};
use tollgate::store::{StoreError, StoreErrorKind};
use tollgate::time::Timestamp;

use super::shards::{Pair, hot_wish};
use super::{Desk, KEY, NOON_S, daily, meter_id, throttle};

fn desk(burst: u64, quota: Option<Quota>) -> Desk {
    let desk = Desk::new(Some(throttle(10.0, burst)), quota);
    desk.change_plan(|plan| {
        plan.tags.insert(SHARDS.to_owned(), "2".to_owned());
    });
    desk
}

fn shard(number: u8) -> ShardId {
    ShardId {
        bucket: Some(BucketId::Plan),
        number,
        generation: 0,
    }
}

/// What both shards have from somebody else, who may have a clock that is an hour ahead.
fn of_another(desk: &Desk, change: impl Fn(&mut ShardItem, Timestamp)) {
    let ahead = desk.limiter.now().saturating_add(Duration::from_hours(1));
    for number in 0..2 {
        let mut item = ShardItem {
            name: Some(ChargeId::new(1)),
            ..ShardItem::default()
        };
        change(&mut item, ahead);
        desk.ledger.state().shards.insert(shard(number), item);
    }
}

#[tokio::test]
async fn a_topped_up_quota_is_used_although_shards_remember_that_it_was_used_up() {
    let desk = desk(16_000, Some(daily(100)));
    while desk.decide().await.is_none() {
        desk.clock.advance(Duration::from_millis(100));
    }
    let today = Day::of(desk.limiter.now());
    let used_up = Share {
        taken: 1,
        filled_at: desk.limiter.now(),
        ends_at: desk.limiter.now(),
        left: Refund {
            requests: 0,
            window: Some(today),
            further: Windows::default(),
            day: today,
            follows: None,
        },
        tat: None,
        used: Some(100),
    };
    desk.clock.advance(Duration::from_mins(1));
    of_another(&desk, |item, _| item.share = Some(used_up));
    desk.change_meter(|meter| meter.used = Some(50));
    desk.ledger.take_calls();
    let mut admitted = 0;
    for _ in 0..40 {
        desk.clock.advance(Duration::from_millis(100));
        admitted += u32::from(desk.decide().await.is_none());
    }
    // What was kept for a while and not used is counted as used until it is given back.
    assert!(admitted > 30, "{admitted} of 40");
}

#[tokio::test]
async fn one_request_for_much_does_not_keep_out_the_others() {
    let desk = desk(1_000, None);
    for _ in 0..3 {
        assert_eq!(desk.decide().await, None);
    }
    assert_eq!(desk.ask("/users", Some(KEY), 850).await.unwrap(), None);
    let much = desk.ask("/users", Some(KEY), 900).await.unwrap();
    let Some(Reason::Throttled {
        retry_after: Some(wait),
    }) = much
    else {
        panic!("{much:?}");
    };
    assert!(wait > Duration::from_mins(1), "{wait:?}");
    for _ in 0..20 {
        desk.clock.advance(Duration::from_millis(100));
        assert_eq!(desk.decide().await, None);
    }
}

#[tokio::test]
async fn a_claim_of_a_clock_that_is_far_ahead_is_not_waited_for() {
    let desk = desk(16_000, None);
    assert_eq!(desk.decide().await, None);
    of_another(&desk, |item, ahead| item.claimed_until = ahead);
    assert_eq!(desk.decide().await, None);
    assert!(desk.ledger.take_calls().shards <= 4);
}

#[tokio::test]
async fn an_empty_shard_of_a_clock_that_is_far_ahead_is_filled() {
    let desk = desk(16_000, None);
    assert_eq!(desk.decide().await, None);
    of_another(&desk, |item, ahead| item.refill_at = ahead);
    assert_eq!(desk.decide().await, None);
}

/// Others claim the shard again and again, and put nothing into it.
#[tokio::test]
async fn no_request_waits_long_for_a_shard_that_is_never_filled() {
    let desk = desk(16_000, None);
    assert_eq!(desk.decide().await, None);
    let began = desk.limiter.now();
    of_another(&desk, |item, _| {
        item.claimed_until = began.saturating_add(Duration::from_millis(900));
    });
    desk.ledger.state().tick = Some((desk.clock.clone(), Duration::from_millis(25)));
    let refused = desk.decide().await;
    assert!(
        matches!(refused, Some(Reason::Throttled { .. })),
        "{refused:?}"
    );
    let waited = desk.limiter.now().saturating_since(began);
    assert!(waited <= MAX_WAIT + Duration::from_millis(25), "{waited:?}");
    // And it is told to come back soon.
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.decide().await, None);
}

/// The clock of a process lags behind that of the one that filled the shard.
#[test]
fn what_is_drawn_lives_no_longer_than_a_share_by_any_clock() {
    let filled_at = Timestamp::from_secs(NOON_S);
    let wish = hot_wish();
    let life = tollgate::lease::life(&wish.limits);
    let mut pair = Pair::new(wish);
    let mut now = filled_at;
    while pair.shard.left(now) < 50 {
        now = now.saturating_add(Duration::from_millis(1));
        pair.pass(now);
    }
    let share = pair.shard.share.unwrap();
    pair.meter = Arc::default();
    let mut at = Timestamp::from_nanos(now.as_nanos() - 2_000_000_000);
    loop {
        at = at.saturating_add(Duration::from_millis(1));
        let drawn = pair.shard.left(at);
        pair.pass(at);
        // More than it needs at once: it keeps something.
        if pair.shard.left(at) + 1 < drawn {
            break;
        }
    }
    assert_eq!(pair.shard.share.unwrap().ends_at, share.ends_at);
    let later = at.saturating_add(life);
    assert!(later < share.ends_at, "the clock lags by more than a life");
    assert!(matches!(pair.ask(later), Asked::Lead(_)));
}

/// The one that makes the charge fails at the claim, which is for nobody else yet.
#[test]
fn who_waits_is_not_told_of_a_claim_that_fails() {
    let mut pair = Pair::new(hot_wish());
    let now = Timestamp::from_secs(NOON_S);
    pair.pass(now);
    let Asked::Lead(mut flight) = pair.ask(now) else {
        panic!("nothing is in advance");
    };
    let Asked::Wait(mut told) = pair.ask(now) else {
        panic!("somebody asks already");
    };
    // The shard is empty, so it is claimed.
    assert!(pair.step(&mut flight, now, now));
    let claim = flight.next(ChargeId::new(u64::MAX), now);
    assert!(matches!(claim, Next::Shard(..)), "{claim:?}");
    let cause = std::io::Error::from(std::io::ErrorKind::TimedOut);
    let failure = StoreError::new(StoreErrorKind::Unavailable, "no answer in time", cause);
    assert_eq!(flight.fail(&failure), None);
    assert!(matches!(told.try_recv(), Ok(Turn::Lead(_))));
}

/// Its answer is lost, an operator sets what remains, and then the charge is sent again.
#[test]
fn nothing_is_given_back_across_a_change_of_what_remains() {
    let wish = Wish {
        cost: 1,
        limits: Limits {
            bucket: None,
            quota: Some(daily(1_000)),
            ..Limits::default()
        },
        leases: Leases::default(),
        shards: None,
        generation: 0,
    };
    let now = Timestamp::from_secs(NOON_S);
    let mut pair = Pair::new(wish);
    pair.meter = Arc::new(Meter::of_hot_key(&wish));
    let Asked::Lead(mut flight) = pair.ask(now) else {
        panic!("nobody else makes a charge");
    };
    let Next::Write(write) = flight.next(ChargeId::new(1), now) else {
        panic!("nothing forbids the charge");
    };
    pair.item.charge(&write);
    (pair.item.used, pair.item.set_id) = (Some(900), Some(7));
    let again = pair.item.charge(&write);
    flight.learn(&write, &again, now);
    assert!(matches!(flight.next(ChargeId::new(2), now), Next::Done(_)));
    let unused = pair.meter.take_leased();
    assert_eq!(unused.len(), 1);
    assert_eq!(unused[0].follows, None);
}

/// A change of a key that is not hot concerns the meter alone.
#[tokio::test]
async fn a_disabled_key_that_is_not_hot_stops_at_once() {
    let desk = desk(16_000, None);
    assert_eq!(desk.decide().await, None);
    desk.clock.advance(Duration::from_secs(5));
    desk.set_enabled(false);
    assert_eq!(desk.decide().await, Some(Reason::DisabledKey));
    assert!(desk.ledger.state().meters[&meter_id()].off);
}
