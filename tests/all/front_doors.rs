//! The layer behind every front door: what each of them sends, and what it is answered.

mod logs;
mod streaming;

use std::convert::Infallible;

use lambda_http::{Body, Request, Response};
use serde_json::{Value, json};
use tollgate::api::MethodPatterns;
use tollgate::decision::Metered;
use tollgate::http::{Problems, UsagePlanLayer};
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::ManualClock;
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::deployment::tables::{KEY, Tables, event};

/// A request to create a user, as each front door hands it to a function.
const EVENTS: [&str; 5] = [
    "rest-create.json",
    "http-api-v1-create.json",
    "users-create.json",
    "function-url-create.json",
    "alb-create.json",
];

type TestLayer = UsagePlanLayer<DynamoStore, ManualClock>;

async fn start() -> (Tables, TestLayer) {
    let tables = Tables::start().await;
    tables.sell_a_plan().await;
    let layer = UsagePlanLayer::new(tables.limiter());
    (tables, layer)
}

/// A handler that answers what it was told of the decision.
async fn tell(request: Request) -> Result<Response<Body>, Infallible> {
    let metered = request.extensions().get::<Metered>();
    let told = metered.map(|metered| {
        json!({
            "keyId": metered.key_id.as_str(),
            "planId": metered.plan_id.as_str(),
            "customerId": metered.customer_id.as_deref(),
            "remaining": metered.remaining(),
        })
    });
    Ok(Response::new(Body::from(json!(told).to_string())))
}

