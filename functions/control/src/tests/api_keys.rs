//! `Custom::ApiKey`.

use serde_json::{Value, json};
use tollgate::key::KeyValue;
use tollgate::store::{KeyChange, KeyRegistry as _};

use super::test_app::{TestApp, Told, delete, event, update, with};

const VALUE: &str = "a-value-that-joe-has-chosen";

async fn create(app: &TestApp) -> (Value, Told) {
    let create = event("control-api-key-create");
    let told = app.deploy(&create).await.succeeded();
    (create, told)
}

#[tokio::test]
async fn a_key_is_made_as_the_template_says_with_a_value_that_stays_hidden() {
    let app = TestApp::start().await;
    let (_, told) = create(&app).await;
    assert_eq!(told.id().len(), 10);
    assert_eq!(told.body["NoEcho"], true);
    assert_eq!(told.text("/Data/APIKeyId"), told.id());
    let value = told.text("/Data/Value");
    assert!(value.starts_with("tg_d_"));
    let known = app
        .store
        .key_by_value(&KeyValue::parse(value).unwrap())
        .await;
    assert_eq!(known.unwrap().unwrap().as_str(), told.id());
    let key = app.key(told.id()).await.unwrap();
    assert_eq!((key.name.as_str(), key.enabled), ("joe-black", true));
    assert_eq!(key.customer_id.as_deref(), Some("c-1001"));
}

#[tokio::test]
async fn a_key_of_which_nothing_is_said_is_disabled_and_named_after_its_resource() {
    let app = TestApp::start().await;
    let mut create = event("control-api-key-create");
    create["ResourceProperties"] = json!({ "ServiceToken": "arn", "ServiceTimeout": "60" });
    let told = app.deploy(&create).await.succeeded();
    let key = app.key(told.id()).await.unwrap();
    assert!(!key.enabled);
    assert_eq!(key.name, format!("tollgate-dev-JoeBlack-{}", told.id()));
}

#[tokio::test]
async fn a_retried_create_gives_the_same_value_also_at_the_same_time() {
    let app = TestApp::start().await;
    let create = event("control-api-key-create");
    let (a, b, c) = tokio::join!(
        app.handle(create.clone()),
        app.handle(create.clone()),
        app.handle(create.clone())
    );
    for call in [a, b, c] {
        call.unwrap();
    }
    let mut told = app.told();
    told.push(app.deploy(&create).await);
    assert_eq!(told.len(), 4);
    for answer in &told {
        assert_eq!(answer.body, told[0].body);
        assert_eq!(answer.text("/Status"), "SUCCESS");
    }
    assert_eq!(app.counts().await, (1, 0));
}

#[tokio::test]
async fn a_chosen_value_is_taken_and_no_two_keys_may_have_it() {
    let app = TestApp::start().await;
    let create = with(&event("control-api-key-create"), &json!({ "Value": VALUE }));
    let told = app.deploy(&create).await.succeeded();
    assert_eq!(told.text("/Data/Value"), VALUE);
    assert_eq!(app.deploy(&create).await.succeeded().body, told.body);
    let mut other = create.clone();
    other["LogicalResourceId"] = json!("JaneBlack");
    let refused = app.deploy(&other).await.failed();
    assert_eq!(refused.reason(), "API Key already exists");
    app.deploy(&delete(&other, refused.id())).await.succeeded();
    assert!(app.key(told.id()).await.is_some());
}

#[tokio::test]
async fn where_values_are_not_kept_a_key_needs_one_of_its_own() {
    let app = TestApp::start_with(|config| config.keep_values = false).await;
    let create = event("control-api-key-create");
    let refused = app.deploy(&create).await.failed();
    assert!(
        refused.reason().contains("set Value"),
        "{}",
        refused.reason()
    );
    assert_eq!(app.counts().await, (0, 0));
    let told = app
        .deploy(&with(&create, &json!({ "Value": VALUE })))
        .await
        .succeeded();
    let kept = app.store.key_value(&told.id().into()).await.unwrap();
    assert!(kept.is_none());
}

