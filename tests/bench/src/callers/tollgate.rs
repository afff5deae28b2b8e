//! Callers of Tollgate, through its public interface.

use std::num::NonZeroU64;
use std::time::Duration;

use ::tests::{Result, sdk_config};
use tollgate::decision::{Decision, Reason};
use tollgate::id::ApiStage;
use tollgate::lease::Leases;
use tollgate::limiter::{Limiter, Options, Request};
use tollgate::plan::MethodName;
use tollgate::store::dynamodb::{DynamoStore, Patience};
use tollgate::time::{Clock, SystemClock, Timestamp};

use super::Check;
use crate::records::Outcome;
use crate::setup;
use crate::task::Task;

/// The system's clock, so many milliseconds ahead; behind when the number is negative.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ahead(pub(super) i64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        let by = Duration::from_millis(self.0.unsigned_abs());
        let now = SystemClock.now();
        if self.0 < 0 {
            Timestamp::EPOCH
                .saturating_add(now.saturating_since(Timestamp::EPOCH.saturating_add(by)))
        } else {
            now.saturating_add(by)
        }
    }
}

/// One limiter, with a client of its own.
#[derive(Debug)]
pub(super) struct Tollgate {
    limiter: Limiter<DynamoStore, Ahead>,
    stage: ApiStage,
}

/// The limiters of a task.
pub(super) fn limiters(task: &Task) -> Result<Vec<Tollgate>> {
    let limiter = |_| {
        Ok(Tollgate {
            limiter: open_limiter(task)?,
            stage: setup::api_stage(),
        })
    };
    (0..task.limiters).map(limiter).collect()
}

/// A limiter as a task asks for it.
pub(crate) fn open_limiter(task: &Task) -> Result<Limiter<DynamoStore, Ahead>> {
    let store = DynamoStore::new(
        &sdk_config(&task.endpoint),
        Patience::OPERATOR,
        task.table.clone(),
        setup::pepper()?,
    );
    let options = Options {
        leases: task.system.leases().unwrap_or(Leases::Off),
        ..Options::default()
    };
    let clock = Ahead(task.clock_ahead_ms);
    Ok(Limiter::with_options(
        store,
        clock,
        setup::pepper()?,
        options,
    )?)
}

/// Asks `limiter` for one request.
pub(crate) async fn ask(
    limiter: &Limiter<DynamoStore, Ahead>,
    stage: &ApiStage,
    key: &str,
) -> Outcome {
    let request = Request {
        api_stage: stage,
        method: MethodName {
            resource: "/",
            verb: "GET",
        },
        key: Some(key),
        cost: NonZeroU64::MIN,
        sent_path: None,
        gate: None,
    };
    match limiter.decide(&request).await {
        Ok(Decision::Allow(_)) => Outcome::Admitted,
        Ok(Decision::Deny(denial)) => match denial.reason {
            Reason::Throttled { .. } | Reason::QuotaExceeded { .. } => Outcome::Refused,
            Reason::MissingKey
            | Reason::UnknownKey
            | Reason::DisabledKey
            | Reason::ExpiredKey
            | Reason::NotInPlan
            | Reason::OutOfScope => Outcome::Failed,
        },
        Err(_) => Outcome::Failed,
    }
}

impl Check for Tollgate {
    async fn check(&self, key: &str) -> Outcome {
        ask(&self.limiter, &self.stage, key).await
    }

    async fn end(&self) {
        self.limiter.hand_back().await;
    }
}
