//! Alerts in the table.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use tracing::warn;

use super::{DynamoStore, from_item, store_error, to_item};
use crate::alert::Alert;
use crate::meter::{MeterId, WindowUse};
use crate::store::item::{AlertItem, alert_list, alert_pk, name};
use crate::store::{AlertOutbox, AlertState, KeptAlert, StoreError};

const TOLD: &str = "told";

impl DynamoStore {
    /// Whether the alert is new.
    pub(super) async fn put_alert(&self, alert: &Alert) -> Result<bool, StoreError> {
        let item = to_item(AlertItem::new(alert))?;
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", name::PK)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                Some(_) | None => Err(store_error("PutItem", error)),
            },
        }
    }
}

impl AlertOutbox for DynamoStore {
    async fn alert(&self, meter: &MeterId, name: &str) -> Result<Option<KeptAlert>, StoreError> {
        let item: Option<AlertItem> = self.read(alert_pk(meter), name).await?;
        item.map(|item| item.read()).transpose()
    }

    async fn alerts(&self, state: AlertState, limit: u32) -> Result<Vec<KeptAlert>, StoreError> {
        let is_oldest_first = match state {
            AlertState::Owed => true,
            AlertState::Told | AlertState::GivenUp => false,
        };
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(name::LIST_INDEX)
            .key_condition_expression("#list_pk = :list")
            .expression_attribute_names("#list_pk", name::LIST_PK)
            .expression_attribute_values(":list", AttributeValue::S(alert_list(state).to_owned()))
            .scan_index_forward(is_oldest_first)
            .limit(i32::try_from(limit.max(1)).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let items = answer.items.unwrap_or_default().into_iter();
        // One that cannot be read must not hold up the others.
        let readable = items.filter_map(|item| {
            let read = from_item::<AlertItem>(item).and_then(|item| item.read());
            read.inspect_err(|error| warn!(%error, "left out an alert that cannot be read"))
                .ok()
        });
        Ok(readable.collect())
    }

    async fn settle_alert(&self, kept: &KeptAlert) -> Result<(), StoreError> {
        let told = kept
            .told
            .iter()
            .map(|channel| AttributeValue::S(channel.as_str().to_owned()));
        let list = |state| AttributeValue::S(alert_list(state).to_owned());
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(name::PK, AttributeValue::S(alert_pk(&kept.alert.meter)))
            .key(name::SK, AttributeValue::S(kept.alert.name()))
            .condition_expression("#list_pk = :owed")
            .update_expression("SET #told = :told, #list_pk = :list")
            .expression_attribute_names("#told", TOLD)
            .expression_attribute_names("#list_pk", name::LIST_PK)
            .expression_attribute_values(":told", AttributeValue::L(told.collect()))
            .expression_attribute_values(":owed", list(AlertState::Owed))
            .expression_attribute_values(":list", list(kept.state))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                Some(_) | None => Err(store_error("UpdateItem", error)),
            },
        }
    }

    async fn uses(&self, meters: &[MeterId]) -> Result<Vec<Option<WindowUse>>, StoreError> {
        self.of_meters(meters, |item| item.quota).await
    }
}
