//! A GCRA in two forms of one conditional update: the bucket is busy, or it is idle. Which form is tried first is what the last answer
//! said; a form that was wrong brings the item, and the other one is tried. Nothing is refused from memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::tests::{Result, sdk_config};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure,
};
use tollgate::bucket::{Bucket, Rate, Throttle, Verdict};
use tollgate::time::{Clock as _, Timestamp};

use super::Check;
use super::tollgate::Ahead;
use crate::records::Outcome;
use crate::task::{Plan, Task};

const STATE: &str = "state";

/// One limiter, with a client of its own.
#[derive(Debug)]
pub(super) struct TwoForm {
    client: Client,
    table: String,
    clock: Ahead,
    plan: Plan,
    /// The last state of each key that was seen.
    seen: Mutex<HashMap<String, u64>>,
}

/// A conditional update, and the numbers in it.
struct Form {
    condition: &'static str,
    update: &'static str,
    numbers: Vec<(&'static str, u64)>,
}

/// The limiters of a task.
pub(super) fn limiters(task: &Task) -> Vec<TwoForm> {
    (0..task.limiters)
        .map(|_| TwoForm {
            client: Client::new(&sdk_config(&task.endpoint)),
            table: task.table.clone(),
            clock: Ahead(task.clock_ahead_ms),
            plan: task.plan,
            seen: Mutex::default(),
        })
        .collect()
}

impl TwoForm {
    async fn decide(&self, key: &str) -> Result<Outcome> {
        let mut state = self.last_seen(key);
        let mut is_old = true;
        loop {
            let now = self.clock.now();
            // Only what the store has just said may refuse.
            let form = match self.form(state, now)? {
                Some(form) => form,
                None if is_old => self.busy(now)?,
                None => return Ok(Outcome::Refused),
            };
            let (is_applied, new) = self.write(key, form).await?;
            self.remember(key, new);
            if is_applied {
                return Ok(Outcome::Admitted);
            }
            (state, is_old) = (Some(new), false);
        }
    }

    /// The form that fits the state; `None` when none does.
    fn form(&self, state: Option<u64>, now: Timestamp) -> Result<Option<Form>> {
        if let Some(quota) = self.plan.quota_per_day {
            let is_left = state.is_none_or(|used| used < quota);
            return Ok(is_left.then(|| count(quota)));
        }
        let tat = state.map(Timestamp::from_nanos);
        match self.bucket()?.check(tat, now, 1) {
            Verdict::Conforms { tat: next } if tat.is_none_or(|tat| tat <= now) => Ok(Some(Form {
                condition: "attribute_not_exists(#state) OR #state <= :now",
                update: "SET #state = :next",
                numbers: vec![(":now", now.as_nanos()), (":next", next.as_nanos())],
            })),
            Verdict::Conforms { .. } => Ok(Some(self.busy(now)?)),
            Verdict::Exceeds { .. } => Ok(None),
        }
    }

    fn busy(&self, now: Timestamp) -> Result<Form> {
        if let Some(quota) = self.plan.quota_per_day {
            return Ok(count(quota));
        }
        let bucket = self.bucket()?;
        let spare = bucket.burst().saturating_sub(1);
        let latest = now.saturating_add(Duration::from_nanos(bucket.cost_ns(spare)));
        Ok(Form {
            condition: "#state > :now AND #state <= :latest",
            update: "SET #state = #state + :cost",
            numbers: vec![
                (":now", now.as_nanos()),
                (":latest", latest.as_nanos()),
                (":cost", bucket.cost_ns(1)),
            ],
        })
    }

    fn bucket(&self) -> Result<Bucket> {
        let rate = u32::try_from(self.plan.rate_per_s)?;
        let rate = Rate::per_second(f64::from(rate))?;
        let burst = self.plan.burst;
        Ok(Bucket::new(Throttle { rate, burst }))
    }

    /// Whether the form was right, and the state after it.
    async fn write(&self, key: &str, form: Form) -> Result<(bool, u64)> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(key.to_owned()))
            .condition_expression(form.condition)
            .update_expression(form.update)
            .expression_attribute_names("#state", STATE)
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        for (name, number) in form.numbers {
            request =
                request.expression_attribute_values(name, AttributeValue::N(number.to_string()));
        }
        match request.send().await.map_err(SdkError::into_service_error) {
            Ok(answer) => Ok((true, state_of(answer.attributes)?)),
            Err(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok((false, state_of(failed.item)?))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn last_seen(&self, key: &str) -> Option<u64> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(key).copied()
    }

    fn remember(&self, key: &str, state: u64) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(key.to_owned(), state);
    }
}

/// Counts one request of a quota that does not end while the benchmark runs.
fn count(quota: u64) -> Form {
    Form {
        condition: "attribute_not_exists(#state) OR #state < :quota",
        update: "ADD #state :one",
        numbers: vec![(":quota", quota), (":one", 1)],
    }
}

fn state_of(item: Option<HashMap<String, AttributeValue>>) -> Result<u64> {
    let item = item.unwrap_or_default();
    let state = item.get(STATE).and_then(|value| value.as_n().ok());
    Ok(state.ok_or("the item has no state")?.parse()?)
}

impl Check for TwoForm {
    async fn check(&self, key: &str) -> Outcome {
        self.decide(key).await.unwrap_or(Outcome::Failed)
    }
}
