//! A limit that callers share: asked once, right before the first charge.

use std::num::NonZeroU64;
use std::sync::Mutex;
use std::time::Duration;

use tollgate::decision::{Decision, Denial, Reason};
use tollgate::limiter::{Gate, Limiter, Request};
use tollgate::plan::MethodName;
use tollgate::time::{Clock, Timestamp};

use super::outages::lenient;
use super::{
    Calls, Desk, FIRST_SIGHT, KEY, NO_CALLS, ONE_CHARGE, daily, meter_id, pepper, stage, throttle,
    throttled,
};

/// What a closed gate says.
const WAIT: Duration = Duration::from_millis(250);

/// A gate that writes down when it was asked.
#[derive(Debug)]
struct Porter {
    is_open: bool,
    asked_at: Mutex<Vec<Timestamp>>,
}

impl Porter {
    fn new(is_open: bool) -> Self {
        Self {
            is_open,
            asked_at: Mutex::default(),
        }
    }

    fn asked(&self) -> usize {
        self.asked_at.lock().unwrap().len()
    }
}

impl Gate for Porter {
    fn pass(&self, now: Timestamp) -> Result<(), Option<Duration>> {
        self.asked_at.lock().unwrap().push(now);
        if self.is_open {
            Ok(())
        } else {
            Err(Some(WAIT))
        }
    }
}

impl Desk {
    async fn decide_through(&self, porter: &Porter, key: Option<&str>) -> Decision {
        let api_stage = stage();
        let request = Request {
            api_stage: &api_stage,
            method: MethodName {
                resource: "/users",
                verb: "GET",
            },
            key,
            cost: NonZeroU64::MIN,
            sent_path: None,
            gate: Some(porter),
        };
        self.limiter.decide(&request).await.unwrap()
    }

    async fn denial_at(&self, porter: &Porter) -> Denial {
        match self.decide_through(porter, Some(KEY)).await {
            Decision::Deny(denial) => denial,
            Decision::Allow(allowance) => panic!("{allowance:?}"),
        }
    }

    /// Another process with the same store.
    fn neighbour(&self) -> Self {
        Self {
            limiter: Limiter::new(self.ledger.clone(), self.clock.clone(), pepper()).unwrap(),
            ledger: self.ledger.clone(),
            clock: self.clock.clone(),
        }
    }
}

#[tokio::test]
async fn what_the_gate_refuses_is_not_charged() {
    let desk = Desk::new(Some(throttle(1.0, 3)), Some(daily(10)));
    assert_eq!(desk.decide().await, None);
    desk.ledger.take_calls();
    let closed = Porter::new(false);
    for _ in 0..5 {
        let denial = desk.denial_at(&closed).await;
        assert_eq!(denial.reason, throttled(WAIT));
        assert_eq!(denial.key_id, Some("client".into()));
        assert_eq!(denial.plan_id, Some("bronze".into()));
        assert_eq!(denial.levels.burst.unwrap().remaining, 2);
        assert_eq!(denial.levels.quota.unwrap().remaining, 9);
    }
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);
    assert_eq!(desk.ledger.state().meters[&meter_id()].used, Some(1));
}

#[tokio::test]
async fn an_open_gate_changes_nothing_and_is_asked_once_with_the_instant_of_the_charge() {
    let desk = Desk::new(Some(throttle(1.0, 3)), Some(daily(10)));
    let open = Porter::new(true);
    let decision = desk.decide_through(&open, Some(KEY)).await;
    assert!(matches!(decision, Decision::Allow(_)), "{decision:?}");
    assert_eq!(desk.ledger.take_calls(), FIRST_SIGHT);
    assert_eq!(*open.asked_at.lock().unwrap(), [desk.clock.now()]);
}

