//! A limiter as it is often written: reads the bucket, refills it, and writes it back under the condition that nobody has in between.
//! Whoever loses begins again, after a random pause that grows, as long as there is time.

use std::time::Duration;

use ::tests::{Result, sdk_config};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use tollgate::time::{Clock as _, SystemClock, Timestamp};

use super::Check;
use super::tollgate::Ahead;
use crate::records::Outcome;
use crate::task::{Plan, Task};

/// The pause after the first loss is any time up to this, one round trip to the store, and up to twice as long after each one more.
const FIRST_PAUSE: Duration = Duration::from_millis(4);

const LONGEST_PAUSE: Duration = Duration::from_millis(256);

/// When a check gives up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tokens are kept in millionths, so that no fraction of one is lost.
const MICRO: u64 = 1_000_000;

/// One limiter, with a client of its own.
#[derive(Debug)]
pub(super) struct Optimistic {
    client: Client,
    table: String,
    clock: Ahead,
    plan: Plan,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    micro_tokens: u64,
    refilled_at: Timestamp,
    version: u64,
}

/// The limiters of a task.
pub(super) fn limiters(task: &Task) -> Vec<Optimistic> {
    (0..task.limiters)
        .map(|_| Optimistic {
            client: Client::new(&sdk_config(&task.endpoint)),
            table: task.table.clone(),
            clock: Ahead(task.clock_ahead_ms),
            plan: task.plan,
        })
        .collect()
}

impl Optimistic {
    async fn decide(&self, key: &str) -> Result<Outcome> {
        let deadline = SystemClock.now().saturating_add(PATIENCE);
        let mut longest_pause = FIRST_PAUSE;
        loop {
            let old = self.read(key).await?;
            let Some(new) = self.take(old, self.clock.now()) else {
                return Ok(Outcome::Refused);
            };
            if self.write(key, old, new).await? {
                return Ok(Outcome::Admitted);
            }
            let pause = longest_pause.mul_f64(fastrand::f64());
            if SystemClock.now().saturating_add(pause) >= deadline {
                return Ok(Outcome::Failed);
            }
            tokio::time::sleep(pause).await;
            longest_pause = longest_pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// The bucket without one token, when it has one. A quota is a bucket that does not refill while the benchmark runs.
    fn take(&self, old: Option<Bucket>, now: Timestamp) -> Option<Bucket> {
        let (burst, rate_per_s) = match self.plan.quota_per_day {
            Some(quota) => (quota, 0),
            None => (self.plan.burst, self.plan.rate_per_s),
        };
        let full = burst.saturating_mul(MICRO);
        let (there, since, version) = match old {
            Some(old) => (old.micro_tokens, old.refilled_at, old.version),
            None => (full, now, 0),
        };
        let elapsed_us = u64::try_from(now.saturating_since(since).as_micros()).ok()?;
        let refilled = there.saturating_add(elapsed_us.saturating_mul(rate_per_s));
        Some(Bucket {
            micro_tokens: refilled.min(full).checked_sub(MICRO)?,
            refilled_at: now,
            version: version.saturating_add(1),
        })
    }

    async fn read(&self, key: &str) -> Result<Option<Bucket>> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(key.to_owned()))
            .consistent_read(true);
        let Some(item) = request.send().await?.item else {
            return Ok(None);
        };
        let number = |name: &str| -> Result<u64> {
            let value = item.get(name).and_then(|value| value.as_n().ok());
            Ok(value.ok_or("an attribute is missing")?.parse()?)
        };
        Ok(Some(Bucket {
            micro_tokens: number("tokens")?,
            refilled_at: Timestamp::from_nanos(number("refilled_at")?),
            version: number("version")?,
        }))
    }

    /// Whether nobody else was faster.
    async fn write(&self, key: &str, old: Option<Bucket>, new: Bucket) -> Result<bool> {
        let number = |number: u64| AttributeValue::N(number.to_string());
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(key.to_owned()))
            .item("tokens", number(new.micro_tokens))
            .item("refilled_at", number(new.refilled_at.as_nanos()))
            .item("version", number(new.version))
            .expression_attribute_names("#version", "version");
        let request = match old {
            Some(old) => request
                .condition_expression("#version = :version")
                .expression_attribute_values(":version", number(old.version)),
            None => request.condition_expression("attribute_not_exists(#version)"),
        };
        match request.send().await.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(true),
            Err(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Check for Optimistic {
    async fn check(&self, key: &str) -> Outcome {
        self.decide(key).await.unwrap_or(Outcome::Failed)
    }
}
