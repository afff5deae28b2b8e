//! The API as its callers see it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::test_app::{Answer, TestApp};
use crate::{User, UserId};

const JOE: &str = r#"{"name":"Joe Black","email":"joe.black@example.com"}"#;

/// The user that `events/users-get.json`, `users-replace.json` and `users-delete.json` name.
const EVENT_USER: &str = "5fK2mVq8RtYw3ZpLx9Bd";

async fn create_joe(app: &TestApp) -> Answer {
    let answer = app.send("POST", "/users", JOE).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer
}

async fn seed_event_user(app: &TestApp) {
    let user = User {
        id: UserId::parse(EVENT_USER).unwrap(),
        name: "Joe Black".to_owned(),
        email: "joe.black@example.com".to_owned(),
        created_at: "2023-11-14T22:13:20.000Z".to_owned(),
        updated_at: "2023-11-14T22:13:20.000Z".to_owned(),
    };
    app.store.put(&user).await.unwrap();
}

#[tokio::test]
async fn creates_a_user_and_says_where_it_is() {
    let app = TestApp::start().await;
    let created = create_joe(&app).await;
    assert_eq!(created.text("name"), "Joe Black");
    assert_eq!(created.text("email"), "joe.black@example.com");
    assert_eq!(created.text("createdAt"), "2023-11-14T22:13:20.000Z");
    assert_eq!(created.text("updatedAt"), "2023-11-14T22:13:20.000Z");
    assert_eq!(created.header("content-type"), Some("application/json"));
    let location = created.header("location").unwrap();
    assert_eq!(location, format!("/users/{}", created.text("id")));
    let read = app.send("GET", location, "").await;
    assert_eq!(read.status, 200);
    assert_eq!(read.body, created.body);
}

#[tokio::test]
async fn refuses_a_body_that_is_no_user() {
    let app = TestApp::start().await;
    for body in ["", "{", "[]", r#"{"name":"Joe"}"#] {
        let answer = app.send("POST", "/users", body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(!answer.text("message").is_empty());
    }
    let answer = app
        .send("POST", "/users", r#"{"name":"Joe","email":"joe"}"#)
        .await;
    assert!(answer.text("message").starts_with("email: expected "));
    let list = app.send("GET", "/users", "").await;
    assert_eq!(list.body, serde_json::json!({ "users": [] }));
}

#[tokio::test]
async fn replaces_a_user_and_keeps_its_creation_date() {
    let app = TestApp::start().await;
    let created = create_joe(&app).await;
    let path = format!("/users/{}", created.text("id"));
    app.clock.advance(Duration::from_millis(1_500));
    let body = r#"{"name":"Jo","email":"jo@example.com"}"#;
    let replaced = app.send("PUT", &path, body).await;
    assert_eq!(replaced.status, 200);
    assert_eq!(
        replaced.body,
        serde_json::json!({
            "id": created.text("id"),
            "name": "Jo",
            "email": "jo@example.com",
            "createdAt": "2023-11-14T22:13:20.000Z",
            "updatedAt": "2023-11-14T22:13:21.500Z",
        })
    );
    assert_eq!(app.send("GET", &path, "").await.body, replaced.body);
    let refused = app.send("PUT", &path, "{}").await;
    assert_eq!(refused.status, 400);
    assert_eq!(app.send("GET", &path, "").await.body, replaced.body);
}

#[tokio::test]
async fn deletes_a_user_once() {
    let app = TestApp::start().await;
    let created = create_joe(&app).await;
    let path = format!("/users/{}", created.text("id"));
    let deleted = app.send("DELETE", &path, "").await;
    assert_eq!(deleted.status, 204);
    assert!(deleted.body.is_null());
    for method in ["DELETE", "GET"] {
        assert_eq!(app.send(method, &path, "").await.status, 404);
    }
}

#[tokio::test]
async fn an_unknown_user_is_neither_read_nor_made() {
    let app = TestApp::start().await;
    for id in [EVENT_USER, "joe", "%2e%2e"] {
        let path = format!("/users/{id}");
        for (method, body) in [("GET", ""), ("PUT", JOE), ("DELETE", "")] {
            let answer = app.send(method, &path, body).await;
            assert_eq!(answer.status, 404, "{method} {path}");
            assert_eq!(answer.text("message"), "no user has this id");
        }
    }
    let list = app.send("GET", "/users", "").await;
    assert_eq!(list.body, serde_json::json!({ "users": [] }));
}

#[tokio::test]
async fn pages_hold_every_user_once_and_the_last_names_no_next() {
    let app = TestApp::start().await;
    let mut created = BTreeSet::new();
    for _ in 0..6 {
        created.insert(create_joe(&app).await.text("id").to_owned());
    }
    for (limit, page_sizes) in [(2, vec![2, 2, 2]), (4, vec![4, 2]), (6, vec![6])] {
        let mut listed = BTreeSet::new();
        let mut next = String::new();
        let page_count = page_sizes.len();
        for (index, size) in page_sizes.into_iter().enumerate() {
            let page = app
                .send("GET", &format!("/users?limit={limit}{next}"), "")
                .await;
            let users = page.body["users"].as_array().unwrap();
            assert_eq!(users.len(), size);
            listed.extend(
                users
                    .iter()
                    .map(|user| user["id"].as_str().unwrap().to_owned()),
            );
            let is_last = index + 1 == page_count;
            assert_eq!(page.body.get("next").is_none(), is_last);
            if !is_last {
                next = format!("&next={}", page.text("next"));
            }
        }
        assert_eq!(listed, created);
    }
}

#[tokio::test]
async fn a_page_goes_on_after_a_user_that_has_been_deleted() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        create_joe(&app).await;
    }
    let first = app.send("GET", "/users?limit=1", "").await;
    let id = first.body["users"][0]["id"].as_str().unwrap();
    app.send("DELETE", &format!("/users/{id}"), "").await;
    let rest = app
        .send("GET", &format!("/users?next={}", first.text("next")), "")
        .await;
    assert_eq!(rest.body["users"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn refuses_page_parameters_out_of_their_bounds() {
    let app = TestApp::start().await;
    for (query, part) in [
        ("limit=0", "limit: "),
        ("limit=x", "limit: "),
        ("next=x", "next: "),
    ] {
        let answer = app.send("GET", &format!("/users?{query}"), "").await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.text("message").starts_with(part));
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let app = TestApp::start().await;
    let answer = app.send("GET", "/user", "").await;
    assert_eq!(answer.status, 404);
    let answer = app.send("PATCH", "/users", "").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), Some("GET, POST"));
    let answer = app.send("POST", "/users/joe", JOE).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), Some("DELETE, GET, PUT"));
}

