//! What the table knows of the account.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;

use super::{DynamoStore, store_error};
use crate::store::StoreError;
use crate::store::item::name;

const PK: &str = "C#ACCOUNT";
const SK: &str = "ACCOUNT";
const ROLE: &str = "cloudwatch_role_arn";

/// `C#ACCOUNT` / `ACCOUNT`.
#[derive(Debug, Deserialize)]
struct AccountItem {
    #[serde(default)]
    cloudwatch_role_arn: Option<String>,
}

impl DynamoStore {
    pub(super) async fn read_cloudwatch_role(&self) -> Result<Option<String>, StoreError> {
        let item: Option<AccountItem> = self.read(PK.to_owned(), SK).await?;
        Ok(item.and_then(|item| item.cloudwatch_role_arn))
    }

    pub(super) async fn write_cloudwatch_role(&self, arn: Option<&str>) -> Result<(), StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(name::PK, AttributeValue::S(PK.to_owned()))
            .key(name::SK, AttributeValue::S(SK.to_owned()))
            .expression_attribute_names("#role", ROLE);
        let request = match arn {
            Some(arn) => request
                .update_expression("SET #role = :role")
                .expression_attribute_values(":role", AttributeValue::S(arn.to_owned())),
            None => request.update_expression("REMOVE #role"),
        };
        Box::pin(request.send())
            .await
            .map_err(|error| store_error("UpdateItem", error))?;
        Ok(())
    }
}
