//! What is measured: a limiter over a store that answers at once, and governor.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tollgate::alert::Alert;
use tollgate::bucket::{Rate, Throttle};
use tollgate::decision::Decision;
use tollgate::entitlement::Memory;
use tollgate::id::{ApiStage, PlanId};
use tollgate::key::{KeyHash, Pepper};
use tollgate::limiter::{Limiter, Options, Request};
use tollgate::metadata::Metadata;
use tollgate::meter::{
    Answer, BucketForm, DayClause, DayCount, MeterId, MeterItem, QuotaClause, RefundWrite,
    ShardAnswer, ShardId, ShardItem, ShardWrite, WindowUse, Write,
};
use tollgate::overrides::Overrides;
use tollgate::plan::{CoveredStage, MethodName, Plan};
use tollgate::quota::{Period, Quota};
use tollgate::store::{KeyRecord, Ledger, StoreError};
use tollgate::time::{SystemClock, Timestamp};

use super::Outcome;

/// What is decided, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Its plan lets every request pass. The store answers each charge at once.
    Admitted,
    /// Its bucket is known to be empty: no request to the store.
    Refused,
    /// A value that no key has, and that is remembered.
    Unknown,
    /// A value whose checksum does not fit.
    Malformed,
    /// A value that is too short.
    TooShort,
    GovernorAdmits,
    GovernorRefuses,
}

impl Scenario {
    pub(crate) const ALL: [Self; 7] = [
        Self::Admitted,
        Self::Refused,
        Self::Unknown,
        Self::Malformed,
        Self::TooShort,
        Self::GovernorAdmits,
        Self::GovernorRefuses,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Admitted | Self::GovernorAdmits => "admitted",
            Self::Refused | Self::GovernorRefuses => "refused",
            Self::Unknown => "unknown key",
            Self::Malformed => "malformed key",
            Self::TooShort => "key too short",
        }
    }

    pub(crate) const fn system(self) -> &'static str {
        match self {
            Self::Admitted | Self::Refused | Self::Unknown | Self::Malformed | Self::TooShort => {
                "tollgate"
            }
            Self::GovernorAdmits | Self::GovernorRefuses => "governor",
        }
    }

    /// What of governor's is to be compared with it.
    pub(crate) const fn rival(self) -> Option<Self> {
        match self {
            Self::Admitted => Some(Self::GovernorAdmits),
            Self::Refused | Self::Unknown | Self::Malformed | Self::TooShort => {
                Some(Self::GovernorRefuses)
            }
            Self::GovernorAdmits | Self::GovernorRefuses => None,
        }
    }

    /// Whether something is kept in memory for each value, so that it matters how many there are.
    pub(crate) const fn is_remembered(self) -> bool {
        !matches!(self, Self::Malformed | Self::TooShort)
    }

    /// What clients send, for keys with these values.
    pub(crate) fn sent(self, values: Vec<String>) -> Vec<String> {
        let change: fn(String) -> String = match self {
            Self::Admitted
            | Self::Refused
            | Self::Unknown
            | Self::GovernorAdmits
            | Self::GovernorRefuses => return values,
            // The checksum's last character is a digit or a letter, and never the same as before.
            Self::Malformed => |mut value| {
                let last = value.pop();
                value.push(if last == Some('x') { 'y' } else { 'x' });
                value
            },
            Self::TooShort => |value| value.chars().take(10).collect(),
        };
        values.into_iter().map(change).collect()
    }
}

/// A store without a network. It has a key for every value, in its plan, or none at all, and applies every charge.
struct AtOnce {
    plan: Option<Plan>,
}

impl Ledger for AtOnce {
    async fn key(&self, hash: &KeyHash) -> Result<Option<KeyRecord>, StoreError> {
        Ok(self.plan.as_ref().map(|plan| KeyRecord {
            id: hash.to_string().chars().take(10).collect::<String>().into(),
            customer_id: None,
            enabled: true,
            expires_at: None,
            generation: 0,
            scopes: None,
            metadata: Metadata::default(),
            plan_ids: vec![plan.id.clone()],
            overrides: Overrides::default(),
        }))
    }

    async fn plan(&self, _id: &PlanId) -> Result<Option<Plan>, StoreError> {
        Ok(self.plan.clone())
    }

