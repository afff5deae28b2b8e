//! The table itself.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};

use super::store_error;
use crate::store::item::name;
use crate::store::{StoreError, StoreErrorKind};

/// Creates a table for Tollgate, on demand, with its index. The stack's template creates the same one, with backups and encryption.
///
/// # Errors
///
/// When a table of this name exists, or the store does not answer.
pub async fn create_table(client: &Client, table: &str) -> Result<(), StoreError> {
    let request = || -> Result<_, BuildError> {
        let mut request = client
            .create_table()
            .table_name(table)
            .billing_mode(BillingMode::PayPerRequest)
            .key_schema(key(name::PK, KeyType::Hash)?)
            .key_schema(key(name::SK, KeyType::Range)?)
            .global_secondary_indexes(
                GlobalSecondaryIndex::builder()
                    .index_name(name::LIST_INDEX)
                    .key_schema(key(name::LIST_PK, KeyType::Hash)?)
                    .key_schema(key(name::LIST_SK, KeyType::Range)?)
                    .projection(
                        Projection::builder()
                            .projection_type(ProjectionType::All)
                            .build(),
                    )
                    .build()?,
            );
        for attribute in [name::PK, name::SK, name::LIST_PK, name::LIST_SK] {
            request = request.attribute_definitions(
                AttributeDefinition::builder()
                    .attribute_name(attribute)
                    .attribute_type(ScalarAttributeType::S)
                    .build()?,
            );
        }
        Ok(request)
    };
    request()
        .map_err(|error| StoreError::new(StoreErrorKind::Broken, "the table's form", error))?
        .send()
        .await
        .map_err(|error| store_error("CreateTable", error))?;
    Ok(())
}

fn key(attribute: &str, kind: KeyType) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder()
        .attribute_name(attribute)
        .key_type(kind)
        .build()
}
