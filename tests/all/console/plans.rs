//! Usage plans, as a person manages them.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Gateway, workspace_root};

use super::shop::World;
use super::{Browser, says};

#[tokio::test]
async fn a_plan_is_created_changed_and_deleted_with_forms() {
    let browser = Browser::open().await;
    says(
        &browser.get("/console/plans").await,
        "There are no usage plans yet.",
    );
    let gold = [
        ("name", "Gold"),
        ("throttle", "on"),
        ("rate", "7.5"),
        ("burst", "1000"),
        ("quota", "on"),
        ("limit", "20000"),
        ("period", "WEEK"),
        ("offset", "1"),
    ];
    let (path, page) = browser.done("/console/plans", &gold).await;
    says(&page, "The usage plan Gold was created.");
    says(
        &page,
        "7.5 requests a second for each key, and up to 1,000 at once.",
    );
    says(
        &page,
        "20,000 requests a week for each key; it starts again each Monday at 00:00 UTC.",
    );
    says(&page, "<dt>Next reset</dt><dd>Monday ");
    // What was said once is not said again: the page takes its cookie away.
    let cookies = page.headers.get_all("set-cookie").iter();
    let cookies: Vec<&str> = cookies.map(|value| value.to_str().unwrap()).collect();
    assert_eq!(
        cookies,
        ["tollgate-flash=; Path=/console; Max-Age=0; HttpOnly; SameSite=Strict"]
    );
    let id = path.rsplit('/').next().unwrap();
    let plan = browser.api(&format!("/usageplans/{id}")).await;
    assert_eq!(
        plan["throttle"],
        json!({"rateLimit": 7.5, "burstLimit": 1_000})
    );
    assert_eq!(
        plan["quota"],
        json!({"limit": 20_000, "period": "WEEK", "offset": 1})
    );
    let list = browser.get("/console/plans?q=gOL").await;
    says(&list, "20,000 a week");

    let wrong = [
        ("name", ""),
        ("throttle", "on"),
        ("rate", "-1"),
        ("burst", "2"),
    ];
    let again = browser.post(&format!("{path}/edit"), &wrong).await;
    assert_eq!(again.status, 422);
    says(&again, "role=\"alert\"");
    says(
        &again,
        "<a href=\"#field-rate\">The rate is a number of requests a second, 0 or more.</a>",
    );
    says(&again, "value=\"-1\"");
    let right = [
        ("name", "Gold 2"),
        ("quota", "on"),
        ("limit", "5"),
        ("period", "DAY"),
    ];
    let (_, page) = browser.done(&format!("{path}/edit"), &right).await;
    says(&page, "Requests are not throttled.");
    says(
        &page,
        "5 requests a day for each key; it starts again each day at 00:00 UTC.",
    );

    says(
        &browser.get(&format!("{path}/delete")).await,
        "No API key is in this plan",
    );
    let (list, page) = browser.done(&format!("{path}/delete"), &[]).await;
    assert_eq!(list, "/console/plans");
    says(&page, "The usage plan Gold 2 was deleted.");
    assert_eq!(browser.get(&path).await.status, 404);
    let (list, page) = browser.done(&format!("{path}/delete"), &[]).await;
    assert_eq!(list, "/console/plans");
    says(&page, "was gone already.");
}