#[tokio::test]
async fn a_failing_table_is_answered_with_503_and_no_details() {
    let app = TestApp::start_broken().await;
    let user = format!("/users/{EVENT_USER}");
    for (method, path, body) in [
        ("POST", "/users", JOE),
        ("GET", "/users", ""),
        ("GET", user.as_str(), ""),
        ("PUT", user.as_str(), JOE),
        ("DELETE", user.as_str(), ""),
    ] {
        let answer = app.send(method, path, body).await;
        assert_eq!(answer.status, 503, "{method} {path}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(
            answer.text("message"),
            "the users cannot be reached at present, try again in a second"
        );
    }
}

#[tokio::test]
async fn answers_the_sample_events_of_every_front_door() {
    let app = TestApp::start().await;
    for (event, path) in [
        ("users-create", "/dev/users/"),
        ("users-create-without-key", "/dev/users/"),
        ("rest-create", "/dev/users/"),
        ("http-api-v1-create", "/dev/users/"),
        ("alb-create", "/users/"),
        ("function-url-create", "/users/"),
    ] {
        let answer = app.send_event(event).await;
        assert_eq!(answer.status, 201, "{event}");
        let location = format!("{path}{}", answer.text("id"));
        assert_eq!(
            answer.header("location"),
            Some(location.as_str()),
            "{event}"
        );
    }
    let listed = app.send_event("users-list").await;
    assert_eq!(listed.body["users"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn answers_the_sample_events_about_one_user() {
    let app = TestApp::start().await;
    seed_event_user(&app).await;
    let read = app.send_event("users-get").await;
    assert_eq!((read.status.as_u16(), read.text("id")), (200, EVENT_USER));
    let replaced = app.send_event("users-replace").await;
    assert_eq!(
        (replaced.status.as_u16(), replaced.text("name")),
        (200, "Joseph Black")
    );
    assert_eq!(app.send_event("users-delete").await.status, 204);
    assert_eq!(app.send_event("users-get").await.status, 404);
}

#[tokio::test]
async fn a_report_is_for_those_whom_an_authorizer_let_pass() {
    let app = TestApp::start().await;
    create_joe(&app).await;
    let report = app.send_event("users-report").await;
    assert_eq!(
        (report.status.as_u16(), &report.body),
        (200, &json!({"users": 1}))
    );
    let refused = app.send_event("function-url-report").await;
    assert_eq!(
        (refused.status.as_u16(), refused.text("message")),
        (403, "Forbidden")
    );
    assert_eq!(app.send("GET", "/reports/users", "").await.status, 403);
    let allow = app.send("POST", "/reports/users", "").await;
    assert_eq!(
        (allow.status.as_u16(), allow.header("allow")),
        (405, Some("GET"))
    );
}

#[tokio::test]
async fn health_does_not_depend_on_the_table() {
    let app = TestApp::start_broken().await;
    let health = app.send_event("users-health").await;
    assert_eq!((health.status.as_u16(), health.text("status")), (200, "ok"));
    assert_eq!(app.send("DELETE", "/health", "").await.status, 405);
}