#[tokio::test]
async fn a_refusal_of_the_plan_that_is_known_comes_first_and_takes_no_token_of_the_gate() {
    let closed = Porter::new(false);

    let desk = Desk::new(Some(throttle(1.0, 1)), None);
    assert_eq!(desk.decide().await, None);
    let denial = desk.denial_at(&closed).await;
    assert_eq!(denial.reason, throttled(Duration::from_secs(1)));

    let desk = Desk::new(None, Some(daily(1)));
    assert_eq!(desk.decide().await, None);
    let denial = desk.denial_at(&closed).await;
    assert!(matches!(denial.reason, Reason::QuotaExceeded { .. }));

    assert_eq!(closed.asked(), 0);
}

#[tokio::test]
async fn a_request_without_a_key_that_opens_the_stage_takes_no_token_of_the_gate() {
    let open = Porter::new(true);
    let desk = Desk::new(None, None);
    for key in [None, Some("short"), Some("a-key-that-nobody-has")] {
        let decision = desk.decide_through(&open, key).await;
        assert!(matches!(decision, Decision::Deny(_)), "{key:?}");
    }
    desk.set_enabled(false);
    assert_eq!(desk.denial_at(&open).await.reason, Reason::DisabledKey);
    assert_eq!(open.asked(), 0);
}

#[tokio::test]
async fn the_gate_is_asked_once_when_others_charge_in_between() {
    let desk = Desk::new(Some(throttle(1.0, 5)), Some(daily(10)));
    assert_eq!(desk.decide().await, None);
    desk.clock.advance(Duration::from_secs(5));
    assert_eq!(desk.neighbour().decide().await, None);
    desk.ledger.take_calls();
    // This process takes the bucket for idle, and has to write a second time.
    let open = Porter::new(true);
    let decision = desk.decide_through(&open, Some(KEY)).await;
    assert!(matches!(decision, Decision::Allow(_)), "{decision:?}");
    let calls = desk.ledger.take_calls();
    assert_eq!(
        calls,
        Calls {
            charges: 2,
            ..NO_CALLS
        }
    );
    assert_eq!(open.asked(), 1);
}

#[tokio::test]
async fn the_gate_is_asked_once_when_the_key_has_to_be_read_again() {
    let desk = Desk::new(Some(throttle(1.0, 5)), None);
    assert_eq!(desk.decide().await, None);
    // The key says that it is enabled, its meter that it is not: the decision begins anew.
    desk.change_meter(|meter| meter.off = true);
    desk.ledger.take_calls();
    let open = Porter::new(true);
    assert_eq!(desk.denial_at(&open).await.reason, Reason::DisabledKey);
    let calls = desk.ledger.take_calls();
    assert_eq!((calls.keys, calls.charges), (1, 2));
    assert_eq!(open.asked(), 1);
}

#[tokio::test]
async fn the_store_has_no_work_with_what_the_gate_refuses_on_a_new_day() {
    let desk = Desk::new(Some(throttle(1.0, 10)), None);
    for _ in 0..2 {
        assert_eq!(desk.decide().await, None);
        desk.clock.advance(Duration::from_hours(24));
    }
    // What was remembered of the key is too old by now. After this refusal it is fresh.
    let closed = Porter::new(false);
    assert_eq!(desk.denial_at(&closed).await.reason, throttled(WAIT));
    desk.ledger.take_calls();
    assert_eq!(desk.denial_at(&closed).await.reason, throttled(WAIT));
    assert_eq!(desk.ledger.take_calls(), NO_CALLS);
    assert_eq!(
        desk.calls_of_a_decision().await,
        Calls {
            archives: 1,
            ..ONE_CHARGE
        }
    );
}

#[tokio::test]
async fn without_the_store_it_is_asked_for_what_the_plan_would_let_pass_only() {
    let desk = lenient(1.0, 2, 1_000);
    assert_eq!(desk.decide().await, None);
    desk.clock.advance(Duration::from_mins(1));
    desk.set_down(true);
    let porter = Porter::new(true);
    for number in 0..20 {
        let decision = desk.decide_through(&porter, Some(KEY)).await;
        assert_eq!(matches!(decision, Decision::Allow(_)), number < 2);
    }
    assert_eq!(porter.asked(), 2);
}
