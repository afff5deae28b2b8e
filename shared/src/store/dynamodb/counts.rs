//! How many keys and plans there are.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{DynamoStore, from_item, store_error};
use crate::store::item::{CountItem, KEY_LIST, PLAN_LIST, count_pk, name};
use crate::store::{Counts, Registry, StoreError};

impl Registry for DynamoStore {
    async fn counts(&self) -> Result<Counts, StoreError> {
        Ok(Counts {
            keys: self.length(KEY_LIST).await?,
            plans: self.length(PLAN_LIST).await?,
        })
    }
}

impl DynamoStore {
    async fn length(&self, list: &str) -> Result<u64, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", name::PK)
            .expression_attribute_values(":pk", AttributeValue::S(count_pk(list)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| store_error("Query", error))?;
        let mut length: i64 = 0;
        for item in answer.items.unwrap_or_default() {
            length = length.saturating_add(from_item::<CountItem>(item)?.count);
        }
        Ok(u64::try_from(length).unwrap_or(0))
    }
}
