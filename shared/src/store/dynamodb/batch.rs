//! Reading many items at once.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::retry::Tries;
use super::{Attributes, DynamoStore, store_error};
use crate::store::item::name;
use crate::store::{StoreError, StoreErrorKind};

/// The most items that DynamoDB reads in one request.
const MAX_READ: usize = 100;

/// An item's partition key and sort key.
pub(super) type PrimaryKey = (String, String);

impl DynamoStore {
    /// The items with these keys as they are now, in no order; those that do not exist are left out.
    pub(super) async fn read_all(
        &self,
        keys: &BTreeSet<PrimaryKey>,
    ) -> Result<Vec<Attributes>, StoreError> {
        let keys: Vec<Attributes> = keys.iter().map(attributes).collect();
        let mut items = Vec::new();
        for keys in keys.chunks(MAX_READ) {
            self.read_chunk(keys.to_vec(), &mut items).await?;
        }
        Ok(items)
    }

    async fn read_chunk(
        &self,
        mut keys: Vec<Attributes>,
        items: &mut Vec<Attributes>,
    ) -> Result<(), StoreError> {
        let mut tries = Tries::default();
        loop {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .build()
                .map_err(|error| {
                    StoreError::new(StoreErrorKind::Broken, "keys to read are missing", error)
                })?;
            let request = self.client.batch_get_item();
            let answer = request
                .request_items(&self.table, wanted)
                .send()
                .await
                .map_err(|error| store_error("BatchGetItem", error))?;
            let found = answer.responses.unwrap_or_default().into_values();
            items.extend(found.flatten());
            // DynamoDB leaves out what would make the answer too large, and what it has no capacity for at the moment.
            let left = answer.unprocessed_keys.unwrap_or_default().into_values();
            keys = left.flat_map(|left| left.keys).collect();
            if keys.is_empty() {
                return Ok(());
            }
            tries.again().await.map_err(|error| {
                StoreError::new(StoreErrorKind::Throttled, "DynamoDB BatchGetItem", error)
            })?;
        }
    }
}

fn attributes((pk, sk): &PrimaryKey) -> Attributes {
    Attributes::from([
        (name::PK.to_owned(), AttributeValue::S(pk.clone())),
        (name::SK.to_owned(), AttributeValue::S(sk.clone())),
    ])
}

/// The value of a text attribute.
pub(super) fn text_of<'a>(item: &'a Attributes, attribute: &str) -> Option<&'a str> {
    item.get(attribute)?.as_s().ok().map(String::as_str)
}
