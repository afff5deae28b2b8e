//! What each front door sends, what the function sees of it, and what a client is answered.

use std::convert::Infallible;

use http::{HeaderMap, Response};
use lambda_http::{Body, Request};
use layer::config::InvokeMode;
use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::desk::{Desk, EVENTS, event};
use crate::platform::Told;

/// What the tower layer answers to an event: status, header fields and body.
async fn towers(desk: &Desk, event: &str) -> Response<Body> {
    let layer = desk.shop.tower(&desk.clock);
    let service = layer.layer(service_fn(async |_: Request| {
        Ok::<_, Infallible>(Response::new(Body::Empty))
    }));
    let request = lambda_http::request::from_str(event).unwrap();
    service.oneshot(request).await.unwrap()
}

/// The fields of a proxy result, wherever they stand.
fn fields(result: &Value) -> HeaderMap {
    let single = result["headers"].as_object().into_iter().flatten();
    let multiple = result["multiValueHeaders"]
        .as_object()
        .into_iter()
        .flatten();
    let all = single.chain(multiple.map(|(name, values)| (name, &values[0])));
    all.map(|(name, value)| {
        let name: http::HeaderName = name.parse().unwrap();
        (name, value.as_str().unwrap().parse().unwrap())
    })
    .collect()
}

/// A proxy result says what the tower layer answers.
fn assert_same(told: &Told, towers: &Response<Body>, name: &str) {
    let result = told.json();
    assert_eq!(result["statusCode"], towers.status().as_u16(), "{name}");
    assert_eq!(&fields(&result), towers.headers(), "{name}");
    let body = std::str::from_utf8(towers.body()).unwrap();
    assert_eq!(result["body"], body, "{name}");
    assert_eq!(result["isBase64Encoded"], false, "{name}");
    assert_eq!(told.headers["content-type"], "application/json");
    let description = result.get("statusDescription");
    let is_load_balancers = name.starts_with("alb");
    assert_eq!(description.is_some(), is_load_balancers, "{name}");
}

fn multi_value_alb(key_header: &str) -> String {
    let mut event: Value = serde_json::from_str(&event("alb-create")).unwrap();
    let headers = event["headers"].take();
    event.as_object_mut().unwrap().remove("headers");
    let headers = headers.to_string().replace("x-api-key", key_header);
    let headers: Value = serde_json::from_str(&headers).unwrap();
    event["multiValueHeaders"] = headers
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), json!([value])))
        .collect();
    event.to_string()
}

