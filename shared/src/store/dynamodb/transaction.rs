//! Changes of several items at once.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};
use serde::Serialize;

use super::charge::OFF;
use super::{Attributes, store_error, to_item};
use crate::id::{ApiId, PlanId};
use crate::meter::MeterId;
use crate::quota::Day;
use crate::store::item::{
    API_SK, METER_SK, PLAN_SK, api_pk, count_pk, count_sk, meter_pk, name, plan_pk,
};
use crate::store::{StoreError, StoreErrorKind};
use crate::time::Timestamp;

/// The most items that DynamoDB changes in one transaction.
pub(super) const MAX_ITEMS: usize = 100;

/// How many days a deleted key's meter is kept, so that no process that still knows the key can start a new one.
const METER_DAYS_KEPT: u32 = 2;

/// What became of a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything was changed.
    Committed,
    /// Nothing was changed: the condition of the operation with this index, counted from 0, did not hold.
    ConditionFailed(usize),
    /// Nothing was changed: another transaction was at work on the same items.
    Conflict,
}

/// A condition on the item as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum If {
    /// Always.
    Any,
    /// There is no such item.
    Absent,
    /// There is such an item.
    Present,
    /// The item has this revision.
    Rev(u64),
}

/// How a meter is switched.
#[derive(Clone, Copy, Debug)]
pub(super) enum Switch {
    /// Charges may pass that know the key as it is since it was last narrowed.
    On {
        /// How often it was narrowed.
        generation: u64,
    },
    /// No charge may pass.
    Off,
    /// No charge may pass, and the table may forget the meter some days after `now`.
    Forget {
        /// The instant of the change.
        now: Timestamp,
    },
}

/// Changes that are made together or not at all.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    client: &'a Client,
    table: &'a str,
    operations: Vec<TransactWriteItem>,
}

impl<'a> Transaction<'a> {
    pub(super) const fn new(client: &'a Client, table: &'a str) -> Self {
        Self {
            client,
            table,
            operations: Vec::new(),
        }
    }

    /// Writes a whole item.
    pub(super) fn put(&mut self, item: impl Serialize, condition: If) -> Result<(), StoreError> {
        let mut put = Put::builder()
            .table_name(self.table)
            .set_item(Some(to_item(item)?));
        if let Some((expression, attribute, value)) = condition.expression() {
            put = put
                .condition_expression(expression)
                .expression_attribute_names("#if", attribute)
                .set_expression_attribute_values(value);
        }
        let operation = TransactWriteItem::builder().put(put.build().map_err(malformed)?);
        self.operations.push(operation.build());
        Ok(())
    }

    /// Removes an item.
    pub(super) fn delete(
        &mut self,
        pk: String,
        sk: String,
        condition: If,
    ) -> Result<(), StoreError> {
        let mut delete = Delete::builder()
            .table_name(self.table)
            .key(name::PK, AttributeValue::S(pk))
            .key(name::SK, AttributeValue::S(sk));
        if let Some((expression, attribute, value)) = condition.expression() {
            delete = delete
                .condition_expression(expression)
                .expression_attribute_names("#if", attribute)
                .set_expression_attribute_values(value);
        }
        let operation = TransactWriteItem::builder().delete(delete.build().map_err(malformed)?);
        self.operations.push(operation.build());
        Ok(())
    }

    /// Asks for an item, or for the lack of one, and changes nothing.
    pub(super) fn check(
        &mut self,
        pk: String,
        sk: String,
        condition: If,
    ) -> Result<(), StoreError> {
        let mut check = ConditionCheck::builder()
            .table_name(self.table)
            .key(name::PK, AttributeValue::S(pk))
            .key(name::SK, AttributeValue::S(sk));
        if let Some((expression, attribute, value)) = condition.expression() {
            check = check
                .condition_expression(expression)
                .expression_attribute_names("#if", attribute)
                .set_expression_attribute_values(value);
        }
        let operation =
            TransactWriteItem::builder().condition_check(check.build().map_err(malformed)?);
        self.operations.push(operation.build());
        Ok(())
    }