async fn send(layer: &TestLayer, event: &str) -> Response<Body> {
    let request = lambda_http::request::from_str(event).unwrap();
    let service = layer.layer(service_fn(tell));
    service.oneshot(request).await.unwrap()
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

fn told(response: &Response<Body>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

fn public(methods: &str) -> MethodPatterns {
    methods.parse().unwrap()
}

#[tokio::test]
async fn a_good_key_passes_every_front_door_and_the_handler_knows_whose_it_is() {
    let (_tables, layer) = start().await;
    for (used, name) in (1_u64..).zip(EVENTS) {
        let response = send(&layer, &event(name)).await;
        assert_eq!(response.status(), 200, "{name}");
        let remaining = 1_000 - used;
        let expected = json!({
            "keyId": "client",
            "planId": "bronze",
            "customerId": "customer-7",
            "remaining": remaining,
        });
        assert_eq!(told(&response), expected, "{name}");
        let fields = header(&response, "ratelimit").unwrap();
        assert!(
            fields.starts_with(&format!(r#""quota";r={remaining};"#)),
            "{name}: {fields}"
        );
    }
}

#[tokio::test]
async fn what_a_handler_says_of_the_cost_is_charged_and_not_told_to_the_client() {
    let (_tables, layer) = start().await;
    let costly = service_fn(async |_: Request| {
        let response = Response::builder().header("x-tollgate-cost", "40");
        Ok::<_, Infallible>(response.body(Body::Empty).unwrap())
    });
    let request = lambda_http::request::from_str(&event("users-create.json")).unwrap();
    let response = layer.layer(costly).oneshot(request).await.unwrap();
    assert_eq!(header(&response, "x-tollgate-cost"), None);
    let next = send(&layer, &event("users-create.json")).await;
    assert_eq!(told(&next)["remaining"], 959);
}

#[tokio::test]
async fn no_front_door_lets_a_request_pass_without_a_key() {
    let (_tables, layer) = start().await;
    for name in EVENTS {
        let event = event(name).replace("x-api-key", "x-other-key");
        let response = send(&layer, &event).await;
        assert_eq!(response.status(), 403, "{name}");
        assert_eq!(told(&response), json!({"message": "Forbidden"}), "{name}");
        assert_eq!(
            header(&response, "x-amzn-errortype"),
            Some("ForbiddenException"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn limits_are_those_of_the_key_whatever_door_it_comes_through() {
    let (_tables, layer) = start().await;
    for name in EVENTS.iter().cycle().take(100) {
        assert_eq!(send(&layer, &event(name)).await.status(), 200, "{name}");
    }
    for name in EVENTS {
        let response = send(&layer, &event(name)).await;
        assert_eq!(response.status(), 429, "{name}");
        assert_eq!(header(&response, "retry-after"), Some("1"), "{name}");
        assert_eq!(
            told(&response),
            json!({"message": "Too Many Requests"}),
            "{name}"
        );
    }
}

#[tokio::test]
async fn who_accepts_problem_details_gets_them_behind_every_front_door() {
    let (_tables, layer) = start().await;
    let asking = |name: &str, key: &str| {
        let sent = event(name).replace("*/*", "application/problem+json");
        assert!(sent.contains("problem+json"), "{name}");
        sent.replace("x-api-key", key)
    };
    let problem = |response: &Response<Body>, name: &str| {
        let content_type = header(response, "content-type");
        assert_eq!(content_type, Some("application/problem+json"), "{name}");
        told(response)
    };
    for name in EVENTS {
        let response = send(&layer, &asking(name, "x-other-key")).await;
        assert_eq!(response.status(), 403, "{name}");
        assert_eq!(
            problem(&response, name),
            json!({"type": "about:blank", "title": "Forbidden", "status": 403}),
            "{name}"
        );
    }
    for name in EVENTS.iter().cycle().take(100) {
        let response = send(&layer, &asking(name, "x-api-key")).await;
        assert_eq!(response.status(), 200, "{name}");
    }
    for name in EVENTS {
        let response = send(&layer, &asking(name, "x-api-key")).await;
        assert_eq!(response.status(), 429, "{name}");
        assert_eq!(header(&response, "retry-after"), Some("1"), "{name}");
        assert_eq!(
            problem(&response, name),
            json!({
                "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
                "title": "Quota Exceeded",
                "status": 429,
                "detail": "Too Many Requests",
                "violated-policies": ["burst"],
            }),
            "{name}"
        );
        let off = layer.clone().problems(Problems::Off);
        let response = send(&off, &asking(name, "x-api-key")).await;
        assert_eq!(
            told(&response),
            json!({"message": "Too Many Requests"}),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_public_route_is_known_behind_every_front_door_by_its_path_without_the_stage() {
    let (tables, layer) = start().await;
    let layer = layer.public(public("POST /users"));
    tables.proxy.reset();
    for name in EVENTS {
        let event = event(name).replace("x-api-key", "x-other-key");
        let response = send(&layer, &event).await;
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(told(&response), Value::Null, "{name}");
        assert_eq!(header(&response, "ratelimit"), None, "{name}");
    }
    assert_eq!(tables.proxy.total(), 0, "what is public asks no store");
    let layer = layer.public(public("POST /dev/users"));
    for name in EVENTS {
        let event = event(name).replace("x-api-key", "x-other-key");
        assert_eq!(send(&layer, &event).await.status(), 403, "{name}");
    }
}

#[tokio::test]
async fn the_stage_stays_in_the_path_where_the_owners_domain_stands_before_a_rest_api() {
    let (_tables, layer) = start().await;
    let layer = layer.public(public("POST /users"));
    // A resource `/dev/users`, at a domain that is mapped to the stage: both paths are the same, and neither has the stage.
    let event = event("http-api-v1-create.json")
        .replace("x-api-key", "x-other-key")
        .replace(
            "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "api.example.com",
        );
    assert_eq!(send(&layer, &event).await.status(), 403);
}

#[tokio::test]
async fn a_path_at_the_owners_domain_of_an_http_api_is_taken_as_it_is() {
    let (_tables, layer) = start().await;
    let layer = layer.public(public("GET /health"));
    // `/dev/health` of a route for everything: no other request than this one is for it, and it is not public.
    let event = event("users-health.json")
        .replace("GET /health", "$default")
        .replace(
            "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "api.example.com",
        );
    assert_eq!(send(&layer, &event).await.status(), 403);
    let event = event.replace("/dev/health", "/health");
    assert_eq!(send(&layer, &event).await.status(), 200);
}

#[tokio::test]
async fn a_load_balancer_whose_target_group_is_unknown_opens_nothing() {
    let (_tables, layer) = start().await;
    let event = event("alb-create.json").replace("targetgroup/users/", "targetgroup/others/");
    assert_eq!(send(&layer, &event).await.status(), 403);
    let event = event.replace("targetgroup/others/0123456789abcdef", "users");
    assert_eq!(send(&layer, &event).await.status(), 403);
}

#[tokio::test]
async fn the_routes_of_the_example_need_what_the_template_says() {
    let (_tables, layer) = start().await;
    let layer = layer.public(public("GET /health, GET /reports/users"));
    for (name, status) in [
        ("users-health.json", 200),
        ("users-report.json", 200),
        ("function-url-report.json", 200),
        ("users-create-without-key.json", 403),
    ] {
        assert_eq!(send(&layer, &event(name)).await.status(), status, "{name}");
    }
    assert!(!event("users-health.json").contains(KEY));
}
