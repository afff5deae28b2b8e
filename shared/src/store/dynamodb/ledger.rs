//! What a request needs: two reads when a key is first seen, and one write for each charge.

use std::borrow::Cow;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{self, Config};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::charge::{COUNT, Expression, is_off_for, meter_item, number};
use super::usage::day_item;
use super::{Attributes, CONNECT_TIMEOUT, DynamoStore, store_error};
use crate::alert::Alert;
use crate::id::PlanId;
use crate::key::KeyHash;
use crate::meter::{
    Answer, DayCount, MeterId, MeterItem, RefundWrite, ShardAnswer, ShardId, ShardWrite, Write,
};
use crate::plan::Plan;
use crate::store::item::{
    KEY_SK, METER_SK, PLAN_SK, PlanItem, ValueItem, meter_pk, name, plan_pk, value_pk,
};
use crate::store::{KeyRecord, Ledger, StoreError};

/// The item as it stood when a condition failed; empty when there is none. `None` for every other error.
pub(super) fn failed_item(error: &SdkError<UpdateItemError>) -> Option<Cow<'_, Attributes>> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Some(
            failed
                .item
                .as_ref()
                .map_or_else(|| Cow::Owned(Attributes::new()), Cow::Borrowed),
        ),
        Some(_) | None => None,
    }
}

/// The hash of no key: 64 digits as others have.
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Ledger for DynamoStore {
    async fn warm_up(&self) -> Result<(), StoreError> {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(CONNECT_TIMEOUT)
            .build();
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(name::PK, AttributeValue::S(value_pk(NO_HASH)))
            .key(name::SK, AttributeValue::S(KEY_SK.to_owned()))
            .customize()
            .config_override(Config::builder().timeout_config(timeouts));
        Box::pin(request.send())
            .await
            .map_err(|error| store_error("GetItem", error))?;
        Ok(())
    }

    async fn key(&self, hash: &KeyHash) -> Result<Option<KeyRecord>, StoreError> {
        let item: Option<ValueItem> = self.read(value_pk(&hash.to_string()), KEY_SK).await?;
        Ok(item.map(ValueItem::into_record))
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<Plan>, StoreError> {
        let item: Option<PlanItem> = self.read(plan_pk(id), PLAN_SK).await?;
        item.map(|item| item.read()).transpose()
    }

    async fn charge(&self, meter: &MeterId, write: &Write) -> Result<Answer, StoreError> {
        self.try_write(meter, Expression::new(write), write.generation, None)
            .await
    }

    async fn refund(&self, meter: &MeterId, write: &RefundWrite) -> Result<Answer, StoreError> {
        let once = Config::builder().retry_config(RetryConfig::disabled());
        self.try_write(meter, Expression::of_refund(write), 0, Some(once))
            .await
    }

    async fn shard(
        &self,
        meter: &MeterId,
        shard: ShardId,
        write: &ShardWrite,
    ) -> Result<ShardAnswer, StoreError> {
        self.write_shard(meter, shard, write).await
    }

    async fn record_alert(&self, alert: &Alert) -> Result<bool, StoreError> {
        Box::pin(self.put_alert(alert)).await
    }

    async fn archive(&self, meter: &MeterId, ended: DayCount) -> Result<(), StoreError> {
        let item = day_item(meter, ended);
        // Not PutItem: requests need no right beyond GetItem and UpdateItem, and what repeats this sets the same.
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(name::PK, AttributeValue::S(item.pk))
            .key(name::SK, AttributeValue::S(item.sk))
            .update_expression("SET #count = :count, #ttl = :ttl")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_names("#ttl", name::TTL)
            .expression_attribute_values(":count", number(item.count))
            .expression_attribute_values(":ttl", number(item.ttl));
        Box::pin(request.send())
            .await
            .map_err(|error| store_error("UpdateItem", error))?;
        Ok(())
    }
}

impl DynamoStore {
    async fn try_write(
        &self,
        meter: &MeterId,
        expression: Expression,
        generation: u64,
        config: Option<config::Builder>,
    ) -> Result<Answer, StoreError> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(name::PK, AttributeValue::S(meter_pk(meter)))
            .key(name::SK, AttributeValue::S(METER_SK.to_owned()))
            .condition_expression(expression.condition)
            .update_expression(expression.update)
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (placeholder, attribute) in expression.names {
            request = request.expression_attribute_names(placeholder, attribute);
        }
        for (placeholder, value) in expression.values {
            request = request.expression_attribute_values(placeholder, value);
        }
        // The SDK's future is large, and most decisions that refuse never come here.
        let sent = match config {
            None => Box::pin(request.send()).await,
            Some(config) => Box::pin(request.customize().config_override(config).send()).await,
        };
        match sent {
            Ok(answer) => {
                let attributes = answer.attributes.unwrap_or_default();
                meter_item(&attributes).map(Answer::Applied)
            }
            Err(error) => match failed_item(&error) {
                Some(attributes) => Ok(Answer::Failed(MeterItem {
                    off: is_off_for(&attributes, generation)?,
                    ..meter_item(&attributes)?
                })),
                None => Err(store_error("UpdateItem", error)),
            },
        }
    }
}
