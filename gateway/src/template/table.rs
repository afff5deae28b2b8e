//! `AWS::DynamoDB::Table` and `AWS::Serverless::SimpleTable`.

use std::collections::BTreeSet;

use super::{error::TemplateError, field::Field, resolver::Resolver, resource::Resource};

/// A table, as far as `CreateTable` and `UpdateTimeToLive` need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    /// The logical id.
    pub logical_id: String,
    /// `TableName`, else the logical id, with `-table` behind it when it is shorter than 3 characters; for Tollgate's own table without a name, the name from the settings.
    pub name: String,
    /// The partition key, and the sort key where there is one.
    pub key_schema: Vec<KeyElement>,
    /// The types of the key attributes.
    pub attributes: Vec<AttributeDefinition>,
    /// The global secondary indexes.
    pub global_indexes: Vec<IndexSpec>,
    /// The local secondary indexes.
    pub local_indexes: Vec<IndexSpec>,
    /// The attribute after which items expire, where expiry is enabled.
    pub ttl_attribute: Option<String>,
    /// On demand, or provisioned units.
    pub billing: Billing,
    /// The line of the resource, from 1.
    pub line: usize,
}

/// One part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyElement {
    /// The attribute's name.
    pub attribute: String,
    /// Which part of the key it is.
    pub role: KeyRole,
}

/// `KeyType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRole {
    /// `HASH`, the partition key.
    Partition,
    /// `RANGE`, the sort key.
    Sort,
}

/// The type of a key attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeDefinition {
    /// The attribute's name.
    pub attribute: String,
    /// The attribute's type.
    pub kind: AttributeKind,
}

/// `AttributeType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeKind {
    /// `S`.
    Text,
    /// `N`.
    Number,
    /// `B`.
    Binary,
}

/// A secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSpec {
    /// `IndexName`.
    pub name: String,
    /// The index's key.
    pub key_schema: Vec<KeyElement>,
    /// Which attributes the index holds.
    pub projection: Projection,
}

/// `Projection`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projection {
    /// Every attribute.
    All,
    /// The keys of the table and of the index.
    KeysOnly,
    /// The keys and these attributes.
    Include(Vec<String>),
}

/// How a table is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing {
    /// `PAY_PER_REQUEST`.
    OnDemand,
    /// `PROVISIONED`, in capacity units. Also `CloudFormation`'s default.
    Provisioned {
        /// Read capacity units.
        read_units: u64,
        /// Write capacity units.
        write_units: u64,
    },
}

/// Reads an `AWS::DynamoDB::Table`.
pub(super) fn read(
    resolver: &Resolver<'_>,
    resource: &Resource,
) -> Result<TableSpec, TemplateError> {
    let properties = Field::properties(resolver, resource);
    let kinds = [
        ("S", AttributeKind::Text),
        ("N", AttributeKind::Number),
        ("B", AttributeKind::Binary),
    ];
    let mut attributes = Vec::new();
    for definition in properties.required("AttributeDefinitions")?.items()? {
        attributes.push(AttributeDefinition {
            attribute: definition.required("AttributeName")?.text()?.to_owned(),
            kind: definition.required("AttributeType")?.choice(&kinds)?,
        });
    }
    let ttl_attribute = match properties.get("TimeToLiveSpecification")? {
        Some(ttl) if ttl.required("Enabled")?.flag()? => {
            Some(ttl.required("AttributeName")?.text()?.to_owned())
        }
        Some(_) | None => None,
    };
    let on_demand = match properties.get("BillingMode")? {
        Some(mode) => mode.choice(&[("PAY_PER_REQUEST", true), ("PROVISIONED", false)])?,
        None => false,
    };
    let billing = if on_demand {
        Billing::OnDemand
    } else {
        provisioned(&properties.required("ProvisionedThroughput")?)?
    };
    let declared = attributes
        .iter()
        .map(|definition| definition.attribute.clone())
        .collect();
    let key_schema = key_schema(&properties, &declared)?;
    Ok(TableSpec {
        logical_id: resource.logical_id.to_string(),
        name: resolver.physical_id(resource)?.to_string(),
        key_schema,
        global_indexes: indexes(&properties, "GlobalSecondaryIndexes", &declared)?,
        local_indexes: indexes(&properties, "LocalSecondaryIndexes", &declared)?,
        attributes,
        ttl_attribute,
        billing,
        line: resource.line,
    })
}

