//! Messages as GitHub sends them, with a key pair of ours, over a real DynamoDB API in this process and a GitHub on loopback.

mod github;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::tests::{DynamoDb, Signer, sdk_config};
use lambda_http::{Body, Request};
use serde_json::{Value, json};
use tollgate::key::{EnvironmentLetter, KeyValue, LEAKED_AT, Pepper};
use tollgate::store::dynamodb::{DynamoStore, Patience, create_table};
use tollgate::store::{ApiKey, KeyChange, KeyRegistry as _, NewKey, Rotation};
use tollgate::time::{ManualClock, Timestamp};

use crate::{Alerts, App, HttpsFetch, Leak, MAX_MESSAGE_BYTES};
use github::FakeGitHub;

/// 2026-11-25T12:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_795_608_000);

/// Keeps what it is told.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Alerts for Told {
    fn leaked(&self, leak: &Leak<'_>) {
        let told = format!("{} {} {}", leak.key_name, leak.source, leak.url);
        self.0.lock().unwrap().push(told);
    }
}

struct World {
    app: App<DynamoStore, HttpsFetch, Told, ManualClock>,
    store: DynamoStore,
    clock: ManualClock,
    told: Told,
    signer: Signer,
    github: FakeGitHub,
    _database: DynamoDb,
}

impl World {
    async fn start() -> Self {
        let signer = Signer::new("key-1").unwrap();
        let github = FakeGitHub::start(Signer::list(&[&signer])).await;
        let database = DynamoDb::embedded().unwrap();
        create_table(&database.client(), "tollgate").await.unwrap();
        let config = sdk_config(database.endpoint());
        let pepper = Pepper::new(b"a pepper for the tests").unwrap();
        let store = DynamoStore::new(&config, Patience::OPERATOR, "tollgate", pepper);
        let clock = ManualClock::new(NOW);
        let told = Told::default();
        let fetch = HttpsFetch::new(&github.url).unwrap();
        Self {
            app: App::new(store.clone(), fetch, told.clone(), clock.clone()),
            store,
            clock,
            told,
            signer,
            github,
            _database: database,
        }
    }

    /// A key, and its value.
    async fn key(&self, name: &str) -> (ApiKey, String) {
        let value = KeyValue::generate(EnvironmentLetter::of("dev")).unwrap();
        let new = NewKey {
            tags: BTreeMap::from([("team".to_owned(), "blue".to_owned())]),
            ..NewKey::new(name, value.clone())
        };
        let key = self.store.create_key(&new, NOW).await.unwrap();
        (key, value.expose().to_owned())
    }

    async fn read(&self, key: &ApiKey) -> ApiKey {
        self.store.key_by_id(&key.id).await.unwrap().unwrap()
    }

    /// Sends a message that is signed as GitHub signs.
    async fn send(&self, message: &Value) -> (u16, Value) {
        let body = message.to_string();
        let signature = self.signer.sign(body.as_bytes()).unwrap();
        let fields = [
            ("Github-Public-Key-Identifier", "key-1"),
            ("Github-Public-Key-Signature", &signature),
        ];
        self.send_with(&fields, body).await
    }