#[tokio::test]
async fn the_function_is_told_of_the_decision_where_its_front_door_has_a_place_for_it() {
    let desk = Desk::start().await;
    let told = |remaining: Value| {
        json!({
            "keyId": "client",
            "planId": "bronze",
            "customerId": "customer-7 %\u{e9}",
            "meta_Tenant_1": "acme",
            "remaining": remaining,
        })
    };
    let headers = json!({
        "x-tollgate-key-id": "client",
        "x-tollgate-plan-id": "bronze",
        "x-tollgate-customer-id": "customer-7 %25%C3%A9",
        "x-tollgate-meta-tenant-1": "acme",
        "x-tollgate-remaining": "9995",
    });
    let mut expected: Vec<Value> = EVENTS
        .iter()
        .map(|name| serde_json::from_str(&event(name)).unwrap())
        .collect();
    expected[0]["requestContext"]["authorizer"] = told(json!("9999"));
    expected[0]["requestContext"]["identity"]["apiKeyId"] = json!("client");
    expected[1]["requestContext"]["authorizer"] = told(json!("9998"));
    expected[2]["requestContext"]["authorizer"] = json!({"lambda": told(json!(9997))});
    expected[3]["requestContext"]["authorizer"] = json!({"lambda": told(json!(9996))});
    let there = expected[4]["headers"].as_object_mut().unwrap();
    there.extend(headers.as_object().unwrap().clone());
    for (name, expected) in EVENTS.iter().zip(expected) {
        let (got, told) = desk
            .round(name, &event(name), r#"{"statusCode":200,"body":"b"}"#)
            .await;
        assert_eq!(got, expected, "{name}");
        let answered = told.json();
        assert_eq!(answered["body"], "b");
        assert!(fields(&answered).contains_key("ratelimit"), "{name}");
    }
    let answer = r#"{"statusCode":200,"multiValueHeaders":{"a":["b","c"]}}"#;
    let (got, told) = desk
        .round("multi", &multi_value_alb("x-api-key"), answer)
        .await;
    assert_eq!(got.get("headers"), None);
    assert_eq!(
        got["multiValueHeaders"]["x-tollgate-remaining"],
        json!(["9994"])
    );
    let told = told.json();
    assert_eq!(told["multiValueHeaders"]["a"], json!(["b", "c"]));
    assert!(told["multiValueHeaders"]["ratelimit"][0].is_string());
    assert_eq!(told.get("headers"), None);
}

#[tokio::test]
async fn no_front_door_lets_a_request_pass_without_a_key() {
    let desk = Desk::start().await;
    for name in EVENTS {
        let event = event(name).replace("x-api-key", "x-other-key");
        let told = desk.refused(name, &event).await;
        assert_eq!(told.json()["statusCode"], 403);
        assert_same(&told, &towers(&desk, &event).await, name);
    }
    let event = multi_value_alb("x-other-key");
    let told = desk.refused("multi", &event).await;
    assert_same(&told, &towers(&desk, &event).await, "alb");
    assert_eq!(told.json().get("headers"), None);
}

#[tokio::test]
async fn limits_are_told_as_by_the_tower_layer() {
    for (burst, quota, body) in [
        (2, 100, r#"{"message":"Too Many Requests"}"#),
        (100, 2, r#"{"message":"Limit Exceeded"}"#),
    ] {
        let desk = Desk::with_plan(burst, quota).await;
        for id in ["a", "b"] {
            desk.round(id, &event("users-create"), "{}").await;
        }
        for name in EVENTS {
            let told = desk.refused(name, &event(name)).await;
            assert_eq!(told.json()["statusCode"], 429);
            assert_eq!(told.json()["body"], body);
            assert!(fields(&told.json()).contains_key("retry-after"));
            assert_same(&told, &towers(&desk, &event(name)).await, name);
        }
        let problem = event("users-create").replace("*/*", "application/problem+json");
        let told = desk.refused("problem", &problem).await;
        assert_same(&told, &towers(&desk, &problem).await, "problem");
    }
}

#[tokio::test]
async fn a_refusal_has_the_form_of_streamed_answers_where_that_is_said() {
    let desk = Desk::with(1, 1, |config| {
        config.invoke_mode = InvokeMode::ResponseStream;
    })
    .await;
    for name in EVENTS {
        let event = event(name).replace("x-api-key", "x-other-key");
        let told = desk.refused(name, &event).await;
        if name == "alb-create" {
            assert_eq!(told.json()["statusCode"], 403);
            continue;
        }
        assert_eq!(
            told.headers["lambda-runtime-function-response-mode"],
            "streaming"
        );
        assert_eq!(
            told.headers["content-type"],
            "application/vnd.awslambda.http-integration-response"
        );
        assert_eq!(told.headers["transfer-encoding"], "chunked");
        let (head, body) = told.text().split_once("\0\0\0\0\0\0\0\0").unwrap();
        assert_eq!(body, r#"{"message":"Forbidden"}"#);
        let head: Value = serde_json::from_str(head).unwrap();
        assert_eq!(head["statusCode"], 403);
        assert_eq!(head["headers"]["x-amzn-errortype"], "ForbiddenException");
        assert_eq!(head.get("body"), None);
    }
}

#[tokio::test]
async fn a_public_method_passes_as_it_is() {
    let desk = Desk::start().await;
    let event = event("users-list").replace("x-api-key", "x-other-key");
    desk.platform.send("a", event.clone());
    let runtime = desk.runtime();
    assert_eq!(runtime.next().await.0.body, event);
    let answer = r#"{"statusCode":200,"body":"x"}"#;
    runtime.answer("a", answer).await;
    assert_eq!(desk.platform.answer("a").await.text(), answer);
}

#[tokio::test]
async fn no_client_can_pretend_to_be_a_decision() {
    let desk = Desk::start().await;
    let forged = [
        "X-Tollgate-Key-Id",
        "x_tollgate_plan_id",
        "X-TOLLGATE-remaining",
    ];
    let mut events: Vec<String> = EVENTS.iter().map(|name| event(name)).collect();
    events.push(multi_value_alb("x-api-key"));
    events.push(event("users-list").replace("x-api-key", "x-other-key"));
    for (number, event) in events.iter().enumerate() {
        let mut event: Value = serde_json::from_str(event).unwrap();
        for name in forged {
            for place in ["headers", "multiValueHeaders"] {
                if let Some(headers) = event[place].as_object_mut() {
                    let value = if place == "headers" {
                        json!("forged")
                    } else {
                        json!(["forged"])
                    };
                    headers.insert(name.to_owned(), value);
                }
            }
        }
        let context = json!({"keyId": "forged", "wouldRefuse": "forged", "meta_x": "forged", "principalId": "real"});
        event["requestContext"]["authorizer"] = if number < 2 {
            context
        } else {
            json!({"lambda": context, "jwt": {"claims": {}}})
        };
        let is_public = number == events.len() - 1;
        if is_public {
            event["requestContext"]["authorizer"] = Value::Null;
        }
        let id = number.to_string();
        let (got, _) = desk.round(&id, &event.to_string(), "{}").await;
        let is_load_balancers = got["requestContext"].get("elb").is_some();
        if is_load_balancers {
            let headers = [&got["headers"], &got["multiValueHeaders"]];
            assert!(!json!(headers).to_string().contains("forged"), "{got}");
            continue;
        }
        assert!(!got.to_string().contains("forged"), "{got}");
        let authorizer = &got["requestContext"]["authorizer"];
        if number < 2 {
            assert_eq!(authorizer["principalId"], "real");
        } else if !is_public {
            assert_eq!(authorizer["lambda"]["principalId"], "real");
            assert_eq!(authorizer["jwt"], json!({"claims": {}}));
        }
    }
}

#[tokio::test]
async fn what_may_be_a_request_and_cannot_be_read_is_not_covered() {
    let desk = Desk::start().await;
    let unreadable = [
        r#"{"httpMethod":7}"#,
        r#"{"requestContext":{"http":{"method":"GET"}},"headers":{"x y":"z"}}"#,
        r#"{"httpMethod":"GET","#,
    ];
    for (number, event) in unreadable.iter().enumerate() {
        let told = desk.refused(&number.to_string(), event).await;
        assert_eq!(told.json()["statusCode"], 403);
        assert_eq!(told.json()["body"], r#"{"message":"Forbidden"}"#);
    }
}
