//! A decision about a key that is remembered allocates nothing.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Limiter, Request};
use crate::alert::Alert;
use crate::bucket::{Rate, Throttle};
use crate::decision::{Decision, Reason};
use crate::id::{ApiStage, PlanId};
use crate::key::{KeyHash, Pepper};
use crate::metadata::Metadata;
use crate::meter::{
    Answer, DayCount, MeterId, MeterItem, RefundWrite, ShardAnswer, ShardId, ShardItem, ShardWrite,
    Write,
};
use crate::overrides::Overrides;
use crate::plan::{CoveredStage, MethodName, Plan};
use crate::quota::{Period, Quota};
use crate::store::{KeyRecord, Ledger, StoreError};
use crate::time::{ManualClock, Timestamp};

const KEY: &str = "a-key-of-a-good-length";

/// A store that answers at once, without an allocation of its own in a charge.
struct AtOnce {
    plan: Option<Plan>,
    overrides: Overrides,
    charges: Arc<AtomicU64>,
}

impl Ledger for AtOnce {
    async fn key(&self, _hash: &KeyHash) -> Result<Option<KeyRecord>, StoreError> {
        Ok(self.plan.as_ref().map(|plan| KeyRecord {
            id: "a1b2c3d4e5".into(),
            customer_id: Some("a customer whose name is long".into()),
            enabled: true,
            expires_at: None,
            generation: 0,
            scopes: "POST /users, GET /users/{id}".parse().ok(),
            metadata: Metadata::from(BTreeMap::from([("tenant".to_owned(), "acme".to_owned())])),
            plan_ids: vec![plan.id.clone()],
            overrides: self.overrides.clone(),
        }))
    }

    async fn plan(&self, _id: &PlanId) -> Result<Option<Plan>, StoreError> {
        Ok(self.plan.clone())
    }

    async fn charge(&self, _meter: &MeterId, _write: &Write) -> Result<Answer, StoreError> {
        self.charges.fetch_add(1, Ordering::Relaxed);
        Ok(Answer::Applied(MeterItem::default()))
    }

    async fn refund(&self, _meter: &MeterId, _write: &RefundWrite) -> Result<Answer, StoreError> {
        Ok(Answer::Applied(MeterItem::default()))
    }

    async fn shard(
        &self,
        _meter: &MeterId,
        _shard: ShardId,
        _write: &ShardWrite,
    ) -> Result<ShardAnswer, StoreError> {
        Ok(ShardAnswer::Failed(ShardItem::default()))
    }

    async fn record_alert(&self, _alert: &Alert) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn archive(&self, _meter: &MeterId, _ended: DayCount) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A limiter, with what its clock and its store can tell.
struct Desk {
    limiter: Limiter<AtOnce, ManualClock>,
    clock: ManualClock,
    charges: Arc<AtomicU64>,
}

/// A limiter with one plan, whose method `GET /users/{id}` has a throttle of this burst.
fn desk(burst: Option<u64>) -> Desk {
    desk_for(burst, Overrides::default())
}

/// The same for a key with limits of its own.
fn desk_for(burst: Option<u64>, overrides: Overrides) -> Desk {
    let throttle = |burst| Throttle {
        rate: Rate::from(1_000),
        burst,
    };
    let plan = burst.map(|burst| {
        let mut covered = CoveredStage::new(ApiStage::new("a1b2c3d4e5", "prod"));
        covered.set_method_throttle("/users/{id}/GET", throttle(burst));
        covered.set_method_throttle("/users/POST", throttle(5));
        Plan {
            id: "p1a2b3".into(),
            name: "Gold".to_owned(),
            description: None,
            product_code: None,
            throttle: Some(throttle(1)),
            quota: Some(Quota::new(1_000_000, Period::Month, 3).unwrap()),
            stages: vec![covered],
            tags: BTreeMap::new(),
            created_at: Timestamp::EPOCH,
        }
    });
    let pepper = Pepper::new(b"a pepper for tests").unwrap();
    let clock = ManualClock::new(Timestamp::from_secs(1_795_435_200));
    let charges = Arc::new(AtomicU64::new(0));
    let ledger = AtOnce {
        plan,
        overrides,
        charges: Arc::clone(&charges),
    };
    Desk {
        limiter: Limiter::new(ledger, clock.clone(), pepper).unwrap(),
        clock,
        charges,
    }
}

/// The reason of a refusal, and the allocations of 25 decisions, the fewest that there were of four times 25, after many others that came
/// in quick succession for some seconds.
fn decided(desk: &Desk, key: &str) -> (Option<Reason>, u64) {
    let limiter = &desk.limiter;
    let api_stage = ApiStage::new("a1b2c3d4e5", "prod");
    let request = Request {
        api_stage: &api_stage,
        method: MethodName {
            resource: "/users/{id}",
            verb: "GET",
        },
        key: Some(key),
        cost: NonZeroU64::MIN,
        sent_path: None,
        gate: None,
    };
    // A request that waits has a timer.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    let decide = || {
        let mut decision = pin!(limiter.decide(&request));
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match decision.as_mut().poll(&mut context) {
                Poll::Ready(Ok(Decision::Allow(_))) => return None,
                Poll::Ready(Ok(Decision::Deny(denial))) => return Some(denial.reason),
                Poll::Ready(Err(failure)) => panic!("{failure}"),
                // Others go first, and there are none.
                Poll::Pending => {}
            }
        }
    };
    for _ in 0..2_000 {
        decide();
        desk.clock.advance(Duration::from_millis(3));
    }
    let reason = decide();
    let allocations = (0..4).map(|_| {
        let counted = allocation_counter::measure(|| {
            for _ in 0..25 {
                assert_eq!(decide(), reason);
            }
        });
        counted.count_total
    });
    (reason, allocations.min().unwrap())
}

#[test]
fn a_request_that_is_admitted_from_a_lease_allocates_nothing() {
    let desk = desk(Some(1_000_000));
    assert_eq!(decided(&desk, KEY), (None, 0));
    // They were from leases: most of them were not charged by themselves.
    let charges = desk.charges.load(Ordering::Relaxed);
    assert!(charges < 1_000, "{charges} charges of 2,101 decisions");
}

#[test]
fn a_key_with_limits_of_its_own_allocates_nothing_more() {
    let tags = [
        ("tollgate:quota", "500000/DAY"),
        (
            "tollgate:top-up:a",
            "7 2026-11-23T00:00:00Z/2026-11-24T00:00:00Z",
        ),
    ];
    let tags = tags.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let own = Overrides::of_tags(&BTreeMap::from(tags));
    assert_eq!(
        decided(&desk_for(Some(1_000_000), own.clone()), KEY),
        (None, 0)
    );
    let never = Reason::Throttled { retry_after: None };
    assert_eq!(decided(&desk_for(Some(0), own), KEY), (Some(never), 0));
}

#[test]
fn a_refusal_that_is_known_allocates_nothing() {
    let never = Reason::Throttled { retry_after: None };
    assert_eq!(decided(&desk(Some(0)), KEY), (Some(never), 0));
}

#[test]
fn what_cannot_be_a_key_allocates_nothing() {
    for text in ["short", "tg_p_0Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8Ii9Jj3QXQEP"] {
        let (reason, allocations) = decided(&desk(None), text);
        assert_eq!(
            (reason, allocations),
            (Some(Reason::UnknownKey), 0),
            "{text}"
        );
    }
}