    async fn charge(&self, _meter: &MeterId, write: &Write) -> Result<Answer, StoreError> {
        let tat = write.bucket.map(|clause| match clause.form {
            BucketForm::Idle { next, .. } => (clause.bucket, next),
            BucketForm::Busy { now, cost_ns, .. } => {
                let busy = Duration::from_nanos(cost_ns);
                (clause.bucket, now.saturating_add(busy))
            }
        });
        let quota = write.quota.map(|clause| match clause {
            QuotaClause::Same { window, .. } | QuotaClause::New { window } => {
                WindowUse { window, used: 1 }
            }
        });
        let day = match write.day {
            DayClause::Same { day } | DayClause::New { day, .. } => DayCount { day, count: 1 },
        };
        Ok(Answer::Applied(MeterItem {
            tats: tat.into_iter().collect(),
            quota,
            day: Some(day),
            ..MeterItem::default()
        }))
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

/// What decides.
pub(crate) struct Subject(Kind);

enum Kind {
    Tollgate {
        limiter: Limiter<AtOnce>,
        stage: ApiStage,
        passes: bool,
    },
    Governor {
        limiter: governor::DefaultKeyedRateLimiter<String>,
        passes: bool,
    },
}

impl Subject {
    pub(crate) fn new(scenario: Scenario, keys: usize) -> Outcome<Self> {
        let kind = match scenario {
            Scenario::Admitted => tollgate(Some(plan(1_000_000.0, 1_000_000)?), keys, true)?,
            // One request in about three hours: the first sight of the key takes it.
            Scenario::Refused => tollgate(Some(plan(0.000_1, 1)?), keys, false)?,
            Scenario::Unknown | Scenario::Malformed | Scenario::TooShort => {
                tollgate(None, keys, false)?
            }
            Scenario::GovernorAdmits => Kind::Governor {
                limiter: governor::RateLimiter::keyed(governor::Quota::per_second(NonZeroU32::MAX)),
                passes: true,
            },
            Scenario::GovernorRefuses => Kind::Governor {
                limiter: governor::RateLimiter::keyed(governor::Quota::per_hour(NonZeroU32::MIN)),
                passes: false,
            },
        };
        Ok(Self(kind))
    }

    /// Decides one request with this value of a key. Whether it came out as it should.
    pub(crate) fn decide(&self, value: &String) -> bool {
        match &self.0 {
            Kind::Tollgate {
                limiter,
                stage,
                passes,
            } => {
                let request = Request {
                    api_stage: stage,
                    method: MethodName {
                        resource: "/users",
                        verb: "GET",
                    },
                    key: Some(value),
                    cost: NonZeroU64::MIN,
                    sent_path: None,
                    gate: None,
                };
                let mut decision = pin!(limiter.decide(&request));
                let mut context = Context::from_waker(Waker::noop());
                loop {
                    // Only a thread that waits for what another one reads has to ask twice.
                    if let Poll::Ready(decision) = decision.as_mut().poll(&mut context) {
                        return matches!(decision, Ok(Decision::Allow(_))) == *passes;
                    }
                }
            }
            Kind::Governor { limiter, passes } => limiter.check_key(value).is_ok() == *passes,
        }
    }
}

fn tollgate(plan: Option<Plan>, keys: usize, passes: bool) -> Outcome<Kind> {
    // Room for all of them, also where they are spread unevenly; what no key has takes an eighth of it. They are not read again
    // while they are measured: that is the store's time.
    let room = if plan.is_some() { 2 } else { 16 };
    let memory = Memory {
        max_age: Duration::from_hours(1),
        max_keys: keys.saturating_mul(room).max(Memory::default().max_keys),
    };
    let options = Options {
        memory,
        ..Options::default()
    };
    let pepper = Pepper::new(b"a pepper for benchmarks")?;
    Ok(Kind::Tollgate {
        limiter: Limiter::with_options(AtOnce { plan }, SystemClock, pepper, options)?,
        stage: ApiStage::new("a1b2c3d4e5", "prod"),
        passes,
    })
}

fn plan(per_second: f64, burst: u64) -> Outcome<Plan> {
    let rate = Rate::per_second(per_second)?;
    Ok(Plan {
        id: "p1a2b3".into(),
        name: "Gold".to_owned(),
        description: None,
        product_code: None,
        throttle: Some(Throttle { rate, burst }),
        quota: Some(Quota::new(1_000_000_000_000, Period::Month, 0)?),
        stages: vec![CoveredStage::new(ApiStage::new("a1b2c3d4e5", "prod"))],
        tags: BTreeMap::new(),
        created_at: Timestamp::EPOCH,
    })
}
