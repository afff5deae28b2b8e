//! All that is known of keys and plans, with the member names of API Gateway.

use serde_json::{Value, json};
use tollgate::key::KeyValue;

use super::Values;
use crate::management::document::{quota, stage, throttle};
use crate::migration::document::instant;
use crate::migration::holdings::{HeldKey, HeldPlan, Holdings};

/// The document.
#[must_use]
pub fn document(holdings: &Holdings, values: Values) -> Value {
    let plans = holdings.plans.values().map(plan);
    let plans_of_keys = holdings.plans_of_keys();
    let keys = holdings.keys.iter().map(|(id, held)| {
        let in_plans = plans_of_keys.get(id).into_iter().flatten();
        let plans: Vec<&str> = in_plans.map(|(_, plan)| plan.own_id.as_str()).collect();
        key(held, &plans, values)
    });
    json!({ "plans": plans.collect::<Vec<_>>(), "keys": keys.collect::<Vec<_>>() })
}

fn plan(plan: &HeldPlan) -> Value {
    let settings = &plan.settings;
    let stages: Vec<Value> = settings.stages.iter().map(stage).collect();
    filled(json!({
        "id": plan.own_id.as_str(),
        "name": settings.name,
        "description": settings.description,
        "productCode": settings.product_code,
        "throttle": settings.throttle.map(throttle),
        "quota": settings.quota.map(quota),
        "apiStages": stages,
        "tags": settings.tags,
    }))
}

fn key(key: &HeldKey, plans: &[&str], values: Values) -> Value {
    let value = match values {
        Values::Shown => key.value.known(),
        Values::LeftOut => None,
    };
    filled(json!({
        "id": key.own_id.as_str(),
        "name": key.name,
        "value": value.map(KeyValue::expose),
        "description": key.description,
        "customerId": key.customer_id,
        "enabled": key.enabled,
        "createdDate": key.created_at.map(instant),
        "stageKeys": key.stage_keys,
        "usagePlanIds": plans,
        "tags": key.tags,
    }))
}

/// The document without members that have no value.
fn filled(mut document: Value) -> Value {
    if let Some(members) = document.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    document
}
