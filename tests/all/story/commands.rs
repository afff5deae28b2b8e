//! The command line, beside a gateway that is running.

use serde_json::{Value, json};

use super::{Story, Template, Verdict, assert_line, on_both_templates};

on_both_templates! {
    a_disabled_key_stops_at_its_next_request,
    keys_are_created_shown_and_deleted,
    plans_are_created_changed_and_deleted,
    usage_counts_what_was_admitted,
}

/// The members named `name` of a list of objects.
fn members<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|entry| entry[name].as_str().unwrap())
        .collect()
}

async fn a_disabled_key_stops_at_its_next_request(template: Template) {
    let story = Story::begin(template).await;
    let joe = story.joe();
    assert_eq!(story.probe(&joe).await, Verdict::Admitted);
    for _ in 0..2 {
        story.tollgate(&["keys", "disable", "joe-black"]).await;
        assert_eq!(story.probe(&joe).await, Verdict::Forbidden);
        let enabled = story.tollgate_json(&["keys", "enable", "joe-black"]).await;
        assert_eq!(enabled["enabled"], true);
        // A refusal is remembered for a moment, an approval never without asking.
        let mut verdict = story.probe(&joe).await;
        let end = tokio::time::Instant::now() + super::PATIENCE;
        while verdict == Verdict::Forbidden && tokio::time::Instant::now() < end {
            tokio::time::sleep(super::POLL_INTERVAL).await;
            verdict = story.probe(&joe).await;
        }
        assert_eq!(verdict, Verdict::Admitted);
    }
}

async fn keys_are_created_shown_and_deleted(template: Template) {
    let story = Story::begin(template).await;
    let jane = story.key_on("Gold", "Jane Roe").await;
    assert_eq!(story.probe(&jane.value).await, Verdict::Admitted);

    let listed = story.tollgate_json(&["keys", "list"]).await;
    assert_eq!(members(&listed, "name"), ["Jane Roe", "joe-black"]);
    let text = story.tollgate(&["keys", "list"]).await;
    assert!(
        text.contains("Jane Roe") && !text.contains(&jane.value),
        "{text}"
    );
    assert!(!listed.to_string().contains(&jane.value), "{listed}");

    let hidden = story.tollgate_json(&["keys", "show", "Jane Roe"]).await;
    assert_eq!(hidden.get("value"), None);
    assert_eq!(members(&hidden["plans"], "name"), ["Gold"]);
    let shown = story
        .tollgate_json(&["keys", "show", &jane.id, "--reveal"])
        .await;
    assert_eq!(shown["value"], jane.value.as_str());

    let text = story.tollgate(&["keys", "create", "Max Mustermann"]).await;
    assert!(text.contains("tg_d_"), "{text}");

    let deleted = story
        .tollgate_json(&["keys", "delete", "Jane Roe", "--yes"])
        .await;
    assert_eq!(deleted["deleted"], true);
    assert_eq!(story.probe(&jane.value).await, Verdict::Forbidden);
    let again = story.gateway.run(&["keys", "show", "Jane Roe"]).await;
    assert_eq!(again.unwrap().status.code(), Some(1));
}

async fn plans_are_created_changed_and_deleted(template: Template) {
    let story = Story::begin(template).await;
    let listed = story.tollgate_json(&["plans", "list"]).await;
    let mut names = members(&listed, "name");
    names.sort_unstable();
    assert_eq!(names, ["Bronze", "Gold", "Silver"]);
    let bronze = story.tollgate_json(&["plans", "show", "Bronze"]).await;
    assert_eq!(
        bronze["throttle"],
        json!({"rateLimit": 5.0, "burstLimit": 10})
    );
    let quota = json!({"limit": 1000, "period": "DAY", "offset": 0});
    assert_eq!(bronze["quota"], quota);
    let stages = bronze["apiStages"].as_array().unwrap();
    assert_eq!(stages[0], "users:dev");
    // The function's own URL is a stage too.
    let others = stages.iter().skip(1).filter_map(Value::as_str);
    let urls = others.filter(|stage| stage.ends_with(":$default")).count();
    match template {
        Template::HttpApi => assert_eq!((stages.len(), urls), (2, 1), "{bronze}"),
        Template::RestApi => assert_eq!(stages.len(), 1, "{bronze}"),
    }
    assert_eq!(members(&bronze["keys"], "name"), ["joe-black"]);
    assert!(story.tollgate(&["plans", "list"]).await.contains("Bronze"));
    let text = story.tollgate(&["plans", "show", "Bronze"]).await;
    assert_line(&text, "quota 1000/DAY");

    // A plan that covers nothing opens nothing; with the stage it does.
    let limits = ["--rate", "0.001", "--burst", "2", "--quota", "50/WEEK"];
    let create = [&["plans", "create", "Trial"], &limits[..]].concat();
    let trial = story.tollgate_json(&create).await;
    assert_eq!(trial["apiStages"], json!([]));
    let key = story.tollgate_json(&["keys", "create", "tester"]).await;
    let value = key["value"].as_str().unwrap();
    let joined = story
        .tollgate_json(&["plans", "add-key", "Trial", "tester"])
        .await;
    assert_eq!(joined["name"], "Trial");
    let covering = story
        .tollgate_json(&["plans", "add-stage", "Trial", "users:dev"])
        .await;
    assert_eq!(covering["apiStages"], json!(["users:dev"]));
    assert_eq!(story.probe(value).await, Verdict::Admitted);

    let refused = story.gateway.run(&["plans", "delete", "Trial"]).await;
    assert_eq!(refused.unwrap().status.code(), Some(1), "it covers a stage");
    let deleted = story
        .tollgate_json(&["plans", "delete", "Trial", "--force"])
        .await;
    assert_eq!(deleted["deleted"], true);
    assert_eq!(story.probe(value).await, Verdict::Forbidden);
}

async fn usage_counts_what_was_admitted(template: Template) {
    let story = Story::begin(template).await;
    let joe = story.joe();
    let admitted = [Verdict::Admitted; 3];
    assert_eq!(story.probes(&joe, 3).await, admitted);
    assert_eq!(story.used("joe-black", "Bronze").await, 3);
    let usage = story.tollgate_json(&["usage", "joe-black"]).await;
    assert_eq!(usage["key"]["name"], "joe-black");
    let today = usage["days"].as_array().unwrap().last().unwrap();
    assert_eq!(today["plan"], "Bronze");
    let text = story.tollgate(&["usage", "joe-black"]).await;
    assert_line(&text, "DATE PLAN USED REMAINING");
    let date = today["date"].as_str().unwrap();
    let (used, remaining) = (&today["used"], &today["remaining"]);
    assert_line(&text, &format!("{date} Bronze {used} {remaining}"));
}
