//! What DynamoDB bills for a request: asked of it, and computed where it does not say.

use std::collections::BTreeMap;
use std::mem;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value};

use super::item_size;

const CAPACITY: &str = "ReturnConsumedCapacity";
const ON_FAILURE: &str = "ReturnValuesOnConditionCheckFailure";

/// The requests of a while, and what they consumed, as AWS bills it on demand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bill {
    /// The requests of each operation, as in `UpdateItem`. A repetition by a client is a request of its own.
    pub requests: BTreeMap<String, u64>,
    /// Write request units, those of failed conditions included.
    pub write_units: f64,
    /// Read request units. An eventually consistent read of 4 KB or less is half of one.
    pub read_units: f64,
    /// The writes and transactions that a condition refused.
    pub failed_conditions: u64,
}

impl Bill {
    /// The requests of all operations.
    pub fn total(&self) -> u64 {
        self.requests.values().sum()
    }

    /// Adds another bill to this one.
    pub fn append(&mut self, other: Self) {
        for (operation, requests) in other.requests {
            *self.requests.entry(operation).or_default() += requests;
        }
        self.write_units += other.write_units;
        self.read_units += other.read_units;
        self.failed_conditions += other.failed_conditions;
    }

    /// Adds a request and what it consumed.
    pub(super) fn add(&mut self, operation: &str, used: Used) {
        // Most operations are there already: no text is made for them.
        if let Some(count) = self.requests.get_mut(operation) {
            *count += 1;
        } else {
            self.requests.insert(operation.to_owned(), 1);
        }
        self.write_units += used.write_units;
        self.read_units += used.read_units;
        self.failed_conditions += u64::from(used.failed_condition);
    }
}

/// What one request consumed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Used {
    write_units: f64,
    read_units: f64,
    failed_condition: bool,
}

/// Whether an operation is billed, and in which units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    Transaction,
    Free,
}

fn kind(operation: &str) -> Kind {
    match operation {
        "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems" => Kind::Read,
        "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" => Kind::Write,
        "TransactWriteItems" => Kind::Transaction,
        _ => Kind::Free,
    }
}

/// A request that asks DynamoDB for what is needed to bill it, and remembers what its client had not asked for.
#[derive(Debug)]
pub(super) struct Billed {
    kind: Kind,
    asked: Map<String, Value>,
    hides_capacity: bool,
    hides_item: bool,
}

impl Billed {
    /// `None` when the operation is not billed, or the body is not what DynamoDB's protocol has.
    pub(super) fn new(operation: &str, body: &[u8]) -> Option<Self> {
        let kind = kind(operation);
        if kind == Kind::Free {
            return None;
        }
        let mut asked: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let hides_capacity = replace_none(&mut asked, CAPACITY, "TOTAL");
        // The item that was there says how large the refused write is.
        let hides_item = asked.contains_key("ConditionExpression")
            && replace_none(&mut asked, ON_FAILURE, "ALL_OLD");
        Some(Self {
            kind,
            asked,
            hides_capacity,
            hides_item,
        })
    }

    /// The body to pass on.
    pub(super) fn body(&self) -> Bytes {
        // A map of JSON values is always JSON.
        Bytes::from(serde_json::to_vec(&self.asked).unwrap_or_default())
    }

    /// What the request consumed, and the answer without what its client had not asked for; `None` when it has nothing of it.
    pub(super) fn settle(&self, status: StatusCode, answer: &[u8]) -> (Used, Option<Bytes>) {
        let Ok(mut answer) = serde_json::from_slice::<Map<String, Value>>(answer) else {
            return (Used::default(), None);
        };
        let used = if status.is_success() {
            self.reported(&answer)
        } else {
            self.refused(&answer)
        };
        let mut changed = false;
        if self.hides_capacity {
            changed |= answer.remove("ConsumedCapacity").is_some();
        }
        if self.hides_item && !status.is_success() {
            changed |= answer.remove("Item").is_some();
        }
        let body = changed.then(|| Bytes::from(serde_json::to_vec(&answer).unwrap_or_default()));
        (used, body)
    }

    fn reported(&self, answer: &Map<String, Value>) -> Used {
        let units = match answer.get("ConsumedCapacity") {
            Some(Value::Array(tables)) => tables.iter().map(units).sum(),
            Some(table) => units(table),
            None => 0.0,
        };
        match self.kind {
            Kind::Read => Used {
                read_units: units,
                ..Used::default()
            },
            Kind::Write | Kind::Transaction => Used {
                write_units: units,
                ..Used::default()
            },
            Kind::Free => Used::default(),
        }
    }

    /// A write that a condition refused is billed as if it had been done. Nothing else that fails is billed: a throttled request, an
    /// invalid one, a failure of the service, a conflict of transactions.
    fn refused(&self, answer: &Map<String, Value>) -> Used {
        let error = answer.get("__type").and_then(Value::as_str).unwrap_or("");
        let write_units = if error.ends_with("#ConditionalCheckFailedException") {
            let there = answer.get("Item").map_or(0, item_size::of);
            let put = self.asked.get("Item").map_or(0, item_size::of);
            item_size::write_units(there.max(put))
        } else if error.ends_with("#TransactionCanceledException") && has_failed_condition(answer) {
            self.cancelled()
        } else {
            return Used::default();
        };
        Used {
            write_units,
            failed_condition: true,
            ..Used::default()
        }
    }

    /// Each item of a transaction is written twice: once to prepare it, once to commit it.
    fn cancelled(&self) -> f64 {
        let items = self.asked.get("TransactItems").and_then(Value::as_array);
        let items = items.map(Vec::as_slice).unwrap_or_default();
        items
            .iter()
            .map(|item| {
                let put = item.get("Put").and_then(|put| put.get("Item"));
                2.0 * item_size::write_units(put.map_or(0, item_size::of))
            })
            .sum()
    }
}

/// Whether the member was absent or `NONE`, and is `value` now.
fn replace_none(asked: &mut Map<String, Value>, name: &str, value: &str) -> bool {
    let old = asked.entry(name).or_insert(Value::Null);
    if old.is_null() || *old == "NONE" {
        let _none = mem::replace(old, Value::from(value));
        return true;
    }
    false
}

fn units(table: &Value) -> f64 {
    let units = table.get("CapacityUnits").and_then(Value::as_f64);
    units.unwrap_or(0.0)
}

fn has_failed_condition(answer: &Map<String, Value>) -> bool {
    let reasons = answer.get("CancellationReasons").and_then(Value::as_array);
    reasons.is_some_and(|reasons| {
        reasons.iter().any(|reason| {
            reason.get("Code").and_then(Value::as_str) == Some("ConditionalCheckFailed")
        })
    })
}

#[cfg(test)]
mod tests;
