//! How many requests to the store each operation takes. None grows with the number of keys and plans.

use serde_json::{Value, json};
use tests::{CountingProxy, DynamoDb};

use super::plans::{join, key, plan};
use super::{App, patch};

/// The requests to the store of each operation, with none but one key in the plan.
const COSTS: [(&str, u64); 27] = [
    ("CreateApiKey", 1),
    ("GetApiKey", 1),
    ("GetApiKey with its value", 2),
    ("GetApiKeys, 2", 1),
    ("GetApiKeys with values, 2", 2),
    ("UpdateApiKey", 2),
    ("CreateUsagePlan", 1),
    ("GetUsagePlan", 1),
    ("GetUsagePlans, 2", 1),
    ("UpdateUsagePlan", 2),
    ("CreateUsagePlanKey", 5),
    ("UpdateApiKey in a plan", 2),
    ("GetUsagePlans of a key", 2),
    ("GetUsagePlanKey", 2),
    ("GetUsagePlanKeys, 2", 3),
    ("GetUsage of a key", 4),
    ("UpdateUsage", 8),
    ("GetTags", 1),
    ("TagResource", 3),
    ("UntagResource", 2),
    ("DeleteUsagePlanKey", 3),
    ("DeleteUsagePlan", 4),
    ("DeleteApiKey", 2),
    ("GetAccount", 1),
    ("UpdateAccount", 1),
    ("ImportApiKeys, 1", 2),
    ("ImportApiKeys over 1", 3),
];

/// Carries an operation out, and counts the store's requests.
async fn cost(app: &App, proxy: &CountingProxy, method: &str, path: &str, body: &Value) -> u64 {
    let before = proxy.total();
    let answer = app.send(method, path, body.clone()).await;
    assert!(answer.status < 300, "{method} {path}: {}", answer.body);
    proxy.total() - before
}

