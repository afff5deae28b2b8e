//! API keys, as a person manages them.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Gateway, HttpClient};

use super::{Browser, says};

const OWN_VALUE: &str = "a-value-of-my-own-1234";

/// Asks the management API on the same port for something.
pub(super) async fn api(client: &HttpClient, method: &str, path: &str, body: &Value) -> Value {
    let answer = client.send(method, path, &[], body.to_string()).await;
    let answer = answer.unwrap();
    assert!(answer.status.is_success(), "{path}: {answer:?}");
    answer.json().unwrap_or(Value::Null)
}

/// The id of a new plan with these stages, as `api:stage`.
async fn plan(browser: &Browser, name: &str, stages: &[&str]) -> String {
    let stages: Vec<Value> = stages
        .iter()
        .map(|text| text.split_once(':').unwrap())
        .map(|(api_id, stage)| json!({"apiId": api_id, "stage": stage}))
        .collect();
    let quota = json!({"limit": 100, "period": "DAY"});
    let body = json!({"name": name, "quota": quota, "apiStages": stages});
    let plan = api(&browser.client, "POST", "/usageplans", &body).await;
    let id = plan["id"].as_str().unwrap().to_owned();
    // Saving it in the console puts it into the console's list at once.
    let fields = [
        ("name", name),
        ("quota", "on"),
        ("limit", "100"),
        ("period", "DAY"),
    ];
    browser
        .done(&format!("/console/plans/{id}/edit"), &fields)
        .await;
    id
}

/// A deployed REST API with `GET /ping`, which asks for a key: its id.
pub(super) async fn mock_api(client: &HttpClient) -> String {
    let method = json!({
        "security": [{"api_key": []}],
        "responses": {"200": {"description": "pong"}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
            "responses": {"default": {"statusCode": "200"}},
        },
    });
    let document = json!({
        "swagger": "2.0",
        "info": {"title": "pings", "version": "1"},
        "securityDefinitions": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        "paths": {"/ping": {"get": method}},
    });
    let created = api(client, "POST", "/restapis?mode=import", &document).await;
    let id = created["id"].as_str().unwrap().to_owned();
    let path = format!("/restapis/{id}/deployments");
    api(client, "POST", &path, &json!({"stageName": "dev"})).await;
    id
}

/// Creates a key with the form: the path of its page, and the page that shows its value.
async fn create(browser: &Browser, fields: &[(&str, &str)]) -> (String, String) {
    let created = browser.post("/console/keys", fields).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert_eq!(created.header("cache-control"), Some("no-store"));
    let (_, rest) = created.body.split_once("href=\"/console/keys/").unwrap();
    let mut paths = std::iter::successors(Some(rest), |rest| {
        Some(rest.split_once("href=\"/console/keys/")?.1)
    });
    let id = paths
        .find_map(|rest| {
            let id = rest.split(['"', '/']).next()?;
            (!["new", "import"].contains(&id)).then_some(id)
        })
        .unwrap();
    (format!("/console/keys/{id}"), created.body.clone())
}

/// Which state of a key a form shows.
fn seen_in(html: &str) -> &str {
    let (_, rest) = html.split_once("name=\"seen\" value=\"").unwrap();
    rest.split_once('"').unwrap().0
}

/// The value that a page shows.
fn value_in(html: &str) -> &str {
    let (_, rest) = html.split_once("id=\"key-value\">").unwrap();
    rest.split_once('<').unwrap().0
}