    /// Raises the revision of an API that Tollgate manages, so that no stage of it can be deleted meanwhile.
    pub(super) fn touch_api(&mut self, id: &ApiId) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.table)
            .key(name::PK, AttributeValue::S(api_pk(id)))
            .key(name::SK, AttributeValue::S(API_SK.to_owned()))
            .condition_expression("attribute_exists(#pk)")
            .update_expression("ADD #rev :one")
            .expression_attribute_names("#pk", name::PK)
            .expression_attribute_names("#rev", "rev")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        self.update(update)
    }

    /// Counts the entry `id` of a list in, or out.
    pub(super) fn count(&mut self, list: &str, id: &str, by: i8) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.table)
            .key(name::PK, AttributeValue::S(count_pk(list)))
            .key(name::SK, AttributeValue::S(count_sk(id)))
            .update_expression("ADD #count :by")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":by", AttributeValue::N(by.to_string()));
        self.update(update)
    }

    /// Raises a plan's revision, so that whoever has read it before has to read it again, and changes its number of keys.
    pub(super) fn touch_plan(&mut self, id: &PlanId, rev: u64, keys: i8) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.table)
            .key(name::PK, AttributeValue::S(plan_pk(id)))
            .key(name::SK, AttributeValue::S(PLAN_SK.to_owned()))
            .condition_expression("#rev = :rev")
            .update_expression("ADD #rev :one, #key_count :keys")
            .expression_attribute_names("#rev", "rev")
            .expression_attribute_names("#key_count", "key_count")
            .expression_attribute_values(":rev", AttributeValue::N(rev.to_string()))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":keys", AttributeValue::N(keys.to_string()));
        self.update(update)
    }

    /// Lets charges pass a meter, or stops them.
    pub(super) fn switch_meter(
        &mut self,
        meter: &MeterId,
        switch: Switch,
    ) -> Result<(), StoreError> {
        let update = Update::builder()
            .table_name(self.table)
            .key(name::PK, AttributeValue::S(meter_pk(meter)))
            .key(name::SK, AttributeValue::S(METER_SK.to_owned()))
            .expression_attribute_names("#off", OFF)
            .expression_attribute_names("#ttl", name::TTL);
        let update = match switch {
            Switch::On { generation: 0 } => update.update_expression("REMOVE #off, #ttl"),
            Switch::On { generation } => update
                .update_expression("SET #off = :generation REMOVE #ttl")
                .expression_attribute_values(
                    ":generation",
                    AttributeValue::N(generation.to_string()),
                ),
            Switch::Off => update
                .update_expression("SET #off = :off REMOVE #ttl")
                .expression_attribute_values(":off", AttributeValue::Bool(true)),
            Switch::Forget { now } => {
                let forgotten_at = Day::of(now).plus(METER_DAYS_KEPT).start().as_secs();
                update
                    .update_expression("SET #off = :off, #ttl = :ttl")
                    .expression_attribute_values(":off", AttributeValue::Bool(true))
                    .expression_attribute_values(
                        ":ttl",
                        AttributeValue::N(forgotten_at.to_string()),
                    )
            }
        };
        self.update(update)
    }

    /// Stops a meter that is there and that nobody has marked, and lets the table forget it from `forgotten_at` on.
    #[cfg(feature = "control")]
    pub(super) fn mark_meter(
        &mut self,
        meter: &MeterId,
        forgotten_at: Timestamp,
    ) -> Result<(), StoreError> {
        let ttl = AttributeValue::N(forgotten_at.as_secs().to_string());
        let update = Update::builder()
            .table_name(self.table)
            .key(name::PK, AttributeValue::S(meter_pk(meter)))
            .key(name::SK, AttributeValue::S(METER_SK.to_owned()))
            .condition_expression("attribute_exists(#pk) AND attribute_not_exists(#ttl)")
            .update_expression("SET #off = :off, #ttl = :ttl")
            .expression_attribute_names("#pk", name::PK)
            .expression_attribute_names("#off", OFF)
            .expression_attribute_names("#ttl", name::TTL)
            .expression_attribute_values(":off", AttributeValue::Bool(true))
            .expression_attribute_values(":ttl", ttl);
        self.update(update)
    }

    /// Removes a meter that has been stopped, and that the table may forget by `now`.
    #[cfg(feature = "control")]
    pub(super) fn remove_meter(
        &mut self,
        meter: &MeterId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(self.table)
            .key(name::PK, AttributeValue::S(meter_pk(meter)))
            .key(name::SK, AttributeValue::S(METER_SK.to_owned()))
            .condition_expression("attribute_exists(#off) AND #ttl <= :now")
            .expression_attribute_names("#off", OFF)
            .expression_attribute_names("#ttl", name::TTL)
            .expression_attribute_values(":now", AttributeValue::N(now.as_secs().to_string()));
        let operation = TransactWriteItem::builder().delete(delete.build().map_err(malformed)?);
        self.operations.push(operation.build());
        Ok(())
    }

    fn update(
        &mut self,
        update: aws_sdk_dynamodb::types::builders::UpdateBuilder,
    ) -> Result<(), StoreError> {
        let operation = TransactWriteItem::builder().update(update.build().map_err(malformed)?);
        self.operations.push(operation.build());
        Ok(())
    }

    /// Whether DynamoDB would take so many operations at once.
    pub(super) fn fits(&self) -> bool {
        self.operations.len() <= MAX_ITEMS
    }

    /// Makes the changes.
    ///
    /// # Errors
    ///
    /// When the store does not answer. The changes may have been made then.
    pub(super) async fn commit(self) -> Result<Outcome, StoreError> {
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(self.operations))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Outcome::Committed),
            Err(error) => match error.as_service_error().and_then(cancelled) {
                Some(outcome) => Ok(outcome),
                None => Err(store_error("TransactWriteItems", error)),
            },
        }
    }
}

impl If {
    /// The expression, the attribute that stands for `#if` in it, and its values.
    fn expression(self) -> Option<(&'static str, &'static str, Option<Attributes>)> {
        match self {
            Self::Any => None,
            Self::Absent => Some(("attribute_not_exists(#if)", name::PK, None)),
            Self::Present => Some(("attribute_exists(#if)", name::PK, None)),
            Self::Rev(rev) => {
                let value = AttributeValue::N(rev.to_string());
                let values = [(":if".to_owned(), value)].into_iter().collect();
                Some(("#if = :if", "rev", Some(values)))
            }
        }
    }
}

fn malformed(error: BuildError) -> StoreError {
    StoreError::new(
        StoreErrorKind::Broken,
        "an operation of a transaction lacks a member",
        error,
    )
}

/// `None` when the transaction failed for another reason than its conditions or a conflict.
fn cancelled(error: &TransactWriteItemsError) -> Option<Outcome> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        return None;
    };
    let codes: Vec<&str> = cancelled
        .cancellation_reasons()
        .iter()
        .map(|reason| reason.code().unwrap_or_default())
        .collect();
    codes
        .iter()
        .position(|code| *code == "ConditionalCheckFailed")
        .map(Outcome::ConditionFailed)
        .or_else(|| {
            codes
                .contains(&"TransactionConflict")
                .then_some(Outcome::Conflict)
        })
}