#[tokio::test]
async fn an_update_in_place_keeps_the_key_its_value_and_the_tags_of_others() {
    let app = TestApp::start().await;
    let (create, made) = create(&app).await;
    let by_operator = KeyChange {
        tag_changes: [("operator".to_owned(), Some("joe".to_owned()))].into(),
        ..KeyChange::default()
    };
    let id = made.id();
    app.store
        .update_key(&id.into(), &by_operator, super::test_app::NOW)
        .await
        .unwrap();
    let changed = with(
        &create,
        &json!({
            "Enabled": "false", "Description": null, "CustomerId": "c-2",
            "StageKeys": [{ "RestApiId": "a1b2c3d4e5", "StageName": "dev" }],
            "Tags": [{ "Key": "tollgate:expires-at", "Value": "2027-01-01T00:00:00Z" }],
        }),
    );
    let told = app
        .deploy(&update(&create, &changed, id, "u1"))
        .await
        .succeeded();
    assert_eq!((told.id(), &told.body["Data"]), (id, &made.body["Data"]));
    let key = app.key(id).await.unwrap();
    assert!(!key.enabled);
    assert_eq!(
        (key.description, key.customer_id.as_deref()),
        (None, Some("c-2"))
    );
    assert_eq!(key.stage_keys, ["a1b2c3d4e5/dev"]);
    assert_eq!(key.tags["operator"], "joe");
    assert_eq!(key.expires_at.unwrap().as_secs(), 1_798_761_600);
    app.deploy(&update(&changed, &create, id, "u2"))
        .await
        .succeeded();
    let key = app.key(id).await.unwrap();
    assert!(key.enabled && key.stage_keys.is_empty());
    assert_eq!(key.expires_at, None);
    assert_eq!(key.tags.len(), 1);
}

#[tokio::test]
async fn a_key_that_an_operator_has_disabled_stays_so_when_the_template_changes_something_else() {
    let app = TestApp::start().await;
    let (create, made) = create(&app).await;
    let id = made.id();
    let by_operator = KeyChange {
        enabled: Some(false),
        ..KeyChange::default()
    };
    app.store
        .update_key(&id.into(), &by_operator, super::test_app::NOW)
        .await
        .unwrap();
    let described = with(&create, &json!({ "Description": "leaked" }));
    app.deploy(&update(&create, &described, id, "u1"))
        .await
        .succeeded();
    assert!(!app.key(id).await.unwrap().enabled);
    let off = with(&described, &json!({ "Enabled": "false" }));
    app.deploy(&update(&described, &off, id, "u2"))
        .await
        .succeeded();
    app.deploy(&update(&off, &described, id, "u3"))
        .await
        .succeeded();
    assert!(app.key(id).await.unwrap().enabled);
}

#[tokio::test]
async fn another_name_or_value_makes_another_key_once() {
    let app = TestApp::start().await;
    let (create, made) = create(&app).await;
    for (number, properties) in [
        json!({ "Name": "joe" }),
        json!({ "Value": VALUE }),
        json!({ "GenerateDistinctId": "true" }),
        json!({ "Name": null }),
    ]
    .iter()
    .enumerate()
    {
        let changed = with(&create, properties);
        let event = update(&create, &changed, made.id(), &format!("u{number}"));
        let replaced = app.deploy(&event).await.succeeded();
        assert_ne!(replaced.id(), made.id(), "{properties}");
        assert_eq!(app.deploy(&event).await.succeeded().body, replaced.body);
        // CloudFormation deletes the key that was replaced; here the new one goes, so that the next case begins anew.
        app.deploy(&delete(&create, replaced.id()))
            .await
            .succeeded();
    }
    assert_eq!(app.counts().await, (1, 0));
}

#[tokio::test]
async fn a_key_survives_the_way_back_from_a_replacement_that_was_refused() {
    let app = TestApp::start().await;
    let (create, made) = create(&app).await;
    for properties in [
        json!({ "Name": "joe", "Enabled": "perhaps" }),
        json!({ "Value": VALUE, "Enabled": "perhaps" }),
        json!({ "Value": "short" }),
        json!({ "Name": null, "Enabled": "perhaps" }),
    ] {
        let bad = with(&create, &properties);
        let refused = app
            .deploy(&update(&create, &bad, made.id(), "u1"))
            .await
            .failed();
        assert_eq!(refused.id(), made.id());
        let back = app
            .deploy(&update(&bad, &create, made.id(), "u2"))
            .await
            .succeeded();
        assert_eq!(back.body["Data"], made.body["Data"], "{properties}");
    }
    assert_eq!(app.counts().await, (1, 0));
}

#[tokio::test]
async fn a_key_is_deleted_once_or_twice() {
    let app = TestApp::start().await;
    let (create, made) = create(&app).await;
    for _once_more in 0..2 {
        app.deploy(&delete(&create, made.id())).await.succeeded();
        assert_eq!(app.key(made.id()).await, None);
    }
}

#[tokio::test]
async fn a_key_that_is_gone_cannot_be_updated() {
    let app = TestApp::start().await;
    let (create, made) = create(&app).await;
    app.deploy(&delete(&create, made.id())).await.succeeded();
    for properties in [json!({ "Enabled": "false" }), json!({ "Name": "joe" })] {
        let event = update(&create, &with(&create, &properties), made.id(), "u1");
        let told = app.deploy(&event).await.failed();
        assert_eq!(told.reason(), "Invalid API Key identifier specified");
    }
}
