//! A plan with shards: what a process asks of them, and what happens when they do not answer.

use std::sync::Arc;
use std::time::Duration;

use tollgate::bucket::Bucket;
use tollgate::charge::{Asked, Flight, Meter, Next, Turn, Wish};
use tollgate::lease::Leases;
use tollgate::limiter::Options;
use tollgate::meter::{ChargeId, Limits, ShardId, ShardItem};
use tollgate::plan::{BucketId, SHARDS};
use tollgate::time::Timestamp;

use super::{Desk, Item, NO_CALLS, NOON_S, ONE_CHARGE, daily, meter_id, throttle};
use chaos::item::write_shard;

fn desk(burst: u64) -> Desk {
    let desk = Desk::new(Some(throttle(1_000.0, burst)), Some(daily(100_000)));
    desk.change_plan(|plan| {
        plan.tags.insert(SHARDS.to_owned(), "2".to_owned());
    });
    desk
}

#[tokio::test]
async fn a_hot_key_seldom_writes_to_its_meter() {
    let desk = desk(16_000);
    for _ in 0..2_000 {
        desk.clock.advance(Duration::from_millis(2));
        assert_eq!(desk.decide().await, None);
    }
    let calls = desk.ledger.take_calls();
    assert!(calls.charges < 40, "{calls:?}");
    assert!((1..400).contains(&calls.shards), "{calls:?}");
    let state = desk.ledger.state();
    let meter = &state.meters[&meter_id()];
    assert!(meter.count >= Some(2_000));
}

#[tokio::test]
async fn a_key_that_is_seldom_used_costs_one_write_a_request() {
    let desk = desk(16_000);
    assert_eq!(desk.decide().await, None);
    for _ in 0..5 {
        desk.clock.advance(Duration::from_secs(5));
        assert_eq!(desk.calls_of_a_decision().await, ONE_CHARGE);
    }
}

#[tokio::test]
async fn a_burst_below_a_hundred_has_no_shards() {
    let desk = desk(99);
    for _ in 0..99 {
        assert_eq!(desk.decide().await, None);
    }
    assert!(desk.decide().await.is_some());
    assert_eq!(desk.ledger.take_calls().shards, 0);
}

#[tokio::test]
async fn what_shards_have_is_used_up_and_then_requests_are_refused_without_a_write() {
    let desk = desk(1_600);
    let mut admitted = 0;
    while desk.decide().await.is_none() {
        admitted += 1;
    }
    // All at one instant: a sixteenth is held back for what is kept, and the last eighth is given little by little.
    assert!((1_100..=1_600).contains(&admitted), "{admitted}");
    desk.ledger.take_calls();
    assert!(desk.decide().await.is_some());
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.decide().await, None);
}

/// One process fills the shards, and another one draws from them.
#[tokio::test]
async fn processes_share_what_one_of_them_took() {
    let first = desk(16_000);
    let second = Desk {
        limiter: first.another_limiter(Options::default()),
        ledger: first.ledger.clone(),
        clock: first.clock.clone(),
    };
    for _ in 0..500 {
        first.clock.advance(Duration::from_millis(1));
        assert_eq!(first.decide().await, None);
        assert_eq!(second.decide().await, None);
    }
    first.ledger.take_calls();
    for _ in 0..500 {
        first.clock.advance(Duration::from_millis(1));
        assert_eq!(first.decide().await, None);
        assert_eq!(second.decide().await, None);
    }
    let calls = first.ledger.take_calls();
    assert!(calls.charges <= 10, "{calls:?}");
}

/// Whoever claimed a shard is gone.
#[tokio::test]
async fn a_claim_that_is_never_followed_by_a_share_ends() {
    let desk = desk(16_000);
    assert_eq!(desk.decide().await, None);
    for number in 0..2 {
        let shard = ShardId {
            bucket: Some(BucketId::Plan),
            number,
            generation: 0,
        };
        let claimed = ShardItem {
            name: Some(ChargeId::new(1)),
            claimed_until: desk
                .limiter
                .now()
                .saturating_add(Duration::from_millis(100)),
            ..ShardItem::default()
        };
        desk.ledger.state().shards.insert(shard, claimed);
    }
    // Each call takes a while.
    desk.ledger.state().tick = Some((desk.clock.clone(), Duration::from_millis(25)));
    assert_eq!(desk.decide().await, None);
    assert!(desk.ledger.take_calls().shards >= 4);
}

