//! What stands in tags, as a person sets it with forms.

use serde_json::json;

use super::keys::api;
use super::{Browser, says};

/// The id of a new plan with a quota of 100 a day.
async fn plan(browser: &Browser, name: &str) -> String {
    let fields = [
        ("name", name),
        ("quota", "on"),
        ("limit", "100"),
        ("period", "DAY"),
    ];
    let (path, _) = browser.done("/console/plans", &fields).await;
    path.rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn quotas_costs_and_alerts_of_a_plan_are_set_changed_and_taken_away() {
    let browser = Browser::open().await;
    let id = plan(&browser, "Gold").await;
    let path = format!("/console/plans/{id}/tags");
    let fields = [
        ("tag-tollgate:quotas", "100/minute, 50000/month soft"),
        ("tag-tollgate:costs", "POST /reports=5"),
        ("tag-tollgate:alerts", "80,100,throttled"),
        ("new-name", "team"),
        ("new-value", "billing"),
    ];
    let (_, page) = browser.done(&path, &fields).await;
    says(&page, "The settings of Gold were saved.");
    says(&page, "<dt>Further quotas</dt>");
    let plan = browser.api(&format!("/usageplans/{id}")).await;
    assert_eq!(
        plan["tags"],
        json!({
            "tollgate:quotas": "100/minute, 50000/month soft",
            "tollgate:costs": "POST /reports=5",
            "tollgate:alerts": "80,100,throttled",
            "team": "billing",
        })
    );
    let form = browser.get(&path).await;
    says(&form, "value=\"POST /reports=5\"");
    says(&form, "<legend>Other tags</legend>");
    let fields = [
        ("tag-tollgate:costs", ""),
        ("shown-tollgate:costs", "POST /reports=5"),
        ("tag-team", ""),
        ("shown-team", "billing"),
        ("tag-tollgate:lease", "off"),
    ];
    browser.done(&path, &fields).await;
    let plan = browser.api(&format!("/usageplans/{id}")).await;
    assert_eq!(
        plan["tags"],
        json!({
            "tollgate:quotas": "100/minute, 50000/month soft",
            "tollgate:alerts": "80,100,throttled",
            "tollgate:lease": "off",
        })
    );
}

#[tokio::test]
async fn a_setting_that_cannot_be_read_is_refused_and_what_was_entered_stays_in_the_form() {
    let browser = Browser::open().await;
    let id = plan(&browser, "Gold").await;
    let path = format!("/console/plans/{id}/tags");
    let wrong = [("tag-tollgate:quotas", "100 a minute")];
    let refused = browser.post(&path, &wrong).await;
    assert_eq!(refused.status, 422);
    says(&refused, "Invalid value of tag tollgate:quotas specified");
    says(&refused, "value=\"100 a minute\"");
    let nameless = browser.post(&path, &[("new-value", "x")]).await;
    assert_eq!(nameless.status, 422);
    says(&nameless, "A tag needs a name.");
    let plan = browser.api(&format!("/usageplans/{id}")).await;
    assert_eq!(plan["tags"], json!({}));
}

#[tokio::test]
async fn a_key_is_topped_up_once_for_each_name() {
    let browser = Browser::open().await;
    let plan = plan(&browser, "Bronze").await;
    let body = json!({"name": "joe", "enabled": true});
    let key = api(&browser.client, "POST", "/apikeys", &body).await;
    let id = key["id"].as_str().unwrap();
    let path = format!("/console/keys/{id}/top-up");
    says(&browser.get(&path).await, "There is nothing to add to");
    let member = json!({"keyId": id, "keyType": "API_KEY"});
    let members = format!("/usageplans/{plan}/keys");
    api(&browser.client, "POST", &members, &member).await;
    let fields = [
        ("plan", plan.as_str()),
        ("requests", "50"),
        ("name", "invoice-1"),
    ];
    for _ in 0..2 {
        let (_, page) = browser.done(&path, &fields).await;
        says(&page, "joe may make 50 requests more in Bronze until ");
    }
    let key = browser.api(&format!("/apikeys/{id}")).await;
    let tag = key["tags"]["tollgate:top-up:invoice-1"].as_str().unwrap();
    assert!(tag.starts_with("50 ") && tag.ends_with(&plan), "{tag}");
    let shown = tag.to_owned();
    assert_eq!(key["tags"].as_object().unwrap().len(), 1);
    for (fields, said) in [
        (
            [("plan", plan.as_str()), ("requests", "0"), ("until", "")],
            "Say how many, 1 or more.",
        ),
        (
            [("plan", "other"), ("requests", "5"), ("until", "")],
            "Choose one of the key’s plans",
        ),
        (
            [("plan", &plan), ("requests", "5"), ("until", "2001-01-01")],
            "That has passed already.",
        ),
        (
            [("plan", &plan), ("requests", "5"), ("until", "soon")],
            "Write it like 2026-11-30",
        ),
    ] {
        let refused = browser.post(&path, &fields).await;
        assert_eq!(refused.status, 422);
        says(&refused, said);
    }
    // A top-up ends early when its tag is taken away.
    let path = format!("/console/keys/{id}/tags");
    browser
        .done(
            &path,
            &[
                ("tag-tollgate:top-up:invoice-1", ""),
                ("shown-tollgate:top-up:invoice-1", &shown),
            ],
        )
        .await;
    let key = browser.api(&format!("/apikeys/{id}")).await;
    assert_eq!(key["tags"], json!({}));
}