/// Reads an `AWS::Serverless::SimpleTable`: one partition key, `id` of type `String` unless `PrimaryKey` says otherwise.
pub(super) fn read_simple(
    resolver: &Resolver<'_>,
    resource: &Resource,
) -> Result<TableSpec, TemplateError> {
    let properties = Field::properties(resolver, resource);
    let kinds = [
        ("String", AttributeKind::Text),
        ("Number", AttributeKind::Number),
        ("Binary", AttributeKind::Binary),
    ];
    let (attribute, kind) = match properties.get("PrimaryKey")? {
        Some(key) => (
            key.required("Name")?.text()?.to_owned(),
            key.required("Type")?.choice(&kinds)?,
        ),
        None => ("id".to_owned(), AttributeKind::Text),
    };
    let billing = match properties.get("ProvisionedThroughput")? {
        Some(throughput) => provisioned(&throughput)?,
        None => Billing::OnDemand,
    };
    Ok(TableSpec {
        logical_id: resource.logical_id.to_string(),
        name: resolver.physical_id(resource)?.to_string(),
        key_schema: vec![KeyElement {
            attribute: attribute.clone(),
            role: KeyRole::Partition,
        }],
        attributes: vec![AttributeDefinition { attribute, kind }],
        global_indexes: Vec::new(),
        local_indexes: Vec::new(),
        ttl_attribute: None,
        billing,
        line: resource.line,
    })
}

fn provisioned(throughput: &Field<'_>) -> Result<Billing, TemplateError> {
    Ok(Billing::Provisioned {
        read_units: throughput.required("ReadCapacityUnits")?.whole_number()?,
        write_units: throughput.required("WriteCapacityUnits")?.whole_number()?,
    })
}

fn key_schema(
    owner: &Field<'_>,
    declared: &BTreeSet<String>,
) -> Result<Vec<KeyElement>, TemplateError> {
    let schema = owner.required("KeySchema")?;
    let mut keys: Vec<KeyElement> = Vec::new();
    for element in schema.items()? {
        let name = element.required("AttributeName")?;
        let attribute = name.text()?.to_owned();
        if !declared.contains(&attribute) {
            let message = format!("names `{attribute}`, which AttributeDefinitions does not have");
            return Err(name.error(message, "add it to AttributeDefinitions with its type"));
        }
        let role = element
            .required("KeyType")?
            .choice(&[("HASH", KeyRole::Partition), ("RANGE", KeyRole::Sort)])?;
        keys.push(KeyElement { attribute, role });
    }
    let roles: Vec<KeyRole> = keys.iter().map(|key| key.role).collect();
    match roles.as_slice() {
        [KeyRole::Partition] | [KeyRole::Partition, KeyRole::Sort] => Ok(keys),
        _ => Err(schema.error(
            "must be one HASH key, then at most one RANGE key",
            "order the keys: HASH, RANGE",
        )),
    }
}

fn indexes(
    properties: &Field<'_>,
    name: &str,
    declared: &BTreeSet<String>,
) -> Result<Vec<IndexSpec>, TemplateError> {
    let mut indexes = Vec::new();
    for index in properties.items_of(name)? {
        indexes.push(IndexSpec {
            name: index.required("IndexName")?.text()?.to_owned(),
            key_schema: key_schema(&index, declared)?,
            projection: projection(&index.required("Projection")?)?,
        });
    }
    Ok(indexes)
}

fn projection(projection: &Field<'_>) -> Result<Projection, TemplateError> {
    let Some(kind) = projection.get("ProjectionType")? else {
        return Ok(Projection::All);
    };
    match kind.text()? {
        "ALL" => Ok(Projection::All),
        "KEYS_ONLY" => Ok(Projection::KeysOnly),
        "INCLUDE" => {
            let attributes = projection.required("NonKeyAttributes")?.items()?;
            Ok(Projection::Include(
                attributes
                    .iter()
                    .map(|name| name.text().map(str::to_owned))
                    .collect::<Result<_, _>>()?,
            ))
        }
        _ => Err(kind.error(
            format!(
                "must be one of ALL, KEYS_ONLY, INCLUDE, found {}",
                kind.shown()
            ),
            "write ALL",
        )),
    }
}
