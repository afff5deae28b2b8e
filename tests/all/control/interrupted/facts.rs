//! Everything that there is, seen from every side on which it can be seen, without the ids that the management API gives.

use std::collections::BTreeMap;

use serde_json::Value;
use tollgate::id::{ApiStage, KeyId, PlanId};
use tollgate::key::KeyValue;
use tollgate::store::{KeyRegistry as _, PageRequest, PlanRegistry as _, Registry as _};

use super::super::App;

/// The lists of an API.
const PARTS: [&str; 7] = [
    "resources?embed=methods",
    "models",
    "requestvalidators",
    "authorizers",
    "gatewayresponses",
    "deployments",
    "stages",
];

/// The names of things by their ids.
type Names = BTreeMap<String, String>;

/// One line a fact, in their order. What is there twice is told twice.
pub(super) async fn facts(app: &App) -> Vec<String> {
    let mut names = Names::new();
    let apis = list(app, "/restapis").await;
    name_all(&mut names, &apis, "name");
    for api in &apis {
        for part in PARTS {
            let parts = list(app, &format!("/restapis/{}/{part}", id(api))).await;
            name_all(&mut names, &parts, "name");
            name_all(&mut names, &parts, "path");
            name_all(&mut names, &parts, "description");
        }
    }
    let plans = list(app, "/usageplans").await;
    name_all(&mut names, &plans, "name");
    let keys = list(app, "/apikeys?includeValues=true").await;
    name_all(&mut names, &keys, "name");

    let mut facts = Vec::new();
    for api in &apis {
        facts.push(format!("API {}", named(api, &names)));
        for part in PARTS {
            for one in list(app, &format!("/restapis/{}/{part}", id(api))).await {
                facts.push(format!(
                    "{} of {}: {}",
                    part,
                    api["name"],
                    named(&one, &names)
                ));
                if part == "deployments" {
                    let path = format!(
                        "/restapis/{}/deployments/{}?embed=apisummary",
                        id(api),
                        id(&one)
                    );
                    let served = app.ok(200, "GET", &path, Value::Null).await;
                    facts.push(format!("served: {}", named(&served, &names)));
                }
                if part == "stages" {
                    let stage = one["stageName"].as_str().unwrap();
                    facts.extend(plans_of_stage(app, id(api), stage, &names).await);
                }
            }
        }
    }
    for plan in &plans {
        facts.push(format!("plan {}", named(plan, &names)));
        let path = format!("/usageplans/{}", id(plan));
        let one = app.ok(200, "GET", &path, Value::Null).await;
        facts.push(format!("plan by its id {}", named(&one, &names)));
        for key in list(app, &format!("{path}/keys")).await {
            facts.push(format!("{} has {}", plan["name"], named(&key, &names)));
        }
        for key in &keys {
            let (key_id, plan_id) = (KeyId::from(id(key)), PlanId::from(id(plan)));
            let is_in = app.store.key_in_plan(&key_id, &plan_id).await.unwrap();
            facts.push(format!("{} in {}: {is_in}", key["name"], plan["name"]));
        }
        let usage = format!("{path}/usage?startDate=2026-11-23&endDate=2026-11-23");
        let usage = app.ok(200, "GET", &usage, Value::Null).await;
        let usage = usage["values"].as_object().cloned().unwrap_or_default();
        for (key, days) in usage {
            facts.push(format!("{} used by {}: {days}", plan["name"], names[&key]));
        }
    }
    for key in &keys {
        facts.push(format!("key {}", named(key, &names)));
        let path = format!("/apikeys/{}?includeValue=true", id(key));
        let one = app.ok(200, "GET", &path, Value::Null).await;
        facts.push(format!("key by its id {}", named(&one, &names)));
        for plan in list(app, &format!("/usageplans?keyId={}", id(key))).await {
            facts.push(format!("{} is in {}", key["name"], plan["name"]));
        }
    }
    for name in ["joe", "jane", "jim", "new", "newer"] {
        let value = KeyValue::parse(&format!("value-of-{name}-0123456789")).unwrap();
        let id = app.store.key_by_value(&value).await.unwrap();
        let name_of = id.map(|id| names[id.as_str()].clone());
        facts.push(format!("the value of {name} is that of {name_of:?}"));
    }
    facts.push(format!("{:?}", app.store.counts().await.unwrap()));
    facts.sort();
    facts
}

async fn plans_of_stage(app: &App, api: &str, stage: &str, names: &Names) -> Vec<String> {
    let page = PageRequest {
        limit: 500,
        after: None,
    };
    let api_stage = ApiStage::new(api, stage);
    let plans = app.store.plans_of_stage(&api_stage, &page).await.unwrap();
    plans
        .entries
        .iter()
        .map(|plan| format!("{stage} is covered by {}", names[plan.as_str()]))
        .collect()
}

async fn list(app: &App, path: &str) -> Vec<Value> {
    let list = app.ok(200, "GET", path, Value::Null).await;
    list["item"].as_array().cloned().unwrap_or_default()
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

fn name_all(names: &mut Names, list: &[Value], member: &str) {
    for one in list {
        if let (Some(id), Some(name)) = (one["id"].as_str(), one[member].as_str()) {
            names.insert(id.to_owned(), name.to_owned());
        }
    }
}

/// The text of something, with names in place of ids.
fn named(value: &Value, names: &Names) -> String {
    fn rename(value: &mut Value, names: &Names) {
        match value {
            Value::String(text) => {
                if let Some(name) = names.get(text) {
                    name.clone_into(text);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| rename(value, names)),
            Value::Object(members) => {
                // Some ids are not those of anything that has a name.
                if members
                    .get("id")
                    .is_some_and(|id| id.as_str().is_some_and(|id| !names.contains_key(id)))
                {
                    members.remove("id");
                }
                let renamed = std::mem::take(members).into_iter();
                let renamed = renamed.map(|(label, mut value)| {
                    rename(&mut value, names);
                    // Tags have ids in their names.
                    let parts = label.split(':');
                    let parts = parts.map(|part| names.get(part).map_or(part, String::as_str));
                    let label = parts.collect::<Vec<_>>().join(":");
                    (label, value)
                });
                members.extend(renamed.collect::<Vec<_>>());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut renamed = value.clone();
    rename(&mut renamed, names);
    renamed.to_string()
}
