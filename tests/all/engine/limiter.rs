//! The limiter against a store in memory, with a clock that is moved by hand.

mod alerts;
mod concurrency;
mod failures;
mod further;
mod gate;
mod leases;
mod narrowing;
mod outages;
mod reading_again;
mod remembering;
mod settling;
mod shadow;
mod shards;
mod shards_in_trouble;
mod strangers;

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::time::Duration;

use tollgate::bucket::{Rate, Throttle};
use tollgate::decision::{Allowance, Decision, Reason};
use tollgate::entitlement::Memory;
use tollgate::id::ApiStage;
use tollgate::key::{KeyHash, KeyValue, Pepper};
use tollgate::lease::Leases;
use tollgate::limiter::{Limiter, Options, Request};
use tollgate::metadata::Metadata;
use tollgate::meter::MeterId;
use tollgate::overrides::Overrides;
use tollgate::plan::{CoveredStage, MethodName, Plan};
use tollgate::quota::{Period, Quota, QuotaName};
use tollgate::store::{KeyRecord, StoreError};
use tollgate::time::{ManualClock, Timestamp};

use super::ledger::{Calls, MemoryLedger};
use chaos::item::Item;

const KEY: &str = "a-key-of-a-good-length";

/// 2026-03-01T12:00:00Z, a Sunday.
const NOON_S: u64 = 1_772_366_400;

const NO_CALLS: Calls = Calls {
    keys: 0,
    plans: 0,
    charges: 0,
    archives: 0,
    refunds: 0,
    shards: 0,
    alerts: 0,
};
const ONE_CHARGE: Calls = Calls {
    charges: 1,
    ..NO_CALLS
};
const FIRST_SIGHT: Calls = Calls {
    keys: 1,
    plans: 1,
    charges: 1,
    archives: 0,
    refunds: 0,
    shards: 0,
    alerts: 0,
};

fn throttle(per_second: f64, burst: u64) -> Throttle {
    Throttle {
        rate: Rate::per_second(per_second).unwrap(),
        burst,
    }
}

fn daily(limit: u64) -> Quota {
    Quota::new(limit, Period::Day, 0).unwrap()
}

fn stage() -> ApiStage {
    ApiStage::new("users", "dev")
}

/// A limiter, its store and its clock, with one key in one plan.
struct Desk {
    limiter: Limiter<MemoryLedger, ManualClock>,
    ledger: MemoryLedger,
    clock: ManualClock,
}

impl Desk {
    fn new(throttle: Option<Throttle>, quota: Option<Quota>) -> Self {
        Self::with(Options::default(), throttle, quota)
    }

    fn remembering(memory: Memory, throttle: Option<Throttle>, quota: Option<Quota>) -> Self {
        let options = Options {
            memory,
            ..Options::default()
        };
        Self::with(options, throttle, quota)
    }

    fn with(options: Options, throttle: Option<Throttle>, quota: Option<Quota>) -> Self {
        let ledger = MemoryLedger::new();
        let clock = ManualClock::new(Timestamp::from_secs(NOON_S));
        let limiter =
            Limiter::with_options(ledger.clone(), clock.clone(), pepper(), options).unwrap();
        let plan = Plan {
            id: "bronze".into(),
            name: "Bronze".to_owned(),
            description: None,
            product_code: None,
            throttle,
            quota,
            stages: vec![CoveredStage::new(stage())],
            tags: BTreeMap::new(),
            created_at: Timestamp::EPOCH,
        };
        let key = KeyRecord {
            id: "client".into(),
            customer_id: Some("customer-7".into()),
            enabled: true,
            expires_at: None,
            generation: 0,
            scopes: None,
            metadata: Metadata::default(),
            plan_ids: vec![plan.id.clone()],
            overrides: Overrides::default(),
        };
        {
            let mut state = ledger.state();
            state.plans.insert(plan.id.clone(), plan);
            state.keys.insert(hash(KEY), key);
        }
        Self {
            limiter,
            ledger,
            clock,
        }
    }

    /// Another process with the same store.
    fn another_limiter(&self, options: Options) -> Limiter<MemoryLedger, ManualClock> {
        Limiter::with_options(self.ledger.clone(), self.clock.clone(), pepper(), options).unwrap()
    }

    fn change_key(&self, change: impl FnOnce(&mut KeyRecord)) {
        change(self.ledger.state().keys.get_mut(&hash(KEY)).unwrap());
    }

    fn change_plan(&self, change: impl FnOnce(&mut Plan)) {
        change(self.ledger.state().plans.get_mut(&"bronze".into()).unwrap());
    }

    fn change_meter(&self, change: impl FnOnce(&mut Item)) {
        change(self.ledger.state().meters.entry(meter_id()).or_default());
    }

    /// As the registry does it: the key and its meters change together.
    fn set_enabled(&self, enabled: bool) {
        self.change_key(|key| key.enabled = enabled);
        self.change_meter(|meter| meter.off = !enabled);
    }