    async fn send_with(&self, fields: &[(&str, &str)], body: impl Into<Body>) -> (u16, Value) {
        let mut request = Request::new(body.into());
        *request.method_mut() = http::Method::POST;
        for (name, value) in fields {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let response = self.app.answer(request).await;
        let status = response.status().as_u16();
        (status, serde_json::from_slice(response.body()).unwrap())
    }

    fn alerts(&self) -> Vec<String> {
        self.told.0.lock().unwrap().clone()
    }
}

fn found(token: &str) -> Value {
    json!({
        "token": token,
        "type": "tollgate_api_key",
        "url": "https://github.com/octocat/shop/blob/main/.env",
        "source": "content",
    })
}

fn label(token: &str, label: &str) -> Value {
    json!({"token_raw": token, "token_type": "tollgate_api_key", "label": label})
}

#[tokio::test]
async fn a_leaked_key_is_disabled_tagged_and_told_of() {
    let world = World::start().await;
    let (key, value) = world.key("joe").await;
    let (other, _) = world.key("ann").await;
    let (status, feedback) = world.send(&json!([found(&value)])).await;
    assert_eq!(
        (status, feedback),
        (200, json!([label(&value, "true_positive")]))
    );
    let after = world.read(&key).await;
    assert!(!after.enabled);
    assert_eq!(after.tags[LEAKED_AT], "2026-11-25T12:00:00Z");
    assert_eq!(after.tags["team"], "blue");
    assert!(world.read(&other).await.enabled);
    assert_eq!(
        world.alerts(),
        ["joe content https://github.com/octocat/shop/blob/main/.env"]
    );
}

#[tokio::test]
async fn what_is_no_key_is_a_false_positive_and_costs_nobody_theirs() {
    let world = World::start().await;
    let (key, value) = world.key("joe").await;
    let unknown = KeyValue::generate(EnvironmentLetter::of("dev")).unwrap();
    let unknown = unknown.expose();
    let wrong = format!("{}-", &value[..value.len() - 1]);
    let tokens = [unknown, &wrong, "", "ghp_1", "\u{1f511}"];
    let message: Vec<Value> = tokens.iter().map(|token| found(token)).collect();
    let (status, feedback) = world.send(&json!(message)).await;
    assert_eq!(status, 200);
    let feedback = feedback.as_array().unwrap();
    assert_eq!(feedback.len(), tokens.len());
    for told in feedback {
        assert_eq!(told["label"], "false_positive");
    }
    assert!(world.read(&key).await.enabled);
    assert_eq!(world.alerts(), [""; 0]);
    assert_eq!(world.send(&json!([])).await, (200, json!([])));
}

#[tokio::test]
async fn the_same_message_again_changes_nothing_and_alerts_nobody() {
    let world = World::start().await;
    let (key, value) = world.key("joe").await;
    // Within one message, too.
    let message = json!([found(&value), found(&value)]);
    let first = world.send(&message).await;
    world.clock.advance(Duration::from_hours(2));
    assert_eq!(world.send(&message).await, first);
    let after = world.read(&key).await;
    assert_eq!(after.tags[LEAKED_AT], "2026-11-25T12:00:00Z");
    assert_eq!(world.alerts().len(), 1);
}

#[tokio::test]
async fn a_key_that_was_enabled_again_is_disabled_again() {
    let world = World::start().await;
    let (key, value) = world.key("joe").await;
    world.send(&json!([found(&value)])).await;
    let enable = KeyChange {
        enabled: Some(true),
        ..KeyChange::default()
    };
    world.store.update_key(&key.id, &enable, NOW).await.unwrap();
    world.send(&json!([found(&value)])).await;
    assert!(!world.read(&key).await.enabled);
    assert_eq!(world.alerts().len(), 2);
}

#[tokio::test]
async fn only_github_is_heard() {
    let world = World::start().await;
    let (key, value) = world.key("joe").await;
    let body = json!([found(&value)]).to_string();
    let signature = world.signer.sign(body.as_bytes()).unwrap();
    let stranger = Signer::new("key-1").unwrap().sign(body.as_bytes()).unwrap();
    let other_message = world.signer.sign(b"[]").unwrap();
    let (identifier, signature_of) = (
        "Github-Public-Key-Identifier",
        "Github-Public-Key-Signature",
    );
    for fields in [
        vec![],
        vec![(identifier, "key-1")],
        vec![(signature_of, signature.as_str())],
        vec![(identifier, "key-2"), (signature_of, &signature)],
        vec![(identifier, "key-1"), (signature_of, &stranger)],
        vec![(identifier, "key-1"), (signature_of, &other_message)],
        vec![(identifier, "key-1"), (signature_of, "AAAA")],
        vec![(identifier, "key-1"), (signature_of, "")],
    ] {
        let (status, _) = world.send_with(&fields, body.clone()).await;
        assert_eq!(status, 401, "{fields:?}");
    }
    assert!(world.read(&key).await.enabled);
    assert_eq!(world.alerts(), [""; 0]);
}

#[tokio::test]
async fn what_is_no_message_is_refused_also_when_it_is_signed() {
    let world = World::start().await;
    for message in [json!({}), json!("a"), json!([1]), json!([{"type": "t"}])] {
        assert_eq!(world.send(&message).await.0, 400, "{message}");
    }
    let long = "a".repeat(MAX_MESSAGE_BYTES + 1);
    assert_eq!(world.send_with(&[], long).await.0, 413);
    let mut get = Request::new(Body::Empty);
    *get.method_mut() = http::Method::GET;
    assert_eq!(world.app.answer(get).await.status(), 405);
    assert_eq!(world.github.asked(), 1);
}

#[tokio::test]
async fn public_keys_are_remembered_and_new_ones_are_found() {
    let world = World::start().await;
    for _ in 0..3 {
        assert_eq!(world.send(&json!([])).await.0, 200);
    }
    assert_eq!(world.github.asked(), 1);
    // A key that nobody knows makes it look again, once a minute.
    let new = Signer::new("key-2").unwrap();
    let signed = new.sign(b"[]").unwrap();
    let fields = [
        ("Github-Public-Key-Identifier", "key-2"),
        ("Github-Public-Key-Signature", signed.as_str()),
    ];
    for _ in 0..3 {
        assert_eq!(world.send_with(&fields, "[]").await.0, 401);
    }
    assert_eq!(world.github.asked(), 1);
    world.github.publish(Signer::list(&[&new]));
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(world.send_with(&fields, "[]").await.0, 200);
    assert_eq!(world.github.asked(), 2);
    // The one that was taken back signs no more.
    assert_eq!(world.send(&json!([])).await.0, 401);
}

#[tokio::test]
async fn without_githubs_keys_it_is_asked_to_send_the_message_again() {
    let world = World::start().await;
    let (key, value) = world.key("joe").await;
    let message = json!([found(&value)]);
    for broken in [b"no list".to_vec(), vec![b'a'; 70_000]] {
        world.github.publish(broken);
        assert_eq!(world.send(&message).await.0, 503);
        world.clock.advance(Duration::from_mins(1));
    }
    world.github.fail();
    assert_eq!(world.send(&message).await.0, 503);
    let asked = world.github.asked();
    // It is not asked at each message.
    assert_eq!(world.send(&message).await.0, 503);
    assert_eq!(world.github.asked(), asked);
    assert!(world.read(&key).await.enabled);
    world.clock.advance(Duration::from_mins(1));
    world.github.publish(Signer::list(&[&world.signer]));
    assert_eq!(world.send(&message).await.0, 200);
    assert!(!world.read(&key).await.enabled);
}

#[tokio::test]
async fn without_the_table_it_is_asked_to_send_the_message_again() {
    let world = World::start().await;
    let value = KeyValue::generate(EnvironmentLetter::of("dev")).unwrap();
    let config = sdk_config("http://127.0.0.1:9");
    let pepper = Pepper::new(b"a pepper for the tests").unwrap();
    let nowhere = DynamoStore::new(&config, Patience::REQUEST, "tollgate", pepper);
    let fetch = HttpsFetch::new(&world.github.url).unwrap();
    let app = App::new(nowhere, fetch, world.told.clone(), world.clock.clone());
    let body = json!([found(value.expose())]).to_string();
    let signature = world.signer.sign(body.as_bytes()).unwrap();
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = http::Method::POST;
    let headers = request.headers_mut();
    headers.insert("github-public-key-identifier", "key-1".parse().unwrap());
    headers.insert("github-public-key-signature", signature.parse().unwrap());
    let response = app.answer(request).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "60");
    assert!(!format!("{response:?}").contains(value.expose()));
}

