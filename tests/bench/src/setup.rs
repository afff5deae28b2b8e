//! What stands in the store before the callers start. None of it is counted: it does not pass the proxy.

use std::collections::BTreeMap;
use std::time::Duration;

use ::tests::{Result, sdk_config};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use tollgate::bucket::{Rate, Throttle};
use tollgate::id::ApiStage;
use tollgate::key::{KeyValue, Pepper};
use tollgate::plan::CoveredStage;
use tollgate::quota::{Period, Quota};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{KeyRegistry as _, NewKey, NewPlan, PlanRegistry as _};
use tollgate::time::{Clock as _, SystemClock};

use crate::task::Plan;

/// How many plans the keys are spread over. Keys that join the same plan wait for each other.
const PLANS: usize = 20;

/// The API and the stage that the benchmark asks for.
pub(crate) fn api_stage() -> ApiStage {
    ApiStage::new("benchmark", "dev")
}

/// The pepper of the benchmark's keys.
pub(crate) fn pepper() -> Result<Pepper> {
    Ok(Pepper::new(b"a pepper for benchmarks")?)
}

/// The value of a key. Tollgate takes none of fewer than 20 characters.
pub(crate) fn key_value(number: usize) -> String {
    format!("key-of-the-benchmark-{number}")
}

/// The key with which limiters are warmed up.
pub(crate) const WARM_UP_KEY: &str = "key-to-warm-up-the-limiters";

/// Makes Tollgate's table, with keys of these values and the one to warm up with. Each has `plan`. Without values the table is empty.
///
/// # Errors
///
/// When the store does not take it.
pub(crate) async fn make_tollgate_table(
    endpoint: &str,
    table: &str,
    plan: Plan,
    values: &[String],
) -> Result<()> {
    let config = sdk_config(endpoint);
    create_table(&Client::new(&config), table).await?;
    let store = DynamoStore::new(&config, Patience::OPERATOR, table, pepper()?);
    if values.is_empty() {
        return Ok(());
    }
    let mut values = values.to_vec();
    values.push(WARM_UP_KEY.to_owned());
    let mut adding = Vec::new();
    for values in values.chunks(values.len().div_ceil(PLANS)) {
        let (store, values) = (store.clone(), values.to_vec());
        let plan = new_plan(plan)?;
        adding.push(tokio::spawn(async move {
            let plan = store.create_plan(&plan, SystemClock.now()).await?;
            for value in &values {
                let now = SystemClock.now();
                let key = store.create_key(&new_key(value)?, now).await?;
                store.add_key_to_plan(&key.id, &plan.id, now).await?;
            }
            Result::Ok(())
        }));
    }
    for added in adding {
        added.await??;
    }
    Ok(())
}

fn new_plan(plan: Plan) -> Result<NewPlan> {
    let (throttle, quota) = if let Some(limit) = plan.quota_per_day {
        (None, Some(Quota::new(limit, Period::Day, 0)?))
    } else {
        let rate = Rate::per_second(f64::from(u32::try_from(plan.rate_per_s)?))?;
        let burst = plan.burst;
        (Some(Throttle { rate, burst }), None)
    };
    Ok(NewPlan {
        id: None,
        name: "Benchmark".to_owned(),
        description: None,
        product_code: None,
        throttle,
        quota,
        stages: vec![CoveredStage::new(api_stage())],
        tags: BTreeMap::new(),
    })
}

fn new_key(value: &str) -> Result<NewKey> {
    Ok(NewKey::new("Client", KeyValue::parse(value)?))
}

/// Whether there is such a table.
///
/// # Errors
///
/// When the store does not answer.
pub(crate) async fn table_exists(endpoint: &str, table: &str) -> Result<bool> {
    let client = Client::new(&sdk_config(endpoint));
    match client.describe_table().table_name(table).send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.into_service_error() {
            DescribeTableError::ResourceNotFoundException(_) => Ok(false),
            error => Err(error.into()),
        },
    }
}

/// Makes an empty table with the partition key `pk`, for the comparison implementations.
///
/// # Errors
///
/// When the store does not take it.
pub(crate) async fn make_plain_table(endpoint: &str, table: &str) -> Result<()> {
    let attribute = AttributeDefinition::builder()
        .attribute_name("pk")
        .attribute_type(ScalarAttributeType::S)
        .build()?;
    let key = KeySchemaElement::builder()
        .attribute_name("pk")
        .key_type(KeyType::Hash)
        .build()?;
    Client::new(&sdk_config(endpoint))
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute)
        .key_schema(key)
        .send()
        .await?;
    Ok(())
}

/// For each caller the keys that it asks for, one after the other: drawn by Zipf's law with the exponent 1, so that the second key is
/// asked for half as often as the first, and the third a third as often. The same at each call.
pub(crate) fn zipf_sequences(callers: usize, checks_each: usize, keys: usize) -> Vec<Vec<usize>> {
    let mut sum = 0.0;
    let cumulated: Vec<f64> = (1..=keys)
        .map(|rank| {
            sum += 1.0 / crate::statistics::float(rank);
            sum
        })
        .collect();
    (0_u64..)
        .take(callers)
        .map(|seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut draw = || {
                let place = random.f64() * sum;
                cumulated
                    .partition_point(|up_to| *up_to < place)
                    .min(keys.saturating_sub(1))
            };
            (0..checks_each).map(|_| draw()).collect()
        })
        .collect()
}

/// How long until the day of quotas ends: a quota must not begin anew while it is measured.
pub(crate) fn until_midnight() -> Duration {
    let day_s = 86_400;
    let now_s = SystemClock.now().as_secs();
    Duration::from_secs(day_s - now_s % day_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_drawn_by_zipfs_law() {
        let sequences = zipf_sequences(16, 5_000, 10_000);
        let count = |key| {
            sequences
                .iter()
                .flatten()
                .filter(|drawn| **drawn == key)
                .count()
        };
        // 80,000 draws; the first of 10,000 keys has a share of 1 / 9.79.
        assert!((7_800..8_600).contains(&count(0)), "{}", count(0));
        assert!((3_800..4_400).contains(&count(1)), "{}", count(1));
        assert!(sequences.iter().flatten().all(|key| *key < 10_000));
    }

    #[test]
    fn callers_draw_differently_and_repeatably() {
        let sequences = zipf_sequences(2, 100, 1_000);
        assert_ne!(sequences.first(), sequences.last());
        assert_eq!(sequences, zipf_sequences(2, 100, 1_000));
    }
}