#[tokio::test]
async fn only_what_a_person_has_changed_is_saved() {
    let browser = Browser::open().await;
    let gold = [
        ("name", "Gold"),
        ("throttle", "on"),
        ("rate", "5"),
        ("burst", "10"),
    ];
    let (path, _) = browser.done("/console/plans", &gold).await;
    let id = path.rsplit('/').next().unwrap();
    let form = browser.get(&format!("{path}/edit")).await;
    says(&form, "name=\"shown-rate\" value=\"5\"");
    let patch = json!({"patchOperations": [
        {"op": "replace", "path": "/throttle/rateLimit", "value": "50"},
    ]});
    let elsewhere = browser
        .client
        .send(
            "PATCH",
            &format!("/usageplans/{id}"),
            &[],
            patch.to_string(),
        )
        .await;
    assert_eq!(elsewhere.unwrap().status, 200);
    let shown = [
        ("shown-name", "Gold"),
        ("shown-description", ""),
        ("shown-throttle", "on"),
        ("shown-rate", "5"),
        ("shown-burst", "10"),
        ("shown-quota", ""),
        ("shown-limit", ""),
        ("shown-period", "DAY"),
        ("shown-offset", "0"),
    ];
    let unlimited = [("period", "DAY"), ("offset", "0")];
    let faster = gold.map(|(name, value)| (name, if name == "rate" { "7" } else { value }));
    let fields: Vec<_> = shown.into_iter().chain(faster).chain(unlimited).collect();
    let again = browser.post(&format!("{path}/edit"), &fields).await;
    assert_eq!(again.status, 422);
    says(
        &again,
        "Somebody else has changed this meanwhile, to a rate of 50",
    );
    says(&again, "name=\"shown-rate\" value=\"50\"");

    let described = [("description", "a\r\nb")];
    let fields: Vec<_> = shown
        .into_iter()
        .chain(gold)
        .chain(unlimited)
        .chain(described)
        .collect();
    browser.done(&format!("{path}/edit"), &fields).await;
    let plan = browser.api(&format!("/usageplans/{id}")).await;
    assert_eq!(plan["throttle"]["rateLimit"].as_f64(), Some(50.0));
    assert_eq!(plan["description"], "a\nb");
}

/// More stages than one transaction of the table can take away.
#[tokio::test]
async fn a_plan_of_very_many_stages_is_deleted() {
    let world = World::without_gateway().await;
    let plan = world
        .call("POST", "/usageplans", &json!({"name": "Wide"}))
        .await;
    let id = plan["id"].as_str().unwrap();
    let stages: Vec<String> = (0..120).map(|n| format!("elsewhere{n}:prod")).collect();
    for stages in stages.chunks(40) {
        let operations: Vec<Value> = stages
            .iter()
            .map(|stage| json!({"op": "add", "path": "/apiStages", "value": stage}))
            .collect();
        let body = json!({"patchOperations": operations});
        world
            .call("PATCH", &format!("/usageplans/{id}"), &body)
            .await;
    }
    let path = format!("/console/plans/{id}");
    let deleted = world.submit(&format!("{path}/delete"), &[]).await;
    assert_eq!(deleted.status, 303, "{}", deleted.body);
    assert_eq!(world.page(&path).await.status, 404);
}

#[tokio::test]
async fn keys_join_a_plan_and_leave_it() {
    let browser = Browser::open().await;
    let (path, _) = browser.done("/console/plans", &[("name", "Bronze")]).await;
    let run = [
        "keys",
        "create",
        "joe-black",
        "--customer-id",
        "c-17",
        "--json",
    ];
    let created = browser.gateway.run(&run).await.unwrap();
    let key: serde_json::Value = serde_json::from_str(&created.stdout).unwrap();
    let id = key["id"].as_str().unwrap();
    let add = format!("{path}/keys/add");
    // The list may be some seconds old: it was read before the key was made elsewhere.
    let joined = browser.done(&add, &[("key", id)]).await.1;
    says(&joined, &format!("joe-black ({id}) is in Bronze now."));
    let page = browser.get(&path).await;
    says(&page, "1 API key in this plan");
    says(&page, "c-17");
    says(
        &browser.get(&format!("{path}/delete")).await,
        "1 key is in this plan and loses",
    );
    let left = browser
        .done(&format!("{path}/keys/remove"), &[("key", id)])
        .await
        .1;
    says(&left, "is no longer in Bronze.");
    says(&left, "No API key is in this plan.");
    says(&browser.get(&format!("{add}?q=C-17")).await, "joe-black");
    let (_, refused) = browser.done(&add, &[("key", "nosuchkey0")]).await;
    says(&refused, "class=\"flash failed\" role=\"alert\"");
}

