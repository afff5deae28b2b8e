//! What keys have used, and what an operator leaves of it, told by the counters that enforce it.

use std::num::NonZeroU64;
use std::time::Duration;

use serde_json::{Value, json};
use tollgate::decision::Decision;
use tollgate::id::ApiStage;
use tollgate::key::Pepper;
use tollgate::limiter::{Limiter, Request};
use tollgate::plan::MethodName;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::ManualClock;

use super::plans::{join, key, plan};
use super::{App, next_page, patch};
use crate::patient::patient_limiter;

/// A key in a plan that covers `x:dev`, and the limiter of a gateway in front of it.
struct Client {
    plan: String,
    key: String,
    value: String,
    limiter: Limiter<DynamoStore, ManualClock>,
}

impl Client {
    async fn of(app: &App, quota: Value) -> Self {
        let mut body = json!({"name": "p", "apiStages": [{"apiId": "x", "stage": "dev"}]});
        if !quota.is_null() {
            body["quota"] = quota;
        }
        let plan = plan(app, body).await;
        let key = key(app, "joe").await;
        let member = join(app, &plan, &key).await;
        let pepper = Pepper::new(b"a pepper for the tests").unwrap();
        Self {
            plan,
            key,
            value: member["value"].as_str().unwrap().to_owned(),
            limiter: patient_limiter(app.store.clone(), app.clock.clone(), pepper),
        }
    }

    /// Sends requests. How many were admitted.
    async fn send(&self, requests: u32) -> u32 {
        let api_stage = ApiStage::new("x", "dev");
        let mut admitted = 0;
        for _ in 0..requests {
            let request = Request {
                api_stage: &api_stage,
                method: MethodName {
                    resource: "/users",
                    verb: "GET",
                },
                key: Some(&self.value),
                cost: NonZeroU64::MIN,
                sent_path: None,
                gate: None,
            };
            let decision = self.limiter.decide(&request).await.unwrap();
            admitted += u32::from(matches!(decision, Decision::Allow(_)));
        }
        admitted
    }

    async fn usage(&self, app: &App, from: &str, to: &str) -> Value {
        let path = format!(
            "/usageplans/{}/usage?startDate={from}&endDate={to}",
            self.plan
        );
        app.ok(200, "GET", &path, Value::Null).await
    }

    async fn set_remaining(&self, app: &App, remaining: &str) -> Value {
        let path = format!("/usageplans/{}/keys/{}/usage", self.plan, self.key);
        let change = patch("replace", "/remaining", remaining);
        app.ok(200, "PATCH", &path, change).await
    }
}

#[tokio::test]
async fn each_day_has_what_was_used_and_what_remained() {
    let app = App::start().await;
    let quota = json!({"limit": 10, "period": "MONTH"});
    let client = Client::of(&app, quota).await;
    assert_eq!(client.send(3).await, 3);
    app.clock.advance(Duration::from_hours(24));
    assert_eq!(client.send(2).await, 2);
    let usage = client.usage(&app, "2026-11-22", "2026-11-25").await;
    let expected = json!({
        "usagePlanId": client.plan,
        "startDate": "2026-11-22",
        "endDate": "2026-11-25",
        "values": {&client.key: [[0, 10], [3, 7], [2, 5], [0, 5]]},
    });
    assert_eq!(usage, expected);
    // A range that starts within the window knows what was used before it.
    let usage = client.usage(&app, "2026-11-24", "2026-11-24").await;
    assert_eq!(usage["values"][&client.key], json!([[2, 5]]));
}

#[tokio::test]
async fn what_an_operator_leaves_is_admitted_and_no_more() {
    let app = App::start().await;
    let quota = json!({"limit": 3, "period": "DAY"});
    let client = Client::of(&app, quota).await;
    assert_eq!(client.send(5).await, 3);
    let usage = client.set_remaining(&app, "4").await;
    let expected = json!({
        "usagePlanId": client.plan,
        "startDate": "2026-11-23",
        "endDate": "2026-11-23",
        "values": {&client.key: [[3, 4]]},
    });
    assert_eq!(usage, expected);
    // The process remembers its refusal for 5 s.
    app.clock.advance(Duration::from_secs(6));
    assert_eq!(client.send(2).await, 2);
    let today = client.usage(&app, "2026-11-23", "2026-11-23").await;
    assert_eq!(today["values"][&client.key], json!([[5, 2]]));
    client.set_remaining(&app, "1").await;
    assert_eq!(client.send(5).await, 1);
}

