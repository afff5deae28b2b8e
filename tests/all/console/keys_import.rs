//! A list of keys, from its preview to the keys.

use serde_json::{Value, json};

use super::keys::mock_api;
use super::{Browser, says};

/// Sends the form for a list, with a file in it.
async fn preview(browser: &Browser, file: &str) -> tests::Answer {
    let token = &browser.token;
    let body = format!(
        "--edge\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n\
         --edge\r\ncontent-disposition: form-data; name=\"list\"\r\n\r\n\r\n\
         --edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"keys.csv\"\r\ncontent-type: text/csv\r\n\r\n{file}\r\n\
         --edge--\r\n"
    );
    let multipart = ("content-type", "multipart/form-data; boundary=edge");
    browser
        .post_with("/console/keys/import/preview", &[multipart], body)
        .await
}

/// The list that a preview carries.
fn encoded_in(html: &str) -> &str {
    let (_, rest) = html.split_once("name=\"encoded\" value=\"").unwrap();
    rest.split_once('"').unwrap().0
}

async fn names(browser: &Browser) -> Vec<String> {
    let keys: Value = browser.api("/apikeys").await;
    let keys = keys["item"].as_array().cloned().unwrap_or_default();
    let name = |key: &Value| key["name"].as_str().unwrap().to_owned();
    keys.iter().map(name).collect()
}

#[tokio::test]
async fn a_preview_tells_what_an_import_does_and_writes_nothing() {
    let browser = Browser::open().await;
    let run = [
        "keys",
        "create",
        "old",
        "--value",
        "value-of-twenty-chars-2",
        "--json",
    ];
    browser.gateway.run(&run).await.unwrap();
    let list = "Name,key,Enabled,UsageplanIds\n\
        new,value-of-twenty-chars-1,,nothing\n\
        short,abc,,\n\
        renamed,value-of-twenty-chars-2,FALSE,\n";
    let shown = preview(&browser, list).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    says(&shown, "Nothing has been written yet.");
    says(
        &shown,
        "Skipped usage plan nothing of record: 1. Invalid Usage Plan ID specified",
    );
    says(&shown, "Skipped invalid record: 2.");
    says(&shown, "overwrites <a href=");
    assert!(!shown.body.contains("value-of-twenty-chars"));
    assert_eq!(names(&browser).await, ["old"]);

    let encoded = encoded_in(&shown.body);
    let fields = [("encoded", encoded)];
    let done = browser.post("/console/keys/import", &fields).await;
    assert_eq!(done.status, 200, "{}", done.body);
    says(&done, "2 API keys imported");
    says(&done, "Skipped invalid record: 2.");
    says(&done, ">renamed</a>");
    let mut names = names(&browser).await;
    names.sort();
    assert_eq!(names, ["new", "renamed"]);
    let list = browser.get("/console/keys?enabled=disabled").await;
    says(&list, "renamed");
    let key = browser.api("/apikeys?includeValues=true").await;
    let values = key["item"].as_array().unwrap();
    let new = values.iter().find(|key| key["name"] == json!("new"));
    assert_eq!(new.unwrap()["value"], json!("value-of-twenty-chars-1"));
}

#[tokio::test]
async fn a_preview_and_its_import_put_a_key_into_the_same_plan() {
    let browser = Browser::open().await;
    let api_id = mock_api(&browser.client).await;
    let mut plans = Vec::new();
    for name in ["p", "q"] {
        let body = json!({"name": name, "apiStages": [{"apiId": api_id, "stage": "dev"}]});
        let created = browser
            .client
            .send("POST", "/usageplans", &[], body.to_string())
            .await
            .unwrap();
        let plan: Value = created.json().unwrap();
        plans.push(plan["id"].as_str().unwrap().to_owned());
    }
    plans.sort();
    let [b, g] = [&plans[0], &plans[1]];
    let list = format!(
        "Name,key,Enabled,UsageplanIds\n\
         new,value-of-twenty-chars-1,,\"{g},{b}\"\n"
    );
    let shown = preview(&browser, &list).await;
    let skipped = format!("Skipped usage plan {b} of record: 1.");
    says(&shown, &skipped);
    let fields = [("encoded", encoded_in(&shown.body))];
    let done = browser.post("/console/keys/import", &fields).await;
    says(&done, &skipped);
    let keys = browser.api(&format!("/usageplans/{g}/keys")).await;
    assert_eq!(keys["item"][0]["name"], json!("new"));
}

#[tokio::test]
async fn a_list_that_is_none_is_explained_beside_its_field() {
    let browser = Browser::open().await;
    let path = "/console/keys/import/preview";
    for (pasted, text) in [
        ("", "Choose a file, or paste a list."),
        (
            "Name,value\r\nx,y",
            "Missing required column &#39;key&#39;.",
        ),
        ("Name,key\r\n", "The list has no records below its header."),
    ] {
        let again = browser.post(path, &[("list", pasted)]).await;
        assert_eq!(again.status, 422, "{pasted}");
        let plain = text.replace("&#39;", "'");
        assert!(
            again.body.contains(text) || again.body.contains(&plain),
            "{}",
            again.body
        );
    }
    let none = [("list", "Name,key\r\nshort,abc")];
    let shown = browser.post(path, &none).await;
    says(&shown, "there is nothing to import");
    assert!(!shown.body.contains("name=\"encoded\""));
    assert_eq!(browser.get(path).await.status, 303);
    let page = browser.get("/console/keys/import").await;
    says(&page, "enctype=\"multipart/form-data\"");
    let damaged = browser
        .post("/console/keys/import", &[("encoded", "!")])
        .await;
    assert_eq!(damaged.status, 400);
}