    async fn answer(
        &self,
        resource: &str,
        key: Option<&str>,
        cost: u64,
    ) -> Result<Decision, StoreError> {
        let api_stage = stage();
        let request = Request {
            api_stage: &api_stage,
            method: MethodName {
                resource,
                verb: "GET",
            },
            key,
            cost: NonZeroU64::new(cost).unwrap(),
            sent_path: None,
            gate: None,
        };
        self.limiter.decide(&request).await
    }

    async fn ask(
        &self,
        resource: &str,
        key: Option<&str>,
        cost: u64,
    ) -> Result<Option<Reason>, StoreError> {
        Ok(match self.answer(resource, key, cost).await? {
            Decision::Allow(Allowance::Metered(_)) => None,
            Decision::Allow(
                Allowance::Unmetered | Allowance::Uncharged(_) | Allowance::Shadowed(..),
            ) => {
                panic!("nothing was charged")
            }
            Decision::Deny(denial) => Some(denial.reason),
        })
    }

    /// `None` when the request may pass.
    async fn decide(&self) -> Option<Reason> {
        self.ask("/users", Some(KEY), 1).await.unwrap()
    }

    async fn calls_of_a_decision(&self) -> Calls {
        self.ledger.take_calls();
        self.decide().await;
        self.ledger.take_calls()
    }
}

fn pepper() -> Pepper {
    Pepper::new(b"a pepper for tests").unwrap()
}

fn hash(key: &str) -> KeyHash {
    KeyValue::parse(key).unwrap().hash(&pepper())
}

fn meter_id() -> MeterId {
    MeterId {
        key_id: "client".into(),
        plan_id: "bronze".into(),
    }
}

fn throttled(retry_after: Duration) -> Reason {
    let retry_after = Some(retry_after);
    Reason::Throttled { retry_after }
}

#[tokio::test]
async fn a_request_without_a_key_that_can_be_one_asks_nobody() {
    let desk = Desk::new(None, None);
    let too_long = "k".repeat(129);
    let wrong = [
        (None, Reason::MissingKey),
        (Some(""), Reason::MissingKey),
        (Some("short"), Reason::UnknownKey),
        (Some(too_long.as_str()), Reason::UnknownKey),
        (Some("spaces are not for key values"), Reason::UnknownKey),
        (
            Some("tg_p_0Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8Ii9Jj3QXQEP"),
            Reason::UnknownKey,
        ),
    ];
    for (key, reason) in wrong {
        assert_eq!(
            desk.ask("/users", key, 1).await.unwrap(),
            Some(reason),
            "{key:?}"
        );
    }
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);
}

#[tokio::test]
async fn a_key_that_nobody_has_costs_one_read() {
    let desk = Desk::new(None, None);
    let reason = desk
        .ask("/users", Some("a-key-that-nobody-has"), 1)
        .await
        .unwrap();
    assert_eq!(reason, Some(Reason::UnknownKey));
    assert_eq!(
        desk.ledger.take_calls(),
        Calls {
            keys: 1,
            ..NO_CALLS
        }
    );
}

#[tokio::test]
async fn the_key_is_checked_in_api_gateways_order() {
    let desk = Desk::new(None, None);
    desk.change_key(|key| {
        key.enabled = false;
        key.expires_at = Some(Timestamp::from_secs(NOON_S));
    });
    desk.change_plan(|plan| plan.stages.clear());
    assert_eq!(desk.decide().await, Some(Reason::DisabledKey));
    desk.change_key(|key| key.enabled = true);
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.decide().await, Some(Reason::ExpiredKey));
    desk.change_key(|key| key.expires_at = None);
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.decide().await, Some(Reason::NotInPlan));
    desk.change_plan(|plan| plan.stages.push(CoveredStage::new(stage())));
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.decide().await, None);
}

#[tokio::test]
async fn a_key_expires_at_its_instant() {
    let desk = Desk::new(None, None);
    desk.change_key(|key| key.expires_at = Some(Timestamp::from_secs(NOON_S + 1)));
    desk.clock.advance(Duration::from_nanos(999_999_999));
    assert_eq!(desk.decide().await, None);
    desk.clock.advance(Duration::from_nanos(1));
    assert_eq!(desk.decide().await, Some(Reason::ExpiredKey));
}

#[tokio::test]
async fn the_throttle_is_checked_before_the_quota() {
    let desk = Desk::new(Some(throttle(1.0, 1)), Some(daily(1)));
    assert_eq!(desk.decide().await, None);
    assert_eq!(desk.decide().await, Some(throttled(Duration::from_secs(1))));
    desk.clock.advance(Duration::from_secs(1));
    let resets_after = Duration::from_secs(12 * 3_600 - 1);
    assert_eq!(
        desk.decide().await,
        Some(Reason::QuotaExceeded {
            resets_after,
            quota: QuotaName::Own
        })
    );
}