#[tokio::test]
async fn a_value_that_the_key_has_no_more_leaves_the_key_alone() {
    let world = World::start().await;
    let (key, value) = world.key("joe").await;
    let rotate = KeyChange {
        rotation: Some(Rotation {
            value: KeyValue::generate(EnvironmentLetter::of("dev")).unwrap(),
            keep_value: false,
        }),
        ..KeyChange::default()
    };
    world.store.update_key(&key.id, &rotate, NOW).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let (status, feedback) = world.send(&json!([found(&value)])).await;
    assert_eq!(
        (status, feedback),
        (200, json!([label(&value, "true_positive")]))
    );
    assert!(world.read(&key).await.enabled);
    assert!(world.alerts().is_empty());
}

#[tokio::test]
async fn a_key_that_is_suspended_is_marked_so_that_nobody_enables_it_unknowing() {
    let world = World::start().await;
    let (key, value) = world.key("joe").await;
    let suspend = KeyChange {
        enabled: Some(false),
        ..KeyChange::default()
    };
    world
        .store
        .update_key(&key.id, &suspend, NOW)
        .await
        .unwrap();
    world.send(&json!([found(&value)])).await;
    assert!(world.read(&key).await.tags.contains_key(LEAKED_AT));
    assert_eq!(world.alerts().len(), 1);
}
