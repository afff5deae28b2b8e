//! What the sample events of `events/` come with: a key, and a plan that covers what they came to.

use std::collections::BTreeMap;

use tollgate::bucket::{Rate, Throttle};
use tollgate::id::ApiStage;
use tollgate::key::KeyValue;
use tollgate::plan::CoveredStage;
use tollgate::quota::{Period, Quota};
use tollgate::store::{KeyRegistry, NewKey, NewPlan, PlanRegistry};
use tollgate::time::Timestamp;

use crate::error::Result;

/// The key's value.
pub const KEY: &str = "sample-api-key-of-joe-black";

/// What the events came to: an API of API Gateway, a WebSocket API, a function URL and the target group of a load balancer.
const STAGES: [(&str, &str); 4] = [
    ("a1b2c3d4e5", "dev"),
    ("w1s2o3c4k5", "dev"),
    ("abcdefghijklmnopqrstuvwxyz012345", "$default"),
    ("users", "$default"),
];

/// A plan `bronze`: 100 requests a second with a burst of 100, and 1,000 a month, in all stages of the events.
///
/// # Errors
///
/// When its limits cannot be.
pub fn plan() -> Result<NewPlan> {
    Ok(NewPlan {
        id: Some("bronze".into()),
        name: "Bronze".to_owned(),
        description: None,
        product_code: None,
        throttle: Some(Throttle {
            rate: Rate::per_second(100.0)?,
            burst: 100,
        }),
        quota: Some(Quota::new(1_000, Period::Month, 0)?),
        stages: STAGES
            .map(|(api_id, stage)| CoveredStage::new(ApiStage::new(api_id, stage)))
            .into(),
        tags: BTreeMap::new(),
    })
}

/// The key `client`, whose value is not kept.
///
/// # Errors
///
/// When its value cannot be one.
pub fn key() -> Result<NewKey> {
    Ok(NewKey {
        id: Some("client".into()),
        ..NewKey::new("client", KeyValue::parse(KEY)?)
    })
}

/// Makes a plan and a key, and puts the key `client` into the plan `bronze`.
///
/// # Errors
///
/// When the store does not take them.
pub async fn sell<S: KeyRegistry + PlanRegistry>(
    store: &S,
    plan: &NewPlan,
    key: &NewKey,
    now: Timestamp,
) -> Result<()> {
    store.create_plan(plan, now).await?;
    store.create_key(key, now).await?;
    store
        .add_key_to_plan(&"client".into(), &"bronze".into(), now)
        .await?;
    Ok(())
}