#[tokio::test]
async fn exactly_the_burst_passes_and_a_known_refusal_asks_nobody() {
    let desk = Desk::new(Some(throttle(4.0, 7)), None);
    for _ in 0..7 {
        assert_eq!(desk.decide().await, None);
    }
    desk.ledger.take_calls();
    assert_eq!(
        desk.decide().await,
        Some(throttled(Duration::from_millis(250)))
    );
    desk.clock.advance(Duration::from_nanos(249_999_999));
    assert_eq!(
        desk.decide().await,
        Some(throttled(Duration::from_nanos(1)))
    );
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);
    desk.clock.advance(Duration::from_nanos(1));
    assert_eq!(desk.decide().await, None);
    assert_eq!(desk.ledger.take_calls(), ONE_CHARGE);
    assert_eq!(
        desk.decide().await,
        Some(throttled(Duration::from_millis(250)))
    );
}

#[tokio::test]
async fn exactly_the_quota_passes_and_a_top_up_is_seen_after_five_seconds() {
    let desk = Desk::new(None, Some(daily(5)));
    for _ in 0..5 {
        assert_eq!(desk.decide().await, None);
    }
    desk.ledger.take_calls();
    let midnight = Duration::from_hours(12);
    let refused = Some(Reason::QuotaExceeded {
        quota: QuotaName::Own,
        resets_after: midnight,
    });
    assert_eq!(desk.decide().await, refused);
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);
    desk.change_meter(|meter| meter.used = Some(4));
    desk.clock.advance(Duration::from_millis(4_999));
    assert_eq!(desk.calls_of_a_decision().await, NO_CALLS);
    desk.clock.advance(Duration::from_millis(1));
    assert_eq!(desk.decide().await, None);
    let resets_after = midnight.saturating_sub(Duration::from_secs(5));
    assert_eq!(
        desk.decide().await,
        Some(Reason::QuotaExceeded {
            resets_after,
            quota: QuotaName::Own
        })
    );
    desk.clock.advance(resets_after);
    assert_eq!(desk.decide().await, None);
}

#[tokio::test]
async fn a_method_throttle_replaces_the_plans_and_has_a_bucket_of_its_own() {
    let desk = Desk::new(Some(throttle(1.0, 1)), None);
    desk.change_plan(|plan| {
        for covered in &mut plan.stages {
            covered.set_method_throttle("/reports/GET", throttle(10.0, 3));
        }
    });
    for _ in 0..3 {
        assert_eq!(desk.ask("/reports", Some(KEY), 1).await.unwrap(), None);
    }
    let refused = desk.ask("/reports", Some(KEY), 1).await.unwrap();
    assert_eq!(refused, Some(throttled(Duration::from_millis(100))));
    assert_eq!(desk.decide().await, None);
    assert_eq!(desk.decide().await, Some(throttled(Duration::from_secs(1))));
}

#[tokio::test]
async fn a_request_may_cost_several() {
    let desk = Desk::new(Some(throttle(1.0, 5)), Some(daily(8)));
    assert_eq!(desk.ask("/users", Some(KEY), 4).await.unwrap(), None);
    let refused = desk.ask("/users", Some(KEY), 2).await.unwrap();
    assert_eq!(refused, Some(throttled(Duration::from_secs(1))));
    let never = Some(Reason::Throttled { retry_after: None });
    assert_eq!(desk.ask("/users", Some(KEY), 6).await.unwrap(), never);
    desk.clock.advance(Duration::from_mins(1));
    let refused = desk.ask("/users", Some(KEY), 5).await.unwrap();
    assert!(matches!(refused, Some(Reason::QuotaExceeded { .. })));
    assert_eq!(desk.ask("/users", Some(KEY), 4).await.unwrap(), None);
}

#[tokio::test]
async fn a_plan_without_limits_is_counted() {
    let options = Options {
        leases: Leases::Off,
        ..Options::default()
    };
    let desk = Desk::with(options, None, None);
    for _ in 0..20 {
        assert_eq!(desk.decide().await, None);
    }
    assert_eq!(desk.ledger.state().meters[&meter_id()].count, Some(20));
}

#[tokio::test]
async fn the_first_charge_of_a_third_day_archives_the_first() {
    let desk = Desk::new(Some(throttle(1.0, 10)), None);
    let day = Duration::from_hours(24);
    let first = u32::try_from(NOON_S / 86_400).unwrap();
    for _ in 0..3 {
        assert_eq!(desk.decide().await, None);
    }
    desk.clock.advance(day);
    assert_eq!(desk.decide().await, None);
    assert_eq!(desk.ledger.take_calls().archives, 0);
    desk.clock.advance(day);
    let calls = desk.calls_of_a_decision().await;
    let expected = Calls {
        archives: 1,
        ..FIRST_SIGHT
    };
    assert_eq!(calls, expected);
    assert_eq!(desk.ledger.state().archived, BTreeMap::from([(first, 3)]));
    let days = BTreeMap::from([(first, 3), (first + 1, 1), (first + 2, 1)]);
    let state = desk.ledger.state();
    assert_eq!(state.meters[&meter_id()].days(&state.archived), days);
}
