//! A template of AWS CloudFormation with keys, plans and their associations as resources of API Gateway.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use tollgate::bucket::Throttle;
use tollgate::plan::CoveredStage;
use tollgate::store::NewPlan;

use super::Values;
use crate::migration::holdings::{HeldKey, Holdings};

/// What all names of Tollgate's own tags begin with. API Gateway does nothing about them.
const OWN: &str = "tollgate:";

/// How many resources a stack may have.
pub const MAX_RESOURCES: usize = 500;

/// The template. Tags of Tollgate's own stand in the metadata of their resources.
#[must_use]
pub fn template(holdings: &Holdings, values: Values) -> Value {
    let mut resources = Map::new();
    for (id, plan) in &holdings.plans {
        let resource = resource(
            "AWS::ApiGateway::UsagePlan",
            &plan_properties(&plan.settings),
            &metadata(id.as_str(), &plan.settings.tags),
        );
        resources.insert(plan_name(id.as_str()), resource);
    }
    for (id, key) in &holdings.keys {
        let resource = resource(
            "AWS::ApiGateway::ApiKey",
            &key_properties(key, values),
            &metadata(id.as_str(), &key.tags),
        );
        resources.insert(key_name(id.as_str()), resource);
    }
    for (plan_id, plan) in &holdings.plans {
        for key_id in &plan.keys {
            let (plan, key) = (plan_name(plan_id.as_str()), key_name(key_id.as_str()));
            let association = json!({
                "Type": "AWS::ApiGateway::UsagePlanKey",
                "Properties": {
                    "KeyId": { "Ref": key },
                    "KeyType": "API_KEY",
                    "UsagePlanId": { "Ref": plan },
                },
            });
            resources.insert(format!("{plan}{key}"), association);
        }
    }
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "API keys and usage plans, exported from Tollgate",
        "Resources": resources,
    })
}

/// How many resources the template has.
#[must_use]
pub fn resources(holdings: &Holdings) -> usize {
    holdings.plans.len() + holdings.keys.len() + holdings.memberships()
}

fn resource(kind: &str, properties: &Map<String, Value>, metadata: &Value) -> Value {
    let properties = without_references(properties.clone().into());
    json!({ "Type": kind, "Metadata": { "Tollgate": metadata }, "Properties": properties })
}

/// The same without CloudFormation's dynamic references: a name that somebody chose must not bring a secret of the account into the stack.
/// There is no way to escape one, so a space breaks it.
fn without_references(value: Value) -> Value {
    match value {
        Value::String(text) => text.replace("{{resolve:", "{ {resolve:").into(),
        Value::Array(items) => items.into_iter().map(without_references).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, without_references(value)))
            .collect::<Map<_, _>>()
            .into(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

fn metadata(id: &str, tags: &BTreeMap<String, String>) -> Value {
    let own: BTreeMap<_, _> = tags
        .iter()
        .filter(|(name, _)| name.starts_with(OWN))
        .collect();
    if own.is_empty() {
        json!({ "Id": id })
    } else {
        json!({ "Id": id, "Tags": own })
    }
}

fn plan_properties(plan: &NewPlan) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut set = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    set("UsagePlanName", json!(plan.name));
    if let Some(description) = &plan.description {
        set("Description", json!(description));
    }
    if let Some(throttle) = plan.throttle {
        set("Throttle", throttle_settings(throttle));
    }
    if let Some(quota) = plan.quota {
        let quota = json!({
            "Limit": quota.limit(),
            "Period": quota.period().as_str(),
            "Offset": quota.offset(),
        });
        set("Quota", quota);
    }
    if !plan.stages.is_empty() {
        set("ApiStages", plan.stages.iter().map(stage).collect());
    }
    set_tags(&mut properties, &plan.tags);
    properties
}

fn stage(covered: &CoveredStage) -> Value {
    let mut stage = json!({
        "ApiId": covered.api_stage.api_id.as_str(),
        "Stage": covered.api_stage.stage.as_str(),
    });
    if !covered.method_throttles.is_empty()
        && let Some(members) = stage.as_object_mut()
    {
        let throttles: Map<String, Value> = covered
            .method_throttles
            .iter()
            .map(|(method, limits)| (method.clone(), throttle_settings(limits.throttle)))
            .collect();
        members.insert("Throttle".to_owned(), throttles.into());
    }
    stage
}

fn throttle_settings(throttle: Throttle) -> Value {
    json!({ "RateLimit": throttle.rate.as_per_second(), "BurstLimit": throttle.burst })
}

fn key_properties(key: &HeldKey, values: Values) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut set = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    set("Enabled", json!(key.enabled));
    if !key.name.is_empty() {
        set("Name", json!(key.name));
    }
    if let Some(description) = &key.description {
        set("Description", json!(description));
    }
    if let Some(customer_id) = &key.customer_id {
        set("CustomerId", json!(customer_id));
    }
    if let (Values::Shown, Some(value)) = (values, key.value.known()) {
        set("Value", json!(value.expose()));
    }
    set_tags(&mut properties, &key.tags);
    properties
}

fn set_tags(properties: &mut Map<String, Value>, tags: &BTreeMap<String, String>) {
    let tags: Vec<Value> = tags
        .iter()
        .filter(|(name, _)| !name.starts_with(OWN))
        .map(|(name, value)| json!({ "Key": name, "Value": value }))
        .collect();
    if !tags.is_empty() {
        properties.insert("Tags".to_owned(), tags.into());
    }
}

fn plan_name(id: &str) -> String {
    format!("Plan{}", logical(id))
}

fn key_name(id: &str) -> String {
    format!("Key{}", logical(id))
}

/// An id as a logical id may have it, of letters and digits only. Different ids stay different.
fn logical(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() && byte != b'Z' {
            text.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(text, "Z{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_brings_no_secret_into_the_stack() {
        let named = json!({ "Tags": [{ "Key": "a", "Value": "{{resolve:ssm:x}}" }] });
        let expected = json!({ "Tags": [{ "Key": "a", "Value": "{ {resolve:ssm:x}}" }] });
        assert_eq!(without_references(named), expected);
    }

    #[test]
    fn a_logical_id_has_letters_and_digits_and_stays_apart_from_others() {
        assert_eq!(logical("a1b2c3"), "a1b2c3");
        assert_eq!(logical("a-b_c"), "aZ2dbZ5fc");
        assert_eq!(logical("aZ2db"), "aZ5a2db");
    }
}
