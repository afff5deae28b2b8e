//! API keys, and their associations with usage plans.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    error::TemplateError,
    field::Field,
    resolver::{Resolver, resource_id},
    resource::Resource,
};

/// The shortest and the longest value that API Gateway accepts.
const VALUE_LENGTHS: std::ops::RangeInclusive<usize> = 20..=128;

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySpec {
    /// The logical id, in the template or as SAM would generate it.
    pub logical_id: String,
    /// 10 lower-case letters and digits, from the logical id.
    pub id: String,
    /// `Name`, else the logical id.
    pub name: String,
    /// `Description`.
    pub description: Option<String>,
    /// `CustomerId`.
    pub customer_id: Option<String>,
    /// `Enabled`. False by default, as in `CloudFormation`.
    pub enabled: bool,
    /// `Value`, where the template chooses it.
    pub value: Option<KeyValue>,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
    /// The line of the resource, from 1.
    pub line: usize,
}

impl KeySpec {
    /// The key that SAM generates beside a plan: enabled, without a value of its own.
    pub(super) fn generated(logical_id: String, line: usize) -> Self {
        Self {
            id: resource_id(&logical_id).to_string(),
            name: logical_id.clone(),
            logical_id,
            description: None,
            customer_id: None,
            enabled: true,
            value: None,
            tags: BTreeMap::new(),
            line,
        }
    }
}

/// The secret value of a key. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyValue(String);

impl KeyValue {
    /// The secret itself, 20 to 128 characters.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyValue(redacted)")
    }
}

/// The association of a key with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanKeySpec {
    /// The logical id, in the template or as SAM would generate it.
    pub logical_id: String,
    /// The plan's id.
    pub plan_id: String,
    /// The key's id.
    pub key_id: String,
    /// The line of the resource, from 1.
    pub line: usize,
}

/// Reads an API key resource.
pub(super) fn read(resolver: &Resolver<'_>, resource: &Resource) -> Result<KeySpec, TemplateError> {
    let properties = Field::properties(resolver, resource);
    let value = match properties.get("Value")? {
        Some(field) => {
            let text = field.text()?;
            let length = text.chars().count();
            if !VALUE_LENGTHS.contains(&length) {
                let message = format!("must have 20 to 128 characters, found {length}");
                return Err(field.error(
                    message,
                    "choose another value, or leave Value out to have one generated",
                ));
            }
            Some(KeyValue(text.to_owned()))
        }
        None => None,
    };
    Ok(KeySpec {
        logical_id: resource.logical_id.to_string(),
        id: resolver.physical_id(resource)?.to_string(),
        name: properties
            .text_of("Name")?
            .unwrap_or_else(|| resource.logical_id.to_string()),
        description: properties.text_of("Description")?,
        customer_id: properties.text_of("CustomerId")?,
        enabled: properties.flag_of("Enabled")?.unwrap_or(false),
        value,
        tags: properties.tags()?,
        line: resource.line,
    })
}

/// Reads an association, whose plan and key must be among the given ids.
pub(super) fn read_plan_key(
    resolver: &Resolver<'_>,
    resource: &Resource,
    plan_ids: &BTreeSet<String>,
    key_ids: &BTreeSet<String>,
) -> Result<PlanKeySpec, TemplateError> {
    let properties = Field::properties(resolver, resource);
    properties.required("KeyType")?.choice(&[("API_KEY", ())])?;
    let id_of = |name: &str, ids: &BTreeSet<String>, wanted: &str| {
        let field = properties.required(name)?;
        let id = field.text()?;
        if ids.contains(id) {
            return Ok(id.to_owned());
        }
        let message = format!(
            "refers to {}, which is not {wanted} of this template",
            field.shown()
        );
        Err(field.error(message, format!("name {wanted} with `!Ref`")))
    };
    Ok(PlanKeySpec {
        logical_id: resource.logical_id.to_string(),
        plan_id: id_of("UsagePlanId", plan_ids, "a usage plan")?,
        key_id: id_of("KeyId", key_ids, "an API key")?,
        line: resource.line,
    })
}