#[tokio::test]
async fn of_a_plan_without_a_quota_nothing_remains() {
    let app = App::start().await;
    let client = Client::of(&app, Value::Null).await;
    assert_eq!(client.send(4).await, 4);
    let usage = client.usage(&app, "2026-11-23", "2026-11-23").await;
    assert_eq!(usage["values"][&client.key], json!([[4, 0]]));
    let path = format!("/usageplans/{}/keys/{}/usage", client.plan, client.key);
    let change = patch("replace", "/remaining", "1");
    let (status, error_type, _) = app.refused("PATCH", &path, change).await;
    assert_eq!((status, error_type.as_str()), (400, "BadRequestException"));
}

#[tokio::test]
async fn usage_is_told_of_one_key_or_page_by_page() {
    let app = App::start().await;
    let client = Client::of(&app, Value::Null).await;
    app.clock.advance(Duration::from_secs(1));
    let other = key(&app, "ann").await;
    join(&app, &client.plan, &other).await;
    let path = format!(
        "/usageplans/{}/usage?startDate=2026-11-23&endDate=2026-11-23",
        client.plan
    );
    let both = app.ok(200, "GET", &path, Value::Null).await;
    assert_eq!(both["values"].as_object().unwrap().len(), 2);
    let one = format!("{path}&keyId={}", client.key);
    let one = app.ok(200, "GET", &one, Value::Null).await;
    assert_eq!(one["values"], json!({&client.key: [[0, 0]]}));
    let first = app
        .ok(200, "GET", &format!("{path}&limit=1"), Value::Null)
        .await;
    assert_eq!(first["values"], json!({&other: [[0, 0]]}));
    let rest = next_page(&format!("{path}&limit=1"), &first);
    let rest = app.ok(200, "GET", &rest, Value::Null).await;
    assert_eq!(rest["values"], json!({&client.key: [[0, 0]]}));
    assert!(rest.get("position").is_none());
}

#[tokio::test]
async fn what_cannot_be_told_or_changed_is_refused() {
    let app = App::start().await;
    let quota = json!({"limit": 3, "period": "DAY"});
    let client = Client::of(&app, quota).await;
    let other = key(&app, "ann").await;
    let usage = format!("/usageplans/{}/usage", client.plan);
    let days = "startDate=2026-11-23&endDate=2026-11-23";
    let gets = [
        (
            format!("{usage}?startDate=2026-11-23"),
            400,
            "ValidationException",
        ),
        (
            format!("{usage}?startDate=2026-11-24&endDate=2026-11-23"),
            400,
            "BadRequestException",
        ),
        (
            format!("{usage}?startDate=2026-01-01&endDate=2026-11-23"),
            400,
            "BadRequestException",
        ),
        (
            format!("{usage}?startDate=yesterday&endDate=2026-11-23"),
            400,
            "BadRequestException",
        ),
        (
            format!("/usageplans/none/usage?{days}"),
            404,
            "NotFoundException",
        ),
        (
            format!("{usage}?{days}&keyId=none"),
            404,
            "NotFoundException",
        ),
    ];
    for (path, status, error_type) in gets {
        let error = app.refused("GET", &path, Value::Null).await;
        assert_eq!((error.0, error.1.as_str()), (status, error_type), "{path}");
    }
    let of = |key: &str| format!("/usageplans/{}/keys/{key}/usage", client.plan);
    let set = |value: &str| patch("replace", "/remaining", value);
    let patches = [
        (of(&client.key), set("many"), 400),
        (of(&client.key), patch("add", "/remaining", "1"), 400),
        (of(&client.key), patch("replace", "/used", "1"), 400),
        (of(&other), set("1"), 404),
        (of("none"), set("1"), 404),
        ("/usageplans/none/keys/k/usage".to_owned(), set("1"), 404),
    ];
    for (path, body, status) in patches {
        assert_eq!(app.refused("PATCH", &path, body).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn an_expired_key_is_refused_until_its_tag_is_taken_away() {
    let app = App::start().await;
    let client = Client::of(&app, Value::Null).await;
    assert_eq!(client.send(1).await, 1);
    let arn = format!(
        "/tags/arn:aws:apigateway:us-east-1::/apikeys/{}",
        client.key
    );
    let tags = json!({"tags": {"tollgate:expires-at": "2026-11-23T13:00:00Z"}});
    app.ok(204, "PUT", &arn, tags).await;
    // Longer than a process remembers a key.
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(client.send(1).await, 1);
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(client.send(1).await, 0);
    let untag = format!("{arn}?tagKeys=tollgate:expires-at");
    app.ok(204, "DELETE", &untag, Value::Null).await;
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(client.send(1).await, 1);
    let wrong = json!({"tags": {"tollgate:expires-at": "soon"}});
    assert_eq!(app.refused("PUT", &arn, wrong).await.0, 400);
}