/// A meter with one shard to look at, and what the store has of both.
pub(super) struct Pair {
    pub(super) meter: Arc<Meter>,
    wish: Wish,
    pub(super) item: Item,
    pub(super) shard: ShardItem,
    charges: u64,
}

/// One request of a plan with shards.
pub(super) fn hot_wish() -> Wish {
    Wish {
        cost: 1,
        limits: Limits {
            bucket: Some((BucketId::Plan, Bucket::new(throttle(1_000.0, 16_000)))),
            quota: None,
            ..Limits::default()
        },
        leases: Leases::default(),
        shards: "2".parse().ok(),
        generation: 0,
    }
}

impl Pair {
    pub(super) fn new(wish: Wish) -> Self {
        Self {
            meter: Arc::default(),
            wish,
            item: Item::default(),
            shard: ShardItem::default(),
            charges: 0,
        }
    }

    pub(super) fn ask(&self, now: Timestamp) -> Asked {
        self.meter.ask(&self.wish, now, || Ok(()))
    }

    /// Makes the flight's next write: at `asked_at`, and the answer comes at `answered_at`.
    pub(super) fn step(
        &mut self,
        flight: &mut Flight,
        asked_at: Timestamp,
        answered_at: Timestamp,
    ) -> bool {
        self.charges += 1;
        match flight.next(ChargeId::new(self.charges), asked_at) {
            Next::Write(write) => {
                let answer = self.item.charge(&write);
                flight.learn(&write, &answer, answered_at);
            }
            Next::Shard(_, write) => {
                let answer = write_shard(&mut self.shard, &write);
                flight.learn_of_shard(&write, &answer, answered_at);
            }
            Next::Done(_) => return false,
            Next::Pause(_) | Next::Archive(_) => panic!("nobody else is there, and no day ends"),
        }
        true
    }

    /// Makes one request at `now`, and all that its process does for it.
    pub(super) fn pass(&mut self, now: Timestamp) {
        if let Asked::Lead(mut flight) = self.ask(now) {
            while self.step(&mut flight, now, now) {}
        }
    }
}

/// The store took longer than the share lives: whoever came meanwhile has to be charged for.
#[test]
fn a_share_that_is_over_when_it_is_drawn_from_serves_nobody_who_came_later() {
    let start = Timestamp::from_secs(NOON_S);
    for is_late in [false, true] {
        let mut pair = Pair::new(hot_wish());
        // Both of the meter's shards are one here: what the process draws from is what it filled.
        let mut now = start;
        let mut flight = loop {
            now = now.saturating_add(Duration::from_millis(1));
            if pair.shard.left(now) > 50
                && let Asked::Lead(flight) = pair.ask(now)
            {
                break flight;
            }
            pair.pass(now);
        };
        let ends_at = pair.shard.share.map(|share| share.ends_at).unwrap();
        let Asked::Wait(mut before) = pair.ask(now) else {
            panic!("somebody is about to draw");
        };
        let Next::Shard(_, write) = flight.next(ChargeId::new(u64::MAX), now) else {
            panic!("the shard has enough");
        };
        let Asked::Wait(mut meanwhile) = pair.ask(now) else {
            panic!("a draw is under way");
        };
        let answer = write_shard(&mut pair.shard, &write);
        let answered_at = if is_late { ends_at } else { now };
        flight.learn_of_shard(&write, &answer, answered_at);
        assert!(matches!(before.try_recv(), Ok(Turn::Done(_))));
        assert_eq!(matches!(meanwhile.try_recv(), Ok(Turn::Done(_))), !is_late);
    }
}