/// The operations in the order in which they can be carried out, with what they cost.
async fn costs(app: &App, proxy: &CountingProxy, plan: &str, key: &str) -> Vec<(String, u64)> {
    let arn = |path: &str| format!("/tags/arn:aws:apigateway:us-east-1::/{path}");
    let key_path = format!("/apikeys/{key}");
    let plan_path = format!("/usageplans/{plan}");
    let keys_path = format!("{plan_path}/keys");
    let member_path = format!("{keys_path}/{key}");
    let usage_path = format!("{member_path}/usage");
    let days = "startDate=2026-11-01&endDate=2026-11-23";
    let import = "/apikeys?mode=import&format=csv";
    let tags = json!({"tags": {"team": "blue"}});
    let member = json!({"keyId": key, "keyType": "API_KEY"});
    let none = Value::Null;
    let operations = [
        ("CreateApiKey", "POST", "/apikeys".to_owned(), json!({})),
        ("GetApiKey", "GET", key_path.clone(), none.clone()),
        (
            "GetApiKey with its value",
            "GET",
            format!("{key_path}?includeValue=true"),
            none.clone(),
        ),
        (
            "GetApiKeys, 2",
            "GET",
            "/apikeys?limit=2".to_owned(),
            none.clone(),
        ),
        (
            "GetApiKeys with values, 2",
            "GET",
            "/apikeys?limit=2&includeValues=true".to_owned(),
            none.clone(),
        ),
        (
            "UpdateApiKey",
            "PATCH",
            key_path.clone(),
            patch("replace", "/name", "jim"),
        ),
        (
            "CreateUsagePlan",
            "POST",
            "/usageplans".to_owned(),
            json!({"name": "p"}),
        ),
        ("GetUsagePlan", "GET", plan_path.clone(), none.clone()),
        (
            "GetUsagePlans, 2",
            "GET",
            "/usageplans?limit=2".to_owned(),
            none.clone(),
        ),
        (
            "UpdateUsagePlan",
            "PATCH",
            plan_path.clone(),
            patch("replace", "/quota/limit", "9"),
        ),
        ("CreateUsagePlanKey", "POST", keys_path.clone(), member),
        (
            "UpdateApiKey in a plan",
            "PATCH",
            key_path.clone(),
            patch("replace", "/enabled", "true"),
        ),
        (
            "GetUsagePlans of a key",
            "GET",
            format!("/usageplans?keyId={key}"),
            none.clone(),
        ),
        ("GetUsagePlanKey", "GET", member_path.clone(), none.clone()),
        (
            "GetUsagePlanKeys, 2",
            "GET",
            format!("{keys_path}?limit=2"),
            none.clone(),
        ),
        (
            "GetUsage of a key",
            "GET",
            format!("{plan_path}/usage?{days}&keyId={key}"),
            none.clone(),
        ),
        (
            "UpdateUsage",
            "PATCH",
            usage_path,
            patch("replace", "/remaining", "5"),
        ),
        (
            "GetTags",
            "GET",
            arn(&format!("apikeys/{key}")),
            none.clone(),
        ),
        ("TagResource", "PUT", arn(&format!("apikeys/{key}")), tags),
        (
            "UntagResource",
            "DELETE",
            format!("{}?tagKeys=team", arn(&format!("usageplans/{plan}"))),
            none.clone(),
        ),
        ("DeleteUsagePlanKey", "DELETE", member_path, none.clone()),
        ("DeleteUsagePlan", "DELETE", plan_path, none.clone()),
        ("DeleteApiKey", "DELETE", key_path, none.clone()),
        ("GetAccount", "GET", "/account".to_owned(), none.clone()),
        (
            "UpdateAccount",
            "PATCH",
            "/account".to_owned(),
            patch("replace", "/cloudwatchRoleArn", "arn:aws:iam::1:role/r"),
        ),
    ];
    let mut costs = Vec::new();
    for (name, method, path, body) in operations {
        let requests = cost(app, proxy, method, &path, &body).await;
        costs.push((name.to_owned(), requests));
    }
    let before = proxy.total();
    let list = "name,key\njoe,value-of-joe-0123456789\n";
    assert_eq!(app.send_bytes("POST", import, list).await.status, 201);
    costs.push(("ImportApiKeys, 1".to_owned(), proxy.total() - before));
    let list = "name,key\njoe,value-of-joe-0123456789\n";
    let before = proxy.total();
    assert_eq!(app.send_bytes("POST", import, list).await.status, 201);
    costs.push(("ImportApiKeys over 1".to_owned(), proxy.total() - before));
    costs
}

#[tokio::test]
async fn no_operation_costs_more_when_there_are_more_keys_and_plans() {
    let database = DynamoDb::embedded().unwrap();
    let proxy = CountingProxy::start(database.endpoint()).await.unwrap();
    let endpoint = proxy.endpoint().to_owned();
    let app = App::at(database, &endpoint, |_| {}).await;
    let quota = json!({"name": "p", "quota": {"limit": 5, "period": "DAY"}});
    let mut first = Vec::new();
    for round in 0..2 {
        let plan = plan(&app, quota.clone()).await;
        let key = key(&app, "joe").await;
        let costs = costs(&app, &proxy, &plan, &key).await;
        if round == 0 {
            let expected: Vec<_> = COSTS
                .iter()
                .map(|(name, requests)| ((*name).to_owned(), *requests))
                .collect();
            assert_eq!(costs, expected);
            first = costs;
            for number in 0..40 {
                let other = super::plans::plan(&app, quota.clone()).await;
                let key = super::plans::key(&app, &format!("k{number}")).await;
                join(&app, &other, &key).await;
            }
            let all = app.ok(200, "GET", "/apikeys?name=joe", Value::Null).await;
            let imported = all["item"][0]["id"].as_str().unwrap();
            app.ok(202, "DELETE", &format!("/apikeys/{imported}"), Value::Null)
                .await;
        } else {
            assert_eq!(costs, first);
        }
    }
}
