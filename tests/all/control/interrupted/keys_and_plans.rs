//! Keys, plans, and what keys have used.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::{App, patch};
use super::world::Ids;
use super::{Ask, Case, Leaves, interrupt_each, say};

/// An operation as a function of the ids: the method, the path and the body.
macro_rules! ask {
    ($ids:ident => $method:literal, $path:expr, $body:expr) => {{
        let ask: Ask =
            |app: &App, $ids: &Ids| Box::pin(async move { say(app, $method, $path, $body).await });
        ask
    }};
}
pub(super) use ask;

#[tokio::test]
async fn keys() {
    interrupt_each(&[
        Case::new(
            "CreateApiKey",
            ask!(_ids => "POST", "/apikeys".to_owned(), new_key()),
        ),
        Case::new(
            "UpdateApiKey",
            ask!(ids => "PATCH", format!("/apikeys/{}", ids.joe), patch("replace", "/enabled", "false")),
        ),
        Case::new(
            "DeleteApiKey",
            ask!(ids => "DELETE", format!("/apikeys/{}", ids.joe), Value::Null),
        ),
        Case::new(
            "TagResource of a key",
            ask!(ids => "PUT", tags(&format!("apikeys/{}", ids.joe)), json!({"tags": {"team": "red", "more": "yes"}})),
        ),
        Case::new(
            "UntagResource of a key",
            ask!(ids => "DELETE", format!("{}?tagKeys=team", tags(&format!("apikeys/{}", ids.joe))), Value::Null),
        ),
    ])
    .await;
}

#[tokio::test]
async fn imported_keys() {
    // A key is written before it joins its plans. Each of that is whole.
    const ONE_IS_MADE: Ask = ask!(ids => "POST", IMPORT.to_owned(), list(ids, "new", "new", false));
    const ONE_IS_OVERWRITTEN: Ask =
        ask!(ids => "POST", IMPORT.to_owned(), list(ids, "newer", "jim", false));
    interrupt_each(&[
        Case::new(
            "ImportApiKeys, one that is new",
            ask!(ids => "POST", IMPORT.to_owned(), list(ids, "new", "new", true)),
        )
        .on_the_way(&[&[ONE_IS_MADE]]),
        Case::new(
            "ImportApiKeys, one that there is",
            ask!(ids => "POST", IMPORT.to_owned(), list(ids, "newer", "jim", true)),
        )
        .on_the_way(&[&[ONE_IS_OVERWRITTEN]]),
    ])
    .await;
}

#[tokio::test]
async fn plans() {
    const JOE_LEAVES: Ask =
        ask!(ids => "DELETE", format!("/usageplans/{}/keys/{}", ids.free, ids.joe), Value::Null);
    const JANE_LEAVES: Ask =
        ask!(ids => "DELETE", format!("/usageplans/{}/keys/{}", ids.free, ids.jane), Value::Null);
    interrupt_each(&[
        Case::new(
            "CreateUsagePlan",
            ask!(ids => "POST", "/usageplans".to_owned(), json!({"name": "New", "apiStages": [{"apiId": ids.api, "stage": "test"}]})),
        )
        .leaves(Leaves::Another),
        Case::new(
            "UpdateUsagePlan, another limit",
            ask!(ids => "PATCH", format!("/usageplans/{}", ids.bronze), patch("replace", "/quota/limit", "9")),
        ),
        Case::new(
            "UpdateUsagePlan, another stage",
            ask!(ids => "PATCH", format!("/usageplans/{}", ids.bronze), patch("add", "/apiStages", &format!("{}:test", ids.api))),
        ),
        Case::new(
            "UpdateUsagePlan, a stage less",
            ask!(ids => "PATCH", format!("/usageplans/{}", ids.bronze), patch("remove", "/apiStages", &format!("{}:dev", ids.api))),
        ),
        Case::new(
            "TagResource of a plan",
            ask!(ids => "PUT", tags(&format!("usageplans/{}", ids.bronze)), json!({"tags": {"team": "red"}})),
        ),
        Case::new(
            "DeleteUsagePlan",
            ask!(ids => "DELETE", format!("/usageplans/{}", ids.free), Value::Null),
        )
        .on_the_way(&[&[JOE_LEAVES], &[JANE_LEAVES], &[JOE_LEAVES, JANE_LEAVES]]),
    ])
    .await;
}

#[tokio::test]
async fn places_of_keys_and_what_they_have_used() {
    interrupt_each(&[
        Case::new(
            "CreateUsagePlanKey",
            ask!(ids => "POST", format!("/usageplans/{}/keys", ids.bronze), json!({"keyId": ids.jim, "keyType": "API_KEY"})),
        ),
        Case::new(
            "DeleteUsagePlanKey",
            ask!(ids => "DELETE", format!("/usageplans/{}/keys/{}", ids.bronze, ids.joe), Value::Null),
        ),
        Case::new(
            "UpdateUsage",
            ask!(ids => "PATCH", format!("/usageplans/{}/keys/{}/usage", ids.bronze, ids.joe), patch("replace", "/remaining", "5")),
        ),
    ])
    .await;
}

const IMPORT: &str = "/apikeys?mode=import&format=csv";

/// A list of one key, with or without a plan.
fn list(ids: &Ids, name: &str, value_of: &str, has_plan: bool) -> Bytes {
    let plan = if has_plan { ids.free.as_str() } else { "" };
    let row = format!("{name},value-of-{value_of}-0123456789,{plan}");
    Bytes::from(format!("name,key,usageplanIds\n{row}\n"))
}

fn new_key() -> Value {
    json!({"name": "new", "value": "value-of-new-0123456789", "enabled": true})
}

fn tags(of: &str) -> String {
    format!("/tags/arn:aws:apigateway:us-east-1::/{of}")
}