/// The REST API of the repository's own template has `GET /health` without a key.
#[tokio::test]
async fn a_stage_with_open_methods_is_marked_and_explained() {
    let template = workspace_root().join("tests/templates/rest-api.yaml");
    let gateway = Gateway::builder().template(template).start().await.unwrap();
    let browser = Browser::at(gateway).await;
    let apis = browser.api("/restapis").await;
    let api = apis["item"][0]["id"].as_str().unwrap().to_owned();
    let stage = format!("{api}:dev");
    let (path, page) = browser
        .done(
            "/console/plans",
            &[
                ("name", "Trial"),
                ("stage", &stage),
                ("throttle", "on"),
                ("rate", "1"),
                ("burst", "2"),
            ],
        )
        .await;
    says(&page, "REST API");

    let methods = format!("{path}/methods/set");
    let throttle = [
        ("stage", stage.as_str()),
        ("method", "/users/{id}/GET"),
        ("rate", "0.5"),
        ("burst", "3"),
    ];
    let (_, page) = browser.done(&methods, &throttle).await;
    says(&page, "The throttle of /users/{id}/GET was saved.");
    let id = path.rsplit('/').next().unwrap();
    let plan = browser.api(&format!("/usageplans/{id}")).await;
    assert_eq!(
        plan["apiStages"][0]["throttle"],
        json!({"/users/{id}/GET": {"rateLimit": 0.5, "burstLimit": 3}})
    );
    let unknown = [
        ("stage", stage.as_str()),
        ("method", "/nothing/GET"),
        ("rate", "1"),
        ("burst", "1"),
    ];
    assert_eq!(browser.post(&methods, &unknown).await.status, 422);
    let (_, page) = browser
        .done(
            &format!("{path}/methods/remove"),
            &[("stage", &stage), ("method", "/users/{id}/GET")],
        )
        .await;
    says(&page, "No method of this stage has a throttle of its own.");

    // An operator opens a method and deploys it; and closes it again without a deployment.
    let resources = browser
        .api(&format!(
            "/restapis/{api}/resources?embed=methods&limit=500"
        ))
        .await;
    let users = resources["item"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["path"] == "/users");
    let resource = users.unwrap()["id"].as_str().unwrap();
    let method = format!("/restapis/{api}/resources/{resource}/methods/GET");
    let set = async |value: &str| {
        let body = json!({"patchOperations": [{"op": "replace", "path": "/apiKeyRequired", "value": value}]});
        let answer = browser
            .client
            .send("PATCH", &method, &[], body.to_string())
            .await;
        assert_eq!(answer.unwrap().status, 200);
    };
    set("false").await;
    let deployment = json!({"stageName": "dev"}).to_string();
    let deployed = browser
        .client
        .send(
            "POST",
            &format!("/restapis/{api}/deployments"),
            &[],
            deployment,
        )
        .await;
    assert_eq!(deployed.unwrap().status, 201);
    set("true").await;

    let explanation = format!("{path}/stages/unprotected?api={api}&stage=dev");
    // A page may show what was read two seconds before.
    let shown = async {
        loop {
            let page = browser.get(&explanation).await;
            if page.body.contains("<code>/users</code>") {
                break page;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let page = tokio::time::timeout(Duration::from_secs(30), shown).await;
    let page = page.unwrap();
    says(&page, "deploy for this to take effect");
    says(
        &page,
        &format!("aws apigateway create-deployment --rest-api-id {api} --stage-name dev"),
    );
    says(&browser.get(&path).await, "/stages/unprotected?api=");

    browser.done(&methods, &throttle).await;
    let remove = format!("{path}/stages/remove");
    let confirmation = browser.get(&format!("{remove}?stage={stage}")).await;
    says(
        &confirmation,
        "1 method throttle of this stage goes with it.",
    );
    let (_, page) = browser.done(&remove, &[("stage", &stage)]).await;
    says(&page, "The keys of this plan open nothing");
    let (_, page) = browser.done(&remove, &[("stage", &stage)]).await;
    says(&page, "any more.");
    let plan = browser.api(&format!("/usageplans/{id}")).await;
    assert_eq!(plan["apiStages"], json!([]));
    let (_, page) = browser
        .done(
            &format!("{path}/stages/add"),
            &[("other", &format!("{api}/dev"))],
        )
        .await;
    says(&page, "The keys of Trial open");
    let wrong = browser
        .post(&format!("{path}/stages/add"), &[("other", "nosuchapi/dev")])
        .await;
    assert_eq!(wrong.status, 422);
    says(&wrong, "nosuchapi");
}