#[tokio::test]
async fn a_key_is_created_with_a_value_of_ones_own_which_no_other_key_can_have() {
    let browser = Browser::open().await;
    let empty = browser.get("/console/keys").await;
    says(&empty, "There are no API keys yet.");
    let joe = [
        ("name", "joe-black"),
        ("customer", "c-17"),
        ("value", OWN_VALUE),
        ("enabled", "on"),
        ("expires", "2199-01-31T12:30"),
    ];
    let (path, created) = create(&browser, &joe).await;
    assert_eq!(value_in(&created), OWN_VALUE);
    let id = path.rsplit('/').next().unwrap();
    let key = browser.api(&format!("/apikeys/{id}")).await;
    assert_eq!(key["customerId"], json!("c-17"));
    assert_eq!(key["enabled"], json!(true));
    assert_eq!(
        key["tags"],
        json!({"tollgate:expires-at": "2199-01-31T12:30:00Z"})
    );
    for query in ["q=JOE", "q=c-17&enabled=enabled", &format!("q={id}")] {
        let list = browser.get(&format!("/console/keys?{query}")).await;
        says(&list, "joe-black");
    }
    for query in ["q=nobody", "enabled=disabled", "plan=nothing"] {
        let list = browser.get(&format!("/console/keys?{query}")).await;
        says(&list, "No API key fits the search.");
    }

    let again = browser.post("/console/keys", &joe).await;
    assert_eq!(again.status, 422);
    says(&again, "id=\"mistake-value\">API Key already exists.");
    says(&again, "href=\"#field-value\"");
    let wrong = [
        ("name", ""),
        ("value", "short"),
        ("expires", "2001-01-01T00:00"),
    ];
    let wrong = browser.post("/console/keys", &wrong).await;
    assert_eq!(wrong.status, 422);
    says(&wrong, "API Key value should be at least 20 characters.");
    says(&wrong, "This instant has passed.");
    assert_eq!(
        browser.api("/apikeys").await["item"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_value_is_revealed_by_a_form_and_stands_in_no_page_that_is_shown() {
    let browser = Browser::open().await;
    let fields = [("name", "joe"), ("value", OWN_VALUE), ("enabled", "on")];
    let (path, _) = create(&browser, &fields).await;
    let reveal = format!("{path}/reveal");
    let revealed = browser.post(&reveal, &[]).await;
    assert_eq!(revealed.status, 200);
    assert_eq!(revealed.header("cache-control"), Some("no-store"));
    assert_eq!(value_in(&revealed.body), OWN_VALUE);
    says(&revealed, "<h1>");
    // A script gets the part that it puts into the page.
    let urlencoded = ("content-type", "application/x-www-form-urlencoded");
    let script = [urlencoded, ("hx-request", "true")];
    let token = format!("csrf={}", browser.token);
    let part = browser.post_with(&reveal, &script, token).await;
    assert_eq!(part.header("cache-control"), Some("no-store"));
    assert_eq!(value_in(&part.body), OWN_VALUE);
    assert!(!part.body.contains("<h1>"));
    let foreign = browser
        .post_with(&reveal, &script, "csrf=x".to_owned())
        .await;
    assert_eq!(foreign.status, 403);
    assert!(!foreign.body.contains(OWN_VALUE));

    assert_eq!(browser.get(&reveal).await.status, 303);
    for below in ["", "/edit", "/rotate", "/delete", "/plans/add"] {
        let page = browser.get(&format!("{path}{below}")).await;
        assert_eq!(page.status, 200, "{below}");
        assert!(!page.body.contains(OWN_VALUE), "{below}");
    }
    let list = browser.get("/console/keys").await;
    assert!(!list.body.contains(OWN_VALUE));
    says(&browser.get(&path).await, "Reveal the value");

    let run = ["keys", "create", "hashed", "--no-keep-value", "--json"];
    let created = browser.gateway.run(&run).await.unwrap();
    let key: Value = serde_json::from_str(&created.stdout).unwrap();
    let hashed = format!("/console/keys/{}", key["id"].as_str().unwrap());
    let page = browser.get(&hashed).await;
    says(&page, "The value was not kept");
    assert!(!page.body.contains("Reveal the value"));
    let told = browser.post(&format!("{hashed}/reveal"), &[]).await;
    says(&told, "only its hash is stored");
}

#[tokio::test]
async fn a_key_is_changed_disabled_and_enabled() {
    let browser = Browser::open().await;
    let fields = [("name", "joe"), ("expires", "2199-01-31T12:30")];
    let (path, _) = create(&browser, &fields).await;
    let id = path.rsplit('/').next().unwrap();
    let of_api = format!("/apikeys/{id}");
    says(&browser.get(&path).await, ">disabled<");
    let (_, page) = browser.done(&format!("{path}/enable"), &[]).await;
    says(&page, "joe is enabled.");
    let (_, page) = browser.done(&format!("{path}/disable"), &[]).await;
    says(&page, "joe is disabled:");
    assert_eq!(browser.api(&of_api).await["enabled"], json!(false));

    let edit = format!("{path}/edit");
    says(&browser.get(&edit).await, "value=\"2199-01-31T12:30\"");
    let seen = seen_in(&browser.get(&edit).await.body).to_owned();
    let fields = [
        ("name", "jim"),
        ("description", "A laptop,\r\nold"),
        ("customer", "c-1"),
        ("seen", &seen),
    ];
    let (_, page) = browser.done(&edit, &fields).await;
    says(&page, "The API key jim was saved.");
    says(&page, "<dt>Expires</dt><dd>never</dd>");
    let key = browser.api(&of_api).await;
    assert_eq!(key["description"], json!("A laptop,\nold"));
    assert_eq!(key["customerId"], json!("c-1"));
    assert_eq!(key.get("tags"), Some(&json!({})));
    // Whoever saves what he saw before the change is told of it.
    let late = browser.post(&edit, &fields).await;
    assert_eq!(late.status, 422);
    says(&late, "The key was changed elsewhere");
    assert_ne!(seen_in(&late.body), seen);
    let again = browser.post(&edit, &[("name", ""), ("expires", "x")]).await;
    assert_eq!(again.status, 422);
    says(&again, "id=\"mistake-name\"");
    says(&again, "id=\"mistake-expires\"");
}

/// Waits until the list of plans says something: stages are read again every other second.
async fn until_plans_say(browser: &Browser, text: &str) {
    let told = async {
        while !browser.get("/console/plans").await.body.contains(text) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), told)
        .await
        .unwrap_or_else(|_| panic!("no plan says {text}"));
}

#[tokio::test]
async fn a_key_joins_plans_and_its_pages_say_what_it_opens_and_what_deleting_it_breaks() {
    let gateway = Gateway::builder().no_template().start().await.unwrap();
    let pings = mock_api(&HttpClient::new(gateway.admin_url())).await;
    let browser = Browser::at(gateway).await;
    let bronze = plan(&browser, "Bronze", &[&format!("{pings}:dev")]).await;
    let silver = plan(&browser, "Silver", &[&format!("{pings}:dev")]).await;
    until_plans_say(&browser, "pings · dev").await;
    let new = browser.get("/console/keys/new").await;
    says(&new, "Bronze");
    let fields = [("name", "joe"), ("enabled", "on"), ("plan", &bronze)];
    let (path, created) = create(&browser, &fields).await;
    assert!(created.contains("pings · dev"), "{created}");
    let value = value_in(&created).to_owned();

    let both = [("name", "jim"), ("plan", &bronze), ("plan", &silver)];
    let refused = browser.post("/console/keys", &both).await;
    assert_eq!(refused.status, 422);
    says(&refused, &format!("Usage plan {silver}: "));
    let left = browser.get("/console/keys?q=jim").await;
    says(&left, "No API key fits the search.");

    let add = browser.get(&format!("{path}/plans/add")).await;
    says(&add, "pings · dev is in Bronze already");
    let page = browser.get(&path).await;
    says(&page, "What requests with this key reach");
    says(&page, "100 a day");
    says(&page, "<dt>Last used</dt><dd>never");

    let data_plane = browser.gateway.client();
    let ping = format!("/restapis/{pings}/dev/_user_request_/ping");
    let headers = [("x-api-key", value.as_str())];
    for _ in 0..2 {
        let answer = data_plane.send("GET", &ping, &headers, "").await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let list = browser.get(&format!("/console/keys?plan={bronze}")).await;
    // "Within the last minute" as a rule; a slow machine may need longer.
    says(&list, "<td><time datetime=\"2");
    says(&list, "<td class=\"number\">2</td>");
    says(&browser.get("/console/keys?plan=bron").await, "joe");

    let delete = format!("{path}/delete");
    let confirmation = browser.get(&delete).await;
    says(&confirmation, "answered with 403 Forbidden");
    says(
        &confirmation,
        "<li>pings · dev <span class=\"quiet\">through Bronze</span></li>",
    );
    says(&confirmation, &format!("href=\"/console/plans/{bronze}\""));
    says(&confirmation, "with 2 requests so far");

    let remove = format!("{path}/plans/remove");
    let asked = browser.get(&format!("{remove}?plan={bronze}")).await;
    says(&asked, "Remove joe from Bronze?");
    says(&asked, "<li>pings · dev ");
    let (_, page) = browser.done(&remove, &[("plan", &bronze)]).await;
    says(&page, "joe is no longer in Bronze.");
    let (_, page) = browser
        .done(&format!("{path}/plans/add"), &[("plan", &silver)])
        .await;
    says(&page, "joe is in Silver now.");
    let (list, page) = browser.done(&delete, &[]).await;
    assert_eq!(list, "/console/keys");
    says(&page, "was deleted.");
    assert_eq!(browser.get(&path).await.status, 404);
    let refused = data_plane.send("GET", &ping, &headers, "").await.unwrap();
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_rotated_key_has_another_value_and_the_one_before_works_as_long_as_was_chosen() {
    let browser = Browser::open().await;
    let bronze = plan(&browser, "Bronze", &[]).await;
    let fields = [
        ("name", "joe"),
        ("customer", "c-17"),
        ("enabled", "on"),
        ("plan", &bronze),
    ];
    let (path, created) = create(&browser, &fields).await;
    let id = path.rsplit('/').next().unwrap();
    let rotate = format!("{path}/rotate");
    let asked = browser.get(&rotate).await;
    says(&asked, "<li>Bronze</li>");
    says(&asked, "works on for 7 days");
    let unclear = browser.post(&rotate, &[("old", "?")]).await;
    assert_eq!(unclear.status, 422);

    let rotated = browser.post(&rotate, &[("old", "7d")]).await;
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    assert_eq!(rotated.header("cache-control"), Some("no-store"));
    assert_ne!(value_in(&rotated.body), value_in(&created));
    says(&rotated, "The value before it works until ");
    let members = browser.api(&format!("/usageplans/{bronze}/keys")).await;
    assert_eq!(members["item"].as_array().unwrap().len(), 1, "the same key");
    let page = browser.get(&path).await;
    says(&page, "number 1, works until ");

    let rotated = browser.post(&rotate, &[("old", "now")]).await;
    says(&rotated, "The value before it ends");
    let page = browser.get(&path).await;
    says(&page, "number 2, ended ");
    says(&page, "number 1, ended ");
    let key = browser
        .api(&format!("/apikeys/{id}?includeValue=true"))
        .await;
    assert_eq!(key["value"], json!(value_in(&rotated.body)));
    assert_eq!(key["enabled"], json!(true));
}
