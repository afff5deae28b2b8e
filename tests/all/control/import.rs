//! Import of keys from a list.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::plans::plan;
use super::{Answer, App, next_page};

const IMPORT: &str = "/apikeys?mode=import&format=csv";

async fn import(app: &App, list: &str) -> Answer {
    app.send_bytes("POST", IMPORT, list.to_owned()).await
}

async fn imported(app: &App, list: &str) -> (Vec<String>, Vec<String>) {
    let answer = import(app, list).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let texts = |member: &str| serde_json::from_value(answer.body[member].clone()).unwrap();
    (texts("ids"), texts("warnings"))
}

async fn shown(app: &App, id: &str) -> Value {
    let path = format!("/apikeys/{id}?includeValue=true");
    app.ok(200, "GET", &path, Value::Null).await
}

#[tokio::test]
async fn keys_are_made_as_the_list_says_and_put_into_their_plans() {
    let app = App::start().await;
    let p = plan(&app, json!({"name": "p"})).await;
    let q = plan(&app, json!({"name": "q"})).await;
    let list = format!(
        "Name,Key,Description,Enabled,UsagePlanIds\n\
         joe,value-of-joe-0123456789,for joe,false,{p}\n\
         ann,value-of-ann-0123456789,,,\"{p},{q}\"\n\
         sue,value-of-sue-0123456789,,TRUE,'{p},{q}'\n"
    );
    let (ids, warnings) = imported(&app, &list).await;
    assert_eq!(warnings, [""; 0]);
    assert_eq!(ids.len(), 3);
    let joe = shown(&app, &ids[0]).await;
    assert_eq!(joe["name"], "joe");
    assert_eq!(joe["value"], "value-of-joe-0123456789");
    assert_eq!(joe["description"], "for joe");
    assert_eq!(joe["enabled"], false);
    // Other than a key that is created, an imported one is enabled where nothing is said.
    let ann = shown(&app, &ids[1]).await;
    assert_eq!(ann["enabled"], true);
    assert!(ann.get("description").is_none());
    for (plan, count) in [(p, 3), (q, 2)] {
        let path = format!("/usageplans/{plan}/keys");
        let keys = app.ok(200, "GET", &path, Value::Null).await;
        assert_eq!(keys["item"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn a_value_that_a_key_has_overwrites_that_key_which_keeps_its_id() {
    let app = App::start().await;
    let list = "name,key,description\njoe,value-of-joe-0123456789,one\n";
    let (ids, _) = imported(&app, list).await;
    app.clock.advance(Duration::from_mins(1));
    let list = "name,key,enabled\n\
                tom,value-of-tom-0123456789,\n\
                jim,value-of-joe-0123456789,\n\
                jack,value-of-joe-0123456789,false\n";
    let (again, warnings) = imported(&app, list).await;
    assert_eq!(warnings, [""; 0]);
    assert_eq!(again[1..], [ids[0].clone(), ids[0].clone()]);
    let jack = shown(&app, &ids[0]).await;
    assert_eq!(jack["name"], "jack");
    assert_eq!(jack["enabled"], false);
    assert!(jack.get("description").is_none());
    assert_eq!(jack["createdDate"], 1_795_435_260);
    assert_eq!(jack["lastUpdatedDate"], 1_795_435_260);
    let all = app.ok(200, "GET", "/apikeys", Value::Null).await;
    assert_eq!(all["item"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_left_out_is_told_in_the_order_of_the_records() {
    let app = App::start().await;
    let stage = json!([{"apiId": "x", "stage": "dev"}]);
    let p = plan(&app, json!({"name": "p", "apiStages": stage})).await;
    let q = plan(&app, json!({"name": "q", "apiStages": stage})).await;
    let list = format!(
        "name,key,usageplanids\n\
         joe,value-of-joe-0123456789,\"{p},{q}\"\n\
         ann,short,\n\
         sue,value-of-sue-0123456789,\"none,{q}\"\n"
    );
    let (ids, warnings) = imported(&app, &list).await;
    assert_eq!(ids.len(), 2);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    // A plan that covers a stage of another one of the key's plans: the one that is named second.
    let skipped = format!("Skipped usage plan {q} of record: 1. The key is in usage plan {p},");
    assert!(warnings[0].starts_with(&skipped), "{warnings:?}");
    assert_eq!(
        warnings[1..],
        [
            "Skipped invalid record: 2. API Key value should be at least 20 characters",
            "Skipped usage plan none of record: 3. Invalid Usage Plan ID specified",
        ]
    );
    let of_q = format!("/usageplans?keyId={}", ids[1]);
    let plans = app.ok(200, "GET", &of_q, Value::Null).await;
    assert_eq!(plans["item"][0]["id"], q.as_str());
}

#[tokio::test]
async fn a_key_joins_the_plan_that_its_row_names_first() {
    let app = App::start().await;
    let stage = json!([{"apiId": "x", "stage": "dev"}]);
    let mut plans = [
        plan(&app, json!({"name": "p", "apiStages": stage})).await,
        plan(&app, json!({"name": "q", "apiStages": stage})).await,
    ];
    plans.sort();
    let [b, g] = plans;
    let list = format!(
        "name,key,usageplanids\n\
         joe,value-of-joe-0123456789,\"{g},{b}\"\n\
         sue,value-of-sue-0123456789,{g}\n\
         sue,value-of-sue-0123456789,{b}\n"
    );
    let (ids, warnings) = imported(&app, &list).await;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for (id, (warning, number)) in ids.iter().zip(warnings.iter().zip([1, 3])) {
        let of_key = format!("/usageplans?keyId={id}");
        let plans = app.ok(200, "GET", &of_key, Value::Null).await;
        assert_eq!(plans["item"].as_array().unwrap().len(), 1);
        assert_eq!(plans["item"][0]["id"], g.as_str());
        let skipped = format!("Skipped usage plan {b} of record: {number}. ");
        assert!(warning.starts_with(&skipped), "{warning}");
    }
}

#[tokio::test]
async fn warnings_fail_the_import_where_they_shall_and_nothing_is_written() {
    let app = App::start().await;
    let list = "name,key,usageplanids\n\
                joe,value-of-joe-0123456789,none\n\
                ann,short,\n";
    let path = format!("{IMPORT}&failonwarnings=true");
    let answer = app.send_bytes("POST", &path, list).await;
    let text = "Warnings found during import:\n\t\
                Skipped usage plan none of record: 1. Invalid Usage Plan ID specified\n\t\
                Skipped invalid record: 2. API Key value should be at least 20 characters";
    let expected = (400, "BadRequestException".to_owned(), text.to_owned());
    assert_eq!(answer.error(), expected);
    let all = app.ok(200, "GET", "/apikeys", Value::Null).await;
    assert_eq!(all, json!({"item": []}));
    let list = "name,key\njoe,value-of-joe-0123456789\n";
    assert_eq!(app.send_bytes("POST", &path, list).await.status, 201);
}

#[tokio::test]
async fn what_is_no_list_of_keys_is_refused() {
    let app = App::start().await;
    let error = import(&app, "name\njoe\n").await.error();
    assert_eq!((error.0, error.1.as_str()), (400, "BadRequestException"));
    assert_eq!(error.2, "Missing required column 'key'");
    for (query, text) in [
        (
            "mode=import&format=xml",
            "1 validation error detected: Value 'xml' at 'format' failed to satisfy constraint: Member must satisfy enum value set: [csv]",
        ),
        (
            "mode=import",
            "1 validation error detected: Value null at 'format' failed to satisfy constraint: Member must not be null",
        ),
    ] {
        let path = format!("/apikeys?{query}");
        let error = app.send_bytes("POST", &path, "name,key\n").await.error();
        assert_eq!(
            error,
            (400, "ValidationException".to_owned(), text.to_owned())
        );
    }
}

#[tokio::test]
async fn a_thousand_keys_come_in_the_order_of_the_list() {
    let app = App::start().await;
    let p = plan(&app, json!({"name": "p"})).await;
    let mut list = "name,key,usageplanids\n".to_owned();
    for number in 0..1_000 {
        writeln!(list, "key-{number},value-of-key-{number:010},{p}").unwrap();
    }
    let (ids, warnings) = imported(&app, &list).await;
    assert_eq!(warnings, [""; 0]);
    assert_eq!(ids.len(), 1_000);
    for place in [0, 1, 499, 999] {
        let key = shown(&app, &ids[place]).await;
        assert_eq!(key["name"], format!("key-{place}"));
    }
    let mut count = 0;
    let keys = format!("/usageplans/{p}/keys?limit=500");
    let mut path = keys.clone();
    loop {
        let page = app.ok(200, "GET", &path, Value::Null).await;
        count += page["item"].as_array().unwrap().len();
        if page.get("position").is_none() {
            break;
        }
        path = next_page(&keys, &page);
    }
    assert_eq!(count, 1_000);
}
