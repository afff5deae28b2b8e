//! A template's DynamoDB tables.

use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    self, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};

use crate::template::{AttributeKind, KeyElement, KeyRole, Projection, TableSpec};

/// Why a table cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The template's definition lacks something.
    #[error("{logical_id}: the table cannot be created: {cause}")]
    Definition {
        /// The table.
        logical_id: String,
        /// What it lacks.
        cause: BuildError,
    },
    /// The store refuses the table, or does not answer.
    #[error("the table `{table}` cannot be created: {cause}")]
    Refused {
        /// The table.
        table: String,
        /// The store's words.
        cause: String,
    },
    /// The store does not answer.
    #[error("the tables of the store cannot be listed: {0}")]
    List(String),
}

/// The tables that exist.
pub(super) async fn names(client: &Client) -> Result<Vec<String>, TableError> {
    let mut names: Vec<String> = Vec::new();
    loop {
        let answer = client
            .list_tables()
            .set_exclusive_start_table_name(names.last().cloned())
            .send()
            .await
            .map_err(|error| TableError::List(words(&error)))?;
        names.extend(answer.table_names.unwrap_or_default());
        if answer.last_evaluated_table_name.is_none() {
            return Ok(names);
        }
    }
}

/// Creates one table, on demand whatever the template says: capacity is not simulated.
pub(super) async fn create(client: &Client, table: &TableSpec) -> Result<(), TableError> {
    let definition = |cause| TableError::Definition {
        logical_id: table.logical_id.clone(),
        cause,
    };
    let refused = |cause: String| TableError::Refused {
        table: table.name.clone(),
        cause,
    };
    request(client, table)
        .map_err(definition)?
        .send()
        .await
        .map_err(|error| refused(words(&error)))?;
    if let Some(attribute) = &table.ttl_attribute {
        let specification = TimeToLiveSpecification::builder()
            .attribute_name(attribute)
            .enabled(true)
            .build()
            .map_err(definition)?;
        client
            .update_time_to_live()
            .table_name(&table.name)
            .time_to_live_specification(specification)
            .send()
            .await
            .map_err(|error| refused(words(&error)))?;
    }
    Ok(())
}

fn request(
    client: &Client,
    table: &TableSpec,
) -> Result<aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder, BuildError>
{
    let mut request = client
        .create_table()
        .table_name(&table.name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(key_schema(&table.key_schema)?));
    for definition in &table.attributes {
        let kind = match definition.kind {
            AttributeKind::Text => ScalarAttributeType::S,
            AttributeKind::Number => ScalarAttributeType::N,
            AttributeKind::Binary => ScalarAttributeType::B,
        };
        request = request.attribute_definitions(
            types::AttributeDefinition::builder()
                .attribute_name(&definition.attribute)
                .attribute_type(kind)
                .build()?,
        );
    }
    for index in &table.global_indexes {
        request = request.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(&index.name)
                .set_key_schema(Some(key_schema(&index.key_schema)?))
                .projection(projection(&index.projection))
                .build()?,
        );
    }
    for index in &table.local_indexes {
        request = request.local_secondary_indexes(
            LocalSecondaryIndex::builder()
                .index_name(&index.name)
                .set_key_schema(Some(key_schema(&index.key_schema)?))
                .projection(projection(&index.projection))
                .build()?,
        );
    }
    Ok(request)
}

fn key_schema(elements: &[KeyElement]) -> Result<Vec<KeySchemaElement>, BuildError> {
    elements
        .iter()
        .map(|element| {
            let role = match element.role {
                KeyRole::Partition => KeyType::Hash,
                KeyRole::Sort => KeyType::Range,
            };
            KeySchemaElement::builder()
                .attribute_name(&element.attribute)
                .key_type(role)
                .build()
        })
        .collect()
}

fn projection(projection: &Projection) -> types::Projection {
    let builder = types::Projection::builder();
    match projection {
        Projection::All => builder.projection_type(ProjectionType::All),
        Projection::KeysOnly => builder.projection_type(ProjectionType::KeysOnly),
        Projection::Include(attributes) => builder
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(attributes.clone())),
    }
    .build()
}

/// The store's own words; where there are none, the last of the causes.
fn words<E: Error + ProvideErrorMetadata + 'static>(error: &SdkError<E>) -> String {
    if let Some(message) = error.message() {
        return message.to_owned();
    }
    let mut root: &dyn Error = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root.to_string()
}
