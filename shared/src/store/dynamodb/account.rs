//! What the table knows of the account.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{DynamoStore, store_error, to_item};
use crate::store::StoreError;
use crate::store::item::name;

const PK: &str = "C#ACCOUNT";
const SK: &str = "ACCOUNT";

/// `C#ACCOUNT` / `ACCOUNT`.
#[derive(Debug, Serialize, Deserialize)]
struct AccountItem {
    pk: String,
    sk: String,
    cloudwatch_role_arn: String,
}

impl DynamoStore {
    pub(super) async fn read_cloudwatch_role(&self) -> Result<Option<String>, StoreError> {
        let item: Option<AccountItem> = self.read(PK.to_owned(), SK).await?;
        Ok(item.map(|item| item.cloudwatch_role_arn))
    }

    pub(super) async fn write_cloudwatch_role(&self, arn: Option<&str>) -> Result<(), StoreError> {
        match arn {
            Some(arn) => {
                let item = to_item(AccountItem {
                    pk: PK.to_owned(),
                    sk: SK.to_owned(),
                    cloudwatch_role_arn: arn.to_owned(),
                })?;
                self.client
                    .put_item()
                    .table_name(&self.table)
                    .set_item(Some(item))
                    .send()
                    .await
                    .map_err(|error| store_error("PutItem", error))?;
            }
            None => {
                self.client
                    .delete_item()
                    .table_name(&self.table)
                    .key(name::PK, AttributeValue::S(PK.to_owned()))
                    .key(name::SK, AttributeValue::S(SK.to_owned()))
                    .send()
                    .await
                    .map_err(|error| store_error("DeleteItem", error))?;
            }
        }
        Ok(())
    }
}
