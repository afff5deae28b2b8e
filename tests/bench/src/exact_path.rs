//! Tollgate's exact path beside the SDK's bare `UpdateItem`, in alternating blocks, in one process with nothing else in it.
//!
//! The bare updates are those that Tollgate has sent: the proxy keeps their bodies, and they are sent again to a second table, in the same
//! order, by a client with the same settings. They have the same size and the same shape, and their conditions hold as Tollgate's did.

use std::collections::HashMap;
use std::io::{self, BufRead as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::tests::{Result, sdk_config};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure,
};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use tollgate::store::dynamodb::Patience;
use tollgate::time::{Clock as _, SystemClock};

use crate::callers::{ask, open_limiter, record, say, wait_for_the_start};
use crate::records::{self, Outcome, Record};
use crate::setup;
use crate::task::{DONE, Task};

/// Decisions in a block.
const BLOCK: usize = 100;

/// What the program writes after a block of Tollgate's: it is answered with a line of the requests of that block, as JSON.
pub(crate) const AFTER_TOLLGATE: &str = "after tollgate";

/// What it writes after a block of bare updates.
pub(crate) const AFTER_BARE: &str = "after bare";

/// What the processor spent, beside the records.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Spent {
    /// On Tollgate's decisions, in nanoseconds.
    pub(crate) tollgate_ns: u64,
    /// On the bare updates, in nanoseconds.
    pub(crate) bare_ns: u64,
}

/// The table of the bare updates.
pub(crate) fn bare_table(table: &str) -> String {
    format!("{table}-bare")
}

/// Where the records of the bare updates are written.
pub(crate) fn bare_records(records_file: &Path) -> PathBuf {
    records_file.with_extension("bare")
}

/// Where it is written what the processor spent.
pub(crate) fn spent_file(records_file: &Path) -> PathBuf {
    records_file.with_extension("spent")
}

/// A charge as Tollgate sent it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Charge {
    table_name: String,
    key: HashMap<String, Attribute>,
    condition_expression: String,
    update_expression: String,
    expression_attribute_names: HashMap<String, String>,
    expression_attribute_values: HashMap<String, Attribute>,
    return_values: String,
    return_values_on_condition_check_failure: String,
}

/// The kinds of attributes that a charge has.
#[derive(Debug, Deserialize)]
enum Attribute {
    S(String),
    N(String),
}

impl From<Attribute> for AttributeValue {
    fn from(attribute: Attribute) -> Self {
        match attribute {
            Attribute::S(text) => Self::S(text),
            Attribute::N(number) => Self::N(number),
        }
    }
}

/// Compares both until the task's time is over.
///
/// # Errors
///
/// When the store does not answer, or an update that was right is wrong when it is repeated.
pub(crate) async fn run(task: &Task) -> Result<()> {
    let limiter = open_limiter(task)?;
    limiter.warm_up().await;
    let stage = setup::api_stage();
    let client = bare_client(&task.endpoint);
    let table = bare_table(&task.table);
    let mut spent = Spent::default();
    let (mut decisions, mut updates) = (Vec::new(), Vec::new());
    wait_for_the_start()?;
    let deadline = SystemClock
        .now()
        .saturating_add(Duration::from_millis(task.duration_ms));
    let mut is_warm = false;
    while !is_warm || SystemClock.now() < deadline {
        let before_ns = processor_ns();
        let mut seen = Vec::with_capacity(BLOCK);
        for _ in 0..BLOCK {
            let start = SystemClock.now();
            let outcome = ask(&limiter, &stage, &task.key).await;
            seen.push(record(start, outcome));
        }
        let tollgate_ns = processor_ns().saturating_sub(before_ns);
        let sent = exchange(task)?;

        let before_ns = processor_ns();
        let mut bare = Vec::with_capacity(BLOCK);
        for update in sent {
            let start = SystemClock.now();
            send(&client, &table, update).await?;
            bare.push(record(start, Outcome::Admitted));
        }
        let bare_ns = processor_ns().saturating_sub(before_ns);
        say(AFTER_BARE)?;
        // The first block makes the connections and reads the key and its plan.
        if is_warm {
            spent.tollgate_ns = spent.tollgate_ns.saturating_add(tollgate_ns);
            spent.bare_ns = spent.bare_ns.saturating_add(bare_ns);
            decisions.append(&mut seen);
            updates.append(&mut bare);
        }
        is_warm = true;
    }
    write_all(task, &decisions, &updates, spent)?;
    say(DONE)
}

fn write_all(task: &Task, decisions: &[Record], updates: &[Record], spent: Spent) -> Result<()> {
    records::write(&task.records_file, decisions)?;
    records::write(&bare_records(&task.records_file), updates)?;
    std::fs::write(
        spent_file(&task.records_file),
        serde_json::to_string(&spent)?,
    )?;
    Ok(())
}

/// The updates of the block that has just ended.
fn exchange(task: &Task) -> Result<Vec<Charge>> {
    say(AFTER_TOLLGATE)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let updates: Vec<Charge> = serde_json::from_str(&line)?;
    if updates.iter().any(|update| update.table_name != task.table) {
        return Err("the requests of another table were mixed in".into());
    }
    Ok(updates)
}

/// A client as Tollgate's store has it.
fn bare_client(endpoint: &str) -> Client {
    let patience = Patience::OPERATOR;
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(patience.attempt_timeout)
        .build();
    let retries = RetryConfig::standard().with_max_attempts(patience.attempts);
    let config = aws_sdk_dynamodb::config::Builder::from(&sdk_config(endpoint))
        .timeout_config(timeouts)
        .retry_config(retries)
        .build();
    Client::from_conf(config)
}

async fn send(client: &Client, table: &str, update: Charge) -> Result<()> {
    let values = |attributes: HashMap<String, Attribute>| {
        let converted = attributes.into_iter();
        converted
            .map(|(name, value)| (name, value.into()))
            .collect()
    };
    let on_failure = update.return_values_on_condition_check_failure;
    client
        .update_item()
        .table_name(table)
        .set_key(Some(values(update.key)))
        .condition_expression(update.condition_expression)
        .update_expression(update.update_expression)
        .set_expression_attribute_names(Some(update.expression_attribute_names))
        .set_expression_attribute_values(Some(values(update.expression_attribute_values)))
        .return_values(ReturnValue::from(update.return_values.as_str()))
        .return_values_on_condition_check_failure(OnFailure::from(on_failure.as_str()))
        .send()
        .await?;
    Ok(())
}

/// The time that this process has had on a processor, in nanoseconds.
fn processor_ns() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}
