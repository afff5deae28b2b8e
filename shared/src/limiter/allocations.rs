//! A decision about a key that is remembered allocates nothing.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::{Limiter, Request};
use crate::bucket::{Rate, Throttle};
use crate::decision::{Decision, Reason};
use crate::id::{ApiStage, PlanId};
use crate::key::{KeyHash, Pepper};
use crate::meter::{
    Answer, DayCount, MeterId, MeterItem, RefundWrite, ShardAnswer, ShardId, ShardItem, ShardWrite,
    Write,
};
use crate::plan::{CoveredStage, MethodName, Plan};
use crate::quota::{Period, Quota};
use crate::store::{KeyRecord, Ledger, StoreError};
use crate::time::{SystemClock, Timestamp};

const KEY: &str = "a-key-of-a-good-length";

/// A store that answers at once, without an allocation of its own in a charge.
struct AtOnce {
    plan: Option<Plan>,
}

impl Ledger for AtOnce {
    async fn key(&self, _hash: &KeyHash) -> Result<Option<KeyRecord>, StoreError> {
        Ok(self.plan.as_ref().map(|plan| KeyRecord {
            id: "a1b2c3d4e5".into(),
            customer_id: Some("a customer whose name is long".into()),
            enabled: true,
            expires_at: None,
            plan_ids: vec![plan.id.clone()],
        }))
    }

    async fn plan(&self, _id: &PlanId) -> Result<Option<Plan>, StoreError> {
        Ok(self.plan.clone())
    }

    async fn charge(&self, _meter: &MeterId, _write: &Write) -> Result<Answer, StoreError> {
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

    async fn archive(&self, _meter: &MeterId, _ended: DayCount) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A limiter with one plan, whose method `GET /users/{id}` has a throttle of this burst.
fn limiter(burst: Option<u64>) -> Limiter<AtOnce> {
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
    Limiter::new(AtOnce { plan }, SystemClock, pepper).unwrap()
}

/// The reason of a refusal, and the allocations of 25 decisions, the fewest that there were of four times 25, after many others.
fn decided(limiter: &Limiter<AtOnce>, key: &str) -> (Option<Reason>, u64) {
    let api_stage = ApiStage::new("a1b2c3d4e5", "prod");
    let request = Request {
        api_stage: &api_stage,
        method: MethodName {
            resource: "/users/{id}",
            verb: "GET",
        },
        key: Some(key),
        cost: NonZeroU64::MIN,
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
    for _ in 0..1_000 {
        decide();
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
    assert_eq!(decided(&limiter(Some(1_000_000)), KEY), (None, 0));
}

#[test]
fn a_refusal_that_is_known_allocates_nothing() {
    let never = Reason::Throttled { retry_after: None };
    assert_eq!(decided(&limiter(Some(0)), KEY), (Some(never), 0));
}

#[test]
fn what_cannot_be_a_key_allocates_nothing() {
    for text in ["short", "tg_p_0Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8Ii9Jj3QXQEP"] {
        let (reason, allocations) = decided(&limiter(None), text);
        assert_eq!(
            (reason, allocations),
            (Some(Reason::UnknownKey), 0),
            "{text}"
        );
    }
}
