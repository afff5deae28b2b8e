//! The users in their DynamoDB table.

use std::collections::HashMap;
use std::error::Error as StdError;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, Select};
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};
use thiserror::Error;

use crate::user::{User, UserFields, UserId};

/// The table, or the way to it, failed. The sources say how.
#[derive(Debug, Error)]
#[error("the users table cannot be used")]
pub struct StoreError(#[source] Box<dyn StdError + Send + Sync>);

impl StoreError {
    fn new(cause: impl StdError + Send + Sync + 'static) -> Self {
        Self(Box::new(cause))
    }
}

/// A part of all users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPage {
    /// The users, in the table's order, which is not that of their ids.
    pub users: Vec<User>,
    /// The id after which the next page begins; none when there are no more users.
    pub next: Option<UserId>,
}

/// The users in a DynamoDB table with the partition key `id`. Clones share the connections of one client.
#[derive(Clone, Debug)]
pub struct UserStore {
    client: Client,
    table: String,
}

impl UserStore {
    /// The users in `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// Writes a user under its id.
    ///
    /// The write has no condition: an attempt that the SDK repeats after a lost answer must not fail on itself, and two random ids of
    /// 119 bits do not meet.
    ///
    /// # Errors
    ///
    /// When the table cannot be used.
    pub async fn put(&self, user: &User) -> Result<(), StoreError> {
        let item = to_item(user).map_err(StoreError::new)?;
        let request = self.client.put_item().table_name(&self.table);
        request
            .set_item(Some(item))
            .send()
            .await
            .map_err(StoreError::new)?;
        Ok(())
    }

    /// The user with this id.
    ///
    /// # Errors
    ///
    /// When the table cannot be used, or the item is no user.
    pub async fn get(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        let request = self.client.get_item().table_name(&self.table);
        let output = request
            .set_key(Some(key(id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::new)?;
        output.item.map(user_from_item).transpose()
    }

    /// At most `limit` users after the user `after`, or from the beginning.
    ///
    /// # Errors
    ///
    /// When the table cannot be used, or an item is no user.
    pub async fn list(&self, limit: u8, after: Option<&UserId>) -> Result<UserPage, StoreError> {
        let limit = usize::from(limit);
        let mut users: Vec<User> = Vec::new();
        let mut start = after.map(key);
        // One user more than the page holds is read: DynamoDB names a next key after a full page even when nothing follows.
        while users.len() <= limit {
            let missing = limit.saturating_add(1).saturating_sub(users.len());
            let output = self
                .client
                .scan()
                .table_name(&self.table)
                .limit(i32::try_from(missing).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(StoreError::new)?;
            for item in output.items.unwrap_or_default() {
                users.push(user_from_item(item)?);
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        let has_more = users.len() > limit;
        users.truncate(limit);
        let next = users.last().filter(|_| has_more);
        Ok(UserPage {
            next: next.map(|user| user.id.clone()),
            users,
        })
    }

    /// The number of users. The whole table is read.
    ///
    /// # Errors
    ///
    /// When the table cannot be used.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let mut users: u64 = 0;
        let mut start = None;
        loop {
            let output = self
                .client
                .scan()
                .table_name(&self.table)
                .select(Select::Count)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(StoreError::new)?;
            users = users.saturating_add(u64::try_from(output.count).unwrap_or_default());
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(users);
            }
        }
    }

    /// Replaces what a caller may say about a user, and answers the user as it is then; none when no user has this id.
    ///
    /// # Errors
    ///
    /// When the table cannot be used, or the item is no user.
    pub async fn replace(
        &self,
        id: &UserId,
        fields: UserFields,
        updated_at: String,
    ) -> Result<Option<User>, StoreError> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(id)))
            .condition_expression("attribute_exists(id)")
            .update_expression("SET #name = :name, email = :email, updatedAt = :updated_at")
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":name", AttributeValue::S(fields.name))
            .expression_attribute_values(":email", AttributeValue::S(fields.email))
            .expression_attribute_values(":updated_at", AttributeValue::S(updated_at))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match result {
            Ok(output) => output.attributes.map(user_from_item).transpose(),
            Err(error) => match error.as_service_error() {
                Some(refusal) if refusal.is_conditional_check_failed_exception() => Ok(None),
                _ => Err(StoreError::new(error)),
            },
        }
    }

    /// Deletes a user; false when no user has this id.
    ///
    /// When the answer to a deletion is lost and the SDK repeats it, the repetition finds no user.
    ///
    /// # Errors
    ///
    /// When the table cannot be used.
    pub async fn delete(&self, id: &UserId) -> Result<bool, StoreError> {
        let result = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(id)))
            .condition_expression("attribute_exists(id)")
            .send()
            .await;
        match result {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(refusal) if refusal.is_conditional_check_failed_exception() => Ok(false),
                _ => Err(StoreError::new(error)),
            },
        }
    }
}

fn key(id: &UserId) -> HashMap<String, AttributeValue> {
    HashMap::from([("id".to_owned(), AttributeValue::S(id.as_str().to_owned()))])
}

fn user_from_item(item: HashMap<String, AttributeValue>) -> Result<User, StoreError> {
    from_item(item).map_err(StoreError::new)
}
